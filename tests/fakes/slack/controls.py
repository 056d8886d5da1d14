"""Block Kit's composition objects and interactive elements, judged by Slack's published limits.

A `Judge` gathers every complaint with its place, so that a test shows all of them at once. What is
not known here is refused too: a typo would be shown to nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

SELECTS = {"static_select", "external_select", "users_select"}
MULTI = {"multi_static_select", "multi_external_select", "multi_users_select"}
_TEXT_INPUTS = {"plain_text_input", "email_text_input", "url_text_input", "number_input"}
_DATES = {"datepicker", "timepicker", "datetimepicker"}
IN_ACTIONS = SELECTS | MULTI | _DATES | {"button", "overflow", "checkboxes", "radio_buttons"}
IN_SECTION = IN_ACTIONS | {"image"}
IN_INPUT = SELECTS | MULTI | _DATES | _TEXT_INPUTS | {"checkboxes", "radio_buttons"}

_KEYS: dict[str, tuple[set[str], set[str]]] = {  # must have, may have
    "button": ({"text", "action_id"}, {"url", "value", "style", "confirm", "accessibility_label"}),
    "static_select": (
        {"action_id"},
        {"placeholder", "options", "option_groups", "initial_option", "confirm", "focus_on_load"},
    ),
    "external_select": (
        {"action_id"},
        {"placeholder", "initial_option", "min_query_length", "confirm", "focus_on_load"},
    ),
    "users_select": ({"action_id"}, {"placeholder", "initial_user", "confirm", "focus_on_load"}),
    "multi_static_select": (
        {"action_id"},
        {"placeholder", "options", "option_groups", "initial_options", "max_selected_items", "confirm"},
    ),
    "multi_external_select": (
        {"action_id"},
        {"placeholder", "min_query_length", "initial_options", "max_selected_items", "confirm"},
    ),
    "multi_users_select": ({"action_id"}, {"placeholder", "initial_users", "max_selected_items"}),
    "overflow": ({"action_id", "options"}, {"confirm"}),
    "checkboxes": ({"action_id", "options"}, {"initial_options", "confirm", "focus_on_load"}),
    "radio_buttons": ({"action_id", "options"}, {"initial_option", "confirm", "focus_on_load"}),
    "datepicker": ({"action_id"}, {"placeholder", "initial_date", "confirm", "focus_on_load"}),
    "timepicker": ({"action_id"}, {"placeholder", "initial_time", "confirm", "focus_on_load", "timezone"}),
    "datetimepicker": ({"action_id"}, {"initial_date_time", "confirm", "focus_on_load"}),
    "plain_text_input": (
        {"action_id"},
        {
            "placeholder", "initial_value", "multiline", "min_length", "max_length",
            "dispatch_action_config", "focus_on_load",
        },
    ),
    "email_text_input": ({"action_id"}, {"placeholder", "initial_value", "focus_on_load"}),
    "url_text_input": ({"action_id"}, {"placeholder", "initial_value", "focus_on_load"}),
    "number_input": (
        {"action_id", "is_decimal_allowed"},
        {"placeholder", "initial_value", "min_value", "max_value", "focus_on_load"},
    ),
    "image": ({"alt_text"}, {"image_url", "slack_file"}),
}  # fmt: skip
_FEW = {
    "checkboxes": 10,
    "radio_buttons": 10,
    "overflow": 5,
    "static_select": 100,
    "multi_static_select": 100,
}


class Judge:
    """Complaints about what an app sent; *chars* is how much text Slack would count."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.chars = 0

    def no(self, at: str, why: str) -> None:
        self.problems.append(f"{at}: {why}")

    def keys(self, at: str, thing: Any, need: Iterable[str], may: Iterable[str]) -> bool:
        if not isinstance(thing, Mapping):
            self.no(at, "is no object")
            return False
        need, may = {"type", *need} if "type" in thing else set(need), set(may)
        for name in sorted(need - thing.keys()):
            self.no(at, f"lacks {name}")
        for name in sorted(thing.keys() - need - may):
            self.no(at, f"unknown {name}")
        return True

    def size(self, at: str, text: Any, most: int, *, least: int = 1) -> None:
        if not isinstance(text, str):
            self.no(at, "is no text")
        elif not least <= len(text) <= most:
            self.no(at, f"{len(text)} characters, allowed {least} to {most}")

    def text(self, at: str, thing: Any, most: int, *, only: str = "") -> None:
        """A text object; *only* names the one kind allowed here."""
        if not self.keys(at, thing, {"type", "text"}, {"emoji", "verbatim"}):
            return
        kind = thing.get("type")
        if kind not in {"plain_text", "mrkdwn"} or (only and kind != only):
            self.no(at, f"must be {only or 'plain_text or mrkdwn'}, is {kind}")
        if "emoji" in thing and kind != "plain_text":
            self.no(at, "emoji belongs to plain_text")
        if "verbatim" in thing and kind != "mrkdwn":
            self.no(at, "verbatim belongs to mrkdwn")
        self.size(at, thing.get("text"), most)
        if isinstance(thing.get("text"), str) and not thing["text"].strip():
            self.no(at, "is blank")
        self.chars += len(thing.get("text") or "")

    def url(self, at: str, url: Any) -> None:
        self.size(at, url, 3000)
        if isinstance(url, str) and not url.startswith(("https://", "http://", "mailto:", "tel:")):
            self.no(at, "is no address")

    def confirm(self, at: str, thing: Any) -> None:
        if self.keys(at, thing, {"title", "text", "confirm", "deny"}, {"style"}):
            for name, most in (("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)):
                only = "" if name == "text" else "plain_text"
                self.text(f"{at}.{name}", thing.get(name), most, only=only)

    def option(self, at: str, thing: Any, *, rich: bool = False) -> str:
        """*rich*: checkboxes and radio buttons may use mrkdwn. The option's value."""
        if not self.keys(at, thing, {"text", "value"}, {"description", "url"}):
            return ""
        self.text(f"{at}.text", thing.get("text"), 75, only="" if rich else "plain_text")
        self.size(f"{at}.value", thing.get("value"), 150)
        if "description" in thing:
            self.text(f"{at}.description", thing["description"], 75, only="" if rich else "plain_text")
        return str(thing.get("value"))

    def options(self, at: str, things: Any, most: int, *, rich: bool = False) -> list[str]:
        if not isinstance(things, list) or not 1 <= len(things) <= most:
            self.no(at, f"1 to {most} options")
            return []
        values = [self.option(f"{at}[{n}]", one, rich=rich) for n, one in enumerate(things)]
        if len(set(values)) < len(values):
            self.no(at, "two options have one value")
        return values

    def element(self, at: str, thing: Any, allowed: set[str]) -> str:
        """One interactive element, or an image; its action_id."""
        kind = thing.get("type") if isinstance(thing, Mapping) else None
        if kind not in allowed or kind not in _KEYS:
            self.no(at, f"{kind} does not belong here")
            return ""
        self.keys(at, thing, *_KEYS[kind])
        if "action_id" in thing:
            self.size(f"{at}.action_id", thing["action_id"], 255)
        if "confirm" in thing:
            self.confirm(f"{at}.confirm", thing["confirm"])
        if "placeholder" in thing:
            self.text(f"{at}.placeholder", thing["placeholder"], 150, only="plain_text")
        match kind:
            case "button":
                self._button(at, thing)
            case "image":
                self.url(f"{at}.image_url", thing.get("image_url"))
                self.size(f"{at}.alt_text", thing.get("alt_text"), 2000)
            case "static_select" | "multi_static_select" | "checkboxes" | "radio_buttons" | "overflow":
                self._list(at, kind, thing)
            case "plain_text_input":
                self._typed(at, thing)
        return str(thing.get("action_id", ""))

    def _button(self, at: str, thing: Mapping[str, Any]) -> None:
        self.text(f"{at}.text", thing.get("text"), 75, only="plain_text")
        if "value" in thing:
            self.size(f"{at}.value", thing["value"], 2000)
        if "url" in thing:
            self.url(f"{at}.url", thing["url"])
        if "accessibility_label" in thing:
            self.size(f"{at}.accessibility_label", thing["accessibility_label"], 75)
        if thing.get("style", "primary") not in {"primary", "danger"}:
            self.no(at, "style is primary or danger")

    def _list(self, at: str, kind: str, thing: Mapping[str, Any]) -> None:
        rich = kind in {"checkboxes", "radio_buttons"}
        values: list[str] = []
        if groups := thing.get("option_groups"):
            if len(groups) > 100 or "options" in thing:
                self.no(at, "100 groups, or options, not both")
            for n, group in enumerate(groups):
                self.text(f"{at}.groups[{n}].label", group.get("label"), 75, only="plain_text")
                values += self.options(f"{at}.groups[{n}]", group.get("options"), _FEW[kind])
        else:
            values = self.options(f"{at}.options", thing.get("options"), _FEW[kind], rich=rich)
        given = thing.get("initial_option")
        for one in [*([given] if given else []), *thing.get("initial_options", [])]:
            if one.get("value") not in values:
                self.no(at, "begins with an option that it does not have")

    def _typed(self, at: str, thing: Mapping[str, Any]) -> None:
        for name in ("min_length", "max_length"):
            if not 0 <= int(thing.get(name, 1)) <= 3000:
                self.no(at, f"{name} is 0 to 3000")
        if len(thing.get("initial_value", "")) > int(thing.get("max_length", 3000)):
            self.no(at, "initial_value is longer than allowed")
