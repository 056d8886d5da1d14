"""A person talking in Teams: signed activities in, cards of a strict client out."""

from __future__ import annotations

from typing import Any

from bot.core.model import Place
from tests.fakes.teams.cards import inputs_of
from tests.fakes.teams.house import TeamsHouse
from tests.fakes.teams.people import Answer, Seen

CHOICE = "_c"

MEMBERS = (
    "employee", "hello_user", "manager", "deputy", "agent", "agent2", "author", "officer", "executive",
    "global_admin", "eligible_admin", "new_starter", "floor_worker", "shift_leader", "reception",
)  # fmt: skip
"""Everybody in the tenant whom the bot serves in Teams."""


class TeamsTalker:
    """Implements `tests.scenarios.talkers.Talker`."""

    def __init__(self, teams: TeamsHouse, person: str = "employee", locale: str = "en-US") -> None:
        self.teams = teams
        self.user = teams.user(person, locale=locale)
        self.place: Place = teams.place(person)

    async def write(self, text: str) -> None:
        await self._done(await self.user.write(text))

    async def press(self, ending: str) -> None:
        seen, action = self._button(ending)
        await self._done(await self._pressed(seen, action, {}))

    async def fill(self, ending: str, **fields: str) -> None:
        seen, action = self._button(ending)
        told = await self._pressed(seen, action, fields if _holds(seen.card, fields) else {})
        if told.dialog is not None:
            card = told.dialog["value"]["card"]["content"]
            told = await self.user.submit_dialog(card, fields, seen)
        await self._done(told)

    async def seen(self) -> list[str]:
        return [one.text for one in self.user.seen()]

    async def choices(self) -> list[str]:
        return [
            str(action["data"][CHOICE])
            for one in self.user.seen()
            for action in one.actions
            if CHOICE in action.get("data", {})
        ]

    async def link(self, part: str) -> str:
        for one in reversed(self.user.seen()):
            for url in one.links:
                if part in url:
                    return url
        raise AssertionError(f"no link {part}")

    def _button(self, ending: str) -> tuple[Seen, dict[str, Any]]:
        for one in reversed(self.user.seen()):
            for action in one.actions:
                if str(action.get("data", {}).get(CHOICE, "")).endswith(ending):
                    return one, action
        raise AssertionError(f"no button …{ending} in {[one.text for one in self.user.seen()][-2:]}")

    async def _pressed(self, seen: Seen, action: dict[str, Any], form: dict[str, str]) -> Answer:
        if action["type"] == "Action.Submit":
            return await self.user.submit(seen, action, form)
        return await self.user.act(self.user.execute(seen, action, form))

    async def _done(self, told: Answer) -> None:
        assert told.status == 200, (told.status, told.body)
        await self.teams.settle()


def _holds(card: dict[str, Any] | None, fields: dict[str, str]) -> bool:
    ids = {str(one["id"]) for one in inputs_of(card or {})}
    return any(f"f_{name}" in ids for name in fields)
