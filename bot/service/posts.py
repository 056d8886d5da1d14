"""What was sent to platforms, kept in the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.core.message import Message
from bot.core.model import Place
from bot.core.records import ChatAddress, ChatPost
from bot.ports.clock import Clock
from bot.ports.posts import Address, Posted
from bot.ports.store import Store, UnitOfWork


class PostBook:
    """Implements `ports.posts.Posts`. Of a private message nothing is kept but that it was sent."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def begin(self, key: str, place: Place, message: Message, *, case_id: str = "") -> Posted | None:
        row = ChatPost(key, place.key, "", message.at_rest().to_json(), case_id, self._clock.now())

        def fn(work: UnitOfWork) -> ChatPost | None:
            seen = work.get(ChatPost, key)
            if seen is None:
                work.add(row)
            return seen

        seen = await self._store.transact(fn)
        return _posted(seen) if seen else None

    async def arrived(self, key: str, ref: str) -> None:
        await self._change(key, lambda row: replace(row, ref=ref))

    async def refused(self, key: str) -> None:
        def fn(work: UnitOfWork) -> None:
            row = work.lock(ChatPost, key)
            if row is not None and not row.ref:
                work.remove(ChatPost, key)

        await self._store.transact(fn)

    async def changed(self, key: str, message: Message) -> None:
        await self._change(key, lambda row: replace(row, message=message.at_rest().to_json()))

    async def by_key(self, key: str) -> Posted | None:
        row = await self._store.read(lambda work: work.get(ChatPost, key))
        return _posted(row) if row else None

    async def by_ref(self, place: Place, ref: str) -> Posted | None:
        if not ref:  # what has not arrived has none either, and is not meant
            return None
        row = await self._store.read(lambda work: work.first(ChatPost, place=place.key, ref=ref))
        return _posted(row) if row else None

    async def address(self, place: Place) -> Address | None:
        row = await self._store.read(lambda work: work.get(ChatAddress, place.key))
        return Address(row.body, row.closed) if row else None

    async def learn(self, place: Place, body: Mapping[str, Any]) -> None:
        row = ChatAddress(place.key, dict(body), "", self._clock.now())
        known = await self.address(place)
        if known != Address(row.body):
            await self._store.transact(lambda work: work.save(row))

    async def close(self, place: Place, why: str) -> None:
        def fn(work: UnitOfWork) -> None:
            row = work.lock(ChatAddress, place.key)
            work.save(replace(row, closed=why) if row else ChatAddress(place.key, {}, why, self._clock.now()))

        await self._store.transact(fn)

    async def _change(self, key: str, how: Any) -> None:
        def fn(work: UnitOfWork) -> None:
            row = work.lock(ChatPost, key)
            if row is not None:
                work.put(how(row))

        await self._store.transact(fn)


def _posted(row: ChatPost) -> Posted:
    return Posted(row.key, Place.of(row.place), row.ref, Message.from_json(row.message), row.case_id, row.at)
