"""How Slack tells what was pressed, chosen or typed."""

from __future__ import annotations

from typing import Any

from tests.fakes.slack.reading import Control

_PICKED = {
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "users_select": "selected_user",
    "datetimepicker": "selected_date_time",
}
_ONE = {"static_select", "external_select", "radio_buttons", "overflow"}
_MANY = {"checkboxes", "multi_static_select", "multi_external_select"}


def option(control: Control, value: str) -> dict[str, Any]:
    """The option with that value or label. Raises LookupError for one that is not offered."""
    if control.kind.endswith("external_select"):
        return {"text": {"type": "plain_text", "text": value, "emoji": True}, "value": value}
    for one in control.element["options"]:
        if value in (one["value"], one["text"]["text"]):
            return dict(one)
    raise LookupError(f"no option {value!r}")


def state_value(control: Control, value: Any) -> dict[str, Any]:
    """The entry of a field in `state.values`; None: as it was drawn."""
    element, kind = control.element, control.kind
    told: dict[str, Any] = {"type": kind}
    if kind in _ONE:
        told["selected_option"] = option(control, value) if value else element.get("initial_option")
    elif kind in _MANY:
        chosen = [option(control, one) for one in value] if value else element.get("initial_options", [])
        told["selected_options"] = chosen
    elif kind in _PICKED:
        initial = _PICKED[kind].replace("selected", "initial")
        told[_PICKED[kind]] = value or element.get(initial)
    else:
        told["value"] = _typed(element, value) if value is not None else element.get("initial_value")
    return told


def _typed(element: dict[str, Any], value: str) -> str | None:
    """Slack's client does not let anybody type too much or too little; an empty field is null."""
    if value and not element.get("min_length", 0) <= len(value) <= element.get("max_length", 3000):
        raise ValueError("Slack would not let that be typed")
    return value or None


def chosen(control: Control, value: Any, ts: str) -> dict[str, Any]:
    """The entry of `actions` for one press or choice."""
    element = control.element
    told: dict[str, Any] = {
        "type": control.kind, "action_id": control.action, "block_id": control.block, "action_ts": ts
    }  # fmt: skip
    if control.kind == "button":
        told |= {name: element[name] for name in ("text", "value", "style", "url") if name in element}
    else:
        told |= state_value(control, value)
    return told
