"""`keyturn demo`: everything at once, on the embedded defaults, for this machine only."""

from __future__ import annotations

import argparse
import asyncio
import logging
import re
import shutil
import tempfile
from pathlib import Path


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser("demo", help="start everything on the embedded defaults")
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address (default 127.0.0.1)")
    parser.add_argument("--port", type=int, default=8300, help="port of the product (default 8300)")
    parser.add_argument("--data", type=Path, help="folder that is kept (default: a fresh one, removed after)")
    parser.add_argument(
        "--sandbox-port", type=int, default=0, help="default: the next free port after --port"
    )
    parser.add_argument("--add", type=Path, help="settings to add, such as the group slack")
    parser.add_argument("--verbose", action="store_true", help="log requests")


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted. Raises UnusableError for a taken port or an unwritable folder."""
    logging.basicConfig(
        level=logging.INFO if args.verbose else logging.WARNING, format="%(asctime)s %(name)s %(message)s"
    )
    for noisy in ("httpx", "httpcore", "msal", "aiohttp.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    kept = args.data is not None
    data = args.data if kept else Path(tempfile.mkdtemp(prefix="keyturn-demo-"))
    try:
        asyncio.run(_run(args, data.resolve()))
    finally:
        if not kept:
            shutil.rmtree(data, ignore_errors=True)
    return 0


async def _run(args: argparse.Namespace, data: Path) -> None:
    import aiohttp

    from bot.demo import Sandbox, sandbox_port, wire, write_settings
    from bot.errors import UnusableError
    from bot.heap import settle
    from bot.serving import door, serving, stop_signals

    if args.host not in ("127.0.0.1", "localhost"):
        raise UnusableError(f"--host {args.host}", "The demo signs in with plain http.", "Use 127.0.0.1.")
    listening = door(args.host, args.port)
    port = listening.getsockname()[1]
    tenant = sandbox_port(data / "sandbox", args.sandbox_port, port + 1)
    settings = write_settings(data, host=args.host, port=port, sandbox_port=tenant)
    if args.add is not None:
        add_settings(settings, args.add)
    sandbox = Sandbox(data / "sandbox", tenant)
    stop = stop_signals()
    try:
        await sandbox.start()
        async with aiohttp.ClientSession(trust_env=False) as http:
            product, page, chat, first_day = await wire(settings, sandbox.url, http)
            await product.start(alone=True)
            try:
                await first_day.begin()
                await product.warm()  # the first message finds a trained router
                async with serving(product.web(page, chat), listening):
                    print(f"Keyturn is ready: http://{args.host}:{port}", flush=True)
                    settle()
                    await stop.wait()
                    product.polls.close()
            finally:
                await product.stop()
    finally:
        await sandbox.stop()


def add_settings(settings: Path, more: Path) -> None:
    """Puts what stands in *more* below the demo's own settings, in place of groups of the same name.
    Raises UnusableError."""
    from bot.errors import UnusableError

    try:
        text = more.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as err:
        why = err.strerror if isinstance(err, OSError) else "it is not UTF-8"
        raise UnusableError(
            str(more), f"cannot be read: {why}.", "docs/slack.md shows what it holds."
        ) from None
    theirs = set(re.findall(r"^(\w+):", text, re.MULTILINE))
    groups = re.split(r"^(?=\w)", settings.read_text(encoding="utf-8"), flags=re.MULTILINE)
    kept = "".join(group for group in groups if group.partition(":")[0] not in theirs)
    settings.write_text(f"{kept}\n# From {more}:\n{text}", encoding="utf-8")
