"""Somebody comes to a case that another person opened for them: the talk goes on where they are.

Such a case has waited: an agent opened it for a caller and it has not begun, or its flow waits for
`claimed`. The first browser that comes gets the conversation. Later ones get a page of their own and
no more, unless the conversation was left alone, nothing was proven yet and no agent talks in it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.core.engine import awaiting
from bot.core.events import Answered, Commanded, Happening, Opened
from bot.core.flow import FlowState
from bot.core.model import Command, Place
from bot.core.records import Attempt, Case, ChatRow, Talk
from bot.core.tables import Awaited, Verb
from bot.ports.flows import Flows
from bot.ports.front_door import at_the_door
from bot.ports.store import UnitOfWork
from bot.ports.turns import Turns
from bot.service.attempts import present
from bot.service.evidence import passed_here
from bot.service.opening_for import opened_for, tell

LEFT_ALONE = timedelta(minutes=2)
"""After so long without a word from it, a conversation at the front door is nobody's."""


class Arrivals:
    def __init__(self, flows: Flows, turns: Turns) -> None:
        self._flows = flows
        self._turns = turns

    def waits(self, case: Case) -> Happening | None:
        """What the arrival means to the flow; None when it waits for nobody to come."""
        state = FlowState.from_json(case.state)
        if case.agent_started and not case.version:
            return Opened(case.flow, case.locale)
        now = awaiting(self._flows.at(case.flow_hash), state)
        if now is not None and now.verb is Verb.WAIT and now.what == Awaited.CLAIMED:
            return Answered(now.step, now.version, "ok")
        return None

    def arrive(self, work: UnitOfWork, case: Case, attempt: Attempt, place: Place, at: datetime) -> Case:
        """Hold the conversation at *place* from now on, where it is this browser's to hold. *case* is
        locked and its attempt was just made; the changed one returns."""
        what = self.waits(case)
        if what is None and not self._left_alone(work, case, attempt, at):
            return case
        case = self.hold(work, case, place, at)
        what = what or Commanded(Command.RESUME)
        self._turns.take(work, case, what, dedupe_key=f"arrived/{attempt.id}", at=at)
        return work.case(case.id) or case

    def hold(self, work: UnitOfWork, case: Case, place: Place, at: datetime) -> Case:
        """Move the conversation to *place*. A chat that had it is free for another; a browser that had it
        keeps the case's name, and so knows that it is elsewhere now."""
        before = work.lock(ChatRow, case.place)
        if before is not None and before.case_id == case.id and not at_the_door(case.place):
            work.put(replace(before, case_id="", at=at))
        work.save(ChatRow(place.key, case.locale, case.id, at))
        if opened_for(case) and case.place == case.opener["place"]:
            tell(work, case, "opened_for_came", f"{case.id}/came", at)
        case = replace(case, place=place.key, touched_at=at)
        work.put(case)
        return case

    def _left_alone(self, work: UnitOfWork, case: Case, attempt: Attempt, at: datetime) -> bool:
        if case.proven_at is not None or not at_the_door(case.place):
            return False
        if work.get(Talk, case.id) is not None:
            return False  # whoever waits for an agent's words writes none, and the words are theirs
        others = [a for a in work.find(Attempt, case_id=case.id, status="open") if a.id != attempt.id]
        return at - case.touched_at >= LEFT_ALONE and not any(present(a, at) for a in others)


def leads(work: UnitOfWork, case: Case, attempt: Attempt) -> bool:
    """Whether this browser may steer the case. Whoever came by number and address knows no more than a
    stranger may have overheard: where another browser has the case, they may prove who they are, and
    nothing else."""
    if attempt.via != "number" or passed_here(work, attempt):
        return True
    return not any(a.id != attempt.id for a in work.find(Attempt, case_id=case.id))
