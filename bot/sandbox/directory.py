"""Accounts, groups, roles and units, as the tenant knows them now.

Privilege is worked out here once, from live rows, for every delegated Graph call
(facts of Microsoft's role tables): who may act on whose authentication methods.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from bot.sandbox.company import GROUPS, UNITS, Group, ident, unit_id
from bot.sandbox.people import BY_ID, CAST, record
from bot.sandbox.storage import Storage

# What an Authentication Administrator's target may hold and still be acted on.
HARMLESS = frozenset(
    {
        "Authentication Administrator",
        "Directory Readers",
        "Guest Inviter",
        "Message Center Reader",
        "Password Administrator",
        "Reports Reader",
        "User Experience Success Manager",
        "Usage Summary Reports Reader",
    }
)
MASTERS = frozenset({"Privileged Authentication Administrator", "Global Administrator"})
METHOD_ROLES = MASTERS | {"Authentication Administrator"}
REVOKE_ROLES = METHOD_ROLES | {"Helpdesk Administrator", "User Administrator", "Password Administrator"}


class Clock(Protocol):
    def now(self) -> datetime:
        """The present, aware, in UTC."""
        ...


@dataclass(frozen=True, slots=True)
class Account:
    """One account with everything the tenant knows about it, except methods and passes."""

    id: str
    oid: str
    doc: dict[str, Any]

    @property
    def user(self) -> dict[str, Any]:
        return self.doc["user"]  # type: ignore[no-any-return]

    @property
    def name(self) -> str:
        return str(self.user["displayName"])

    @property
    def upn(self) -> str:
        return str(self.user["userPrincipalName"])

    @property
    def enabled(self) -> bool:
        return bool(self.user["accountEnabled"])

    @property
    def external(self) -> bool:
        return self.user["userType"] == "Guest" and "#EXT#" in self.upn

    def groups(self) -> list[Group]:
        """Groups it is in, also through groups in groups."""
        seen: dict[str, Group] = {}
        todo = list(self.doc["groups"])
        while todo:
            key = todo.pop()
            if key not in seen:
                seen[key] = GROUPS[key]
                todo.extend(GROUPS[key].inside)
        return sorted(seen.values(), key=lambda group: group.name)

    def roles(self) -> list[dict[str, str]]:
        """Active roles as {name, scope, principal}: its own, and those of role-assignable groups."""
        own = [{**role, "principal": self.oid} for role in self.doc["roles"]]
        through = [
            {"name": name, "scope": "/", "principal": group.id}
            for group in self.groups()
            for name in group.roles
        ]
        return own + through

    def guarded(self) -> bool:
        """Only Privileged Authentication and Global Administrators may act on it."""
        return (
            any(group.role_assignable for group in self.groups())
            or any(GROUPS[key].role_assignable for key in self.doc["owns"])
            or bool(self.user["isManagementRestricted"])
            or any(role["name"] not in HARMLESS for role in self.roles())
        )


class Directory:
    """The people table."""

    def __init__(self, storage: Storage, clock: Clock) -> None:
        self._storage, self._clock = storage, clock
        for someone in CAST:
            if self.get(someone.id) is None:
                self.reset(someone.id)

    def reset(self, person: str) -> None:
        """As on the first day."""
        someone = BY_ID[person]
        self._storage.run(
            "INSERT OR REPLACE INTO people VALUES (?, ?, ?)",
            person,
            someone.oid,
            json.dumps(record(someone, self._clock.now())),
        )

    def all(self) -> list[Account]:
        order = {someone.id: n for n, someone in enumerate(CAST)}
        rows = self._storage.all("SELECT * FROM people")
        return sorted(
            (Account(row["id"], row["oid"], json.loads(row["doc"])) for row in rows),
            key=lambda who: order[who.id],
        )

    def get(self, person: str) -> Account | None:
        row = self._storage.one("SELECT * FROM people WHERE id = ?", person)
        return Account(row["id"], row["oid"], json.loads(row["doc"])) if row else None

    def find(self, ref: str) -> Account | None:
        """By object id or user principal name, as in a Graph path."""
        ref = ref.lower()
        return next((who for who in self.all() if ref in (who.oid, who.upn.lower())), None)

    def hinted(self, hint: str) -> Account | None:
        """By anything a person would type at a sign-in page."""
        hint = hint.strip().lower()
        return next(
            (
                who
                for who in self.all()
                if hint and hint in (who.id, who.oid, who.upn.lower(), who.user["mail"])
            ),
            None,
        )

    def save(self, who: Account) -> None:
        self._storage.run("UPDATE people SET doc = ? WHERE id = ?", json.dumps(who.doc), who.id)

    def manager_of(self, who: Account) -> Account | None:
        return self.get(who.doc["manager"]) if who.doc["manager"] else None

    def in_group(self, group_id: str) -> list[Account]:
        return [who for who in self.all() if any(group.id == group_id for group in who.groups())]


def may_act(actor: Account, target: Account, allowed: Iterable[str]) -> bool:
    """Whether *actor* holds one of the *allowed* roles, active, over *target*.

    Nobody acts on themselves through these roles; a role scoped to a unit reaches only its members.
    """
    if actor.oid == target.oid or not actor.enabled:
        return False
    units = {f"/administrativeUnits/{unit_id(key)}" for key in target.doc["units"]}
    held = {role["name"] for role in actor.roles() if role["scope"] == "/" or role["scope"] in units}
    wanted = held & set(allowed)
    return bool(wanted & MASTERS) or (bool(wanted) and not target.guarded())


def unit_named(unit: str) -> str | None:
    """The key of the administrative unit with that id."""
    return next((key for key in UNITS if unit_id(key) == unit), None)


def assignment_id(*parts: str) -> str:
    return ident("assignment/" + "/".join(parts))
