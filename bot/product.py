"""What was wired, as one thing that starts and stops."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from bot.adapters.web.app import Page
from bot.adapters.web.app import build as build_web
from bot.adapters.web.polling import Polls
from bot.adapters.web.shell import Shell
from bot.adapters.web.transcript import WebChat
from bot.chatting import Chatting
from bot.flowfile.pack import pack_root
from bot.flowfile.versions import from_folder
from bot.ports.store import Store
from bot.service.acts import Acts
from bot.service.codes import CodeBook
from bot.service.intake import IntakeService
from bot.service.keys import Keys
from bot.service.links import PageLinks
from bot.service.outbox import Outbox
from bot.service.published import PublishedFlows
from bot.service.routing import ExampleRouter
from bot.service.sequencer import Sequencer
from bot.service.sign_ins import SignInService
from bot.service.timers import Timers
from bot.service.turns import TurnService
from bot.service.words import WordService
from bot.settings import Settings

log = logging.getLogger(__name__)


@dataclass
class Product:
    """Everything that was wired, with what a test or the demo needs by name."""

    settings: Settings
    store: Store
    keys: Keys
    words: WordService
    published: PublishedFlows
    turns: TurnService
    router: ExampleRouter
    intake: IntakeService
    codes: CodeBook
    shell: Shell
    chatting: Chatting
    polls: Polls
    outbox: Outbox
    timers: Timers
    sequencer: Sequencer
    acts: Acts
    sign_ins: SignInService
    pages: list[Page]
    closing: list[Callable[[], Any]] = field(default_factory=list)
    opening: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    running: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def chat(self) -> WebChat:
        """The web's chat."""
        return self.chatting.web

    @property
    def links(self) -> PageLinks:
        return self.chatting.links

    def web(self, *more: Page) -> web.Application:
        """The web application; *more* are pages that only the demo has."""
        platforms = [page for channel in self.chatting.channels for page in channel.pages]
        return build_web(self.shell, [*self.pages, *platforms, *more])

    async def start(self, *, alone: bool) -> None:
        """Publish the shipped flows, take up what a crash left, and begin to work. *alone*: no other
        replica runs on this store, so every execution left open is a dead one."""
        root = pack_root()
        await self.published.publish(from_folder(root / "flows", root / "templates"))
        await self.acts.recover(alone=alone)
        for begin in self.opening:
            await begin()
        self.running.append(asyncio.create_task(self.warm(), name="Warm"))
        for runner in (self.outbox, self.timers, self.sequencer):
            task = asyncio.create_task(runner.run(), name=type(runner).__name__)
            task.add_done_callback(_ended)
            self.running.append(task)
        for channel in self.chatting.channels:
            if channel.start is not None:
                await channel.start()

    async def warm(self) -> None:
        """Train the router before somebody waits for it."""
        await self.router.route("")

    async def stop(self) -> None:
        """Let what is under way come to its end, then close everything."""
        self.polls.close()
        await self.sign_ins.close()
        await self.acts.close()
        for runner in (self.outbox, self.timers, self.sequencer):
            runner.stop()
        await asyncio.gather(*self.running, return_exceptions=True)
        for channel in self.chatting.channels:  # after the outbox, which speaks through them
            if channel.stop is not None:
                await channel.stop()
        for close in self.closing:
            done = close()
            if asyncio.iscoroutine(done):
                await done
        await self.store.close()


def _ended(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (err := task.exception()) is not None:
        log.error("%s ended: %s", task.get_name(), type(err).__name__, exc_info=err)
