"""The case page's door: finds case and attempt, hands over to who knows, and says what to show."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.core.audit import Tag, audit_row
from bot.core.events import Commanded
from bot.core.model import Command, Reason, Visitor
from bot.core.records import Attempt, Case
from bot.errors import Refused
from bot.ports.case_page import Added, CaseView, Pulse, SealedPass, Stage
from bot.ports.clock import Clock, Entropy
from bot.ports.sign_in import Redirect
from bot.ports.store import Store, UnitOfWork
from bot.ports.turns import Turns
from bot.service.arrivals import leads
from bot.service.attempts import RENEWED, Attempts
from bot.service.case_views import CaseViews, challenge_of
from bot.service.chance import new_id
from bot.service.handover import Handovers
from bot.service.issued_proof import IssuedProof
from bot.service.limits import Limits
from bot.service.proof_entry import ProofEntry
from bot.service.proving import Provings
from bot.service.stops import Stops

LONGEST_WAIT = 25.0
"""Seconds one pulse may wait; below what proxies cut off."""
_ENDS = (Stage.OVER, Stage.FROZEN)


class CasePageService:
    """Implements `ports.case_page.CasePages`."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        entropy: Entropy,
        turns: Turns,
        attempts: Attempts,
        entry: ProofEntry,
        provings: Provings,
        views: CaseViews,
        stops: Stops,
        limits: Limits,
        handovers: Handovers,
        added: Added,
        issued: IssuedProof | None = None,
    ) -> None:
        """*issued*: None where no mail leaves, and so no code does."""
        self._store, self._clock, self._entropy, self._turns = store, clock, entropy, turns
        self._attempts, self._entry, self._provings, self._views = attempts, entry, provings, views
        self._stops, self._limits, self._handovers, self._added = stops, limits, handovers, added
        self._issued = issued

    # --- what to show --------------------------------------------------------------------------------

    async def view(self, handle: str, browser: str, visitor: Visitor) -> CaseView:
        view, attempt = await self._view(handle, browser)
        if attempt is not None and view.sealed is not None:
            view = replace(view, added=tuple(await self._added.of_case(attempt.case_id)))
        return view

    async def _view(self, handle: str, browser: str) -> tuple[CaseView, Attempt | None]:
        at = self._clock.now()

        def fn(work: UnitOfWork) -> tuple[CaseView, Attempt | None]:
            case = self._attempts.case_of(work, handle)
            attempt = self._attempts.of_browser(work, case, browser)
            return self._views.of(work, case, attempt, at), attempt

        return await self._store.read(fn)

    async def pulse(self, handle: str, browser: str, *, answer: str, version: str, wait: float) -> Pulse:
        try:
            return await self._pulse(handle, browser, answer, version, wait)
        except Refused as err:
            # The end of a case is news to its page, and no fault of the page that asks on.
            view, _ = await self._view(handle, browser)
            if view.stage not in _ENDS or err.reason is Reason.OTHER_BROWSER:
                raise
            return Pulse(view.version, view.stage, None, False, None, self._clock.now())

    async def _kept(self, handle: str, browser: str, view: CaseView, version: str, wait: float) -> Pulse:
        """A pass that outlives its case: nothing is asked of its page any more, it only learns the end."""
        if view.version == version:
            case = await self._store.read(lambda work: self._attempts.case_of(work, handle))
            seen = await self._store.changed(case.id, after=0, timeout=0)
            await self._store.changed(case.id, after=seen, timeout=min(max(wait, 0.0), LONGEST_WAIT))
            view, _ = await self._view(handle, browser)
        return Pulse(view.version, view.stage, None, True, view.sealed, self._clock.now())

    async def _pulse(self, handle: str, browser: str, answer: str, version: str, wait: float) -> Pulse:
        first, _ = await self._view(handle, browser)
        if first.stage is Stage.PASS and first.outcome:
            return await self._kept(handle, browser, first, version, wait)
        if answer:
            await self._attempts.answer(handle, browser, answer)
        at = self._clock.now()
        case, attempt = await self._store.read(
            lambda work: self._attempts.readable(work, handle, browser, at)
        )
        await self._provings.assess(case.id)
        loop, seen = asyncio.get_running_loop(), 0
        end = loop.time() + min(max(wait, 0.0), LONGEST_WAIT)
        while True:
            view, now = await self._view(handle, browser)
            left = end - loop.time()
            if view.version != version or now is None or _to_answer(now, self._clock.now()) or left <= 0:
                break
            seen = await self._store.changed(case.id, after=seen, timeout=left)
        renewed = await self._attempts.challenge(attempt.id) if view.stage not in _ENDS else None
        challenge = challenge_of(renewed) if renewed else None
        return Pulse(view.version, view.stage, challenge, view.present, view.sealed, self._clock.now())

    # --- claim, key, end -------------------------------------------------------------------------------

    async def claim(self, handle: str, number: str, browser: str, visitor: Visitor, *, shared: bool) -> None:
        await self._attempts.claim(handle, number, browser, visitor, shared=shared)

    async def key(self, handle: str, browser: str, jwk: Mapping[str, Any], *, forgotten: str = "") -> None:
        await self._attempts.register_key(handle, browser, jwk, forgotten=forgotten)

    async def finish(self, handle: str, browser: str) -> None:
        at = self._clock.now()

        def fn(work: UnitOfWork) -> str:
            case = self._attempts.case_of(work, handle, lock=True)
            attempt = self._attempts.of_browser(work, case, browser)
            if attempt is None:
                raise Refused(Reason.OTHER_BROWSER)
            if attempt.status == "open":
                over = replace(
                    attempt, status="ended", ended_reason="finished", challenge="", challenge_wire=""
                )
                work.put(over)
                self._audit(work, case, at, Tag.ATTEMPT_FINISHED, attempt=attempt.id)
                self._wipe(work, case, attempt, at)
            return case.id

        self._store.notify(await self._store.transact(fn))

    def _wipe(self, work: UnitOfWork, case: Case, attempt: Attempt, at: datetime) -> None:
        """No ciphertext stays behind. A pass that was shown may have been used: only its box goes."""
        sealed = self._handovers.of_attempt(work, attempt)
        if sealed is not None and sealed.status == "waiting":
            self._handovers.take_back(work, case, "finished", at)
        elif sealed is not None:
            work.put(replace(sealed, sealed=""))

    async def not_me(self, handle: str, browser: str, number: str) -> None:
        at = self._clock.now()

        def fn(work: UnitOfWork) -> tuple[str, Reason | None]:
            case = self._attempts.case_of(work, handle, lock=True)
            attempt = self._attempts.of_browser(work, case, browser)
            if case.status == "ended":
                return case.id, Reason.CASE_ENDED
            if attempt is None:
                if not self._limits.numbers_left(work, case, at):
                    return case.id, Reason.TOO_MANY
                if "".join(number.split()) != case.number:
                    self._limits.wrong_number(work, case, at)
                    return case.id, Reason.WRONG_NUMBER
            self._audit(work, case, at, Tag.ATTEMPT_REPORTED, attempt=attempt.id if attempt else "")
            if attempt is not None and not leads(work, case, attempt):
                self._stops.withdraw(work, case, attempt, at)
            elif case.status != "frozen":
                self._stops.object_to(work, case, attempt, "not_opened_by_me", at)
            return case.id, None

        case_id, reason = await self._store.transact(fn)
        self._store.notify(case_id)
        if reason is not None:
            raise Refused(reason)

    async def person(self, handle: str, browser: str) -> None:
        at = self._clock.now()

        def fn(work: UnitOfWork) -> str:
            case, attempt = self._attempts.usable(work, handle, browser, at)
            if not leads(work, case, attempt):
                raise Refused(Reason.PROOF_CLOSED)
            self._turns.take(
                work, case, Commanded(Command.PERSON), dedupe_key=f"page/{new_id(self._entropy, at)}", at=at
            )
            return case.id

        self._store.notify(await self._store.transact(fn))

    # --- proofs ------------------------------------------------------------------------------------------

    async def address(self, handle: str, browser: str, typed: str) -> None:
        await self._entry.address(handle, browser, typed)

    async def saved_code(self, handle: str, browser: str, typed: str) -> None:
        await self._entry.saved_code(handle, browser, typed)

    async def mail_code(self, handle: str, browser: str, *, address: str, choice: str, read_on: str) -> None:
        if self._issued is None:
            raise Refused(Reason.PROOF_CLOSED)
        await self._issued.ask(handle, browser, typed=address, choice=choice, read_on=read_on)

    async def issued_code(self, handle: str, browser: str, typed: str) -> None:
        if self._issued is None:
            raise Refused(Reason.PROOF_CLOSED)
        await self._issued.enter(handle, browser, typed)

    async def ask_check(self, handle: str, browser: str, *, how: str, number_ref: str, counter: str) -> None:
        await self._entry.ask_check(handle, browser, how=how, number_ref=number_ref, counter=counter)

    async def ask_manager(self, handle: str, browser: str) -> None:
        await self._entry.ask_manager(handle, browser)

    async def ask_contact(self, handle: str, browser: str, contact: str) -> None:
        await self._entry.ask_contact(handle, browser, contact)

    async def digits(self, handle: str, browser: str, typed: str) -> None:
        await self._entry.digits(handle, browser, typed)

    async def gone(self, handle: str, browser: str, method_ids: Sequence[str]) -> None:
        await self._provings.tick(handle, browser, method_ids)

    async def sign_in(self, handle: str, browser: str, browser_cookie: str) -> Redirect:
        return await self._entry.sign_in(handle, browser, browser_cookie)

    # --- the pass ------------------------------------------------------------------------------------------

    async def take_pass(self, handle: str, browser: str) -> SealedPass:
        at = self._clock.now()

        def fn(work: UnitOfWork) -> SealedPass | None:
            found = self._attempts.case_of(work, handle)
            kept = self._views.of(work, found, self._attempts.of_browser(work, found, browser), at)
            if kept.stage is Stage.PASS and kept.outcome:
                return kept.sealed
            case, attempt = self._attempts.usable(work, handle, browser, at)
            self._handovers.claim(work, case, attempt, at)
            return self._views.of(work, case, attempt, at).sealed

        sealed = await self._store.transact(fn)
        if sealed is None:
            raise Refused(Reason.UNAVAILABLE)
        return sealed

    async def added(self, handle: str, browser: str, method_id: str, *, yours: bool) -> None:
        at = self._clock.now()
        case, _ = await self._store.read(lambda work: self._attempts.readable(work, handle, browser, at))
        view, _ = await self._view(handle, browser)
        if view.sealed is None:  # shown to whoever had the pass, and asked of nobody else
            raise Refused(Reason.PROOF_CLOSED)
        await self._added.answer(case.id, method_id, yours=yours)
        self._store.notify(case.id)

    def _audit(self, work: UnitOfWork, case: Case, at: datetime, tag: Tag, **body: Any) -> None:
        work.audit(
            audit_row(
                new_id(self._entropy, at), at, tag, case_id=case.id, actor="person",
                subject=case.subject_oid, **body,
            )
        )  # fmt: skip


def _to_answer(attempt: Attempt, at: datetime) -> bool:
    """Whether the page has something to answer at once: a challenge that waits, or silence too long."""
    if not attempt.page_key or attempt.status != "open":
        return False
    return bool(attempt.challenge) or attempt.answered_at is None or at - attempt.answered_at > RENEWED
