"""What was read about the world, and that something could not be read.

`Unreadable` travels in place of a value; whoever decides must say what it means,
and for anything privileged it means no.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias, TypeVar

from bot.core.model import Oid

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """*why*: `error`, `forbidden`, `unlicensed` or `late`."""

    why: str


Read: TypeAlias = T | Unreadable

STRONG_TYPES = frozenset(
    {
        "microsoftAuthenticator",
        "fido2",
        "windowsHelloForBusiness",
        "platformCredential",
        "softwareOath",
        "phone",
    }
)
"""Method types that are a second factor. Phishing-resistant ones are in `PHISHING_RESISTANT`."""
PHISHING_RESISTANT = frozenset({"fido2", "windowsHelloForBusiness", "platformCredential"})


@dataclass(frozen=True, slots=True)
class Person:
    """A directory account as read now. Text fields are untrusted labels."""

    oid: Oid
    upn: str
    name: str
    mail: str
    department: str
    job_title: str
    office: str
    locale: str
    enabled: bool
    guest: bool
    external: bool
    synced: bool
    management_restricted: bool
    hired_at: datetime | None
    employee_id: str
    mobile: str
    business_phones: tuple[str, ...] = ()
    other_mails: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Method:
    """One authentication method; *type* is Graph's `@odata.type` without namespace and
    `AuthenticationMethod`, e.g. `fido2`, `phone`; unknown types stay as they are."""

    id: str
    type: str
    label: str
    created_at: datetime | None
    detail: str = ""  # phone number, model


@dataclass(frozen=True, slots=True)
class LivePass:
    """A Temporary Access Pass that exists now; its value can never be read."""

    id: str
    created_at: datetime | None
    usable: bool
    lifetime_minutes: int


@dataclass(frozen=True, slots=True)
class PassPolicy:
    """The tenant's Temporary Access Pass policy, minutes."""

    enabled: bool
    minimum: int
    maximum: int
    default: int
    once_only: bool
    include_groups: tuple[str, ...]  # ids, or "all_users"
    exclude_groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Role:
    """A directory role held (or eligible): template id, name, scope (`/` or `/administrativeUnits/<id>`)."""

    template_id: str
    name: str
    scope: str
    eligible: bool = False


@dataclass(frozen=True, slots=True)
class Roles:
    """Everything that makes an account more than an ordinary one."""

    active: Read[tuple[Role, ...]]
    eligible: Read[tuple[Role, ...]]
    role_groups: Read[tuple[str, ...]]  # role-assignable groups owned or joined, ids


@dataclass(frozen=True, slots=True)
class Risk:
    """Identity Protection: level none, low, medium, high, hidden."""

    level: str


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """One account, read for one decision."""

    read_at: datetime
    person: Read[Person | None]
    roles: Roles
    groups: Read[frozenset[str]]  # of the configured groups, which it is in
    units: Read[frozenset[str]]  # administrative units it is in, ids
    methods: Read[tuple[Method, ...]]
    live_pass: Read[LivePass | None]
    risk: Read[Risk]
    detail: dict[str, object] = field(default_factory=dict)
