"""`keyturn manifest teams`: the app package of Teams, a zip with a manifest, two icons and German.

Only people of the tenant can use the app at all: it is uploaded to the tenant's own catalogue. It has
no tab, no SSO and no permissions, and does not opt in to shared channels, which hold other companies.
"""

from __future__ import annotations

import argparse
import io
import json
import uuid
import zipfile
from dataclasses import dataclass
from typing import Any

from bot import __version__
from bot.commands import icons
from bot.commands.manifest import Words, address, ident, save
from bot.errors import UnusableError

SCHEMA = "1.30"
_SCHEMAS = "https://developer.microsoft.com/json-schemas/teams"
COMMANDS = ("help", "person")


def write(args: argparse.Namespace) -> str:
    """Saves the zip; the answer says what to do with it."""
    company = str(args.company).strip()
    if not 1 <= len(company) <= 32:
        raise UnusableError("--company", "must have 1 to 32 letters.", "Teams shows it below the app's name.")
    app_id = ident("--app-id", args.app_id)
    url = address(args.url)
    legal = (args.privacy or f"{url}/help", args.terms or f"{url}/help")
    for option, text in (("--privacy", legal[0]), ("--terms", legal[1])):
        if not text.startswith("https://") or len(text) > 2048:
            raise UnusableError(
                option, "is no https address.", "Teams shows it to people; leave it away for /help."
            )
    maker = Maker(company, url, *legal)
    save(args.out, package(maker, app_id, team=not args.personal_only))
    return f"{args.out} is written. Upload it in the Teams admin center: docs/teams.md, step 4.\n"


@dataclass(frozen=True, slots=True)
class Maker:
    """Who offers the app, as Teams shows it."""

    company: str
    url: str
    privacy: str
    terms: str


def package(maker: Maker, app_id: str, *, team: bool) -> bytes:
    """The zip. The same words give the same bytes, so that two of them can be compared."""
    files = {
        "manifest.json": _json(manifest(maker, app_id, team=team)),
        "de.json": _json(localized("de")),
        "color.png": icons.color(),
        "outline.png": icons.outline(),
    }
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in files.items():
            made.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), data)
    return target.getvalue()


def manifest(maker: Maker, app_id: str, *, team: bool) -> dict[str, Any]:
    say = Words()
    scopes = ["personal", "team"] if team else ["personal"]
    made: dict[str, Any] = {
        "$schema": f"{_SCHEMAS}/v{SCHEMA}/MicrosoftTeams.schema.json",
        "manifestVersion": SCHEMA,
        "version": __version__,
        # Made from the bot's id: the same installation is the same app, also after a new zip.
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"keyturn-teams:{app_id}")),
        "developer": {
            "name": maker.company,
            "websiteUrl": f"{maker.url}/help",
            "privacyUrl": maker.privacy,
            "termsOfUseUrl": maker.terms,
        },
        "name": {"short": say("name"), "full": say("full")},
        "description": {"short": say("short"), "full": " ".join(say("long").split())},
        "icons": {"color": "color.png", "outline": "outline.png"},
        "accentColor": icons.ACCENT,
        "localizationInfo": {
            "defaultLanguageTag": "en",
            "additionalLanguages": [{"languageTag": "de", "file": "de.json"}],
        },
        "bots": [
            {
                "botId": app_id,
                "scopes": scopes,
                "isNotificationOnly": False,
                "supportsFiles": False,
                "commandLists": [{"scopes": ["personal"], "commands": _commands(say)}],
            }
        ],
        "defaultInstallScope": "personal",
    }
    if team:
        made["defaultGroupCapability"] = {"team": "bot"}
    return made


def localized(locale: str) -> dict[str, str]:
    """The same words in another language, by their place in the manifest."""
    say = Words(locale)
    found = {
        "name.short": say("name"),
        "name.full": say("full"),
        "description.short": say("short"),
        "description.full": " ".join(say("long").split()),
    }
    for n, one in enumerate(_commands(say)):
        at = f"bots[0].commandLists[0].commands[{n}]"
        found |= {f"{at}.title": one["title"], f"{at}.description": one["description"]}
    schema = f"{_SCHEMAS}/v{SCHEMA}/MicrosoftTeams.Localization.schema.json"
    return {"$schema": schema} | found


def _commands(say: Words) -> list[dict[str, str]]:
    """Words that always work, offered by Teams. What is picked is sent like typed text."""
    said = {name: say("commands", name, "say") for name in COMMANDS} | {"home": say.of("teams", "home")}
    return [{"title": said[name], "description": say("commands", name, "about")} for name in sorted(said)]


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()
