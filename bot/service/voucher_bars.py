"""Why somebody's word does not count now: self, own trouble, a fresh method of their own.

Asked when the page is shown, and again when the sign-in comes back; that answer is the one that counts.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.core.facts import Method, Person
from bot.core.humans import Humans
from bot.core.model import Oid, Reason
from bot.core.records import Attempt, Case, Execution
from bot.errors import PermanentError, TransientError
from bot.ports.directory import Directory
from bot.ports.store import Not, Over, Store, UnitOfWork
from bot.service.helper_set import not_the_helper
from bot.service.sightings import known, note

YOUNG = timedelta(days=14)
"""A manager who added a method within this may be somebody else by now."""
RECOVERED = timedelta(hours=24)
_NO_METHOD = frozenset({"password", "temporaryAccessPass", "email"})


class Bars:
    def __init__(self, store: Store, directory: Directory, humans: Humans) -> None:
        self._store, self._directory, self._humans = store, directory, humans

    async def reason(self, oid: str, subject: Person, attempt: Attempt, at: datetime) -> Reason | None:
        """None where *oid* may vouch for *subject* in *attempt*. What cannot be read bars."""
        try:
            manager = await self._directory.person(Oid(oid))
            methods = await self._directory.methods(Oid(oid))
        except (TransientError, PermanentError):
            return Reason.FACTS_UNREADABLE
        if manager is None or not manager.enabled:
            return Reason.FACTS_UNREADABLE
        if self._humans.same(manager, subject):
            return Reason.SAME_HUMAN
        if fault := await not_the_helper(self._directory, self._humans, attempt, manager):
            return fault

        def fn(work: UnitOfWork) -> tuple[dict[str, tuple[datetime, bool]], bool, bool]:
            note(work, oid, [(m.id, m.type, m.label, m.created_at) for m in methods], at)
            cases = work.find(Case, subject_oid=oid, status=Not("ended"))
            recovered = work.count(Execution, subject_oid=oid, started_at=Over(at - RECOVERED)) > 0
            return known(work, oid), any(c.proven_at for c in cases), recovered

        seen, in_trouble, recovered = await self._store.transact(fn)
        young = any(_young(m, *seen[m.id], at) for m in methods if m.type not in _NO_METHOD)
        return Reason.RECENT_RECOVERY if in_trouble or recovered or young else None


def _young(method: Method, since: datetime, baseline: bool, at: datetime) -> bool:
    """Graph's date rules; without one, what was there at the installation is old enough."""
    if method.created_at is not None:
        return at - method.created_at < YOUNG
    return not baseline and at - since < YOUNG
