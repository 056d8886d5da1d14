"""Faults on demand: the next call of a method goes wrong in a chosen way."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from dataclasses import dataclass, field


@dataclass(slots=True)
class Fault:
    """*kind*: limited (429), error (ok false), status (an HTML page), drop_before (the call is not
    done), drop_after (done, but no answer comes), hold (answered when `let_go` is set)."""

    kind: str
    error: str = ""
    status: int = 502
    retry_after: int = 1
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    let_go: asyncio.Event = field(default_factory=asyncio.Event)


class Faults:
    def __init__(self) -> None:
        self._next: dict[str, deque[Fault]] = defaultdict(deque)

    def take(self, method: str) -> Fault | None:
        for name in (method, "*"):
            if self._next[name]:
                return self._next[name].popleft()
        return None

    def _add(self, method: str, fault: Fault, times: int = 1) -> Fault:
        self._next[method].extend([fault] * times)
        return fault

    def limited(self, method: str, retry_after: int = 1, *, times: int = 1) -> Fault:
        return self._add(method, Fault("limited", retry_after=retry_after), times)

    def error(self, method: str, error: str, *, times: int = 1) -> Fault:
        return self._add(method, Fault("error", error=error), times)

    def status(self, method: str, status: int = 502, *, times: int = 1) -> Fault:
        return self._add(method, Fault("status", status=status), times)

    def drop_before(self, method: str, *, times: int = 1) -> Fault:
        return self._add(method, Fault("drop_before"), times)

    def drop_after(self, method: str, *, times: int = 1) -> Fault:
        return self._add(method, Fault("drop_after"), times)

    def hold(self, method: str) -> Fault:
        """Slow for as long as the test likes: wait for `reached`, then set `let_go`."""
        return self._add(method, Fault("hold"))
