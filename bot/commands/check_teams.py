"""The probes of `keyturn check` for Teams: the bot's registration, its credential, the keys of those who
call us, and our own endpoint.

Each answers lines, never an exception.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

from bot.commands.check_entra import Line
from bot.errors import PermanentError, TransientError
from bot.setting_values import Credential

if TYPE_CHECKING:
    import httpx

    from bot.setting_channels import Teams
    from bot.settings import Settings

PATH = "/api/messages"
_SECONDS = 10


async def lines(settings: Settings) -> AsyncIterator[Line]:
    """All that can be found out about Teams, in the order in which one would mend it."""
    import httpx

    teams = settings.teams
    assert teams is not None
    yield _registration(settings, teams)
    credential = await _credential(teams)
    yield credential
    if credential.level == "green":
        yield await _permissions(settings, teams)
    async with httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=_SECONDS) as http:
        yield await _keys(http, teams)
        yield await _endpoint(http, settings.public_url)


def _registration(settings: Settings, teams: Teams) -> Line:
    what = "teams registration"
    for name, ident in settings.entra.apps.model_dump(include={"identity", "act", "reader"}).items():
        if ident["client_id"] == teams.app_id:
            todo = "Give the bot a registration of its own, without permissions: docs/teams.md, step 1."
            return Line("red", what, f"It is that of entra.apps.{name}, whose tokens it would hold.", todo)
    return Line("green", what, f"{teams.app_id}, in the tenant that everything else is in.")


async def _credential(teams: Teams) -> Line:
    from bot.adapters.entra.reader import AppTokens, ManagedTokens

    what = "teams credential"
    tokens: AppTokens | ManagedTokens
    if teams.credential == "managed_identity":
        todo = "Run this on the Azure host that has the identity; compare teams.app_id with its client id."
        tokens = ManagedTokens(client_id=teams.app_id, resource=teams.service)
    else:
        assert teams.credential is not None
        todo = "Renew teams.credential; compare teams.app_id and teams.tenant_id with the portal."
        tokens = AppTokens(
            authority=teams.authority,
            tenant_id=teams.tenant_id,
            client_id=teams.app_id,
            credential=teams.credential,
            scope=teams.scope,
        )
    with closing(tokens):
        try:
            await tokens.token()
        except (PermanentError, TransientError) as err:
            return Line("red", what, f"{err}.", todo)
    return Line("green", what, "It gives the bot a token for answering.")


async def _permissions(settings: Settings, teams: Teams) -> Line:
    """What the bot's own tokens for Graph would hold: nothing, since it never asks Graph anything."""
    import jwt

    from bot.adapters.entra.reader import AppTokens

    what = "teams permissions"
    none = Line("green", what, "The bot has none in Graph.")
    if not isinstance(teams.credential, Credential):
        return Line("green", what, "Not asked: a managed identity has what its host was given.")
    tokens = AppTokens(
        authority=teams.authority,
        tenant_id=teams.tenant_id,
        client_id=teams.app_id,
        credential=teams.credential,
        scope=settings.graph.scope,
    )
    with closing(tokens):
        try:
            # Diagnostic only: nothing is decided by a token that we did not validate.
            claims = jwt.decode(await tokens.token(), options={"verify_signature": False})
        except (PermanentError, TransientError, jwt.DecodeError):
            return none  # no token, no permissions
    if held := sorted(claims.get("roles") or ()):
        todo = "Remove them in the portal: whoever steals the bot's credential would have them."
        return Line("red", what, f"The bot holds {', '.join(held)}.", todo)
    return none


async def _keys(http: httpx.AsyncClient, teams: Teams) -> Line:
    """Those who call us sign with keys that this document names."""
    import httpx

    what = "teams keys"
    todo = "Compare teams.metadata and teams.service with docs/settings.md; look at the firewall."
    try:
        named = (await http.get(teams.metadata)).raise_for_status().json()
        if named.get("issuer") != teams.service:
            return Line(
                "red", what, f"They are of {str(named.get('issuer'))[:80]}, not of teams.service.", todo
            )
        keys = (await http.get(str(named.get("jwks_uri")))).raise_for_status().json().get("keys", [])
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, AttributeError) as err:
        return Line("red", what, f"They cannot be read ({type(err).__name__}).", todo)
    fit = [key for key in keys if "msteams" in key.get("endorsements", ())]
    if not fit:
        return Line("red", what, "None of them is endorsed for Teams.", todo)
    return Line("green", what, f"{len(fit)} are published for Teams.")


async def _endpoint(http: httpx.AsyncClient, public_url: str) -> Line:
    """Asks the running product without saying who asks: it must refuse."""
    import httpx

    what = "teams endpoint"
    try:
        answer = await http.post(f"{public_url}{PATH}", json=_ACTIVITY)
    except httpx.HTTPError as err:
        todo = (
            "Start keyturn serve, and look at the TLS proxy; from another network if this one cannot see it."
        )
        return Line("amber", what, f"It is not reached from here ({type(err).__name__}).", todo)
    if answer.status_code == 401:
        return Line("green", what, "It answers, and refuses who does not say who they are.")
    if answer.is_success:
        todo = "Stop it at once: it was started with --dev-no-auth, or something else answers here."
        return Line("red", what, "It takes messages from anybody.", todo)
    return Line(
        "red", what, f"It answers {answer.status_code}.", f"Let the TLS proxy pass {PATH} on to Keyturn."
    )


_ACTIVITY: dict[str, Any] = {
    "type": "message",
    "id": "keyturn-check",
    "channelId": "msteams",
    "serviceUrl": "https://smba.trafficmanager.net/teams/",
    "from": {"id": "29:keyturn-check"},
    "recipient": {"id": "28:keyturn-check"},
    "conversation": {"id": "keyturn-check", "conversationType": "personal"},
    "text": "",
}
"""A message of nobody, about nothing, to nobody."""
