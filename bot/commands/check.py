"""`keyturn check`: does the set-up work, live, against the authority, Graph, Slack, Teams, mail and tickets?

Green is good, amber works with less, red must be mended. Exit code 0: nothing red. 1: something is.
2: the settings cannot be used.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.commands.check_entra import Line
    from bot.settings import Settings

_SIGNS = {"green": "✓", "amber": "!", "red": "✗"}


def add_parser(commands: Any) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        "check", help="prove a set-up against Entra, Graph, chat, mail and tickets"
    )
    parser.add_argument("--config", type=Path, default=Path("app.yaml"), help="default: app.yaml")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    return parser


def run(args: argparse.Namespace) -> int:
    """Check, print, and answer with the exit code. Raises SettingsError."""
    import asyncio
    import os

    from bot.settings import load

    found = asyncio.run(findings(load(args.config, os.environ), os.environ))
    if args.format == "json":
        sys.stdout.write(json.dumps([asdict(line) for line in found], ensure_ascii=False, indent=1) + "\n")
    else:
        sys.stdout.writelines(f"{text}\n" for line in found for text in said(line))
    return 1 if any(line.level == "red" for line in found) else 0


async def findings(settings: Settings, env: Mapping[str, str]) -> list[Line]:
    """All lines, in the order in which one would mend them."""
    import asyncio

    from bot.commands import check_entra as probes
    from bot.service.chance import SystemClock

    clock = SystemClock()
    found = await asyncio.to_thread(probes.store, settings)
    entra = [line async for line in probes.authority(settings, clock)]
    if not any(line.level == "red" and line.what == "authority" for line in entra):
        # without it the rest would only say so again
        entra += [line async for line in probes.registrations(settings)]
        entra += [line async for line in probes.graph(settings)]
    found += entra
    if settings.slack is not None:
        from bot.commands import check_slack

        found += [line async for line in check_slack.lines(settings, env, clock)]
    if settings.teams is not None:
        from bot.commands import check_teams

        found += [line async for line in check_teams.lines(settings)]
    from bot.commands import check_mail

    found += [line async for line in check_mail.lines(settings, clock)]
    from bot.commands import check_tickets

    found += [line async for line in check_tickets.lines(settings, clock)]
    return found


def said(line: Line) -> list[str]:
    """A line for a terminal; the level is a word as well as a sign."""
    head = f"{_SIGNS[line.level]} {line.level:5}  {line.what}: {line.said}"
    return [head, f"           → {line.todo}"] if line.todo else [head]
