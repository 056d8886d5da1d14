"""Roles, logs, risk and reports over Graph: everything that is only ever read."""

from __future__ import annotations

from typing import Any

from bot.sandbox.company import GROUPS, ROLES
from bot.sandbox.directory import Account, assignment_id
from bot.sandbox.graph_door import Call, Endpoint, GraphError
from bot.sandbox.graph_shapes import CONTEXT, bad, clauses, need_licence, need_log, paged

FAILURES = {
    0: "",
    50053: "The account is locked because the user tried to sign in too many times.",
    50057: "The user account is disabled.",
    50074: "Strong authentication is required.",
    50105: "The signed in user is not assigned to a role for the application.",
    50126: "Invalid username or password.",
    130503: "Your Temporary Access Pass is incorrect.",
}
REGISTERED = {
    "microsoftAuthenticator": "microsoftAuthenticatorPush",
    "phone": "mobilePhone",
    "fido2": "passKeyDeviceBound",
    "softwareOath": "softwareOneTimePasscode",
    "email": "email",
    "windowsHelloForBusiness": "windowsHelloForBusiness",
}


def _principal(call: Call) -> str:
    """The only filter these lists are asked with: `principalId eq '…'`. Empty means everybody."""
    _, wanted = clauses(call)
    match wanted:
        case []:
            return ""
        case [("principalId", "eq", value)]:
            return value.lower()
    raise bad("The filter is not supported here.", "InvalidFilter")


def _definition(name: str) -> dict[str, Any]:
    return {
        "id": ROLES[name],
        "templateId": ROLES[name],
        "displayName": name,
        "description": None,
        "isBuiltIn": True,
        "isEnabled": True,
    }


def role_assignments(call: Call) -> dict[str, Any]:
    """Direct assignments of an account or of a role-assignable group."""
    principal = _principal(call)
    rows = [
        (who.oid, role["name"], role["scope"])
        for who in call.state.directory.all()
        for role in who.doc["roles"]
        if principal in ("", who.oid)
    ]
    rows += [(g.id, name, "/") for g in GROUPS.values() for name in g.roles if principal in ("", g.id)]
    expand = "roleDefinition" in call.query.get("$expand", "")

    def shape(row: tuple[str, str, str]) -> dict[str, Any]:
        oid, name, scope = row
        doc = {
            "id": assignment_id(*row),
            "principalId": oid,
            "directoryScopeId": scope,
            "roleDefinitionId": ROLES[name],
        }
        return {**doc, "roleDefinition": _definition(name)} if expand else doc

    return paged(call, rows, shape, "roleManagement/directory/roleAssignments", 100)


def eligible_roles(call: Call) -> dict[str, Any]:
    """PIM's eligible roles: needs P2 (and `pim` on), else Graph's 400."""
    if not call.state.switches.licensed("P2") or not call.state.switches["pim"]:
        message = "The tenant needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance license."
        raise GraphError(400, "AadPremiumLicenseRequired", message)
    principal = _principal(call)
    rows = [
        (who, role)
        for who in call.state.directory.all()
        for role in who.doc["eligible"]
        if principal in ("", who.oid)
    ]
    expand = "roleDefinition" in call.query.get("$expand", "")

    def shape(row: tuple[Account, dict[str, str]]) -> dict[str, Any]:
        who, role = row
        doc = {
            "id": assignment_id("eligible", who.oid, role["name"]),
            "principalId": who.oid,
            "roleDefinitionId": ROLES[role["name"]],
            "directoryScopeId": role["scope"],
            "appScopeId": None,
            "startDateTime": who.user["createdDateTime"],
            "endDateTime": None,
            "memberType": "Direct",
            "roleEligibilityScheduleId": assignment_id("schedule", who.oid, role["name"]),
        }
        return {**doc, "roleDefinition": _definition(role["name"])} if expand else doc

    return paged(call, rows, shape, "roleManagement/directory/roleEligibilityScheduleInstances", 100)


# --- logs ---------------------------------------------------------------------------------------


def sign_ins(call: Call) -> dict[str, Any]:
    need_log(call)
    oid, since = "", ""
    for field, op, value in clauses(call)[1]:
        match field, op:
            case "userId", "eq":
                oid = value.lower()
            case "createdDateTime", "ge":
                since = value
            case _:
                raise bad(f"Invalid filter clause on '{field}'.", "BadRequest")
    who = call.state.directory.find(oid) if oid else None
    rows = call.state.journal.sign_ins(who.id if who else "") if who or not oid else []
    rows = [row for row in rows if row["at"] >= since]
    people = {one.id: one for one in call.state.directory.all()}

    def shape(row: dict[str, Any]) -> dict[str, Any]:
        one = people[row["person"]]
        return {
            "id": row["id"],
            "createdDateTime": row["at"],
            "userId": one.oid,
            "userDisplayName": one.name,
            "userPrincipalName": one.upn,
            "appDisplayName": row["app"],
            "clientAppUsed": "Browser",
            "isInteractive": True,
            "location": {"city": None, "state": None, "countryOrRegion": row["country"]},
            "status": {
                "errorCode": row["error"],
                "failureReason": FAILURES.get(row["error"], "Other."),
                "additionalDetails": row["how"] or None,
            },
        }

    return paged(call, rows, shape, "auditLogs/signIns", 100)


def directory_audits(call: Call) -> dict[str, Any]:
    if "AuditLog.Read.All" not in call.caller.permissions:
        raise GraphError(
            403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation."
        )
    rows = call.state.journal.notes()
    people = {one.id: one for one in call.state.directory.all()}
    for field, op, value in clauses(call)[1]:
        match field, op:
            case "targetResources/id", "any":
                rows = [row for row in rows if people[row["person"]].oid == value.lower()]
            case "initiatedBy/user/id", "eq":
                rows = [row for row in rows if row["actor"] and people[row["actor"]].oid == value.lower()]
            case "activityDisplayName", "eq":
                rows = [row for row in rows if row["activity"] == value]
            case "activityDateTime", "ge":
                rows = [row for row in rows if row["at"] >= value]
            case _:
                raise bad(f"Invalid filter clause on '{field}'.", "BadRequest")
    return paged(call, rows, lambda row: _audit(row, people), "auditLogs/directoryAudits", 100)


def _audit(row: dict[str, Any], people: dict[str, Account]) -> dict[str, Any]:
    actor, target = people.get(row["actor"]), people[row["person"]]
    by = {"id": actor.oid, "displayName": actor.name, "userPrincipalName": actor.upn} if actor else None
    return {
        "id": row["id"],
        "activityDateTime": row["at"],
        "activityDisplayName": row["activity"],
        "category": "UserManagement",
        "loggedByService": "Authentication Methods"
        if "security info" in row["activity"]
        else "Core Directory",
        "operationType": "Update",
        "result": "success",
        "resultReason": row["reason"],
        "initiatedBy": {"user": by, "app": None if actor else {"displayName": row["app"]}},
        "targetResources": [
            {"id": target.oid, "displayName": target.name, "type": "User", "userPrincipalName": target.upn}
        ],
        "additionalDetails": [{"key": "AppDisplayName", "value": row["app"]}],
    }


# --- risk and reports ---------------------------------------------------------------------------


def risky_user(call: Call) -> dict[str, Any]:
    need_licence(call, "P2")
    who = call.user()
    if who.doc["risk"] == "none":
        raise GraphError(404, "ResourceNotFound", "Resource not found.")
    return {
        "@odata.context": f"{CONTEXT}#identityProtection/riskyUsers/$entity",
        "id": who.oid,
        "isDeleted": False,
        "isProcessing": False,
        "riskLevel": who.doc["risk"],
        "riskState": "atRisk",
        "riskDetail": "none",
        "riskLastUpdatedDateTime": who.user["createdDateTime"],
        "userDisplayName": who.name,
        "userPrincipalName": who.upn,
    }


def registration(call: Call) -> dict[str, Any]:
    need_log(call)
    who = call.user()
    kinds = [row["type"] for row in call.state.methods.rows(who.id)]
    registered = [REGISTERED[kind] for kind in kinds if kind in REGISTERED]
    strong = [name for name in registered if name != "email"]
    return {
        "@odata.context": f"{CONTEXT}#reports/authenticationMethods/userRegistrationDetails/$entity",
        "id": who.oid,
        "userPrincipalName": who.upn,
        "userDisplayName": who.name,
        "userType": who.user["userType"].lower(),
        "isAdmin": bool(who.roles()),
        "isMfaCapable": bool(strong),
        "isMfaRegistered": bool(strong),
        "isSsprCapable": False,
        "isSsprEnabled": False,
        "isSsprRegistered": False,
        "isPasswordlessCapable": bool(
            {"fido2", "windowsHelloForBusiness", "platformCredential"} & set(kinds)
        ),
        "isSystemPreferredAuthenticationMethodEnabled": True,
        "systemPreferredAuthenticationMethods": [],
        "userPreferredMethodForSecondaryAuthentication": "push"
        if "microsoftAuthenticator" in kinds
        else "none",
        "methodsRegistered": registered,
        "lastUpdatedDateTime": who.user["createdDateTime"],
    }


def context(call: Call) -> dict[str, Any]:
    """An authentication context. That it exists says nothing of a policy on it."""
    ident = call.request.match_info["context"]
    if ident not in CONTEXTS:
        raise GraphError(404, "ResourceNotFound", "Resource not found.")
    return {
        "@odata.context": f"{CONTEXT}#{CONTEXT_PATH.lstrip('/')}/$entity",
        "id": ident,
        "displayName": CONTEXTS[ident],
        "description": "",
        "isAvailable": True,
    }


CONTEXT_PATH = "/identity/conditionalAccess/authenticationContextClassReferences"
CONTEXTS = {"c1": "Keyturn: approve", "c2": "Keyturn: enrol", "c3": "Keyturn: sign in"}
ROLES_READ = ("RoleManagement.Read.Directory", "RoleManagement.Read.All", "Directory.Read.All")
ELIGIBLE_READ = ("RoleEligibilitySchedule.Read.Directory", "RoleManagement.Read.All")
LOGS = ("AuditLog.Read.All",)
RISK = ("IdentityRiskyUser.Read.All",)
DIRECTORY = "/roleManagement/directory"
REPORT = "/reports/authenticationMethods/userRegistrationDetails/{user}"
ENDPOINTS = [
    Endpoint("GET", f"{DIRECTORY}/roleAssignments", role_assignments, ROLES_READ, ROLES_READ),
    Endpoint(
        "GET", f"{DIRECTORY}/roleEligibilityScheduleInstances", eligible_roles, ELIGIBLE_READ, ELIGIBLE_READ
    ),
    Endpoint("GET", "/auditLogs/signIns", sign_ins, LOGS, LOGS),
    Endpoint("GET", "/auditLogs/directoryAudits", directory_audits, LOGS, LOGS),
    Endpoint("GET", "/identityProtection/riskyUsers/{user}", risky_user, RISK, RISK),
    Endpoint("GET", REPORT, registration, LOGS, LOGS),
    Endpoint(
        "GET",
        f"{CONTEXT_PATH}/{{context}}",
        context,
        ("AuthenticationContext.Read.All",),
        (),
    ),
]
