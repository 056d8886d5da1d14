"""`keyturn audit verify`: does the audit log still add up?

Exit code 0: it does. 1: it does not; every finding is a line. 2: it cannot be read.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bot.service.audit_check import Report

_ROOT = re.compile(r"([1-9]\d*):([0-9a-fA-F]{64})")


def add_parser(subparsers: Any) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = subparsers.add_parser("audit", help="verify the audit log")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    verify = actions.add_parser("verify", help="read every row again and say what does not add up")
    where = verify.add_mutually_exclusive_group()
    where.add_argument("--config", type=Path, help="the settings that name the store (default: app.yaml)")
    where.add_argument("--data", type=Path, help="the data folder of `keyturn demo`")
    where.add_argument("--store", metavar="URL", help="the store itself, as in store.url")
    verify.add_argument(
        "--expect",
        metavar="ROWS:ROOT",
        action="append",
        default=[],
        type=_noted,
        help="a root that an earlier run printed and you kept elsewhere; may be repeated",
    )
    parser.set_defaults(run=run)
    return parser


def _noted(text: str) -> tuple[int, str]:
    found = _ROOT.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError("write ROWS:ROOT as a run prints it")
    return int(found[1]), found[2]


def run(args: argparse.Namespace) -> int:
    """Verify, print, and answer with the exit code. Raises UnusableError."""
    report = asyncio.run(_verify(_url(args), dict(args.expect)))
    for line in lines(report):
        sys.stdout.write(f"{line}\n")
    return 1 if report.faults else 0


def _url(args: argparse.Namespace) -> str:
    from bot.adapters.store.opening import data_url

    if args.store:
        return str(args.store)
    if args.data:
        return data_url(args.data)
    from bot.settings import load

    return str(load(args.config or Path("app.yaml"), os.environ).store.url)


async def _verify(url: str, expected: dict[int, str]) -> Report:
    from bot.adapters.store.opening import open_store
    from bot.service.audit_check import verify

    store = open_store(url, existing=True)
    try:
        return await store.read(lambda work: verify(work, expected))
    finally:
        await store.close()


def lines(report: Report) -> list[str]:
    """What a run prints."""
    said = [f"{fault.kind}: {fault.what}" for fault in report.faults]
    verdict = "does not add up" if report.faults else "adds up"
    said.append(f"{report.rows} numbered rows under {report.roots} roots: the log {verdict}.")
    if report.size:
        said.append(f"The first {report.size} rows make this root: {report.size}:{report.root}")
        said.append("  Keep it elsewhere. `--expect` with it later shows any rewriting before it.")
    tail = report.after_root + report.unsealed
    if tail:
        said.append(
            f"Not protected yet: {report.unsealed} rows without a number, {report.after_root} after the last"
            " good root. A change to these is not noticed."
        )
    said.append(
        "Not noticed without a root kept elsewhere: rows cut off, or rewritten together with hashes and"
        " roots, by somebody who controls the database."
    )
    return said
