"""What a person does alone at the security-info page, and what a demo does to a person.

Registering needs a sign-in, as it does with Entra: the pass's value typed, or a method really in
hand. A one-time pass still serves ten minutes after it was used, to finish registering.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from bot.sandbox.company import GROUPS, ROLES
from bot.sandbox.directory import Account
from bot.sandbox.signing_in import MFA, signed
from bot.sandbox.state import State
from bot.sandbox.storage import stamp

GRACE = timedelta(minutes=10)
KINDS = {
    "passkey": ("fido2", "Passkey (device-bound)"),
    "authenticator": ("microsoftAuthenticator", "Authenticator App with Notification and Code"),
    "hello": ("windowsHelloForBusiness", "Windows Hello for Business"),
    "phone": ("phone", "Mobile Phone SMS"),
    "oath": ("softwareOath", "Authenticator App with Code"),
    "email": ("email", "Email"),
}
APP = "My sign-ins"


class NotSignedInError(Exception):
    """Registering needs a sign-in first."""


def register(state: State, who: Account, fields: Mapping[str, Any]) -> str:
    """Register a method as the person. Fields: `type`, `name`, and `pass` or `with`.

    Raises NotSignedInError, or ValueError for an unknown type."""
    word = str(fields.get("type") or "passkey")
    if word not in KINDS:
        raise ValueError(f"type must be one of {', '.join(KINDS)}.")
    kind, title = KINDS[word]
    how = sign_in(state, who, fields)
    if word == "phone" and not str(fields.get("name", "")).startswith("+"):
        raise ValueError("name is the number, starting with + and the country.")
    method_id = state.methods.add(who.id, kind, _document(word, str(fields.get("name") or "")))
    state.journal.signed_in(who.id, APP, how, country=str(state.switches["country"]))
    state.journal.note(
        "User registered security info", f"User registered {title}", person=who.id, actor=who.id, app=APP
    )
    return method_id


def remove(state: State, who: Account, method_id: str, fields: Mapping[str, Any]) -> None:
    """Remove an own method, signed in. Raises NotSignedInError or ValueError."""
    sign_in(state, who, fields)
    row = next((row for row in state.methods.rows(who.id) if row["id"] == method_id), None)
    if row is None:
        raise ValueError("There is no such method.")
    state.methods.remove(who.id, row["type"], method_id)
    state.journal.note(
        "User deleted security info",
        f"User deleted {row['type']} method",
        person=who.id,
        actor=who.id,
        app=APP,
    )


def sign_in(state: State, who: Account, fields: Mapping[str, Any]) -> str:
    """How the person signed in. Raises NotSignedInError."""
    value, word = str(fields.get("pass") or "").strip(), str(fields.get("with") or "")
    if value:
        if who.enabled and state.pass_allowed(who) and state.methods.use(who.id, value, grace=GRACE):
            return "pass"
        state.journal.signed_in(who.id, APP, "", error=130503, country=str(state.switches["country"]))
        raise NotSignedInError("That is not a valid Temporary Access Pass for this account.")
    if not word:
        raise NotSignedInError("Sign in first: with the pass, or with a method you have in hand.")
    way, problem, error = (
        signed(state, who, word, "") if word in MFA else (None, "A second factor is needed.", 50074)
    )
    if way is None:
        state.journal.signed_in(who.id, APP, "", error=error, country=str(state.switches["country"]))
        raise NotSignedInError(problem)
    return way.how


def _document(word: str, name: str) -> dict[str, Any]:
    match word:
        case "passkey":
            return {
                "displayName": name or "New passkey",
                "model": "Microsoft Authenticator",
                "aaGuid": "de1e552d-db1d-4423-a619-566b625cdc84",
                "attestationLevel": "attested",
                "attestationCertificates": [],
            }
        case "authenticator":
            return {
                "displayName": name or "New phone",
                "deviceTag": "SoftwareTokenActivated",
                "phoneAppVersion": "6.2611.1",
            }
        case "hello":
            return {"displayName": name or "New PC", "keyStrength": "normal"}
        case "phone":
            return {"phoneNumber": name, "phoneType": "mobile", "smsSignInState": "notConfigured"}
        case "email":
            return {"emailAddress": name}
    return {}


def change(state: State, who: Account, fields: Mapping[str, Any]) -> None:
    """Change an account behind everybody's back, as directories change. Raises ValueError."""
    for field, value in fields.items():
        match field:
            case "enabled":
                who.user["accountEnabled"] = _yes(value)
            case "synced":
                who.user["onPremisesSyncEnabled"] = _yes(value) or None
            case "restricted":
                who.user["isManagementRestricted"] = _yes(value) or None
            case "risk" if value in ("none", "low", "medium", "high", "hidden"):
                who.doc["risk"] = value
            case "manager" if value == "" or state.directory.get(str(value)):
                who.doc["manager"] = value
            case "roles" | "eligible":
                who.doc[field] = [_role(one) for one in _list(value)]
            case "groups" | "owns" if set(_list(value)) <= set(GROUPS):
                who.doc[field] = _list(value)
            case "hired_days":
                who.user["employeeHireDate"] = stamp(state.clock.now() - timedelta(days=float(value)))
            case "sign_in_error":
                state.journal.signed_in(
                    who.id, "Office 365", "", error=int(value), country=str(state.switches["country"])
                )
            case "planted":  # a method that somebody else registered, or of a type nobody knows yet
                word = str(value)
                kind = KINDS[word][0] if word in KINDS else "somethingNew"
                state.methods.add(
                    who.id, kind, _document(word, "Unknown device") or {"displayName": "Unknown device"}
                )
            case _:
                raise ValueError(f"{field} cannot be set to that.")
    state.directory.save(who)


def _yes(value: Any) -> bool:
    return str(value).lower() in ("true", "1", "on", "yes")


def _list(value: Any) -> list[str]:
    return (
        [str(one) for one in value]
        if isinstance(value, list)
        else [one for one in str(value).split(",") if one]
    )


def _role(text: str) -> dict[str, str]:
    """`Name`, or `Name@/administrativeUnits/<id>`."""
    name, _, scope = text.partition("@")
    if name not in ROLES:
        raise ValueError(f"There is no role {name}. Known: {', '.join(ROLES)}.")
    return {"name": name, "scope": scope or "/"}
