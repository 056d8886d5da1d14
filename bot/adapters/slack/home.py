"""App Home: what a person sees beside the conversation, drawn anew whenever they look.

A home is drawn from what is true now and remembers nothing; `private_metadata` stays empty. Two drawings
at once are told apart by the hash of what was there: the later one is drawn again from the newest facts.
"""

from __future__ import annotations

import asyncio
from typing import Any

from bot.adapters.slack.blocks import Address, rendered
from bot.adapters.slack.fitting import view_blocks
from bot.adapters.slack.newest import Newest
from bot.adapters.slack.sending import Calls, Sleep
from bot.adapters.slack.wire import HOME
from bot.core.message import Message
from bot.core.model import Place
from bot.errors import PermanentError
from bot.ports.clock import Clock
from bot.ports.homes import Homes


def home_view(message: Message, address: Address) -> dict[str, Any]:
    return {"type": "home", "callback_id": HOME, "blocks": view_blocks(rendered(message, address))}


class SlackHome:
    def __init__(
        self, calls: Calls, homes: Homes, address: Address, clock: Clock, *, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._calls = calls
        self._homes = homes
        self._address = address
        self._changes = Newest(clock, sleep=sleep)

    async def show(
        self, place: Place, user: str, *, locale: str = "", seen: str = "", team: str = ""
    ) -> None:
        """Draw the home of *user*. *seen* is the hash of the view they look at, where Slack said it, and
        *team* the workspace in which they do."""

        async def draw() -> None:
            try:
                await self._publish(place, user, locale, seen, team)
            except PermanentError as err:
                if err.reason != "hash_conflict":
                    raise
                await self._publish(place, user, locale, "", team)

        await self._changes.send(f"{place.key} {team}", draw)

    async def _publish(self, place: Place, user: str, locale: str, seen: str, team: str) -> None:
        view = home_view(await self._homes.home(place, user, locale=locale), self._address)
        await self._calls.make(
            place.tenant,
            "views.publish",
            lambda slack: slack.views_publish(user_id=user, view=view, hash=seen or None),
            team=team,
        )
