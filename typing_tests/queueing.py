"""What stands behind the queue fits its ports."""

from __future__ import annotations

from bot.ports.history import Histories
from bot.ports.thanks import Gratitude
from bot.ports.waiting import Waits
from bot.service.histories import HistoryService
from bot.service.thanks import ThanksBook
from bot.service.waits import WaitBook


def waits(it: WaitBook) -> Waits:
    return it


def thanks(it: ThanksBook) -> Gratitude:
    return it


def histories(it: HistoryService) -> Histories:
    return it
