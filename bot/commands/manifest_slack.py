"""`keyturn manifest slack`: the manifest as YAML with a reason beside each scope, or as JSON with the
reasons on the side."""

from __future__ import annotations

import argparse
import json
from typing import TextIO

import yaml

from bot.adapters.slack.manifest import EVENTS, SCOPES, Wish, manifest
from bot.commands.manifest import Words, address
from bot.errors import UnusableError

_REASONS = {f"- {name}": why for name, why in {**SCOPES, **EVENTS}.items()}


def write(args: argparse.Namespace, out: TextIO, aside: TextIO) -> None:
    if (args.mode == "http" or args.installs) and not args.url:
        raise UnusableError(
            "--url", "is missing: Slack must know where to call.", "Write --url https://host; it has no path."
        )
    url = address(args.url) if args.url else ""
    tree = manifest(Wish(args.mode, url, args.installs, args.organisation), Words())
    if args.format == "json":
        out.write(json.dumps(tree, ensure_ascii=False, indent=2) + "\n")
        width = max(len(name) for name in SCOPES)
        aside.writelines(f"{name:{width}}  {why}\n" for name, why in SCOPES.items())
        return
    text = yaml.safe_dump(tree, sort_keys=False, allow_unicode=True, width=1000)
    out.writelines(_reasoned(line) for line in text.splitlines())


def _reasoned(line: str) -> str:
    why = _REASONS.get(line.strip())
    return f"{line}  # {why}\n" if why else f"{line}\n"
