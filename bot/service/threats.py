"""Raising and lowering the threat mode: one person raises it, two lower it, each by a fresh sign-in."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.core.audit import Tag, audit_row
from bot.core.facts import Person
from bot.core.law import Law
from bot.core.model import Oid, Reason
from bot.core.policy import ThreatMode
from bot.core.records import Job, Session, Threat
from bot.errors import KeyturnError, Refused
from bot.ports.clock import Clock, Entropy
from bot.ports.desk import TOPIC
from bot.ports.directory import Directory
from bot.ports.sign_in import Finished, Landing, Purpose, Redirect, SignInAsk, SignIns
from bot.ports.store import Store, UnitOfWork
from bot.ports.threats import ThreatView
from bot.service.chance import new_id
from bot.service.keys import Keys
from bot.service.membership import Membership
from bot.service.threat_mode import MODE, threat_now
from bot.service.world import Agents

PATH = "/desk/threat"
TOGETHER = timedelta(hours=1)
"""Within which a second person completes what a first began."""
RAISE, LOWER = "raise", "lower"


class ThreatService:
    """Implements `ports.threats.Threats`; `signed` handles `Purpose.THREAT`."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        entropy: Entropy,
        keys: Keys,
        law: Law,
        directory: Directory,
        agents: Agents,
        members: Membership,
        sign_ins: SignIns,
    ) -> None:
        self._store = store
        self._clock = clock
        self._entropy = entropy
        self._keys = keys
        self._law = law
        self._directory = directory
        self._agents = agents
        self._members = members
        self._sign_ins = sign_ins

    async def view(self, agent: Session) -> ThreatView:
        await self._members.demand(agent.oid)
        row, mode = await self._store.read(lambda w: (w.get(Threat, MODE), threat_now(w, self._keys)))
        fixed = self._law.policy.threat_mode is ThreatMode.ELEVATED
        broken = row is not None and not self._keys.row_mac_fits(row)
        if row is None or broken:
            return ThreatView(fixed or broken, fixed, broken, "", None, "", None, False)
        begun = row.lowering_at if self._begun(row, self._clock.now()) else None
        return ThreatView(
            fixed or mode is ThreatMode.ELEVATED, fixed, False, await self._name(row.by_oid), row.at,
            await self._name(row.lowering_oid) if begun else "", begun + TOGETHER if begun else None,
            bool(begun) and row.lowering_oid == agent.oid,
        )  # fmt: skip

    async def begin(self, agent: Session, browser: str, do: str) -> Redirect:
        await self._members.demand(agent.oid)
        if do not in (RAISE, LOWER):
            raise Refused(Reason.BAD_FORM)
        row, mode = await self._store.read(lambda w: (w.get(Threat, MODE), threat_now(w, self._keys)))
        if (do == RAISE) is (mode is ThreatMode.ELEVATED):
            raise Refused(Reason.NOT_EXPECTED)
        if do == LOWER and row and self._begun(row, self._clock.now()) and row.lowering_oid == agent.oid:
            raise Refused(Reason.SAME_HUMAN)
        return await self._sign_ins.begin(
            SignInAsk(
                Purpose.THREAT, browser, subject_ref=do, expected_oid=agent.oid,
                login_hint=str(agent.facts.get("upn", "")),
            )
        )  # fmt: skip

    async def signed(self, finished: Finished) -> Landing:
        oid, do = finished.who.oid, finished.signing.subject_ref
        reason = await self._agents.fault(oid)
        human = ""
        if reason is None and do == LOWER:
            human, reason = await self._human(oid)
        if reason is None:
            reason = await self._change(finished, do, human)
        if reason is not None:
            await self._store.transact(
                lambda work: self._audit(work, Tag.THREAT_REFUSED, finished, do=do, reason=reason.value)
            )
            return Landing(PATH, refused=reason)
        self._store.notify(TOPIC)
        return Landing(PATH)

    async def _human(self, oid: Oid) -> tuple[str, Reason | None]:
        """Two who lower it are two humans, so that each must be known as one."""
        try:
            person = await self._directory.person(oid)
        except KeyturnError:
            return "", Reason.FACTS_UNREADABLE
        if not isinstance(person, Person) or not self._law.humans.linked(person):
            return "", Reason.UNLINKED_HUMAN
        return self._law.humans.human(person), None

    async def _change(self, finished: Finished, do: str, human: str) -> Reason | None:
        at = self._clock.now()

        def fn(work: UnitOfWork) -> Reason | None:
            row = work.lock(Threat, MODE)
            mode = threat_now(work, self._keys)
            if do == RAISE:
                if mode is ThreatMode.ELEVATED:
                    return None
                self._put(work, Threat(MODE, ThreatMode.ELEVATED, finished.who.oid, at, "", "", None, ""))
                self._tell(work, Tag.THREAT_RAISED, "threat_raised", finished, at)
                return None
            if row is None or mode is ThreatMode.NORMAL:
                return None
            if self._begun(row, at):
                if human == row.lowering_human:
                    return Reason.SAME_HUMAN
                self._put(work, Threat(MODE, ThreatMode.NORMAL, finished.who.oid, at, "", "", None, ""))
                self._tell(work, Tag.THREAT_LOWERED, "threat_lowered", finished, at, first=row.lowering_oid)
                return None
            # Also where the row was not ours: it is written anew, and elevated.
            kept = replace(row, mode=ThreatMode.ELEVATED.value)
            self._put(
                work, replace(kept, lowering_oid=finished.who.oid, lowering_human=human, lowering_at=at)
            )
            self._tell(work, Tag.THREAT_LOWERING, "threat_lowering", finished, at)
            return None

        return await self._store.transact(fn)

    def _begun(self, row: Threat, at: datetime) -> bool:
        since = row.lowering_at
        young = since is not None and timedelta(0) <= at - since < TOGETHER
        return young and bool(row.lowering_human) and self._keys.row_mac_fits(row)

    def _put(self, work: UnitOfWork, row: Threat) -> None:
        work.save(replace(row, mac=self._keys.row_mac(row)))

    def _tell(
        self, work: UnitOfWork, tag: Tag, what: str, finished: Finished, at: datetime, **body: Any
    ) -> None:
        self._audit(work, tag, finished, **body)
        told = {"what": what, "case": "", "oid": finished.who.oid}
        key = f"threat/{finished.signing.id}"
        work.enqueue([Job(key, "alert:threat", "alert", told, "", at, at)])

    def _audit(self, work: UnitOfWork, tag: Tag, finished: Finished, **body: Any) -> None:
        at = self._clock.now()
        work.audit(
            audit_row(
                new_id(self._entropy, at), at, tag, actor=finished.who.oid, actor_method="sign_in",
                actor_auth_time=finished.who.auth_time, signing=finished.signing.id, **body,
            )
        )  # fmt: skip

    async def _name(self, oid: str) -> str:
        try:
            person = await self._directory.person(Oid(oid)) if oid else None
        except KeyturnError:
            return ""
        return person.name if person else ""
