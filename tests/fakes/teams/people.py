"""People in Teams: what their clients send to the bot's endpoint, and what they see.

A `TeamsUser` speaks HTTP to the real route with a token signed as Teams signs it. It sees what the
connector keeps of its conversation, and, as a real client does, shows the card that came back from a
press in place of the one that was pressed until that message is updated.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import aiohttp

from tests.fakes.teams.cards import actions_of, complaints, inputs_of, text_of
from tests.fakes.teams.connector import CARD, Connector, card_of

CARD_ANSWER = "application/vnd.microsoft.card.adaptive"
MESSAGE_ANSWER = "application/vnd.microsoft.activity.message"
_COUNT = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the bot's endpoint said."""

    status: int
    body: Any

    @property
    def card(self) -> dict[str, Any] | None:
        """The next view, where one came back."""
        if isinstance(self.body, dict) and self.body.get("type") == CARD_ANSWER:
            card: dict[str, Any] = self.body["value"]
            return card
        return None

    @property
    def said(self) -> str:
        if isinstance(self.body, dict) and self.body.get("type") == MESSAGE_ANSWER:
            return str(self.body["value"])
        return ""

    @property
    def dialog(self) -> dict[str, Any] | None:
        """The task a dialog goes on with, if one is (still) open."""
        if isinstance(self.body, dict) and isinstance(self.body.get("task"), dict):
            task: dict[str, Any] = self.body["task"]
            return task
        return None


@dataclass(slots=True)
class Seen:
    """One message as this person's client shows it."""

    id: str
    activity: dict[str, Any]
    card: dict[str, Any] | None

    @property
    def text(self) -> str:
        return text_of(self.card) if self.card else str(self.activity.get("text") or "")

    @property
    def actions(self) -> list[dict[str, Any]]:
        return actions_of(self.card) if self.card else []

    @property
    def links(self) -> list[str]:
        return [str(one["url"]) for one in self.actions if one["type"] == "Action.OpenUrl"]


def filled(card: dict[str, Any], form: Mapping[str, str]) -> dict[str, str]:
    """What the inputs of *card* hold after somebody filled in *form*, by the id or its last part.
    Empty optional ones are left out, as clients do."""
    ids = [str(one["id"]) for one in inputs_of(card)]
    given = {str(one["id"]): str(one.get("value", "")) for one in inputs_of(card)}
    for name, value in form.items():
        given[next(one for one in ids if one == name or one.endswith(f"_{name}"))] = value
    return {name: value for name, value in given.items() if value}


def teams_id(app_id: str, oid: str) -> str:
    """`29:…`, another for every bot."""
    return f"29:1{uuid5(NAMESPACE_URL, f'{app_id}/{oid}').hex}"


@dataclass
class TeamsUser:
    """*endpoint* is the bot's `/api/messages`. *tenant* is the one the activities claim, and *home*
    overrides where the person is from; both are the bot's own unless a test says otherwise."""

    http: aiohttp.ClientSession
    endpoint: str
    connector: Connector
    oid: str
    name: str = "Amara Osei"
    locale: str = "en-US"
    tenant: str = ""
    views: dict[str, dict[str, Any]] = field(default_factory=dict)
    answers: list[Answer] = field(default_factory=list)
    sent: list[dict[str, Any]] = field(default_factory=list)
    signed: bool = True

    def __post_init__(self) -> None:
        self.tenant = self.tenant or self.connector.tenant
        self.id = teams_id(self.connector.app_id, self.oid)
        self.conversation = f"a:1{uuid5(NAMESPACE_URL, f'chat/{self.id}').hex}"
        self.connector.heard.append(self._heard)

    # --- what arrives at the bot -----------------------------------------------------------------

    def activity(self, kind: str, **more: Any) -> dict[str, Any]:
        """A personal activity of *kind*, as Teams words it."""
        return {
            "type": kind,
            "id": self.new_id("f"),
            "timestamp": "2026-11-22T09:00:00.000Z",
            "localTimestamp": "2026-11-22T10:00:00.000+01:00",
            "localTimezone": "Europe/Berlin",
            "channelId": "msteams",
            "serviceUrl": self.connector.service_url,
            "from": {"id": self.id, "name": self.name, "aadObjectId": self.oid},
            "conversation": {
                "conversationType": "personal", "tenantId": self.tenant, "id": self.conversation,
            },
            "recipient": self.connector.bot,
            "entities": [
                {
                    "type": "clientInfo", "locale": self.locale, "country": "DE", "platform": "Web",
                    "timezone": "Europe/Berlin",
                }
            ],
            "locale": self.locale,
            "channelData": {"tenant": {"id": self.tenant}},
            **more,
        }  # fmt: skip

    def in_channel(self, activity: dict[str, Any], channel: str) -> dict[str, Any]:
        """The same, out of a channel of a team."""
        team = "19:team@thread.tacv2"
        return {
            **activity,
            "conversation": {
                "isGroup": True, "conversationType": "channel", "tenantId": self.tenant,
                "id": channel if ";" in channel else f"{channel};messageid={activity['id']}",
            },
            "channelData": {
                "teamsChannelId": channel, "teamsTeamId": team, "channel": {"id": channel},
                "team": {"id": team}, "tenant": {"id": self.tenant},
            },
        }  # fmt: skip

    def new_id(self, prefix: str = "") -> str:
        return (
            f"{prefix}:{next(_COUNT):08x}-{self.oid[:8]}" if prefix else str(1_763_700_000_000 + next(_COUNT))
        )

    async def post(
        self, activity: Any, *, token: str | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Deliver it, signed for its service URL unless *token* says otherwise; "" leaves it out."""
        told: dict[str, str] = {"x-ms-tenant-id": self.tenant, **(headers or {})}
        if token is None and self.signed:
            token = self.connector.authority.token(self.connector.service_url)
        if token:
            told["Authorization"] = f"Bearer {token}"
        if isinstance(activity, dict):
            self.sent.append(activity)
            if activity.get("type") == "message" and activity.get("id"):
                self.connector.written.add(activity["id"])
        how: dict[str, Any] = {"data": activity} if isinstance(activity, bytes) else {"json": activity}
        async with self.http.post(self.endpoint, headers=told, **how) as answer:
            kind = answer.content_type
            body = await answer.json() if kind == "application/json" else await answer.text() or None
            said = Answer(answer.status, body)
        self.answers.append(said)
        return said

    # --- what people do --------------------------------------------------------------------------

    async def install(self, *, team: str = "") -> Answer:
        """Put the app into the personal chat (or, with *team* a channel's id, into a team)."""
        activity = self.activity("installationUpdate", action="add")
        if team:
            self.connector.conversation(team, "channel")
            activity = self.in_channel(activity, team)
            activity["conversation"]["id"] = team
        else:
            self.here()
        return await self.post(activity)

    def here(self) -> None:
        """The app is installed for this person; nothing is sent."""
        chat = self.connector.conversation(self.conversation)
        chat.members[self.id] = {
            "id": self.id, "aadObjectId": self.oid, "objectId": self.oid, "name": self.name,
            "tenantId": self.tenant, "userRole": "user", "userPrincipalName": f"{self.oid}@keyturn.example",
        }  # fmt: skip
        chat.blocked = False
        self.connector.installed |= {self.id: self.conversation, self.oid: self.conversation}

    async def uninstall(self) -> Answer:
        self.connector.conversation(self.conversation).blocked = True
        for known in (self.id, self.oid):
            self.connector.installed.pop(known, None)
        return await self.post(self.activity("installationUpdate", action="remove"))

    def message(self, text: str, **more: Any) -> dict[str, Any]:
        return self.activity("message", **({"id": self.new_id(), "text": text, "textFormat": "plain"} | more))

    async def write(self, text: str, **more: Any) -> Answer:
        return await self.post(self.message(text, **more))

    async def edit(self, activity: dict[str, Any], text: str) -> Answer:
        """Change an own message afterwards."""
        more = {"text": text, "channelData": {"tenant": {"id": self.tenant}, "eventType": "editMessage"}}
        return await self.post({**activity, "type": "messageUpdate", **more})

    def mentioning(self, channel: str, text: str) -> dict[str, Any]:
        """Text in a channel that mentions the bot, as Teams words it."""
        bot = self.connector.bot
        at = f"<at>{bot['name']}</at>"
        entity = {"type": "mention", "mentioned": bot, "text": at}
        activity = self.message(f"{at} {text}", textFormat="xml")
        activity["entities"] = [entity, *activity["entities"]]
        return self.in_channel(activity, channel)

    async def mention(self, channel: str, text: str) -> Answer:
        return await self.post(self.mentioning(channel, text))

    def execute(
        self, seen: Seen, action: Mapping[str, Any], form: Mapping[str, str] | None = None,
        *, trigger: str = "manual",
    ) -> dict[str, Any]:  # fmt: skip
        """The invoke of one Action.Execute, inputs of the card merged into its data."""
        given = filled(seen.card or {}, form or {})
        data = {**action.get("data", {}), **(given if action.get("associatedInputs") != "none" else {})}
        told = {"type": "Action.Execute", "verb": action["verb"], "data": data}
        if "id" in action:
            told["id"] = action["id"]
        return self.activity(
            "invoke", name="adaptiveCard/action", replyToId=seen.id,
            value={"action": told, "trigger": trigger},
        )  # fmt: skip

    async def act(self, activity: dict[str, Any]) -> Answer:
        """Deliver an invoke; a card that comes back is what this client shows from now on."""
        said = await self.post(activity)
        if said.card is not None:
            self.connector.found += complaints(said.card)
            self.views[activity["replyToId"]] = said.card
        return said

    async def press(self, title: str, form: Mapping[str, str] | None = None) -> Answer:
        """Press the newest button that says *title* (or whose data holds a text that ends so)."""
        seen, action = self.find(title)
        if action["type"] == "Action.Submit":
            return await self.submit(seen, action, form)
        return await self.act(self.execute(seen, action, form))

    async def submit(self, seen: Seen, action: Mapping[str, Any], form: Mapping[str, str] | None) -> Answer:
        data = {**action.get("data", {}), **filled(seen.card or {}, form or {})}
        if data.get("msteams", {}).get("type") == "task/fetch":
            value = {"data": data, "context": {"theme": "default"}}
            invoke = self.activity("invoke", name="task/fetch", replyToId=seen.id, value=value)
            return await self.post(invoke)
        return await self.post(self.activity("message", id=self.new_id(), value=data, replyToId=seen.id))

    async def submit_dialog(
        self, card: Mapping[str, Any], form: Mapping[str, str], seen: Seen, *, press: int = 0
    ) -> Answer:
        """Fill in and submit the card of an open dialog."""
        action = actions_of(dict(card))[press]
        data = {**action.get("data", {}), **filled(dict(card), form)}
        value = {"data": data, "context": {"theme": "default"}}
        return await self.post(self.activity("invoke", name="task/submit", replyToId=seen.id, value=value))

    async def refresh(self, seen: Seen) -> Answer | None:
        """What the client does when it shows a card that wants to be refreshed for this person."""
        refresh = (seen.card or {}).get("refresh")
        if not refresh or self.id not in refresh.get("userIds", [self.id]):
            return None
        return await self.act(self.execute(seen, refresh["action"], trigger="automatic"))

    # --- what people see -------------------------------------------------------------------------

    def seen(self) -> list[Seen]:
        """The personal chat, oldest first."""
        return self.seen_in(self.conversation)

    def seen_in(self, conversation: str) -> list[Seen]:
        return [
            Seen(one.id, one.activity, self.views.get(one.id) or card_of(one.activity))
            for one in self.connector.of(conversation)
        ]

    def last(self) -> Seen:
        return self.seen()[-1]

    def find(self, title: str) -> tuple[Seen, dict[str, Any]]:
        for seen in reversed(self.seen()):
            for action in seen.actions:
                data = action.get("data") or {}
                held = [value for value in data.values() if isinstance(value, str)]
                if action.get("title") == title or any(value.endswith(title) for value in held):
                    return seen, action
        raise AssertionError(f"nothing to press says {title!r}: {[s.text for s in self.seen()][-3:]}")

    def _heard(self, posted: Any) -> None:
        """An update of a message replaces what a press had put there."""
        self.views.pop(posted.id, None)


__all__ = ["CARD", "Answer", "Seen", "TeamsUser", "teams_id"]
