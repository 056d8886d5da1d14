"""From blocks to messages that Slack takes: at most 50 blocks, and not too heavy all together.

What can be pressed always stays in one message, the last, because Slack tells of a press only what
was filled in beside it; long words before it go ahead in messages of their own.
"""

from __future__ import annotations

from itertools import groupby

from bot.adapters.slack import limits
from bot.adapters.slack.limits import Block, weight

_ALIVE = frozenset({"actions", "input"})


def messages(blocks: list[Block]) -> list[list[Block]]:
    """*blocks* as one message, or several where one cannot hold them; never none."""
    if len(blocks) > limits.MESSAGE_BLOCKS:
        blocks = _gathered(blocks)
    if weight(blocks) <= limits.MESSAGE_WEIGHT:
        return [blocks]
    said = [block for block in blocks if block["type"] not in _ALIVE]
    alive = [block for block in blocks if block["type"] in _ALIVE]
    parts: list[list[Block]] = [[]]
    for block in said:
        if parts[-1] and weight([*parts[-1], block]) > limits.MESSAGE_WEIGHT:
            parts.append([])
        parts[-1].append(block)
    if alive and weight([*parts[-1], *alive]) > limits.MESSAGE_WEIGHT and parts[-1]:
        parts.append([])
    parts[-1] += alive
    return parts


def view_blocks(blocks: list[Block]) -> list[Block]:
    """The blocks of a modal or a home, which take 100."""
    return blocks if len(blocks) <= limits.VIEW_BLOCKS else _gathered(blocks)


def _gathered(blocks: list[Block]) -> list[Block]:
    """The same in fewer blocks: no lines between, buttons together at the end, words joined. An element
    becomes two blocks at most besides its line, so that 40 of them always fit."""
    kept = [block for block in blocks if block["type"] not in ("divider", "actions")]
    named = [block for block in blocks if block["type"] == "actions" and "block_id" in block]
    rest = [block for block in blocks if block["type"] == "actions" and "block_id" not in block]
    buttons = [one for block in rest for one in block["elements"]]
    rows = [
        {"type": "actions", "elements": buttons[at : at + limits.ROW]}
        for at in range(0, len(buttons), limits.ROW)
    ]
    joined: list[Block] = []
    for kind, group in groupby(kept, key=lambda block: block["type"]):
        run = list(group)
        if kind == "rich_text":
            joined.append({"type": kind, "elements": [one for block in run for one in block["elements"]]})
        else:
            joined += run
    return [*joined, *named, *rows]
