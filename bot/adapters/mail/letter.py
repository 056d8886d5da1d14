"""What a letter looks like on its way out: one line of subject, plain text, nothing to click."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from bot.core.text import clean

MAX_SUBJECT = 200
_SCHEME = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*):(?=//)|\b(mailto|tel|javascript|data):(?=\S)")
_WWW = re.compile(r"(?i)\bwww\.(?=\S)")
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def subject_of(text: str) -> str:
    """In one line, hidden characters spelled out: no text begins a header of its own."""
    return unlinked(clean(text, MAX_SUBJECT))


def unlinked(text: str) -> str:
    """*text* with every address of the web taken apart (invariant I7). People learn that our mail has
    nothing to click; a name or a case text that somebody chose must not teach them otherwise. It is taken
    apart and not refused, because a notice that does not leave is what a thief wants."""
    text = _SCHEME.sub(lambda found: f"{found[1] or found[2]}: ", _UNSEEN.sub("", text))
    return _WWW.sub("www .", text)


def message_id(key: str, domain: str) -> str:
    """The same for the same key: servers and mailboxes that look for repeats find one."""
    return f"<{hashlib.sha256(key.encode()).hexdigest()[:40]}@{domain}>"


def letter(
    sender: tuple[str, str], to: str, subject: str, text: str, *, key: str, locale: str, at: datetime
) -> bytes:
    """RFC 5322 from end to end, in ASCII. *sender*: name and address. The addresses were checked
    (`core.addresses`); whatever the rest holds, no line of it becomes a header."""
    name, address = sender
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(name, addr_spec=address)
    message["To"] = Address(addr_spec=to)
    message["Subject"] = subject_of(subject)
    message["Date"] = at
    message["Message-ID"] = message_id(key, address.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: out-of-office notes do not answer it
    message["X-Auto-Response-Suppress"] = "All"  # the same for Exchange
    message.set_content(unlinked(text), charset="utf-8", cte="quoted-printable")
    if re.fullmatch(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*", locale):
        message["Content-Language"] = locale
    return message.as_bytes()
