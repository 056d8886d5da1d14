"""How much Teams lets a bot send, so that we stop before it says so.

Counted in this process. Several replicas can together go over it; then Teams answers 429, and what was
to be sent waits as it would have here.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from datetime import datetime, timedelta

from bot.errors import TransientError
from bot.ports.clock import Clock

PER_THREAD = ((1, 7), (2, 8), (30, 60), (3600, 1800))
"""(seconds, sends), of one bot in one conversation; an update counts as a send."""
PER_TENANT = ((1, 50),)
_MOST_THREADS = 10_000


class SendBudget:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._threads: OrderedDict[str, deque[datetime]] = OrderedDict()
        self._all: deque[datetime] = deque(maxlen=50)

    def spend(self, thread: str) -> None:
        """Note one send. Raises TransientError, saying when there is room again."""
        now = self._clock.now()
        sent = self._threads.setdefault(thread, deque(maxlen=PER_THREAD[-1][1]))
        self._threads.move_to_end(thread)
        while len(self._threads) > _MOST_THREADS:
            self._threads.popitem(last=False)
        wait = max(_wait(sent, PER_THREAD, now), _wait(self._all, PER_TENANT, now))
        if wait > 0:
            raise TransientError("as much as Teams lets us send", retry_after=wait)
        sent.append(now)
        self._all.append(now)


def _wait(sent: deque[datetime], rules: tuple[tuple[int, int], ...], now: datetime) -> float:
    """Seconds until one more fits under every rule."""
    waits = [
        (sent[-most] + timedelta(seconds=span) - now).total_seconds()
        for span, most in rules
        if len(sent) >= most
    ]
    return max([0.0, *waits])
