"""Counter screens: browsers at a help desk's counter that show the rotating code and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.core.records import Session
from bot.ports.checks import ShownDigits
from bot.ports.sign_in import Redirect


@dataclass(frozen=True, slots=True)
class CounterView:
    """One counter, for agents."""

    id: str
    name: str
    site: str
    enrolled_by: str
    since: datetime
    here: bool = False  # this browser is it


@dataclass(frozen=True, slots=True)
class Screen:
    """What a counter's own screen shows."""

    name: str
    site: str
    code: ShownDigits
    at: datetime


class Counters(Protocol):
    async def screen(self, browser: str) -> Screen | None:
        """What this browser (hash of its counter cookie) shows now; None where it is no counter."""
        ...

    async def list(self, agent: Session, browser: str) -> tuple[CounterView, ...]:
        """Every counter that stands. Raises Refused for somebody who is no agent any more."""
        ...

    async def enrol(self, agent: Session, browser_hash: str, *, name: str, site: str) -> Redirect:
        """Begin the agent's fresh sign-in that makes this browser a counter. Raises Refused."""
        ...

    async def revoke(self, agent: Session, counter_id: str) -> None:
        """This screen goes blank, and its codes count no more. Raises Refused."""
        ...
