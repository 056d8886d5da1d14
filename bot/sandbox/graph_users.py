"""Users: look-up, manager, photo, groups, units, sessions."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from bot.sandbox.company import GROUPS, ROLES, UNITS, Group, ident, unit_id
from bot.sandbox.directory import REVOKE_ROLES, Account, may_act, unit_named
from bot.sandbox.graph_door import Call, Endpoint, GraphError, absent, forbidden
from bot.sandbox.graph_shapes import CONTEXT, DEFAULT_USER, bad, clauses, paged, selected, user_shape
from bot.sandbox.portraits import portrait
from bot.sandbox.storage import stamp

USERS = ("User.Read.All", "Directory.Read.All")
GROUPS_READ = ("User.Read.All", "Directory.Read.All", "GroupMember.Read.All")


def get_user(call: Call) -> dict[str, Any]:
    who = call.user()
    return {"@odata.context": f"{CONTEXT}#users/$entity", **user_shape(call, who)}


def list_users(call: Call) -> dict[str, Any]:
    glue, wanted = clauses(call)
    combine = any if glue == "or" else all
    rows = [
        who for who in call.state.directory.all() if combine(_fits(who, *one) for one in wanted) or not wanted
    ]
    return paged(call, rows, lambda who: user_shape(call, who), "users", 100)


def _fits(who: Account, field: str, op: str, value: str) -> bool:
    if op == "any" and field in ("proxyAddresses", "otherMails"):
        return value.lower() in (entry.lower() for entry in who.user[field])
    if op == "ge" and field == "employeeHireDate":
        return str(who.user[field] or "") >= value  # one shape of time, so text sorts as time does
    if op != "eq" or field not in who.user:
        raise bad(f"Unsupported or invalid query filter clause specified for property '{field}'.")
    held = who.user[field]
    if isinstance(held, bool):
        return held == (value == "true")
    return str(held or "").lower() == value.lower()


def get_manager(call: Call) -> dict[str, Any]:
    boss = call.state.directory.manager_of(call.user())
    if boss is None:
        raise absent("manager")
    shape = selected(call, boss.user, "user", DEFAULT_USER)
    return {
        "@odata.context": f"{CONTEXT}#directoryObjects/$entity",
        "@odata.type": "#microsoft.graph.user",
        **shape,
    }


def get_photo(call: Call) -> web.Response:
    who = call.user()
    if not who.doc["photo"]:
        raise GraphError(404, "ImageNotFound", "The photo wasn't found.")
    body, etag = portrait(who.id)
    return web.Response(body=body, content_type="image/png", headers={"ETag": f'"{etag}"'})


def get_photo_about(call: Call) -> dict[str, Any]:
    who = call.user()
    if not who.doc["photo"]:
        raise GraphError(404, "ImageNotFound", "The photo wasn't found.")
    _, etag = portrait(who.id)
    return {
        "@odata.context": f"{CONTEXT}#users('{who.oid}')/photo/$entity",
        "@odata.mediaContentType": "image/png",
        "@odata.mediaEtag": f'"{etag}"',
        "id": "144x144",
        "height": 144,
        "width": 144,
    }


# --- groups, roles and units of a user ----------------------------------------------------------


def check_member_groups(call: Call) -> dict[str, Any]:
    asked = call.body.get("groupIds")
    if not isinstance(asked, list) or set(call.body) != {"groupIds"}:
        raise bad("The groupIds parameter is missing or invalid.")
    if len(asked) > 20:
        raise bad("The number of group ids must not exceed 20.")
    held = {group.id for group in call.user().groups()}
    return {
        "@odata.context": f"{CONTEXT}#Collection(Edm.String)",
        "value": [one for one in asked if one in held],
    }


def get_member_groups(call: Call) -> dict[str, Any]:
    ids = [group.id for group in call.user().groups()]
    return {"@odata.context": f"{CONTEXT}#Collection(Edm.String)", "value": ids}


def transitive_member_of(call: Call) -> dict[str, Any]:
    return _memberships(call, call.user().groups())


def member_of(call: Call) -> dict[str, Any]:
    who = call.user()
    return _memberships(call, [group for group in who.groups() if group.key in who.doc["groups"]])


def _memberships(call: Call, groups: list[Group]) -> dict[str, Any]:
    """Groups, active roles and units, or those of the cast in the path."""
    who = call.user()
    things = [group_shape(group) for group in groups]
    things += [_role_shape(name) for name in dict.fromkeys(role["name"] for role in who.roles())]
    things += [unit_shape(key) for key in who.doc["units"]]
    cast = call.request.match_info.get("cast", "").removeprefix("microsoft.").removeprefix("graph.")
    if cast:
        things = [thing for thing in things if thing["@odata.type"] == f"#microsoft.graph.{cast}"]
    return paged(
        call, things, lambda thing: _picked(call, thing), "directoryObjects", call.state.switches["page_size"]
    )


def _picked(call: Call, thing: dict[str, Any]) -> dict[str, Any]:
    """`$select` over mixed types keeps what a type has."""
    names = [name for name in call.query.get("$select", "").split(",") if name]
    return {
        "@odata.type": thing["@odata.type"],
        **{k: v for k, v in thing.items() if not names or k in names},
    }


def group_shape(group: Group) -> dict[str, Any]:
    return {
        "@odata.type": "#microsoft.graph.group",
        "id": group.id,
        "displayName": group.name,
        "description": None,
        "groupTypes": [],
        "isAssignableToRole": True if group.role_assignable else None,
        "mailEnabled": False,
        "mailNickname": group.key,
        "securityEnabled": True,
    }


def _role_shape(name: str) -> dict[str, Any]:
    return {
        "@odata.type": "#microsoft.graph.directoryRole",
        "id": ident(f"role/{name}"),
        "displayName": name,
        "roleTemplateId": ROLES[name],
    }


def unit_shape(key: str) -> dict[str, Any]:
    return {
        "@odata.type": "#microsoft.graph.administrativeUnit",
        "id": unit_id(key),
        "displayName": UNITS[key],
        "isMemberManagementRestricted": False,
    }


def get_group(call: Call) -> dict[str, Any]:
    wanted = call.request.match_info["group"].lower()
    group = next((one for one in GROUPS.values() if one.id == wanted), None)
    if group is None:
        raise GraphError(404, "Request_ResourceNotFound", f"Resource '{wanted}' does not exist.")
    return {"@odata.context": f"{CONTEXT}#groups/$entity", **_picked(call, group_shape(group))}


def owned_objects(call: Call) -> dict[str, Any]:
    things = [group_shape(GROUPS[key]) for key in call.user().doc["owns"]]
    return paged(
        call, things, lambda thing: _picked(call, thing), "directoryObjects", call.state.switches["page_size"]
    )


def list_units(call: Call) -> dict[str, Any]:
    return paged(
        call, [unit_shape(key) for key in UNITS], lambda unit: unit, "directory/administrativeUnits", 100
    )


def unit_members(call: Call) -> dict[str, Any]:
    key = unit_named(call.request.match_info["unit"])
    if key is None:
        raise absent(call.request.match_info["unit"])
    rows = [who for who in call.state.directory.all() if key in who.doc["units"]]
    return paged(call, rows, _member_shape, "directoryObjects", 100)


def _member_shape(who: Account) -> dict[str, Any]:
    return {"@odata.type": "#microsoft.graph.user", "id": who.oid, "displayName": who.name}


# --- sessions -----------------------------------------------------------------------------------


def revoke_sessions(call: Call) -> dict[str, Any]:
    who, actor = call.user(), call.caller.actor
    if actor and actor.oid != who.oid and not may_act(actor, who, REVOKE_ROLES):
        raise forbidden(methods_api=False)
    if not who.external:  # guests sign in at home: nothing to revoke here
        who.user["signInSessionsValidFromDateTime"] = stamp(call.state.clock.now())
        call.state.directory.save(who)
        call.state.journal.end_sessions(who.id)
    call.state.journal.note(
        "Update StsRefreshTokenValidFrom Timestamp",
        "Revoked all sign-in sessions",
        person=who.id,
        actor=call.actor_id,
        app=f"Keyturn {call.caller.app.name}",
    )
    return {"@odata.context": f"{CONTEXT}#Edm.Boolean", "value": True}


CAST = r"{cast:(?:microsoft\.)?graph\.\w+}"
ENDPOINTS = [
    Endpoint("GET", "/users", list_users, USERS, USERS),
    Endpoint("GET", "/users/{user}", get_user, USERS, USERS),
    Endpoint("GET", "/users/{user}/manager", get_manager, USERS, USERS),
    Endpoint("GET", "/users/{user}/photo", get_photo_about, USERS, USERS),
    Endpoint("GET", "/users/{user}/photo/$value", get_photo, USERS, USERS),
    Endpoint("GET", r"/users/{user}/photos/{size:\d+x\d+}/$value", get_photo, USERS, USERS),
    Endpoint("POST", "/users/{user}/checkMemberGroups", check_member_groups, GROUPS_READ, GROUPS_READ),
    Endpoint("POST", "/users/{user}/getMemberGroups", get_member_groups, GROUPS_READ, GROUPS_READ),
    Endpoint("GET", "/users/{user}/memberOf", member_of, GROUPS_READ, GROUPS_READ),
    Endpoint("GET", f"/users/{{user}}/memberOf/{CAST}", member_of, GROUPS_READ, GROUPS_READ),
    Endpoint("GET", "/users/{user}/transitiveMemberOf", transitive_member_of, GROUPS_READ, GROUPS_READ),
    Endpoint(
        "GET", f"/users/{{user}}/transitiveMemberOf/{CAST}", transitive_member_of, GROUPS_READ, GROUPS_READ
    ),
    Endpoint("GET", "/users/{user}/ownedObjects", owned_objects, USERS, USERS),
    Endpoint("GET", f"/users/{{user}}/ownedObjects/{CAST}", owned_objects, USERS, USERS),
    Endpoint("GET", "/groups/{group}", get_group, GROUPS_READ[1:], GROUPS_READ[1:]),
    Endpoint("GET", "/directory/administrativeUnits", list_units, ("AdministrativeUnit.Read.All",), ()),
    Endpoint(
        "GET",
        "/directory/administrativeUnits/{unit}/members",
        unit_members,
        ("AdministrativeUnit.Read.All",),
        (),
    ),
    Endpoint(
        "POST",
        "/users/{user}/revokeSignInSessions",
        revoke_sessions,
        ("User.RevokeSessions.All",),
        ("User.RevokeSessions.All",),
    ),
]
