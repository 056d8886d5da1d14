"""The list of what the bot helps with: what is asked for most as buttons, everything else to be picked.

Nine buttons are nine things to read for somebody who is locked out. A list that can be searched holds
the rest, so that nothing is hidden; words of one's own work beside both.
"""

from __future__ import annotations

from bot.core.choice import PickFlow, StartFlow
from bot.core.elements import (
    MAX_BUTTONS,
    MAX_LABEL,
    MAX_OPTIONS,
    Buttons,
    Choice,
    Element,
    Option,
    Select,
)
from bot.core.text import clipped
from bot.ports.words import Words
from bot.service.published import PublishedFlows

FIRST = 4
"""Flows that are buttons."""
FIELD = "flow"
"""The list's name in a sent form."""


def menu(published: PublishedFlows, words: Words, locale: str) -> list[Element]:
    """Buttons and list in *locale*; few enough flows are all buttons."""
    flows = published.menu(locale)
    first = len(flows) if len(flows) <= MAX_BUTTONS else FIRST
    starts = tuple(Choice(str(StartFlow(name)), clipped(title, MAX_LABEL)) for name, title in flows[:first])
    shown: list[Element] = [Buttons(starts)] if starts else []
    if rest := flows[first : first + MAX_OPTIONS]:
        by_title = sorted(rest, key=lambda one: one[1].casefold())
        shown.append(
            Select(
                name=FIELD,
                label=words.say(locale, "common.menu_more"),
                options=tuple(Option(name, title) for name, title in by_title),
                submit=Choice(str(PickFlow()), words.say(locale, "common.menu_start")),
            )
        )
    return shown
