"""What an adapter keeps for itself that nobody may read out of a database."""

from __future__ import annotations

from typing import Protocol


class Seals(Protocol):
    """Encryption under `secrets.server_key`, equal on all replicas; *purpose* ties a seal to one use, and
    *bound* to one place, such as a row."""

    def seal(self, purpose: str, data: bytes, *, bound: str = "") -> str: ...

    def unseal(self, purpose: str, sealed: str, *, bound: str = "") -> bytes:
        """Raises Refused(BAD_TOKEN) for anything not sealed here for this purpose and *bound*."""
        ...
