"""Turns: how anything that happened reaches a case's flow, alone or inside a transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Protocol, TypeVar

from bot.core.effects import Effect
from bot.core.events import Answered, Event, Happening
from bot.core.records import Case
from bot.ports.store import UnitOfWork

E_contra = TypeVar("E_contra", contravariant=True)


class Performer(Protocol[E_contra]):
    """Carries out one kind of effect inside the turn's transaction: rows, audit, outbox, timers.

    Registered per effect class at the composition root; one registered for a happening's class is told
    of each such event, and what it returns is not asked for. Returns answers already known (such as
    "evidence row is empty: ok"), which the turn feeds back at once as further events."""

    def __call__(
        self, work: UnitOfWork, case: Case, effect: E_contra, event: Event, key: str
    ) -> Sequence[Answered]: ...


class Turns(Protocol):
    async def receive(self, event: Event) -> dict[str, Any]:
        """Insert, deduplicate, advance and commit; the reply, or the stored one for a duplicate."""
        ...

    def take(
        self, work: UnitOfWork, case: Case, what: Happening, *, dedupe_key: str, at: datetime
    ) -> dict[str, Any]:
        """The same inside a transaction that is already open: pages and decisions answer a flow
        in the very transaction that records their evidence or outcome."""
        ...


Effects = Callable[[UnitOfWork, Case, Sequence[Effect], Event], Sequence[Answered]]
