"""A case of the front door appears in its person's own chat, once they are back: exactly once.

Never before one evidence, since until then the case only says whose it is; never to an account that is
not linked to that person by their own sign-in, or named by its platform. Who has no such account yet is
told when they next write from one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.core import effects as fx
from bot.core.model import Place
from bot.core.records import Case, ChatAccount, ChatLink, ChatRow, Job
from bot.ports.clock import Clock
from bot.ports.front_door import at_the_door
from bot.ports.identity import Standing
from bot.ports.intake import Incoming
from bot.ports.store import Store, UnitOfWork
from bot.service.identity import account_id, link_of, named_by_platform, own_words
from bot.service.keys import Keys

KIND = "return"
RECENT = timedelta(days=14)
_KEPT = timedelta(days=400)
_NEWEST = 5


def return_job(case: Case, at: datetime) -> list[Job]:
    """Belongs inside the transaction of the first evidence."""
    if not at_the_door(case.place):
        return []
    return [Job(f"return/{case.id}", f"return:{case.id}", KIND, {}, case.id, at, at)]


class Returning:
    """The outbox handler of `return` jobs, and what intake asks at each message of a linked account."""

    def __init__(self, store: Store, clock: Clock, keys: Keys, *, teams: Sequence[str] = ()) -> None:
        """*teams*: the tenants in which Teams names people by their object id."""
        self._store = store
        self._clock = clock
        self._keys = keys
        self._teams = tuple(teams)

    async def handle(self, job: Job) -> None:
        at = self._clock.now()

        def fn(work: UnitOfWork) -> None:
            case = work.case(job.case_id)
            if case is None or case.proven_at is None:
                return
            for place in self._places(work, case.subject_oid):
                row = work.get(ChatRow, place.key)
                if row is not None:  # they have written there before: it is a chat of theirs
                    self._show(work, case, place, row.locale, at)
                    return

        await self._store.transact(fn)

    def wrote(self, work: UnitOfWork, incoming: Incoming, locale: str, at: datetime) -> None:
        """Somebody wrote from an account; inside the transaction of their message."""
        if not (incoming.linked and incoming.hint_oid) or at_the_door(incoming.place.key):
            return
        for case in work.find(Case, subject_oid=incoming.hint_oid, order="-opened_at", limit=_NEWEST):
            recent = case.ended_at is None or at - case.ended_at < RECENT
            if case.proven_at is not None and at_the_door(case.place) and recent:
                self._show(work, case, incoming.place, locale, at)

    def _places(self, work: UnitOfWork, oid: str) -> list[Place]:
        links = [link_of(work, self._keys, row.id) for row in work.find(ChatLink, oid=oid, order="-at")]
        found = [Place(one.channel, one.tenant, one.user) for one in links if one is not None]
        for tenant in self._teams:
            account = work.get(ChatAccount, account_id("teams", tenant, oid))
            if account is not None and account.standing == Standing.MEMBER and named_by_platform(account):
                found.append(Place("teams", tenant, oid))
        return found

    def _show(self, work: UnitOfWork, case: Case, place: Place, locale: str, at: datetime) -> None:
        if work.bump(f"returned/{case.id}", until=at + _KEPT) > 1:
            return
        say = fx.Tell(f"door_case_{case.status}", {"number": case.number})
        work.enqueue([own_words(place, say, locale, f"returned/{case.id}", at)])
