"""Cards and talks through the whole product: in one piece though the line breaks, and never obeyed."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from bot.core.records import Case, Job
from tests.fakes.slack.house import AGENTS, SlackHouse
from tests.fakes.slack.reading import words
from tests.fakes.slack.workspace import Posted

LOUD = "<!channel> *Ada* <https://evil.example|Reset> :bomb:"


async def calls_for_a_person(house: SlackHouse, before: Callable[[], object] = lambda: None) -> None:
    """Somebody asks for a human: a card goes up, and their talk goes on. *before* the card."""
    ada = house.user()
    await ada.commands("/keyturn", "new phone")
    await later(house)
    await ada.presses("New phone")
    await later(house)
    before()
    await ada.writes("person")
    await later(house)


async def later(house: SlackHouse) -> None:
    """Until everything that had to wait has had its time."""
    for _ in range(4):
        house.sandbox.clock.go(seconds=5)
        await house.settle()


def cards(house: SlackHouse) -> tuple[list[Posted], list[Posted]]:
    """(what stands in the agents' channel itself, what stands in threads)."""
    every = house.slack.world.of_app(AGENTS)
    return [one for one in every if not one.thread_ts], [one for one in every if one.thread_ts]


async def test_a_card_tells_of_its_case_without_a_button_that_decides(slack_house: SlackHouse) -> None:
    """The way to the page and nothing else; what happens later changes this card, and is told below it."""
    await calls_for_a_person(slack_house)
    (card,), _ = cards(slack_house)
    before = words(card.blocks)
    assert '"value"' not in json.dumps(card.blocks)
    (case,) = await slack_house.rows(Case)
    assert case.number in before
    assert "/r/" in str(card.blocks)
    assert "/r/" not in slack_house.at_rest().decode(errors="replace")
    await slack_house.user().writes("stop")
    await later(slack_house)
    (same,), story = cards(slack_house)
    assert same.ts == card.ts
    assert same.earlier
    assert "Done" in words(same.blocks)
    assert {one.thread_ts for one in story} == {card.ts}
    assert any("closed" in words(one.blocks) for one in story)
    await slack_house.untroubled()


async def test_a_name_from_the_directory_pages_nobody(slack_house: SlackHouse) -> None:
    """Whoever may set their own display name could otherwise call the whole channel."""
    who = slack_house.sandbox.state.directory.get("employee")
    assert who is not None
    who.user["displayName"] = LOUD
    slack_house.sandbox.state.directory.save(who)
    await calls_for_a_person(slack_house)
    (card,), _ = cards(slack_house)
    assert LOUD in words(card.blocks)
    assert "&lt;!channel&gt;" in card.text
    await slack_house.untroubled()


@pytest.mark.parametrize("fault", ["drop_after", "drop_before", "status", "limited"])
async def test_a_line_that_breaks_doubles_nothing_and_loses_nothing(
    slack_house: SlackHouse, fault: str
) -> None:
    """The answer, the card and its story break off, or are refused for now; in the end each stands there
    once."""
    faults = slack_house.slack.faults
    getattr(faults, fault)("chat.postMessage", times=2)
    await calls_for_a_person(slack_house, lambda: getattr(faults, fault)("chat.postMessage", times=4))
    await slack_house.user().writes("stop")
    await later(slack_house)
    assert len([one for one in slack_house.slack.calls("chat.postMessage") if one.outcome != "ok"]) >= (
        0 if fault == "drop_after" else 6
    )
    said = [words(one.blocks) for one in slack_house.user().shown()]
    assert len(said) == len(set(said))
    assert any("called a person" in text for text in said)
    channel, story = cards(slack_house)
    assert len(channel) == 1
    told = [words(one.blocks) for one in story]
    assert len(told) == len(set(told))
    assert await slack_house.rows(Job, status="dead") == []
