"""Single values of `app.yaml`: what each kind of setting accepts, and the complaint if not.

Each function takes what stood in the file and gives the value, or raises a complaint with its
remedy. `bot.settings` puts them together.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic_core import PydanticCustomError

from bot.references import Resolved, Secret

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SPAN = re.compile(r"([01]\d|2[0-3]):[0-5]\d-([01]\d:[0-5]\d|2[0-3]:[0-5]\d|24:00)")


class Group(BaseModel):
    """A group of settings: nothing in it may be unknown, and no value is shown in a complaint."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", arbitrary_types_allowed=True, hide_input_in_errors=True
    )


def complain(message: str, remedy: str) -> PydanticCustomError:
    """A complaint pydantic carries to `bot.settings` unread."""
    return PydanticCustomError("keyturn", "{text}", {"text": message, "remedy": remedy})


def secret(value: object) -> Secret:
    if isinstance(value, Secret):
        return value
    if not isinstance(value, Resolved):
        raise complain(
            "a secret must not stand in this file.", "Write ${env:NAME} or ${file:path} and keep it there."
        )
    return Secret(value.data)


def _key(value: object) -> Secret:
    """At least 32 bytes, written as base64 (either alphabet) or hex."""
    text = secret(value).reveal_bytes()
    for read in (binascii.unhexlify, _unbase64):
        try:
            key = read(text)
        except ValueError:
            continue
        if len(key) >= 32:
            return Secret(key)
    raise complain(
        "this is not a key of at least 32 bytes in base64 or hex.", "Make one: openssl rand -base64 32"
    )


def _unbase64(text: bytes) -> bytes:
    plain = text.translate(bytes.maketrans(b"-_", b"+/")).rstrip(b"=")
    return base64.b64decode(plain + b"=" * (-len(plain) % 4), validate=True)


def is_loopback(host: str) -> bool:
    """Whether *host* names this machine only."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _url(value: object) -> str:
    text = str(value).rstrip("/")
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise complain("this is not a web address.", "Write https://host, without ? and #.")
    if parts.username is not None or parts.password is not None:
        raise complain("an address must not hold a name or password.", "Leave out what stands before the @.")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise complain(
            "http is for this machine only: sign-ins and passes would travel in the clear.",
            "Write https:// (http works for 127.0.0.1, ::1 and localhost).",
        )
    return text


def _origin(value: object) -> str:
    text = _url(value)
    if urlsplit(text).path:
        raise complain("this address must have no path.", "Write https://host or https://host:port.")
    return text


def _store_url(value: object) -> str:
    text = str(value)
    parts = urlsplit(text)
    if parts.scheme not in {"sqlite", "postgresql", "postgres", "embedded-postgres"}:
        raise complain(
            "this is no store.", "Write sqlite:///path/to/keyturn.db or postgresql://user@host/database."
        )
    if (parts.password or "password=" in parts.query) and not isinstance(value, Resolved):
        raise complain(
            "a database password must not stand in this file.",
            "Write postgresql://user:${env:NAME}@host/database.",
        )
    return text


def _guid(value: object) -> str:
    text = str(value).lower()
    if not re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text):
        raise complain("this is not an id of Entra.", "Copy it from the portal: 8-4-4-4-12 hex digits.")
    return text


def _guid_or_none(value: object) -> str:
    return "" if value == "" else _guid(value)


def _context(value: object) -> str:
    if not re.fullmatch(r"c[1-9]\d?", str(value)):
        raise complain(
            "this is no authentication context.", "Write its id, c1 to c99, from Conditional Access."
        )
    return str(value)


def _listen(value: object) -> str:
    host, _, port = str(value).rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise complain("this is not host:port.", "Write 127.0.0.1:8300.")
    return str(value)


CredentialKind = Literal["secret", "pem", "pfx"]
_KINDS: tuple[CredentialKind, ...] = ("secret", "pem", "pfx")


@dataclass(frozen=True, slots=True)
class Credential:
    """How an app registration shows who it is: `secret`, or a certificate as `pem` or `pfx`."""

    kind: CredentialKind
    value: Secret
    passphrase: Secret | None = None


def credential(value: object) -> Credential:
    """A credential from a reference, or from the long form; its kind is seen in its bytes."""
    if isinstance(value, Credential):
        return value
    if isinstance(value, dict):
        unknown = set(value) - {"secret", "pem", "pfx", "passphrase"}
        kinds: list[CredentialKind] = [kind for kind in _KINDS if kind in value]
        if unknown or len(kinds) != 1:
            raise complain(
                "this is no credential.", "Write one reference, or {pem or pfx: …, passphrase: …}."
            )
        phrase = secret(value["passphrase"]) if "passphrase" in value else None
        return Credential(kinds[0], secret(value[kinds[0]]), phrase)
    plain = secret(value)
    data = plain.reveal_bytes()
    if b"-----BEGIN" in data:
        return Credential("pem", plain)
    # A PFX is DER: a SEQUENCE with a long length. No client secret has bytes beyond ASCII.
    return Credential("pfx" if data[:1] == b"\x30" and not data.isascii() else "secret", plain)


@dataclass(frozen=True, slots=True)
class Opening:
    """The desk is open on *day* (0 is Monday) from *opens* to *closes*, `HH:MM`."""

    day: int
    opens: str
    closes: str


def _hours(value: object) -> tuple[Opening, ...]:
    remedy = "Write days and spans, for example  mon-fri: 08:00-18:00"
    if isinstance(value, tuple):
        return value
    if not isinstance(value, dict):
        raise complain("these are no opening hours.", remedy)
    found: list[Opening] = []
    for days, span in value.items():
        first, _, last = str(days).partition("-")
        last = last or first
        if first not in _DAYS or last not in _DAYS or not _SPAN.fullmatch(str(span)):
            raise complain(f"“{days}: {span}” are no opening hours.", remedy)
        span_of_days = range(_DAYS.index(first), _DAYS.index(last) + 1)
        opens, _, closes = str(span).partition("-")
        if opens >= closes or not span_of_days:
            raise complain(f"“{days}: {span}” ends before it starts.", remedy)
        found += [Opening(day, opens, closes) for day in span_of_days]
    return tuple(found)


def _humans(value: object) -> object:
    """`employeeId` alone, or a list of links alone, are short forms of the whole group."""
    if value == "employeeId":
        return {"employee_id": "true"}
    return {"links": value} if isinstance(value, list) else value


SecretText = Annotated[Secret, BeforeValidator(secret)]
KeyBytes = Annotated[Secret, BeforeValidator(_key)]
Url = Annotated[str, BeforeValidator(_url)]
OptionalUrl = Annotated[str, BeforeValidator(lambda value: "" if value == "" else _url(value))]
Origin = Annotated[str, BeforeValidator(_origin)]
StoreUrl = Annotated[str, BeforeValidator(_store_url)]
Guid = Annotated[str, BeforeValidator(_guid)]
OptionalGuid = Annotated[str, BeforeValidator(_guid_or_none)]
Context = Annotated[str, BeforeValidator(_context)]
Listen = Annotated[str, BeforeValidator(_listen)]
CredentialValue = Annotated[Credential, BeforeValidator(credential)]
Hours = Annotated[tuple[Opening, ...], BeforeValidator(_hours)]
short_humans = BeforeValidator(_humans)
