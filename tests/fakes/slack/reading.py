"""What a person sees of blocks: their words, their buttons, their fields."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

_TOKEN = re.compile(r"<([^<>|]+)(?:\|([^<>]*))?>")


def unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _mrkdwn(text: str) -> str:
    """mrkdwn as it is read; links show their label."""
    return unescaped(_TOKEN.sub(lambda found: found[2] or found[1], text))


def words(blocks: list[dict[str, Any]]) -> str:
    """Everything legible, one block a line."""
    return "\n".join(line for block in blocks if (line := " ".join(_words(block)).strip()))


def _words(thing: Any) -> Iterator[str]:
    if isinstance(thing, list):
        for one in thing:
            yield from _words(one)
    elif isinstance(thing, dict):
        kind = thing.get("type")
        if kind in {"plain_text", "mrkdwn"}:
            yield _mrkdwn(thing["text"]) if kind == "mrkdwn" else thing["text"]
        elif kind in {"rich_text_section", "rich_text_preformatted", "rich_text_quote"}:
            yield "".join(run.get("text") or run.get("url", "") for run in thing["elements"])
        elif kind == "markdown":
            yield thing["text"]
        elif kind == "image":
            yield thing["alt_text"]
        else:
            for name, value in thing.items():
                if name not in {"confirm", "value", "action_id", "block_id"}:
                    yield from _words(value)


class Control(NamedTuple):
    """Something to press, choose or fill in."""

    block: str
    element: dict[str, Any]
    label: str

    @property
    def kind(self) -> str:
        return str(self.element["type"])

    @property
    def action(self) -> str:
        return str(self.element["action_id"])


def controls(blocks: list[dict[str, Any]]) -> Iterator[Control]:
    """In reading order."""
    for block in blocks:
        name = str(block.get("block_id", ""))
        found: list[dict[str, Any]] = []
        match block["type"]:
            case "actions":
                found = block["elements"]
            case "section" if "accessory" in block:
                found = [block["accessory"]]
            case "input":
                found = [block["element"]]
        for element in found:
            if element["type"] != "image":
                yield Control(name, element, _label(block, element))


def _label(block: dict[str, Any], element: dict[str, Any]) -> str:
    if "text" in element:
        return str(element["text"]["text"])
    if "label" in block:
        return str(block["label"]["text"])
    if "placeholder" in element:
        return str(element["placeholder"]["text"])
    return _mrkdwn(block["text"]["text"]) if "text" in block else ""


def links(blocks: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    """(label, address) of all buttons and texts that lead somewhere."""
    for control in controls(blocks):
        if "url" in control.element:
            yield control.label, control.element["url"]
    yield from _links(blocks)


def _links(thing: Any) -> Iterator[tuple[str, str]]:
    if isinstance(thing, list):
        for one in thing:
            yield from _links(one)
    elif isinstance(thing, dict):
        if thing.get("type") == "link":
            yield str(thing.get("text", thing["url"])), str(thing["url"])
        elif thing.get("type") == "mrkdwn":
            for target, label in _TOKEN.findall(thing["text"]):
                if target.startswith("http"):
                    yield unescaped(label or target), unescaped(target)
        else:
            for value in thing.values():
                yield from _links(value)
