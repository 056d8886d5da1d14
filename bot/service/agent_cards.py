"""Implements `ports.agent_cards.AgentCards`: the card, and one line that only this agent sees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, tzinfo

from bot.core.elements import Status, Tone
from bot.core.message import Message
from bot.core.records import Shift
from bot.core.spoken import clock_time
from bot.ports.clock import Clock
from bot.ports.desk import CardView
from bot.ports.store import Store
from bot.ports.words import Words
from bot.service.card_views import CardViews

MOST = 200


class AgentCardService:
    """*draw* is how the channel's own card is made."""

    def __init__(
        self,
        store: Store,
        views: CardViews,
        words: Words,
        clock: Clock,
        draw: Callable[[CardView, datetime], Message],
        *,
        zone: tzinfo,
    ) -> None:
        self._store = store
        self._views = views
        self._words = words
        self._clock = clock
        self._draw = draw
        self._zone = zone

    async def on_duty(self) -> tuple[str, ...]:
        shifts = await self._store.read(
            lambda work: work.find(Shift, ended_at=None, order="started_at", limit=MOST)
        )
        return tuple(shift.oid for shift in shifts)

    async def view(self, case_id: str, oid: str) -> Message | None:
        shift = await self._store.read(lambda work: work.get(Shift, oid))
        view = await self._views.one(case_id) if shift and shift.ended_at is None else None
        if view is None:
            return None
        message = self._draw(view, self._clock.now())
        line = self._line(view, oid, message.locale)
        return replace(message, elements=(*message.elements, line)) if line else message

    def _line(self, view: CardView, oid: str, locale: str) -> Status | None:
        if view.done:
            return None
        if view.taken_by == oid:
            until = clock_time(view.taken_until, self._zone) if view.taken_until else ""
            return Status(self._words.say(locale, "desk.card.yours", until=until), Tone.GOOD)
        if view.taken_by:
            return None  # the card says whose it is
        return Status(self._words.say(locale, "desk.card.free"))
