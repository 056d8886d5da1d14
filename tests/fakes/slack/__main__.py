"""A Slack to try the product in by hand, without Slack: one person, the agents' channel, and a prompt.

    python -m tests.fakes.slack [--port 8400] [--mode socket|http] [--to http://127.0.0.1:8300]

It prints the group `slack` for app.yaml and the values of its variables. Then: what you type is written to
the bot; `/keyturn …` is the command; `> label` presses a button; `home` opens App Home; an empty line shows
what is new; `quit` ends.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Callable

from bot.adapters.slack.manifest import Wish, manifest
from bot.commands.manifest import Words
from bot.service.chance import SystemClock
from tests.fakes.slack.delivery import Delivered
from tests.fakes.slack.people import Client, NotThere
from tests.fakes.slack.reading import controls, links, words
from tests.fakes.slack.server import FakeSlack, slacking
from tests.fakes.slack.workspace import BOT_USER, HOME

AGENTS = "C0AGENTS"


def group(slack: FakeSlack, mode: str) -> str:
    """The settings, with the variables that hold its secrets."""
    way = ("signing_secret", "SLACK_SECRET") if mode == "http" else ("app_token", "SLACK_APP")
    return (
        f"export KEYTURN_SLACK_BOT={slack.bot_token} KEYTURN_{way[1]}={getattr(slack, way[0])}\n\n"
        f"slack:\n  mode: {mode}\n  bot_token: ${{env:KEYTURN_SLACK_BOT}}\n"
        f"  {way[0]}: ${{env:KEYTURN_{way[1]}}}\n  team_id: {HOME}\n  agent_channel: {AGENTS}\n"
        f"  base_url: {slack.base_url}\n"
    )


def screen(client: Client, seen: set[tuple[str, str]], channel: str = "") -> list[str]:
    """What is new or changed there, with its buttons and links."""
    lines = []
    for message in client.shown(channel):
        text = words(message.blocks) or message.text
        if (message.ts, text) not in seen:
            seen.add((message.ts, text))
            pressable = [one.label for one in controls(message.blocks) if one.kind == "button"]
            lines += [text, *(f"  [{label}]" for label in pressable)]
            lines += [f"  {label}: {url}" for label, url in links(message.blocks)]
    return lines


async def do(client: Client, line: str) -> Delivered | None:
    """One line of the prompt."""
    if line.startswith(">"):
        return await client.presses(line[1:].strip())
    if line.startswith("/"):
        command, _, text = line.partition(" ")
        return await client.commands(command, text)
    if line == "home":
        return await client.opens_home()
    return await client.writes(line) if line else None


async def converse(
    client: Client, typed: AsyncIterator[str], say: Callable[[str], None], *, moment: float = 0.0
) -> None:
    """Until the input ends; what comes of each line is shown a *moment* later."""
    seen: set[tuple[str, str]] = set()
    async for line in typed:
        try:
            done = await do(client, line)
        except NotThere as missing:
            say(str(missing))
            continue
        if done is not None and not done.ok:
            say(f"(not acknowledged: {done.status or 'no answer'})")
        await asyncio.sleep(moment)
        for where in ("", AGENTS):
            for text in screen(client, seen, where):
                say(f"{'#agents ' if where else ''}{text}")
        if line == "home" and client.person.id in client.slack.world.homes:
            say(client.on_home().read())


async def typed() -> AsyncIterator[str]:
    while (line := await asyncio.to_thread(sys.stdin.readline)) and line.strip() != "quit":
        yield line.strip()


async def main(args: argparse.Namespace) -> None:
    async with slacking(SystemClock(), port=args.port) as slack:
        slack.set_up(manifest(Wish(args.mode, args.to), Words()))
        ada = slack.world.person("Ada Lovelace", mail=args.mail)
        slack.world.channel("agents", BOT_USER, ada.id, id=AGENTS, kind="group")
        print(group(slack, args.mode), flush=True)
        await converse(slack.client(ada), typed(), lambda text: print(text, flush=True), moment=0.7)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.fakes.slack", description=__doc__)
    parser.add_argument("--port", type=int, default=8400)
    parser.add_argument("--mode", choices=("socket", "http"), default="socket")
    parser.add_argument("--to", default="http://127.0.0.1:8300", help="where the product is, for --mode http")
    parser.add_argument("--mail", default="ada@contoso.test", help="the person's confirmed address")
    asyncio.run(main(parser.parse_args()))
