"""Reviews: reading a case, denying it, calling it suspicious, or drafting what will be signed.

A desk session is enough to read and to say no. Approving only stores a draft here; the sign-in that
follows is the signature, and `service.acts` decides again when it comes back.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.core.audit import Tag, audit_row
from bot.core.effects import Tell
from bot.core.facts import Person
from bot.core.law import Law, Stand
from bot.core.model import Oid, Reason, RequestOutcome
from bot.core.plan import Draft
from bot.core.records import (
    Attempt,
    Card,
    Case,
    Decision,
    Intent,
    Request,
    Review,
    Session,
    Signing,
)
from bot.core.request import Refusal
from bot.errors import Refused
from bot.ports.clock import Clock, Entropy
from bot.ports.desk import TOPIC
from bot.ports.directory import Directory
from bot.ports.reviews import APPROVE_FOR, DENY_FOR, ActView, OutcomeView, Pulse, ReviewView, Signable, Why
from bot.ports.sign_in import Purpose, SignInAsk, SignIns
from bot.ports.store import Store, UnitOfWork
from bot.service import cards
from bot.service.chance import new_id
from bot.service.drafts import Drafts
from bot.service.keys import Keys, hashed
from bot.service.opening_for import opened_for
from bot.service.requests import Requests
from bot.service.review_views import (
    ReviewReader,
    Rows,
    acts_view,
    live_pass_view,
    prefilled,
    pulse_of,
    rows_of,
)
from bot.service.sightings import had_methods
from bot.service.stops import Stops
from bot.service.turns import say_job
from bot.service.world import Agents, Reader, World

_ASK_AGAIN = timedelta(minutes=2)
_LONGEST_NOTE = 500
_STUCK = timedelta(minutes=5)


class ReviewService:
    """Implements `ports.reviews.Reviews`."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        entropy: Entropy,
        keys: Keys,
        law: Law,
        reader: Reader,
        directory: Directory,
        agents: Agents,
        requests: Requests,
        stops: Stops,
        sign_ins: SignIns,
    ) -> None:
        self._store = store
        self._clock = clock
        self._entropy = entropy
        self._keys = keys
        self._directory = directory
        self._agents = agents
        self._requests = requests
        self._stops = stops
        self._sign_ins = sign_ins
        self._drafts = Drafts(store, clock, keys, law, reader)
        self._views = ReviewReader(store, directory, law)
        self._members: dict[str, datetime] = {}

    # --- reading -----------------------------------------------------------------------------------

    async def case_of(self, handle: str, agent: Session) -> str:
        await self._demand(agent)
        return (await self._store.read(lambda work: self._case(work, handle))).id

    async def view(self, handle: str, agent: Session) -> ReviewView:
        await self._demand(agent)
        at = self._clock.now()

        def fn(work: UnitOfWork) -> tuple[Rows, bool]:
            case = self._case(work, handle)
            return rows_of(work, case, self._keys, at), had_methods(work, case.subject_oid)

        rows, had = await self._store.read(fn)
        case = rows.case
        world = await self._drafts.world(rows, agent.oid) if case.subject_oid else None
        ranked = self._views.rank(world.subject, at, had_methods=had) if world else None
        faults: tuple[Reason, ...] = ()
        own: frozenset[str] = frozenset()
        if world and rows.request and rows.request.status == "open":
            faults, own = await self._drafts.faults(rows, world, agent.oid)
        pulse = pulse_of(rows, at)
        told = rows.check is None or bool(rows.check.told) or rows.check.status not in ("asked", "signed")
        taken = rows.card is not None and not cards.free(rows.card, at)
        return ReviewView(
            at=at,
            mark=pulse.mark,
            case_id=case.id,
            number=case.number,
            handle=handle,
            locale=case.locale,
            status=case.status,
            opened_at=case.opened_at,
            identified_by=case.identified_by,
            subject=await self._views.subject(rows, world, ranked, at) if world and ranked else None,
            page=await self._views.page(rows, at) if told else None,
            page_hidden=not told,
            present=pulse.present,
            evidence=await self._views.proofs(rows),
            missing=self._views.missing(rows, world.subject, ranked.rank) if world and ranked else (),
            recent=tuple((c.opened_at, c.flow, c.outcome or c.status) for c in rows.others),
            request=self._views.request(rows, world) if world else None,
            last_outcome=rows.request.outcome if rows.request else "",
            faults=tuple(f.value for f in faults),
            pass_policy=self._views.pass_policy(world, rows.open_request) if world else "",
            live_pass=live_pass_view(world.subject.live_pass, own) if world and rows.open_request else None,
            why=prefilled(case),
            taken_by=rows.card.taken_by if taken and rows.card else "",
            taken_name=rows.card.taken_name if taken and rows.card else "",
            helper=rows.helper,
            opened_by=opener_name(case, world),
            ticket=rows.ticket,
        )

    async def pulse(self, handle: str) -> Pulse:
        at = self._clock.now()
        return await self._store.read(
            lambda work: pulse_of(rows_of(work, self._case(work, handle), self._keys, at), at)
        )

    async def photo(self, handle: str, agent: Session) -> tuple[str, bytes] | None:
        await self._demand(agent)
        case = await self._store.read(lambda work: self._case(work, handle))
        person = await self._directory.person(Oid(case.subject_oid)) if case.subject_oid else None
        return await self._directory.photo(person.oid) if person else None

    # --- one POST each -------------------------------------------------------------------------------

    async def deny(self, handle: str, agent: Session, *, why: str, note: str) -> None:
        await self._demand(agent)
        reason, note = _said(why, note, DENY_FOR)
        at = self._clock.now()

        def fn(work: UnitOfWork) -> str:
            case, request = self._open(work, handle)
            self._review(work, request, agent, "deny", reason, note, at)
            self._audit(work, case, Tag.REVIEW_DENIED, agent, at, request=request.id, why=reason)
            self._requests.end(work, case, request, RequestOutcome.DENIED, at)
            return case.id

        self._changed(await self._store.transact(fn))

    async def suspicious(self, handle: str, agent: Session, *, note: str) -> None:
        await self._demand(agent)
        at, note = self._clock.now(), note.strip()[:_LONGEST_NOTE]

        def fn(work: UnitOfWork) -> str:
            case = self._locked(work, handle)
            if case.status in ("ended", "frozen"):
                raise Refused(Reason.CASE_FROZEN if case.status == "frozen" else Reason.CASE_ENDED)
            rows = rows_of(work, case, self._keys, at)
            if rows.request is not None and rows.request.status == "open":
                self._review(work, rows.request, agent, "suspicious", "suspicious", note, at)
            self._audit(work, case, Tag.REVIEW_SUSPICIOUS, agent, at)
            attempt = work.lock(Attempt, rows.attempt.id) if rows.attempt else None
            self._stops.object_to(work, case, attempt, "suspicious", at)
            return case.id

        self._changed(await self._store.transact(fn))

    async def ask_more(self, handle: str, agent: Session) -> None:
        await self._demand(agent)
        at = self._clock.now()

        def fn(work: UnitOfWork) -> str:
            case, request = self._open(work, handle)
            asked = work.count(Review, request_id=request.id, decision="ask_more")
            if asked:
                raise Refused(Reason.TOO_SOON)
            self._review(work, request, agent, "ask_more", "ask_more", "", at)
            self._audit(work, case, Tag.REVIEW_ASKED_MORE, agent, at, request=request.id)
            cards.touch(work, case.id, agent.oid, at)
            cards.refresh(work, case.id, f"more/{request.id}/{int(at.timestamp() * 1000)}", at)
            work.enqueue([say_job(case, Tell("desk_asks"), f"ask_more/{request.id}", at)])
            return case.id

        self._changed(await self._store.transact(fn))

    # --- the draft -----------------------------------------------------------------------------------

    async def draft(
        self, handle: str, agent: Session, browser: str, *, why: str, note: str, replaces: str
    ) -> Signable | tuple[str, ...]:
        await self._demand(agent)
        reason, note = _said(why, note, APPROVE_FOR)
        at = self._clock.now()
        rows = await self._store.read(lambda work: rows_of(work, self._case(work, handle), self._keys, at))
        request = rows.request
        if request is None or not rows.case.subject_oid:
            raise Refused(Reason.REQUEST_ENDED)
        world = await self._drafts.world(rows, agent.oid)

        def fn(work: UnitOfWork) -> Draft | tuple[str, ...]:
            case, now = self._open(work, handle)
            draft = self._drafts.draft(
                work, now, world, agent.oid, reason=reason, note=note, replaces=replaces
            )
            verdict = self._drafts.judge(work, case, now, draft, world)
            if not isinstance(verdict, Refusal):
                cards.touch(work, case.id, agent.oid, self._clock.now())
                return draft
            words = tuple(r.value for r in verdict.reasons)
            at = self._clock.now()
            self._audit(work, case, Tag.DRAFT_REFUSED, agent, at, request=now.id, reasons=list(words))
            if verdict.ends:
                first = next(r for r in verdict.reasons if Refusal((r,)).ends)
                self._requests.end(work, case, now, RequestOutcome.REFUSED, at, refusal=first.value)
            return words

        draft = await self._store.transact(fn)
        if isinstance(draft, tuple):
            self._changed(rows.case.id)
            return draft
        payload = {"case_id": rows.case.id, "draft": draft.to_json()}
        hint = str(agent.facts.get("upn", ""))
        redirect = await self._sign_ins.begin(
            SignInAsk(Purpose.APPROVE, browser, request.id, agent.oid, hint, draft.digest, payload)
        )
        person = world.subject.person
        assert isinstance(person, Person)
        return Signable(
            rows.case.number, person.name, person.upn, draft.rank, acts_view(request, world),
            await self._views.proofs(rows), reason, note, draft.policy_version, draft.digest,
            bool(replaces), redirect, name_of(world.stand),
        )  # fmt: skip

    # --- after the signature ---------------------------------------------------------------------------

    async def outcome(self, handle: str, agent: Session, signing_id: str) -> OutcomeView:
        await self._demand(agent)
        at = self._clock.now()

        def fn(work: UnitOfWork) -> OutcomeView:
            case = self._case(work, handle)
            row = work.get(Decision, signing_id)
            if row is None or row.case_id != case.id:
                raise Refused(Reason.UNKNOWN_CASE)
            request = work.get(Request, row.request_id)
            intents = work.find(Intent, execution_id=row.execution_id, order="n") if row.execution_id else []
            stuck = row.status == "working" and at - row.at > _STUCK
            return OutcomeView(
                case.number,
                "interrupted" if stuck else row.status,
                tuple(map(str, row.reasons)),
                row.missing,
                row.outcome,
                tuple(
                    ActView(
                        str(i.act["kind"]),
                        str(i.act.get("label", "")),
                        result=i.result,
                        shape=str(i.act.get("shape", "")),
                    )
                    for i in intents
                ),
                row.at,
                request is not None and request.status == "open",
            )

        return await self._store.read(fn)

    def back(self, signing: Signing) -> str:
        """Where a sign-in for an approval returns to when it was refused before it was judged."""
        return f"/r/{self._keys.handle('review', str(signing.payload.get('case_id', '')))}"

    # --- small -----------------------------------------------------------------------------------------

    async def _demand(self, agent: Session) -> None:
        """Raises Refused for somebody who left the group; asked again every two minutes."""
        at = self._clock.now()
        read_at = self._members.get(agent.oid)
        if read_at is not None and timedelta(0) <= at - read_at < _ASK_AGAIN:
            return
        fault = await self._agents.fault(agent.oid)
        if fault is not None:
            self._members.pop(agent.oid, None)
            raise Refused(fault)
        self._members[agent.oid] = at

    def _case(self, work: UnitOfWork, handle: str) -> Case:
        """The case behind a handle, which exists once a card does."""
        card = work.first(Card, handle_hash=hashed(handle))
        case = work.get(Case, card.case_id) if card else None
        if case is None:
            raise Refused(Reason.UNKNOWN_CASE)
        return case

    def _locked(self, work: UnitOfWork, handle: str) -> Case:
        case = work.case(self._case(work, handle).id)
        assert case is not None
        return case

    def _open(self, work: UnitOfWork, handle: str) -> tuple[Case, Request]:
        """The case, locked, and its open request. Raises Refused."""
        case = self._locked(work, handle)
        request = work.first(Request, case_id=case.id, order="-asked_at")
        if case.status == "frozen":
            raise Refused(Reason.CASE_FROZEN)
        if request is not None and request.status == "executing":
            raise Refused(Reason.EXECUTION_OPEN)
        if request is None or request.status != "open" or self._clock.now() >= request.expires_at:
            raise Refused(Reason.REQUEST_ENDED)
        return case, request

    def _review(
        self,
        work: UnitOfWork,
        request: Request,
        agent: Session,
        decision: str,
        reason: str,
        note: str,
        at: datetime,
    ) -> None:
        row = Review(
            new_id(self._entropy, at), request.id, agent.oid, f"{decision}/{agent.oid}", decision, reason,
            "", at, "", "", note,
        )  # fmt: skip
        work.add(replace(row, mac=self._keys.row_mac(row)))

    def _audit(
        self, work: UnitOfWork, case: Case, tag: Tag, agent: Session, at: datetime, **body: Any
    ) -> None:
        work.audit(
            audit_row(
                new_id(self._entropy, at), at, tag, case_id=case.id, actor=agent.oid,
                actor_method="desk_session", actor_auth_time=agent.auth_time,
                subject=case.subject_oid, **body,
            )
        )  # fmt: skip

    def _changed(self, case_id: str) -> None:
        self._store.notify(case_id)
        self._store.notify(TOPIC)


def opener_name(case: Case, world: World | None) -> str:
    """Who opened the case for somebody else, as the directory says now; the account where it does not."""
    if world is None or not opened_for(case):
        return ""
    oid = str(case.opener.get("oid", ""))
    found = world.witnesses.get(oid)
    return found.name if isinstance(found, Person) else oid


def name_of(stand: Stand | None) -> str:
    """Who stands in for the person's browser, as the directory says now."""
    return stand.person.name if stand is not None and isinstance(stand.person, Person) else ""


def _said(why: str, note: str, allowed: tuple[Why, ...]) -> tuple[str, str]:
    """A reason of the closed list; `other` needs words. Raises Refused(BAD_FORM)."""
    note = note.strip()[:_LONGEST_NOTE]
    if why not in allowed or (why == Why.OTHER and not note):
        raise Refused(Reason.BAD_FORM, detail="why")
    return why, note
