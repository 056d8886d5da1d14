"""A person at their Slack: writes, presses what is on the screen, fills in, and what else people do.

What is not on the screen cannot be pressed (`NotThere`); a test that wants an old button keeps the
`Control` and hands it to `clicks`.
"""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Any

from tests.fakes.slack.delivery import Delivered
from tests.fakes.slack.reading import Control, controls, escaped, links, words
from tests.fakes.slack.values import chosen, state_value
from tests.fakes.slack.views import Modal
from tests.fakes.slack.workspace import APP_ID, HOME, Conversation, Person, Posted, View

if TYPE_CHECKING:
    from tests.fakes.slack.server import FakeSlack

_ADDRESS = re.compile(r"https?://[^\s<>]+")


class NotThere(AssertionError):
    """Nothing like it is on the screen."""


class Client:
    def __init__(self, slack: FakeSlack, person: Person, team: str = HOME) -> None:
        self.slack = slack
        self.person = person
        self.team = team
        self.filled: dict[str, dict[str, dict[str, Any]]] = {}  # by message or view

    @property
    def dm(self) -> Conversation:
        return self.slack.world.dm(self.person.id, self.team)

    # --- seeing ----------------------------------------------------------------------------------

    def shown(self, channel: str = "") -> list[Posted]:
        """What the app shows this person, oldest first; in the direct conversation by default."""
        where = self.slack.world.conversations[channel] if channel else self.dm
        return [m for m in where.shown_to(self.person.id) if m.bot_id]

    def read(self, channel: str = "") -> list[str]:
        return [words(m.blocks) or m.text for m in self.shown(channel)]

    def link(self, label: str = "") -> str:
        """The newest link whose label contains *label*."""
        for message in reversed(self.shown()):
            for name, url in reversed(list(links(message.blocks))):
                if label in name:
                    return url
        raise NotThere(f"no link {label!r} in {self.read()[-3:]}")

    def find(self, label: str, *, channel: str = "", kind: str = "") -> tuple[Posted, Control]:
        """The newest control with that label or action id (or its end)."""
        for message in reversed(self.shown(channel)):
            for control in reversed(list(controls(message.blocks))):
                if kind in ("", control.kind) and _named(control, label):
                    return message, control
        raise NotThere(f"no control {label!r} in {self.read(channel)[-3:]}")

    # --- messages --------------------------------------------------------------------------------

    async def writes(self, text: str, *, channel: str = "", thread: str = "", **more: Any) -> Delivered:
        """Type a message; *more* goes into the event, such as `subtype` or `files`."""
        where = self.slack.world.conversations[channel] if channel else self.dm
        sent = _ADDRESS.sub(lambda found: f"<{found[0]}>", escaped(text))
        made = Posted(self.slack.world.ts(), where.id, self.person.id, sent, thread_ts=thread)
        where.messages.append(made)
        return await self.sends(self._message(where, made) | more, where)

    def _message(self, where: Conversation, made: Posted) -> dict[str, Any]:
        run = {"type": "rich_text_section", "elements": [{"type": "text", "text": made.text}]}
        event = {
            "type": "message", "user": self.person.id, "text": made.text, "ts": made.ts, "channel": where.id,
            "event_ts": made.ts, "channel_type": where.kind, "client_msg_id": str(uuid.uuid4()),
            "team": self.person.team_id,
            "blocks": [{"type": "rich_text", "block_id": "typed", "elements": [run]}],
        }  # fmt: skip
        if self.person.team_id != self.team:
            event |= {"user_team": self.person.team_id, "source_team": self.person.team_id}
        if made.thread_ts:
            event["thread_ts"] = made.thread_ts
        return event

    async def mentions(self, text: str, *, channel: str, **more: Any) -> Delivered:
        """Mention the app in a channel."""
        where = self.slack.world.conversations[channel]
        made = Posted(self.slack.world.ts(), channel, self.person.id, f"<@U0KEYTURN> {escaped(text)}")
        where.messages.append(made)
        event = self._message(where, made) | {"type": "app_mention"} | more
        event.pop("channel_type")
        return await self.sends(event, where)

    async def sends(self, event: dict[str, Any], where: Conversation | None = None) -> Delivered:
        """Any event of this person. What the app did not subscribe to is not delivered (status -1)."""
        kind = event["type"]
        name = f"message.{where.kind}" if kind == "message" and where else kind
        envelope = self.slack.delivery.event(event, team=self.team, external=bool(where and where.ext_shared))
        if name not in self.slack.app.events:
            return Delivered("event", envelope, -1, "not subscribed")
        return await self.slack.delivery.send("event", envelope)

    async def edits(self, ts: str, text: str) -> Delivered:
        message = self.dm.find(ts)
        assert message is not None
        before, message.text = message.json(), escaped(text)
        return await self.sends(
            {
                "type": "message", "subtype": "message_changed", "channel": self.dm.id, "hidden": True,
                "ts": self.slack.world.ts(), "event_ts": ts, "channel_type": "im", "previous_message": before,
                "message": message.json() | {"edited": {"user": self.person.id, "ts": ts}},
            },
            self.dm,
        )  # fmt: skip

    async def deletes(self, ts: str) -> Delivered:
        message = self.dm.find(ts)
        assert message is not None
        message.deleted = True
        return await self.sends(
            {
                "type": "message", "subtype": "message_deleted", "channel": self.dm.id, "hidden": True,
                "ts": self.slack.world.ts(), "event_ts": ts, "deleted_ts": ts, "channel_type": "im",
                "previous_message": message.json(),
            },
            self.dm,
        )  # fmt: skip

    async def shares_file(self, text: str = "", *, mimetype: str = "image/png", **more: Any) -> Delivered:
        """A picture, or a voice clip with ``mimetype="audio/mp4"``."""
        subtype = "slack_audio" if mimetype.startswith("audio/") else ""
        file = {"id": "F0FILE", "name": "clip", "mimetype": mimetype, "subtype": subtype, "mode": "hosted"}
        return await self.writes(text, subtype="file_share", files=[file], **more)

    async def opens_home(self, tab: str = "home") -> Delivered:
        """Look at the app's page; the answer is `home()`."""
        seen = self.slack.world.homes.get(self.person.id)
        event: dict[str, Any] = {
            "type": "app_home_opened", "user": self.person.id, "channel": self.dm.id, "tab": tab,
            "event_ts": self.slack.world.ts(),
        }  # fmt: skip
        if seen is not None:
            event["view"] = seen.json(self.team)
        return await self.sends(event)

    def home(self) -> View:
        found = self.slack.world.homes.get(self.person.id)
        if found is None:
            raise NotThere("no App Home was published")
        return found

    # --- commands and shortcuts ------------------------------------------------------------------

    async def commands(self, command: str, text: str = "", *, channel: str = "") -> Delivered:
        known = self.slack.app.commands
        if known is not None and command not in known:
            raise NotThere(f"no command {command}")
        where = channel or self.dm.id
        conversation = self.slack.world.conversations.get(where)
        team = self.slack.world.teams[self.team]
        fields = {
            "token": "verification-token-of-old", "team_id": self.team, "team_domain": team.domain,
            "channel_id": where, "channel_name": conversation.name if conversation else "directmessage",
            "user_id": self.person.id, "user_name": self.person.name.lower(), "command": command,
            "text": text, "api_app_id": APP_ID, "is_enterprise_install": "false",
            "response_url": self.slack.responses.make(self.person.id, where),
            "trigger_id": self.slack.triggers.make(self.person.id),
        }  # fmt: skip
        if team.enterprise_id:
            fields |= {"enterprise_id": team.enterprise_id, "enterprise_name": "Org"}
        return await self.slack.delivery.send("command", fields)

    async def shortcut(self, callback_id: str, message: Posted) -> Delivered:
        """A message shortcut, on anybody's message."""
        known = self.slack.app.shortcuts
        if known is not None and callback_id not in known:
            raise NotThere(f"no shortcut {callback_id}")
        return await self.interacts(
            {
                "type": "message_action", "callback_id": callback_id, "message": message.json(),
                "message_ts": message.ts, "action_ts": self.slack.world.ts(),
                "channel": {"id": message.channel, "name": "channel"},
                "response_url": self.slack.responses.make(self.person.id, message.channel, message.ts),
            }
        )  # fmt: skip

    # --- pressing --------------------------------------------------------------------------------

    async def presses(self, label: str, *, channel: str = "") -> Delivered:
        """Press the newest button with that label or action id."""
        message, control = self.find(label, channel=channel, kind="button")
        return await self.clicks(message, control)

    async def selects(self, label: str, value: str, *, channel: str = "") -> Delivered:
        """Choose from a list, a date, a time: whatever sends at once."""
        message, control = self.find(label, channel=channel)
        return await self.clicks(message, control, value)

    def fills(self, label: str, value: Any, *, channel: str = "") -> None:
        """Fill in a field of a message; it is sent along with the next press."""
        message, control = self.find(label, channel=channel)
        values = self.filled.setdefault(message.ts, {})
        values.setdefault(control.block, {})[control.action] = state_value(control, value)

    async def clicks(self, message: Posted, control: Control, value: Any = None) -> Delivered:
        """Press *control* of *message*, whether or not it is still there. A field that sends at once
        is filled in by it."""
        if value is not None:
            values = self.filled.setdefault(message.ts, {})
            values.setdefault(control.block, {})[control.action] = state_value(control, value)
        ts = message.ts
        payload: dict[str, Any] = {
            "type": "block_actions", "channel": {"id": message.channel, "name": "directmessage"},
            "container": {
                "type": "message", "message_ts": ts, "channel_id": message.channel,
                "is_ephemeral": bool(message.only_for),
            },
            "state": {"values": self._state(message)},
            "response_url": self.slack.responses.make(self.person.id, message.channel, ts),
            "actions": [chosen(control, value, self.slack.world.ts())],
        }  # fmt: skip
        if not message.only_for:
            payload["message"] = message.json()
        return await self.interacts(payload)

    def _state(self, message: Posted) -> dict[str, dict[str, Any]]:
        given = self.filled.get(message.ts, {})
        state: dict[str, dict[str, Any]] = {}
        for control in controls(message.blocks):
            if control.kind not in {"button", "overflow"}:
                seen = given.get(control.block, {}).get(control.action)
                state.setdefault(control.block, {})[control.action] = seen or state_value(control, None)
        return state

    async def searches(self, label: str, typed: str) -> list[dict[str, Any]]:
        """Type into a list that loads its options; those it then offers."""
        message, control = self.find(label, kind="external_select")
        done = await self.interacts(
            {
                "type": "block_suggestion", "action_id": control.action, "block_id": control.block,
                "value": typed, "channel": {"id": message.channel}, "message": message.json(),
                "container": {"type": "message", "message_ts": message.ts, "channel_id": message.channel},
            }
        )  # fmt: skip
        body = done.body if isinstance(done.body, dict) else {}
        options: list[dict[str, Any]] = body.get("options") or []
        assert len(options) <= 100, "a list takes 100 options"
        return options

    async def interacts(self, payload: dict[str, Any], *, view: str = "") -> Delivered:
        """Any interaction of this person, with what Slack adds to each."""
        team = self.slack.world.teams[self.team]
        enterprise = {"id": team.enterprise_id, "name": "Org"} if team.enterprise_id else None
        user = {
            "id": self.person.id, "username": self.person.name.lower(), "name": self.person.name.lower(),
            "team_id": self.person.team_id,
        }  # fmt: skip
        return await self.slack.delivery.send(
            "interactive",
            {
                "user": user, "api_app_id": APP_ID, "token": "verification-token-of-old",
                "team": {"id": self.team, "domain": team.domain}, "enterprise": enterprise,
                "is_enterprise_install": False, "trigger_id": self.slack.triggers.make(self.person.id, view),
                **payload,
            },
        )  # fmt: skip

    # --- modals ----------------------------------------------------------------------------------

    def modal(self) -> Modal:
        """The modal on top."""
        stack = self.slack.world.stack(self.person.id)
        if not stack:
            raise NotThere("no modal is open")
        return Modal(self, stack[-1])

    def on_home(self) -> Modal:
        """The App Home, to press on."""
        return Modal(self, self.home())


def _named(control: Control, label: str) -> bool:
    return control.label == label or control.action == label or control.action.endswith(label)
