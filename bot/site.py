"""The root's part for pages: what every page shares."""

from __future__ import annotations

from pathlib import Path

from bot.adapters.web.shell import Shell, Site
from bot.adapters.web.visitor import Countries, countries_of, nowhere
from bot.derived import hours_text
from bot.ports.clock import Entropy
from bot.ports.sessions import Sessions
from bot.ports.words import Words
from bot.settings import Settings


def shell_of(
    settings: Settings,
    *,
    words: Words,
    sessions: Sessions,
    entropy: Entropy,
    templates: Path,
    countries: Countries | None,
    demo: bool,
) -> Shell:
    """*countries* goes before what the settings say of `geo`."""
    database = settings.geo.database
    return Shell(
        Site(
            public_url=settings.public_url,
            authority_url=settings.entra.authority,
            desk_phone=settings.desk.phone,
            desk_hours=hours_text(settings),
            demo=demo,
            locales=settings.locales.offered,
            country_header=settings.geo.header,
            address_header=settings.address_header,
        ),
        words,
        sessions,
        entropy,
        templates,
        countries=countries or (countries_of(Path(database)) if database else nowhere),
    )
