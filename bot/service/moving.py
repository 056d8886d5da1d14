"""Moves: another device goes on with a case, by a code that the browser which has it shows.

The other device is another attempt: its own key, its own evidence. The code says only that the browser
that had the case gave its part away, so that what passed there is void without being a stranger's.
Once approvers were asked, what they saw must not change; then nothing moves.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.core.audit import Tag, audit_row
from bot.core.events import Commanded
from bot.core.model import Command, Place, Reason, Visitor
from bot.core.records import Attempt, Case, Check, Handover, Move, Request
from bot.errors import Refused
from bot.ports.clock import Clock, Entropy
from bot.ports.front_door import at_the_door
from bot.ports.moving import Moved, MoveOffered
from bot.ports.store import Among, Store, UnitOfWork
from bot.ports.turns import Turns
from bot.service.arrivals import Arrivals, leads
from bot.service.attempts import Attempts, closed
from bot.service.chance import new_id
from bot.service.keys import Keys, b64, hashed
from bot.service.stops import Stops

LIFE = timedelta(minutes=10)
TRIES = 5
_LIVE = ("asked", "signed")


class MoveService:
    """Implements `ports.moving.Moves`."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        entropy: Entropy,
        keys: Keys,
        turns: Turns,
        attempts: Attempts,
        stops: Stops,
        arrivals: Arrivals,
    ) -> None:
        self._store, self._clock, self._entropy, self._keys = store, clock, entropy, keys
        self._turns, self._attempts, self._stops, self._arrivals = turns, attempts, stops, arrivals

    async def offer(self, handle: str, browser: str) -> MoveOffered:
        at = self._clock.now()
        token = b64(self._entropy.bytes(32))

        def fn(work: UnitOfWork) -> None:
            case, attempt = self._attempts.usable(work, handle, browser, at)
            if not may_move(work, case, attempt):
                raise Refused(Reason.MOVE_OVER)
            for older in work.find(Move, case_id=case.id):
                if older.status == "open":
                    work.put(replace(older, status="over"))
            ident = new_id(self._entropy, at)
            work.add(Move(ident, case.id, attempt.id, hashed(token), at, at + LIFE, "open"))
            self._audit(work, case, at, Tag.MOVE_OFFERED, attempt.id)

        await self._store.transact(fn)
        return MoveOffered(token, at + LIFE)

    async def look(self, token: str) -> bool:
        at = self._clock.now()
        found = await self._store.read(lambda work: work.first(Move, token_hash=hashed(token)))
        return found is not None and found.status == "open" and at < found.expires_at

    async def take(
        self, token: str, number: str, browser: str, visitor: Visitor, place: Place, *, shared: bool
    ) -> Moved:
        at = self._clock.now()

        def fn(work: UnitOfWork) -> Case | Reason:
            found = work.first(Move, token_hash=hashed(token))
            case = work.case(found.case_id) if found else None
            move = work.lock(Move, found.id) if found else None
            if case is None or move is None or move.status != "open" or at >= move.expires_at:
                return Reason.MOVE_OVER
            before = work.lock(Attempt, move.attempt_id)
            if before is None or closed(case, before, at) or not may_move(work, case, before):
                work.put(replace(move, status="over"))
                return Reason.MOVE_OVER
            if "".join(number.split()) != case.number:
                tries = move.tries + 1
                over = tries >= TRIES
                work.put(replace(move, tries=tries, status="over" if over else "open"))
                self._audit(work, case, at, Tag.ATTEMPT_REFUSED, before.id, network=visitor.network)
                return Reason.MOVE_OVER if over else Reason.WRONG_NUMBER
            work.put(replace(move, status="done"))
            self._end(work, before, at)
            after = self._attempts.enter(
                work, case, browser, visitor, at, shared=shared or before.shared, via="move",
                moved_from=before.id,
            )  # fmt: skip
            self._audit(work, case, at, Tag.MOVE_DONE, after.id, before=before.id)
            return self._along(work, case, after, place, at)

        case = await self._store.transact(fn)
        if isinstance(case, Reason):
            raise Refused(case)
        self._store.notify(case.id)
        return Moved(self._keys.handle("case", case.id), case.place == place.key)

    def _end(self, work: UnitOfWork, before: Attempt, at: datetime) -> None:
        work.put(replace(before, status="ended", ended_reason="moved", challenge="", challenge_wire=""))
        self._stops.void(work, before.id, "moved", at)
        for check in work.find(Check, attempt_id=before.id):
            if check.status in _LIVE:
                work.put(replace(check, status="ended", ended_reason="moved"))

    def _along(self, work: UnitOfWork, case: Case, after: Attempt, place: Place, at: datetime) -> Case:
        """A conversation of the front door goes where its browser goes; one in chat stays there."""
        if not at_the_door(case.place):
            return case
        case = self._arrivals.hold(work, case, place, at)
        self._turns.take(
            work, case, Commanded(Command.RESUME), dedupe_key=f"moved/{after.id}", at=at
        )  # fmt: skip
        return work.case(case.id) or case

    def _audit(self, work: UnitOfWork, case: Case, at: datetime, tag: Tag, attempt: str, **body: Any) -> None:
        work.audit(
            audit_row(
                new_id(self._entropy, at), at, tag, case_id=case.id, actor="person",
                subject=case.subject_oid, attempt=attempt, **body,
            )
        )  # fmt: skip


def may_move(work: UnitOfWork, case: Case, attempt: Attempt) -> bool:
    """Whether this browser may give its part away: nobody was asked to approve yet."""
    if not leads(work, case, attempt) or attempt.helper_oid:
        return False
    asked = work.first(Request, case_id=case.id, status=Among(("open", "executing")))
    made = work.first(Handover, case_id=case.id)
    return case.status in ("open", "with_person") and asked is None and made is None
