"""Teams, people, conversations, messages and views, as Slack keeps them."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.ports.clock import Clock
from tests.fakes.slack.blocks import MOST


@dataclass(slots=True)
class Team:
    id: str
    name: str
    enterprise_id: str = ""
    domain: str = "contoso"


@dataclass(slots=True)
class Person:
    """An account. *kind* says what it is in the eyes of the app's workspace."""

    id: str
    team_id: str
    name: str
    mail: str = ""
    mail_confirmed: bool = True
    locale: str = "en-US"
    deleted: bool = False
    is_bot: bool = False
    guest: str = ""  # "multi" or "single"
    stranger: bool = False
    enterprise_id: str = ""
    teams: tuple[str, ...] = ()
    active: bool = True

    def json(self, *, mail: bool, locale: bool, home: bool) -> dict[str, Any]:
        """As users.info tells it. *home*: the reader is of the same workspace or organisation."""
        profile: dict[str, Any] = {"real_name": self.name, "display_name": self.name.split()[0]}
        if mail and home and self.mail:
            profile["email"] = self.mail
        told: dict[str, Any] = {
            "id": self.id, "team_id": self.team_id, "name": self.name.split()[0].lower(),
            "real_name": self.name, "deleted": self.deleted, "is_bot": self.is_bot, "profile": profile,
            "is_app_user": False, "updated": 1700000000,
        }  # fmt: skip
        if self.stranger:
            told["is_stranger"] = True
        if home and not self.deleted:
            told |= {
                "is_admin": False, "is_owner": False, "is_restricted": bool(self.guest),
                "is_ultra_restricted": self.guest == "single", "is_email_confirmed": self.mail_confirmed,
                "tz": "Europe/Berlin",
            }  # fmt: skip
            if locale:
                told["locale"] = self.locale
        if self.enterprise_id:
            told["enterprise_user"] = {
                "id": self.id, "enterprise_id": self.enterprise_id,
                "teams": list(self.teams or [self.team_id]),
                "is_admin": False, "is_owner": False,
            }  # fmt: skip
        return told


@dataclass(slots=True)
class Posted:
    """A message, with everything it once said in *earlier*. *only_for* makes it ephemeral."""

    ts: str
    channel: str
    user: str
    text: str
    blocks: list[dict[str, Any]] = field(default_factory=list)
    bot_id: str = ""
    metadata: dict[str, Any] | None = None
    thread_ts: str = ""
    only_for: str = ""
    deleted: bool = False
    unfurl: bool = True
    earlier: list[tuple[str, list[dict[str, Any]]]] = field(default_factory=list)

    def json(self, *, metadata: bool = False) -> dict[str, Any]:
        told: dict[str, Any] = {"type": "message", "user": self.user, "text": self.text, "ts": self.ts}
        if self.bot_id:
            told |= {"bot_id": self.bot_id, "app_id": APP_ID}
        if self.blocks:
            told["blocks"] = self.blocks
        if self.thread_ts:
            told["thread_ts"] = self.thread_ts
        if self.earlier:
            told["edited"] = {"user": self.user, "ts": self.ts}
        if self.metadata and metadata:
            told["metadata"] = self.metadata
        return told


@dataclass(slots=True)
class Conversation:
    """*kind* is im, channel or group (private)."""

    id: str
    kind: str
    team_id: str
    name: str = ""
    members: set[str] = field(default_factory=set)
    archived: bool = False
    ext_shared: bool = False
    messages: list[Posted] = field(default_factory=list)

    def find(self, ts: str) -> Posted | None:
        return next((m for m in self.messages if m.ts == ts and not m.deleted), None)

    def shown_to(self, user: str) -> list[Posted]:
        """What *user* sees there now, oldest first."""
        return [m for m in self.messages if not m.deleted and m.only_for in ("", user)]

    def json(self) -> dict[str, Any]:
        return {
            "id": self.id, "name": self.name, "is_im": self.kind == "im",
            "is_channel": self.kind == "channel",
            "is_group": self.kind == "group", "is_private": self.kind != "channel",
            "is_archived": self.archived, "is_ext_shared": self.ext_shared, "is_shared": self.ext_shared,
            "is_org_shared": False, "context_team_id": self.team_id, "is_member": BOT_USER in self.members,
            **({"user": next((m for m in self.members if m != BOT_USER), "")} if self.kind == "im" else {}),
        }  # fmt: skip


@dataclass(slots=True)
class View:
    """A modal of *user*, or somebody's App Home; *state* is what was filled in."""

    id: str
    user: str
    body: dict[str, Any]
    hash: str
    root: str
    previous: str = ""
    open: bool = True
    state: dict[str, dict[str, Any]] = field(default_factory=dict)

    def json(self, team_id: str) -> dict[str, Any]:
        return {
            "id": self.id, "team_id": team_id, "app_id": APP_ID, "bot_id": BOT_ID, "hash": self.hash,
            "root_view_id": self.root, "previous_view_id": self.previous or None,
            "state": {"values": self.state},
            "private_metadata": "", "callback_id": "", "external_id": "", **self.body,
        }  # fmt: skip


@dataclass(slots=True)
class Grant:
    """A token: of which team (or organisation) and what it may do."""

    token: str
    team_id: str
    scopes: frozenset[str]
    kind: str = "bot"  # bot, app (level) or config
    enterprise_id: str = ""
    org: bool = False
    dead: str = ""  # the error it is answered with, such as token_revoked


APP_ID, BOT_USER, BOT_ID = "A0KEYTURN", "U0KEYTURN", "B0KEYTURN"
HOME, NEIGHBOUR, FOREIGN = "T0HOME", "T0NEXT", "T0ELSE"


class Workspace:
    """All that is there, over all teams. Two are of one organisation if a test says so."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.teams = {HOME: Team(HOME, "Contoso"), FOREIGN: Team(FOREIGN, "Fabrikam", domain="fabrikam")}
        self.people: dict[str, Person] = {
            BOT_USER: Person(BOT_USER, HOME, "Keyturn", is_bot=True),
        }
        self.conversations: dict[str, Conversation] = {}
        self.views: dict[str, View] = {}
        self.homes: dict[str, View] = {}
        self.grants: dict[str, Grant] = {}
        self.pages: dict[str, list[str]] = {}  # what was broadcast or mentioned, by message
        self._count = itertools.count(1)

    def number(self) -> int:
        return next(self._count)

    def ts(self) -> str:
        """A message's time and name at once; never the same twice, also when time stands still."""
        return f"{int(self.clock.now().timestamp())}.{self.number():06d}"

    def person(self, name: str, *, team: str = HOME, **more: Any) -> Person:
        """Somebody new; the id is made of the name."""
        ident = more.pop("id", f"U0{''.join(c for c in name.upper() if c.isalnum())}")
        made = Person(ident, team, name, **{"mail": f"{name.split()[0].lower()}@contoso.test"} | more)
        made.enterprise_id = made.enterprise_id or self.teams[team].enterprise_id
        self.people[ident] = made
        return made

    def channel(self, name: str, *members: str, kind: str = "channel", **more: Any) -> Conversation:
        ident = more.pop("id", f"C0{''.join(c for c in name.upper() if c.isalnum())}")
        made = Conversation(ident, kind, more.pop("team_id", HOME), name, set(members), **more)
        self.conversations[ident] = made
        return made

    def dm(self, user: str, team: str = HOME) -> Conversation:
        """The conversation of the app with *user*, made when first needed."""
        ident = f"D0{user.removeprefix('U0')}"
        if ident not in self.conversations:
            self.conversations[ident] = Conversation(ident, "im", team, members={user, BOT_USER})
        return self.conversations[ident]

    def named(self, blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The blocks as kept: Slack names each block that has no name."""
        return [
            {**block, "block_id": block.get("block_id") or secrets.token_hex(3)}
            for block in blocks[: max(MOST.values())]
        ]

    def stack(self, user: str) -> list[View]:
        """The open modals of *user*, lowest first."""
        return [view for view in self.views.values() if view.user == user and view.open]

    def messages(self) -> Iterator[Posted]:
        for conversation in self.conversations.values():
            yield from conversation.messages

    def of_app(self, channel: str = "") -> list[Posted]:
        """What the app has posted and not deleted, in one conversation or anywhere."""
        return [
            m for m in self.messages() if m.bot_id == BOT_ID and not m.deleted and channel in ("", m.channel)
        ]


def home_of(person: Person, grant: Grant) -> bool:
    """Whether *grant* is of the person's own workspace or organisation."""
    same_org = bool(grant.enterprise_id) and grant.enterprise_id == person.enterprise_id
    return person.team_id == grant.team_id or same_org


def merged(values: Mapping[str, Mapping[str, Any]], block: str, action: str, value: Any) -> dict[str, Any]:
    """`state.values` with one entry more."""
    return {**values, block: {**values.get(block, {}), action: value}}
