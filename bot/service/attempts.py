"""Attempts: one claimed browser of a case, its page key, and whether its page is there now.

A claim takes a POST with the case number typed, so that no unfurler or mail scanner makes one. The
browser then makes a key pair and shows that it can open what is sealed to it; from there on the page
is *present* while it answered a challenge in the last 60 s. Evidence belongs to an attempt for life.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from bot.core.audit import Tag, audit_row
from bot.core.model import Reason, Visitor
from bot.core.records import Attempt, Case
from bot.errors import Refused
from bot.ports.clock import Clock, Entropy
from bot.ports.store import Store, UnitOfWork
from bot.service import sealing
from bot.service.cards import refresh
from bot.service.chance import new_id
from bot.service.helping import by_handle
from bot.service.keys import Keys, hashed
from bot.service.limits import Limits
from bot.service.remembered import forget, remembers

PRESENT = timedelta(seconds=60)
"""A page that answered within this is there."""
RENEWED = timedelta(seconds=20)
"""A page that answered longer ago is asked again at once."""
LIFE = timedelta(hours=24)
SHARED_LIFE = timedelta(minutes=30)

T = TypeVar("T")


class Attempts:
    def __init__(self, store: Store, clock: Clock, entropy: Entropy, keys: Keys, limits: Limits) -> None:
        self._store = store
        self._clock = clock
        self._entropy = entropy
        self._keys = keys
        self._limits = limits

    # --- who is asking -------------------------------------------------------------------------

    def case_of(self, work: UnitOfWork, handle: str, *, lock: bool = False) -> Case:
        """The case behind a page, its own or a helper's. Raises Refused(UNKNOWN_CASE)."""
        helped = by_handle(work, handle)
        if helped is None:
            return self._own_case(work, handle, lock=lock)
        found = (work.case if lock else lambda i: work.get(Case, i))(helped.case_id)
        if found is None or not self._keys.row_mac_fits(helped):
            raise Refused(Reason.UNKNOWN_CASE)
        return found

    def _own_case(self, work: UnitOfWork, handle: str, *, lock: bool = False) -> Case:
        found = work.first(Case, handle_hash=hashed(handle))
        if found is not None and lock:
            found = work.case(found.id)
        if found is None:
            raise Refused(Reason.UNKNOWN_CASE)
        return found

    def of_browser(self, work: UnitOfWork, case: Case, browser: str) -> Attempt | None:
        """This browser's newest attempt of the case, whatever its state."""
        found = work.first(Attempt, browser_hash=browser) if browser else None
        return found if found is not None and found.case_id == case.id else None

    def usable(self, work: UnitOfWork, handle: str, browser: str, at: datetime) -> tuple[Case, Attempt]:
        """Case (locked) and open attempt, for anything the person does. Raises Refused."""
        return self._usable(work, self.case_of(work, handle, lock=True), browser, at)

    def _usable(self, work: UnitOfWork, case: Case, browser: str, at: datetime) -> tuple[Case, Attempt]:
        attempt = self.of_browser(work, case, browser)
        if attempt is None:
            raise Refused(Reason.OTHER_BROWSER)
        if reason := closed(case, attempt, at):
            raise Refused(reason)
        return case, attempt

    def readable(self, work: UnitOfWork, handle: str, browser: str, at: datetime) -> tuple[Case, Attempt]:
        """As `usable`, without a lock, in a read."""
        return self._usable(work, self.case_of(work, handle), browser, at)

    def proven_page(
        self, work: UnitOfWork, handle: str, browser: str, at: datetime, *, lock: bool = True
    ) -> tuple[Case, Attempt]:
        """As `usable`, for anything that counts: the key was tested and the page is there."""
        case, attempt = (self.usable if lock else self.readable)(work, handle, browser, at)
        if not attempt.key_tested_at:
            raise Refused(Reason.KEY_MISSING)
        if not present(attempt, at):
            raise Refused(Reason.PAGE_ABSENT)
        return case, attempt

    # --- claim and key -------------------------------------------------------------------------

    async def claim(
        self, handle: str, number: str, browser: str, visitor: Visitor, *, shared: bool
    ) -> Attempt:
        """Raises Refused; a wrong number is counted, so it commits before it is refused."""
        at = self._clock.now()

        def fn(work: UnitOfWork) -> Attempt | Reason:
            case = self._own_case(work, handle, lock=True)  # a helper's page takes a sign-in, no number
            if case.status == "ended":
                return Reason.CASE_ENDED
            if case.status == "frozen":
                return Reason.CASE_FROZEN
            if not self._limits.numbers_left(work, case, at):
                return Reason.TOO_MANY
            if "".join(number.split()) != case.number:
                self._limits.wrong_number(work, case, at)
                self._audit(work, case, at, Tag.ATTEMPT_REFUSED, network=visitor.network)
                return Reason.WRONG_NUMBER
            return self.enter(work, case, browser, visitor, at, shared=shared, via="link")

        return _or_raise(await self._told(fn))

    def enter(
        self,
        work: UnitOfWork,
        case: Case,
        browser: str,
        visitor: Visitor,
        at: datetime,
        *,
        shared: bool,
        via: str,
        moved_from: str = "",
    ) -> Attempt:
        """A new attempt, for whoever came to the case in a way that somebody else has judged (*via*, see
        `Attempt`). *case* is locked and open."""
        attempt = Attempt(
            id=new_id(self._entropy, at), case_id=case.id, browser_hash=browser, claimed_at=at,
            expires_at=at + (SHARED_LIFE if shared else LIFE), status="open", network=visitor.network,
            country=visitor.country, device=visitor.device, shared=shared,
            wait_until=self._longest_wait(work, case, at), via=via, moved_from=moved_from,
        )  # fmt: skip
        work.add(attempt)
        self._audit(
            work, case, at, Tag.ATTEMPT_CLAIMED, attempt=attempt.id, network=visitor.network,
            country=visitor.country, device=visitor.device, shared=shared, via=via,
        )  # fmt: skip
        refresh(work, case.id, f"claim/{attempt.id}", at)
        return attempt

    def _longest_wait(self, work: UnitOfWork, case: Case, at: datetime) -> datetime | None:
        """Claiming anew does not shorten a wait that wrong tries earned."""
        waits = [a.wait_until for a in work.find(Attempt, case_id=case.id) if a.wait_until]
        return max((w for w in waits if w > at), default=None)

    async def register_key(
        self, handle: str, browser: str, jwk: Mapping[str, Any], *, forgotten: str = ""
    ) -> Attempt:
        """Take the page's public key; it is not relied on before the self-test is answered. *forgotten*:
        see `ports.case_page.CasePages.key`."""
        at = self._clock.now()
        thumbprint = sealing.thumbprint(jwk)
        public = {name: str(jwk[name]) for name in ("kty", "crv", "x", "y")}

        def fn(work: UnitOfWork) -> Attempt:
            case, attempt = self.usable(work, handle, browser, at)
            if attempt.thumbprint == thumbprint:
                return attempt
            if attempt.key_tested_at:
                raise Refused(Reason.KEY_CHANGED)
            attempt = replace(
                attempt, page_key=public, thumbprint=thumbprint, challenge="", challenge_wire="",
                remembered=not attempt.shared
                and remembers(work, self._keys, case.subject_oid, thumbprint, at),
            )  # fmt: skip
            work.put(attempt)
            if attempt.shared and forgotten and forget(work, case.subject_oid, forgotten):
                self._audit(work, case, at, Tag.BROWSER_FORGOTTEN, attempt=attempt.id, thumbprint=forgotten)
            self._audit(work, case, at, Tag.PAGE_KEY_MADE, attempt=attempt.id, thumbprint=thumbprint)
            return attempt

        return await self._told(fn)

    # --- presence ------------------------------------------------------------------------------

    async def answer(self, handle: str, browser: str, answer: str) -> Attempt:
        """Take the answer to the open challenge. A wrong or late one changes nothing."""
        at = self._clock.now()

        def fn(work: UnitOfWork) -> Attempt:
            case, attempt = self.usable(work, handle, browser, at)
            fits = sealing.answers(self._keys, attempt.challenge, attempt.id, answer)
            if not fits or not attempt.challenged_at or at - attempt.challenged_at > PRESENT:
                return attempt
            if not present(attempt, at):
                refresh(work, case.id, f"page/{attempt.id}/{int(at.timestamp() * 1000)}", at)
            attempt = replace(
                attempt, challenge="", challenge_wire="", answered_at=at,
                key_tested_at=attempt.key_tested_at or at,
            )  # fmt: skip
            work.put(attempt)
            return attempt

        return await self._told(fn)

    async def challenge(self, attempt_id: str, *, anew: bool = False) -> Attempt | None:
        """Make sure that the attempt has a challenge to answer; *anew* even if it has one. None when
        there is no open attempt with a key."""
        at = self._clock.now()
        known = await self._store.read(lambda work: work.get(Attempt, attempt_id))
        if known is None or known.status != "open" or not known.page_key:
            return None
        made = sealing.challenge(
            known.page_key, case_id=known.case_id, attempt_id=known.id, entropy=self._entropy, keys=self._keys
        )

        def fn(work: UnitOfWork) -> Attempt | None:
            attempt = work.lock(Attempt, attempt_id)
            if attempt is None or attempt.status != "open" or attempt.thumbprint != known.thumbprint:
                return None
            young = attempt.challenged_at is not None and at - attempt.challenged_at < RENEWED
            if attempt.challenge and young and not anew:
                return attempt
            attempt = replace(attempt, challenge=made.expected, challenge_wire=made.wire, challenged_at=at)
            work.put(attempt)
            return attempt

        return await self._store.transact(fn)

    async def summon(self, attempt_id: str, within: timedelta = PRESENT) -> bool:
        """Challenge the page anew and wait for its answer: is it there *now*? The page's open pulse
        returns at once with the new challenge."""
        asked = await self.challenge(attempt_id, anew=True)
        if asked is None or asked.challenged_at is None:
            return False
        since, seen = asked.challenged_at, 0
        self._store.notify(asked.case_id)
        while (left := (since + within - self._clock.now()).total_seconds()) > 0:
            now = await self._store.read(lambda work: work.get(Attempt, attempt_id))
            if now is None or now.status != "open":
                return False
            if now.answered_at and now.answered_at >= since and not now.challenge:
                return True
            seen = await self._store.changed(asked.case_id, after=seen, timeout=min(left, 2.0))
        return False

    # --- in the transaction ----------------------------------------------------------------------

    def _audit(self, work: UnitOfWork, case: Case, at: datetime, tag: Tag, **body: Any) -> None:
        work.audit(
            audit_row(
                new_id(self._entropy, at), at, tag, case_id=case.id, actor="person",
                subject=case.subject_oid, **body,
            )
        )  # fmt: skip

    async def _told(self, fn: Callable[[UnitOfWork], T]) -> T:
        """Run *fn* and wake whoever waits for this case, the person's other window included."""
        result = await self._store.transact(fn)
        if isinstance(result, Attempt):
            self._store.notify(result.case_id)
        return result


def closed(case: Case, attempt: Attempt, at: datetime) -> Reason | None:
    """Why nothing can be done in this attempt any more, or None."""
    if case.status == "ended":
        return Reason.CASE_ENDED
    if case.status == "frozen" or attempt.status == "frozen":
        return Reason.CASE_FROZEN
    if attempt.status != "open" or attempt.expires_at <= at:
        return Reason.ATTEMPT_ENDED
    return None


def present(attempt: Attempt, at: datetime) -> bool:
    """Whether the page answered a challenge in the last 60 s. *at* is when a request came in; while it
    read the directory the page may have answered once more, which is no less present."""
    return (
        attempt.status == "open"
        and attempt.answered_at is not None
        and -PRESENT <= at - attempt.answered_at <= PRESENT
    )


def _or_raise(result: Attempt | Reason) -> Attempt:
    if isinstance(result, Reason):
        raise Refused(result)
    return result
