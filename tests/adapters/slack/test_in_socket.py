"""Socket Mode: the same over a connection of our own making, and what becomes of it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from bot.adapters.slack.socket import Socket
from bot.core.records import EventRow
from bot.errors import TransientError
from tests.fakes.sandbox import Sandbox
from tests.fakes.slack.house import SlackHouse, house
from tests.fakes.stores import Stores, quick_folder

SOON = 1.0
"""Seconds between two attempts to connect."""


@pytest_asyncio.fixture
async def wired(
    sandbox: Sandbox, stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[SlackHouse]:
    """The house over a socket."""
    monkeypatch.setattr("bot.adapters.slack.socket.PING", SOON)
    with quick_folder() as folder:
        async with house(sandbox, folder, mode="socket", template=stores.template) as made:
            yield made


def socket_of(made: SlackHouse) -> Socket:
    (channel,) = made.product.chatting.channels
    socket = channel.stop.__self__.socket
    assert isinstance(socket, Socket)
    return socket


@pytest_asyncio.fixture
async def connected(wired: SlackHouse) -> SlackHouse:
    async with asyncio.timeout(10):
        await wired.slack.socket.connected.wait()
    return wired


async def test_everything_comes_over_the_socket(connected: SlackHouse) -> None:
    """Messages, presses, commands and home, with no address for Slack to reach."""
    ada = connected.user()
    assert (await ada.commands("/keyturn", "new phone")).body == {"text": ada_sees(connected)}
    await connected.settle()
    assert (await ada.presses("New phone")).status == 200
    await connected.settle()
    assert (await ada.writes("No, wiped or broken")).status == 200
    assert (await ada.opens_home()).status == 200
    await connected.settle()
    assert "You chose: New phone" in ada.read()[0]
    assert ada.home().body["blocks"]


def ada_sees(made: SlackHouse) -> str:
    return made.product.words.say("en", "slack.in_private")


async def test_there_is_no_door_beside_the_socket(connected: SlackHouse) -> None:
    """What comes over a socket is not signed, so nothing may come in another way."""
    paths = [route.path for page in connected.product.pages for route in page.routes()]
    (channel,) = connected.product.chatting.channels
    assert (list(channel.pages), "/slack/events" in paths) == ([], False)


async def test_what_is_not_stored_gets_no_acknowledgement_and_comes_again(connected: SlackHouse) -> None:
    """Over a socket a failure is silence; Slack delivers again, to any connection."""
    store, kept = connected.product.store, connected.product.store.transact
    ada = connected.user()
    await ada.writes("hello")

    async def transact(_fn: Any) -> Any:
        raise TransientError("the store is away")

    connected.slack.socket.within = 0.3
    store.transact = transact  # type: ignore[method-assign]
    assert (await ada.writes("I got a new phone")).status == 0
    store.transact = kept  # type: ignore[method-assign]
    connected.slack.socket.within = 3.0
    (again,) = await connected.slack.delivery.retry_failed()
    assert again.status == 200
    assert len(await connected.rows(EventRow)) == 2


async def test_a_new_connection_is_made_when_slack_asks_for_one(connected: SlackHouse) -> None:
    """Every few hours Slack refreshes; nothing is lost over it."""
    first = connected.slack.socket.open[0]
    await connected.slack.socket.refresh()
    async with asyncio.timeout(10):
        while first in connected.slack.socket.open or not connected.slack.socket.open:  # noqa: ASYNC110
            await asyncio.sleep(0.02)  # it is Slack's side that is looked at
    assert (await connected.user().writes("hello")).status == 200


async def test_a_cut_connection_is_made_again_with_a_new_address(connected: SlackHouse) -> None:
    """An address works once; asking for the next one fails first, as in an outage."""
    connected.slack.faults.status("apps.connections.open", 503)
    await connected.slack.socket.cut()
    async with asyncio.timeout(20):
        await connected.slack.socket.connected.wait()
    assert len(connected.slack.calls("apps.connections.open")) >= 2
    assert (await connected.user().writes("hello")).status == 200


async def test_an_unreachable_slack_keeps_nobody_from_starting(
    wired: SlackHouse, caplog: pytest.LogCaptureFixture
) -> None:
    """The pages work meanwhile; the connection is made once Slack answers. The address, which is a key for
    some seconds, is in no log."""
    caplog.set_level(logging.DEBUG)
    socket = socket_of(wired)
    await socket.stop()
    wired.slack.socket.connected.clear()
    wired.slack.faults.status("apps.connections.open", 503)
    await socket.start()
    async with asyncio.timeout(20):
        await wired.slack.socket.connected.wait()
    told = "\n".join(record.getMessage() + str(record.exc_info) for record in caplog.records)
    assert "trying again" in told
    assert "ticket=" not in told
    assert wired.slack.app_token not in told


async def test_nothing_that_comes_over_the_socket_is_logged(
    connected: SlackHouse, caplog: pytest.LogCaptureFixture
) -> None:
    """The SDK writes down every frame it gets, if it is let."""
    caplog.set_level(logging.DEBUG)
    await connected.user().writes("the crown jewels are under the mat")
    await connected.slack.socket.refresh()
    await connected.settle()
    assert "crown jewels" not in caplog.text


async def test_what_is_under_way_is_answered_before_the_connection_closes(connected: SlackHouse) -> None:
    """A replica that stops finishes what it took and takes no more."""
    ada, store, kept = connected.user(), connected.product.store, connected.product.store.transact
    await ada.writes("hello")
    reached, go_on = asyncio.Event(), asyncio.Event()

    async def transact(fn: Any) -> Any:
        reached.set()
        await go_on.wait()
        return await kept(fn)

    store.transact = transact  # type: ignore[method-assign]
    writing = asyncio.create_task(ada.writes("I got a new phone"))
    await reached.wait()
    stopping = asyncio.create_task(socket_of(connected).stop())
    await asyncio.sleep(0)
    go_on.set()
    assert (await writing).status == 200
    await stopping
    store.transact = kept  # type: ignore[method-assign]
    assert not await socket_of(connected).connected()
    assert (await ada.writes("anybody there?")).status == 0
