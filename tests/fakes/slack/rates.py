"""Slack's rate limits: per method and workspace in tiers, and one message a second per conversation.

Counted on the clock of the test; with it standing still a tier is used up for good, as it should be.
"""

from __future__ import annotations

import math
from collections import defaultdict, deque

from bot.ports.clock import Clock

_TIERS = {1: 1, 2: 20, 3: 50, 4: 100}
_METHODS = {
    "apps.connections.open": 1, "apps.manifest.export": 1,
    "chat.update": 3, "chat.delete": 3, "conversations.open": 3, "conversations.info": 3,
    "conversations.history": 3, "conversations.replies": 3, "users.lookupByEmail": 3, "team.info": 3,
    "bots.info": 3, "auth.teams.list": 2, "conversations.members": 4,
    "users.info": 4, "chat.postEphemeral": 4, "views.open": 4, "views.update": 4, "views.push": 4,
    "views.publish": 4, "oauth.v2.access": 4,
}  # fmt: skip
_LEEWAY = {1: 9}  # "1+ per minute": what the tier tolerates on top before it refuses


class Rates:
    """*burst* is how many messages one conversation takes at once before one a second holds."""

    def __init__(self, clock: Clock, *, burst: int = 10) -> None:
        self.on = True
        self.burst = burst
        self.refused = 0
        self._clock = clock
        self._calls: dict[tuple[str, str], deque[float]] = defaultdict(deque)

    def wait(self, method: str, team: str, channel: str = "") -> int:
        """Seconds for Retry-After, or 0 when the call may go on; it is counted then."""
        if not self.on:
            return 0
        now = self._clock.now().timestamp()
        if method == "chat.postMessage":
            most, span, key = self.burst, float(self.burst), (method, channel)
        elif method in _METHODS:
            tier = _METHODS[method]
            most, span, key = _TIERS[tier] + _LEEWAY.get(tier, 0), 60.0, (method, team)
        else:
            return 0
        calls = self._calls[key]
        while calls and calls[0] <= now - span:
            calls.popleft()
        if len(calls) >= most:
            self.refused += 1
            return max(1, math.ceil(calls[0] + span - now))
        calls.append(now)
        return 0
