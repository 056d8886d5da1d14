"""Reading the world for a decision: everybody a case involves, at one moment, and our own ledger.

`gather` asks Graph for all of it at once; what cannot be read stays `Unreadable` and counts against.
`ledger` reads our rows and is called inside the deciding transaction.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.facts import AccountFacts, LivePass, PassPolicy, Person, Read, Unreadable
from bot.core.law import Facts, Law, Ledger, Page, Proof, Stand
from bot.core.model import Oid, Reason
from bot.core.records import (
    Attempt,
    Case,
    Evidence,
    Execution,
    Handover,
    Limit,
    Request,
    Withdrawal,
)
from bot.errors import KeyturnError
from bot.ports.clock import Clock
from bot.ports.directory import Directory
from bot.ports.store import UnitOfWork
from bot.service.handover import used_passes
from bot.service.helper_set import HelperSet
from bot.service.helping import helper_of
from bot.service.keys import Keys
from bot.service.opening_for import linked, opened_for
from bot.service.remembered import remembers
from bot.service.sightings import had_methods
from bot.service.spacing import day_passes, forgotten_at

_CLOSE = timedelta(minutes=2)
"""How long after a void execution a pass may still turn up that it made."""


@dataclass(frozen=True, slots=True)
class World:
    """What Graph said; with rows of the moment it becomes `Facts`."""

    read_at: datetime
    subject: AccountFacts
    people: dict[str, AccountFacts]
    witnesses: dict[str, Read[Person | None]]
    pass_policy: Read[PassPolicy]
    stand: Stand | None = None


class Reader:
    """Graph, for decisions. *groups* are the configured ids whose membership matters."""

    def __init__(
        self,
        directory: Directory,
        clock: Clock,
        groups: tuple[str, ...],
        helpers: HelperSet | None = None,
    ) -> None:
        self._directory = directory
        self._clock = clock
        self._groups = groups
        self._helpers = helpers

    async def gather(
        self, subject: str, approvers: Iterable[str], witnesses: Iterable[str], *, helper: str = ""
    ) -> World:
        read_at = self._clock.now()
        policy = await self._policy()
        scoped = () if isinstance(policy, Unreadable) else (*policy.include_groups, *policy.exclude_groups)
        asked = tuple(g for g in dict.fromkeys((*self._groups, *scoped)) if g and g != "all_users")
        oids, seen = tuple(dict.fromkeys(approvers)), tuple(dict.fromkeys(w for w in witnesses if w))
        first, people, others, stand = await asyncio.gather(
            self._directory.facts(Oid(subject), groups=asked),
            asyncio.gather(*(self._directory.facts(Oid(o), groups=asked, methods=False) for o in oids)),
            asyncio.gather(*(self._person(o) for o in seen)),
            self._stand(helper, subject),
        )
        known, told = dict(zip(oids, people, strict=True)), dict(zip(seen, others, strict=True))
        return World(read_at, first, known, told, policy, stand)

    async def _stand(self, helper: str, subject: str) -> Stand | None:
        return await self._helpers.stand(helper, subject) if helper and self._helpers else None

    async def _policy(self) -> Read[PassPolicy]:
        try:
            return await self._directory.pass_policy()
        except KeyturnError:
            return Unreadable("error")

    async def _person(self, oid: str) -> Read[Person | None]:
        try:
            return await self._directory.person(Oid(oid))
        except KeyturnError:
            return Unreadable("error")


class Agents:
    """Whether somebody is an agent now, asked of Graph each time: a session may be hours old."""

    def __init__(self, directory: Directory, group: str, security: str = "") -> None:
        self._directory = directory
        self._groups = tuple(g for g in (group, security) if g)

    async def fault(self, oid: str) -> Reason | None:
        facts = await self._directory.facts(Oid(oid), groups=self._groups, methods=False)
        if isinstance(facts.groups, Unreadable) or isinstance(facts.person, Unreadable):
            return Reason.FACTS_UNREADABLE
        if facts.person is None or not facts.person.enabled or not facts.groups & set(self._groups):
            return Reason.NOT_AN_AGENT
        return None


def opener_of(work: UnitOfWork, case: Case, keys: Keys) -> str:
    """The account of whoever opened the case, where it is not the subject's own: by a link, or, in a case
    opened for somebody else, as the chat named them then. An agent who opened it for a caller counts as
    checker, not as opener."""
    if case.agent_started:
        return ""
    if opened_for(case):
        # As they were then: a link that moved since makes nobody else of them. Nobody known is nobody
        # who could be told from the approver, and reads as such.
        oid = str(case.opener.get("oid", "")) or linked(work, keys, case) or "?"
    else:
        oid = linked(work, keys, case)
    return "" if oid == case.subject_oid else oid


def starter_of(case: Case) -> str:
    """The agent who opened the case for a caller; "" for every other case."""
    return str(case.opener.get("user", "")) if case.agent_started else ""


def proofs_of(work: UnitOfWork, request: Request, keys: Keys) -> tuple[Proof, ...]:
    """The pinned evidence as it stands now; a row that is gone is simply missing."""
    rows = (work.get(Evidence, str(i)) for i in request.evidence_ids)
    return tuple(Proof(r, keys.row_mac_fits(r)) for r in rows if r is not None)


def facts_for(
    work: UnitOfWork,
    law: Law,
    keys: Keys,
    world: World,
    case: Case,
    request: Request,
    approver: str,
    now: datetime,
) -> Facts:
    """*world* and the rows of this transaction, as `decide` wants them."""
    attempt = work.get(Attempt, request.attempt_id)
    return Facts(
        read_at=world.read_at,
        subject=world.subject,
        people=world.people,
        witnesses=world.witnesses,
        pass_policy=world.pass_policy,
        page=_page(work, keys, case, attempt, now),
        ledger=_ledger(work, world, case, request, approver, now),
        opener=opener_of(work, case, keys),
        starter=starter_of(case),
        stand=world.stand,
    )


def _page(work: UnitOfWork, keys: Keys, case: Case, attempt: Attempt | None, now: datetime) -> Page:
    if attempt is None:
        return Page("ended", "", now, None)
    remembered = remembers(work, keys, case.subject_oid, attempt.thumbprint, now)
    return Page(
        attempt.status,
        attempt.thumbprint,
        attempt.expires_at,
        attempt.answered_at,
        attempt.remembered and remembered,
        frozenset(str(m["id"]) for m in attempt.gone),
        helper_of(work, keys, attempt),
    )


def _ledger(
    work: UnitOfWork, world: World, case: Case, request: Request, approver: str, now: datetime
) -> Ledger:
    subject = request.subject_oid
    day = work.get(Limit, f"passes/{approver}/{now:%Y-%m-%d}")
    return Ledger(
        case_status=case.status,
        request_status=request.status,
        execution_open=work.first(Execution, subject_oid=subject, status="open") is not None,
        used_passes=used_passes(work, subject, now),
        day_passes=day_passes(work, subject, now),
        forgotten_at=forgotten_at(work, subject),
        own_passes=own_passes(work, case, world.subject.live_pass),
        passes_today=day.count if day else 0,
        recovered={o: at for o in world.people if (at := _recovered(work, o))},
        had_methods=had_methods(work, subject),
    )


def own_passes(work: UnitOfWork, case: Case, live: Read[LivePass | None]) -> frozenset[str]:
    """Passes that this case itself made and may replace once: the one before, and a pass that an
    unknown outcome or an open withdrawal left behind."""
    handovers = work.find(Handover, case_id=case.id)
    own = {h.pass_id for h in handovers} if len(handovers) < 2 else set()
    own |= {w.pass_id for w in work.find(Withdrawal, status="open") if w.subject_oid == case.subject_oid}
    if isinstance(live, LivePass) and live.created_at is not None:
        for run in work.find(Execution, subject_oid=case.subject_oid, outcome="void"):
            until = (run.closed_at or run.started_at) + _CLOSE
            if run.started_at - timedelta(seconds=60) <= live.created_at <= until:
                own.add(live.id)
    return frozenset(own - {""})


def _recovered(work: UnitOfWork, oid: str) -> datetime | None:
    runs = work.find(Execution, subject_oid=oid, status="closed", order="-started_at", limit=5)
    return next((r.closed_at for r in runs if r.outcome in ("done", "partial") and r.closed_at), None)
