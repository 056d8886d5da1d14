"""The app was removed from a workspace, or its token revoked there: told to security, and forgotten."""

from __future__ import annotations

import logging

from bot.adapters.slack.heard import Gone
from bot.adapters.slack.workspaces import Workspaces
from bot.core.records import Job
from bot.ports.clock import Clock
from bot.ports.store import Store

log = logging.getLogger("keyturn.slack")


class Leaving:
    def __init__(self, store: Store, workspaces: Workspaces, clock: Clock) -> None:
        self._store = store
        self._workspaces = workspaces
        self._clock = clock

    async def note(self, gone: Gone) -> None:
        """Once for each time it happened: the key of the alert is the event's."""
        at = self._clock.now()
        told = {"what": gone.what, "case": "", "oid": ""}
        job = Job(f"{gone.key}/alert", f"alert:slack:{gone.workspace}", "alert", told, "", at, at)
        await self._store.transact(lambda work: work.enqueue([job]))
        await self._workspaces.forget(gone.workspace, gone.enterprise, gone.at)
        log.error(
            "%s in %s: nothing can be sent there any more", gone.what, gone.workspace or gone.enterprise
        )
