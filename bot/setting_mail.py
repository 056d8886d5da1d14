"""The groups `mail` and `notices` of `app.yaml`. No `mail` means that notices are audited as unsent.

Mail leaves encrypted, or for this machine; there is no setting that sends it in the clear elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field

from bot.core.addresses import mail_address
from bot.setting_channels import Complaint
from bot.setting_values import Group, SecretText, complain, is_loopback

_PORTS = {"smtp": 587, "smtps": 465}
_OFF = ("", None)


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in. *tls*: from the first byte; otherwise the connection may become so."""

    host: str
    port: int
    tls: bool


@dataclass(frozen=True, slots=True)
class Sender:
    """Whose mail it is: a name, or none, and the address."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]


def _server(value: object) -> MailServer:
    if isinstance(value, MailServer):
        return value
    wrong = complain("this is no mail server.", "Write smtp://host:587, or smtps://host:465.")
    try:
        parts = urlsplit(str(value))
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise wrong from None
    if parts.username is not None or parts.password is not None:
        raise complain(
            "an address must not hold a name or password.", "They belong into mail.user and mail.password."
        )
    beyond = parts.path.rstrip("/") or parts.query or parts.fragment
    if parts.scheme not in _PORTS or not re.fullmatch(r"[a-z0-9.:_-]+", host) or beyond or port == 0:
        raise wrong
    return MailServer(host, port or _PORTS[parts.scheme], parts.scheme == "smtps")


def _sender(value: object) -> Sender:
    if isinstance(value, Sender):
        return value
    found = re.fullmatch(r'(?:([^<>"\x00-\x1f]*)<([^<>]*)>|([^<>]*))', str(value).strip())
    address = mail_address(found[2] or found[3] or "") if found else None
    if found is None or address is None:
        raise complain(
            "this is not an address to send from.",
            "Write help@your.example, or: Help desk <help@your.example>.",
        )
    return Sender((found[1] or "").strip(), address)


def _address(value: object) -> str:
    address = mail_address(str(value))
    if address is None:
        raise complain("this is not an address to write to.", "Write security@your.example.")
    return address


Address = Annotated[str, BeforeValidator(_address)]


class Notices(Group):
    """Whom alerts reach by mail: security of each, whoever is on call of what cannot wait."""

    security: tuple[Address, ...] = ()
    on_call: tuple[Address, ...] = ()


class Mail(Group):
    """The server that takes our mail, how we show it who we are, and the sender's address."""

    smtp_url: Annotated[MailServer, BeforeValidator(_server)]
    starttls: Literal["required", "never"] = "required"
    user: str = ""
    password: SecretText | None = None
    sender: Annotated[Sender, BeforeValidator(_sender)] = Field(alias="from")

    @property
    def encryption(self) -> Literal["tls", "starttls", "none"]:
        if self.smtp_url.tls:
            return "tls"
        return "starttls" if self.starttls == "required" else "none"


def between(tree: Mapping[str, Any]) -> Iterator[Complaint]:
    """What the settings of mail demand of each other."""
    mail, notices = tree.get("mail"), tree.get("notices")
    if not mail and isinstance(notices, Mapping):
        for name in ("security", "on_call"):
            if notices.get(name) not in ("", None, []):
                yield Complaint(
                    ("notices", name), "names readers, but no mail leaves.", "Set the group mail as well."
                )
    if not isinstance(mail, Mapping):
        return
    for name, other in (("user", "password"), ("password", "user")):
        if mail.get(name) in _OFF and mail.get(other) not in _OFF:
            yield Complaint(
                ("mail", name), "is missing: a login needs both.", f"Set it, or leave mail.{other} away."
            )
    if mail.get("starttls") == "never" and not _stays_here(str(mail.get("smtp_url", ""))):
        yield Complaint(
            ("mail", "starttls"),
            "is for a mail server on this machine: elsewhere addresses and words would travel in the clear.",
            "Leave it away; a server without STARTTLS may know smtps://.",
        )


def _stays_here(url: str) -> bool:
    """Also true of what is no mail server at all: that is complained about by itself."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return True
    return parts.scheme != "smtp" or is_loopback(parts.hostname or "localhost")
