"""The door of HTTP mode: what Slack did not sign, now and for us, gets in nowhere and is written nowhere."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from slack_bolt.request.async_request import AsyncBoltRequest

from bot.adapters.slack.wire import SHORTCUT
from bot.core.records import EventRow
from tests.fakes.slack.delivery import sign
from tests.fakes.slack.house import SlackHouse

SECRET_WORDS = "the crown jewels are under the mat"


async def knock(
    house: SlackHouse, body: bytes, headers: dict[str, str], *, path: str = "/slack/events"
) -> tuple[int, str]:
    async with (
        aiohttp.ClientSession(trust_env=False) as http,
        http.post(f"http://127.0.0.1:{house.port}{path}", data=body, headers=headers) as answer,
    ):
        return answer.status, await answer.text()


def envelope(house: SlackHouse, **more: Any) -> bytes:
    ada = house.user()
    event = {
        "type": "message", "user": ada.person.id, "text": SECRET_WORDS, "ts": "1.1",
        "channel": ada.dm.id, "channel_type": "im", "team": ada.team,
    }  # fmt: skip
    return json.dumps(house.slack.delivery.event(event | more, team=ada.team)).encode()


def signed(house: SlackHouse, body: bytes, *, ago: int = 0) -> dict[str, str]:
    stamp = int(house.clock.now().timestamp()) - ago
    return {
        "Content-Type": "application/json",
        "X-Slack-Request-Timestamp": str(stamp),
        "X-Slack-Signature": sign(house.slack.signing_secret, stamp, body),
    }


async def heard(house: SlackHouse) -> int:
    return len(await house.rows(EventRow))


async def test_what_slack_signed_just_now_comes_in(slack_house: SlackHouse) -> None:
    """Five minutes either way: Slack's clock and ours."""
    for number, ago in enumerate((0, 299, -299), 1):
        body = envelope(slack_house)
        assert (await knock(slack_house, body, signed(slack_house, body, ago=ago)))[0] == 200
        assert await heard(slack_house) == number


async def test_a_request_out_of_time_is_refused(slack_house: SlackHouse) -> None:
    """T09: an old recording is worth nothing, and neither is one of tomorrow."""
    body = envelope(slack_house)
    for ago in (301, -301, 86400):
        assert (await knock(slack_house, body, signed(slack_house, body, ago=ago)))[0] == 401
    assert await heard(slack_house) == 0


WRONG: tuple[dict[str, str | None], ...] = (
    {"X-Slack-Signature": "v0=" + "0" * 64},
    {"X-Slack-Signature": "v0=" + "é" * 64},
    {"X-Slack-Signature": "v1=" + "0" * 64},
    {"X-Slack-Signature": ""},
    {"X-Slack-Signature": None},
    {"X-Slack-Request-Timestamp": "now"},
    {"X-Slack-Request-Timestamp": "１７００００００００"},
    {"X-Slack-Request-Timestamp": "1e9"},
    {"X-Slack-Request-Timestamp": "9" * 40},
    {"X-Slack-Request-Timestamp": ""},
    {"X-Slack-Request-Timestamp": None},
)


async def test_a_malformed_or_wrong_signature_is_401(slack_house: SlackHouse) -> None:
    """Never 500: an error of ours would tell what we trip over."""
    body = envelope(slack_house)
    for change in WRONG:
        changed = signed(slack_house, body) | change
        headers = {name: value for name, value in changed.items() if value is not None}
        assert (await knock(slack_house, body, headers))[0] == 401, change
    assert await heard(slack_house) == 0


async def test_a_changed_body_is_refused(slack_house: SlackHouse) -> None:
    """The signature is over every byte."""
    body = envelope(slack_house)
    headers = signed(slack_house, body)
    assert (await knock(slack_house, body.replace(b"crown", b"clown"), headers))[0] == 401
    assert await heard(slack_house) == 0


async def test_a_second_signature_beside_the_first_is_refused(slack_house: SlackHouse) -> None:
    """Two headers of one name: nobody should have to guess which counts."""
    body = envelope(slack_house)
    headers = signed(slack_house, body)
    doubled = [*headers.items(), ("X-Slack-Signature", "v0=" + "0" * 64)]
    async with (
        aiohttp.ClientSession(trust_env=False) as http,
        http.post(f"http://127.0.0.1:{slack_house.port}/slack/events", data=body, headers=doubled) as answer,
    ):
        assert answer.status == 401


async def test_the_old_check_of_certificates_opens_no_door(slack_house: SlackHouse) -> None:
    """Slack's libraries once let whatever says ssl_check=1 in unsigned."""
    ada = slack_house.user()
    form = f"ssl_check=1&command=%2Fkeyturn&user_id={ada.person.id}&team_id={ada.team}&trigger_id=1.1&text=hi"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await knock(slack_house, form.encode(), headers))[0] == 401
    stamp = str(int(slack_house.clock.now().timestamp()))
    headers |= {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": "v0=" + "0" * 64}
    assert (await knock(slack_house, form.encode(), headers))[0] == 401
    assert await heard(slack_house) == 0


async def test_nothing_unsigned_is_even_parsed(slack_house: SlackHouse) -> None:
    """A body made to hurt a parser never meets one."""
    body = b'{"a":' * 100_000
    headers = signed(slack_house, body) | {"X-Slack-Signature": "v0=" + "0" * 64}
    assert (await knock(slack_house, body, headers))[0] == 401


UNREADABLE = (b"", b"  ", b"{", b"[1]", b'"text"', b"\xff\xfe", b'{"a":' * 60_000, b"payload=%7B", b"{}")


async def test_what_slack_cannot_have_meant_is_400(slack_house: SlackHouse) -> None:
    """Signed, and yet nothing that can be read: said so, and no error of ours."""
    for body in UNREADABLE:
        headers = signed(slack_house, body)
        if body.startswith(b"payload"):
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        assert (await knock(slack_house, body, headers))[0] == 400, body[:20]


async def test_too_large_is_refused_before_it_is_read(slack_house: SlackHouse) -> None:
    """Half a megabyte is more than Slack ever sends; with or without saying so before."""
    body = b'{"a":"' + b"x" * (512 * 1024) + b'"}'
    assert (await knock(slack_house, body, signed(slack_house, body)))[0] == 413

    reader, writer = await asyncio.open_connection("127.0.0.1", slack_house.port)
    host = f"127.0.0.1:{slack_house.port}"
    lines = [f"{name}: {value}" for name, value in signed(slack_house, body).items()]
    head = ["POST /slack/events HTTP/1.1", f"Host: {host}", f"Content-Length: {len(body)}", *lines, "", ""]
    writer.write("\r\n".join(head).encode())  # and not a byte of the body
    async with asyncio.timeout(5):
        assert b" 413 " in await reader.readline()
    writer.close()

    async def pieces() -> Any:
        for at in range(0, len(body), 65536):
            yield body[at : at + 65536]

    async with (
        aiohttp.ClientSession(trust_env=False) as http,
        http.post(
            f"http://127.0.0.1:{slack_house.port}/slack/events", data=pieces(),
            headers=signed(slack_house, body),
        ) as answer,
    ):  # fmt: skip
        assert answer.status == 413


async def test_what_is_large_but_slacks_comes_in(slack_house: SlackHouse) -> None:
    """A form of 250 kB comes back encoded."""
    body = envelope(slack_house, blocks="x" * 300_000)
    assert (await knock(slack_house, body, signed(slack_house, body)))[0] == 200


async def test_the_address_is_confirmed_to_slack(slack_house: SlackHouse) -> None:
    """Slack tries the address once before it uses it, signed like everything."""
    body = json.dumps({"type": "url_verification", "challenge": "c0ffee", "token": "old"}).encode()
    status, text = await knock(slack_house, body, signed(slack_house, body))
    assert (status, json.loads(text)) == (200, {"challenge": "c0ffee"})
    headers = signed(slack_house, body) | {"X-Slack-Signature": "v0=" + "0" * 64}
    assert (await knock(slack_house, body, headers))[0] == 401


MEANINGLESS: tuple[dict[str, Any], ...] = (
    {"type": "app_rate_limited", "minute_rate_limited": 1700000000},
    {"type": "something_new"},
    {"type": "event_callback", "event": {"type": "reaction_added", "user": "U0ADA"}},
    {"type": "event_callback"},
    {
        "type": "event_callback",
        "event": {"type": "message", "channel_type": "im", "user": "U0ADA"},
        "event_id": "",
    },
)


async def test_what_means_nothing_to_us_is_acknowledged(slack_house: SlackHouse) -> None:
    """Anything but 200 would be sent again, and count until Slack switches the app off."""
    for told in MEANINGLESS:
        body = json.dumps({"team_id": "T0HOME", "api_app_id": "A0", "event_id": "Ev1"} | told).encode()
        assert (await knock(slack_house, body, signed(slack_house, body)))[0] == 200, told
    assert await heard(slack_house) == 0


async def test_only_posting_leads_anywhere(slack_house: SlackHouse) -> None:
    """The door is one address and one method."""
    async with (
        aiohttp.ClientSession(trust_env=False) as http,
        http.get(f"http://127.0.0.1:{slack_house.port}/slack/events") as answer,
    ):
        assert answer.status == 405


async def test_nothing_that_comes_in_is_logged(
    slack_house: SlackHouse, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither what is taken nor what is refused, not even with every logger at its loudest: people's
    words stand in bodies, and signatures and addresses that write in our name in headers."""
    caplog.set_level(logging.DEBUG)
    body = envelope(slack_house)
    headers = signed(slack_house, body)
    await knock(slack_house, body, headers)
    await knock(slack_house, body, headers | {"X-Slack-Signature": "v0=" + "0" * 64})
    await slack_house.user().commands("/keyturn", SECRET_WORDS)
    await slack_house.settle()
    told = "\n".join(record.getMessage() + str(record.exc_info) for record in caplog.records)
    assert "crown jewels" not in told
    assert headers["X-Slack-Signature"] not in told
    assert "/respond/" not in told
    assert slack_house.slack.bot_token not in told


@pytest.mark.parametrize(
    "there", ["{else}/respond/x", "http://127.0.0.1@{host}/", "http://[", "{host}", "//{host}/"]
)
async def test_answers_go_to_slack_and_nowhere_else(slack_house: SlackHouse, there: str) -> None:
    """T11: a stolen signing secret makes claims; it does not make us call addresses inside the network."""
    called: list[str] = []

    async def hear(request: web.Request) -> web.Response:
        called.append(request.path)
        return web.Response(text="ok")

    inside = web.Application()
    inside.router.add_post("/{any:.*}", hear)
    async with TestServer(inside) as server:
        host = f"{server.host}:{server.port}"
        ada = slack_house.user()
        payload = {
            "type": "message_action", "callback_id": SHORTCUT, "trigger_id": "1.2.3",
            "user": {"id": ada.person.id}, "team": {"id": ada.team}, "channel": {"id": "C1"},
            "message": {"text": "I got a new phone"},
            "response_url": there.replace("{else}", f"http://{host}").replace("{host}", host),
        }  # fmt: skip
        body = urlencode({"payload": json.dumps(payload)}).encode()
        headers = signed(slack_house, body) | {"Content-Type": "application/x-www-form-urlencoded"}
        assert (await knock(slack_house, body, headers))[0] == 200
        await slack_house.settle()
    assert called == []
    assert await heard(slack_house) == 1


async def test_our_own_log_is_heard_all_the_same(
    slack_house: SlackHouse, caplog: pytest.LogCaptureFixture
) -> None:
    """Bolt sets the level of loggers by name; none of ours may be among them."""
    caplog.set_level(logging.INFO)
    await slack_house.user().writes("hello")
    body = envelope(slack_house)
    await knock(slack_house, body, signed(slack_house, body) | {"X-Slack-Signature": ""})
    assert logging.getLogger("keyturn").level == logging.NOTSET
    assert "refused: headers" in caplog.text


async def test_bolts_own_check_stands_behind_the_door(slack_house: SlackHouse) -> None:
    """Should a request ever get past the door, Bolt refuses it once more; a body cannot say that it came
    over a socket."""
    (channel,) = slack_house.product.chatting.channels
    (door,) = channel.pages
    app = door._app
    form = "payload=" + json.dumps({"type": "block_actions", "mode": "socket_mode", "user": {"id": "U0ADA"}})
    answer = await app.async_dispatch(AsyncBoltRequest(body=form, headers={"x-slack-signature": "v0=1"}))
    assert answer.status == 401
