"""Blocks of a message, a modal or an App Home, judged by Slack's published limits.

`problems` returns what Slack would refuse; the error codes are the web API's affair.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.fakes.slack.controls import IN_ACTIONS, IN_INPUT, IN_SECTION, Judge

MESSAGE_CHARS = 13_200
"""Where several blocks that each obey their limit fail together."""
MOST = {"message": 50, "modal": 100, "home": 100}

_BLOCK_KEYS: dict[str, tuple[set[str], set[str]]] = {
    "section": (set(), {"text", "fields", "accessory", "expand"}),
    "divider": (set(), set()),
    "header": ({"text"}, set()),
    "context": ({"elements"}, set()),
    "actions": ({"elements"}, set()),
    "input": ({"label", "element"}, {"hint", "optional", "dispatch_action"}),
    "image": ({"alt_text"}, {"image_url", "slack_file", "title"}),
    "rich_text": ({"elements"}, set()),
    "markdown": ({"text"}, set()),
}
_RICH = {"rich_text_section", "rich_text_list", "rich_text_preformatted", "rich_text_quote"}
_RICH_KEYS: dict[str, tuple[set[str], set[str]]] = {
    "text": ({"text"}, {"style"}),
    "link": ({"url"}, {"text", "style", "unsafe"}),
    "emoji": ({"name"}, {"unicode", "style"}),
    "user": ({"user_id"}, {"style"}),
    "channel": ({"channel_id"}, {"style"}),
    "broadcast": ({"range"}, set()),
    "usergroup": ({"usergroup_id"}, set()),
    "date": ({"timestamp", "format"}, {"url", "fallback"}),
    "color": ({"value"}, set()),
}
_STYLES = {"bold", "italic", "strike", "code", "underline", "highlight", "client_highlight", "unlink"}


def problems(blocks: Any, surface: str = "message") -> list[str]:
    """Everything Slack would not take of *blocks* on *surface* (message, modal, home)."""
    judge = Judge()
    if not isinstance(blocks, list):
        return ["blocks: is no list"]
    if len(blocks) > MOST[surface]:
        judge.no("blocks", f"{len(blocks)} of at most {MOST[surface]}")
    seen: set[str] = set()
    for n, block in enumerate(blocks):
        at = f"blocks[{n}]"
        ident = block.get("block_id") if isinstance(block, Mapping) else None
        if ident is not None:
            judge.size(f"{at}.block_id", ident, 255)
            if ident in seen:
                judge.no(at, f"block_id {ident} twice")
            seen.add(str(ident))
        _block(judge, at, block)
    if surface == "message" and judge.chars > MESSAGE_CHARS:
        judge.no("blocks", f"{judge.chars} characters in all, allowed {MESSAGE_CHARS}")
    return judge.problems


def _block(judge: Judge, at: str, block: Any) -> None:
    kind = block.get("type") if isinstance(block, Mapping) else None
    if kind not in _BLOCK_KEYS:
        judge.no(at, f"no block {kind}")
        return
    need, may = _BLOCK_KEYS[kind]
    judge.keys(at, block, need, may | {"block_id"})
    match kind:
        case "section":
            _section(judge, at, block)
        case "header":
            judge.text(f"{at}.text", block.get("text"), 150, only="plain_text")
        case "context":
            _context(judge, at, block.get("elements"))
        case "actions":
            _actions(judge, at, block.get("elements"))
        case "input":
            judge.text(f"{at}.label", block.get("label"), 2000, only="plain_text")
            if "hint" in block:
                judge.text(f"{at}.hint", block["hint"], 2000, only="plain_text")
            judge.element(f"{at}.element", block.get("element"), IN_INPUT)
        case "image":
            judge.url(f"{at}.image_url", block.get("image_url"))
            judge.size(f"{at}.alt_text", block.get("alt_text"), 2000)
            if "title" in block:
                judge.text(f"{at}.title", block["title"], 2000, only="plain_text")
        case "rich_text":
            _rich(judge, at, block.get("elements"))
        case "markdown":
            judge.size(f"{at}.text", block.get("text"), 12_000)
            judge.chars += len(block.get("text") or "")


def _section(judge: Judge, at: str, block: Mapping[str, Any]) -> None:
    if "text" not in block and "fields" not in block:
        judge.no(at, "a section has a text or fields")
    if "text" in block:
        judge.text(f"{at}.text", block["text"], 3000)
    if "fields" in block:
        fields = block["fields"]
        if not isinstance(fields, list) or not 1 <= len(fields) <= 10:
            judge.no(at, "1 to 10 fields")
        for n, field in enumerate(fields if isinstance(fields, list) else []):
            judge.text(f"{at}.fields[{n}]", field, 2000)
    if "accessory" in block:
        judge.element(f"{at}.accessory", block["accessory"], IN_SECTION)


def _context(judge: Judge, at: str, elements: Any) -> None:
    if not isinstance(elements, list) or not 1 <= len(elements) <= 10:
        judge.no(at, "1 to 10 elements")
        return
    for n, one in enumerate(elements):
        if isinstance(one, Mapping) and one.get("type") == "image":
            judge.element(f"{at}.elements[{n}]", one, {"image"})
        else:
            judge.text(f"{at}.elements[{n}]", one, 3000)


def _actions(judge: Judge, at: str, elements: Any) -> None:
    if not isinstance(elements, list) or not 1 <= len(elements) <= 25:
        judge.no(at, "1 to 25 elements")
        return
    ids = [judge.element(f"{at}.elements[{n}]", one, IN_ACTIONS) for n, one in enumerate(elements)]
    if len(set(ids)) < len(ids):
        judge.no(at, "an action_id twice")


def _rich(judge: Judge, at: str, elements: Any) -> None:
    if not isinstance(elements, list) or not elements:
        judge.no(at, "rich text needs elements")
        return
    for n, one in enumerate(elements):
        _rich_part(judge, f"{at}.elements[{n}]", one)


def _rich_part(judge: Judge, at: str, part: Any) -> None:
    kind = part.get("type") if isinstance(part, Mapping) else None
    if kind not in _RICH:
        judge.no(at, f"no rich text part {kind}")
        return
    may = {"border"} | ({"indent", "offset"} if kind == "rich_text_list" else set())
    judge.keys(at, part, {"elements"} | ({"style"} if kind == "rich_text_list" else set()), may)
    if kind == "rich_text_list":
        if part.get("style") not in {"bullet", "ordered"}:
            judge.no(at, "a list is bullet or ordered")
        for n, row in enumerate(part.get("elements") or []):
            if not isinstance(row, Mapping) or row.get("type") != "rich_text_section":
                judge.no(f"{at}[{n}]", "a list holds rich_text_section")
            else:
                _rich_part(judge, f"{at}[{n}]", row)
        return
    allowed = {"text", "link"} if kind == "rich_text_preformatted" else set(_RICH_KEYS)
    for n, run in enumerate(part.get("elements") or []):
        _run(judge, f"{at}[{n}]", run, allowed)


def _run(judge: Judge, at: str, run: Any, allowed: set[str]) -> None:
    kind = run.get("type") if isinstance(run, Mapping) else None
    if kind not in allowed:
        judge.no(at, f"{kind} does not belong here")
        return
    judge.keys(at, run, *_RICH_KEYS[kind])
    if kind == "text":
        judge.size(at, run.get("text"), 13_200)
    if kind == "link":
        judge.url(at, run.get("url"))
    if unknown := set(run.get("style", {})) - _STYLES:
        judge.no(at, f"no style {', '.join(sorted(unknown))}")
    judge.chars += len(run.get("text") or run.get("url") or "")
