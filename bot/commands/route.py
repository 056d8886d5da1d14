"""`keyturn route`: what the bot would offer for a text, and how sure it is."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from bot.errors import UnusableError


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = subparsers.add_parser(
        "route", help="show what the bot would offer for a text", description=__doc__
    )
    parser.add_argument("text", help="what a person might write")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--flows", type=Path, help="folder of flows (default: ./flows, else the shipped ones)"
    )
    parser.set_defaults(run=run)
    return parser


def run(args: argparse.Namespace) -> int:
    from bot.core.ngram import NgramEncoder
    from bot.flowfile.pack import pack_root
    from bot.service.routing import fit, folder_examples, joined, routed

    folder = args.flows or flows_folder()
    if not folder.is_dir():
        raise UnusableError(str(folder), "There is no such folder.", "Name a folder of flow files.")
    examples = joined(folder_examples(pack_root() / "flows"), folder_examples(folder))
    flows = tuple(sorted(path.stem for path in folder.glob("*.yaml")))
    encoder = NgramEncoder()
    result = routed(encoder, fit(encoder, examples), args.text, flows)
    if args.json:
        found = {
            "label": result.label,
            "p": result.p,
            "top": [list(pair) for pair in result.top],
            "action": result.action.value,
        }
        sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
        return 0
    sys.stdout.write(f"{result.action.value}\n")
    for label, p in result.top:
        sys.stdout.write(f"  {p:6.1%}  {label}{'' if label in flows else '  (no flow)'}\n")
    return 0


def flows_folder() -> Path:
    """`./flows` if it is there, else the shipped pack."""
    from bot.flowfile.pack import pack_root

    here = Path("flows")
    return here if here.is_dir() else pack_root() / "flows"
