"""The `prove` step of a flow: opened and closed by it, answered by the case page.

What a person must show depends on the rank of the account, and the account is not read before the
first evidence. So: proofs pass, the account is read (outside every transaction), the person ticks the
methods that are gone, and then one transaction answers the flow. A strong method left un-ticked means
that the person can still sign in: no request, self-service.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from bot.core import policy as rules
from bot.core.audit import Tag, audit_row
from bot.core.effects import CloseProof, OpenProof
from bot.core.events import Answered, Event
from bot.core.facts import STRONG_TYPES, AccountFacts, Unreadable
from bot.core.law import Law
from bot.core.model import ActKind, Oid, Rank, Reason
from bot.core.policy import Row
from bot.core.rank import rank_of
from bot.core.records import Attempt, Case, JsonList, JsonMap, Proving
from bot.errors import PermanentError, Refused, TransientError
from bot.ports.clock import Clock, Entropy
from bot.ports.directory import Directory
from bot.ports.saved_codes import SavedCodes
from bot.ports.store import Store, UnitOfWork
from bot.ports.vouchers import Vouchers
from bot.service import on_record, sightings
from bot.service.attempts import Attempts
from bot.service.chance import new_id
from bot.service.evidence import MAX_AGE, EvidenceBook, as_passed
from bot.service.stops import Stops
from bot.service.threat_mode import threat_now

NEVER_TICKED = frozenset({"password", "temporaryAccessPass"})
AGAIN = timedelta(seconds=5)
"""How soon an account that could not be read is tried again."""
GIVE_UP = timedelta(minutes=2)
"""After this an account that still cannot be read counts as what it could be at worst."""


class Enrolled(Protocol):
    """What a person enrolled, as the page may tell of it after one evidence."""

    async def known(self, oid: str) -> JsonMap:
        """Closed words for `Proving.known`, such as `mail`: `good`, `young` or `none`."""
        ...


class Provings:
    def __init__(
        self,
        store: Store,
        clock: Clock,
        entropy: Entropy,
        directory: Directory,
        attempts: Attempts,
        book: EvidenceBook,
        stops: Stops,
        saved_codes: SavedCodes,
        vouchers: Vouchers,
        *,
        law: Law,
        groups: tuple[str, ...] = (),
        enrolled: Enrolled | None = None,
    ) -> None:
        """*groups* are the ids whose membership rank and policy ask about; *enrolled*: what the person
        set up besides saved codes."""
        self._store = store
        self._clock = clock
        self._entropy = entropy
        self._directory = directory
        self._attempts = attempts
        self._book = book
        self._stops = stops
        self._saved_codes = saved_codes
        self._vouchers = vouchers
        self._law = law
        self._groups = groups
        self._enrolled = enrolled

    # --- performers ------------------------------------------------------------------------------

    def open(
        self, work: UnitOfWork, case: Case, effect: OpenProof, event: Event, key: str
    ) -> Sequence[Answered]:
        """Performs `OpenProof`. A step that asks for no act needs no proof."""
        if not effect.acts:
            return (Answered(effect.step, effect.version, "ok"),)
        acts: JsonList = [a.value for a in effect.acts]
        work.save(Proving(case.id, effect.step, effect.version, acts, event.at))
        self._audit(work, case, event.at, Tag.PROOF_OPENED, step=effect.step, acts=acts)
        return ()

    def close(
        self, work: UnitOfWork, case: Case, effect: CloseProof, event: Event, key: str
    ) -> Sequence[Answered]:
        """Performs `CloseProof`: the step was left, the page stops collecting for it."""
        proving = work.get(Proving, case.id)
        if proving is not None and proving.step == effect.step and proving.closed_at is None:
            work.put(replace(proving, closed_at=event.at))
            self._audit(work, case, event.at, Tag.PROOF_CLOSED, step=effect.step)
        return ()

    # --- what is needed --------------------------------------------------------------------------

    def row(self, work: UnitOfWork, proving: Proving) -> Row:
        """The policy row of the acts asked for; only once the rank was read."""
        acts = [ActKind(a) for a in proving.acts]
        return rules.row(
            self._law.policy,
            acts,
            Rank(proving.rank),
            groups=frozenset(proving.groups),
            threat=threat_now(work, self._book.keys),
        )

    def satisfied(
        self, work: UnitOfWork, case: Case, proving: Proving, attempt: Attempt, at: datetime
    ) -> bool:
        """Whether this attempt's evidence fills a set of the row now."""
        if not proving.rank:
            return False
        passed = as_passed(self._book.standing(work, case, attempt, at))
        found = rules.satisfied(
            self.row(work, proving), passed, remembered=attempt.remembered, now=at, max_age=MAX_AGE
        )
        return found is not None

    def asks_of_methods(self, proving: Proving) -> bool:
        """Whether the person must say which methods they cannot use. Signing out everywhere touches no
        method, and somebody who can still sign in may want it, too."""
        return any(ActKind(act) in rules.PASS_ACTS for act in proving.acts)

    # --- reading the account -----------------------------------------------------------------------

    async def assess(self, case_id: str) -> None:
        """Read the subject's account once the first evidence passed, and note rank and methods. Safe
        to call at any time; answers the flow `refused` where the row allows nobody, and `ok` where
        the evidence is complete and nothing is left to be said."""
        await self._look(case_id)
        await self._settle(case_id)

    async def _settle(self, case_id: str) -> None:
        at = self._clock.now()

        def complete(work: UnitOfWork) -> Case | None:
            case, proving = work.get(Case, case_id), work.get(Proving, case_id)
            if case is None or case.status != "open" or proving is None or proving.closed_at is not None:
                return None
            if not proving.rank or self.asks_of_methods(proving):
                return None
            pages = work.find(Attempt, case_id=case_id, status="open")
            return case if any(self.satisfied(work, case, proving, one, at) for one in pages) else None

        def answer(work: UnitOfWork) -> None:
            work.case(case_id)
            case = complete(work)
            if case is not None:
                self._stops.answer(work, case, "ok", at)

        if await self._store.read(complete) is not None:
            await self._store.transact(answer)
            self._store.notify(case_id)

    async def _look(self, case_id: str) -> None:
        at = self._clock.now()

        def due(work: UnitOfWork) -> tuple[Case, bool] | None:
            case, proving = work.get(Case, case_id), work.get(Proving, case_id)
            if case is None or case.proven_at is None or not case.subject_oid:
                return None
            if proving is None or proving.closed_at is not None or proving.rank:
                return None
            if proving.looked_at is not None and at - proving.looked_at < AGAIN:
                return None
            return case, sightings.had_methods(work, case.subject_oid)

        found = await self._store.read(due)
        if found is None:
            return
        known, had_methods = found
        facts = await self._directory.facts(Oid(known.subject_oid), groups=self._groups)
        personal = await self._personal(known)
        now = self._clock.now()
        rank = rank_of(facts, self._law.ranks, now, had_methods=had_methods).rank

        def keep(work: UnitOfWork) -> None:
            case = work.case(case_id)
            proving = work.get(Proving, case_id)
            if case is None or proving is None or proving.closed_at is not None or proving.rank:
                return
            proving = replace(proving, looked_at=now)
            if _unsure(facts) and case.proven_at and now - case.proven_at < GIVE_UP:
                work.put(proving)
                return
            proving = replace(
                proving,
                rank=rank.value,
                rank_at=now,
                groups=sorted(facts.groups) if isinstance(facts.groups, frozenset) else [],
                methods=tickable(facts),
                known=personal,
            )
            work.put(proving)
            if self.row(work, proving).refused is not None:
                self._stops.answer(work, case, "refused", now)

        await self._store.transact(keep)
        self._store.notify(case_id)

    async def _personal(self, case: Case) -> JsonMap:
        """What the page may say once one evidence passed; numbers only masked."""
        numbers, _ = await on_record.on_record(self._store, self._directory, case, self._clock.now())
        try:
            manager = await self._vouchers.has_manager(case.subject_oid)
        except (TransientError, PermanentError):
            manager = True  # asking will tell
        return {
            "numbers": [{"ref": n.ref, "masked": n.masked, "source": n.source} for n in numbers if n.usable],
            "codes": await self._saved_codes.state(case.subject_oid),
            "manager": manager,
            **(await self._enrolled.known(case.subject_oid) if self._enrolled else {}),
        }

    # --- the person's part -----------------------------------------------------------------------

    async def tick(self, handle: str, browser: str, method_ids: Sequence[str]) -> None:
        """The person says which methods are gone; with none strong left, the flow gets its `ok`."""
        at = self._clock.now()

        def fn(work: UnitOfWork) -> tuple[str, Reason | None]:
            case, attempt = self._attempts.proven_page(work, handle, browser, at)
            proving = work.get(Proving, case.id)
            if case.status != "open" or proving is None or proving.closed_at is not None:
                raise Refused(Reason.PROOF_CLOSED)
            if not self.satisfied(work, case, proving, attempt, at):
                raise Refused(Reason.EVIDENCE_SHORT)
            known = {m["id"]: m for m in proving.methods}
            if not set(method_ids) <= set(known):
                raise Refused(Reason.BAD_FORM)
            if self._rang_there(work, case, attempt, set(method_ids), at):
                return case.id, Reason.RANG_ON_LOST
            gone = [known[i] for i in known if i in set(method_ids)]
            attempt = replace(attempt, gone=gone, gone_at=at)
            work.put(attempt)
            left = strong_left(proving, attempt)
            self._audit(
                work, case, at, Tag.METHODS_TICKED, attempt=attempt.id,
                gone=[m["id"] for m in gone], strong_left=len(left),
            )  # fmt: skip
            if not left:
                self._stops.answer(work, case, "ok", at)
            return case.id, None

        case_id, reason = await self._store.transact(fn)
        self._store.notify(case_id)
        if reason is not None:
            raise Refused(reason)

    def _rang_there(
        self, work: UnitOfWork, case: Case, attempt: Attempt, gone: set[str], at: datetime
    ) -> bool:
        """A call-back that rang on a device now said to be lost proves nothing: it is made void."""
        rows = [r for r in self._book.standing(work, case, attempt, at) if r.how.get("number") in gone]
        for row in rows:
            self._stops.void_row(work, row, "rang_on_lost", at)
        return bool(rows)

    def works(self, work: UnitOfWork, case: Case, at: datetime) -> bool:
        """A strong method still works: self-service, never a request."""
        return self._stops.answer(work, case, "working_method", at)

    def _audit(self, work: UnitOfWork, case: Case, at: datetime, tag: Tag, **body: Any) -> None:
        work.audit(
            audit_row(
                new_id(self._entropy, at), at, tag, case_id=case.id, actor="person",
                subject=case.subject_oid, **body,
            )
        )  # fmt: skip


def tickable(facts: AccountFacts) -> JsonList:
    """The methods a person may tick as gone."""
    if isinstance(facts.methods, Unreadable):
        return []
    return [
        {"id": m.id, "type": m.type, "label": m.label} for m in facts.methods if m.type not in NEVER_TICKED
    ]


def strong_left(proving: Proving, attempt: Attempt) -> list[str]:
    """Labels of strong methods that the person did not tick: those they can still sign in with."""
    gone = {m["id"] for m in attempt.gone}
    return [m["label"] for m in proving.methods if m["type"] in STRONG_TYPES and m["id"] not in gone]


def _unsure(facts: AccountFacts) -> bool:
    """A part that decides could not be read just now, in a way that may pass."""
    parts = (facts.person, facts.groups, facts.methods, facts.roles.active, facts.roles.eligible)
    return any(isinstance(p, Unreadable) and p.why in ("error", "late") for p in parts)
