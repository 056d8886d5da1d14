"""Taking back what a frozen case has made: one fresh sign-in deletes the pass and signs the subject out.

The approver's token of that sign-in is used for these two calls and dropped. A row says that it was
begun before Graph is asked anything, and what came of each call after. Both can be done twice without
harm, so what is unknown stays on the page (and a pass that may still be there goes to the desk).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.core.audit import Tag, audit_row
from bot.core.facts import LivePass, Method, Person
from bot.core.humans import Humans
from bot.core.model import ActResult, Oid, Reason
from bot.core.records import Addition, Case, Execution, Handover, Objection, Session, Takeback, Withdrawal
from bot.errors import KeyturnError, Refused
from bot.ports.acting import Acting, ActsRefused, ActsUnknown, ActToken
from bot.ports.clock import Clock, Entropy
from bot.ports.desk import TOPIC
from bot.ports.directory import Directory
from bot.ports.objections import AddedSince, TakebackView
from bot.ports.sign_in import Finished, Landing, Purpose, Redirect, SignInAsk, SignIns
from bot.ports.store import Over, Store, UnitOfWork
from bot.service.chance import new_id
from bot.service.handover import LIVE, Handovers
from bot.service.keys import Keys
from bot.service.membership import Membership
from bot.service.world import Agents

PATH = "/stop"
SHOWN = timedelta(hours=24)
"""How long one that is done stays on the page."""
_SLACK = timedelta(seconds=60)
_NO_METHOD = frozenset({"password", "temporaryAccessPass"})


class TakebackService:
    """Implements `ports.objections.Takebacks`; `signed` handles `Purpose.STOP`."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        entropy: Entropy,
        keys: Keys,
        acting: Acting,
        directory: Directory,
        agents: Agents,
        members: Membership,
        handovers: Handovers,
        sign_ins: SignIns,
        humans: Humans,
    ) -> None:
        self._store = store
        self._clock = clock
        self._entropy = entropy
        self._keys = keys
        self._acting = acting
        self._directory = directory
        self._agents = agents
        self._members = members
        self._handovers = handovers
        self._sign_ins = sign_ins
        self._humans = humans

    # --- the page --------------------------------------------------------------------------------

    async def listed(self, agent: Session) -> Sequence[TakebackView]:
        await self._members.demand(agent.oid)
        since = self._clock.now() - SHOWN

        def fn(work: UnitOfWork) -> list[tuple[Takeback, Case, int, list[Addition]]]:
            rows = work.find(Takeback, status="open", order="asked_at", limit=50)
            rows += work.find(Takeback, status="done", tried_at=Over(since), order="-tried_at", limit=20)
            return [
                (row, case, work.count(Objection, case_id=case.id), work.find(Addition, case_id=case.id))
                for row in rows
                if (case := work.get(Case, row.case_id)) is not None
            ]

        found = await self._store.read(fn)
        return await asyncio.gather(*(self._view(*one) for one in found))

    async def _view(self, row: Takeback, case: Case, objections: int, seen: list[Addition]) -> TakebackView:
        try:
            person = await self._directory.person(Oid(row.subject_oid))
        except KeyturnError:
            person = None
        return TakebackView(
            case.id, case.number, person.name if person else "", person.upn if person else "", row.why,
            row.asked_at, objections, row.passes, row.sessions, row.status == "done",
            f"/r/{self._keys.handle('review', case.id)}", await self._added(row, case, seen),
        )  # fmt: skip

    async def _added(self, row: Takeback, case: Case, seen: list[Addition]) -> Sequence[AddedSince] | None:
        """Read now: whoever had the pass may have added one after the flow looked last."""
        try:
            methods = await self._directory.methods(Oid(row.subject_oid))
        except KeyturnError:
            return None
        said = {a.method_id: a for a in seen}
        since = (case.proven_at or case.opened_at) - _SLACK
        new = [m for m in methods if m.type not in _NO_METHOD and (m.id in said or _after(m, since))]
        return [
            AddedSince(m.type, m.label, m.created_at, _yours(said[m.id]) if m.id in said else None)
            for m in new
        ]

    async def begin(self, agent: Session, browser: str, case_id: str) -> Redirect:
        await self._members.demand(agent.oid)
        row = await self._store.read(lambda work: work.get(Takeback, case_id))
        if row is None or row.status != "open":
            raise Refused(Reason.REQUEST_ENDED)
        if row.subject_oid == agent.oid:
            raise Refused(Reason.SELF)
        return await self._sign_ins.begin(
            SignInAsk(
                Purpose.STOP, browser, subject_ref=case_id, expected_oid=agent.oid,
                login_hint=str(agent.facts.get("upn", "")), payload={"case_id": case_id},
            )
        )  # fmt: skip

    # --- the one sign-in -------------------------------------------------------------------------

    async def signed(self, finished: Finished) -> Landing:
        row = await self._store.read(lambda work: work.get(Takeback, finished.signing.subject_ref))
        if row is None or finished.token is None:
            return Landing(PATH, refused=Reason.UNKNOWN_STATE)
        if row.status != "open":
            return Landing(PATH)
        fault = await self._fault(finished.who.oid, row)
        if fault is not None:
            await self._note(row, Tag.TAKEBACK_REFUSED, finished, reason=fault.value)
            return Landing(PATH, refused=fault)
        await self._note(row, Tag.TAKEBACK_BEGUN, finished, why=row.why)
        passes, pass_id = await self._delete(finished.token, row)
        sessions = await self._sign_out(finished.token, row)
        await self._write(row, finished, passes, sessions, pass_id)
        self._store.notify(row.case_id)
        self._store.notify(TOPIC)
        match passes, sessions:
            case ActResult.DONE, ActResult.DONE:
                return Landing(PATH)
            case (ActResult.REFUSED, _) | (_, ActResult.REFUSED):
                return Landing(PATH, refused=Reason.ROLE_NOT_COVERING)
            case _:
                return Landing(PATH, refused=Reason.UNAVAILABLE)

    async def _fault(self, oid: str, row: Takeback) -> Reason | None:
        """An agent in good standing, and another human than the subject; what cannot be read is a no."""
        if fault := await self._agents.fault(oid):
            return fault
        if oid == row.subject_oid:
            return Reason.SELF
        try:
            agent, subject = [await self._directory.person(Oid(one)) for one in (oid, row.subject_oid)]
        except KeyturnError:
            return Reason.FACTS_UNREADABLE
        same = isinstance(agent, Person) and isinstance(subject, Person) and self._humans.same(agent, subject)
        return Reason.SAME_HUMAN if same else None

    async def _delete(self, token: ActToken, row: Takeback) -> tuple[ActResult, str]:
        oid = Oid(row.subject_oid)
        try:
            live = await self._acting.list_passes(token, oid)
            if live is None or not live.usable:
                return ActResult.DONE, ""
            match await self._store.read(lambda work: _whose(work, row, live)):
                case "theirs":
                    return ActResult.DONE, ""
                case "unknown":
                    return ActResult.VOID, ""
            await self._acting.withdraw_pass(token, oid, live.id)
        except ActsRefused as err:
            return (ActResult.VOID if err.status == 429 else ActResult.REFUSED), ""
        except ActsUnknown:
            return ActResult.VOID, ""
        return ActResult.DONE, live.id

    async def _sign_out(self, token: ActToken, row: Takeback) -> ActResult:
        """After the pass is gone, so that it cannot open another session."""
        try:
            await self._acting.forget_devices(token, Oid(row.subject_oid))
        except ActsRefused as err:
            return ActResult.VOID if err.status == 429 else ActResult.REFUSED
        except ActsUnknown:
            return ActResult.VOID
        return ActResult.DONE

    # --- rows ------------------------------------------------------------------------------------

    async def _write(
        self, row: Takeback, finished: Finished, passes: ActResult, sessions: ActResult, pass_id: str
    ) -> None:
        at = self._clock.now()
        both = passes is ActResult.DONE and sessions is ActResult.DONE

        def fn(work: UnitOfWork) -> None:
            case, now = work.case(row.case_id), work.lock(Takeback, row.case_id)
            if case is None or now is None:
                return
            work.put(
                replace(
                    now, status="done" if both or now.status == "done" else "open", passes=passes.value,
                    sessions=sessions.value, by_oid=finished.who.oid, tried_at=at,
                    pass_id=pass_id or now.pass_id,
                )
            )  # fmt: skip
            waiting = work.find(Withdrawal, case_id=case.id, status="open")
            if passes is ActResult.DONE:
                for one in waiting:
                    work.put(replace(one, status="done", by_oid=finished.who.oid, done_at=at))
                for handover in work.find(Handover, case_id=case.id):
                    if handover.pass_id == pass_id or handover.status == "destroyed":
                        work.put(replace(handover, status="withdrawn", sealed=""))
            elif not waiting:
                self._handovers.ask_withdrawal(work, case, "", "objection", at)
            tag = Tag.TAKEBACK_DONE if both else Tag.TAKEBACK_REFUSED
            self._audit(
                work, row, tag, finished, at, passes=passes.value, sessions=sessions.value, withdrew=pass_id
            )

        await self._store.transact(fn)

    async def _note(self, row: Takeback, tag: Tag, finished: Finished, **body: Any) -> None:
        at = self._clock.now()
        await self._store.transact(lambda work: self._audit(work, row, tag, finished, at, **body))

    def _audit(
        self, work: UnitOfWork, row: Takeback, tag: Tag, finished: Finished, at: datetime, **body: Any
    ) -> None:
        work.audit(
            audit_row(
                new_id(self._entropy, at), at, tag, case_id=row.case_id, actor=finished.who.oid,
                actor_method="sign_in", actor_auth_time=finished.who.auth_time, subject=row.subject_oid,
                signing=finished.signing.id, **body,
            )
        )  # fmt: skip


def _whose(work: UnitOfWork, row: Takeback, live: LivePass) -> str:
    """The pass there is: `ours` to delete, `theirs` when the person's next case made it, `unknown` while
    another case is making one. One that we know nothing of is ours: a thief may have made it."""
    for run in work.find(Execution, subject_oid=row.subject_oid):
        if run.case_id == row.case_id:
            continue
        sealed = work.find(Handover, case_id=run.case_id)
        if any(one.pass_id == live.id and one.status in LIVE for one in sealed):
            return "theirs"
        if run.status == "open":
            return "unknown"
    return "ours"


def _after(method: Method, since: datetime) -> bool:
    """Without a date nobody knows; it is not shown as new, for old ones have none either."""
    return method.created_at is not None and method.created_at >= since


def _yours(row: Addition) -> bool | None:
    return {"yes": True, "no": False}.get(row.yours)
