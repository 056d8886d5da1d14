"""`keyturn manifest`: what Slack, Teams and Entra want to know of this installation, written out.

Nothing here reaches a network or needs settings: it comes before them.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import Any

from bot.errors import UnusableError

_METHODS = (
    "authenticator",
    "email",
    "external",
    "passkey",
    "phone",
    "platform_credential",
    "software_oath",
    "windows_hello",
)


def add_parser(commands: Any) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        "manifest", help="write what Slack, Teams and Entra want to know of this installation"
    )
    kinds = parser.add_subparsers(dest="kind", metavar="KIND", required=True)

    slack = kinds.add_parser("slack", help="the app manifest of Slack, with a reason for each scope")
    slack.add_argument("--format", choices=("yaml", "json"), default="yaml")
    slack.add_argument("--mode", choices=("socket", "http"), default="socket")
    slack.add_argument("--url", default="", help="public address; for --mode http and --installs")
    slack.add_argument("--installs", action="store_true", help="installing by link (OAuth)")
    slack.add_argument("--organisation", action="store_true", help="for all workspaces of an organisation")

    teams = kinds.add_parser("teams", help="the app package of Teams, a zip")
    teams.add_argument("--url", required=True, help="public address")
    teams.add_argument("--app-id", required=True, help="application id of the bot")
    teams.add_argument("--company", default="IT", help="named as the maker; default IT")
    teams.add_argument("--privacy", default="", help="address of your privacy page; default /help")
    teams.add_argument("--terms", default="", help="address of your terms of use; default /help")
    teams.add_argument("--personal-only", action="store_true", help="no agents' channel and no mentions")
    teams.add_argument("--out", type=Path, default=Path("keyturn-teams.zip"))

    entra = kinds.add_parser("entra", help="a script for the registrations, and a sheet for the consent")
    entra.add_argument("--url", required=True, help="public address")
    entra.add_argument("--tenant", required=True, help="id of the tenant")
    entra.add_argument("--agents", default="", help="object id of the agents' group")
    entra.add_argument("--security", default="", help="object id of the group security, if there is one")
    entra.add_argument("--licence", choices=("free", "p1", "p2"), default="p2")
    entra.add_argument(
        "--remove", action="append", choices=_METHODS, default=[], help="a lost method to be removable"
    )
    entra.add_argument(
        "--graph", default="https://graph.microsoft.com", help="Microsoft Graph of a national cloud"
    )
    entra.add_argument("--teams", action="store_true", help="a registration for the bot in Teams, too")
    entra.add_argument("--out", type=Path, default=Path(), help="folder; default this one")
    return parser


def run(args: argparse.Namespace) -> int:
    """Write it. Raises UnusableError for an address, an id or a place that cannot be used."""
    match args.kind:
        case "slack":
            from bot.commands import manifest_slack

            manifest_slack.write(args, sys.stdout, sys.stderr)
        case "teams":
            from bot.commands import manifest_teams

            sys.stdout.write(manifest_teams.write(args))
        case _:
            from bot.commands import manifest_entra

            sys.stdout.write(manifest_entra.write(args))
    return 0


def address(text: str, option: str = "--url") -> str:
    """A public address, without a path. Slack and Teams call nothing but https."""
    text = text.rstrip("/")
    if not re.fullmatch(r"https://[A-Za-z0-9.-]+(:\d+)?", text):
        raise UnusableError(option, "this is no public address.", "Write https://host, without a path.")
    return text


def ident(option: str, text: str) -> str:
    if not re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text):
        raise UnusableError(
            option, "this is no id of Entra.", "Copy it from the portal: 8-4-4-4-12 hex digits."
        )
    return text.lower()


def save(path: Path, data: bytes, *, executable: bool = False) -> None:
    """Writes *path*, and never over something that is there."""
    try:
        with path.open("xb") as opened:
            opened.write(data)
        if executable:
            path.chmod(0o755)
    except FileExistsError:
        raise UnusableError(
            str(path), "is there already.", "Move it away, or choose another --out."
        ) from None
    except OSError as err:
        raise UnusableError(
            str(path), f"cannot be written ({err.strerror}).", "Choose another --out."
        ) from None


class Words:
    """The texts of `system/manifest` in one language."""

    def __init__(self, locale: str = "en") -> None:
        from bot.flowfile.pack import pack_root
        from bot.service.word_files import WordFiles

        self._files = WordFiles.of_folder(pack_root() / "templates")
        self.locale = locale

    def __call__(self, *keys: str) -> str:
        return self.of("manifest", *keys)

    def of(self, area: str, *keys: str) -> str:
        found = self._files.find(self.locale, f"system/{area}", *keys)
        assert found is not None, keys
        return found.text
