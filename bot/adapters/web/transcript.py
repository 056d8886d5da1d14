"""The web as a chat platform: what Slack keeps on its servers, we keep in the transcript.

An update is a new row that names the row it replaces, so that a reader who waits from a number
on hears of it. What the bot said is kept; what a person typed is not, only that they did.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bot.core.message import Message
from bot.core.model import Place
from bot.core.records import Line
from bot.ports.clock import Clock
from bot.ports.store import Over, Store, UnitOfWork

EDITS = "edits"
TYPED = {"typed": True}


@dataclass(frozen=True, slots=True)
class Shown:
    """One entry of a chat as it stands: *key* is for life, *seq* that of its latest version.
    *said* is what a person pressed; empty with no *message* means that they typed."""

    key: str
    seq: int
    author: str
    message: Message | None
    said: str = ""


class WebChat:
    """Implements `ports.chat.Chat`."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def post(self, to: Place, message: Message, *, key: str, case_id: str = "") -> str:
        await self._append(to, key, "bot", message.to_json(), case_id)
        return key

    async def update(self, to: Place, ref: str, message: Message, *, key: str) -> None:
        await self._append(to, key, "bot", {**message.to_json(), EDITS: ref}, "")

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
            entry = _entry(row)
            shown[entry.key] = entry  # a dict keeps the place of the first
        return seq, list(shown.values())

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
    return Shown(key, row.seq, row.author, Message.from_json(row.message))
