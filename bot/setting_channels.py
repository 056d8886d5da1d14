"""The groups `slack` and `teams` of `app.yaml`: absent means off.

What one setting demands of another is asked of the raw tree (`between`), so that it is said together
with every other complaint and not after them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BeforeValidator

from bot.references import Resolved
from bot.setting_values import (
    Credential,
    Group,
    OptionalGuid,
    Origin,
    SecretText,
    Url,
    complain,
    credential,
    is_loopback,
)

_OFF = ("", None)


class Complaint(NamedTuple):
    """What is wrong at *at*, and what to do."""

    at: tuple[str, ...]
    message: str
    remedy: str


def _token(prefix: str, what: str) -> BeforeValidator:
    def read(value: object) -> object:
        if isinstance(value, Resolved) and value.startswith("xoxe."):
            raise complain(
                "this token changes every 12 hours (token rotation).",
                "Make a Slack app without token rotation: Slack lets nobody switch it off again.",
            )
        if isinstance(value, Resolved) and not value.startswith(prefix):
            raise complain(
                f"this is no {what} of Slack.", f"It starts with {prefix}; docs/slack.md says where."
            )
        return value

    return BeforeValidator(read)


def _id(letters: str, what: str) -> BeforeValidator:
    def read(value: object) -> str:
        text = str(value)
        if text and not re.fullmatch(f"[{letters}][A-Z0-9]+", text):
            start = " or ".join(letters)
            raise complain(
                f"this is not the id of {what}.", f"It starts with {start}; docs/slack.md says where."
            )
        return text

    return BeforeValidator(read)


def _thread(value: object) -> str:
    text = str(value)
    if text and not re.fullmatch(r"19:[^\s;]+@thread\.(tacv2|skype|v2)", text):
        raise complain(
            "this is not the id of a channel in Teams.",
            "It looks like 19:…@thread.tacv2; docs/teams.md says where it stands in the channel's link.",
        )
    return text


class Slack(Group):
    """One app of Slack, for one home: a workspace, or an organisation with all its workspaces."""

    mode: Literal["socket", "http"] = "socket"
    bot_token: Annotated[SecretText | None, _token("xoxb-", "bot token")] = None
    signing_secret: SecretText | None = None
    app_token: Annotated[SecretText | None, _token("xapp-", "app-level token")] = None
    client_id: str = ""
    client_secret: SecretText | None = None
    team_id: Annotated[str, _id("T", "a workspace")] = ""
    enterprise_id: Annotated[str, _id("E", "an organisation")] = ""
    agent_channel: Annotated[str, _id("CG", "a channel")] = ""
    base_url: Url = "https://slack.com/api"

    @property
    def installs(self) -> bool:
        """Whether tokens come from installing (OAuth) and not from the settings."""
        return bool(self.client_id)


ManagedIdentity = Literal["managed_identity"]


def _bot_credential(value: object) -> Credential | ManagedIdentity:
    return "managed_identity" if value == "managed_identity" else credential(value)


class Teams(Group):
    """One bot of Teams. An empty *app_id* means that nobody is authenticated: `--dev-no-auth` only."""

    app_id: OptionalGuid = ""
    tenant_id: OptionalGuid = ""
    credential: Annotated[Credential | ManagedIdentity | None, BeforeValidator(_bot_credential)] = None
    agent_channel: Annotated[str, BeforeValidator(_thread)] = ""
    authority: Origin = "https://login.microsoftonline.com"
    service: Origin = "https://api.botframework.com"
    metadata: Url = "https://login.botframework.com/v1/.well-known/openidconfiguration"

    @property
    def authenticates(self) -> bool:
        return bool(self.app_id)

    @property
    def scope(self) -> str:
        """What tokens for the Bot Framework are asked with."""
        return f"{self.service}/.default"


def between(tree: Mapping[str, Any], *, dev_no_auth: bool) -> Iterator[Complaint]:
    """What the settings of one channel demand of each other and of the rest of *tree*."""
    slack, teams = tree.get("slack"), tree.get("teams")
    if isinstance(slack, Mapping):
        yield from _slack(slack)
    if isinstance(teams, Mapping):
        yield from _teams(teams, tree, dev_no_auth=dev_no_auth)
    elif dev_no_auth:
        yield Complaint(("teams",), "is off, and --dev-no-auth is for it.", "Leave the flag away.")


def _slack(slack: Mapping[str, Any]) -> Iterator[Complaint]:
    def has(name: str) -> bool:
        return slack.get(name) not in _OFF

    if slack.get("mode", "socket") == "socket" and not has("app_token"):
        yield Complaint(
            ("slack", "app_token"),
            "is missing: mode “socket” opens its connection with it.",
            "Make an app-level token with the scope connections:write, or write mode: http.",
        )
    if slack.get("mode") == "http" and not has("signing_secret"):
        yield Complaint(
            ("slack", "signing_secret"),
            "is missing: mode “http” checks with it that a request is Slack's.",
            "Copy it from “Basic Information” of your app, or write mode: socket.",
        )
    if has("bot_token") and has("client_id"):
        yield Complaint(
            ("slack", "bot_token"),
            "and client_id exclude each other.",
            "Keep bot_token for one workspace, or client_id and client_secret for installing by link.",
        )
    if not has("bot_token") and not has("client_id"):
        yield Complaint(
            ("slack", "bot_token"),
            "is missing.",
            "Copy the bot token from “OAuth & Permissions”, or set client_id and client_secret.",
        )
    if has("client_id") != has("client_secret"):
        lacking = "client_secret" if has("client_id") else "client_id"
        yield Complaint(
            ("slack", lacking), "is missing: the two belong together.", "“Basic Information” shows both."
        )
    if not has("team_id") and not has("enterprise_id"):
        yield Complaint(
            ("slack", "team_id"),
            "is missing: without it nobody would be at home here.",
            "Write the id of your workspace (T…), or enterprise_id of your organisation (E…).",
        )


def _teams(teams: Mapping[str, Any], tree: Mapping[str, Any], *, dev_no_auth: bool) -> Iterator[Complaint]:
    entra = tree.get("entra")
    home = str(entra.get("tenant_id", "") if isinstance(entra, Mapping) else "").lower()
    tenant = str(teams.get("tenant_id", "")).lower()
    if not tenant:
        yield Complaint(("teams", "tenant_id"), "is missing.", "Write the same as in entra.tenant_id.")
    elif home and tenant != home:
        yield Complaint(
            ("teams", "tenant_id"),
            "is not entra.tenant_id: one installation serves one tenant.",
            "Write the same in both; run another installation for another tenant.",
        )
    if dev_no_auth:
        yield from _unauthenticated(teams, tree)
        return
    for name, where in (("app_id", "Copy the bot's application id"), ("credential", "Set its credential")):
        if teams.get(name) in _OFF:
            yield Complaint(
                ("teams", name),
                "is missing: without it anybody could pose as anybody.",
                f"{where} (docs/teams.md); for a test on this machine: keyturn serve --dev-no-auth.",
            )


def _unauthenticated(teams: Mapping[str, Any], tree: Mapping[str, Any]) -> Iterator[Complaint]:
    """Without authentication everybody who reaches the port is whoever they say they are."""
    if teams.get("app_id") not in _OFF:
        yield Complaint(
            ("teams", "app_id"),
            "is set, so Teams is authenticated; --dev-no-auth is for an empty one.",
            "Leave the flag away, or use settings of their own for the test.",
        )
    host = str(tree.get("listen", "127.0.0.1")).rpartition(":")[0] or "127.0.0.1"
    if not is_loopback(host.strip("[]")):
        yield Complaint(
            ("listen",),
            "reaches beyond this machine, and --dev-no-auth lets everybody in who reaches it.",
            "Listen on 127.0.0.1, or leave the flag away.",
        )
    public = re.fullmatch(r"http://(\[[^]]*\]|[^:/]*)(:\d+)?/?", str(tree.get("public_url", "")))
    if public is None or not is_loopback(public[1].strip("[]")):
        yield Complaint(
            ("public_url",),
            "is not this machine's: a proxy in front would let everybody in as anybody.",
            "With --dev-no-auth write http://127.0.0.1 and the port.",
        )
