"""What Slack would refuse in rendered blocks: an own check beside slack_sdk's models, which know neither
the number of blocks nor ids used twice nor the size of a whole message, and which let a block pass that
we never mean to make.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from slack_sdk.models.blocks import Block as Model
from slack_sdk.models.views import View

from bot.adapters.slack.limits import weight

Block = dict[str, Any]

MESSAGE_BLOCKS, VIEW_BLOCKS = 50, 100
MESSAGE_WEIGHT = 13_200
FALLBACK = 4000
HEADER, CONTEXT_TEXT, RUN = 150, 3000, 3000
BUTTON, VALUE, URL = 75, 2000, 3000
OPTIONS, OPTION, BOXES = 100, 75, 10
ROW, CONTEXT = 25, 10
ALT = 2000
LABEL, HINT, TYPED = 2000, 2000, 3000
TITLE, METADATA, VIEW_SIZE = 24, 3000, 250_000
IDENT = 255
CONFIRM_TITLE, CONFIRM_TEXT, CONFIRM_BUTTON = 100, 300, 30


def complaints(blocks: Sequence[Block], *, most: int = MESSAGE_BLOCKS) -> list[str]:
    """All that Slack would refuse in *blocks*, as ``path: what``."""
    found = [f"blocks: {len(blocks)} of at most {most}"] if not 1 <= len(blocks) <= most else []
    if most == MESSAGE_BLOCKS and (heavy := weight(blocks)) > MESSAGE_WEIGHT:
        found.append(f"blocks: weigh {heavy} of at most {MESSAGE_WEIGHT}")
    named = [block["block_id"] for block in blocks if "block_id" in block]
    if len(named) != len(set(named)):
        found.append("blocks: a block_id stands twice")
    for at, block in enumerate(blocks):
        model = Model.parse(block)
        assert model is not None
        model.to_dict()  # raises SlackObjectFormationError
        found += [f"{at}/{what}" for what in _block(block)]
    return found


def view_complaints(view: Mapping[str, Any]) -> list[str]:
    """All that Slack would refuse in a modal or a home."""
    found = complaints(view["blocks"], most=VIEW_BLOCKS)
    for part in ("title", "submit", "close"):
        found += _length(part, view.get(part, {}).get("text", "-"), TITLE)
    found += _length("private_metadata", view.get("private_metadata", "-"), METADATA)
    found += _length("callback_id", view.get("callback_id", "-"), IDENT)
    if any(block["type"] == "input" for block in view["blocks"]) and view["type"] == "modal":
        found += [] if "submit" in view else ["view: inputs without a submit button"]
    View(**view).to_dict()
    return found


def _block(block: Block) -> Iterator[str]:
    yield from _length("block_id", block.get("block_id", "-"), IDENT)
    match block["type"]:
        case "header":
            yield from _length("header", block["text"]["text"], HEADER)
            if block["text"]["type"] != "plain_text":
                yield "header: markup"
        case "section":
            yield from _length("section", block["text"]["text"], CONTEXT_TEXT)
        case "context":
            yield from _count("context", block["elements"], CONTEXT)
            for one in block["elements"]:
                yield from _length("context", one["text"], CONTEXT_TEXT)
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
            yield from _length("text", one["text"], CONTEXT_TEXT)
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
