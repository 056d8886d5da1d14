"""T09, T10: however often Slack, or somebody with a recording, delivers a thing, it happens once; and what
was not taken is not acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from bot.core.records import AuditRow, Case, ChatAccount, EventRow, Job
from bot.errors import TransientError
from tests.fakes.slack.delivery import Delivered
from tests.fakes.slack.house import SlackHouse
from tests.fakes.slack.workspace import BOT_USER


async def everything(house: SlackHouse) -> list[Delivered]:
    """One of each kind of thing that comes in, as a person does it; what was delivered."""
    ada = house.user()
    hall = house.slack.world.channel("hall", ada.person.id, BOT_USER)
    await ada.writes("hello")
    await ada.mentions("I got a new phone", channel=hall.id)
    await ada.shortcut("keyturn_from_message", hall.messages[0])
    await ada.commands("/keyturn", "new phone", channel=hall.id)
    await house.settle()
    await ada.presses("New phone")
    await house.settle()
    await ada.presses("No, wiped or broken")
    await house.settle()
    return list(house.slack.delivery.sent)


async def counts(house: SlackHouse) -> dict[str, int]:
    kinds: tuple[type[Any], ...] = (EventRow, Case, Job, AuditRow)
    found = {kind.__name__: len(await house.rows(kind)) for kind in kinds}
    posts = house.slack.calls("chat.postMessage") + house.slack.calls("chat.postEphemeral")
    return found | {"posts": len(posts)}


async def test_a_recording_of_everything_played_again_changes_nothing(slack_house: SlackHouse) -> None:
    """T09: inside the five minutes every signature still holds; only the keys stop it."""
    recorded = await everything(slack_house)
    before = await counts(slack_house)
    for _ in range(3):
        for done in recorded:
            again = await slack_house.slack.delivery.send(done.kind, done.payload)
            assert again.status == 200
        await slack_house.settle()
    assert await counts(slack_house) == before


async def test_a_hundred_copies_at_once_are_one(slack_house: SlackHouse) -> None:
    """T09: none of them waits politely for the first."""
    ada = slack_house.user()
    await ada.writes("new phone")
    await slack_house.settle()
    message, control = ada.find("New phone")
    pressed = await ada.clicks(message, control)
    send = slack_house.slack.delivery.send
    await asyncio.gather(*(send(pressed.kind, pressed.payload) for _ in range(100)))
    await slack_house.settle()
    assert len(await slack_house.rows(Case)) == 1
    assert len([row for row in await slack_house.rows(EventRow) if row.kind == "Opened"]) == 1


async def test_a_retry_after_a_lost_acknowledgement_is_acknowledged_and_nothing_more(
    slack_house: SlackHouse,
) -> None:
    """T10: up to three times, with a number and a reason in the headers, which change nothing."""
    done = await slack_house.user().writes("I got a new phone")
    for _ in range(3):
        done = await slack_house.slack.delivery.again(done)
        assert done.status == 200
    await slack_house.settle()
    assert len(slack_house.user().shown()) == 1


async def test_the_same_event_over_two_roads_is_one(slack_house: SlackHouse) -> None:
    """The keys are of what happened, not of how it came: an envelope of a socket counts as the same."""
    from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app
    from slack_sdk.socket_mode.request import SocketModeRequest

    done = await slack_house.user().writes("I got a new phone")
    (channel,) = slack_house.product.chatting.channels
    (door,) = channel.pages
    frame = SocketModeRequest("events_api", "another-frame", done.payload)
    assert (await run_async_bolt_app(door._app, frame)).status == 200
    assert len(await slack_house.rows(EventRow)) == 1


async def test_two_presses_of_a_person_are_two_and_the_second_is_refused(slack_house: SlackHouse) -> None:
    """A double click is two things that happened; the question is answered by the first."""
    ada = slack_house.user()
    await ada.writes("new phone")
    await slack_house.settle()
    await ada.presses("New phone")
    await slack_house.settle()
    message, control = ada.find("No, wiped or broken")
    await asyncio.gather(ada.clicks(message, control), ada.clicks(message, control))
    await slack_house.settle()
    assert [row.reply["refused"] for row in await slack_house.rows(EventRow) if row.kind == "Chose"].count(
        "stale"
    ) == 1


# --- a store that is away ------------------------------------------------------------------------


@contextmanager
def away(house: SlackHouse) -> Iterator[None]:
    """The store takes nothing for a while, as a database that fails over."""
    store, kept = house.product.store, house.product.store.transact

    async def transact(_fn: Any) -> Any:
        raise TransientError("the store is away")

    store.transact = transact  # type: ignore[method-assign]
    try:
        yield
    finally:
        store.transact = kept  # type: ignore[method-assign]


async def test_an_event_that_was_not_stored_is_not_acknowledged_and_comes_again(
    slack_house: SlackHouse,
) -> None:
    """Slack tries again at once, after a minute and after five; nothing is lost in between."""
    ada = slack_house.user()
    with away(slack_house):
        assert (await ada.writes("I got a new phone")).status == 503
    assert await slack_house.rows(EventRow) == []
    (again,) = await slack_house.slack.delivery.retry_failed()
    assert again.status == 200
    await slack_house.settle()
    assert "New phone" in ada.read()[-1]


async def test_a_press_that_was_not_stored_is_an_error_and_says_so(slack_house: SlackHouse) -> None:
    """Slack sends presses once: the person must know that nothing happened. The button stays."""
    ada = slack_house.user()
    await ada.writes("new phone")
    await slack_house.settle()
    with away(slack_house):
        assert (await ada.presses("New phone")).status == 503
    await slack_house.settle()
    assert "nothing happened" in ada.read()[-1]
    assert (await ada.presses("New phone")).status == 200
    await slack_house.settle()
    assert len(await slack_house.rows(Case)) == 1


async def test_a_command_that_was_not_stored_says_so(slack_house: SlackHouse) -> None:
    """An honest sentence where Slack would show an error code."""
    with away(slack_house):
        done = await slack_house.user().commands("/keyturn", "new phone")
    assert (done.status, "nothing happened" in str(done.body)) == (200, True)


async def test_a_form_that_was_not_stored_stays_open_with_what_was_filled_in(slack_house: SlackHouse) -> None:
    """Nobody types a form twice because of us."""
    ada = slack_house.user()
    state = {"field:value": {"field:value": {"type": "plain_text_input", "value": "iPhone 17"}}}
    view = {
        "id": "V1", "type": "modal", "hash": "1.x", "callback_id": "keyturn_form",
        "private_metadata": '{"choice":"f:none:model:1","ref":""}', "state": {"values": state},
    }  # fmt: skip
    with away(slack_house):
        done = await ada.interacts({"type": "view_submission", "view": view})
    assert done.status == 200
    assert done.body["response_action"] == "errors"
    assert list(done.body["errors"]) == ["field:value"]
    done = await ada.interacts({"type": "view_submission", "view": view})
    assert (done.status, done.body) == (200, "")


async def test_a_slow_directory_costs_the_hint_and_not_the_acknowledgement(
    slack_house: SlackHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slack waits three seconds and no longer. Whose account it is counts from when it is known."""
    monkeypatch.setattr("bot.adapters.slack.people.LOOK_UP", 0.01)
    directory, answer = slack_house.product.chatting.identity._directory, asyncio.Event()
    find = directory.find

    async def slow(mail: str) -> Any:
        await answer.wait()
        return await find(mail)

    monkeypatch.setattr(directory, "find", slow)
    ada = slack_house.user()
    assert (await ada.writes("hello")).status == 200
    (account,) = await slack_house.rows(ChatAccount)
    assert (account.standing, account.oid) == ("member", "")
    answer.set()
    async with asyncio.timeout(5):
        while not (await slack_house.rows(ChatAccount))[0].oid:  # noqa: ASYNC110 - the row is what counts
            await asyncio.sleep(0)
    assert (await slack_house.rows(ChatAccount))[0].oid == slack_house.sandbox.oid("employee")


async def test_while_slack_cannot_say_who_somebody_is_nothing_is_taken(slack_house: SlackHouse) -> None:
    """Not acknowledged, so it comes again; an unknown person is never served meanwhile."""
    ada, faults = slack_house.user(), slack_house.slack.faults
    slack_house.slack.revoke()
    assert (await ada.writes("I got a new phone")).status == 503
    slack_house.slack.revoke(error="")
    for fault, times in ((faults.limited, 1), (faults.status, 1), (faults.drop_before, 2)):
        fault("users.info", times=times)  # a dropped look-up is repeated once, below us
        (again,) = await slack_house.slack.delivery.retry_failed()
        again.retry = 0  # as if each were the first
        assert (fault, again.status) == (fault, 503)
    assert await slack_house.rows(EventRow) == []
    (again,) = await slack_house.slack.delivery.retry_failed()
    assert again.status == 200
