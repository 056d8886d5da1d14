"""How long and how many Slack lets things be, and a check of rendered blocks against all of it.

Slack's own models (slack_sdk) know most of these; they miss the number of blocks, ids used twice and
the size of a whole message. The sources are Slack's reference pages and the comments of its
TypeScript types; the last figure was measured by others: a message whose blocks each obey their limits
still fails with `msg_blocks_too_long` at about 13,200 characters.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Block = dict[str, Any]

MESSAGE_BLOCKS, VIEW_BLOCKS = 50, 100
MESSAGE_WEIGHT = 12_000
"""Of our counting (`weight`), which counts more than Slack seems to."""
VIEW_WEIGHT = 200_000
"""Of a view as JSON; Slack refuses 250 kB."""
ROW = 25
FALLBACK = 4000
HEADER = 150
SECTION = 3000
BUTTON, VALUE, URL = 75, 2000, 3000
OPTIONS, OPTION, BOXES = 100, 75, 10
CONTEXT = 10
ALT = 2000
LABEL, HINT, TYPED = 2000, 2000, 3000
TITLE = 24
METADATA = 3000
IDENT = 255
CONFIRM_TITLE, CONFIRM_TEXT, CONFIRM_BUTTON = 100, 300, 30


def weight(blocks: Sequence[Block]) -> int:
    """How much *blocks* count towards the size of a message: their JSON without lists of options,
    which people do not read as part of it."""
    return len(json.dumps([_lean(block) for block in blocks], ensure_ascii=False))


def complaints(blocks: Sequence[Block], *, most: int = MESSAGE_BLOCKS) -> list[str]:
    """All that Slack would refuse in *blocks*, as ``path: what``."""
    found = [f"blocks: {len(blocks)} of at most {most}"] if not 1 <= len(blocks) <= most else []
    if most == MESSAGE_BLOCKS and (heavy := weight(blocks)) > MESSAGE_WEIGHT:
        found.append(f"blocks: weigh {heavy} of at most {MESSAGE_WEIGHT}")
    named = [block["block_id"] for block in blocks if "block_id" in block]
    if len(named) != len(set(named)):
        found.append("blocks: a block_id stands twice")
    for at, block in enumerate(blocks):
        found += [f"{at}/{what}" for what in _block(block)]
    return found


def _lean(node: Any) -> Any:
    if isinstance(node, Mapping):
        return {key: _lean(value) for key, value in node.items() if key != "options"}
    return [_lean(one) for one in node] if isinstance(node, list) else node


def _block(block: Block) -> Iterator[str]:
    yield from _length("block_id", block.get("block_id", "-"), IDENT)
    match block["type"]:
        case "header":
            yield from _length("header", block["text"]["text"], HEADER)
            if block["text"]["type"] != "plain_text":
                yield "header: markup"
        case "section":
            yield from _length("section", block["text"]["text"], SECTION)
        case "context":
            yield from _count("context", block["elements"], CONTEXT)
            for one in block["elements"]:
                yield from _length("context", one["text"], SECTION)
        case "actions":
            yield from _count("actions", block["elements"], ROW)
            ids = [one["action_id"] for one in block["elements"]]
            if len(ids) != len(set(ids)):
                yield "actions: an action_id stands twice"
            for one in block["elements"]:
                yield from _control(one)
        case "input":
            yield from _length("label", block["label"]["text"], LABEL)
            yield from _length("hint", block.get("hint", {}).get("text", "-"), HINT)
            yield from _control(block["element"])
        case "image":
            yield from _length("image_url", block["image_url"], URL)
            yield from _length("alt_text", block["alt_text"], ALT)
        case "rich_text":
            yield from _rich(block)
        case "divider":
            pass
        case other:
            yield f"{other}: a kind of block that we do not make"


def _rich(node: Mapping[str, Any]) -> Iterator[str]:
    if not node["elements"]:
        yield f"{node['type']}: empty"
    for one in node["elements"]:
        if "elements" in one:
            yield from _rich(one)
        elif one["type"] == "text":
            yield from _length("text", one["text"], SECTION)
        elif one["type"] == "link":
            yield from _length("url", one["url"], URL)
        else:
            yield f"{one['type']}: a kind of text that we do not make"


def _control(one: Mapping[str, Any]) -> Iterator[str]:
    yield from _length("action_id", one["action_id"], IDENT)
    match one["type"]:
        case "button":
            yield from _length("button", one["text"]["text"], BUTTON)
            yield from _length("value", one.get("value", "-"), VALUE)
            yield from _length("url", one.get("url", "-"), URL)
            if confirm := one.get("confirm"):
                yield from _length("confirm/title", confirm["title"]["text"], CONFIRM_TITLE)
                yield from _length("confirm/text", confirm["text"]["text"], CONFIRM_TEXT)
                yield from _length("confirm/confirm", confirm["confirm"]["text"], CONFIRM_BUTTON)
                yield from _length("confirm/deny", confirm["deny"]["text"], CONFIRM_BUTTON)
        case "static_select" | "checkboxes" as kind:
            yield from _count(kind, one["options"], OPTIONS if kind == "static_select" else BOXES)
            for option in one["options"]:
                yield from _length("option", option["text"]["text"], OPTION)
                yield from _length("option/value", option["value"], OPTION)
        case "plain_text_input":
            if not 1 <= one["max_length"] <= TYPED:
                yield "plain_text_input: max_length"
        case "datepicker" | "timepicker":
            pass
        case other:
            yield f"{other}: a kind of control that we do not make"


def _length(what: str, text: str, most: int) -> Iterator[str]:
    if not 1 <= len(text) <= most:
        yield f"{what}: {len(text)} of 1 to {most} characters"


def _count(what: str, things: Sequence[object], most: int) -> Iterator[str]:
    if not 1 <= len(things) <= most:
        yield f"{what}: {len(things)} of 1 to {most}"
