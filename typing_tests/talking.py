"""The two sides of a talk fit their ports."""

from __future__ import annotations

from bot.core import effects as fx
from bot.ports.talk import PersonTalks, Talks
from bot.ports.turns import Performer
from bot.service.talking import Talking
from bot.service.talks import AgentTalks, PageTalks


def sides(agent: AgentTalks, person: PageTalks) -> tuple[Talks, PersonTalks]:
    return agent, person


def ending(it: Talking) -> Performer[fx.EndCase]:
    return it.over
