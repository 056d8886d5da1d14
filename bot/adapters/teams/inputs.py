"""Fields of a message as inputs of a card. A client checks what is needed; we check again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bot.adapters.teams.inbound import FIELD
from bot.adapters.teams.texts import literal
from bot.core.elements import DateInput, Field, MultiChoice, Select, TextInput, TimeInput, Toggle

SEARCHED = 8
"""Options from which a list can be searched by typing."""

Item = dict[str, Any]


def field(one: Field, say: Callable[[str], str]) -> list[Item]:
    """*say* gives our own words around a field."""
    base: Item = {"id": f"{FIELD}{one.name}", "label": literal(one.label)}
    needed: Item = {"isRequired": True, "errorMessage": say("needed")}
    match one:
        case Select():
            style = "filtered" if len(one.options) > SEARCHED else "compact"
            return [{
                "type": "Input.ChoiceSet", **base, "style": style, "placeholder": say("choose"),
                **_options(one), **needed,
            }]  # fmt: skip
        case MultiChoice():
            return [{
                "type": "Input.ChoiceSet", **base, "style": "expanded", "isMultiSelect": True, "wrap": True,
                **_options(one), **needed,
            }]  # fmt: skip
        case Toggle():
            on = "true" if one.on else "false"
            toggle = {"type": "Input.Toggle", "id": base["id"], "title": base["label"]}
            return [{**toggle, "value": on, "wrap": True}]
        case TextInput():
            hint = {"placeholder": one.hint} if one.hint else {}
            many = {"isMultiline": True} if one.lines else {}
            return [{"type": "Input.Text", **base, "maxLength": one.longest, **hint, **many, **needed}]
        case DateInput():
            return [{"type": "Input.Date", **base, **needed}]
        case TimeInput():
            return [{"type": "Input.Time", **base, **needed}]
        case _:
            raise TypeError(type(one).__name__)


def _options(one: Select | MultiChoice) -> Item:
    return {"choices": [{"title": literal(o.label), "value": o.value} for o in one.options]}
