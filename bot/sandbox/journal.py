"""What happened in the tenant: sessions, sign-in log, audit log, mailboxes, paper, ledger."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

from bot.sandbox.directory import Clock
from bot.sandbox.storage import Storage, stamp

SEEDED_SESSIONS = (("Outlook", "Windows laptop", 3), ("Teams", "Phone", 9))
HOME = "DE"
"""Where everybody's earlier sign-ins came from."""


class Journal:
    """The append-mostly tables."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage, self._clock = storage, clock

    def _now(self) -> str:
        return stamp(self._clock.now())

    # --- sessions -----------------------------------------------------------------------------

    def reset(self, person: str) -> None:
        """Sessions, logs and mail as on the first day. The paper in the drawer and the ledger stay."""
        for table in ("sessions", "sign_ins", "audits", "mail"):
            self._storage.run(f"DELETE FROM {table} WHERE person = ?", person)  # noqa: S608 - a closed list
        for app, device, days in SEEDED_SESSIONS:
            at = stamp(self._clock.now() - timedelta(days=days))
            self._open(person, app, device, "password", at)
            self._sign_in(person, at, app, 0, "password", HOME)

    def _open(self, person: str, app: str, device: str, how: str, at: str) -> str:
        session = str(uuid4())
        self._storage.run(
            "INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, NULL)", session, person, app, device, how, at
        )
        return session

    def open_session(self, person: str, app: str, how: str) -> str:
        return self._open(person, app, "This browser", how, self._now())

    def sessions(self, person: str) -> list[dict[str, Any]]:
        rows = self._storage.all("SELECT * FROM sessions WHERE person = ? ORDER BY at DESC", person)
        return [
            {
                "app": row["app"],
                "device": row["device"],
                "how": row["how"],
                "at": row["at"],
                "open": row["ended_at"] is None,
            }
            for row in rows
        ]

    def session(self, session_id: str) -> dict[str, Any] | None:
        """An open session by id."""
        row = self._storage.one("SELECT * FROM sessions WHERE id = ? AND ended_at IS NULL", session_id)
        return dict(row) if row else None

    def end_sessions(self, person: str) -> None:
        self._storage.run(
            "UPDATE sessions SET ended_at = ? WHERE person = ? AND ended_at IS NULL", self._now(), person
        )

    # --- logs ---------------------------------------------------------------------------------

    def signed_in(self, person: str, app: str, how: str, *, error: int = 0, country: str = "") -> None:
        self._sign_in(person, self._now(), app, error, how, country)

    def _sign_in(self, person: str, at: str, app: str, error: int, how: str, country: str) -> None:
        self._storage.run(
            "INSERT INTO sign_ins VALUES (?, ?, ?, ?, ?, ?, ?)",
            str(uuid4()), person, at, app, error, how, country,
        )  # fmt: skip

    def sign_ins(self, person: str = "") -> list[dict[str, Any]]:
        """Newest first."""
        rows = self._storage.all(
            "SELECT * FROM sign_ins WHERE ? IN ('', person) ORDER BY at DESC, rowid DESC", person
        )
        return [dict(row) for row in rows]

    def note(self, activity: str, reason: str, *, person: str, actor: str, app: str) -> None:
        """An entry of Entra's audit log: *actor* is the person id behind a delegated call, or empty."""
        self._storage.run(
            "INSERT INTO audits VALUES (?, ?, ?, ?, ?, ?, ?)",
            str(uuid4()),
            self._now(),
            activity,
            reason,
            person,
            actor,
            app,
        )

    def notes(self, person: str = "") -> list[dict[str, Any]]:
        """Newest first."""
        rows = self._storage.all(
            "SELECT * FROM audits WHERE ? IN ('', person) ORDER BY at DESC, rowid DESC", person
        )
        return [dict(row) for row in rows]

    # --- mail and paper -----------------------------------------------------------------------

    def deliver(self, person: str, address: str, subject: str, text: str, key: str) -> None:
        """Put a letter into the mailbox; the same *key* twice is one letter."""
        sealed = self._storage.seal(json.dumps({"subject": subject, "text": text}))
        self._storage.run(
            "INSERT OR IGNORE INTO mail VALUES (?, ?, ?, ?, ?)",
            key or str(uuid4()),
            person,
            address,
            self._now(),
            sealed,
        )

    def mail(self, person: str) -> list[dict[str, Any]]:
        """Newest first."""
        rows = self._storage.all("SELECT * FROM mail WHERE person = ? ORDER BY at DESC, rowid DESC", person)
        return [
            {"at": row["at"], "to": row["address"], **json.loads(self._storage.unseal(row["sealed"]))}
            for row in rows
        ]

    def put_sheet(self, person: str, codes: list[str], printed_at: str) -> None:
        """Lay a printed sheet of saved codes into the person's drawer, instead of the one there."""
        self._storage.run(
            "INSERT OR REPLACE INTO sheets VALUES (?, ?, ?)",
            person,
            printed_at or self._now(),
            self._storage.seal(json.dumps(codes)),
        )

    def sheet(self, person: str) -> dict[str, Any] | None:
        row = self._storage.one("SELECT * FROM sheets WHERE person = ?", person)
        return (
            {"printed_at": row["at"], "codes": json.loads(self._storage.unseal(row["sealed"]))}
            if row
            else None
        )

    # --- the ledger ---------------------------------------------------------------------------

    def arrived(self, method: str, path: str) -> int:
        """A Graph call came in; its status is 0 until Graph has decided."""
        return self._storage.add(
            "INSERT INTO ledger (at, method, path) VALUES (?, ?, ?)",
            self._now(),
            method,
            path,
        )

    def identified(self, n: int, app: str, actor: str) -> None:
        self._storage.run("UPDATE ledger SET app = ?, actor = ? WHERE n = ?", app, actor, n)

    def met(self, n: int, fault: str) -> None:
        self._storage.run("UPDATE ledger SET fault = ? WHERE n = ?", fault, n)

    def decided(self, n: int, status: int) -> None:
        """What Graph did, also when a fault then loses the answer: a pass made counts as made."""
        self._storage.run("UPDATE ledger SET status = ? WHERE n = ?", status, n)

    def ledger(self, after: int = 0) -> list[dict[str, Any]]:
        rows = self._storage.all("SELECT * FROM ledger WHERE n > ? ORDER BY n", after)
        return [dict(row) for row in rows]
