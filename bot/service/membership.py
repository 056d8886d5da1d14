"""Who is an agent: a member in good standing of the agents' group, as the directory says now."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.core.facts import AccountFacts, Unreadable
from bot.core.model import Oid, Reason
from bot.errors import Refused
from bot.ports.clock import Clock
from bot.ports.directory import Directory

ASK_AGAIN = timedelta(minutes=2)
"""How long a membership once read is relied on for reading; decisions read their own."""


class Membership:
    """Of the group with the id *group*."""

    def __init__(self, directory: Directory, clock: Clock, group: str) -> None:
        self._directory = directory
        self._clock = clock
        self._group = group
        self._read_at: dict[str, datetime] = {}

    async def refusal(self, oid: Oid) -> Reason | None:
        """Read it now: why this account may not sit at the desk, or None."""
        at = self._clock.now()
        facts = await self._directory.facts(oid, groups=(self._group,), methods=False)
        reason = not_an_agent(facts, self._group)
        if reason is None:
            self._read_at[oid] = at
        else:
            self._read_at.pop(oid, None)
        return reason

    async def demand(self, oid: str) -> None:
        """Raises Refused(NOT_AN_AGENT) once somebody left the group; whoever cannot be read is out."""
        read_at = self._read_at.get(oid)
        if read_at is not None and timedelta(0) <= self._clock.now() - read_at < ASK_AGAIN:
            return
        if await self.refusal(Oid(oid)) is not None:
            raise Refused(Reason.NOT_AN_AGENT)


def not_an_agent(facts: AccountFacts, group: str) -> Reason | None:
    """Why an account may not sit at the desk, or None for a member in good standing. What cannot be
    read is a no."""
    person = facts.person
    if person is None:
        return Reason.NOT_AN_AGENT
    if isinstance(person, Unreadable) or isinstance(facts.groups, Unreadable):
        return Reason.FACTS_UNREADABLE
    if group not in facts.groups or not person.enabled or person.guest or person.external:
        return Reason.NOT_AN_AGENT
    return None
