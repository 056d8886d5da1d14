"""What people typed, freed from Slack's way of writing it down.

Message text arrives with three characters escaped and with ``<…>`` around everything Slack
recognised in it. Both go before anything reads the words: a code would hide behind ``<tel:…>``.
"""

from __future__ import annotations

import re

_TOKEN = re.compile(r"<([^<>]*)>")
_EMOJI = re.compile(r":[a-z0-9_+'&-]+:(?::skin-tone-[2-6]:)?")
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))
MOST = 40_000
"""Slack cuts what is longer."""


def said(text: str) -> str:
    """The words in *text*. Mentions of people and of whole channels are left out; a link leaves what
    it reads as, an emoji nothing."""
    words = _TOKEN.sub(_read, text[:MOST])
    for entity, char in _ENTITIES:
        words = words.replace(entity, char)
    return " ".join(_EMOJI.sub(" ", words).split())


def _read(found: re.Match[str]) -> str:
    inner, _, label = found[1].partition("|")
    if inner.startswith("@"):
        return " "
    if inner.startswith("!"):
        return label if inner.startswith("!date") else " "
    if inner.startswith("#"):
        return f"#{label}" if label else " "
    return label or inner.removeprefix("mailto:").removeprefix("tel:")
