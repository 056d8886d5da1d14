"""The form that a choice opens, as a modal.

A view is JSON that travels to the client and back, so it holds names and never a value of ours. What was
filled in is judged where all answers are; a form that could not be taken stays open, with the reason
at one of its fields.
"""

from __future__ import annotations

from typing import Any

from bot.adapters.slack import limits
from bot.adapters.slack.blocks import inputs
from bot.adapters.slack.controls import plain_text
from bot.adapters.slack.fitting import view_blocks
from bot.adapters.slack.wire import FORM, Opened
from bot.core.elements import Choice, Field, Heading
from bot.core.message import Message
from bot.core.text import clipped

View = dict[str, Any]


def form_view(message: Message, choice_id: str, *, ref: str = "") -> View | None:
    """The form that *choice_id* opens, made of the fields of *message*; None if it opens none. *ref* is
    the message that was pressed, for settling it once the form came back."""
    choice = next((one for one in message.choices() if one.id == choice_id and one.opens), None)
    blocks = inputs(message)
    if choice is None or not blocks:
        return None
    return {
        "type": "modal",
        "callback_id": FORM,
        "private_metadata": Opened(choice.id, ref).dump(),
        "title": plain_text(_title(message, choice)),
        "submit": plain_text(clipped(choice.label, limits.TITLE)),
        "blocks": view_blocks(blocks),
    }


def _title(message: Message, choice: Choice) -> str:
    """A form is called by the message's heading, or by its button; 24 characters is all there is."""
    heading = next((one.text for one in message.elements if isinstance(one, Heading)), "")
    fields = [one.label for one in message.elements if isinstance(one, Field)]
    fits = [name for name in (heading, choice.label, *fields) if 0 < len(name) <= limits.TITLE]
    return fits[0] if fits else clipped(heading or choice.label, limits.TITLE)
