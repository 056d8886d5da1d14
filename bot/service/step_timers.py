"""The timers of a flow's steps: what they wait for comes back to the flow as an event."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.core.events import Event, TimerFired
from bot.core.model import CaseId, EventId
from bot.core.records import Card, Timer
from bot.ports.clock import Clock, Entropy
from bot.ports.store import Store, UnitOfWork
from bot.ports.turns import Turns
from bot.service import cards
from bot.service.chance import new_id
from bot.service.turns import timer_key

AGAIN = timedelta(minutes=30)
"""How long a handoff's end waits when an agent has the case in hand."""


class StepTimers:
    def __init__(self, store: Store, turns: Turns, clock: Clock, entropy: Entropy) -> None:
        self._store = store
        self._turns = turns
        self._clock = clock
        self._entropy = entropy

    async def fire(self, timer: Timer) -> None:
        """Handles timers of kind `step`. A repeat is recognised by the timer's key."""
        at = self._clock.now()
        body = timer.body
        followed, puttable = "then" in body, body["name"] == "timeout"
        if (followed or puttable) and await self._store.transact(lambda work: self._before(work, timer, at)):
            return
        await self._turns.receive(
            Event(
                EventId(new_id(self._entropy, at)), f"timer/{timer.key}", at, CaseId(timer.case_id),
                TimerFired(body["step"], body["version"], body["name"], body["number"]),
            )
        )  # fmt: skip

    def _before(self, work: UnitOfWork, timer: Timer, at: datetime) -> bool:
        """Set what follows and tell whether this one must wait. The step's next timer is set before
        the turn, in a row of its own: a reminder that cannot be given does not take the timeout along,
        and a turn that leaves the step cancels it."""
        work.case(timer.case_id)  # as every turn does first, so that none cancels between
        kept = work.lock(Timer, timer.key)
        if kept is not None and kept.status == "waiting" and (then := timer.body.get("then")):
            work.schedule(_following(timer, then))
        return timer.body["name"] == "timeout" and self._later(work, timer, at)

    def _later(self, work: UnitOfWork, timer: Timer, at: datetime) -> bool:
        """Nobody is told "untaken" while an agent is talking to them: the timer is set anew."""
        card = work.get(Card, timer.case_id)
        if card is None or card.status != "open" or card.wants != "person" or cards.free(card, at):
            return False
        number = timer.body["number"] + 1
        body = {name: held for name, held in timer.body.items() if name != "then"} | {"number": number}
        key = timer_key(timer.group, "timeout", number)
        work.schedule(replace(timer, key=key, due_at=at + AGAIN, body=body))
        return True


def _following(timer: Timer, then: list[tuple[str, int, str]]) -> Timer:
    (name, number, due), *rest = then
    body = {**timer.body, "name": name, "number": number, "then": rest}
    if not rest:
        del body["then"]
    key = timer_key(timer.group, name, number)
    return replace(timer, key=key, due_at=datetime.fromisoformat(due), body=body, attempts=0)
