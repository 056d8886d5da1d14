"""Standing in for a person without a browser: the helper's browser becomes the page.

Whoever was named (`service.helper_naming`) opens the helper's page, signs in freshly there, and that
browser makes an attempt of its own: key, proofs, request and hand-over are bound to it as to any page,
and to the helper's name besides.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime

from bot.core.audit import Tag
from bot.core.events import Commanded
from bot.core.facts import Unreadable
from bot.core.helping import may_help
from bot.core.law import Law
from bot.core.model import Command, Oid, Place, Reason, Visitor
from bot.core.records import Attempt, Case, Helping, Signing
from bot.errors import KeyturnError, Refused
from bot.ports.clock import Clock, Entropy
from bot.ports.directory import Directory
from bot.ports.front_door import at_the_door, door_of
from bot.ports.helpers import HelperNamed, HelperView
from bot.ports.sign_in import Finished, Landing, Purpose, Redirect, SignInAsk, SignIns
from bot.ports.store import Store, UnitOfWork
from bot.ports.turns import Turns
from bot.service import helping
from bot.service.arrivals import Arrivals
from bot.service.attempts import Attempts, closed
from bot.service.chance import token
from bot.service.helper_naming import Naming
from bot.service.helper_set import HelperSet
from bot.service.keys import Keys, b64, canonical, hashed
from bot.service.stops import Stops

_SEEN = ("network", "country", "device")


class HelperService(Naming):
    """Implements `ports.helpers.Helpers`, and answers the sign-ins of `Purpose.HELP`."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        entropy: Entropy,
        keys: Keys,
        law: Law,
        directory: Directory,
        closed_set: HelperSet,
        sign_ins: SignIns,
        attempts: Attempts,
        stops: Stops,
        arrivals: Arrivals,
        turns: Turns,
        *,
        learn: Callable[[str], Awaitable[bool]],
    ) -> None:
        """*learn* makes sure that a flow version of another replica is known here."""
        super().__init__(store, clock, entropy, keys, law, directory, closed_set, attempts, stops)
        self._sign_ins, self._arrivals, self._turns, self._learn = sign_ins, arrivals, turns, learn

    async def named(self, case_id: str) -> HelperNamed | None:
        return await self._store.read(lambda work: helping.named(work, self._keys, case_id))

    async def asked_of(self, oid: str, number: str) -> str | None:
        """The helping that this chat account's person was named for, by the case's number."""

        def fn(work: UnitOfWork) -> str | None:
            row = self._by_number(work, number, oid, self._clock.now())
            return row.id if row else None

        return await self._store.read(fn) if oid else None

    def _by_number(self, work: UnitOfWork, number: str, oid: str, at: datetime) -> Helping | None:
        case = work.first(Case, number="".join(number.split()))
        row = helping.live(work, self._keys, case) if case else None
        return row if row is not None and helping.may_begin(row, case, oid, at) else None

    # --- the sign-in -----------------------------------------------------------------------------

    async def begin(self, handle: str, browser_hash: str, visitor: Visitor) -> Redirect:
        row = await self._store.read(lambda work: helping.by_handle(work, handle))
        if row is None or not row.helper_oid or not self._keys.row_mac_fits(row):
            raise Refused(Reason.UNKNOWN_CASE)
        return await self._ask(row.id, row.helper_oid, browser_hash, visitor, {"helping": row.id})

    async def begin_by_number(self, number: str, browser_hash: str, visitor: Visitor) -> Redirect:
        """Whoever signs in is looked for afterwards, so that nobody learns here which numbers exist."""
        number = "".join(c for c in number if c.isdigit() and c.isascii())[:12]
        return await self._ask(browser_hash, "", browser_hash, visitor, {"number": number})

    async def _ask(
        self, ref: str, expected: str, browser_hash: str, visitor: Visitor, what: Mapping[str, str]
    ) -> Redirect:
        seen = dict(zip(_SEEN, (visitor.network, visitor.country, visitor.device), strict=True))
        return await self._sign_ins.begin(
            SignInAsk(
                Purpose.HELP, browser_hash, subject_ref=ref, expected_oid=expected,
                digest=_digest(what, browser_hash), payload={**what, "seen": seen},
            )
        )  # fmt: skip

    async def signed(self, finished: Finished) -> Landing:
        """Handles Purpose.HELP: this browser becomes the page of the case. Raises Refused."""
        signing, oid, at = finished.signing, str(finished.who.oid), self._clock.now()
        what = _what(signing)
        if signing.digest != _digest(what, signing.browser_hash):
            raise Refused(Reason.SUPERSEDED)
        row, known = await self._store.read(lambda work: self._asked(work, what, oid, at))
        fault = await self._fault(row, known)
        if fault is not None:
            await self._store.transact(
                lambda work: self._audit(
                    work, known, at, Tag.HELPER_REFUSED, oid, helping=row.id, reason=fault.value
                )
            )
            raise Refused(fault)
        await self._learn(known.flow_hash)
        value = token(self._entropy)
        handle = self._keys.handle("helper", row.id)

        def fn(work: UnitOfWork) -> None:
            now, case = self._asked(work, what, oid, at, lock=True)
            if self._busy(work, case):
                raise Refused(Reason.PROOF_CLOSED)
            for other in work.find(Attempt, case_id=case.id, status="open"):
                self._close(work, other, "helper", at)
            seen = signing.payload.get("seen", {})
            network, country, device = (str(seen.get(name, "")) for name in _SEEN)
            visitor = Visitor(network, country, device)
            attempt = self._attempts.enter(work, case, hashed(value), visitor, at, shared=False, via="helper")
            attempt = replace(attempt, helper_oid=oid, expires_at=at + helping.STANDS)
            work.put(attempt)
            helping.keep(
                work, self._keys, now, status="begun", attempt_id=attempt.id, begun_at=at,
                signing_id=signing.id, expires_at=attempt.expires_at,
            )  # fmt: skip
            self._audit(
                work, case, at, Tag.HELPER_BEGAN, oid, auth_time=finished.who.auth_time, helping=row.id,
                attempt=attempt.id, role=row.role, signing=signing.id, digest=signing.digest,
            )  # fmt: skip
            self._hold(work, case, row, attempt, at)

        await self._store.transact(fn)
        self._store.notify(known.id)
        return Landing(f"/helper/{handle}", session=value, session_kind=f"case-{hashed(handle)[:12]}")

    def _asked(
        self, work: UnitOfWork, what: Mapping[str, str], oid: str, at: datetime, *, lock: bool = False
    ) -> tuple[Helping, Case]:
        """The helping this account was named for, and its case. Raises Refused, alike for all of them."""
        if "helping" in what:
            row = work.get(Helping, what["helping"])
        else:
            row = self._by_number(work, what.get("number", ""), oid, at)
        case = (work.case if lock else lambda i: work.get(Case, i))(row.case_id) if row else None
        if row is None or case is None or not self._keys.row_mac_fits(row):
            raise Refused(Reason.NOT_THE_HELPER)
        if not helping.may_begin(row, case, oid, at):
            raise Refused(Reason.NOT_THE_HELPER)
        return row, case

    async def _fault(self, row: Helping, case: Case) -> Reason | None:
        """Why this helper may not stand in now; everything is read again."""
        stand = await self._set.stand(row.helper_oid, case.subject_oid)
        try:
            subject = await self._directory.person(Oid(case.subject_oid))
        except KeyturnError:
            return Reason.FACTS_UNREADABLE
        if isinstance(stand.person, Unreadable) or isinstance(stand.role, Unreadable) or subject is None:
            return Reason.FACTS_UNREADABLE
        if stand.person is None or not stand.role or not may_help(self._law, stand.person):
            return Reason.HELPER_REFUSED
        return Reason.HELPER_REFUSED if self._law.humans.same(stand.person, subject) else None

    def _hold(self, work: UnitOfWork, case: Case, row: Helping, attempt: Attempt, at: datetime) -> None:
        """The conversation goes on at the helper's page, unless it is in a chat of the person's own."""
        what = self._arrivals.waits(case)
        if what is None and not at_the_door(case.place):
            return
        case = self._arrivals.hold(work, case, place_of(row), at)
        what = what or Commanded(Command.RESUME)
        self._turns.take(work, case, what, dedupe_key=f"arrived/{attempt.id}", at=at)

    def back(self, signing: Signing) -> str:
        """Where a helper's sign-in returns to."""
        ident = str(signing.payload.get("helping", ""))
        return f"/helper/{self._keys.handle('helper', ident)}" if ident else "/helper"

    # --- the page ----------------------------------------------------------------------------------

    async def view(self, handle: str, browser: str) -> HelperView:
        at = self._clock.now()

        def fn(work: UnitOfWork) -> tuple[Helping, Case, Attempt | None]:
            row = helping.by_handle(work, handle)
            case = work.get(Case, row.case_id) if row else None
            if row is None or case is None or not self._keys.row_mac_fits(row):
                raise Refused(Reason.UNKNOWN_CASE)
            return row, case, self._attempts.of_browser(work, case, browser)

        row, case, attempt = await self._store.read(fn)
        if attempt is None or attempt.id != row.attempt_id:
            over = row.status == "ended" or case.status == "ended" or at >= row.expires_at
            return HelperView("over" if over else "door", locale=case.locale)
        subject = await self._named(case.subject_oid)
        place = place_of(row) if case.place == place_of(row).key else None
        state = "over" if closed(case, attempt, at) is not None else "open"
        return HelperView(state, case.number, case.locale, row.helper_name, subject, place)

    async def _named(self, oid: str) -> str:
        try:
            person = await self._directory.person(Oid(oid))
        except KeyturnError:
            return ""
        return person.name if person else ""


def place_of(row: Helping) -> Place:
    """Where the conversation is held while a helper's browser has it."""
    return door_of(f"h{row.handle_hash[:24]}")


def _what(signing: Signing) -> dict[str, str]:
    """Under which name it was asked for: the helping's own link, or the case number."""
    return {str(n): str(signing.payload[n]) for n in ("helping", "number") if n in signing.payload}


def _digest(what: Mapping[str, str], browser_hash: str) -> str:
    """What the helper's sign-in attests: this browser stands in there."""
    return b64(hashlib.sha256(b"keyturn/help" + canonical({**what, "browser": browser_hash})).digest())
