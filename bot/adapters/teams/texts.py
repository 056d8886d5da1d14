"""Text on a card, so that nobody's words become markup.

A TextBlock reads a little Markdown and expands ``{{DATE(…)}}``; whether clients honour a backslash is
not documented. So what holds a character that means something goes into a RichTextBlock, where nothing
means anything; only where Teams has a TextBlock alone (headings, labels) is it escaped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from bot.core.elements import Link, Span, Spans

Address = Callable[[Link], str]
"""Where a link leads; empty when what it refers to is gone."""

_MEANS = re.compile(r"[\\*_\[\]()~`#<>]")
_RISKY = re.compile(r"[\\*_\[\]~`#<>]|\{\{|^\s*(?:[-+]|\d+[.)])\s|\n", re.MULTILINE)
_TWO = re.compile(r"\{(?=\{)")
_BREAK = "\u2060"  # word joiner: nobody sees it, and two braces are no longer together


def escaped(text: str) -> str:
    """*text* for a TextBlock, in one line."""
    one = " ".join(text.split())
    one = re.sub(r"^(\d+)([.)])(\s)", r"\1\\\2\3", _MEANS.sub(r"\\\g<0>", one))
    return literal(re.sub(r"^([-+])(\s)", r"\\\1\2", one))


def literal(text: str) -> str:
    """*text* without anything a client expands, for places that read no Markdown."""
    return _TWO.sub("{" + _BREAK, text)


def is_plain(text: str) -> bool:
    """Nothing in it means anything to a client."""
    return _RISKY.search(text) is None


def block(spans: Spans, address: Address, *, lead: str = "") -> dict[str, Any]:
    """A paragraph. *lead* goes before it, such as the number of a step."""
    text = lead + "".join(span.text for span in spans)
    if is_plain(text) and not any(span.foreign or styled(span) for span in spans):
        return {"type": "TextBlock", "text": text, "wrap": True}
    runs = [_run(span, address) for span in spans]
    return rich([{"type": "TextRun", "text": lead}, *runs] if lead else runs)


def rich(runs: Iterable[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": list(runs)}


def lines(text: str, most: int = 20, **style: Any) -> list[dict[str, Any]]:
    """Somebody else's words as they are, a block for each line."""
    found = [line for line in text.splitlines() if line.strip()]
    found = [*found[: most - 1], " ".join(found[most - 1 :])] if len(found) > most else found
    return [rich([{"type": "TextRun", "text": literal(line), **style}]) for line in found or [text]]


def styled(span: Span) -> bool:
    return span.bold or span.italic or span.code or span.link is not None


def _run(span: Span, address: Address) -> dict[str, Any]:
    run: dict[str, Any] = {"type": "TextRun", "text": literal(span.text)}
    if span.bold:
        run["weight"] = "Bolder"
    if span.italic:
        run["italic"] = True
    if span.code:
        run["fontType"] = "Monospace"
    if span.link is not None and (where := address(span.link)):
        run["selectAction"] = {"type": "Action.OpenUrl", "title": span.text, "url": where}
    return run
