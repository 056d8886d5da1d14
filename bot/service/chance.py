"""Real time and chance, and the identifiers made of them."""

from __future__ import annotations

import base64
import secrets
from datetime import UTC, datetime

from bot.ports.clock import Entropy


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class SystemEntropy:
    def bytes(self, n: int) -> bytes:
        return secrets.token_bytes(n)

    def below(self, n: int) -> int:
        return secrets.randbelow(n)


def token(entropy: Entropy, n: int = 32) -> str:
    """A random secret of *n* bytes, base64url."""
    return base64.urlsafe_b64encode(entropy.bytes(n)).rstrip(b"=").decode()


def new_id(entropy: Entropy, at: datetime) -> str:
    """An identifier that sorts by time: 12 hex digits of milliseconds and 80 random bits."""
    return f"{int(at.timestamp() * 1000):012x}{entropy.bytes(10).hex()}"
