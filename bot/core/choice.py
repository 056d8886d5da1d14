"""What a button carries: an opaque id that says which question it answers.

The id names case, step and version, so that a button of an old question, or of an old case, is
recognised. It grants nothing: who pressed is checked apart. `parse` is total, because the text
comes back from outside.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.core.elements import MAX_ID
from bot.core.model import Command


@dataclass(frozen=True, slots=True)
class StepChoice:
    """An answer to `ask`, as ``s:<case>:<step>:<version>:<choice>``."""

    case_id: str
    step: str
    version: int
    choice: str

    def __str__(self) -> str:
        return f"s:{self.case_id}:{self.step}:{self.version}:{self.choice}"


@dataclass(frozen=True, slots=True)
class StepForm:
    """The submit button of an `input`, as ``f:<case>:<step>:<version>``."""

    case_id: str
    step: str
    version: int

    def __str__(self) -> str:
        return f"f:{self.case_id}:{self.step}:{self.version}"


@dataclass(frozen=True, slots=True)
class StartFlow:
    """Begin a flow, as ``start:<flow>``."""

    flow: str

    def __str__(self) -> str:
        return f"start:{self.flow}"


@dataclass(frozen=True, slots=True)
class PickFlow:
    """Begin the flow picked in the list of the menu, as ``pick``; its name comes in the form."""

    def __str__(self) -> str:
        return "pick"


@dataclass(frozen=True, slots=True)
class CommandChoice:
    """One of the engine-wide words, as ``cmd:<command>`` or ``cmd:<command>:<value>``."""

    command: Command
    value: str = ""

    def __str__(self) -> str:
        return f"cmd:{self.command}:{self.value}" if self.value else f"cmd:{self.command}"


@dataclass(frozen=True, slots=True)
class ShowMenu:
    """Everything the bot can help with, as ``menu``."""

    def __str__(self) -> str:
        return "menu"


@dataclass(frozen=True, slots=True)
class Dismiss:
    """ "Something else": the offer was wrong, the person will say it again; as ``else``."""

    def __str__(self) -> str:
        return "else"


@dataclass(frozen=True, slots=True)
class LinkAccount:
    """Link this chat account to the person's work account, as ``link``; take it away, as ``unlink``."""

    remove: bool = False

    def __str__(self) -> str:
        return "unlink" if self.remove else "link"


@dataclass(frozen=True, slots=True)
class AskBadge:
    """ "Is this really the help desk?", as ``badge``."""

    def __str__(self) -> str:
        return "badge"


@dataclass(frozen=True, slots=True)
class TellFixed:
    """ "Tell me when it is fixed", as ``fixed:<outage>``."""

    outage: str

    def __str__(self) -> str:
        return f"fixed:{self.outage}"


@dataclass(frozen=True, slots=True)
class SayThanks:
    """Thanks to whoever helped in a case that is over, as ``thanks:<case>``."""

    case_id: str

    def __str__(self) -> str:
        return f"thanks:{self.case_id}"


Pressed = (
    StepChoice
    | StepForm
    | StartFlow
    | PickFlow
    | CommandChoice
    | ShowMenu
    | Dismiss
    | LinkAccount
    | AskBadge
    | SayThanks
    | TellFixed
)

_NAME = "[A-Za-z0-9_]{1,60}"
_STEP = re.compile(rf"s:([A-Za-z0-9_-]{{1,60}}):({_NAME}):(\d{{1,9}}):({_NAME})")
_FORM = re.compile(rf"f:([A-Za-z0-9_-]{{1,60}}):({_NAME}):(\d{{1,9}})")
_THANKS = re.compile(r"thanks:([A-Za-z0-9_-]{1,60})")
_FIXED = re.compile(r"fixed:([A-Za-z0-9_-]{1,60})")
_START = re.compile(rf"start:({_NAME})")
_COMMAND = re.compile(r"cmd:([a-z_]{1,20})(?::([A-Za-z-]{2,20}))?")


def parse(text: str) -> Pressed | None:
    """What was pressed, or None for anything this module did not write."""
    if len(text) > MAX_ID or not text.isascii():
        return None
    if text == "menu":
        return ShowMenu()
    if text == "pick":
        return PickFlow()
    if text == "else":
        return Dismiss()
    if text == "badge":
        return AskBadge()
    if text in ("link", "unlink"):
        return LinkAccount(remove=text == "unlink")
    if found := _FIXED.fullmatch(text):
        return TellFixed(found[1])
    if found := _THANKS.fullmatch(text):
        return SayThanks(found[1])
    if found := _STEP.fullmatch(text):
        case_id, step, version, choice = found.groups()
        return StepChoice(case_id, step, int(version), choice)
    if found := _FORM.fullmatch(text):
        case_id, step, version = found.groups()
        return StepForm(case_id, step, int(version))
    if found := _START.fullmatch(text):
        return StartFlow(found[1])
    if (found := _COMMAND.fullmatch(text)) and found[1] in set(Command):
        return CommandChoice(Command(found[1]), found[2] or "")
    return None
