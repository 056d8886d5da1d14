"""A clock that stands still until told, and chance that can be repeated."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta


class FakeClock:
    def __init__(self, at: datetime = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def go(self, **span: float) -> datetime:
        """Move forward by a `timedelta(**span)`."""
        self.at += timedelta(**span)
        return self.at


class FakeEntropy:
    def __init__(self, seed: int = 7) -> None:
        self._random = random.Random(seed)

    def bytes(self, n: int) -> bytes:
        return self._random.randbytes(n)

    def below(self, n: int) -> int:
        return self._random.randrange(n)
