"""What a click leaves behind for a moment: triggers that open modals, and addresses to answer at."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from bot.ports.clock import Clock
from tests.fakes.slack.blocks import problems
from tests.fakes.slack.web_api import Call, Refused
from tests.fakes.slack.workspace import BOT_ID, BOT_USER, Posted, Workspace

TRIGGER_LIVES = timedelta(seconds=3)
ADDRESS_LIVES = timedelta(minutes=30)
ADDRESS_USES = 5


@dataclass(slots=True)
class Trigger:
    user: str
    view: str
    at: datetime
    used: bool = False


class Triggers:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._made: dict[str, Trigger] = {}

    def make(self, user: str, view: str = "") -> str:
        """A new trigger of *user*; *view*: it came from inside that modal."""
        ident = f"{secrets.randbelow(10**12)}.{secrets.token_hex(16)}"
        self._made[ident] = Trigger(user, view, self._clock.now())
        return ident

    def exchange(self, call: Call) -> tuple[str, str]:
        """Use the trigger of *call* up; its user and view."""
        made = self._made.get(str(call.need("trigger_id", "invalid_arguments")))
        if made is None:
            raise Refused("invalid_trigger_id")
        if made.used:
            raise Refused("exchanged_trigger_id")
        if self._clock.now() - made.at > TRIGGER_LIVES:
            raise Refused("expired_trigger_id")
        made.used = True
        return made.user, made.view


@dataclass(slots=True)
class Address:
    user: str
    channel: str
    ts: str
    at: datetime
    uses: int = 0


@dataclass(slots=True)
class ResponseUrls:
    """The addresses of `response_url`: five uses within half an hour."""

    world: Workspace
    base: str = ""
    made: dict[str, Address] = field(default_factory=dict)

    def make(self, user: str, channel: str, ts: str = "") -> str:
        ident = secrets.token_urlsafe(18)
        self.made[ident] = Address(user, channel, ts, self.world.clock.now())
        return f"{self.base}/respond/{ident}"

    async def handle(self, request: web.Request) -> web.Response:
        address = self.made.get(request.match_info["id"])
        if address is None:
            return web.Response(status=404, text="no_such_url")
        if self.world.clock.now() - address.at > ADDRESS_LIVES:
            return web.Response(status=404, text="expired_url")
        if address.uses >= ADDRESS_USES:
            return web.Response(status=404, text="used_url")
        address.uses += 1
        body = await request.json()
        if body.get("blocks") and problems(body["blocks"]):
            return web.Response(status=400, text="invalid_blocks")
        self._apply(address, body)
        return web.Response(text="ok")

    def _apply(self, address: Address, body: dict[str, Any]) -> None:
        conversation = self.world.conversations.get(address.channel)
        if conversation is None:
            # The bot is not in it; the answer is seen by that person only and kept nowhere.
            conversation = self.world.channel(address.channel, address.user, id=address.channel, kind="group")
        clicked = conversation.find(address.ts) if address.ts else None
        text, blocks = body.get("text", ""), self.world.named(body.get("blocks") or [])
        if body.get("delete_original") and clicked is not None:
            clicked.deleted = True
        elif body.get("replace_original") and clicked is not None:
            clicked.earlier.append((clicked.text, clicked.blocks))
            clicked.text, clicked.blocks = text, blocks
        else:
            only = "" if body.get("response_type") == "in_channel" else address.user
            conversation.messages.append(
                Posted(self.world.ts(), address.channel, BOT_USER, text, blocks, BOT_ID, only_for=only)
            )
