"""What can be pressed and filled in, as Block Kit; the rest of a message is drawn in `blocks`.

A long list is a `static_select`, in which people search by typing; the model stops at the 100 options
that one takes. It sends nothing until its button is pressed, because it stands in an `input` block.
"""

from __future__ import annotations

from bot.adapters.slack import limits
from bot.adapters.slack.limits import Block
from bot.adapters.slack.wire import Press, field_id
from bot.core.elements import (
    Choice,
    Confirm,
    DateInput,
    Field,
    Look,
    MultiChoice,
    Option,
    Select,
    TextInput,
    TimeInput,
    Toggle,
)
from bot.core.text import clipped

_LOOKS = {Look.PLAIN: {}, Look.PRIMARY: {"style": "primary"}, Look.DANGER: {"style": "danger"}}
_TICKED = "true"


def plain_text(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": False}


def actions(*elements: Block) -> Block:
    return {"type": "actions", "elements": list(elements)}


def button(choice: Choice) -> Block:
    kind = Press.FORM if choice.opens else Press.CHOICE
    drawn = {"type": "button", "action_id": kind.value, "text": plain_text(choice.label), "value": choice.id}
    return {**drawn, **_LOOKS[choice.look]}


def confirmed(one: Confirm) -> Block:
    """The yes of a question. What cannot be undone is asked once more where it is pressed."""
    drawn = button(one.yes)
    if one.yes.look is not Look.DANGER:
        return drawn
    again = {
        "title": plain_text(one.yes.label),
        "text": plain_text(one.question),
        "confirm": plain_text(one.yes.label),
        "deny": plain_text(one.no.label),
        "style": "danger",
    }
    return {**drawn, "confirm": again}


def field(one: Field) -> Block:
    """What is filled in, without the button that sends it."""
    match one:
        case Select():
            options = [_option(option) for option in one.options]
            return _input(one, {"type": "static_select", "options": options})
        case MultiChoice():
            boxes = [_option(option) for option in one.options]
            return {**_input(one, {"type": "checkboxes", "options": boxes}), "optional": True}
        case Toggle():
            return _toggle(one)
        case TextInput():
            box = _input(one, {"type": "plain_text_input", "max_length": one.longest, "multiline": one.lines})
            hint = clipped(one.hint, limits.HINT)
            return {**box, "hint": plain_text(hint)} if hint else box
        case DateInput():
            return _input(one, {"type": "datepicker"})
        case TimeInput():
            return _input(one, {"type": "timepicker"})
        case _:
            raise TypeError(type(one).__name__)


def _input(one: Field, element: Block) -> Block:
    named = {"action_id": field_id(one.name), **element}
    return {
        "type": "input",
        "block_id": field_id(one.name),
        "label": plain_text(one.label),
        "element": named,
    }


def _toggle(one: Toggle) -> Block:
    """A box that says itself what ticking it means, so it needs no label above."""
    option = {"text": plain_text(one.label), "value": _TICKED}
    box = {"type": "checkboxes", "action_id": field_id(one.name), "options": [option]}
    ticked = {**box, "initial_options": [option]} if one.on else box
    return {"type": "actions", "block_id": field_id(one.name), "elements": [ticked]}


def _option(option: Option) -> Block:
    return {"text": plain_text(option.label), "value": option.value}
