"""What a Teams client can show: the elements and properties of Adaptive Cards 1.5, from its schema,
and what Teams adds or takes away. `complaints` is empty for a card that shows everywhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

_ITEM = {"type", "fallback", "height", "id", "isVisible", "requires", "separator", "spacing"}
_INPUT = _ITEM | {"errorMessage", "isRequired", "label"}
_ACTION = {
    "type", "fallback", "iconUrl", "id", "isEnabled", "mode", "requires", "style", "title", "tooltip",
}  # fmt: skip
PROPERTIES: dict[str, set[str]] = {
    "AdaptiveCard": {
        "type", "$schema", "actions", "body", "fallbackText", "lang", "refresh", "rtl", "speak", "version",
        "msteams", "minHeight", "verticalContentAlignment",
    },
    "TextBlock": _ITEM | {
        "color", "fontType", "horizontalAlignment", "isSubtle", "maxLines", "size", "style", "text", "weight",
        "wrap",
    },
    "RichTextBlock": _ITEM | {"horizontalAlignment", "inlines"},
    "TextRun": {
        "type", "text", "color", "fontType", "highlight", "isSubtle", "italic", "selectAction", "size",
        "strikethrough", "underline", "weight",
    },
    "Image": _ITEM | {
        "altText", "backgroundColor", "horizontalAlignment", "selectAction", "size", "style", "url", "width",
    },
    "Container": _ITEM | {
        "backgroundImage", "bleed", "items", "minHeight", "rtl", "selectAction", "style",
        "verticalContentAlignment",
    },
    "ColumnSet": _ITEM | {"bleed", "columns", "horizontalAlignment", "minHeight", "selectAction", "style"},
    "Column": (_ITEM - {"height"}) | {
        "backgroundImage", "bleed", "items", "minHeight", "rtl", "selectAction", "style",
        "verticalContentAlignment", "width",
    },
    "FactSet": _ITEM | {"facts"},
    "Fact": {"type", "title", "value"},
    "ActionSet": _ITEM | {"actions"},
    "Input.Text": _INPUT | {
        "inlineAction", "isMultiline", "maxLength", "placeholder", "regex", "style", "value",
    },
    "Input.ChoiceSet": _INPUT | {"choices", "isMultiSelect", "placeholder", "style", "value", "wrap"},
    "Input.Choice": {"type", "title", "value"},
    "Input.Toggle": _INPUT | {"title", "value", "valueOff", "valueOn", "wrap"},
    "Input.Date": _INPUT | {"max", "min", "placeholder", "value"},
    "Input.Time": _INPUT | {"max", "min", "placeholder", "value"},
    "Action.Execute": _ACTION | {"associatedInputs", "data", "verb"},
    "Action.Submit": _ACTION | {"associatedInputs", "data"},
    "Action.OpenUrl": _ACTION | {"url"},
    "Action.ShowCard": _ACTION | {"card"},
    "Refresh": {"type", "action", "userIds"},
}  # fmt: skip
REQUIRED = {
    "TextBlock": {"text"}, "RichTextBlock": {"inlines"}, "TextRun": {"text"}, "Image": {"url", "altText"},
    "Container": {"items"}, "FactSet": {"facts"}, "Fact": {"title", "value"}, "ActionSet": {"actions"},
    "Action.Execute": {"title", "verb"}, "Action.OpenUrl": {"title", "url"}, "Input.Toggle": {"title"},
    "AdaptiveCard": {"version", "body"},
}  # fmt: skip
KIDS = ("body", "items", "columns", "actions", "inlines", "facts", "choices")
DEFAULT_KIND = {"facts": "Fact", "choices": "Input.Choice", "inlines": "TextRun", "columns": "Column"}
MOST_ACTIONS = 6
MOST_REFRESHED = 60
MOST_BYTES = 80 * 1024
"""Of one message, as UTF-16, below the 100 KB at which Teams refuses it."""


def walk(node: Any, kind: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """(type, element) of everything inside, the card first."""
    if not isinstance(node, dict):
        return
    kind = str(node.get("type", kind))
    yield kind, node
    for name in KIDS:
        for child in node.get(name, ()):
            yield from walk(child, DEFAULT_KIND.get(name, ""))
    for name in ("card", "selectAction", "inlineAction"):
        yield from walk(node.get(name), "")
    if isinstance(node.get("fallback"), dict):
        yield from walk(node["fallback"])
    if isinstance(node.get("refresh"), dict):
        yield from walk(node["refresh"], "Refresh")
        yield from walk(node["refresh"].get("action"))


def complaints(card: Any) -> list[str]:
    """What a strict client would hold against *card*."""
    if not isinstance(card, dict) or card.get("type") != "AdaptiveCard":
        return ["not a card"]
    found = [] if card.get("version") == "1.5" else [f"version {card.get('version')}"]
    found += [] if card.get("fallbackText") else ["no fallbackText"]
    ids: list[str] = []
    for kind, node in walk(card):
        allowed = PROPERTIES.get(kind)
        if allowed is None:
            found.append(f"unknown element {kind}")
            continue
        found += [f"{kind} has no property {name}" for name in node if name not in allowed]
        found += [f"{kind} lacks {name}" for name in REQUIRED.get(kind, ()) if name not in node]
        found += [f"{kind} with an empty {name}" for name in ("text", "title") if node.get(name) == ""]
        if kind in {"ActionSet", "AdaptiveCard"} and len(node.get("actions", ())) > MOST_ACTIONS:
            found.append("more actions than are shown")
        if kind == "TextBlock" and "{{" in node.get("text", ""):
            found.append("a TextBlock the client would expand")
        if kind == "Refresh" and len(node.get("userIds", ())) > MOST_REFRESHED:
            found.append("refreshed for too many")
        if kind.startswith("Input.") and kind != "Input.Choice":
            ids.append(str(node.get("id", "")))
    if len(ids) != len(set(ids)) or "" in ids:
        found.append("inputs without an id of their own")
    if size(card) > MOST_BYTES:
        found.append("too large")
    return found


def size(body: Any) -> int:
    return len(json.dumps(body, ensure_ascii=False).encode("utf-16-le"))


def text_of(card: dict[str, Any]) -> str:
    """What is read on *card*, a line an element; buttons and inputs left out."""
    lines: list[str] = []
    for kind, node in walk({**card, "refresh": None}):
        match kind:
            case "TextBlock":
                lines.append(node["text"])
            case "RichTextBlock":
                lines.append("".join(run if isinstance(run, str) else run["text"] for run in node["inlines"]))
            case "Fact":
                lines.append(f"{node['title']}: {node['value']}")
            case "Image":
                lines.append(node["altText"])
            case _:
                pass
    return "\n".join(lines)


def actions_of(card: dict[str, Any]) -> list[dict[str, Any]]:
    """Everything to press, in order, without fallbacks and the refresh."""
    fallbacks = [node["fallback"] for _, node in walk(card) if isinstance(node.get("fallback"), dict)]
    refresh = (card.get("refresh") or {}).get("action")
    skip = [*fallbacks, refresh]
    return [
        node for kind, node in walk(card)
        if kind.startswith("Action.") and not any(node is one for one in skip)
    ]  # fmt: skip


def inputs_of(card: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        node for kind, node in walk(card) if kind.startswith("Input.") and kind != "Input.Choice"
    ]  # fmt: skip
