"""The web as a chat platform: what Slack keeps on its servers, we keep in the transcript.

An update is a new row that names the row it replaces, so that a reader who waits from a number
on hears of it. What the bot said is kept; what a person typed is not, only that they did. A private
message, which holds a person's words, is kept sealed.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from bot.core.message import Message
from bot.core.model import Place
from bot.core.records import Line
from bot.errors import PermanentError
from bot.ports.clock import Clock
from bot.ports.sealing import Seals
from bot.ports.store import Over, Store, UnitOfWork

EDITS = "edits"
REPLIES = "replies"
TYPED = {"typed": True}
SEALED = "sealed"
_PURPOSE = "transcript"


@dataclass(frozen=True, slots=True)
class Shown:
    """One entry of a chat as it stands: *key* is for life, *seq* that of its latest version.
    *said* is what a person pressed; empty with no *message* means that they typed. *replies* are the
    thread below it."""

    key: str
    seq: int
    author: str
    message: Message | None
    said: str = ""
    replies: tuple[Message, ...] = ()


class WebChat:
    """Implements `ports.chat.Chat`."""

    def __init__(self, store: Store, clock: Clock, seals: Seals | None = None) -> None:
        """Without *seals* no private message can be said here."""
        self._store = store
        self._clock = clock
        self._seals = seals

    async def post(self, to: Place, message: Message, *, key: str, case_id: str = "") -> str:
        await self._append(to, key, "bot", self._kept(message, key), case_id)
        return key

    async def update(self, to: Place, ref: str, message: Message, *, key: str) -> None:
        await self._change(to, ref, key, lambda now: {**message.to_json(), REPLIES: now.get(REPLIES, [])})

    async def reply(self, to: Place, ref: str, message: Message, *, key: str) -> None:
        """A thread is part of its message here: a new version with one reply more."""
        more = message.to_json()
        await self._change(to, ref, key, lambda now: {**now, REPLIES: [*now.get(REPLIES, []), more]})

    async def pressed(self, place: Place, label: str, *, key: str) -> None:
        """Note what a person chose, by its label."""
        await self._append(place, key, "person", {"said": label}, "")

    async def typed(self, place: Place, *, key: str) -> None:
        """Note that a person wrote something; what, is not kept."""
        await self._append(place, key, "person", TYPED, "")

    async def since(self, place: Place, after: int) -> tuple[int, list[Shown]]:
        """(highest number, entries that are new or changed after *after*, in their own order). A number
        below *after* says that the chat was emptied and began anew, which only the demo does."""

        def fn(work: UnitOfWork) -> tuple[int, list[Line]]:
            rows = work.find(Line, place=place.key, seq=Over(after), order="seq")
            if rows or not after:
                return (rows[-1].seq if rows else 0), rows
            last = work.first(Line, place=place.key, order="-seq")
            if last is not None and last.seq == after:
                return after, []
            rows = work.find(Line, place=place.key, order="seq")
            return (rows[-1].seq if rows else 0), rows

        seq, rows = await self._store.read(fn)
        shown: dict[str, Shown] = {}
        for row in rows:
            entry = _entry(self._opened(row))
            shown[entry.key] = entry  # a dict keeps the place of the first
        return seq, list(shown.values())

    def _kept(self, message: Message, key: str) -> dict[str, Any]:
        if not message.private:
            return message.to_json()
        if self._seals is None:
            raise PermanentError("nothing to seal a private message with")
        plain = json.dumps(message.to_json()).encode()
        return {SEALED: self._seals.seal(_PURPOSE, plain, bound=key)}

    def _opened(self, row: Line) -> Line:
        """The row as it was before it was sealed."""
        sealed = row.message.get(SEALED)
        if sealed is None or self._seals is None:
            return row
        plain = self._seals.unseal(_PURPOSE, str(sealed), bound=row.effect_key)
        return replace(row, message=json.loads(plain))

    async def _change(
        self, to: Place, ref: str, key: str, how: Callable[[dict[str, Any]], dict[str, Any]]
    ) -> None:
        """Add a version of the message *ref*, made of its newest one."""
        at = self._clock.now()

        def fn(work: UnitOfWork) -> None:
            if work.get(Line, key) is not None:
                return
            first = work.get(Line, ref)
            case_id = first.case_id if first else ""
            versions = work.find(Line, case_id=case_id, place=to.key, order="-seq") if case_id else []
            newest = next((row for row in versions if row.message.get(EDITS) == ref), first)
            body = how(dict(newest.message) if newest else {})
            work.append_line(
                place=to.key, effect_key=key, author="bot", message={**body, EDITS: ref}, at=at,
                case_id=case_id,
            )  # fmt: skip

        await self._store.transact(fn)
        self._store.notify(to.key)

    async def _append(self, to: Place, key: str, author: str, message: dict[str, Any], case_id: str) -> None:
        at = self._clock.now()
        await self._store.transact(
            lambda work: work.append_line(
                place=to.key, effect_key=key, author=author, message=message, at=at, case_id=case_id
            )
        )
        self._store.notify(to.key)


def _entry(row: Line) -> Shown:
    key = str(row.message.get(EDITS, row.effect_key))
    if row.author == "person":
        return Shown(key, row.seq, row.author, None, str(row.message.get("said", "")))
    replies = tuple(Message.from_json(one) for one in row.message.get(REPLIES, ()))
    return Shown(key, row.seq, row.author, Message.from_json(row.message), replies=replies)
