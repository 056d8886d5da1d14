"""An open modal, or the App Home, in a person's hands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fakes.slack.delivery import Delivered
from tests.fakes.slack.methods_views import MOST_OPEN, changed, opened, wrong_with
from tests.fakes.slack.reading import Control, controls, links, words
from tests.fakes.slack.values import chosen, state_value
from tests.fakes.slack.workspace import View, merged

if TYPE_CHECKING:
    from tests.fakes.slack.people import Client


class Modal:
    def __init__(self, client: Client, view: View) -> None:
        self.client = client
        self.view = view
        self.errors: dict[str, str] = {}

    @property
    def title(self) -> str:
        return str(self.view.body["title"]["text"])

    def read(self) -> str:
        return words(self.view.body["blocks"])

    def links(self) -> list[tuple[str, str]]:
        return list(links(self.view.body["blocks"]))

    def find(self, label: str) -> Control:
        for control in controls(self.view.body["blocks"]):
            if label in (control.label, control.action) or control.action.endswith(label):
                return control
        raise LookupError(f"no control {label!r} in {self.read()}")

    def fills(self, label: str, value: Any) -> None:
        control = self.find(label)
        filled = state_value(control, value)
        self.view.state = merged(self.view.state, control.block, control.action, filled)

    async def presses(self, label: str, value: Any = None) -> Delivered:
        """A button, or a list that sends at once (*value*)."""
        control = self.find(label)
        view = self.view
        kind = {"type": "view", "view_id": view.id}
        if value is not None:
            self.fills(label, value)
        return await self.client.interacts(
            {
                "type": "block_actions", "container": kind, "view": view.json(self.client.team),
                "actions": [chosen(control, value, self.client.slack.world.ts())],
            },
            view=view.id if view.body["type"] == "modal" else "",
        )  # fmt: skip

    async def searches(self, label: str, typed: str) -> list[dict[str, Any]]:
        control = self.find(label)
        done = await self.client.interacts(
            {
                "type": "block_suggestion", "action_id": control.action, "block_id": control.block,
                "value": typed, "container": {"type": "view", "view_id": self.view.id},
                "view": self.view.json(self.client.team),
            }
        )  # fmt: skip
        return list((done.body or {}).get("options") or [])

    async def submits(self) -> Delivered:
        """Press the modal's own button, and let Slack do what the answer says."""
        self._complete()
        done = await self.client.interacts(
            {"type": "view_submission", "view": self.view.json(self.client.team), "response_urls": []},
            view=self.view.id,
        )
        if done.ok:
            self._answered(done.body if isinstance(done.body, dict) else {})
        return done

    async def closes(self) -> Delivered | None:
        """Close it; the app hears of it only if it asked to."""
        self.view.open = False
        if not self.view.body.get("notify_on_close"):
            return None
        told = {"type": "view_closed", "view": self.view.json(self.client.team), "is_cleared": False}
        return await self.client.interacts(told)

    def _complete(self) -> None:
        """Slack's client does not submit without what must be filled in."""
        assert self.view.open, "the modal is closed"
        for block in self.view.body["blocks"]:
            if block["type"] == "input" and not block.get("optional"):
                control = next(controls([block]))
                drawn = state_value(control, None)
                seen = self.view.state.get(control.block, {}).get(control.action, drawn)
                given = [value for name, value in seen.items() if name != "type"]
                assert any(given), f"{control.label} must be filled in"
        for control in controls(self.view.body["blocks"]):
            if control.kind not in {"button", "overflow"}:
                seen = self.view.state.get(control.block, {}).get(control.action)
                seen = seen or state_value(control, None)
                self.view.state = merged(self.view.state, control.block, control.action, seen)

    def _answered(self, answer: dict[str, Any]) -> None:
        world, user = self.client.slack.world, self.client.person.id
        self.errors = {}
        match answer.get("response_action"):
            case "errors":
                known = {
                    block.get("block_id") for block in self.view.body["blocks"] if block["type"] == "input"
                }
                assert answer["errors"], "errors must name a field"
                assert answer["errors"].keys() <= known, "errors are keyed by the block_id of an input"
                self.errors = dict(answer["errors"])
            case "update" | "push" as action:
                wrong = wrong_with(answer["view"])
                assert not wrong, wrong
                body = {**answer["view"], "blocks": world.named(answer["view"]["blocks"])}
                if action == "update":
                    changed(world, self.view, body)
                else:
                    assert len(world.stack(user)) < MOST_OPEN, "too many modals"
                    opened(world, user, body, self.view)
            case "clear":
                for view in world.stack(user):
                    view.open = False
            case None:
                self.view.open = False
            case other:
                raise AssertionError(f"no response_action {other}")
