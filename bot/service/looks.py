"""Reads that flows ask for (`look`), outside the transaction; the answer comes back as an event.

What concerns a person answers `unknown` until the chat is linked or one evidence passed, without
calling Graph: a stolen chat account must not be able to explore somebody's account.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from bot.core.account_state import account_state
from bot.core.events import Answered, Event
from bot.core.facts import STRONG_TYPES, Unreadable
from bot.core.model import CaseId, EventId, Oid, PassShape, Rank
from bot.core.plan import DAY_MINUTES, in_scope, minutes_for
from bot.core.records import Case, Job, Shift
from bot.errors import PermanentError, TransientError
from bot.ports.clock import Clock, Entropy
from bot.ports.directory import Directory
from bot.ports.store import Store, UnitOfWork
from bot.ports.turns import Turns
from bot.service.chance import new_id
from bot.service.follow_through import additions

Answer = tuple[str, dict[str, object]]
_UNKNOWN: Answer = ("unknown", {})


class Looks:
    """The outbox handler of `look` jobs. *open_now* says whether the desk's service hours hold."""

    def __init__(
        self,
        store: Store,
        turns: Turns,
        directory: Directory,
        clock: Clock,
        entropy: Entropy,
        *,
        open_now: Callable[[datetime], bool],
        rank_of: Callable[[Oid], Any],
        agent_of: Callable[[UnitOfWork, Case, datetime], Mapping[str, object] | None],
    ) -> None:
        self._store = store
        self._turns = turns
        self._directory = directory
        self._clock = clock
        self._entropy = entropy
        self._open_now = open_now
        self._rank_of = rank_of
        self._agent_of = agent_of

    async def handle(self, job: Job) -> None:
        step, version, what = job.body["step"], job.body["version"], job.body["what"]
        case = await self._store.read(lambda work: work.get(Case, job.case_id))
        if case is None:
            return
        try:
            outcome, fields = await self._answer(what, case)
        except (TransientError, PermanentError):
            outcome, fields = "error", {}
        at = self._clock.now()
        await self._turns.receive(
            Event(
                EventId(new_id(self._entropy, at)), job.key, at, CaseId(job.case_id),
                Answered(step, version, outcome, fields),
            )
        )  # fmt: skip

    def given_up(self, work: UnitOfWork, job: Job) -> None:
        """A read that will never be answered answers `error`, so that nobody waits for it."""
        case = work.case(job.case_id)
        if case is not None:
            answer = Answered(job.body["step"], job.body["version"], "error")
            self._turns.take(work, case, answer, dedupe_key=job.key, at=self._clock.now())

    async def _answer(self, what: str, case: Case) -> Answer:
        match what:
            case "duty":
                return await self._duty()
            case "today":
                now = self._clock.now()
                return "ok", {"date": now.date().isoformat(), "weekday": now.isoweekday()}
            case "pass_policy":
                return await self._pass_policy(case.subject_oid if _personal(case) else "")
            case "agent_of_case":
                return await self._agent_of_case(case)
        if not _personal(case):
            return _UNKNOWN
        oid = Oid(case.subject_oid)
        match what:
            case "person":
                person = await self._directory.person(oid)
                return ("ok", {"name": person.name, "office": person.office}) if person else _UNKNOWN
            case "methods":
                return await self._methods(oid, case.id)
            case "rank":
                rank: Rank = await self._rank_of(oid)
                return rank.value, {}
            case "sign_ins":
                return _sign_ins(await self._directory.sign_ins(oid))
            case "account_state":
                return await self._account_state(oid)
        return _UNKNOWN

    async def _methods(self, oid: Oid, case_id: str) -> Answer:
        strong = [m.label for m in await self._directory.methods(oid) if m.type in STRONG_TYPES]
        rows = await self._store.read(lambda work: additions(work, case_id))
        fields: dict[str, object] = {
            "count": len(strong), "labels": strong, "added": [row.label for row in rows],
        }  # fmt: skip
        return ("ok" if strong else "none"), fields

    async def _duty(self) -> Answer:
        now = self._clock.now()

        def on_shift(work: UnitOfWork) -> int:
            return work.count(Shift, ended_at=None)

        agents = await self._store.read(on_shift)
        return ("ok" if agents or self._open_now(now) else "closed"), {"agents": agents}

    async def _agent_of_case(self, case: Case) -> Answer:
        """Who of the help desk has this very case; of nobody else and no other case it tells anything."""
        now = self._clock.now()
        found = await self._store.read(lambda work: self._agent_of(work, case, now))
        return ("ok", dict(found)) if found else ("none", {})

    async def _pass_policy(self, oid: str) -> Answer:
        """*oid*: whose pass it would be, "" while that may not be asked."""
        policy = await self._directory.pass_policy()
        if isinstance(policy, Unreadable):
            return _UNKNOWN
        if not policy.enabled:
            return "off", {}
        if oid:
            scoped = tuple(g for g in (*policy.include_groups, *policy.exclude_groups) if g != "all_users")
            facts = await self._directory.facts(Oid(oid), groups=scoped, methods=False)
            if isinstance(facts.groups, Unreadable):
                return _UNKNOWN
            if not in_scope(policy, facts.groups):
                return "out_of_scope", {}
        day = 0 if policy.once_only else minutes_for(PassShape.DAY, policy)
        day = day if day <= DAY_MINUTES else 0
        return "ok", {"minutes": minutes_for(PassShape.SHORT, policy), "day": day}

    async def _account_state(self, oid: Oid) -> Answer:
        facts, sign_ins = await asyncio.gather(
            self._directory.facts(oid, groups=()), self._directory.sign_ins(oid)
        )
        return account_state(facts, sign_ins, self._clock.now()) or "unknown", {}


def _personal(case: Case) -> bool:
    """Whether what concerns the person may be read at all."""
    return bool(case.subject_oid and (case.proven_at or case.identified_by == "linked"))


def _sign_ins(found: Unreadable | tuple[Mapping[str, object], ...]) -> Answer:
    if isinstance(found, Unreadable):
        return ("unlicensed" if found.why == "unlicensed" else "unknown"), {}
    if not found:
        return "none", {}
    return "ok", {"at": str(found[0].get("at", "")), "country": str(found[0].get("country", ""))}
