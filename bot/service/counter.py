"""The counter's rotating code: six digits on an enrolled counter's screen, new every 15 s.

Who types it has that screen before their eyes now: a code is taken in its own turn or the one after,
for slow fingers, and by one page only, so that a photo of it sent elsewhere is soon worth nothing and
never worth two pages. It says at which counter the person is, and nothing else: an agent who sees
them there still signs.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.core.records import CounterBrowser
from bot.ports.checks import ShownDigits
from bot.ports.store import UnitOfWork
from bot.service import digits
from bot.service.keys import Keys

TURN = 15
"""Seconds a code is shown."""
_KEPT = timedelta(minutes=2)


class Counter:
    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def stands(self, row: CounterBrowser | None) -> bool:
        """Whether this is an enrolled counter now: written by us, and not revoked."""
        return row is not None and row.revoked_at is None and self._keys.row_mac_fits(row)

    def live(self, work: UnitOfWork) -> list[CounterBrowser]:
        return [row for row in work.find(CounterBrowser, revoked_at=None, order="name") if self.stands(row)]

    def shown(self, row: CounterBrowser, at: datetime) -> ShownDigits:
        """The code on this counter's screen now."""
        turn = int(at.timestamp()) // TURN
        return ShownDigits(self._code(row.id, turn), datetime.fromtimestamp((turn + 1) * TURN, UTC))

    def take(self, work: UnitOfWork, typed: str, at: datetime) -> CounterBrowser | None:
        """The counter whose screen shows *typed* now or showed it just before. Uses the code up: the
        next page needs the next one."""
        plain = "".join(typed.split())
        now = int(at.timestamp()) // TURN
        for row in self.live(work):
            for turn in (now, now - 1):
                if self._code(row.id, turn) == plain:
                    return row if work.bump(f"counter/{row.id}/{turn}", until=at + _KEPT) == 1 else None
        return None

    def _code(self, ident: str, turn: int) -> str:
        return digits.six(self._keys, "counter", ident, str(turn))
