"""Drafts: what an approver is about to sign, made from the rows and facts of the moment and judged by
the same `decide` that judges the signature later."""

from __future__ import annotations

from datetime import datetime

from bot.core.law import Approval, Law
from bot.core.model import Reason
from bot.core.plan import Draft, act_of, contents, timed
from bot.core.rank import rank_of
from bot.core.records import Case, Evidence, Request, Review
from bot.core.request import Decision, Refusal, decide
from bot.ports.clock import Clock
from bot.ports.store import Store, UnitOfWork
from bot.service.keys import Keys
from bot.service.review_views import Rows
from bot.service.sightings import had_methods
from bot.service.threat_mode import law_now
from bot.service.world import Reader, World, facts_for, opener_of, own_passes, proofs_of, starter_of


def judge(
    work: UnitOfWork,
    law: Law,
    keys: Keys,
    world: World,
    case: Case,
    request: Request,
    draft: Draft,
    now: datetime,
) -> Decision:
    """`decide` over *world* and the rows of this transaction."""
    reviews = work.find(Review, request_id=request.id, decision="approve", order="at")
    earlier = [Approval(r.approver_oid, r.plan_digest, keys.row_mac_fits(r)) for r in reviews]
    law = law_now(work, law, keys)
    facts = facts_for(work, law, keys, world, case, request, draft.approver_oid, now)
    return decide(law, request, draft, proofs_of(work, request, keys), earlier, facts, now)


class Drafts:
    def __init__(self, store: Store, clock: Clock, keys: Keys, law: Law, reader: Reader) -> None:
        self._store = store
        self._clock = clock
        self._keys = keys
        self._law = law
        self._reader = reader

    async def world(self, rows: Rows, approver: str) -> World:
        """Everybody this case involves, read now."""

        def involved(work: UnitOfWork) -> tuple[str, list[str]]:
            ident = rows.request.id if rows.request else ""
            found = work.find(Review, request_id=ident, decision="approve") if ident else []
            return opener_of(work, rows.case, self._keys), [r.approver_oid for r in found]

        opener, earlier = await self._store.read(involved)
        witnesses = [*(p.row.by_oid for p in rows.proofs), opener, starter_of(rows.case)]
        helper = rows.request.helper_oid if rows.request else ""
        subject = rows.case.subject_oid
        return await self._reader.gather(subject, [*earlier, approver], witnesses, helper=helper)

    def draft(
        self,
        work: UnitOfWork,
        request: Request,
        world: World,
        approver: str,
        *,
        reason: str,
        note: str,
        replaces: str,
    ) -> Draft:
        """What *approver* would sign now."""
        had = had_methods(work, request.subject_oid)
        rank = rank_of(world.subject, self._law.ranks, self._clock.now(), had_methods=had).rank
        pinned = (work.get(Evidence, str(i)) for i in request.evidence_ids)
        return Draft(
            case_id=request.case_id,
            request_id=request.id,
            subject_oid=request.subject_oid,
            acts=timed([act_of(a) for a in request.acts], world.pass_policy),
            rank=rank.value,
            policy_version=self._law.policy.version,
            evidence=contents(e for e in pinned if e is not None),
            thumbprint=request.thumbprint,
            approver_oid=approver,
            reason=reason,
            note=note,
            replaces=replaces,
            helper=request.helper_oid,
        )

    def judge(self, work: UnitOfWork, case: Case, request: Request, draft: Draft, world: World) -> Decision:
        """What would be said if the signature came back this instant."""
        return judge(work, self._law, self._keys, world, case, request, draft, self._clock.now())

    async def faults(
        self, rows: Rows, world: World, approver: str
    ) -> tuple[tuple[Reason, ...], frozenset[str]]:
        """Why this agent could not approve now, and the passes that this case made itself."""
        request = rows.request
        assert request is not None

        def fn(work: UnitOfWork) -> tuple[tuple[Reason, ...], frozenset[str]]:
            draft = self.draft(work, request, world, approver, reason="", note="", replaces="")
            verdict = self.judge(work, rows.case, request, draft, world)
            own = own_passes(work, rows.case, world.subject.live_pass)
            return (verdict.reasons if isinstance(verdict, Refusal) else ()), own

        return await self._store.read(fn)
