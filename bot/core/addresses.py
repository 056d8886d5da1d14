"""Mail addresses: what we write to, and what we do not."""

from __future__ import annotations

import re

_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
_DOMAIN = re.compile(rf"({_LABEL}\.)+(?=[A-Za-z]){_LABEL}")


def mail_address(text: str) -> str | None:
    """*text* as one address, its domain as DNS writes it; None if it is none that we write to.

    Narrower than RFC 5321 on purpose: nothing quoted, no literal, no comment, ASCII before the @. So
    nothing in it can end a line, begin another header or name a second reader."""
    local, at, domain = text.strip(" ").rpartition("@")
    try:
        domain = domain.encode("idna").decode("ascii")
    except UnicodeError:  # an empty label, one that is too long, letters that no domain has
        return None
    if not at or len(local) > 64 or len(local) + len(domain) > 253:
        return None
    return f"{local}@{domain}" if _LOCAL.fullmatch(local) and _DOMAIN.fullmatch(domain) else None


def masked(address: str) -> str:
    """Enough for its owner to know it by: first and last letter, first of the domain, its end."""
    local, _, domain = address.rpartition("@")
    name, _, end = domain.rpartition(".")
    last = local[-1:] if len(local) > 3 else ""
    return f"{local[:1]}•••{last}@{name[:1]}•••.{end}"


def domain_of(address: str) -> str:
    return address.rpartition("@")[2].casefold()
