"""views.*: modals live three seconds from a click to their opening, and are changed by hash."""

from __future__ import annotations

import json
from typing import Any

from tests.fakes.slack.blocks import problems
from tests.fakes.slack.controls import Judge
from tests.fakes.slack.web_api import Call, Refused, method
from tests.fakes.slack.workspace import View, Workspace

_KEYS = {
    "type", "title", "blocks", "submit", "close", "private_metadata", "callback_id", "clear_on_close",
    "notify_on_close", "external_id", "submit_disabled",
}  # fmt: skip
MOST_OPEN = 3


def wrong_with(view: Any) -> list[str]:
    """What Slack would refuse of a view."""
    judge = Judge()
    if not isinstance(view, dict):
        return ["view: is no object"]
    kind = view.get("type")
    if kind not in {"modal", "home"}:
        return [f"view: no view {kind}"]
    for name in sorted(view.keys() - _KEYS):
        judge.no("view", f"unknown {name}")
    for name, most in (("private_metadata", 3000), ("callback_id", 255), ("external_id", 255)):
        if name in view:
            judge.size(f"view.{name}", view[name], most, least=0)
    if kind == "modal":
        judge.text("view.title", view.get("title"), 24, only="plain_text")
        for name in ("submit", "close"):
            if name in view:
                judge.text(f"view.{name}", view[name], 24, only="plain_text")
        inputs = any(isinstance(b, dict) and b.get("type") == "input" for b in view.get("blocks") or [])
        if inputs and "submit" not in view:
            judge.no("view", "input blocks need submit")
    elif {"title", "submit", "close"} & view.keys():
        judge.no("view", "a home has no title and no buttons of its own")
    if len(json.dumps(view).encode()) > 250_000:
        judge.no("view", "more than 250 kB")
    return judge.problems + problems(view.get("blocks"), kind)


def _checked(call: Call, kind: str) -> dict[str, Any]:
    view = call.need("view")
    wrong = wrong_with(view)
    if wrong or view["type"] != kind:
        told = [f"[ERROR] {one}" for one in wrong] or [f"[ERROR] must be a {kind}"]
        raise Refused("invalid_arguments", response_metadata={"messages": told})
    external = view.get("external_id")
    taken = {v.body.get("external_id") for v in call.world.views.values() if v.open}
    if external and external in taken and call.args.get("external_id") != external:
        raise Refused("duplicate_external_id")
    return {**view, "blocks": call.world.named(view["blocks"])}


def opened(world: Workspace, user: str, body: dict[str, Any], under: View | None = None) -> View:
    """A new view of *user*, on top of *under*."""
    n = world.number()
    ident = f"V{n:09d}"
    root = under.root if under else ident
    made = View(ident, user, body, f"{n}.hash", root, under.id if under else "")
    world.views[ident] = made
    return made


def changed(world: Workspace, view: View, body: dict[str, Any]) -> None:
    """New content; what was filled in stays where block and action kept their names."""
    kept = {(b["block_id"], b["element"]["action_id"]) for b in body["blocks"] if b["type"] == "input"}
    view.state = {
        block: values
        for block, actions in view.state.items()
        if (values := {a: v for a, v in actions.items() if (block, a) in kept})
    }
    view.body, view.hash = body, f"{world.number()}.hash"


@method("views.open")
def open_view(call: Call) -> dict[str, Any]:
    user, _ = call.slack.triggers.exchange(call)
    body = _checked(call, "modal")
    for view in call.world.stack(user):
        view.open = False
    return {"view": opened(call.world, user, body).json(call.grant.team_id)}


@method("views.push")
def push(call: Call) -> dict[str, Any]:
    user, from_view = call.slack.triggers.exchange(call)
    under = call.world.views.get(from_view)
    if under is None or not under.open:
        raise Refused("not_found")
    if len(call.world.stack(user)) >= MOST_OPEN:
        raise Refused("push_limit_reached")
    return {"view": opened(call.world, user, _checked(call, "modal"), under).json(call.grant.team_id)}


@method("views.update")
def update_view(call: Call) -> dict[str, Any]:
    ident, external = call.args.get("view_id"), call.args.get("external_id")
    found = [
        v for v in call.world.views.values()
        if v.open and (v.id == ident or (external and v.body.get("external_id") == external))
    ]  # fmt: skip
    if not found:
        raise Refused("not_found")
    view = found[0]
    if call.args.get("hash") not in (None, view.hash):
        raise Refused("hash_conflict")
    changed(call.world, view, _checked(call, view.body["type"]))
    return {"view": view.json(call.grant.team_id)}


@method("views.publish")
def publish(call: Call) -> dict[str, Any]:
    user = str(call.need("user_id"))
    person = call.world.people.get(user)
    if person is None or person.is_bot:
        raise Refused("user_not_found" if person is None else "invalid_arguments")
    if not call.slack.app.home_tab:
        raise Refused("not_enabled")
    seen = call.world.homes.get(user)
    if seen is not None and call.args.get("hash") not in (None, seen.hash):
        raise Refused("hash_conflict")
    body = _checked(call, "home")
    made = opened(call.world, user, body)
    made.open = False  # no modal; it stays until the next one
    if seen is not None:
        call.world.views.pop(seen.id, None)
    call.world.homes[user] = made
    return {"view": made.json(call.grant.team_id)}
