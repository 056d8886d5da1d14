"""What the tenant shows of a person, for scripts and for the tenant page. Never a pass's value."""

from __future__ import annotations

import json
from typing import Any

from bot.sandbox.directory import Account
from bot.sandbox.people import BY_ID
from bot.sandbox.signing_in import WORDS, ways
from bot.sandbox.state import State
from bot.sandbox.storage import stamp

TYPE_NAMES = {
    "microsoftAuthenticator": "Microsoft Authenticator",
    "phone": "Phone",
    "fido2": "Passkey",
    "softwareOath": "Authenticator app (codes)",
    "email": "E-mail (password reset only)",
    "windowsHelloForBusiness": "Windows Hello",
    "platformCredential": "Platform credential",
    "external": "External method",
}


def brief(state: State, who: Account) -> dict[str, Any]:
    return {
        "id": who.id,
        "oid": who.oid,
        "upn": who.upn,
        "name": who.name,
        "job": who.user["jobTitle"] or "",
        "department": who.user["department"] or "",
        "about": BY_ID[who.id].about,
        "enabled": who.enabled,
        "signs_in_with": [way.word for way in ways(state, who) if not way.why_not] if who.enabled else [],
    }


def methods(state: State, who: Account) -> list[dict[str, Any]]:
    listed = []
    for row in state.methods.rows(who.id):
        doc = json.loads(row["doc"])
        listed.append(
            {
                "id": row["id"],
                "type": row["type"],
                "name": TYPE_NAMES.get(row["type"], "Other method"),
                "label": doc.get("displayName") or doc.get("phoneNumber") or doc.get("emailAddress") or "",
                "created_at": row["created_at"],
                "in_hand": bool(row["in_hand"]),
                "default": bool(row["is_default"]),
                "signs_in_with": WORDS.get(row["type"], ""),
            }
        )
    return listed


def pass_state(state: State, who: Account) -> dict[str, Any]:
    """`state` is none, live, used, expired, future or off."""
    live = state.methods.current(who.id)
    if live is None:
        return {"state": "none"}
    reason = live.reason(state.clock.now(), state.pass_allowed(who))
    word = {
        "EnabledByPolicy": "live",
        "OneTimeUsed": "used",
        "Expired": "expired",
        "NotYetValid": "future",
        "DisabledByPolicy": "off",
    }[reason]
    return {
        "state": word,
        "id": live.id,
        "created_at": stamp(live.created_at),
        "starts_at": stamp(live.starts_at),
        "ends_at": stamp(live.ends_at),
        "minutes": live.minutes,
        "once": live.once,
        "used_at": stamp(live.used_at) if live.used_at else None,
    }


def log(state: State, who: Account) -> list[dict[str, Any]]:
    """Entra's audit log about this person, with the name of the human who acted."""
    people = {one.id: one for one in state.directory.all()}
    return [
        {
            "at": row["at"],
            "activity": row["activity"],
            "reason": row["reason"],
            "by": people[row["actor"]].name if row["actor"] else row["app"],
            "by_id": row["actor"],
            "app": row["app"],
        }
        for row in state.journal.notes(who.id)
    ]


def summary(state: State, who: Account) -> dict[str, Any]:
    """Everything about one person."""
    sheet = state.journal.sheet(who.id)
    return {
        **brief(state, who),
        "manager": who.doc["manager"],
        "groups": [group.key for group in who.groups()],
        "roles": [role["name"] for role in who.roles()],
        "eligible_roles": [role["name"] for role in who.doc["eligible"]],
        "risk": who.doc["risk"],
        "methods": methods(state, who),
        "pass": pass_state(state, who),
        "codes": sheet["codes"] if sheet else [],
        "codes_printed_at": sheet["printed_at"] if sheet else None,
        "sessions": state.journal.sessions(who.id),
        "sign_ins": [
            {
                "at": row["at"],
                "app": row["app"],
                "how": row["how"],
                "error": row["error"],
                "country": row["country"],
            }
            for row in state.journal.sign_ins(who.id)[:20]
        ],
        "mail": state.journal.mail(who.id),
        "log": log(state, who),
    }
