"""The closed tables of flow files: what may be looked up, typed, awaited and handed to whom.

A name outside these tables is a finding, never a run-time surprise. The engine, the linter, the
published schema and the test scripts all read the same rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Verb(StrEnum):
    """What a step does; exactly one each."""

    SAY = "say"
    ASK = "ask"
    INPUT = "input"
    LOOK = "look"
    PROVE = "prove"
    REQUEST = "request"
    WAIT = "wait"
    CALL = "call"
    SWITCH = "switch"
    HANDOFF = "handoff"
    END = "end"


class InputKind(StrEnum):
    """What `input` accepts; `core.inputs` says how each is validated."""

    TEXT = "text"
    PHONE_MODEL = "phone_model"
    COUNTRY = "country"
    DATE = "date"
    NUMBER = "number"
    WORK_ADDRESS = "work_address"  # of somebody else: from here on the case is that person's


class Awaited(StrEnum):
    """World events that `wait` can wait for."""

    METHOD_REGISTERED = "method_registered"
    METHOD_REMOVED = "method_removed"
    PASS_USED = "pass_used"  # noqa: S105 - an event's name
    PERSON_DONE = "person_done"
    CLAIMED = "claimed"  # by the person a case was opened for


class Queue(StrEnum):
    """Who takes over at a `handoff`."""

    DESK = "desk"
    SECURITY = "security"


@dataclass(frozen=True, slots=True)
class LookRow:
    """One thing `look` can read: outcomes beside `unknown` and `error`, and the fields it sets on
    `ok`. With *optional*, outcomes not drawn leave through `ok`."""

    outcomes: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    optional: bool = False


LOOKS: Mapping[str, LookRow] = MappingProxyType(
    {
        "methods": LookRow(("none",), ("count", "labels", "added")),
        "account_state": LookRow(("no_method", "locked", "synced", "risk_blocked", "disabled")),
        "pass_policy": LookRow(("off", "out_of_scope"), ("minutes", "day")),
        "rank": LookRow(("standard", "new_account", "sensitive", "privileged", "excluded"), optional=True),
        "sign_ins": LookRow(("none", "unlicensed"), ("at", "country")),
        "duty": LookRow(("closed",), ("agents",)),
        "agent_of_case": LookRow(("none",), ("name", "badge", "since")),
        "today": LookRow((), ("date", "weekday")),
        "person": LookRow((), ("name", "office")),
    }
)

FROM_DEFAULTS = ("timeout", "exhausted", "error", "unknown", "fail", "refused")
"""Outcomes that `defaults.on` may lead somewhere; all others are drawn at their step."""
RESERVED_CHOICES = frozenset({"text", "title", "invalid", "remind", "timeout", "exhausted"})
"""Keys with a meaning of their own in words files, or outcomes with one of their own."""
RESERVED_STEPS = frozenset({"flow", "and", "or", "not", "in", "is", "if", "else"})
"""Not usable as step ids: the heading of words files, and the words of conditions."""
PERSON_STEP = "@person"
"""The engine's own handoff, drawn by no flow: the person asked for a person."""
