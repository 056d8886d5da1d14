"""Modals: the form that a choice opens, what is wrong with what was filled in, and "one moment".

A view is JSON that travels to the client and back, so it holds names and never a value of ours.
Opening needs the trigger of a press, once and within three seconds, so it never waits for its turn.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.adapters.slack import limits
from bot.adapters.slack.blocks import Address, inputs, rendered
from bot.adapters.slack.controls import plain_text
from bot.adapters.slack.fitting import view_blocks
from bot.adapters.slack.sending import Calls
from bot.adapters.slack.wire import FORM, Opened, field_id
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


def told_view(message: Message, title: str, address: Address) -> View:
    """Something said where a form was: that it is being worked on, or that it is over."""
    return {
        "type": "modal",
        "title": plain_text(clipped(title, limits.TITLE)),
        "blocks": view_blocks(rendered(message.settled(), address)),
    }


def errors(said: Mapping[str, str]) -> dict[str, Any]:
    """The answer to a submission: what is wrong, at the field it is wrong with. *said* by field name."""
    shown = {field_id(name): clipped(text, limits.ERROR) for name, text in said.items()}
    return {"response_action": "errors", "errors": shown}


def instead(view: View) -> dict[str, Any]:
    """The answer to a submission: show *view* in its place."""
    return {"response_action": "update", "view": view}


class Views:
    """Opens and changes modals of one person. Raises TransientError or PermanentError; with reason
    ``expired_trigger_id`` or ``exchanged_trigger_id`` the button has to be pressed again, with
    ``hash_conflict`` the view is newer than we thought."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def open(self, tenant: str, trigger: str, view: View) -> None:
        await self._calls.make(
            tenant,
            "views.open",
            lambda slack: slack.views_open(trigger_id=trigger, view=view),
            patience=0.0,
        )

    async def change(self, tenant: str, view_id: str, view: View, *, seen: str) -> None:
        """Show *view* in place of an open one. *seen* is the hash of what is being replaced, so that a
        slow answer never covers a newer one."""
        await self._calls.make(
            tenant,
            "views.update",
            lambda slack: slack.views_update(view_id=view_id, view=view, hash=seen),
        )


def _title(message: Message, choice: Choice) -> str:
    """A form is called by the message's heading, or by its button; 24 characters is all there is."""
    heading = next((one.text for one in message.elements if isinstance(one, Heading)), "")
    fields = [one.label for one in message.elements if isinstance(one, Field)]
    fits = [name for name in (heading, choice.label, *fields) if 0 < len(name) <= limits.TITLE]
    return fits[0] if fits else clipped(heading or choice.label, limits.TITLE)
