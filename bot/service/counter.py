"""The counter's rotating code: six digits on an agent's own screen, new every 15 s.

Who types it stands (or sits) before that screen now. It says which agent's counter it is, so only
that agent can sign the check. It is typed, not scanned, until counter browsers can be enrolled.
"""

from __future__ import annotations

from datetime import UTC, datetime

from bot.core.records import Shift
from bot.ports.checks import ShownDigits
from bot.ports.store import UnitOfWork
from bot.service import digits
from bot.service.keys import Keys

TURN = 15
"""Seconds a code is shown; the one before it is still taken, for slow fingers."""


class Counter:
    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def shown(self, oid: str, at: datetime) -> ShownDigits:
        """The code on the screen of the agent *oid* now."""
        turn = int(at.timestamp()) // TURN
        return ShownDigits(self._code(oid, turn), datetime.fromtimestamp((turn + 1) * TURN, UTC))

    def agent(self, work: UnitOfWork, typed: str, at: datetime) -> str:
        """The agent on duty whose counter shows *typed* now or showed it just before; "" for none."""
        turn = int(at.timestamp()) // TURN
        shifts = work.find(Shift, ended_at=None)
        codes = {self._code(s.oid, n): s.oid for s in shifts for n in (turn - 1, turn)}
        return codes.get("".join(typed.split()), "")

    def _code(self, oid: str, turn: int) -> str:
        return digits.six(self._keys, "counter", oid, str(turn))
