"""Objections, taking back and the threat mode promise what their ports say."""

from __future__ import annotations

from bot.ports.objections import Objections, Takebacks
from bot.ports.threats import Threats
from bot.service.objections import ObjectionService
from bot.service.takebacks import TakebackService
from bot.service.threats import ThreatService


def objections(it: ObjectionService) -> Objections:
    return it


def takebacks(it: TakebackService) -> Takebacks:
    return it


def threats(it: ThreatService) -> Threats:
    return it
