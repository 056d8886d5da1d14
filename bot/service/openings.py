"""Making the row of a new case, wherever it is opened."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from bot.core.audit import Tag, audit_row
from bot.core.engine import opening
from bot.core.model import Place
from bot.core.records import Case
from bot.ports.clock import Entropy
from bot.ports.flows import Flows
from bot.ports.store import UnitOfWork
from bot.service.chance import new_id
from bot.service.keys import Keys, hashed


class Openings:
    def __init__(self, entropy: Entropy, keys: Keys, flows: Flows) -> None:
        self._entropy = entropy
        self._keys = keys
        self._flows = flows

    def new_case(
        self,
        work: UnitOfWork,
        *,
        flow: str,
        flow_hash: str,
        locale: str,
        place: Place,
        opener: dict[str, Any],
        subject_oid: str,
        identified_by: str,
        at: datetime,
        network: str = "",
        agent_started: bool = False,
        ident: str = "",
        actor: str = "person",
    ) -> Case:
        """A case before its first turn, added and audited."""
        flows = self._flows.at(flow_hash)
        ident = ident or new_id(self._entropy, at)
        case = Case(
            id=ident,
            number=self._number(work),
            handle_hash=hashed(self._keys.handle("case", ident)),
            flow=flow,
            flow_hash=flow_hash,
            locale=locale,
            place=place.key,
            opener=opener,
            subject_oid=subject_oid,
            identified_by=identified_by,
            state=opening(flows.flows[flows.main]).to_json(),
            step="",
            version=0,
            status="open",
            outcome="",
            opened_at=at,
            touched_at=at,
            network=network,
            agent_started=agent_started,
        )
        work.add(case)
        work.audit(
            audit_row(
                new_id(self._entropy, at), at, Tag.CASE_OPENED, case_id=ident, actor=actor,
                subject=subject_oid, flow=flow_hash, channel=str(opener.get("channel", "")),
                identified_by=identified_by,
            )
        )  # fmt: skip
        return case

    def _number(self, work: UnitOfWork) -> str:
        while True:
            number = f"{self._entropy.below(900_000) + 100_000}"
            if work.first(Case, number=number) is None:
                return number
