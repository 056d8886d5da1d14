"""One thing somebody did in Slack, in our words; nothing is decided yet.

The keys are Slack's own names of what happened, the same however often and over whichever road it is
delivered. A double click is two things, told apart by `core.choice` and the engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bot.adapters.slack.wire import Ref


class Where(StrEnum):
    """From where it came; the talk itself is always in the person's own DM."""

    DIRECT = "direct"  # written to the bot
    MENTION = "mention"  # said to the bot in a channel
    COMMAND = "command"
    SHORTCUT = "shortcut"  # on a message, anybody's
    PRESS = "press"  # a control of a message of ours
    HOME = "home"  # a control of App Home
    FORM = "form"  # a modal was sent


@dataclass(frozen=True, slots=True)
class Heard:
    """*workspace* and *enterprise*: where we are installed and heard it. *channel*: where it happened,
    if in one. *unheard*: why its words are not taken (`ports.intake`). *ref*: the message of ours that
    was pressed. *opens*: the press asks for its form. *trigger* opens a view for three seconds,
    *answer_url* writes in that person's name of us for half an hour: neither is kept or logged."""

    user: str
    key: str
    where: Where
    workspace: str = ""
    enterprise: str = ""
    channel: str = ""
    text: str = field(default="", repr=False)
    choice: str = ""
    form: Mapping[str, str] = field(default_factory=dict, repr=False)
    unheard: str = ""
    ref: Ref | None = None
    opens: bool = False
    trigger: str = field(default="", repr=False)
    answer_url: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class HomeOpened:
    """Somebody looks at App Home. *seen* is the hash of what is there, where Slack says it."""

    user: str
    key: str
    workspace: str = ""
    enterprise: str = ""
    seen: str = ""


@dataclass(frozen=True, slots=True)
class Gone:
    """The app was removed from a workspace, or its tokens were revoked there; *at* is when, in seconds,
    where Slack says it."""

    key: str
    what: str
    workspace: str = ""
    enterprise: str = ""
    at: int = 0
