"""How long and how many Slack lets things be, where the neutral model does not say less already.

From Slack's reference pages and the comments of its TypeScript types, save one figure that others
measured: a message whose blocks each obey their limits still fails with `msg_blocks_too_long` at about
13,200 characters.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

Block = dict[str, Any]

MESSAGE_BLOCKS, VIEW_BLOCKS = 50, 100
MESSAGE_WEIGHT = 12_000
"""Of our counting (`weight`), which counts more than Slack seems to."""
ROW = 25
"""Buttons in one block."""
URL = 3000
HINT = 2000
TITLE = 24
"""Of a modal, and of its buttons."""


def weight(blocks: Sequence[Block]) -> int:
    """How much *blocks* count towards the size of a message: what is said in them as JSON, which is the
    most it can be counted as. What is pressed or chosen is left out: a single list may be longer."""
    return len(json.dumps([_lean(block) for block in blocks], ensure_ascii=False))


def _lean(block: Block) -> Block:
    if block["type"] not in ("actions", "input"):
        return block
    return {key: value for key, value in block.items() if key in ("type", "label", "hint")}
