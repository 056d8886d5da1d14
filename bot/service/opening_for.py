"""A case opened for somebody else: whose it becomes, and what its opener still hears.

The opener typed a work address in their own chat. From then on the case is about whoever has it, if
anybody: the answer is the same either way, and looked up outside the transaction. The person comes to
it at `/help` by number and address (`service.arrivals`); the opener keeps the number, never a link to
the case, and gets a line when the person came and when it is over. Who opened it is never the approver.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.core.audit import Tag, audit_row
from bot.core.effects import EndCase, OpenFor, Tell
from bot.core.events import Answered, Commanded, Event
from bot.core.model import Command, Place
from bot.core.records import Case, ChatLink, Job
from bot.errors import PermanentError
from bot.ports.clock import Clock, Entropy
from bot.ports.directory import Directory
from bot.ports.store import Store, UnitOfWork
from bot.ports.turns import Turns
from bot.service.chance import new_id
from bot.service.keys import Keys
from bot.service.turns import say_job


class OpeningFor:
    def __init__(
        self, store: Store, clock: Clock, entropy: Entropy, keys: Keys, directory: Directory, turns: Turns
    ) -> None:
        self._store, self._clock, self._entropy, self._keys = store, clock, entropy, keys
        self._directory, self._turns = directory, turns

    # --- performers --------------------------------------------------------------------------------

    def open(
        self, work: UnitOfWork, case: Case, effect: OpenFor, event: Event, key: str
    ) -> Sequence[Answered]:
        """Performs `OpenFor`: nothing of the opener's own account is in this case any more."""
        oid = linked(work, self._keys, case) or case.subject_oid
        opener = {**case.opener, "for": True, "oid": oid, "place": case.place, "locale": case.locale}
        work.put(replace(case, opener=opener, subject_oid="", identified_by="typed"))
        self._audit(work, case, Tag.CASE_OPENED_FOR, event.at, actor=oid or "person", opener=oid)
        body = {"address": effect.address, "opener": oid}
        work.enqueue([Job(f"{key}/for", f"case:{case.id}", "open_for", body, case.id, event.at, event.at)])
        return ()

    def ended(
        self, work: UnitOfWork, case: Case, effect: EndCase, event: Event, key: str
    ) -> Sequence[Answered]:
        """Performs `EndCase`: the opener hears that it is over, not how."""
        if opened_for(case) and case.opener["place"] != case.place:
            tell(work, case, "opened_for_over", key, event.at)
        return ()

    # --- the outbox --------------------------------------------------------------------------------

    async def handle(self, job: Job) -> None:
        """Handles jobs of kind `open_for`: whose address it is. Nobody hears whether it is anybody's."""
        address, opener = str(job.body["address"]), str(job.body["opener"])
        try:
            person = await self._directory.find(address) if opener else None
        except PermanentError:
            person = None
        at = self._clock.now()

        def fn(work: UnitOfWork) -> None:
            case = work.case(job.case_id)
            if case is None or case.status == "ended" or not opened_for(case):
                return
            if not opener:
                # Approving is for another human than the opener: somebody unknown cannot be told apart.
                tell(work, case, "opened_for_unknown", job.key, at)
                self._turns.take(work, case, Commanded(Command.CANCEL), dedupe_key=f"{job.key}/off", at=at)
                return
            if person is not None and not case.subject_oid and case.proven_at is None:
                work.put(replace(case, subject_oid=person.oid))

        await self._store.transact(fn)

    def _audit(self, work: UnitOfWork, case: Case, tag: Tag, at: datetime, **body: Any) -> None:
        work.audit(audit_row(new_id(self._entropy, at), at, tag, case_id=case.id, **body))


def opened_for(case: Case) -> bool:
    """Whether somebody else's chat opened this case for its subject."""
    return bool(case.opener.get("for"))


def opener_chat(case: Case) -> Place:
    return Place.of(str(case.opener["place"]))


def linked(work: UnitOfWork, keys: Keys, case: Case) -> str:
    """The account that the opener's chat is linked to by an own sign-in; "" for none."""
    opener = case.opener
    found = work.first(
        ChatLink,
        channel=str(opener.get("channel", "")),
        tenant=str(opener.get("tenant", "")),
        user=str(opener.get("user", "")),
    )
    return found.oid if found is not None and keys.row_mac_fits(found) else ""


def tell(work: UnitOfWork, case: Case, what: str, key: str, at: datetime) -> None:
    """A line in the opener's own chat, in the opener's language."""
    theirs = replace(case, place=str(case.opener["place"]), locale=str(case.opener["locale"]))
    work.enqueue([say_job(theirs, Tell(what), f"{key}/opener", at)])
