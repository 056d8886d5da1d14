"""The words of a talk at rest: sealed under the server key, each for its own line and writer.

A line moved to another case, given another number or put into somebody else's mouth no longer opens.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.core.records import Case, TalkLine
from bot.errors import Refused
from bot.ports.store import UnitOfWork
from bot.ports.talk import LineView
from bot.service.badges import badge_of
from bot.service.keys import Keys
from bot.service.talk_rows import MOST_LINES

_PURPOSE = "talk"


class TalkBook:
    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def sealed(self, line: TalkLine, text: str) -> TalkLine:
        return replace(line, sealed=self._keys.seal(_PURPOSE, text.encode(), bound=_bound(line)))

    def text(self, line: TalkLine) -> str | None:
        """The words of a line; None for one that was wiped, or that is not as it was written."""
        if not line.sealed:
            return None
        try:
            return self._keys.unseal(_PURPOSE, line.sealed, bound=_bound(line)).decode()
        except Refused:
            return None

    def badge(self, line: TalkLine) -> str:
        return badge_of(self._keys, line.case_id, line.oid) if line.oid else ""

    def lines(self, work: UnitOfWork, case: Case, *, seen: int | None = None) -> tuple[LineView, ...]:
        """Every line in order; those after *seen* that are not the person's own are new."""
        rows = work.find(TalkLine, case_id=case.id, order="seq", limit=MOST_LINES)
        return tuple(self._view(row, seen) for row in rows)

    def _view(self, line: TalkLine, seen: int | None) -> LineView:
        text = None if line.word else self.text(line)
        new = seen is not None and line.seq > seen and line.author != "person"
        return LineView(
            line.seq, line.at, line.author, line.name, self.badge(line), line.surface, text or "", line.word,
            line.masked, text is None and not line.word, new,
        )  # fmt: skip


def _bound(line: TalkLine) -> str:
    return "|".join((line.id, line.author, line.oid, line.surface, _moment(line.at)))


def _moment(at: datetime) -> str:
    return at.isoformat()
