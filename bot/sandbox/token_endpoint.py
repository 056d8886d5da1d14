"""The token endpoint: an authorization code with PKCE, once, or client credentials."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from bot.sandbox.company import ROLES, TENANT
from bot.sandbox.directory import Account
from bot.sandbox.state import STATE, State
from bot.sandbox.storage import moment, stamp
from bot.sandbox.tokens import APP_ROLES, CONSENTED, App, graph_token, life, same


async def token(request: web.Request) -> web.Response:
    """POST token: authorization code with PKCE, or client credentials."""
    state = request.app[STATE]
    form = await request.post()
    app = _client(request, state, form)
    if app is None:
        return _refused("invalid_client", 7000215, "Invalid client secret provided.", status=401)
    match form.get("grant_type"):
        case "client_credentials":
            return _app_token(state, app)
        case "authorization_code":
            return _redeem(state, app, form)
    return _refused("unsupported_grant_type", 70003, "The grant type is not supported.")


def _client(request: web.Request, state: State, form: Mapping[str, Any]) -> App | None:
    """The registration whose secret came along, in the body or in Basic."""
    client_id, secret = str(form.get("client_id", "")), str(form.get("client_secret", ""))
    basic = request.headers.get("Authorization", "")
    if basic.startswith("Basic "):
        try:
            client_id, _, secret = base64.b64decode(basic[6:]).decode().partition(":")
        except ValueError:
            return None
    app = state.apps.get(client_id)
    return app if app and same(app.secret, secret) else None


def _app_token(state: State, app: App) -> web.Response:
    times = life(state.clock.now())
    claims = graph_token(
        app, state.issuer, times, roles=list(APP_ROLES[app.name]), sub=app.client_id, idtyp="app"
    )
    return _no_store({"token_type": "Bearer", "expires_in": 3599, "access_token": state.keys.sign(claims)})


def _redeem(state: State, app: App, form: Mapping[str, Any]) -> web.Response:
    code = hashed(str(form.get("code", "")))
    row = state.storage.one("SELECT * FROM grants WHERE hash = ?", code)
    if row is None:
        return _refused("invalid_grant", 9002313, "The authorization code is not known.")
    if state.storage.run("UPDATE grants SET used = 1 WHERE hash = ? AND used = 0", code) == 0:
        return _refused("invalid_grant", 54005, "The authorization code was already redeemed.")
    if row["until"] < stamp(state.clock.now()):
        return _refused("invalid_grant", 70008, "The authorization code has expired.")
    grant = json.loads(row["doc"])
    digest = hashlib.sha256(str(form.get("code_verifier", "")).encode()).digest()
    if not same(base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), grant["challenge"]):
        return _refused("invalid_grant", 501481, "The code_verifier does not match the code_challenge.")
    if grant["app"] != app.client_id or grant["redirect_uri"] != form.get("redirect_uri"):
        return _refused("invalid_grant", 50011, "The code was issued to another client or redirect URI.")
    who = state.directory.get(grant["person"])
    if who is None or not who.enabled:
        return _refused("invalid_grant", 50057, "The user account is disabled.")
    return _no_store(_tokens(state, app, who, grant))


def _tokens(state: State, app: App, who: Account, grant: dict[str, Any]) -> dict[str, Any]:
    now = state.clock.now()
    times = life(now, moment(grant["until"]) if grant["until"] else None)
    authenticated = int(moment(grant["auth_time"]).timestamp())
    person = {"oid": who.oid, "name": who.name, "sub": hashed(who.oid + app.client_id)}
    contexts = {"acrs": grant["acrs"]} if grant["acrs"] else {}
    scopes = " ".join(CONSENTED[app.name])
    wids = [ROLES[role["name"]] for role in who.roles()]
    access = graph_token(
        app,
        state.issuer,
        times,
        scp=scopes,
        wids=wids,
        upn=who.upn,
        idtyp="user",
        auth_time=authenticated,
        **person,
    )
    identity = {
        "aud": app.client_id,
        "iss": state.issuer,
        "tid": TENANT,
        "ver": "2.0",
        "preferred_username": who.upn,
        "auth_time": authenticated,
        "acct": 1 if who.external else 0,
        **({"nonce": grant["nonce"]} if grant["nonce"] else {}),
        **times,
        **person,
        **contexts,
    }
    return {
        "token_type": "Bearer",
        "scope": scopes,
        "expires_in": times["exp"] - times["iat"],
        "access_token": state.keys.sign({**access, **contexts}),
        "id_token": state.keys.sign(identity),
        "client_info": client_info(who),
    }


def client_info(who: Account) -> str:
    return (
        base64.urlsafe_b64encode(json.dumps({"uid": who.oid, "utid": TENANT}).encode()).rstrip(b"=").decode()
    )


def hashed(value: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(value.encode()).digest()).rstrip(b"=").decode()


def _no_store(doc: dict[str, Any]) -> web.Response:
    return web.json_response(doc, headers={"Cache-Control": "no-store", "Pragma": "no-cache"})


def _refused(error: str, number: int, text: str, *, status: int = 400) -> web.Response:
    doc = {
        "error": error,
        "error_description": f"AADSTS{number}: {text}",
        "error_codes": [number],
        "trace_id": secrets.token_hex(16),
        "correlation_id": secrets.token_hex(16),
    }
    return web.json_response(doc, status=status, headers={"Cache-Control": "no-store"})
