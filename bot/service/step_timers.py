"""The timers of a flow's steps: what they wait for comes back to the flow as an event."""

from __future__ import annotations

from bot.core.events import Event, TimerFired
from bot.core.model import CaseId, EventId
from bot.core.records import Timer
from bot.ports.clock import Clock, Entropy
from bot.ports.turns import Turns
from bot.service.chance import new_id


class StepTimers:
    def __init__(self, turns: Turns, clock: Clock, entropy: Entropy) -> None:
        self._turns = turns
        self._clock = clock
        self._entropy = entropy

    async def fire(self, timer: Timer) -> None:
        """Handles timers of kind `step`. A repeat is recognised by the timer's key."""
        at = self._clock.now()
        body = timer.body
        await self._turns.receive(
            Event(
                EventId(new_id(self._entropy, at)), f"timer/{timer.key}", at, CaseId(timer.case_id),
                TimerFired(body["step"], body["version"], body["name"], body["number"]),
            )
        )  # fmt: skip
