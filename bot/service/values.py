"""Values in a text that is markup: put in as placeholders, taken out as literal text.

A placeholder is made of private-use characters only, so that no Markdown parser sees anything in
it; it carries its value itself, so that rendering needs no table. Whatever a name holds, the text
has the same shape.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context

from bot.core.text import clean

_OPEN, _CLOSE, _BASE = "\ue000", "\ue001", 0xE100
_PLACEHOLDER = re.compile(f"{_OPEN}([{chr(_BASE)}-{chr(_BASE + 255)}]*){_CLOSE}")


@pass_context  # with a context, Jinja does not fold constants at compile time
def held(_context: Context, value: object) -> str:
    """`finalize` of texts in Markdown: the placeholder of *value*."""
    return _OPEN + "".join(chr(_BASE + byte) for byte in shown(value).encode()) + _CLOSE


@pass_context
def written(_context: Context, value: object) -> str:
    """`finalize` of plain texts: *value* itself, cleaned."""
    return shown(value)


def shown(value: object) -> str:
    """*value* as people see it. An undefined one raises here."""
    return "" if value is None else clean(value)


def pieces(text: str) -> Iterator[tuple[str, bool]]:
    """(text, whether it is a value) from a text with placeholders."""
    end = 0
    for found in _PLACEHOLDER.finditer(text):
        if found.start() > end:
            yield text[end : found.start()], False
        yield bytes(ord(char) - _BASE for char in found[1]).decode(), True
        end = found.end()
    if end < len(text):
        yield text[end:], False


def filled(text: str) -> str:
    """*text* with its values in place."""
    return "".join(piece for piece, _ in pieces(text))


def named(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values for a template: maps become plain objects, so that ``a.items`` is no method."""
    return {name: _named(value) for name, value in values.items()}


def _named(value: object) -> Any:
    return SimpleNamespace(**named(value)) if isinstance(value, Mapping) else value
