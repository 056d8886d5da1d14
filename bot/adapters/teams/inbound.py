"""What arrived: an activity's envelope, and what its body says. Total: anything may come in.

Read from the raw JSON, because the SDK's own model loses the tenant of a conversation and the trigger
of a card's action. Nothing here is believed before the door has verified the token.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MAX_TEXT = 4000
"""Characters of a typed text that are looked at; the intake answers what is too long for it."""

CHOICE, NONCE, REF = "_c", "_n", "_r"
"""Keys of ours in the data of an action; no input can have such a name."""
FIELD = "f_"
"""Before the name of a field, as id of its input: Teams puts inputs beside the keys above."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who sent something, where, and how to answer; *raw* is everything. *tenants* are all tenants
    that it names: one, unless something is odd. *thread* is the reply chain in a channel."""

    type: str
    id: str
    channel_id: str
    service_url: str
    tenants: frozenset[str]
    oid: str
    user: str
    bot: str
    conversation: str
    thread: str
    kind: str
    locale: str
    reply_to: str
    raw: Mapping[str, Any] = field(repr=False)

    @property
    def personal(self) -> bool:
        return self.kind == "personal"


@dataclass(frozen=True, slots=True)
class Said:
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Pressed:
    """An action of a card, with what was filled in. *ref* is the message it stands in."""

    choice: str
    nonce: str
    form: Mapping[str, str] = field(repr=False)
    ref: str = ""


@dataclass(frozen=True, slots=True)
class Executed:
    """`adaptiveCard/action`: wants the next view back."""

    press: Pressed


@dataclass(frozen=True, slots=True)
class Refreshed:
    """A client shows a card and asks for this person's view of it: nobody pressed anything."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """`task/fetch`: a button that opens a form."""

    press: Pressed


@dataclass(frozen=True, slots=True)
class Filled:
    """`task/submit`: the form, filled in."""

    press: Pressed


@dataclass(frozen=True, slots=True)
class Added:
    """The app was put into a chat or a team."""


@dataclass(frozen=True, slots=True)
class Removed:
    pass


@dataclass(frozen=True, slots=True)
class Nothing:
    """Edits, deletions, reactions, read receipts: not for us."""


@dataclass(frozen=True, slots=True)
class UnknownInvoke:
    pass


Heard = (
    Said | Pressed | Executed | Refreshed | Fetched | Filled | Added | Removed | Nothing | UnknownInvoke
)  # fmt: skip


def envelope(raw: Any) -> Envelope | None:
    """The envelope of an activity, or None for what is no activity at all."""
    if not isinstance(raw, dict):
        return None
    sender, bot, where = _map(raw, "from"), _map(raw, "recipient"), _map(raw, "conversation")
    channel_data = _map(raw, "channelData")
    conversation = _text(where, "id")
    found = Envelope(
        type=_text(raw, "type"),
        id=_text(raw, "id"),
        channel_id=_text(raw, "channelId"),
        service_url=_text(raw, "serviceUrl"),
        tenants=frozenset(
            tenant.lower()
            for tenant in (_text(_map(channel_data, "tenant"), "id"), _text(where, "tenantId"))
            if tenant
        ),
        oid=_text(sender, "aadObjectId").lower(),
        user=_text(sender, "id"),
        bot=_text(bot, "id"),
        conversation=conversation.partition(";")[0],
        thread=conversation,
        kind=_text(where, "conversationType") or _kind(conversation, where.get("isGroup")),
        locale=_text(raw, "locale"),
        reply_to=_text(raw, "replyToId"),
        raw=raw,
    )
    return found if found.type and found.service_url and found.conversation else None


def heard(one: Envelope) -> Heard:
    match one.type:
        case "message":
            value = one.raw.get("value")
            if not isinstance(value, dict):
                return Said(said(one))
            # Action.Submit arrives as a message without text
            return _pressed(value, one.reply_to) or (Said(text) if (text := said(one)) else Nothing())
        case "invoke":
            return _invoked(one)
        case "installationUpdate":
            action = _text(one.raw, "action")
            if action.startswith("add"):
                return Added()
            # "remove-upgrade" is half of an update, and may come after the other half
            return Removed() if action == "remove" else Nothing()
        case "conversationUpdate":
            members = one.raw.get("membersAdded")
            found = members if isinstance(members, list) else []
            ids = {_text(member, "id") for member in found if isinstance(member, dict)}
            return Added() if one.bot and one.bot in ids else Nothing()
        case _:
            return Nothing()


def said(one: Envelope) -> str:
    """The typed text, without the one mention that is addressed to us: the SDK's own helper would take
    every occurrence of the bot's name out of the sentence."""
    text = _text(one.raw, "text", MAX_TEXT * 2)
    entities = one.raw.get("entities")
    for entity in entities if isinstance(entities, list) else ():
        if not isinstance(entity, dict) or entity.get("type") != "mention":
            continue
        if _text(_map(entity, "mentioned"), "id") == one.bot and (mention := _text(entity, "text")):
            text = text.replace(mention, "", 1)
            break
    if one.raw.get("textFormat") == "xml":
        text = html.unescape(text)
    return text.replace("\xa0", " ").strip()[:MAX_TEXT]


def _invoked(one: Envelope) -> Heard:
    value = _map(one.raw, "value")
    match _text(one.raw, "name"):
        case "adaptiveCard/action":
            if value.get("trigger") == "automatic" or _text(_map(value, "action"), "verb") == "refresh":
                return Refreshed()
            press = _pressed(_map(_map(value, "action"), "data"), one.reply_to)
            return Executed(press) if press else UnknownInvoke()
        case "task/fetch":
            press = _pressed(_map(value, "data"), one.reply_to)
            return Fetched(press) if press else UnknownInvoke()
        case "task/submit":
            data = _map(value, "data")
            press = _pressed(data, _text(data, REF) or one.reply_to)
            return Filled(press) if press else UnknownInvoke()
        case _:
            return UnknownInvoke()


def _pressed(data: Mapping[str, Any], ref: str) -> Pressed | None:
    choice = _text(data, CHOICE)
    form = {
        _storable(name.removeprefix(FIELD)): _filled(value)
        for name, value in data.items()
        if isinstance(name, str) and name.startswith(FIELD)
    }
    return Pressed(choice, _text(data, NONCE), form, ref) if choice else None


def _filled(value: Any) -> str:
    """Inputs come as text, but a number or a truth value may come as such."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return _storable(str(value)[:MAX_TEXT]) if isinstance(value, str | int | float) else ""


def _kind(conversation: str, group: Any) -> str:
    """Of a conversation whose kind Teams left out: where others could read along, it is not private."""
    return "unknown" if group or conversation.startswith("19:") else "personal"


def _map(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = data.get(name)
    return found if isinstance(found, dict) else {}


def _text(data: Mapping[str, Any], name: str, longest: int = 600) -> str:
    found = data.get(name)
    return _storable(found[:longest]) if isinstance(found, str) else ""


def _storable(text: str) -> str:
    """Without what JSON can say and no database keeps: NUL, and halves of a character."""
    return text.replace("\0", "").encode("utf-8", "ignore").decode()
