"""The groups `webhooks` and `tickets` of `app.yaml`: who outside is told how a case goes.

Nothing of a person leaves through either: a case's number, its flow, how it stands, and a link that
only an agent's sign-in opens.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from bot.references import Secret
from bot.setting_channels import Complaint
from bot.setting_values import Group, Origin, SecretText, Url, complain, secret

_PREFIX = "whsec_"
_SHORTEST, _LONGEST = 24, 64
"""Bytes of a signing secret (Standard Webhooks, "Signature scheme")."""


class News(StrEnum):
    """What webhooks tell of a case."""

    OPENED = "opened"
    DECIDED = "decided"
    CLOSED = "closed"


def _signing(value: object) -> Secret:
    """`whsec_` and base64, or base64 alone."""
    plain = secret(value)
    text = plain.reveal_bytes().decode("ascii", "replace").strip().removeprefix(_PREFIX)
    try:
        size = len(base64.b64decode(text + "=" * (-len(text) % 4), validate=True))
    except (ValueError, binascii.Error):
        size = 0
    if not _SHORTEST <= size <= _LONGEST:
        raise complain(
            "this is no signing secret: whsec_ and 24 to 64 bytes in base64.",
            "Make one: echo whsec_$(openssl rand -base64 32)",
        )
    return Secret(text.encode())


Signing = Annotated[Secret, BeforeValidator(_signing)]


class Webhook(Group):
    """One receiver. *previous* signs beside *secret* while the receiver changes over."""

    url: Url
    secret: Signing
    previous: Signing | None = None
    events: tuple[News, ...] = Field(default=tuple(News), min_length=1)


class ServiceNow(Group):
    """The Table API of an instance, by a user of its own or by OAuth client credentials."""

    url: Origin
    user: str = ""
    password: SecretText | None = None
    client_id: str = ""
    client_secret: SecretText | None = None
    table: str = Field(default="incident", pattern=r"^[a-z0-9_]{1,80}$")
    create: bool = False
    group: str = Field(default="", pattern=r"^[0-9a-f]{0,32}$")


class Jira(Group):
    """The REST API (version 3) of a Jira Cloud site, with an API token of a user of its own."""

    url: Origin
    user: str = Field(min_length=3, max_length=200)
    token: SecretText
    project: str = Field(default="", pattern=r"^([A-Z][A-Z0-9_]{1,19})?$")
    issue_type: str = Field(default="Task", min_length=1, max_length=60)
    create: bool = False
    done: str = Field(default="", max_length=60)


class Tickets(Group):
    servicenow: ServiceNow | None = None
    jira: Jira | None = None


def between(tree: Mapping[str, Any]) -> Iterator[Complaint]:
    """What these settings demand of each other."""
    tickets = tree.get("tickets")
    if not isinstance(tickets, Mapping):
        return
    now, jira = (_group(tickets, name) for name in ("servicenow", "jira"))
    if now:
        basic, oauth = (
            [bool(now.get(key)) for key in keys]
            for keys in (("user", "password"), ("client_id", "client_secret"))
        )
        if all(basic) == all(oauth) or any(basic) != all(basic) or any(oauth) != all(oauth):
            yield Complaint(
                ("tickets", "servicenow"),
                "needs one way to sign in.",
                "Set user and password, or client_id and client_secret.",
            )
    if jira and _yes(jira.get("create")) and not jira.get("project"):
        yield Complaint(
            ("tickets", "jira", "project"), "is missing: create needs one.", "Write its key, such as HELP."
        )
    if now and jira and _yes(now.get("create")) and _yes(jira.get("create")):
        yield Complaint(
            ("tickets", "jira", "create"),
            "is on in both systems, and one case would have two tickets.",
            "Leave it on in one.",
        )


def _group(tree: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = tree.get(name)
    return value if isinstance(value, Mapping) else {}


def _yes(value: object) -> bool:
    return str(value).lower() in {"true", "yes", "on", "1"}
