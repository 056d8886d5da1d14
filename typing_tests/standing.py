"""Those who stand in: each service fits the port that its page asks for."""

from __future__ import annotations

from bot.core import effects as fx
from bot.ports.counters import Counters
from bot.ports.helpers import Helpers
from bot.ports.turns import Performer
from bot.service.counters import CounterService
from bot.service.helpers import HelperService
from bot.service.opening_for import OpeningFor


def counters(it: CounterService) -> Counters:
    return it


def helpers(it: HelperService) -> Helpers:
    return it


def opening(it: OpeningFor) -> tuple[Performer[fx.OpenFor], Performer[fx.EndCase]]:
    return it.open, it.ended
