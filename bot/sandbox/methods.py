"""Authentication methods and Temporary Access Passes, by Microsoft's rules.

A second pass replaces the first; a pass's value is known only while it is being created (here
too: a salted hash is kept). `visible_at` and `gone_at` let a fault make a change appear late.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import sqlite3
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from bot.sandbox.company import ident
from bot.sandbox.directory import Clock
from bot.sandbox.people import BY_ID
from bot.sandbox.storage import Storage, moment, stamp

PASSWORD_ID = "28c10230-6103-485e-b985-444c60001490"  # noqa: S105 - Microsoft's fixed id, not a secret
PHONE_IDS = {
    "mobile": "3179e48a-750b-4051-897c-87b9720928f7",
    "alternateMobile": "b6332ec1-7057-4abe-9331-3d72feddfe41",
    "office": "e37fc753-ff3b-4958-9484-eaa9425c82bc",
}
EMAIL_ID = "3ddfcfc8-9383-446f-83cc-3ab9be4be18f"

# Graph type → typed path segment, and how such a sign-in counts.
PATHS = {
    "microsoftAuthenticator": "microsoftAuthenticatorMethods",
    "phone": "phoneMethods",
    "fido2": "fido2Methods",
    "softwareOath": "softwareOathMethods",
    "email": "emailMethods",
    "windowsHelloForBusiness": "windowsHelloForBusinessMethods",
    "platformCredential": "platformCredentialMethods",
    "external": "externalAuthenticationMethods",
}
TYPES = {path: kind for kind, path in PATHS.items()}
CAN_BE_DEFAULT = ("microsoftAuthenticator", "phone", "softwareOath")
SIGNS = "+-*=!#$%&@?"
LETTERS = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"


@dataclass(frozen=True, slots=True)
class Pass:
    """A pass as the tenant remembers it: everything but its value."""

    id: str
    person: str
    created_at: datetime
    starts_at: datetime
    minutes: int
    once: bool
    used_at: datetime | None

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + timedelta(minutes=self.minutes)

    def reason(self, now: datetime, enabled: bool) -> str:
        """Graph's `methodUsabilityReason`."""
        if not enabled:
            return "DisabledByPolicy"
        if now < self.starts_at:
            return "NotYetValid"
        if now >= self.ends_at:
            return "Expired"
        return "OneTimeUsed" if self.once and self.used_at else "EnabledByPolicy"


class Methods:
    """The methods and passes tables."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage, self._clock = storage, clock

    # --- methods ------------------------------------------------------------------------------

    def reset(self, person: str) -> None:
        """As on the first day: the methods of the cast, no pass."""
        self._storage.run("DELETE FROM methods WHERE person = ?", person)
        self._storage.run("DELETE FROM passes WHERE person = ?", person)
        now = self._clock.now()
        for n, has in enumerate(BY_ID[person].methods):
            at = stamp(now - timedelta(days=has.age_days))
            fixed = PHONE_IDS.get(has.doc.get("phoneType", ""))
            self._insert(
                person,
                has.type,
                fixed or ident(f"method/{person}/{n}"),
                has.doc,
                at,
                at,
                has.in_hand,
                has.default,
            )

    def _insert(
        self,
        person: str,
        kind: str,
        method_id: str,
        doc: dict[str, Any],
        created: str,
        visible: str,
        in_hand: bool,
        default: bool,
    ) -> None:
        self._storage.run(
            "INSERT INTO methods VALUES (?, ?, ?, ?, ?, ?, NULL, ?, ?)",
            method_id,
            person,
            kind,
            json.dumps(doc),
            created,
            visible,
            in_hand,
            default,
        )

    def add(self, person: str, kind: str, doc: dict[str, Any], *, lag: float = 0) -> str:
        """Register a method, in hand; the first second factor becomes the default."""
        now = self._clock.now()
        phone_type = str(doc.get("phoneType", ""))
        method_id = PHONE_IDS.get(phone_type) or (EMAIL_ID if kind == "email" else str(uuid4()))
        self._storage.run("DELETE FROM methods WHERE person=? AND type=? AND id=?", person, kind, method_id)
        default = kind in CAN_BE_DEFAULT and not any(row["is_default"] for row in self.rows(person))
        visible = stamp(now + timedelta(seconds=lag))
        self._insert(person, kind, method_id, doc, stamp(now), visible, True, default)
        return method_id

    def rows(self, person: str, kind: str | None = None, *, hidden: bool = False) -> list[sqlite3.Row]:
        """What exists now, oldest first; with *hidden*, also what a lag still hides."""
        now = stamp(self._clock.now())
        return [
            row
            for row in self._storage.all(
                "SELECT * FROM methods WHERE person = ? ORDER BY created_at, id", person
            )
            if (kind is None or row["type"] == kind)
            and (hidden or row["visible_at"] <= now)
            and (row["gone_at"] is None or (not hidden and row["gone_at"] > now))
        ]

    def why_not_remove(self, person: str, kind: str, method_id: str) -> str:
        """Microsoft's text why this method cannot be deleted now, or nothing."""
        rows = self.rows(person, hidden=True)
        row = next(row for row in rows if row["type"] == kind and row["id"] == method_id)
        others = [other for other in rows if other["type"] in CAN_BE_DEFAULT and other is not row]
        if row["is_default"] and others:
            return (
                "The requested authentication method matches the user's current default authentication "
                "method, and cannot be deleted until the default authentication method is changed."
            )
        if method_id == PHONE_IDS["mobile"] and any(o["id"] == PHONE_IDS["alternateMobile"] for o in rows):
            return "The mobile phone method cannot be deleted while an alternate mobile phone method exists."
        return ""

    def remove(self, person: str, kind: str, method_id: str, *, lag: float = 0) -> None:
        gone = stamp(self._clock.now() + timedelta(seconds=lag))
        self._storage.run(
            "UPDATE methods SET gone_at = ? WHERE person=? AND type=? AND id=?", gone, person, kind, method_id
        )
        rest = [row for row in self.rows(person, hidden=True) if row["type"] in CAN_BE_DEFAULT]
        if rest and not any(row["is_default"] for row in rest):
            self._storage.run(
                "UPDATE methods SET is_default = 1 WHERE person=? AND type=? AND id=?",
                person,
                rest[0]["type"],
                rest[0]["id"],
            )

    def hand(self, person: str, method_id: str, in_hand: bool) -> bool:
        """Lose or find the thing itself; the registration stays."""
        changed = "UPDATE methods SET in_hand = ? WHERE person = ? AND id = ? AND gone_at IS NULL"
        return self._storage.run(changed, in_hand, person, method_id) > 0

    # --- passes -------------------------------------------------------------------------------

    def issue(
        self, person: str, *, starts_at: datetime, minutes: int, once: bool, length: int, lag: float = 0
    ) -> tuple[Pass, str]:
        """Replace whatever pass there is; the value is returned here and nowhere again."""
        now = self._clock.now()
        self._storage.run(
            "UPDATE passes SET gone_at = ? WHERE person = ? AND gone_at IS NULL", stamp(now), person
        )
        chars = [secrets.choice(SIGNS), *(secrets.choice(LETTERS) for _ in range(length - 1))]
        secrets.SystemRandom().shuffle(chars)
        value, salt, pass_id = "".join(chars), secrets.token_bytes(16), str(uuid4())
        self._storage.run(
            "INSERT INTO passes VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, ?, NULL)",
            pass_id,
            person,
            salt,
            _hashed(value, salt),
            stamp(now),
            stamp(starts_at),
            minutes,
            once,
            stamp(now + timedelta(seconds=lag)),
        )
        return Pass(pass_id, person, now, starts_at, minutes, once, None), value

    def current(self, person: str) -> Pass | None:
        """The person's pass, also when expired or used; at most one."""
        row = self._row(person)
        return _pass(row) if row else None

    def _row(self, person: str) -> sqlite3.Row | None:
        now = stamp(self._clock.now())
        return self._storage.one(
            "SELECT * FROM passes WHERE person=? AND visible_at<=? AND (gone_at IS NULL OR gone_at>?) "
            "ORDER BY created_at DESC LIMIT 1",
            person,
            now,
            now,
        )

    def withdraw(self, person: str, pass_id: str, *, lag: float = 0) -> bool:
        gone = stamp(self._clock.now() + timedelta(seconds=lag))
        sql = "UPDATE passes SET gone_at = ? WHERE person = ? AND id = ? AND gone_at IS NULL"
        return self._storage.run(sql, gone, person, pass_id) > 0

    def use(self, person: str, value: str, *, grace: timedelta = timedelta(0)) -> bool:
        """Sign in with a pass: true when it is the right one and usable now; a one-time pass is then
        spent, save that within *grace* of its use it still serves."""
        row = self._row(person)
        if row is None or not hmac.compare_digest(_hashed(value.strip(), row["salt"]), row["hash"]):
            return False
        now = self._clock.now()
        one = _pass(row)
        if one.used_at and now - one.used_at < grace and now < one.ends_at:
            return True
        if one.reason(now, True) != "EnabledByPolicy":
            return False
        self._storage.run("UPDATE passes SET used_at = ? WHERE id = ?", stamp(now), one.id)
        return True


def _hashed(value: str, salt: bytes) -> bytes:
    return hashlib.scrypt(value.encode(), salt=salt, n=2**12, r=8, p=1)


def _pass(row: sqlite3.Row) -> Pass:
    used = moment(row["used_at"]) if row["used_at"] else None
    return Pass(
        row["id"],
        row["person"],
        moment(row["created_at"]),
        moment(row["starts_at"]),
        row["minutes"],
        bool(row["once"]),
        used,
    )
