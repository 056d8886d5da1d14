"""A conversation on a page: what the demo's chat and the front door have in common.

What a person sends goes to the intake and nowhere else; what the bot says comes back through the
transcript. Who may read or write a conversation is for the page to say that shows it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from markupsafe import Markup

from bot.adapters.web import security
from bot.adapters.web.forms import Form
from bot.adapters.web.message_html import rendered
from bot.adapters.web.polling import Polls
from bot.adapters.web.shell import Shell
from bot.adapters.web.transcript import Shown, WebChat
from bot.core.elements import Field, Link
from bot.core.message import Message
from bot.core.model import Place, Reason
from bot.errors import Refused
from bot.ports.chat_pages import Links
from bot.ports.clock import Entropy
from bot.ports.intake import Incoming, Intake

MAX_TEXT = 3000
FIELD = "f_"
"""Before the name of a message's own field in a plain form."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who writes, and where. *oid* and *linked* as in `ports.intake.Incoming`. *action* is the path that
    the page's forms post to."""

    place: Place
    user: str
    action: str
    oid: str = ""
    linked: bool = False


class Talking:
    def __init__(
        self, shell: Shell, chat: WebChat, intake: Intake, links: Links, polls: Polls, entropy: Entropy
    ) -> None:
        self._shell = shell
        self._chat = chat
        self._intake = intake
        self._links = links
        self._polls = polls
        self._entropy = entropy

    # --- reading -----------------------------------------------------------------------------

    async def values(self, request: web.Request, place: Place, action: str) -> dict[str, Any]:
        """What `chat_log.html` and its forms want; *action* is empty where nobody may answer."""
        seq, shown = await self._chat.since(place, 0)
        return {
            "in_prefix": f"in:{place.key}:",
            "action": action,
            "seq": seq,
            "lines": [self._line(request, one) for one in shown],
            "nonce": self.nonce(),
        }

    async def messages(self, request: web.Request, place: Place) -> dict[str, Any]:
        """What the bot said, for a script."""
        seq, shown = await self._wait(request, place)
        return {"seq": seq, "messages": [self._told(one) for one in shown if one.message is not None]}

    async def lines(self, request: web.Request, place: Place, action: str) -> dict[str, Any]:
        """What is new, as the page shows it; for the page's script."""
        seq, shown = await self._wait(request, place)
        lines = [
            {
                "key": one.key,
                "html": self._shell.fragment(
                    request,
                    "chat_line.html",
                    line=self._line(request, one),
                    action=action,
                    nonce=self.nonce(),
                ),
            }
            for one in shown
        ]
        return {"seq": seq, "lines": lines}

    async def _wait(self, request: web.Request, place: Place) -> tuple[int, list[Shown]]:
        after, seconds = _number(request.query.get("after", "0")), _number(request.query.get("wait", "0"))
        return await self._polls.until(
            place.key,
            seconds,
            lambda: self._chat.since(place, after),
            lambda found: bool(found[1]) or found[0] < after,
        )

    def _line(self, request: web.Request, one: Shown) -> dict[str, Any]:
        message = one.message
        return {
            "key": one.key,
            "author": one.author,
            "said": one.said,
            "html": self._html(request, one.key, message) if message else "",
            "replies": [self._html(request, f"{one.key}/{n}", r) for n, r in enumerate(one.replies)],
            "lang": message.locale if message else self._shell.locale(request),
        }

    def _html(self, request: web.Request, key: str, message: Message) -> Markup:
        new_tab = self._shell.words.say(self._shell.locale(request), "web.chat.new_tab")
        ident = "m" + hashlib.sha256(key.encode()).hexdigest()[:12]
        return rendered(message, self._address, ident=ident, new_tab=new_tab)

    def _told(self, one: Shown) -> dict[str, Any]:
        message = one.message
        assert message is not None
        return {
            "seq": one.seq,
            "key": one.key,
            "text": message.text(),
            "choices": [{"id": choice.id, "label": choice.label} for choice in message.choices()],
            "links": [
                {"label": button.label, "url": url}
                for button in message.links()
                if (url := self._address(button.link))
            ],
            **({"replies": [reply.text() for reply in one.replies]} if one.replies else {}),
        }

    def _address(self, link: Link) -> str:
        """Where a link leads; empty when what it refers to is gone."""
        if link.url:
            return link.url
        path = self._links.path(link.reference)
        return f"{self._shell.site.public_url.rstrip('/')}{path}" if path else ""

    # --- sending -----------------------------------------------------------------------------

    async def script(self, request: web.Request, speaker: Speaker, sent: Mapping[str, Any]) -> dict[str, Any]:
        """Take what a script sent as JSON."""
        return await self._take(request, speaker, str(sent.get("id", ""))[:80] or self.nonce(), sent)

    async def form(self, request: web.Request, speaker: Speaker, form: Form) -> dict[str, Any]:
        """Take one of the page's forms."""
        fields = {
            name.removeprefix(FIELD): ",".join(form.all(name)) for name in form if name.startswith(FIELD)
        }
        sent = {"text": form.get("text", ""), "choice": form.get("choice", ""), "form": fields}
        cookie = request.cookies.get(security.FORM_COOKIE, "")
        nonce = form.text("nonce") or self.nonce()
        if "own" not in form:
            # Without the script one page can send twice with the same number, say after going back:
            # what was said makes them two. Keyed with the cookie, so nothing typed can be guessed.
            what = f"{nonce}\0{sent['text']}\0{sent['choice']}".encode()
            nonce = hmac.new(cookie.encode(), what, hashlib.sha256).hexdigest()[:32]
        return await self._take(request, speaker, nonce, sent)

    async def _take(
        self, request: web.Request, speaker: Speaker, nonce: str, sent: Mapping[str, Any]
    ) -> dict[str, Any]:
        text, choice, form = _said(sent)
        place = speaker.place
        before, shown = await self._chat.since(place, 0)
        if form and not choice:
            choice = _submit_of(shown)
        key = f"{place.key}:{nonce}"
        if choice:
            await self._chat.pressed(place, _label_of(choice, shown), key=f"in:{key}")
        else:
            await self._chat.typed(place, key=f"in:{key}")
        reply = await self._intake.receive(
            Incoming(
                place=place,
                user=speaker.user,
                dedupe_key=key,
                text=text,
                choice=choice,
                form=form,
                locale=self._shell.locale(request),
                hint_oid=speaker.oid,
                linked=speaker.linked,
                network=self._shell.visitor(request).network,
            )
        )
        return {"seq": before, "refused": str(reply.get("refused", ""))}

    def nonce(self) -> str:
        return self._entropy.bytes(16).hex()


def _said(sent: Mapping[str, Any]) -> tuple[str, str, dict[str, str]]:
    """(text, choice, form) of what was sent. Raises Refused(BAD_FORM) unless it says something."""
    text, choice, form = sent.get("text", ""), sent.get("choice", ""), sent.get("form", {})
    if not isinstance(text, str) or not isinstance(choice, str) or not isinstance(form, dict):
        raise Refused(Reason.BAD_FORM, detail="types")
    fields = {str(name): str(value)[:MAX_TEXT] for name, value in form.items()}
    text = text.strip()
    if len(text) > MAX_TEXT or not (text or choice or fields):
        raise Refused(Reason.BAD_FORM, detail="empty or too long")
    return ("" if choice or fields else text), choice, fields


def _submit_of(shown: list[Shown]) -> str:
    """The submit button of the newest message that has a field."""
    for one in reversed(shown):
        for element in one.message.elements if one.message else ():
            submit = getattr(element, "submit", None)
            if isinstance(element, Field) and submit is not None:
                return str(submit.id)
    raise Refused(Reason.BAD_FORM, detail="no form is open")


def _label_of(choice: str, shown: list[Shown]) -> str:
    """What the pressed button said, as it was shown; empty for a button nobody was shown."""
    messages: list[Message] = [one.message for one in shown if one.message]
    labels = {button.id: button.label for message in messages for button in message.choices()}
    return labels.get(choice, "")


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0
