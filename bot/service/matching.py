"""Typed words against the words on the buttons."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

_SHORTEST_PREFIX = 3


def folded(text: str) -> str:
    """Letters and digits only, without case, accents or spacing: "Yes, it works!" is "yesitworks"."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(char for char in plain if char.isalnum())


def matched(labels: Mapping[str, str], typed: str) -> str | None:
    """The choice that *typed* means, or None. *labels* are choice ids and what their buttons say, in
    order. Exact words win, then the number of the button, then a beginning that only one has."""
    text = folded(typed)
    if not text:
        return None
    for choice, label in labels.items():
        if text in (folded(label), folded(choice)):
            return choice
    if text.isdecimal():
        number = int(text[:4])
        return list(labels)[number - 1] if 1 <= number <= len(labels) else None
    if len(text) < _SHORTEST_PREFIX:
        return None
    fitting = [choice for choice, label in labels.items() if folded(label).startswith(text)]
    return fitting[0] if len(fitting) == 1 else None
