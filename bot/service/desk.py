"""The desk: who may sit there, the queue, taking turns, shifts, and how a talk ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from bot.core.audit import Tag, audit_row
from bot.core.engine import awaiting
from bot.core.events import Answered
from bot.core.flow import FlowState
from bot.core.model import Reason
from bot.core.records import Card, Session, Shift, Signing, Timer, Withdrawal
from bot.core.tables import Verb
from bot.errors import Refused
from bot.ports.clock import Clock, Entropy
from bot.ports.desk import TOPIC, Board, CardView, DeadLetters
from bot.ports.directory import Directory
from bot.ports.flows import Flows
from bot.ports.sessions import Sessions
from bot.ports.sign_in import Finished, Landing, Purpose, Redirect, SignInAsk, SignIns
from bot.ports.store import Store, UnitOfWork
from bot.ports.turns import Turns
from bot.service import cards
from bot.service.card_views import CardViews
from bot.service.chance import new_id
from bot.service.desk_board import Boards
from bot.service.holding import Holdings, desk_row
from bot.service.keys import Keys, hashed
from bot.service.membership import Membership
from bot.service.queue_lines import QueueLines

OUTCOMES = frozenset({"closed", "back"})


class DeskService:
    """Implements `ports.desk.Desk`; `signed_in` handles `Purpose.DESK`, `fire` the timers `take`."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        entropy: Entropy,
        directory: Directory,
        flows: Flows,
        turns: Turns,
        sessions: Sessions,
        sign_ins: SignIns,
        views: CardViews,
        dead: DeadLetters,
        keys: Keys,
        agents_group: str,
        lines: QueueLines | None = None,
    ) -> None:
        """*lines* tell the person in the chat who has their case."""
        self._keys = keys
        self._store = store
        self._clock = clock
        self._entropy = entropy
        self._flows = flows
        self._turns = turns
        self._sessions = sessions
        self._sign_ins = sign_ins
        self._dead = dead
        self._members = Membership(directory, clock, agents_group)
        self._boards = Boards(store, clock, views, dead, keys)
        self._holdings = Holdings(store, clock, entropy, views, self._members, lines)

    # --- who may sit here ------------------------------------------------------------------------

    async def sign_in(self, browser: str, *, review: str = "", back: str = "") -> Redirect:
        found = None
        if review:  # the case is noted, never the handle: that is made again on the way back
            found = await self._store.read(lambda work: work.first(Card, handle_hash=hashed(review)))
        return await self._sign_ins.begin(
            SignInAsk(
                Purpose.DESK, browser, subject_ref=found.case_id if found else "",
                payload={"back": back} if back.startswith("/desk/") else {},
            )
        )  # fmt: skip

    def back(self, signing: Signing) -> str:
        """The page a sign-in for the desk began on."""
        case_id = signing.subject_ref
        began = str(signing.payload.get("back", "/desk"))
        return f"/r/{self._keys.handle('review', case_id)}" if case_id else began

    async def signed_in(self, finished: Finished) -> Landing:
        """Opens a desk session for a member of the agents' group, and for nobody else."""
        who = finished.who
        reason = await self._members.refusal(who.oid)
        if reason is not None:
            at = self._clock.now()
            row = audit_row(
                new_id(self._entropy, at), at, Tag.DESK_REFUSED, actor=who.oid, actor_method="sign_in",
                actor_auth_time=who.auth_time, reason=reason.value,
            )  # fmt: skip
            await self._store.transact(lambda work: work.audit(row))
            return Landing(self.back(finished.signing), refused=reason.value)
        value = await self._sessions.open("desk", who, {"upn": who.upn})
        return Landing(self.back(finished.signing), session=value, session_kind="desk")

    # --- reading ---------------------------------------------------------------------------------

    async def board(self, agent: Session) -> Board:
        await self._members.demand(agent.oid)
        return await self._boards.of(agent)

    async def mark(self) -> str:
        return await self._boards.mark()

    # --- who has a case: see `service.holding` ------------------------------------------------------

    async def take(self, agent: Session, case_id: str) -> None:
        await self._holdings.take(agent, case_id)

    async def next(self, agent: Session) -> CardView | None:
        return await self._holdings.next(agent)

    async def release(self, agent: Session, case_id: str) -> None:
        await self._holdings.release(agent, case_id)

    async def offer(self, agent: Session, case_id: str, to_oid: str, note: str) -> None:
        await self._holdings.offer(agent, case_id, to_oid, note)

    async def fire(self, timer: Timer) -> None:
        await self._holdings.fire(timer)

    # --- shifts ----------------------------------------------------------------------------------

    async def start_shift(self, agent: Session) -> None:
        await self._members.demand(agent.oid)
        at = self._clock.now()

        def fn(work: UnitOfWork) -> None:
            shift = work.lock(Shift, agent.oid)
            if shift is None or shift.ended_at is not None:
                work.save(Shift(agent.oid, agent.name, at, at))
                self._audit(work, Tag.SHIFT_STARTED, agent, at)

        await self._changed(fn)

    async def end_shift(self, agent: Session) -> None:
        """Open to everybody who still has a session: nobody is kept on duty by a lost membership."""
        at = self._clock.now()

        def fn(work: UnitOfWork) -> None:
            shift = work.lock(Shift, agent.oid)
            if shift is not None and shift.ended_at is None:
                work.put(replace(shift, ended_at=at))
                self._audit(work, Tag.SHIFT_ENDED, agent, at)
            self._holdings.give_back_all(work, agent, at)

        await self._changed(fn)

    # --- talks, withdrawals ------------------------------------------------------------------------

    async def answer(self, agent: Session, case_id: str, outcome: str) -> None:
        await self._members.demand(agent.oid)
        if outcome not in OUTCOMES:
            raise Refused(Reason.BAD_FORM)
        at = self._clock.now()

        def fn(work: UnitOfWork) -> None:
            case = work.case(case_id)
            if case is None:
                raise Refused(Reason.UNKNOWN_CASE)
            if case.status == "frozen":
                raise Refused(Reason.CASE_FROZEN)
            waits = awaiting(self._flows.at(case.flow_hash), FlowState.from_json(case.state))
            if waits is None or waits.verb is not Verb.HANDOFF:
                raise Refused(Reason.NOT_EXPECTED)
            self._audit(work, Tag.HANDOFF_ANSWERED, agent, at, case_id, outcome=outcome)
            cards.done(work, case_id, at)
            self._turns.take(
                work,
                case,
                Answered(waits.step, waits.version, outcome),
                dedupe_key=f"handoff/{case_id}/{waits.step}@{waits.version}",
                at=at,
            )

        await self._changed(fn)
        self._store.notify(case_id)

    async def withdraw(self, agent: Session, browser: str, withdrawal_id: str) -> Redirect:
        await self._members.demand(agent.oid)
        found = await self._store.read(lambda work: work.get(Withdrawal, withdrawal_id))
        if found is None or found.status != "open":
            raise Refused(Reason.REQUEST_ENDED)
        if found.subject_oid == agent.oid:
            raise Refused(Reason.SELF)
        return await self._sign_ins.begin(
            SignInAsk(
                Purpose.WITHDRAW, browser, subject_ref=withdrawal_id, expected_oid=agent.oid,
                login_hint=str(agent.facts.get("upn", "")),
            )
        )  # fmt: skip

    # --- dead letters ------------------------------------------------------------------------------

    async def retry(self, agent: Session, letter: str) -> None:
        await self._members.demand(agent.oid)
        done = await self._dead.retry(letter, by=agent.oid)
        self._store.notify(TOPIC)
        if not done and any(one.key == letter for one in await self._dead.listed()):
            raise Refused(Reason.STILL_FAILING)

    async def dismiss(self, agent: Session, letter: str) -> None:
        await self._members.demand(agent.oid)
        await self._dead.dismiss(letter, by=agent.oid)
        self._store.notify(TOPIC)

    # --- inside ------------------------------------------------------------------------------------

    async def _changed(self, fn: Callable[[UnitOfWork], None]) -> None:
        await self._store.transact(fn)
        self._store.notify(TOPIC)

    def _audit(
        self, work: UnitOfWork, tag: Tag, agent: Session, at: datetime, case_id: str = "", **body: str
    ) -> None:
        work.audit(desk_row(new_id(self._entropy, at), at, tag, agent, case_id, **body))
