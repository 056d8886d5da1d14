"""The names our blocks carry out and Slack brings back: what rendering writes, reading understands.

A button's value is the id of its choice (`core.choice`); it grants nothing. A field's name is both
its block_id and its action_id, so that what is wrong with it can be said at it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

FORM = "keyturn_form"
"""callback_id of our modals."""
HOME = "keyturn_home"
"""callback_id of App Home."""
SHORTCUT = "keyturn_from_message"
"""callback_id of the message shortcut, as the manifest says."""
COMMAND = "/keyturn"
PROMPT = "keyturn"
"""event_type of the metadata on our messages; its payload holds a digest of the effect's key and
nothing else, because everybody in the workspace can read it."""

_FIELD = "field:"


class Press(StrEnum):
    """What a pressed control is for: the first part of its action_id."""

    CHOICE = "choice"  # hand its value in, with what was filled in beside it
    FORM = "form"  # open the modal of its message
    LINK = "link"  # leads to a page; Slack tells us all the same
    FIELD = "field"  # filled in, not sent yet


def action_id(press: Press, number: int) -> str:
    """A name that is unique in its message."""
    return f"{press.value}:{number}"


def press_of(action: str) -> Press | None:
    kind = action.partition(":")[0]
    return Press(kind) if kind in set(Press) else None


def field_id(name: str) -> str:
    """block_id and action_id of the field *name*."""
    return f"{_FIELD}{name}"


def field_of(ident: str) -> str:
    """The field's name, or an empty one for what is not ours."""
    return ident.removeprefix(_FIELD) if ident.startswith(_FIELD) else ""


@dataclass(frozen=True, slots=True)
class Ref:
    """One message, as Slack names it."""

    channel: str
    ts: str

    def __str__(self) -> str:
        return f"{self.channel}:{self.ts}"

    @classmethod
    def of(cls, text: str) -> Ref:
        channel, _, ts = text.partition(":")
        return cls(channel, ts)


@dataclass(frozen=True, slots=True)
class Opened:
    """What a modal remembers of the button that opened it. It travels to the client and back, so it
    holds names only. *ref* is empty for a button of the home."""

    choice: str
    ref: str = ""

    def dump(self) -> str:
        return json.dumps({"choice": self.choice, "ref": self.ref}, separators=(",", ":"))

    @classmethod
    def load(cls, text: str) -> Opened | None:
        try:
            data = json.loads(text)
        except ValueError:
            return None
        if not isinstance(data, dict):
            return None
        choice, ref = data.get("choice"), data.get("ref", "")
        return cls(choice, ref) if isinstance(choice, str) and isinstance(ref, str) and choice else None


def filled_in(values: Mapping[str, Any]) -> dict[str, str]:
    """`state.values` of a message or modal: field name to value. Several values are joined with
    commas, which no value holds; what was left empty is an empty text."""
    found: dict[str, str] = {}
    for block in values.values():
        for ident, state in block.items():
            if name := field_of(ident):
                found[name] = _value(state)
    return found


def _value(state: Mapping[str, Any]) -> str:
    match state:
        case {"selected_option": {"value": str(value)}}:
            return value
        case {"selected_options": list(options)}:
            return ",".join(str(option.get("value", "")) for option in options)
        case {"selected_date": str(value)} | {"selected_time": str(value)} | {"value": str(value)}:
            return value
        case _:
            return ""
