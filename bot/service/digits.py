"""Check digits: six digits that a checker, manager or contact sees for 60 s after an own fresh
sign-in, and that the person types into the case page.

They are made from the check and that sign-in under the server key, so that the signer's page can show
them for their minute without anything but a MAC being kept. A new sign-in makes new digits.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.core.records import Check
from bot.ports.checks import ShownDigits
from bot.service.keys import Keys, unb64

SHOWN = timedelta(seconds=60)


def issue(
    keys: Keys, check: Check, *, by_oid: str, auth_time: datetime, signing_id: str, how: str, at: datetime
) -> Check:
    """The check as signed: who, when, how, and digits good for 60 s from *at*."""
    signed = replace(
        check, status="signed", by_oid=by_oid, by_auth_time=auth_time, signing_id=signing_id, how=how,
        digits_until=at + SHOWN,
    )  # fmt: skip
    return replace(signed, digits_mac=keys.mac("digits", signed.id, _digits(keys, signed)))


def shown(keys: Keys, check: Check, oid: str, at: datetime) -> ShownDigits | None:
    """The digits, for the one who signed, while they are good."""
    if check.status != "signed" or not oid or check.by_oid != oid:
        return None
    if check.digits_until is None or at >= check.digits_until:
        return None
    return ShownDigits(_digits(keys, check), check.digits_until)


def fit(keys: Keys, check: Check, typed: str) -> bool:
    """Whether these are the check's digits, late or not. Spaces and dashes do not matter."""
    plain = "".join(c for c in typed if c not in " -\t\u00a0")
    return bool(check.digits_mac) and keys.mac_fits(check.digits_mac, "digits", check.id, plain)


def late(check: Check, at: datetime) -> bool:
    return check.digits_until is None or at >= check.digits_until


def six(keys: Keys, purpose: str, *parts: str) -> str:
    """Six digits from a MAC; the bias of the remainder is below 1e-12."""
    return f"{int.from_bytes(unb64(keys.mac(purpose, *parts))[:8]) % 1_000_000:06d}"


def _digits(keys: Keys, check: Check) -> str:
    until = check.digits_until.isoformat() if check.digits_until else ""
    return six(keys, "check-digits", check.id, check.by_oid, check.signing_id, until)
