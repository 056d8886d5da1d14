"""The root's part for Entra and Graph: every way in which the product reaches Microsoft."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.adapters.entra.authority import EntraAuthority, Registration
from bot.adapters.entra.reader import AppTokens
from bot.adapters.graph.acting import GraphActing
from bot.adapters.graph.asking import Asking
from bot.adapters.graph.budget import Budget, Share
from bot.adapters.graph.client import GraphHttp
from bot.adapters.graph.directory import GraphDirectory
from bot.adapters.graph.recent import RecentDirectory
from bot.core.law import Law
from bot.derived import named_groups
from bot.ports.clock import Clock
from bot.ports.store import Store
from bot.service.helper_set import HelperSet
from bot.service.world import Agents, Reader
from bot.settings import Settings


@dataclass(frozen=True, slots=True)
class Microsoft:
    """*directory* reads anew for each decision, *shown* remembers for pages, *watching* and *glances*
    spend only what decisions leave of the budget. *groups* are the ids that accounts are asked about."""

    authority: EntraAuthority
    directory: GraphDirectory
    shown: RecentDirectory
    watching: GraphDirectory
    glances: RecentDirectory
    acting: GraphActing
    reader: Reader
    showing: Reader
    agents: Agents
    groups: tuple[str, ...]
    closing: tuple[Callable[[], Any], ...]


def reach(settings: Settings, *, store: Store, clock: Clock, law: Law) -> Microsoft:
    """Make the connections; nothing is asked yet."""
    entra, apps = settings.entra, settings.entra.apps
    authority = EntraAuthority(
        authority=entra.authority,
        tenant_id=entra.tenant_id,
        registrations={
            "identity": Registration(apps.identity.client_id, apps.identity.credential),
            "act": Registration(apps.act.client_id, apps.act.credential, (settings.graph.scope,)),
        },
        clock=clock,
    )
    tokens = AppTokens(
        authority=entra.authority,
        tenant_id=entra.tenant_id,
        client_id=apps.reader.client_id,
        credential=apps.reader.credential,
        scope=settings.graph.scope,
    )
    http = GraphHttp(settings.graph.base_url)
    asking, budget = Asking(http, tokens), Budget(store, clock)
    directory = GraphDirectory(asking, budget, clock)
    shown = RecentDirectory(directory, clock)
    watching = GraphDirectory(asking, Budget(store, clock, Share.WATCH), clock)
    own = (settings.groups.agents, settings.groups.security, settings.groups.eligible)
    groups = tuple(dict.fromkeys(g for g in (*own, *named_groups(law)) if g))
    helpers = settings.groups.helpers
    return Microsoft(
        authority=authority,
        directory=directory,
        shown=shown,
        watching=watching,
        glances=RecentDirectory(watching, clock),
        acting=GraphActing(http, budget),
        reader=Reader(directory, clock, groups, HelperSet(directory, helpers, settings.deputies)),
        showing=Reader(shown, clock, groups, HelperSet(shown, helpers, settings.deputies)),
        agents=Agents(directory, settings.groups.agents, settings.groups.security),
        groups=groups,
        closing=(authority.close, tokens.close, http.close),
    )
