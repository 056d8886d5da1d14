"""The authority: discovery, keys, sign-in page, tokens. It lives on `localhost`, the product on
`127.0.0.1`, so that the callback is as cross-site here as it is with Entra.

A persona signs in with what it really has in the tenant at this moment. Where the demanded
strength of an authentication context is not met, the token comes without that context in `acrs`:
it is the product's check that must refuse.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from bot.sandbox.directory import Account
from bot.sandbox.people import ROLES, TENANT
from bot.sandbox.signing_in import CONTEXT_KINDS, Way, acrs, signed, ways
from bot.sandbox.state import STATE, State
from bot.sandbox.storage import moment, stamp
from bot.sandbox.tokens import APP_ROLES, CONSENTED, App, graph_token, life, same
from bot.sandbox.views import page

CODE_LIFE = timedelta(minutes=5)
SSO_COOKIE = "sandbox_session"
ASKED = (
    "client_id",
    "redirect_uri",
    "response_type",
    "response_mode",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "prompt",
    "max_age",
    "login_hint",
    "claims",
    "client_info",
)


class AskError(Exception):
    """The request itself is not acceptable; shown at the authority, never redirected."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A checked authorization request; *raw* travels through the page's hidden fields."""

    app: App
    redirect_uri: str
    raw: dict[str, str]
    contexts: tuple[str, ...]
    prompts: frozenset[str]
    max_age: int | None

    def __getitem__(self, name: str) -> str:
        return self.raw.get(name, "")


def asked_of(state: State, params: Mapping[str, Any]) -> Asked:
    """Raises AskError."""
    raw = {name: str(params[name]) for name in ASKED if params.get(name)}
    app = state.apps.get(raw.get("client_id", ""))
    if app is None:
        raise AskError("AADSTS700016: No application with this client_id exists in the directory.")
    target = urlsplit(raw.get("redirect_uri", ""))
    if target.hostname not in ("127.0.0.1", "localhost") or target.path != "/auth/callback":
        raise AskError(
            "AADSTS50011: The redirect URI is not registered: it must be /auth/callback on this machine."
        )
    if raw.get("response_type") != "code":
        raise AskError("AADSTS700054: response_type must be code.")
    if raw.get("response_mode", "query") not in ("query", "form_post"):
        raise AskError("AADSTS70007: response_mode must be query or form_post.")
    if not raw.get("code_challenge") or raw.get("code_challenge_method") != "S256":
        raise AskError("AADSTS9002325: Proof Key for Code Exchange (S256) is required.")
    try:
        contexts = _contexts(raw.get("claims", ""))
        max_age = int(raw["max_age"]) if "max_age" in raw else None
    except (ValueError, AttributeError, TypeError):
        raise AskError("AADSTS70011: claims or max_age cannot be read.") from None
    return Asked(app, raw["redirect_uri"], raw, contexts, frozenset(raw.get("prompt", "").split()), max_age)


def _contexts(claims: str) -> tuple[str, ...]:
    """Authentication contexts wanted, from either half of the `claims` parameter."""
    doc = json.loads(claims or "{}")
    wanted: list[str] = []
    for half in ("id_token", "access_token"):
        ask = (doc.get(half) or {}).get("acrs") or {}
        wanted += [ask["value"]] if "value" in ask else list(ask.get("values", ()))
    return tuple(dict.fromkeys(wanted))


# --- discovery and keys -------------------------------------------------------------------------


async def discovery(request: web.Request) -> web.Response:
    state = request.app[STATE]
    oauth = f"{state.authority}/oauth2/v2.0"
    return web.json_response(
        {
            "issuer": state.issuer,
            "authorization_endpoint": f"{oauth}/authorize",
            "token_endpoint": f"{oauth}/token",
            "jwks_uri": f"{state.authority}/discovery/v2.0/keys",
            "response_modes_supported": ["query", "form_post"],
            "response_types_supported": ["code"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
            "scopes_supported": ["openid", "profile", "offline_access"],
            "claims_supported": [
                "sub",
                "iss",
                "aud",
                "exp",
                "iat",
                "auth_time",
                "acrs",
                "nonce",
                "name",
                "oid",
                "tid",
            ],
            "tenant_region_scope": "EU",
            "cloud_instance_name": "microsoftonline.com",
        }
    )


async def jwks(request: web.Request) -> web.Response:
    state = request.app[STATE]
    return web.json_response(state.keys.jwks(state.issuer))


# --- the sign-in page ---------------------------------------------------------------------------


async def show(request: web.Request) -> web.Response:
    """GET authorize: pick a person, then a way; nothing changes."""
    state = request.app[STATE]
    try:
        asked = asked_of(state, request.query)
    except AskError as err:
        return page("denied.html", status=400, message=str(err))
    session = _session(request, state)
    if "none" in asked.prompts:
        if session is None:
            return _back(asked, error="login_required", error_description="AADSTS50058: No session.")
        return _granted(state, asked, session)
    picked = request.query.get("person")
    who = state.directory.hinted(picked if picked is not None else asked["login_hint"])
    return _picker(state, asked, who, session)


def _picker(
    state: State,
    asked: Asked,
    who: Account | None,
    session: Way | None,
    *,
    problem: str = "",
    status: int = 200,
) -> web.Response:
    resume = session if session and _may_resume(state, asked, session) else None
    return page(
        "sign_in.html",
        status=status,
        framed=False,
        app=asked.app.name,
        hidden=asked.raw,
        query=urlencode(asked.raw),
        people=state.directory.all(),
        who=who,
        ways=ways(state, who) if who else (),
        contexts=[(context, CONTEXT_KINDS[state_of(state, context)]) for context in asked.contexts],
        resume=resume,
        problem=problem,
        post_to=asked.redirect_uri,
    )


def state_of(state: State, context: str) -> str:
    """The strength a context's policy demands; `none` where no policy targets it."""
    return str(state.switches[f"context_{context}"]) if context in ("c1", "c2", "c3") else "none"


def _session(request: web.Request, state: State) -> Way | None:
    """Who is already signed in here, unless revoked since."""
    row = state.journal.session(request.cookies.get(SSO_COOKIE, ""))
    who = state.directory.get(row["person"]) if row else None
    return Way(who, row["how"], moment(row["at"])) if row and who and who.enabled else None


def _may_resume(state: State, asked: Asked, session: Way) -> bool:
    if asked.prompts & {"login"}:
        return False
    return asked.max_age is None or state.clock.now() - session.at <= timedelta(seconds=asked.max_age)


async def answer(request: web.Request) -> web.Response:
    """POST authorize: sign in as `person` with `method` (and `pass`), or `resume` the session."""
    state = request.app[STATE]
    form = await request.post()
    try:
        asked = asked_of(state, form)
    except AskError as err:
        return page("denied.html", status=400, message=str(err))
    session = _session(request, state)
    if form.get("resume"):
        if session is None or not _may_resume(state, asked, session):
            return _picker(state, asked, None, None, problem="Sign in again, please.", status=403)
        return _granted(state, asked, session)
    if form.get("cancel"):
        return _back(asked, error="access_denied", error_description="AADSTS65004: The person declined.")
    who = state.directory.hinted(str(form.get("person", "")))
    if who is None:
        return _picker(state, asked, None, session, problem="Choose who you are.", status=400)
    way, problem, error = signed(state, who, str(form.get("method", "")), str(form.get("pass", "")))
    country = str(state.switches["country"])
    if way is None:
        state.journal.signed_in(who.id, f"Keyturn {asked.app.name}", "", error=error, country=country)
        return _picker(state, asked, who, session, problem=problem, status=403)
    assigned = any(group.key == "agents" for group in who.groups())
    if asked.app.name == "act" and state.switches["act_assignment"] and not assigned:
        state.journal.signed_in(who.id, "Keyturn act", way.how, error=50105, country=country)
        return _back(
            asked, error="access_denied", error_description="AADSTS50105: Not assigned to the application."
        )
    state.journal.signed_in(who.id, f"Keyturn {asked.app.name}", way.how, country=country)
    response = _granted(state, asked, way)
    opened = state.journal.open_session(who.id, f"Keyturn {asked.app.name}", way.how)
    response.set_cookie(SSO_COOKIE, opened, httponly=True, samesite="Lax", path="/")
    return response


def _granted(state: State, asked: Asked, way: Way) -> web.Response:
    """An authorization code, once redeemable, bound to everything that was asked."""
    code = secrets.token_urlsafe(48)
    doc = {
        "person": way.who.id,
        "app": asked.app.client_id,
        "redirect_uri": asked.redirect_uri,
        "challenge": asked["code_challenge"],
        "nonce": asked["nonce"],
        "auth_time": stamp(way.at),
        "how": way.how,
        "acrs": acrs(way.how, {context: state_of(state, context) for context in asked.contexts}),
        "until": stamp(way.until) if way.until else "",
        "scope": asked["scope"],
    }
    until = stamp(state.clock.now() + CODE_LIFE)
    state.storage.run("INSERT INTO grants VALUES (?, ?, ?, 0)", _hash(code), json.dumps(doc), until)
    return _back(asked, code=code, client_info=_client_info(way.who) if asked["client_info"] else "")


def _back(asked: Asked, **values: str) -> web.Response:
    """Send the answer to the redirect address the way it was asked for."""
    fields = {name: value for name, value in {**values, "state": asked["state"]}.items() if value}
    if asked["response_mode"] == "form_post":
        return page(
            "form_post.html",
            framed=False,
            action=asked.redirect_uri,
            fields=fields,
            post_to=asked.redirect_uri,
        )
    glue = "&" if urlsplit(asked.redirect_uri).query else "?"
    return web.Response(status=302, headers={"Location": asked.redirect_uri + glue + urlencode(fields)})


# --- tokens -------------------------------------------------------------------------------------


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
    hashed = _hash(str(form.get("code", "")))
    row = state.storage.one("SELECT * FROM grants WHERE hash = ?", hashed)
    if row is None:
        return _refused("invalid_grant", 9002313, "The authorization code is not known.")
    if state.storage.run("UPDATE grants SET used = 1 WHERE hash = ? AND used = 0", hashed) == 0:
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
    person = {"oid": who.oid, "name": who.name, "sub": _hash(who.oid + app.client_id)}
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
        "client_info": _client_info(who),
    }


def _client_info(who: Account) -> str:
    return (
        base64.urlsafe_b64encode(json.dumps({"uid": who.oid, "utid": TENANT}).encode()).rstrip(b"=").decode()
    )


def _hash(value: str) -> str:
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


def routes() -> list[web.RouteDef]:
    oauth = f"/{TENANT}/oauth2/v2.0"
    return [
        web.get(f"/{TENANT}/v2.0/.well-known/openid-configuration", discovery),
        web.get(f"/{TENANT}/discovery/v2.0/keys", jwks),
        web.get(f"{oauth}/authorize", show),
        web.post(f"{oauth}/authorize", answer),
        web.post(f"{oauth}/token", token),
    ]
