"""The demo's process with a chat platform switched on, for tests that kill it: everything as `keyturn
demo` does, with the settings of one channel more.

    python -m tests.journey.platform_demo --port 8300 --sandbox-port 8301 --data DIR
"""

from __future__ import annotations

import argparse
import asyncio
import logging
from pathlib import Path

import aiohttp

from bot.demo import Sandbox, wire, write_settings
from bot.serving import door, serving, stop_signals

SETTINGS = "platform.yaml"
"""In the data folder: the group `slack` or `teams` of app.yaml."""


async def main(args: argparse.Namespace) -> None:
    listening = door("127.0.0.1", args.port)
    settings = write_settings(args.data, host="127.0.0.1", port=args.port, sandbox_port=args.sandbox_port)
    settings.write_text(settings.read_text() + (args.data / SETTINGS).read_text())
    sandbox = Sandbox(args.data / "sandbox", args.sandbox_port)
    stop = stop_signals()
    await sandbox.start()
    try:
        async with aiohttp.ClientSession(trust_env=False) as http:
            product, page, chat, first_day = await wire(settings, sandbox.url, http)
            await product.warm()
            await product.start(alone=True)
            printing = asyncio.create_task(first_day.begin())
            try:
                async with serving(product.web(page, chat), listening):
                    await stop.wait()
                    product.polls.close()
            finally:
                printing.cancel()
                await product.stop()
    finally:
        await sandbox.stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--sandbox-port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--verbose", action="store_true")
    parsed = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    for noisy in ("httpx", "httpcore", "msal", "aiohttp.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    asyncio.run(main(parsed))
