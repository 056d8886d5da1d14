"""One act, once: what is asked of Graph, and what each kind of answer means.

A clear no changed nothing. Silence may have changed something: it is taken back as far as it can be,
and the result is `void`. A pass made is sealed before anything else happens to it, and its plaintext
lives in one local name for the length of one call.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.core.facts import LivePass, Unreadable
from bot.core.model import Act, ActKind, ActResult, Oid, Reason
from bot.core.plan import Draft, act_of
from bot.core.records import Attempt, Case, Execution, Intent, Request
from bot.errors import KeyturnError
from bot.ports.acting import Acting, ActsRefused, ActsUnknown, ActToken
from bot.ports.clock import Entropy
from bot.ports.directory import Directory
from bot.ports.store import Store, UnitOfWork
from bot.service import sealing
from bot.service.executions import Executions
from bot.service.handover import Handovers, Sealed
from bot.service.world import own_passes

log = logging.getLogger(__name__)
_SKEW = timedelta(seconds=30)
"""Clocks differ; sessions ended this little before the intent ended because of it."""


@dataclass(frozen=True, slots=True)
class Step:
    """Whether the plan goes on, and, if nothing at all was done, why another approver may try."""

    go_on: bool
    reopen: Reason | None = None


class GraphActs:
    def __init__(
        self,
        store: Store,
        entropy: Entropy,
        acting: Acting,
        directory: Directory,
        executions: Executions,
        handovers: Handovers,
    ) -> None:
        self._store = store
        self._entropy = entropy
        self._acting = acting
        self._directory = directory
        self._executions = executions
        self._handovers = handovers

    async def carry_out(
        self, run: Execution, intent: Intent, request: Request, draft: Draft, token: ActToken
    ) -> Step:
        act = act_of(intent.act)
        if act.kind is ActKind.ISSUE_PASS:
            return await self._issue(run, intent, act, request, draft, token)
        return await self._change(run, intent, act, token)

    # --- the pass ----------------------------------------------------------------------------------

    async def _issue(
        self, run: Execution, intent: Intent, act: Act, request: Request, draft: Draft, token: ActToken
    ) -> Step:
        oid = Oid(run.subject_oid)
        try:
            before = await self._acting.list_passes(token, oid)
        except ActsRefused as err:
            return await self._refused(run, intent, err)
        except ActsUnknown as err:
            # Nothing was changed by a reading: the next approver may try at once.
            await self._executions.record(run, intent, ActResult.REFUSED, {"why": f"list: {err.why}"})
            return Step(False, Reason.UNAVAILABLE)
        if before is not None and before.usable and before.id not in await self._ours(run, draft, before):
            await self._executions.record(run, intent, ActResult.REFUSED, {"why": Reason.LIVE_PASS.value})
            return Step(False, Reason.LIVE_PASS)
        try:
            sealed = await self._made(run, act, request, token)
        except ActsRefused as err:
            return await self._refused(run, intent, err)
        except ActsUnknown as err:
            return await self._void(run, intent, before, err.why, token)
        except Exception as err:  # noqa: BLE001 - sealing failed, or an error nobody foresaw: unknown
            log.error("making a pass ended in %s", type(err).__name__)
            return await self._void(run, intent, before, type(err).__name__, token)
        detail = {"pass_id": sealed.pass_id, "minutes": sealed.minutes}
        try:
            kept = await self._executions.record(run, intent, ActResult.DONE, detail, sealed)
        except Exception as err:
            log.error("a result could not be written: %s", type(err).__name__)
            await self._undo(run, before, token)
            raise
        if kept:
            return Step(True)
        return await self._void(run, intent, before, "nowhere_to_go", token)

    async def _made(self, run: Execution, act: Act, request: Request, token: ActToken) -> Sealed:
        """Make the pass and seal it. Raises what `Acting.issue_pass` raises."""
        attempt = await self._store.read(lambda work: work.get(Attempt, request.attempt_id))
        if attempt is None or attempt.thumbprint != request.thumbprint:
            raise ActsRefused(0, Reason.KEY_CHANGED.value)
        if sealing.thumbprint(attempt.page_key) != request.thumbprint:
            raise ActsRefused(0, Reason.KEY_CHANGED.value)
        made = await self._acting.issue_pass(token, Oid(run.subject_oid), minutes=act.minutes, once=act.once)
        try:
            wire = sealing.seal(
                attempt.page_key, made.value.encode(), case_id=run.case_id, request_id=request.id,
                act=ActKind.ISSUE_PASS.value, entropy=self._entropy,
            )  # fmt: skip
            return Sealed(wire, made.id, made.lifetime_minutes or act.minutes)
        finally:
            del made

    async def _ours(self, run: Execution, draft: Draft, live: LivePass) -> frozenset[str]:
        def fn(work: UnitOfWork) -> frozenset[str]:
            case = work.get(Case, run.case_id)
            return own_passes(work, case, live) if case else frozenset()

        return await self._store.read(fn) | {draft.replaces}

    async def _void(
        self, run: Execution, intent: Intent, before: LivePass | None, why: str, token: ActToken
    ) -> Step:
        undone = await self._undo(run, before, token)
        await self._executions.record(run, intent, ActResult.VOID, {"why": why, "undone": undone})
        return Step(False)

    async def _undo(self, run: Execution, before: LivePass | None, token: ActToken) -> str:
        """Delete a pass we may have made. `found` and deleted, `none` to be found, or `unknown`: then
        the desk is asked to withdraw."""
        oid = Oid(run.subject_oid)
        try:
            live = await self._acting.list_passes(token, oid)
            if live is None or (before is not None and _same(live, before)):
                return "none"
            await self._acting.withdraw_pass(token, oid, live.id)
        except (ActsRefused, ActsUnknown):
            await self._ask_desk(run)
            return "unknown"
        return "found"

    async def _ask_desk(self, run: Execution) -> None:
        def fn(work: UnitOfWork) -> None:
            case = work.case(run.case_id)
            if case is not None:
                at = self._executions.now()
                self._handovers.ask_withdrawal(work, case, "", "unknown", at, execution_id=run.id)

        await self._store.transact(fn)

    # --- everything else ---------------------------------------------------------------------------

    async def _change(self, run: Execution, intent: Intent, act: Act, token: ActToken) -> Step:
        oid = Oid(run.subject_oid)
        try:
            match act.kind:
                case ActKind.REMOVE_METHOD:
                    await self._acting.remove_method(
                        token, oid, method_type=act.method_type, method_id=act.method_id
                    )
                case ActKind.FORGET_DEVICES:
                    await self._acting.forget_devices(token, oid)
                case ActKind.RESET_METHODS | ActKind.ISSUE_PASS:
                    raise ActsRefused(0, "not_an_act_of_its_own")
        except ActsRefused as err:
            return await self._refused(run, intent, err)
        except ActsUnknown as err:
            result = ActResult.DONE if await self._happened(oid, act, intent) else ActResult.VOID
            await self._executions.record(run, intent, result, {"why": err.why})
            return Step(result is ActResult.DONE)
        return Step(await self._executions.record(run, intent, ActResult.DONE, {}))

    async def _happened(self, oid: Oid, act: Act, intent: Intent) -> bool:
        """After silence: what the account shows now. Unreadable is no yes."""
        try:
            if act.kind is ActKind.FORGET_DEVICES:
                since = await self._directory.sessions_since(oid)
                return since is not None and since >= intent.written_at - _SKEW
            methods = await self._directory.methods(oid)
        except KeyturnError:
            return False
        return not isinstance(methods, Unreadable) and all(m.id != act.method_id for m in methods)

    async def _refused(self, run: Execution, intent: Intent, err: ActsRefused) -> Step:
        detail: dict[str, Any] = {"status": err.status, "code": err.code}
        await self._executions.record(run, intent, ActResult.REFUSED, detail)
        return Step(False, _REOPENS.get(err.status))


def _same(one: LivePass, other: LivePass) -> bool:
    return (one.id, one.created_at) == (other.id, other.created_at)


_REOPENS = {
    401: Reason.ROLE_NOT_COVERING,
    403: Reason.ROLE_NOT_COVERING,
    429: Reason.UNAVAILABLE,
}
"""A clear no that was about the approver, or about nothing but the moment."""
