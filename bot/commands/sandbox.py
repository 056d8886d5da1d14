"""`keyturn sandbox`: a small Entra and Graph in a process of its own."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sqlite3
from pathlib import Path

from bot.errors import UnusableError

OWNER = "owner"
"""Under DATA: the process id of the product that this sandbox belongs to."""
LOOK, ALONE = 5, 300
"""Seconds between looks at the owner, and how long to stay without one."""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("sandbox", help="run the small Entra and Graph that the demo talks to")
    add_arguments(parser)
    parser.set_defaults(run=run)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--port", type=int, default=8301, help="port on 127.0.0.1 and localhost (default 8301; 0: any)"
    )
    parser.add_argument(
        "--data", type=Path, required=True, help="folder for its database and the apps' secrets"
    )
    parser.add_argument(
        "--owned",
        action="store_true",
        help="end by itself some minutes after the process in DATA/owner is gone",
    )


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted. Raises UnusableError for a taken port or an unwritable folder."""
    try:
        args.data.mkdir(parents=True, exist_ok=True)
        asyncio.run(_serve(args.data, args.port, owned=args.owned))
    except KeyboardInterrupt:
        return 0
    except (PermissionError, FileExistsError, NotADirectoryError, sqlite3.Error) as err:
        remedy = "Name another folder with --data."
        raise UnusableError(str(args.data), "This folder cannot be used.", remedy) from err
    except OSError as err:
        place, remedy = f"port {args.port}", "Name another with --port."
        raise UnusableError(place, "Something else is listening there.", remedy) from err
    return 0


async def _serve(data: Path, port: int, *, owned: bool) -> None:
    # Imported here so that `keyturn --help` does not pay for it.
    from bot.sandbox.server import running

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with running(data, port=port) as state:
        print(f"The sandbox is ready: http://127.0.0.1:{state.port}/sandbox/tenant", flush=True)
        watching = asyncio.create_task(_end_alone(data / OWNER, stop)) if owned else None
        await stop.wait()
        if watching is not None:
            watching.cancel()


async def _end_alone(owner: Path, stop: asyncio.Event) -> None:
    """Set *stop* once the owner has been gone for a while. It outlives a killed product on purpose:
    a held call is answered, and the ledger can be read, until the product is started again."""
    alone = 0
    while alone < ALONE:
        await asyncio.sleep(LOOK)
        alone = 0 if _alive(owner) else alone + LOOK
    stop.set()


def _alive(owner: Path) -> bool:
    try:
        os.kill(int(owner.read_text()), 0)
    except (OSError, ValueError):
        return False
    return True
