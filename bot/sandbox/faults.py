"""Faults on demand: a call is held, throttled, slow, loses its answer, or shows late.

A fault names calls as `METHOD path` with `*` and `?`; of the calls that fit, it meets the Nth and
as many after it as `times` says. The ledger records what Graph did, not what the caller was told.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any


class Kind(StrEnum):
    """What happens to a call."""

    HOLD = "hold"  # waits until the faults are cleared
    THROTTLE = "throttle"  # 429
    SLOW = "slow"  # answered after `seconds`
    TIMEOUT_AFTER = "timeout_after"  # carried out, then 504
    HTML502 = "html502"  # a gateway's HTML page, not carried out
    LAG = "lag"  # carried out, but reads show it only after `seconds`
    UNAVAILABLE = "unavailable"  # 503 with Retry-After, not carried out
    CLAIMS = "claims"  # 401 with a claims challenge
    DROP = "drop"  # carried out, then the connection ends without an answer


SECONDS = {Kind.SLOW: 10.0, Kind.LAG: 10.0}
GATEWAY = "<!doctype html><html><head><title>502 Bad Gateway</title></head><body><h1>502</h1></body></html>"
lag: contextvars.ContextVar[float] = contextvars.ContextVar("lag", default=0.0)
"""Seconds by which the change under way shows late; read by whoever makes the change."""


@dataclass(slots=True)
class Fault:
    """One fault that was asked for; *seen* counts the calls that fitted."""

    match: str
    kind: Kind
    call: int = 1
    times: int = 1
    seconds: float = 0.0
    retry_after: int | None = 1
    when: str = "before"  # of `hold`: before the change is made, or `after` it, before the answer
    seen: int = 0
    met: int = 0
    holding: int = 0
    released: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    def fits(self, method: str, path: str) -> bool:
        verb, _, pattern = self.match.partition(" ")
        return fnmatchcase(method, verb) and fnmatchcase(path, pattern or "*")

    def shown(self) -> dict[str, Any]:
        """As listed: everything but the event a held call waits for."""
        return {name: getattr(self, name) for name in self.__slots__ if name != "released"}


def parse(doc: Mapping[str, Any]) -> Fault:
    """A fault from a request's body. Raises ValueError with a sentence."""
    unknown = set(doc) - {"match", "kind", "call", "times", "seconds", "retry_after", "when"}
    if unknown:
        raise ValueError(f"Unknown field {', '.join(sorted(unknown))}.")
    kind = Kind(str(doc.get("kind", "")))
    match = str(doc.get("match") or "* *").strip()
    if " " not in match:
        match = f"* {match}"
    when = str(doc.get("when") or "before")
    if when not in ("before", "after"):
        raise ValueError("when is before or after.")
    retry_after = doc.get("retry_after", 1)
    return Fault(
        match=match,
        kind=kind,
        call=max(1, int(doc.get("call") or 1)),
        times=max(1, int(doc.get("times") or 1)),
        seconds=float(doc.get("seconds") or SECONDS.get(kind, 0.0)),
        retry_after=None if retry_after in (None, "") else int(retry_after),
        when=when,
    )


class Faults:
    """The faults in force; in memory, since a held call lives there too."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> None:
        self._faults.append(fault)

    def shown(self) -> list[dict[str, Any]]:
        return [fault.shown() for fault in self._faults]

    def clear(self) -> int:
        """Drop every fault and release what is held; returns how many calls were held."""
        held = sum(fault.holding for fault in self._faults)
        for fault in self._faults:
            fault.released.set()
        self._faults.clear()
        return held

    def meets(self, method: str, path: str) -> Fault | None:
        """The fault this call meets, if any; every fitting fault counts the call."""
        met = None
        for fault in self._faults:
            if fault.fits(method, path):
                fault.seen += 1
                if met is None and fault.call <= fault.seen < fault.call + fault.times:
                    met = fault
                    fault.met += 1
        return met


async def hold(fault: Fault) -> None:
    fault.holding += 1
    try:
        await fault.released.wait()
    finally:
        fault.holding -= 1
