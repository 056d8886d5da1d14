"""What `app.yaml` says: one frozen tree, read once, every complaint at once.

docs/settings.md has a heading for each setting and app.yaml is the documented example. Secrets
are references; a literal one is refused. Plain http is for loopback only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from bot import setting_mail, setting_tickets
from bot.core import policy_file
from bot.core.policy import DEFAULT, Caps, Policy
from bot.errors import Problem, SettingsError
from bot.setting_channels import Slack, Teams, between
from bot.setting_mail import Mail, Notices
from bot.setting_reader import Reading
from bot.setting_tickets import Tickets, Webhook
from bot.setting_values import (
    Context,
    CredentialValue,
    Group,
    Guid,
    Hours,
    KeyBytes,
    Listen,
    OptionalGuid,
    OptionalUrl,
    Origin,
    StoreUrl,
    Url,
    complain,
    short_humans,
)


class Store(Group):
    url: StoreUrl = Field(default="sqlite:///data/keyturn.db", repr=False)


class Secrets(Group):
    server_key: KeyBytes
    pepper: KeyBytes

    @model_validator(mode="after")
    def _apart(self) -> Secrets:
        if self.server_key.reveal_bytes() == self.pepper.reveal_bytes():
            raise complain(
                "these must be two different keys.", "Make the pepper anew: openssl rand -base64 32"
            )
        return self


class Contexts(Group):
    approve: Context
    enrol: Context
    sign_in: Context


class App(Group):
    client_id: Guid
    credential: CredentialValue


class Apps(Group):
    identity: App
    act: App
    reader: App

    @model_validator(mode="after")
    def _apart(self) -> Apps:
        if len({self.identity.client_id, self.act.client_id, self.reader.client_id}) < 3:
            raise complain(
                "these must be three registrations.",
                "Entra puts every consented permission into each token, so one registration would hold all.",
            )
        return self


class Entra(Group):
    tenant_id: Guid
    authority: Origin = "https://login.microsoftonline.com"
    pim: Literal["used", "none"] = "used"
    risk: Literal["used", "none"] = "used"
    contexts: Contexts
    apps: Apps


class Graph(Group):
    base_url: Url = "https://graph.microsoft.com/v1.0"

    @property
    def scope(self) -> str:
        """What tokens for this Graph are asked with; on loopback, Microsoft's own name."""
        parts = urlsplit(self.base_url)
        host = parts.netloc if parts.scheme == "https" else "graph.microsoft.com"
        return f"https://{host}/.default"


class Groups(Group):
    agents: Guid
    authors: OptionalGuid = ""
    security: OptionalGuid = ""
    eligible: OptionalGuid = ""
    helpers: OptionalGuid = ""


class Humans(Group):
    employee_id: bool = False
    links: tuple[tuple[Guid, ...], ...] = ()


class Limits(Group):
    """How often is too often; the defaults are the ones the threat model reasons with."""

    tries_per_attempt: int = Field(default=5, ge=1, le=5)
    tries_per_subject: int = Field(default=50, ge=5, le=50)
    openings_per_network: int = Field(default=20, ge=1, le=1000)
    openings_per_chat: int = Field(default=5, ge=1, le=50)
    passes_a_week: int = Field(default=3, ge=1, le=3)
    agent_warn: int = Field(default=25, ge=1, le=60)
    agent_stop: int = Field(default=60, ge=1, le=60)
    day_passes_a_month: int = Field(default=3, ge=1, le=3)


class LiveCheck(Group):
    video_url: OptionalUrl = ""


HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]*$", max_length=60)]
"""A header that the own proxy writes, or nothing."""


class Geo(Group):
    database: str = ""
    header: HeaderName = ""


class Desk(Group):
    phone: str = Field(min_length=3, max_length=40)
    timezone: str = "Europe/Berlin"
    hours: Hours = ()


class Locales(Group):
    required: tuple[str, ...] = ("en",)
    offered: tuple[str, ...] = ("en", "de")


PolicyValue = Annotated[
    Policy, BeforeValidator(lambda value: value if isinstance(value, Policy) else policy_file.parse(value)[0])
]
"""Its complaints are gathered by `read`; the value alone must not be trusted."""


class Settings(Group):
    """Everything `app.yaml` says, checked."""

    public_url: Origin
    listen: Listen = "127.0.0.1:8300"
    address_header: HeaderName = ""
    store: Store = Store()
    secrets: Secrets
    entra: Entra
    graph: Graph = Graph()
    slack: Slack | None = None
    teams: Teams | None = None
    mail: Mail | None = None
    notices: Notices = Notices()
    webhooks: tuple[Webhook, ...] = ()
    tickets: Tickets = Tickets()
    groups: Groups
    humans: Annotated[Humans, short_humans] = Humans()
    deputies: dict[Guid, tuple[Guid, ...]] = Field(default={})
    policy: PolicyValue = DEFAULT
    limits: Limits = Limits()
    live_check: LiveCheck = LiveCheck()
    geo: Geo = Geo()
    desk: Desk
    locales: Locales = Locales()


# --- reading -----------------------------------------------------------------------------------


def load(path: Path, env: Mapping[str, str], *, dev_no_auth: bool = False) -> Settings:
    """The settings in *path*. Raises SettingsError holding every complaint."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as err:
        why = err.strerror if isinstance(err, OSError) else "it is not UTF-8"
        raise SettingsError(
            [
                Problem(
                    str(path),
                    f"cannot be read: {why}.",
                    "Name the file with --config; app.yaml is the example.",
                )
            ]
        ) from None
    return read(text, name=str(path), folder=path.parent, env=env, dev_no_auth=dev_no_auth)


def read(
    text: str, *, name: str, folder: Path, env: Mapping[str, str], dev_no_auth: bool = False
) -> Settings:
    """As `load`, from *text*; *name* is what complaints call the file."""
    reading = Reading(name, folder, env, Settings)
    tree = reading.tree(text)
    if not tree:
        raise SettingsError(reading.problems)
    try:
        settings = Settings.model_validate(tree)
    except ValidationError as err:
        reading.problems += [reading.worded(detail) for detail in err.errors() if not reading.known(detail)]
    reading.policy(tree.get("policy"))
    reading.between(between(tree, dev_no_auth=dev_no_auth))
    reading.between(setting_mail.between(tree))
    reading.between(setting_tickets.between(tree))
    if reading.problems:
        raise SettingsError(sorted(reading.problems, key=lambda problem: problem.line))
    limits = settings.limits
    caps = Caps(limits.passes_a_week, limits.agent_warn, limits.agent_stop, limits.day_passes_a_month)
    return settings.model_copy(update={"policy": replace(settings.policy, caps=caps)})
