"""The probes of `keyturn check`: what is asked of the authority, of Graph and of the store.

Each answers lines, never an exception: a probe that fails is a red line of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Literal

import jwt

from bot.adapters.entra.http import AuthorityHttp
from bot.adapters.entra.reader import AppTokens
from bot.adapters.entra.tokens import IdTokens
from bot.adapters.graph.asking import Asking
from bot.adapters.graph.client import GraphHttp
from bot.adapters.graph.probing import Probe
from bot.adapters.graph.reading import pass_policy
from bot.adapters.store.opening import open_store
from bot.errors import PermanentError, TransientError, UnusableError
from bot.ports.clock import Clock
from bot.settings import App, Settings

Level = Literal["green", "amber", "red"]

NEEDED = frozenset(
    {
        "User.Read.All",
        "GroupMember.Read.All",
        "RoleManagement.Read.Directory",
        "Policy.Read.AuthenticationMethod",
        "UserAuthenticationMethod.Read.All",
    }
)
HELPFUL = {
    "AdministrativeUnit.Read.All": "agents whose role covers an administrative unit are refused",
    "AuthenticationContext.Read.All": "whether the contexts of entra.contexts exist is not seen (P1)",
    "AuditLog.Read.All": "locked accounts and the usual country are not seen (P1)",
    "IdentityRiskyUser.Read.All": "risk is not seen (P2)",
    "RoleEligibilitySchedule.Read.Directory": "eligible roles are not seen (P2)",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One finding. *todo* is what to do about amber and red."""

    level: Level
    what: str
    said: str
    todo: str = ""


def store(settings: Settings) -> list[Line]:
    """Opens the store without making or changing it."""
    scheme, _, place = settings.store.url.partition(":///")
    try:
        asyncio.run(open_store(settings.store.url, existing=True).close())
    except UnusableError as err:
        from pathlib import Path

        path = Path(place)
        if scheme == "sqlite" and not path.exists() and path.parent.is_dir():
            return [Line("green", "store", f"{path} will be made at the first start.")]
        return [Line("red", "store", f"{err.place}: {err.message}", err.remedy)]
    return [Line("green", "store", "The store opens.")]


async def authority(settings: Settings, clock: Clock) -> AsyncIterator[Line]:
    """Discovery, issuer, keys, and the difference of the clocks."""
    entra = settings.entra
    todo = "Compare entra.authority and entra.tenant_id with the portal; look at the firewall."
    with closing(AuthorityHttp(entra.authority)) as http:
        tokens = IdTokens(http, entra.tenant_id, clock)
        try:
            issuer = (await asyncio.to_thread(tokens.discovery)).issuer
            keys = await asyncio.to_thread(tokens.keys)
        except TransientError as err:
            yield Line("red", "authority", f"{entra.authority}: {err}.", todo)
            return
    yield Line("green", "authority", f"Its discovery document names our issuer, {issuer}.")
    if keys:
        yield Line("green", "signing keys", f"{keys} published.")
    else:
        yield Line("red", "signing keys", "None published.", todo)


async def registrations(settings: Settings) -> AsyncIterator[Line]:
    """Does each credential work, and does each registration hold no more than its part?"""
    apps = settings.entra.apps
    for name, app in (("identity", apps.identity), ("act", apps.act), ("reader", apps.reader)):
        what = f"registration {name}"
        try:
            token = await _token(settings, app)
        except (PermanentError, TransientError) as err:
            todo = f"Renew entra.apps.{name}.credential; compare entra.apps.{name}.client_id with the portal."
            yield Line("red", what, f"{err}.", todo)
            continue
        # Diagnostic only: nothing is decided by a token that we did not validate.
        claims = jwt.decode(token, options={"verify_signature": False})
        for line in roles(name, frozenset(claims.get("roles") or ())):
            yield line


def roles(name: str, held: frozenset[str]) -> list[Line]:
    """What an application token may do, against what its registration is for."""
    what = f"registration {name}"
    if name != "reader":
        if not held:
            return [Line("green", what, "Its credential works; it holds no application permission.")]
        todo = "Remove them in the portal: this registration is for people signing in."
        return [Line("red", what, f"It holds application permissions: {_listed(held)}.", todo)]
    found: list[Line] = []
    writes = {role for role in held if "Write" in role or "Revoke" in role or "Mail" in role}
    if writes:
        found.append(
            Line(
                "red",
                what,
                f"It may change things: {_listed(writes)}.",
                "Remove them: the reader only reads.",
            )
        )
    missing = NEEDED - held
    if missing:
        todo = "Grant them as application permissions, with admin consent."
        found.append(Line("red", what, f"It lacks {_listed(missing)}.", todo))
    found += [
        Line("amber", what, f"It lacks {role}: {effect}.", f"Grant {role}, or leave it and know.")
        for role, effect in HELPFUL.items()
        if role not in held
    ]
    broader = held - NEEDED - set(HELPFUL) - writes
    if broader:
        todo = "Remove what Keyturn does not use; docs/settings.md lists what it does."
        found.append(Line("amber", what, f"It reads more than Keyturn uses: {_listed(broader)}.", todo))
    return found or [Line("green", what, "Its credential works; it holds exactly what it reads.")]


async def graph(settings: Settings) -> AsyncIterator[Line]:
    """The pass policy, our groups, and whether the licences are what the settings say."""
    tokens = _app_tokens(settings, settings.entra.apps.reader)
    http = GraphHttp(settings.graph.base_url)
    try:
        asking = Asking(http, tokens)
        probe = Probe(asking)
        probes: list[Callable[[], Any]] = [
            lambda: _policy(asking),
            *(
                lambda name=name, ident=ident: _group(probe, name, ident)
                for name, ident in settings.groups.model_dump().items()
            ),
            *(
                lambda name=name, ident=ident: _context(probe, name, ident)
                for name, ident in settings.entra.contexts.model_dump().items()
            ),
            lambda: _licence("entra.pim", settings.entra.pim, probe.eligible_roles(settings.groups.agents)),
            lambda: _licence("entra.risk", settings.entra.risk, probe.risk(settings.groups.agents)),
            lambda: _log(probe),
        ]
        for one in probes:
            try:
                yield await one()
            except (PermanentError, TransientError) as err:
                todo = "Mend the lines above first; else look at the reader's permissions."
                yield Line("red", "graph", f"{err}.", todo)
    finally:
        tokens.close()
        await http.close()


async def _policy(asking: Asking) -> Line:
    what = "pass policy"
    body = await asking.one(
        lambda g: (
            g.policies.authentication_methods_policy.authentication_method_configurations.by_authentication_method_configuration_id(
                "TemporaryAccessPass"
            ).to_get_request_information()
        )
    )
    if body is None:
        return Line("red", what, "There is none.", "Enable Temporary Access Pass in the tenant.")
    policy = pass_policy(body)
    if not policy.enabled:
        return Line("red", what, "Temporary Access Pass is off.", "Enable it for the people you help.")
    return Line("green", what, f"On, {policy.minimum} to {policy.maximum} minutes.")


async def _group(probe: Probe, name: str, ident: str) -> Line:
    what = f"groups.{name}"
    if not ident:
        return Line("green", what, "Not set.")
    found = await probe.group(ident)
    if found is None:
        return Line("red", what, f"There is no group {ident}.", "Copy the group's object id from the portal.")
    return Line("green", what, f"It is “{found}”.")


async def _context(probe: Probe, name: str, ident: str) -> Line:
    what, todo = f"entra.contexts.{name}", "docs/entra.md, “Authentication contexts”, says how it is made."
    try:
        found = await probe.context(ident)
    except PermanentError as err:
        if err.status != 403:
            raise
        return Line(
            "amber",
            what,
            f"The reader may not read whether {ident} exists.",
            "Look in the portal, or grant AuthenticationContext.Read.All.",
        )
    if found is None:
        return Line("red", what, f"There is no authentication context {ident}.", todo)
    if not found.offered:
        return Line("red", what, f"{ident}, “{found.name}”, is not published to apps.", todo)
    return Line("green", what, f"{ident} is “{found.name}”. What its policy demands, only a sign-in shows.")


async def _licence(name: str, setting: str, answer: Any) -> Line:
    said = await answer
    match setting, said:
        case "used", "answered":
            return Line("green", name, "Graph answers, as the setting says.")
        case "none", "unlicensed":
            return Line("green", name, "Not licensed, as the setting says.")
        case "used", "unlicensed":
            effect = "everybody would count as privileged" if name == "entra.pim" else "everybody as risky"
            todo = f"Set {name}: none, if nobody can have this in your tenant."
            return Line("red", name, f"The tenant has no licence: {effect}.", todo)
        case "none", "answered":
            todo = f"Set {name}: used."
            return Line("red", name, "The tenant has the licence, and the setting says it has not.", todo)
    return Line("red", name, "The reader may not read it.", "Grant the permission named above.")


async def _log(probe: Probe) -> Line:
    if await probe.sign_ins() == "answered":
        return Line("green", "sign-in log", "It can be read.")
    effect = "locked accounts and the usual country are not seen."
    return Line("amber", "sign-in log", f"It cannot be read: {effect}", "Needs P1 and AuditLog.Read.All.")


async def _token(settings: Settings, app: App) -> str:
    with closing(_app_tokens(settings, app)) as tokens:
        return await tokens.token()


def _app_tokens(settings: Settings, app: App) -> AppTokens:
    return AppTokens(
        authority=settings.entra.authority,
        tenant_id=settings.entra.tenant_id,
        client_id=app.client_id,
        credential=app.credential,
        scope=settings.graph.scope,
    )


def _listed(names: frozenset[str] | set[str]) -> str:
    return ", ".join(sorted(names))
