"""How much Teams lets a bot send, so that we stop before it says so.

Counted in this process. Several replicas can together go over it; then Teams answers 429, and what was
to be sent waits as it would have here.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from datetime import datetime, timedelta

from bot.errors import NotDueError
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
        self._promised = clock.now()

    def spend(self, thread: str) -> None:
        """Note one send. Raises NotDueError, saying when there is room again."""
        now = self._clock.now()
        sent = self._threads.setdefault(thread, deque(maxlen=PER_THREAD[-1][1]))
        self._threads.move_to_end(thread)
        while len(self._threads) > _MOST_THREADS:
            self._threads.popitem(last=False)
        wait = _wait(sent, PER_THREAD, now)
        if (full := _wait(self._all, PER_TENANT, now)) > 0:
            wait = max(wait, self._turn(now, full))
        if wait > 0:
            raise NotDueError("as much as Teams lets us send", retry_after=wait)
        sent.append(now)
        self._all.append(now)

    def _turn(self, now: datetime, full: float) -> float:
        """Seconds until there is room for whoever is refused now: each gets a moment of its own, or a
        thousand waiting messages would all come back together, every second."""
        (span, most) = PER_TENANT[0]
        self._promised = max(self._promised, now + timedelta(seconds=full)) + timedelta(seconds=span / most)
        return (self._promised - now).total_seconds()


def _wait(sent: deque[datetime], rules: tuple[tuple[int, int], ...], now: datetime) -> float:
    """Seconds until one more fits under every rule."""
    waits = [
        (sent[-most] + timedelta(seconds=span) - now).total_seconds()
        for span, most in rules
        if len(sent) >= most
    ]
    return max([0.0, *waits])
