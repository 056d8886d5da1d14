"""The authority: discovery, keys, sign-in page, tokens. It lives on `localhost`, the product on
`127.0.0.1`, so that the callback is as cross-site here as it is with Entra.

A persona signs in with what it really has in the tenant at this moment. Where the demanded
strength of an authentication context is not met, the token comes without that context in `acrs`:
it is the product's check that must refuse.
"""

from __future__ import annotations

import json
import secrets
from datetime import timedelta
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from bot.sandbox.asking import Asked, AskError, asked_of
from bot.sandbox.company import TENANT
from bot.sandbox.directory import Account
from bot.sandbox.signing_in import CONTEXT_KINDS, Way, acrs, signed, ways
from bot.sandbox.state import STATE, State
from bot.sandbox.storage import moment, stamp
from bot.sandbox.token_endpoint import client_info, hashed, token
from bot.sandbox.views import page

CODE_LIFE = timedelta(minutes=5)
SSO_COOKIE = "sandbox_session"


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
    state.storage.run("INSERT INTO grants VALUES (?, ?, ?, 0)", hashed(code), json.dumps(doc), until)
    return _back(asked, code=code, client_info=client_info(way.who) if asked["client_info"] else "")


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


def routes() -> list[web.RouteDef]:
    oauth = f"/{TENANT}/oauth2/v2.0"
    return [
        web.get(f"/{TENANT}/v2.0/.well-known/openid-configuration", discovery),
        web.get(f"/{TENANT}/discovery/v2.0/keys", jwks),
        web.get(f"{oauth}/authorize", show),
        web.post(f"{oauth}/authorize", answer),
        web.post(f"{oauth}/token", token),
    ]
