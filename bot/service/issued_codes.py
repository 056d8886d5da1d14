"""Issued codes: eight digits, sent by mail, that are kept nowhere.

A code is an HMAC over purpose, row and salt under a key outside the store, remade when the letter is
written and again when it is typed. Who reads the database learns none, who writes it makes none: a row
with a wrong MAC has no code at all. A repeat is a new row with a new code; the wrong tries are counted
elsewhere, so it resets none (NIST SP 800-63B-4, 3.1.3.2).
"""

from __future__ import annotations

import hmac
from dataclasses import replace
from datetime import datetime, timedelta

from bot.core.records import IssuedCode, Job
from bot.ports.clock import Entropy
from bot.ports.store import UnitOfWork
from bot.service.chance import new_id
from bot.service.keys import Keys, b64, unb64

LIVES = timedelta(minutes=15)
DIGITS = 8
ENROL, PROVE = "enrol", "prove"
LIVE = ("asked", "sent")


class IssuedBook:
    def __init__(self, keys: Keys, entropy: Entropy) -> None:
        self._keys = keys
        self._entropy = entropy

    def ask(
        self,
        work: UnitOfWork,
        purpose: str,
        owner: str,
        *,
        subject_oid: str,
        match: str,
        locale: str,
        at: datetime,
        case_id: str = "",
        read_on: str = "",
    ) -> IssuedCode:
        """Note a code and queue its letter. The job holds the row's id and nothing else; whether the
        address is one to write to is found out there, so that nobody can tell here."""
        row = IssuedCode(
            new_id(self._entropy, at), purpose, owner, case_id, subject_oid, match,
            b64(self._entropy.bytes(16)), locale, read_on, at, at + LIVES, "asked", "", "",
        )  # fmt: skip
        row = self.signed(row)
        work.add(row)
        work.enqueue([Job(f"code/{row.id}", f"code:{owner}", "code", {"code": row.id}, case_id, at, at)])
        return row

    def code(self, row: IssuedCode) -> str:
        """The digits of *row*. Never kept, logged or shown; the letter holds them."""
        mac = self._keys.mac(
            "issued-code", row.purpose, row.id, row.owner, row.subject_oid, row.match, row.salt
        )
        return f"{int.from_bytes(unb64(mac)[:8]) % 10**DIGITS:0{DIGITS}d}"  # bias below 1e-11

    def intact(self, row: IssuedCode) -> bool:
        return self._keys.row_mac_fits(row)

    def fitting(self, work: UnitOfWork, owner: str, typed: str) -> IssuedCode | None:
        """The row of *owner* whose code was typed, whatever has become of it meanwhile. All rows are
        compared, so that the time tells nothing."""
        plain = "".join(c for c in typed if c not in " -\t\u00a0").encode()
        rows = work.find(IssuedCode, owner=owner, order="-made_at")
        right = [
            row
            for row in rows
            if hmac.compare_digest(self.code(row).encode(), plain) and self.intact(row) and row.address
        ]
        return right[0] if right else None

    def of(self, work: UnitOfWork, owner: str) -> list[IssuedCode]:
        """Every code asked for by *owner*, newest first."""
        return work.find(IssuedCode, owner=owner, order="-made_at")

    def settle(self, work: UnitOfWork, owner: str, status: str) -> None:
        """No code of *owner* is good any more."""
        for row in work.find(IssuedCode, owner=owner):
            if row.status in LIVE:
                self.put(work, replace(row, status=status))

    def put(self, work: UnitOfWork, row: IssuedCode) -> IssuedCode:
        row = self.signed(row)
        work.put(row)
        return row

    def signed(self, row: IssuedCode) -> IssuedCode:
        return replace(row, mac=self._keys.row_mac(row))
