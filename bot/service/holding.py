"""Who has a case: taking, the next one, giving back, and passing on to a colleague with a note.

Every change locks the card first, so that of two agents one is told no. A take lapses when it is left
alone, an offer when it is not accepted; both then go back to the queue, in their old place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from bot.core import queue
from bot.core.audit import Tag, audit_row
from bot.core.model import Reason
from bot.core.records import Card, Case, Session, Shift, Timer, Transfer
from bot.errors import Refused
from bot.ports.clock import Clock, Entropy
from bot.ports.desk import TOPIC, CardView
from bot.ports.store import Store, UnitOfWork
from bot.service import cards, stretches
from bot.service.card_views import CardViews
from bot.service.chance import new_id
from bot.service.membership import Membership
from bot.service.queue_lines import QueueLines

OFFER = timedelta(minutes=5)
"""How long a case waits for the colleague it was offered to."""


class Holdings:
    """Behind `ports.desk.Desk`; `fire` handles the timers `take`."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        entropy: Entropy,
        views: CardViews,
        members: Membership,
        lines: QueueLines | None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._entropy = entropy
        self._views = views
        self._members = members
        self._lines = lines

    async def take(self, agent: Session, case_id: str) -> None:
        """Also accepts what was offered to this agent, and takes back what this agent offered."""
        await self._members.demand(agent.oid)
        at = self._clock.now()

        def fn(work: UnitOfWork) -> None:
            card = _open_card(work, case_id)
            case = work.get(Case, case_id)
            if case is not None and case.subject_oid == agent.oid:
                raise Refused(Reason.SELF)  # nobody else could help while they have it
            offer = standing_offer(work, case_id, at)
            held = card.taken_by not in ("", agent.oid) and not cards.free(card, at)
            if held or (offer is not None and agent.oid not in (offer.to_oid, offer.from_oid)):
                raise Refused(Reason.DECIDED_ALREADY)
            if card.taken_by == agent.oid and not cards.free(card, at):
                work.put(replace(card, touched_at=at))
                return
            if offer is not None:
                mine = offer.to_oid == agent.oid
                work.put(
                    replace(
                        offer,
                        status="accepted" if mine else "taken_back",
                        accepted_at=at if mine else None,
                    )
                )
            self._given(work, card, agent, at, offer.from_oid if offer else "")

        await self._changed(fn, case_id)

    async def next(self, agent: Session) -> CardView | None:
        """The most urgent case that is free, or offered to this agent, now taken; None when there is
        none. Left out is what this agent could not decide: an own case, or one checked by this agent."""
        await self._members.demand(agent.oid)
        views = await self._views.open()
        offered = [view for view in views if view.offered_to == agent.oid]
        for view in offered + [view for view in views if may_be_next(view, agent.oid)]:
            try:
                await self.take(agent, view.case_id)
            except Refused as err:  # somebody else was first
                if err.reason not in (Reason.DECIDED_ALREADY, Reason.REQUEST_ENDED):
                    raise
                continue
            return view
        return None

    async def release(self, agent: Session, case_id: str) -> None:
        """Give back what this agent has; decline what was offered to this agent."""
        await self._members.demand(agent.oid)
        at = self._clock.now()

        def fn(work: UnitOfWork) -> None:
            card = work.lock(Card, case_id)
            offer = standing_offer(work, case_id, at)
            if card is not None and card.taken_by == agent.oid:
                self._give_back(work, card, at)
                self._audit(work, Tag.CASE_RELEASED, agent, at, case_id)
            elif card is not None and offer is not None and agent.oid in (offer.to_oid, offer.from_oid):
                mine = offer.to_oid == agent.oid
                work.put(replace(offer, status="declined" if mine else "taken_back"))
                self._give_back(work, card, at)
                self._audit(work, Tag.OFFER_DECLINED, agent, at, case_id, by=offer.from_oid)

        await self._changed(fn, case_id)

    async def offer(self, agent: Session, case_id: str, to_oid: str, text: str) -> None:
        """Pass a case that this agent has, or that nobody has, to a colleague on duty."""
        await self._members.demand(agent.oid)
        await self._members.demand(to_oid)
        at = self._clock.now()

        def fn(work: UnitOfWork) -> None:
            card = _open_card(work, case_id)
            case, shift = work.get(Case, case_id), work.get(Shift, to_oid)
            if shift is None or shift.ended_at is not None or to_oid == agent.oid:
                raise Refused(Reason.OFF_DUTY)
            if case is None or case.subject_oid == to_oid:
                raise Refused(Reason.SELF)
            offered = standing_offer(work, case_id, at)
            if (card.taken_by != agent.oid and not cards.free(card, at)) or (
                offered is not None and offered.from_oid != agent.oid
            ):
                raise Refused(Reason.DECIDED_ALREADY)
            note = queue.note(text, public={case.number})
            until = at + OFFER
            work.save(
                Transfer(
                    case_id, agent.oid, agent.name, to_oid, shift.name, note, at, until, "offered"
                )
            )  # fmt: skip
            card = replace(cards.given_back(card), version=card.version + 1)
            work.put(card)
            work.cancel_timers(f"take/{case_id}")
            body = {"case": case_id, "offer": to_oid}
            key = f"take/{case_id}/{card.version}/offer"
            work.schedule(Timer(key, "take", case_id, until, body, group=f"take/{case_id}"))
            cards.redraw(work, card, at)
            self._audit(work, Tag.CASE_OFFERED, agent, at, case_id, to=to_oid, note=bool(note))

        await self._changed(fn, case_id)

    def give_back_all(self, work: UnitOfWork, agent: Session, at: datetime) -> None:
        """What this agent has, and what was offered to this agent; at the end of a shift."""
        for card in work.find(Card, status="open", taken_by=agent.oid):
            self._give_back(work, card, at)
            self._audit(work, Tag.CASE_RELEASED, agent, at, card.case_id)
        for offer in work.find(Transfer, to_oid=agent.oid, status="offered"):
            locked = work.lock(Card, offer.case_id)
            if locked is not None and standing_offer(work, offer.case_id, at) == offer:
                work.put(replace(offer, status="declined"))
                self._give_back(work, locked, at)
                self._audit(work, Tag.OFFER_DECLINED, agent, at, offer.case_id, by=offer.from_oid)

    async def fire(self, timer: Timer) -> None:
        """Frees a case whose agent has left it alone, or that nobody accepted; looks again later when
        they have not."""
        at = self._clock.now()

        def fn(work: UnitOfWork) -> None:
            card = work.lock(Card, timer.case_id)
            if card is None:
                return
            if "offer" in timer.body:
                self._lapse(work, card, at)
                return
            if not card.taken_by or card.taken_by != timer.body.get("oid"):
                return
            if not cards.free(card, at):
                again = cards.take_timer(card)
                work.schedule(replace(again, key=f"{again.key}/{int(again.due_at.timestamp())}"))
                return
            self._give_back(work, card, at)
            self._noted(work, Tag.TAKE_LAPSED, card, at, card.taken_by)

        await self._changed(fn, timer.case_id)

    # --- inside ------------------------------------------------------------------------------------

    def _lapse(self, work: UnitOfWork, card: Card, at: datetime) -> None:
        offer = work.lock(Transfer, card.case_id)
        if offer is not None and offer.status == "offered" and offer.until <= at:
            work.put(replace(offer, status="lapsed"))
            self._give_back(work, card, at)
            self._noted(work, Tag.OFFER_LAPSED, card, at, offer.to_oid)

    def _given(self, work: UnitOfWork, card: Card, agent: Session, at: datetime, giver: str) -> None:
        card = replace(
            card, taken_by=agent.oid, taken_name=agent.name, taken_at=at, touched_at=at,
            version=card.version + 1,
        )  # fmt: skip
        work.put(card)
        work.cancel_timers(f"take/{card.case_id}")
        work.schedule(cards.take_timer(card))
        stretches.taken(work, card.case_id, at)
        cards.redraw(work, card, at)
        self._audit(work, Tag.CASE_TAKEN, agent, at, card.case_id, **({"giver": giver} if giver else {}))
        if self._lines is not None:
            self._lines.reading(work, card, at)

    def _give_back(self, work: UnitOfWork, card: Card, at: datetime) -> None:
        free = replace(cards.given_back(card), version=card.version + 1)
        work.put(free)
        work.cancel_timers(f"take/{card.case_id}")
        cards.redraw(work, free, at)

    async def _changed(self, fn: Callable[[UnitOfWork], None], case_id: str) -> None:
        await self._store.transact(fn)
        self._store.notify(TOPIC)
        self._store.notify(case_id)  # the person's page says who has it

    def _noted(self, work: UnitOfWork, tag: Tag, card: Card, at: datetime, oid: str) -> None:
        work.audit(audit_row(new_id(self._entropy, at), at, tag, case_id=card.case_id, agent=oid))

    def _audit(
        self, work: UnitOfWork, tag: Tag, agent: Session, at: datetime, case_id: str, **body: Any
    ) -> None:
        work.audit(desk_row(new_id(self._entropy, at), at, tag, agent, case_id, **body))


def desk_row(ident: str, at: datetime, tag: Tag, agent: Session, case_id: str = "", **body: Any) -> Any:
    """An audit row of something an agent did in the desk session."""
    return audit_row(
        ident, at, tag, case_id=case_id, actor=agent.oid, actor_method="desk_session",
        actor_auth_time=agent.auth_time, **body,
    )  # fmt: skip


def standing_offer(work: UnitOfWork, case_id: str, at: datetime) -> Transfer | None:
    """The offer that still waits for its answer."""
    offer = work.get(Transfer, case_id)
    return offer if offer is not None and offer.status == "offered" and at < offer.until else None


def may_be_next(view: CardView, oid: str) -> bool:
    """Whether a case is free, and one this agent could go on with."""
    free = not (view.taken_by or view.offered_to or view.frozen)
    return free and view.subject_oid != oid and (view.wants != "approval" or oid not in view.checkers)


def _open_card(work: UnitOfWork, case_id: str) -> Card:
    card = work.lock(Card, case_id)
    if card is None or card.status != "open":
        raise Refused(Reason.REQUEST_ENDED)
    return card
