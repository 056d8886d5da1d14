"""The root's part for the front door: `/help`, and who comes to a case by its number."""

from __future__ import annotations

from dataclasses import dataclass

from bot.adapters.web.app import Page
from bot.adapters.web.desk_open import DeskOpen
from bot.adapters.web.help import HelpPage
from bot.adapters.web.moving import MovePage
from bot.adapters.web.polling import Polls
from bot.adapters.web.shell import Shell
from bot.adapters.web.talking import Talking
from bot.adapters.web.transcript import WebChat
from bot.ports.case_page import CasePages
from bot.ports.chat_pages import Links
from bot.ports.clock import Clock, Entropy
from bot.ports.directory import Directory
from bot.ports.intake import Intake
from bot.ports.store import Store
from bot.ports.turns import Turns
from bot.service.arrivals import Arrivals
from bot.service.attempts import Attempts
from bot.service.callers import CallerService
from bot.service.front_door import FrontDoorService
from bot.service.keys import Keys
from bot.service.limits import Limits
from bot.service.moving import MoveService
from bot.service.openings import Openings
from bot.service.published import PublishedFlows
from bot.service.stops import Stops
from bot.service.words import WordService
from bot.settings import Settings


@dataclass(frozen=True, slots=True)
class Entrance:
    doors: FrontDoorService
    arrivals: Arrivals
    callers: CallerService
    moves: MoveService


def entrance(
    settings: Settings,
    *,
    store: Store,
    clock: Clock,
    entropy: Entropy,
    keys: Keys,
    directory: Directory,
    published: PublishedFlows,
    words: WordService,
    turns: Turns,
    attempts: Attempts,
    limits: Limits,
    stops: Stops,
) -> Entrance:
    """Its services; the pages want more of the house, and come with `pages_of`."""
    arrivals = Arrivals(published, turns)
    doors = FrontDoorService(
        store, clock, entropy, keys, directory, attempts, limits, arrivals, learn=published.learn
    )
    openings = Openings(entropy, keys, published)
    callers = CallerService(
        store, clock, entropy, keys, directory, published, words, openings, arrivals,
        agents=settings.groups.agents, locales=settings.locales.offered,
        video=bool(settings.live_check.video_url),
    )  # fmt: skip
    moves = MoveService(store, clock, entropy, keys, turns, attempts, stops, arrivals)
    return Entrance(doors, arrivals, callers, moves)


def pages_of(
    inside: Entrance,
    *,
    shell: Shell,
    chat: WebChat,
    intake: Intake,
    links: Links,
    polls: Polls,
    entropy: Entropy,
    cases: CasePages,
) -> list[Page]:
    talking = Talking(shell, chat, intake, links, polls, entropy)
    return [
        HelpPage(shell, talking, inside.doors, cases),
        DeskOpen(shell, inside.callers, entropy),
        MovePage(shell, inside.moves),
    ]
