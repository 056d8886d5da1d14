"""Time and chance, the two things a test must hold in its hand."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The present, aware, in UTC."""
        ...


class Entropy(Protocol):
    def bytes(self, n: int) -> bytes:
        """*n* bytes from a cryptographic generator."""
        ...

    def below(self, n: int) -> int:
        """A uniform integer in [0, n)."""
        ...
