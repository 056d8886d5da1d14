"""Authentication methods and Temporary Access Passes over Graph."""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime, timedelta
from typing import Any

from bot.sandbox.company import GROUPS
from bot.sandbox.directory import METHOD_ROLES, Account, may_act
from bot.sandbox.faults import lag
from bot.sandbox.graph_door import Call, Endpoint, GraphError, forbidden
from bot.sandbox.graph_shapes import CONTEXT
from bot.sandbox.methods import PASSWORD_ID, PATHS, TYPES, Pass
from bot.sandbox.storage import moment, stamp

READ_ALL = ("UserAuthenticationMethod.Read.All", "UserAuthenticationMethod.ReadWrite.All")
FAMILIES = {
    "microsoftAuthenticator": "MicrosoftAuthApp",
    "phone": "Phone",
    "fido2": "Passkey",
    "softwareOath": "SoftwareOATH",
    "email": "Email",
    "windowsHelloForBusiness": "WindowsHello",
    "platformCredential": "PlatformCred",
    "external": "External",
}
# Types whose typed list has no creation date in Microsoft's published description; the list of all
# methods carries it in any case.
UNDATED = frozenset({"phone", "email", "softwareOath"})
PASS_TYPE = "#microsoft.graph.temporaryAccessPassAuthenticationMethod"  # noqa: S105
PASS_FIELDS = frozenset({"startDateTime", "lifetimeInMinutes", "isUsableOnce"})


def refused(message: str) -> GraphError:
    return GraphError(400, "badRequest", message)


def missing() -> GraphError:
    return GraphError(404, "resourceNotFound", "The requested authentication method was not found.")


def covered(call: Call) -> Account:
    """The account in the path, when a delegated caller's role reaches it. Raises 403, 404."""
    who, actor = call.user(), call.caller.actor
    if actor and not may_act(actor, who, METHOD_ROLES):
        raise forbidden(methods_api=True)
    return who


# --- methods ------------------------------------------------------------------------------------


def shape(row: sqlite3.Row, *, typed: bool) -> dict[str, Any]:
    doc = {
        "@odata.type": f"#microsoft.graph.{row['type']}AuthenticationMethod",
        "id": row["id"],
        **json.loads(row["doc"]),
    }
    if not (typed and row["type"] in UNDATED):
        doc["createdDateTime"] = row["created_at"]
    if row["type"] == "softwareOath":
        doc["secretKey"] = None
    return doc


def _password(who: Account) -> dict[str, Any]:
    return {
        "@odata.type": "#microsoft.graph.passwordAuthenticationMethod",
        "id": PASSWORD_ID,
        "password": None,
        "createdDateTime": who.user["lastPasswordChangeDateTime"],
    }


def list_all(call: Call) -> dict[str, Any]:
    who = _readable(call)
    values = [] if who.external else [_password(who)]
    values += [shape(row, typed=False) for row in call.state.methods.rows(who.id)]
    live = call.state.methods.current(who.id)
    if live:
        values.append(pass_shape(call, who, live))
    return {"@odata.context": f"{CONTEXT}#users('{who.oid}')/authentication/methods", "value": values}


def _readable(call: Call) -> Account:
    """Everybody may read their own; others' need a role over them."""
    who, actor = call.user(), call.caller.actor
    if actor and actor.oid != who.oid and not may_act(actor, who, METHOD_ROLES | {"Global Reader"}):
        raise forbidden(methods_api=True)
    return who


def get_one(call: Call) -> dict[str, Any]:
    wanted = call.request.match_info["method"]
    for doc in list_all(call)["value"]:
        if doc["id"] == wanted:
            return dict(doc)
    raise missing()


def list_passwords(call: Call) -> dict[str, Any]:
    who = _readable(call)
    values = [] if who.external else [_password(who)]
    return {"@odata.context": f"{CONTEXT}#users('{who.oid}')/authentication/passwordMethods", "value": values}


def list_typed(call: Call) -> dict[str, Any]:
    who = _readable(call)
    path = call.request.match_info["typed"]
    rows = call.state.methods.rows(who.id, TYPES[path])
    context = f"{CONTEXT}#users('{who.oid}')/authentication/{path}"
    return {"@odata.context": context, "value": [shape(row, typed=True) for row in rows]}


def _typed_row(call: Call, who: Account) -> sqlite3.Row:
    kind, wanted = TYPES[call.request.match_info["typed"]], call.request.match_info["method"]
    row = next(
        (row for row in call.state.methods.rows(who.id, kind, hidden=True) if row["id"] == wanted), None
    )
    if row is None:
        raise missing()
    return row


def get_typed(call: Call) -> dict[str, Any]:
    return shape(_typed_row(call, _readable(call)), typed=True)


def delete_typed(call: Call) -> None:
    who = covered(call)
    row = _typed_row(call, who)
    if why := call.state.methods.why_not_remove(who.id, row["type"], row["id"]):
        raise refused(why)
    call.state.methods.remove(who.id, row["type"], row["id"], lag=lag.get())
    _note(call, who, "Admin deleted security info", f"Admin deleted {row['type']} method for user")


def delete_any(call: Call) -> None:
    """The generic path does not exist for deletes."""
    raise GraphError(
        404, "resourceNotFound", f"No HTTP resource was found that matches '{call.request.path}'."
    )


def _note(call: Call, who: Account, activity: str, reason: str) -> None:
    app = f"Keyturn {call.caller.app.name}"
    call.state.journal.note(activity, reason, person=who.id, actor=call.actor_id, app=app)


# --- passes -------------------------------------------------------------------------------------


def pass_shape(call: Call, who: Account, one: Pass, value: str | None = None) -> dict[str, Any]:
    now = call.state.clock.now()
    reason = one.reason(now, call.state.pass_allowed(who))
    return {
        "@odata.type": PASS_TYPE,
        "id": one.id,
        "temporaryAccessPass": value,
        "createdDateTime": stamp(one.created_at),
        "startDateTime": stamp(one.starts_at),
        "lifetimeInMinutes": one.minutes,
        "isUsableOnce": one.once,
        "isUsable": reason == "EnabledByPolicy",
        "methodUsabilityReason": reason,
    }


def list_passes(call: Call) -> dict[str, Any]:
    who = _readable(call)
    one = call.state.methods.current(who.id)
    context = f"{CONTEXT}#users('{who.oid}')/authentication/temporaryAccessPassMethods"
    return {"@odata.context": context, "value": [pass_shape(call, who, one)] if one else []}


def get_pass(call: Call) -> dict[str, Any]:
    who = _readable(call)
    one = call.state.methods.current(who.id)
    if one is None or one.id != call.request.match_info["pass_id"]:
        raise missing()
    return pass_shape(call, who, one)


def create_pass(call: Call) -> dict[str, Any]:
    who, switches = covered(call), call.state.switches
    if who.external:
        raise refused("Temporary Access Pass cannot be added to an external guest user.")
    if not call.state.pass_allowed(who):
        raise refused(
            "Converged UserCredentialPolicy does not allow creating or updating this authentication method. "
            "AuthMethodType [TemporaryAccessPass]."
        )
    if unknown := set(call.body) - PASS_FIELDS:
        raise refused(f"The property '{min(unknown)}' does not exist on type '{PASS_TYPE[1:]}'.")
    minutes = call.body.get("lifetimeInMinutes") or switches["pass_default"]
    low, high = switches["pass_minimum"], switches["pass_maximum"]
    if not isinstance(minutes, int) or isinstance(minutes, bool) or not low <= minutes <= high:
        raise refused(f"Invalid LifetimeInMinutes specified. The valid range between {low} and {high}.")
    once = call.body.get("isUsableOnce")
    if once is False and switches["pass_once"]:
        raise refused("Invalid IsUsableOnce specified. The policy only allows one-time passes.")
    starts_at = _start(call)
    one, value = call.state.methods.issue(
        who.id,
        starts_at=starts_at,
        minutes=minutes,
        once=bool(switches["pass_once"] if once is None else once),
        length=switches["pass_length"],
        lag=lag.get(),
    )
    _note(
        call, who, "Admin registered security info", "Admin registered temporary access pass method for user"
    )
    context = f"{CONTEXT}#users('{who.oid}')/authentication/temporaryAccessPassMethods/$entity"
    return {"@odata.context": context, **pass_shape(call, who, one, value)}


def _start(call: Call) -> datetime:
    """When the pass begins; a moment already past means now."""
    now = call.state.clock.now()
    wanted = call.body.get("startDateTime")
    if wanted is None:
        return now
    try:
        start = moment(str(wanted))
    except ValueError:
        raise refused("Invalid StartDateTime specified.") from None
    if start.tzinfo is None or start > now + timedelta(days=365):
        raise refused("Invalid StartDateTime specified.")
    return max(start, now)


def delete_pass(call: Call) -> None:
    who = covered(call)
    if not call.state.methods.withdraw(who.id, call.request.match_info["pass_id"], lag=lag.get()):
        raise missing()
    _note(call, who, "Admin deleted security info", "Admin deleted temporary access pass method for user")


def get_pass_policy(call: Call) -> dict[str, Any]:
    switches = call.state.switches
    include, exclude = switches["pass_include"], switches["pass_exclude"]
    everyone = include == "all_users"
    return {
        "@odata.context": f"{CONTEXT}#authenticationMethodConfigurations/$entity",
        "@odata.type": "#microsoft.graph.temporaryAccessPassAuthenticationMethodConfiguration",
        "id": "TemporaryAccessPass",
        "state": "enabled" if switches["pass_enabled"] else "disabled",
        "defaultLifetimeInMinutes": switches["pass_default"],
        "defaultLength": switches["pass_length"],
        "minimumLifetimeInMinutes": switches["pass_minimum"],
        "maximumLifetimeInMinutes": switches["pass_maximum"],
        "isUsableOnce": switches["pass_once"],
        "excludeTargets": [{"targetType": "group", "id": GROUPS[exclude].id}] if exclude else [],
        "includeTargets": [
            {
                "targetType": "group",
                "id": "all_users" if everyone else GROUPS[include].id,
                "isRegistrationRequired": False,
            }
        ],
    }


AUTH = "/users/{user}/authentication"
TAP = f"{AUTH}/temporaryAccessPassMethods"
TAP_READ = (*READ_ALL, "UserAuthMethod-TAP.Read.All", "UserAuthMethod-TAP.ReadWrite.All")
TAP_WRITE = ("UserAuthMethod-TAP.ReadWrite.All", "UserAuthenticationMethod.ReadWrite.All")
POLICY = ("Policy.Read.AuthenticationMethod", "Policy.Read.All")
POLICY_PATH = "/policies/authenticationMethodsPolicy/authenticationMethodConfigurations/TemporaryAccessPass"


def _typed(verb: str, tail: str, handle: Any, *, write: bool, status: int = 200) -> list[Endpoint]:
    """The same route for each family, each with its own narrow permission."""
    endpoints = []
    for kind, path in PATHS.items():
        narrow = [f"UserAuthMethod-{FAMILIES[kind]}.ReadWrite.All", "UserAuthenticationMethod.ReadWrite.All"]
        if not write:
            narrow += [f"UserAuthMethod-{FAMILIES[kind]}.Read.All", READ_ALL[0]]
        route = f"{AUTH}/{{typed:{path}}}{tail}"
        endpoints.append(
            Endpoint(verb, route, handle, tuple(narrow), tuple(narrow), status, methods_api=True)
        )
    return endpoints


ENDPOINTS = [
    Endpoint("GET", f"{AUTH}/methods", list_all, READ_ALL, READ_ALL, methods_api=True),
    Endpoint("GET", f"{AUTH}/methods/{{method}}", get_one, READ_ALL, READ_ALL, methods_api=True),
    Endpoint("DELETE", f"{AUTH}/methods/{{method}}", delete_any, READ_ALL, READ_ALL, methods_api=True),
    Endpoint("GET", f"{AUTH}/passwordMethods", list_passwords, READ_ALL, READ_ALL, methods_api=True),
    *_typed("GET", "", list_typed, write=False),
    *_typed("GET", "/{method}", get_typed, write=False),
    *_typed("DELETE", "/{method}", delete_typed, write=True),
    Endpoint("GET", TAP, list_passes, TAP_READ, TAP_READ, methods_api=True),
    Endpoint("POST", TAP, create_pass, TAP_WRITE, TAP_WRITE, 201, methods_api=True),
    Endpoint("GET", f"{TAP}/{{pass_id}}", get_pass, TAP_READ, TAP_READ, methods_api=True),
    Endpoint("DELETE", f"{TAP}/{{pass_id}}", delete_pass, TAP_WRITE, TAP_WRITE, methods_api=True),
    Endpoint("GET", POLICY_PATH, get_pass_policy, POLICY, POLICY),
]
