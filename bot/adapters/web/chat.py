"""The demo's chat: a page with plain forms, and the same as JSON for scripts.

Anybody may be chosen; who they are taken for is the demo's own claim. Under `serve` these routes do
not exist: there the same conversation is held at the front door.
"""

from __future__ import annotations

from aiohttp import web

from bot.adapters.web import security
from bot.adapters.web.forms import json_object
from bot.adapters.web.polling import Polls
from bot.adapters.web.shell import Shell
from bot.adapters.web.talking import Speaker, Talking
from bot.adapters.web.transcript import WebChat
from bot.core.model import Place, Reason
from bot.errors import Refused
from bot.ports.chat_pages import AGENTS, Chatter, Chatters, Links, chat_of
from bot.ports.clock import Entropy
from bot.ports.intake import Intake


class Chat:
    def __init__(
        self,
        shell: Shell,
        chat: WebChat,
        intake: Intake,
        chatters: Chatters,
        links: Links,
        polls: Polls,
        entropy: Entropy,
    ) -> None:
        self._shell = shell
        self._talking = Talking(shell, chat, intake, links, polls, entropy)
        self._chatters = chatters

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/chat/{person}", self.read),
            web.get("/chat/{person}/lines", self.lines),
            web.post("/chat/{person}", self.send),
        ]

    async def read(self, request: web.Request) -> web.Response:
        """The page, or with `after` (or for a script) the messages as JSON."""
        place, chatter = self._place(request)
        if "after" not in request.query and "text/html" in request.headers.get("Accept", ""):
            values = await self._talking.values(request, place, f"/chat/{place.address}" if chatter else "")
            return self._shell.page(
                request, "chat.html", pane=True, chatter=chatter, chatters=self._chatters.all(), **values
            )
        return self._shell.json(await self._talking.messages(request, place))

    async def lines(self, request: web.Request) -> web.Response:
        """What is new, as the page shows it; for the page's script."""
        place, chatter = self._place(request)
        action = f"/chat/{place.address}" if chatter else ""
        return self._shell.json(await self._talking.lines(request, place, action))

    async def send(self, request: web.Request) -> web.Response:
        """Take what a person says: JSON from a script, or one of the page's forms."""
        place, chatter = self._place(request)
        if chatter is None:
            raise Refused(Reason.FORBIDDEN)
        speaker = Speaker(place, chatter.id, f"/chat/{chatter.id}", chatter.oid, chatter.linked)
        if request.content_type == "application/json":
            # Another site cannot send this content type without asking us first, and we never agree.
            security.demand_same_origin(request)
            sent = await json_object(request)
            return self._shell.json(await self._talking.script(request, speaker, sent))
        reply = await self._talking.form(request, speaker, await self._shell.form(request))
        if "application/json" in request.headers.get("Accept", ""):
            return self._shell.json(reply)
        return self._shell.see_other(f"{speaker.action}#end")

    def _place(self, request: web.Request) -> tuple[Place, Chatter | None]:
        person = request.match_info["person"]
        if person == AGENTS.address:
            return AGENTS, None
        chatter = self._chatters.find(person)
        if chatter is None:
            raise web.HTTPNotFound
        return chat_of(chatter.id), chatter
