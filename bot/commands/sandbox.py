"""`keyturn sandbox`: a small Entra and Graph in a process of its own."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sqlite3
from pathlib import Path

from bot.errors import UnusableError


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


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted. Raises UnusableError for a taken port or an unwritable folder."""
    try:
        args.data.mkdir(parents=True, exist_ok=True)
        asyncio.run(_serve(args.data, args.port))
    except KeyboardInterrupt:
        return 0
    except (PermissionError, FileExistsError, NotADirectoryError, sqlite3.Error) as err:
        remedy = "Name another folder with --data."
        raise UnusableError(str(args.data), "This folder cannot be used.", remedy) from err
    except OSError as err:
        place, remedy = f"port {args.port}", "Name another with --port."
        raise UnusableError(place, "Something else is listening there.", remedy) from err
    return 0


async def _serve(data: Path, port: int) -> None:
    # Imported here so that `keyturn --help` does not pay for it.
    from bot.sandbox.server import running

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with running(data, port=port) as state:
        print(f"The sandbox is ready: http://127.0.0.1:{state.port}/sandbox/tenant", flush=True)
        await stop.wait()
