"""Outages that agents told of, who wants to hear of their end, and what waits for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.core.records.table import JsonList, JsonMap, record


@record("outages", index=(("ended_at",),))
@dataclass(frozen=True, slots=True)
class Outage:
    """Something is broken for everybody, from *started_at* until it is ended or *until* has come."""

    id: str
    what: str  # see ports.outages.What
    texts: JsonMap  # by locale; only where *what* is `other`
    pauses: bool  # no new request is put before agents
    started_at: datetime
    until: datetime
    started_by: str
    started_name: str
    ended_at: datetime | None = None
    ended_by: str = ""  # "" by time


@record("outage_wishes", index=(("outage_id",),))
@dataclass(frozen=True, slots=True)
class OutageWish:
    """Somebody wants to hear when it is over; one for each place, told once."""

    id: str  # outage and place
    outage_id: str
    place: str
    case_id: str  # "" where it was asked outside a case
    locale: str
    at: datetime


@record("held_requests", key="case_id", index=(("outage_id",),))
@dataclass(frozen=True, slots=True)
class HeldRequest:
    """A request that a flow asked for during an outage; it opens by itself when that is over."""

    case_id: str
    outage_id: str
    step: str
    version: int
    acts: JsonList
    shape: str
    within: int  # seconds
    at: datetime
