"""The `keyturn` program: one module per command, imported only when that command is called.

Exit codes are the same everywhere: 0 good, 1 findings, 2 unusable (with place and remedy).
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence

from bot import __version__

COMMANDS = {
    "demo": "start everything on the embedded defaults, with a sandbox tenant",
    "serve": "run the product as app.yaml says",
    "sandbox": "run the small Entra and Graph on their own",
    "check": "prove a set-up against Entra, Graph, Slack and Teams",
    "manifest": "write what Slack, Teams and Entra want to know of this installation",
    "door": "print the poster, badge sticker and lock screen that lead to /help",
    "flows": "check, test and try guided flows",
    "route": "show where a message would be routed",
    "audit": "verify the audit log",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Parse, hand over to the command, and turn what the operator can mend into exit code 2."""
    # The router's matrices are small: threads of the algebra library wait for each other longer than
    # they work, on a busy machine for seconds. Read when numpy is first imported.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    words = list(sys.argv[1:] if argv is None else argv)
    name = next((word for word in words if not word.startswith("-")), "")
    parser = argparse.ArgumentParser(prog="keyturn", description="The help desk in chat.")
    parser.add_argument("--version", action="version", version=f"keyturn {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command, about in COMMANDS.items():
        if command == name:
            importlib.import_module(f"bot.commands.{command}").add_parser(commands)
        else:
            commands.add_parser(command, help=about, add_help=False)
    args = parser.parse_args(words)
    from bot.errors import SettingsError, UnusableError

    try:
        return int(importlib.import_module(f"bot.commands.{args.command}").run(args))
    except UnusableError as err:
        print(f"keyturn: {err.place}: {err.message}\n  {err.remedy}", file=sys.stderr)
    except SettingsError as err:
        for problem in err.problems:
            print(f"keyturn: {problem.where}: {problem.message}\n  {problem.remedy}", file=sys.stderr)
    except KeyboardInterrupt:
        return 130
    return 2
