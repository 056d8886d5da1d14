"""`keyturn serve`: the product, as app.yaml says."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.settings import Settings


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("serve", help="run the product as app.yaml says")
    parser.add_argument("--config", type=Path, default=Path("app.yaml"), help="settings (default app.yaml)")
    parser.add_argument(
        "--dev-no-auth",
        action="store_true",
        help="Teams without authentication, for a test client on this machine",
    )
    parser.add_argument("--alone", action="store_true", help="no other replica runs on this store")


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted. Raises SettingsError or UnusableError."""
    from bot.settings import load

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for noisy in ("httpx", "httpcore", "msal", "aiohttp.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    asyncio.run(_run(load(args.config, os.environ, dev_no_auth=args.dev_no_auth), alone=args.alone))
    return 0


async def _run(settings: Settings, *, alone: bool) -> None:
    from bot.app import build
    from bot.heap import settle
    from bot.serving import door, serving, stop_signals

    host, _, port = settings.listen.rpartition(":")
    listening = door(host, int(port))
    stop = stop_signals()
    product = build(settings)
    await product.start(alone=alone)
    try:
        async with serving(product.web(), listening):
            print(f"Keyturn serves {settings.public_url}", flush=True)
            await product.warm()
            settle()
            await stop.wait()
            product.polls.close()
    finally:
        await product.stop()
