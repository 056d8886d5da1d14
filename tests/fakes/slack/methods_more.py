"""auth.*, apps.*, users.*, bots.*, team.*, oauth.*"""

from __future__ import annotations

import base64
from typing import Any

from tests.fakes.slack.web_api import Call, Refused, method
from tests.fakes.slack.workspace import APP_ID, BOT_ID, BOT_USER, Grant, Person, home_of


@method("auth.test", kind="any")
def auth_test(call: Call) -> dict[str, Any]:
    grant = call.grant
    if grant.kind == "app":
        return {"app_name": "Keyturn", "app_id": APP_ID}
    team = call.world.teams[grant.team_id]
    told = {
        "url": f"https://{team.domain}.slack.test/", "team": team.name, "user": "keyturn", "team_id": team.id,
        "user_id": BOT_USER, "bot_id": BOT_ID, "is_enterprise_install": grant.org,
    }  # fmt: skip
    return told | ({"enterprise_id": grant.enterprise_id} if grant.enterprise_id else {})


@method("auth.revoke")
def auth_revoke(call: Call) -> dict[str, Any]:
    call.grant.dead = "token_revoked"
    return {"revoked": True}


@method("auth.teams.list")
def auth_teams(call: Call) -> dict[str, Any]:
    org = call.grant.enterprise_id
    teams = [{"id": t.id, "name": t.name} for t in call.world.teams.values() if t.enterprise_id == org]
    return {"teams": teams if call.grant.org else teams[:1], "response_metadata": {"next_cursor": ""}}


@method("apps.connections.open", "connections:write", kind="app")
def connections_open(call: Call) -> dict[str, Any]:
    if not call.slack.app.socket_mode:
        raise Refused("socket_mode_not_enabled")
    if len(call.slack.socket.open) >= 10:
        raise Refused("too_many_websockets")
    return {"url": call.slack.socket.ticket()}


@method("apps.manifest.export", kind="config")
def manifest_export(call: Call) -> dict[str, Any]:
    if call.need("app_id") != APP_ID:
        raise Refused("app_not_found")
    return {"manifest": call.slack.app.manifest}


@method("team.info", "team:read")
def team_info(call: Call) -> dict[str, Any]:
    team = call.world.teams.get(str(call.args.get("team") or call.grant.team_id))
    if team is None:
        raise Refused("team_not_found")
    told = {"id": team.id, "name": team.name, "domain": team.domain}
    return {"team": told | ({"enterprise_id": team.enterprise_id} if team.enterprise_id else {})}


@method("bots.info", "users:read")
def bots_info(call: Call) -> dict[str, Any]:
    if call.need("bot", "bot_not_found") != BOT_ID:
        raise Refused("bot_not_found")
    return {"bot": {"id": BOT_ID, "app_id": APP_ID, "user_id": BOT_USER, "name": "Keyturn", "deleted": False}}


@method("users.info", "users:read")
def users_info(call: Call) -> dict[str, Any]:
    person = call.world.people.get(str(call.need("user", "user_not_found")))
    if person is None:
        raise Refused("user_not_found")
    if not home_of(person, call.grant) and not _met(call, person):
        raise Refused("user_not_visible")
    locale = call.args.get("include_locale") in (True, "true", "1", 1)
    return {"user": _told(call, person, locale=locale)}


@method("users.lookupByEmail", "users:read.email")
def lookup(call: Call) -> dict[str, Any]:
    mail = str(call.need("email", "users_not_found")).lower()
    for person in call.world.people.values():
        if person.mail.lower() == mail and not person.deleted and home_of(person, call.grant):
            return {"user": _told(call, person, locale=False)}
    raise Refused("users_not_found")


def _told(call: Call, person: Person, *, locale: bool) -> dict[str, Any]:
    mail = "users:read.email" in call.grant.scopes
    return person.json(mail=mail, locale=locale, home=home_of(person, call.grant))


def _met(call: Call, person: Person) -> bool:
    """Somebody of elsewhere is visible where a conversation is shared."""
    return any(
        person.id in one.members and BOT_USER in one.members for one in call.world.conversations.values()
    )


@method("oauth.v2.access", kind="none")
def oauth_access(call: Call) -> dict[str, Any]:
    app, args = call.slack.app, call.args
    given = (str(args.get("client_id", "")), str(args.get("client_secret", "")))
    if basic := args.get("basic"):
        user, _, secret = base64.b64decode(basic).decode().partition(":")
        given = (user, secret)
    if given[0] != app.client_id:
        raise Refused("invalid_client_id")
    if given[1] != app.client_secret:
        raise Refused("bad_client_secret")
    install = app.codes.pop(str(args.get("code", "")), None)
    if install is None:
        raise Refused("invalid_code")  # also when it was used before
    if install.redirect_uri and args.get("redirect_uri") not in (None, install.redirect_uri):
        raise Refused("bad_redirect_uri")
    team = call.world.teams[install.team_id]
    token = f"{'xoxe.' if app.rotates else ''}xoxb-{team.id.lower()}-{call.world.number()}"
    call.world.grants[token] = Grant(
        token, team.id, app.scopes, enterprise_id=team.enterprise_id, org=install.org
    )
    return {
        "access_token": token, "token_type": "bot", "scope": ",".join(sorted(app.scopes)), "app_id": APP_ID,
        "bot_user_id": BOT_USER, "is_enterprise_install": install.org,
        "team": None if install.org else {"id": team.id, "name": team.name},
        "enterprise": {"id": team.enterprise_id, "name": "Org"} if team.enterprise_id else None,
        "authed_user": {"id": install.user},
    } | ({"refresh_token": "xoxe-1-refresh", "expires_in": 43200} if app.rotates else {})  # fmt: skip
