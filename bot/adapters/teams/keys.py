"""The keys that Teams signs its requests with, as the SDK's token check asks for them.

Stands in for the SDK's own cache, which fetches with blocking requests on the event loop, raises
IndexError for a key it does not know, and then goes on refusing for a day after a rotation.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import jwt

from bot.errors import TransientError
from bot.ports.clock import Clock
from bot.setting_values import is_loopback

log = logging.getLogger(__name__)

LIVE = timedelta(hours=24)
MOST, SPAN = 2, timedelta(minutes=1)
"""At most so many readings: anybody can send a token that names a key nobody knows."""


class UnknownKeyError(Exception):
    """The token names a key that Teams has not published, or not for this channel."""


@dataclass(frozen=True, slots=True)
class ChannelKey:
    """In the form the SDK reads."""

    public_key: Any
    endorsements: tuple[str, ...]


class ChannelKeys:
    """*fetch* reads a URL and returns the body; it raises TransientError."""

    def __init__(self, url: str, fetch: Callable[[str], Awaitable[bytes]], clock: Clock) -> None:
        self.url = url
        self._fetch = fetch
        self._clock = clock
        self._keys: dict[str, ChannelKey] = {}
        self._read_at: datetime | None = None
        self._tries: deque[datetime] = deque(maxlen=MOST)
        self._lock = asyncio.Lock()

    async def get(self, kid: str | None) -> ChannelKey:
        """Raises UnknownKeyError, or TransientError when there are no keys to compare with."""
        if self._wants_reading(kid):
            async with self._lock:
                if self._wants_reading(kid):  # nobody was faster
                    await self._read()
        key = self._keys.get(kid or "")
        if not self._keys:
            raise TransientError("the keys of Teams cannot be read")
        if key is None:
            raise UnknownKeyError
        return key

    def _wants_reading(self, kid: str | None) -> bool:
        now = self._clock.now()
        if len(self._tries) == MOST and now - self._tries[0] < SPAN:
            return False
        return self._read_at is None or now - self._read_at > LIVE or (kid or "") not in self._keys

    async def _read(self) -> None:
        """Keys that are known stay good while new ones cannot be read."""
        at = self._clock.now()
        self._tries.append(at)
        try:
            keys = await self._fetch(_safe(_named(await self._fetch(self.url))))
            found = {kid: key for kid, key in map(_key, json.loads(keys)["keys"]) if kid}
        except (TransientError, ValueError, KeyError, TypeError, jwt.PyJWTError) as err:
            log.warning("the keys of Teams cannot be read (%s)", type(err).__name__)
            return
        self._keys, self._read_at = found, at


def _named(metadata: bytes) -> str:
    return str(json.loads(metadata)["jwks_uri"])


def _safe(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise ValueError("keys come over https")
    return url


def _key(data: dict[str, Any]) -> tuple[str, ChannelKey]:
    """A key without endorsements vouches for no channel: the SDK would take it for every one."""
    endorsements = tuple(str(one) for one in data.get("endorsements", ()))
    if data.get("kty") != "RSA" or not endorsements:
        return "", ChannelKey(None, ())
    return str(data.get("kid", "")), ChannelKey(jwt.algorithms.RSAAlgorithm.from_jwk(data), endorsements)
