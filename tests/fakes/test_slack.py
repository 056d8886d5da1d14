"""The fake Slack, judged with Slack's own client: a fake that is too kind lets faults through."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import Clock as SlackClock
from slack_sdk.signature import SignatureVerifier
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from tests.fakes.clock import FakeClock
from tests.fakes.slack.__main__ import AGENTS, converse, group
from tests.fakes.slack.blocks import problems
from tests.fakes.slack.server import FakeSlack, slacking
from tests.fakes.slack.workspace import BOT_USER, FOREIGN, HOME

TEXT = {"type": "plain_text", "text": "Yes", "emoji": False}
YES = {"type": "button", "action_id": "yes", "text": TEXT, "value": "1"}
NAME = {
    "type": "input", "block_id": "name", "label": {"type": "plain_text", "text": "Name"},
    "element": {"type": "plain_text_input", "action_id": "name", "max_length": 20},
}  # fmt: skip
FORM = {
    "type": "modal", "title": {"type": "plain_text", "text": "A form"},
    "submit": {"type": "plain_text", "text": "Send"}, "blocks": [NAME],
}  # fmt: skip


def buttons(*elements: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "actions", "elements": list(elements)} | more


@pytest.fixture
async def slack(clock: FakeClock) -> AsyncIterator[FakeSlack]:
    async with slacking(clock) as made:
        yield made


@pytest.fixture
async def api(slack: FakeSlack) -> AsyncIterator[AsyncWebClient]:
    """Slack's own client, which gives up at once so that every answer is seen."""
    async with aiohttp.ClientSession(trust_env=False) as http:
        yield AsyncWebClient(slack.bot_token, base_url=slack.base_url, session=http, retry_handlers=[])


@asynccontextmanager
async def an_app(slack: FakeSlack, *, answer: Any = None, status: int = 200) -> AsyncIterator[list[Any]]:
    """An app that checks signatures with Slack's own verifier and keeps what it was sent."""
    heard: list[Any] = []

    class At(SlackClock):
        def now(self) -> float:
            return slack.clock.now().timestamp()

    async def take(request: web.Request) -> web.Response:
        raw = await request.text()
        assert SignatureVerifier(slack.signing_secret, At()).is_valid_request(raw, dict(request.headers))
        form = await request.post()
        body = json.loads(raw) if request.content_type == "application/json" else dict(form)
        heard.append((json.loads(str(body["payload"])) if "payload" in body else body, dict(request.headers)))
        return web.json_response(answer, status=status)

    app = web.Application()
    app.router.add_post("/slack/events", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    slack.listens(f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events")
    try:
        yield heard
    finally:
        await runner.cleanup()


async def refusal(call: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        await call
    return str(caught.value.response["error"])


# --- Block Kit ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("block", "complaint"),
    [
        ({"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}, "allowed 1 to 3000"),
        ({"type": "header", "text": {"type": "mrkdwn", "text": "x"}}, "must be plain_text"),
        ({"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}, "allowed 1 to 150"),
        ({"type": "section"}, "a text or fields"),
        ({"type": "section", "fields": [TEXT] * 11}, "1 to 10 fields"),
        ({"type": "context", "elements": [TEXT] * 11}, "1 to 10 elements"),
        (buttons(*({**YES, "action_id": str(n)} for n in range(26))), "1 to 25 elements"),
        (buttons(YES, YES), "action_id twice"),
        (buttons({**YES, "text": {"type": "plain_text", "text": "x" * 76}}), "allowed 1 to 75"),
        (buttons({**YES, "value": "x" * 2001}), "allowed 1 to 2000"),
        (buttons({**YES, "colour": "red"}), "unknown colour"),
        (buttons({**YES, "style": "warning"}), "primary or danger"),
        (buttons({**YES, "url": "javascript:x"}), "no address"),
        (buttons({"type": "overflow", "action_id": "o", "options": []}), "1 to 5 options"),
        ({"type": "poem", "text": "x"}, "no block poem"),
        ({"type": "section", "text": {"type": "mrkdwn", "text": "x", "emoji": False}}, "emoji belongs"),
        ({"type": "section", "text": {"type": "plain_text", "text": "x", "verbatim": True}}, "verbatim"),
        (
            {"type": "rich_text", "elements": [{"type": "rich_text_list", "style": "dots", "elements": []}]},
            "bullet or ordered",
        ),
        ({**NAME, "element": YES}, "button does not belong here"),
    ],
)  # fmt: skip
def test_a_block_over_a_limit_is_refused(block: dict[str, Any], complaint: str) -> None:
    """Every limit of the fact sheet that our messages could break is broken here once."""
    assert complaint in " ".join(problems([block]))


def test_blocks_are_counted_and_named_once() -> None:
    """50 in a message, 100 in a view, and no name twice."""
    line = {"type": "divider"}
    assert problems([line] * 50) == []
    assert problems([line] * 51)
    assert problems([line] * 100, "modal") == []
    assert problems([line] * 101, "home")
    assert problems([{**line, "block_id": "a"}] * 2) == ["blocks[1]: block_id a twice"]


async def test_blocks_that_are_too_much_together_are_refused(slack: FakeSlack, api: AsyncWebClient) -> None:
    """Each within its limit, 13,200 characters in all: Slack says msg_blocks_too_long."""
    ada = slack.world.person("Ada Lovelace")
    much = [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 2900}}] * 5
    assert await refusal(api.chat_postMessage(channel=ada.id, text="x", blocks=much)) == "msg_blocks_too_long"


# --- the Web API -------------------------------------------------------------------------------


async def test_a_message_to_a_person_opens_their_conversation(slack: FakeSlack, api: AsyncWebClient) -> None:
    """And is changed by the conversation's id only, as on Slack."""
    ada = slack.world.person("Ada Lovelace")
    key = {"event_type": "k", "event_payload": {"key": "1"}}
    sent = await api.chat_postMessage(channel=ada.id, text="Hello", metadata=key)
    assert sent["channel"].startswith("D")
    assert await refusal(api.chat_update(channel=ada.id, ts=sent["ts"], text="x")) == "channel_not_found"
    await api.chat_update(channel=sent["channel"], ts=sent["ts"], text="Bye")
    page = await api.conversations_history(channel=sent["channel"], include_all_metadata=True)
    assert [(m["text"], m["metadata"]) for m in page["messages"]] == [("Bye", key)]


async def test_tokens_scopes_and_membership_are_demanded(slack: FakeSlack, api: AsyncWebClient) -> None:
    """Wrong token, missing scope, not a member, archived, gone: each its own answer."""
    slack.world.channel("desk")
    slack.world.channel("secret", kind="group")
    old = slack.world.channel("old", BOT_USER, archived=True)
    post = api.chat_postMessage
    assert await refusal(post(channel="C0DESK", text="x")) == "not_in_channel"
    assert await refusal(post(channel="C0SECRET", text="x")) == "channel_not_found"
    assert await refusal(post(channel=old.id, text="x")) == "is_archived"
    assert await refusal(api.conversations_info(channel=old.id)) == "missing_scope"
    assert await refusal(api.users_info(user="U0NOBODY")) == "user_not_found"
    assert await refusal(api.api_call("chat.sing")) == "unknown_method"
    assert await refusal(api.apps_connections_open(app_token=slack.bot_token)) == "not_allowed_token_type"
    slack.revoke()
    assert await refusal(api.auth_test()) == "token_revoked"


async def test_mail_is_told_only_with_its_scope_and_of_our_own(slack: FakeSlack, api: AsyncWebClient) -> None:
    """Somebody of another company has neither address nor locale, and is invisible unless we share a
    channel."""
    ada = slack.world.person("Ada Lovelace")
    eve = slack.world.person("Eve Stranger", team=FOREIGN)
    assert (await api.users_info(user=ada.id))["user"]["profile"]["email"] == "ada@contoso.test"
    assert await refusal(api.users_info(user=eve.id)) == "user_not_visible"
    slack.world.channel("shared", eve.id, BOT_USER, ext_shared=True)
    told = (await api.users_info(user=eve.id, include_locale=True))["user"]
    assert told["team_id"] == FOREIGN
    assert not {"locale", "is_stranger"} & told.keys()
    assert "email" not in told["profile"]


async def test_too_many_calls_are_told_to_wait(
    slack: FakeSlack, api: AsyncWebClient, clock: FakeClock
) -> None:
    """One message a second in a conversation, fifty changes a minute; 429 names the seconds."""
    slack.rates.burst = 1
    ada = slack.world.person("Ada Lovelace")
    sent = await api.chat_postMessage(channel=ada.id, text="1")
    with pytest.raises(SlackApiError) as caught:
        await api.chat_postMessage(channel=ada.id, text="2")
    assert (caught.value.response.status_code, caught.value.response.headers["Retry-After"]) == (429, "1")
    clock.go(seconds=1)
    await api.chat_postMessage(channel=ada.id, text="2")
    for n in range(50):
        await api.chat_update(channel=sent["channel"], ts=sent["ts"], text=str(n))
    assert await refusal(api.chat_update(channel=sent["channel"], ts=sent["ts"], text="x")) == "ratelimited"


async def test_faults_come_when_they_are_ordered(slack: FakeSlack, api: AsyncWebClient) -> None:
    """A connection dropped after the body leaves the message there; before it, not."""
    ada = slack.world.person("Ada Lovelace")
    for fault in (slack.faults.drop_before, slack.faults.drop_after):
        fault("chat.postMessage")
        with pytest.raises(aiohttp.ClientError):
            await api.chat_postMessage(channel=ada.id, text=fault.__name__)
    assert [m.text for m in slack.world.of_app()] == ["drop_after"]
    slack.faults.limited("chat.postMessage", 7)
    assert await refusal(api.chat_postMessage(channel=ada.id, text="x")) == "ratelimited"
    assert [call.outcome for call in slack.calls("chat.postMessage")] == [
        "dropped before",
        "ok",
        "ratelimited",
    ]


async def test_whom_a_message_would_call_is_kept(slack: FakeSlack, api: AsyncWebClient) -> None:
    """A test of injection sees at once whether a broadcast got through."""
    ada = slack.world.person("Ada Lovelace")
    await api.chat_postMessage(channel=ada.id, text="&lt;!channel&gt; hello")
    assert slack.world.pages == {}
    sent = await api.chat_postMessage(channel=ada.id, text="<!channel> hello")
    assert slack.world.pages == {sent["ts"]: ["!channel"]}


# --- towards the app ---------------------------------------------------------------------------


async def test_events_are_signed_and_come_again_when_refused(slack: FakeSlack) -> None:
    """With the same event id, a number and a reason, at most three times."""
    ada = slack.client(slack.world.person("Ada Lovelace"))
    async with an_app(slack, status=500) as heard:
        await ada.writes("a < b & https://example.org/x")
        for _ in range(5):
            await slack.delivery.retry_failed()
    assert len({body["event_id"] for body, _ in heard}) == 1
    assert [headers.get("X-Slack-Retry-Num") for _, headers in heard] == [None, "1", "2", "3"]
    assert heard[1][1]["X-Slack-Retry-Reason"] == "http_error"
    assert heard[0][0]["event"]["text"] == "a &lt; b &amp; <https://example.org/x>"


async def test_what_was_not_subscribed_is_not_delivered(slack: FakeSlack) -> None:
    """A reaction reaches only an app that asked for reactions."""
    ada = slack.client(slack.world.person("Ada Lovelace"))
    async with an_app(slack) as heard:
        done = await ada.sends({"type": "reaction_added", "user": ada.person.id, "reaction": "wave"})
    assert (done.status, heard) == (-1, [])


async def test_a_button_is_pressed_as_slack_tells_it(slack: FakeSlack, api: AsyncWebClient) -> None:
    """With who, where, what is on the screen, what was filled in, and an address to answer at."""
    ada = slack.client(slack.world.person("Ada Lovelace"))
    await api.chat_postMessage(channel=ada.person.id, text="x", blocks=[buttons(YES, block_id="b"), NAME])
    ada.fills("Name", "Ada")
    async with an_app(slack) as heard:
        await ada.presses("Yes")
    body = heard[0][0]
    assert (body["type"], body["user"]["team_id"], body["team"]["id"]) == ("block_actions", HOME, HOME)
    assert (body["actions"][0]["value"], body["actions"][0]["block_id"]) == ("1", "b")
    assert body["state"]["values"]["name"]["name"]["value"] == "Ada"
    async with aiohttp.ClientSession(trust_env=False) as http:
        statuses = []
        for _ in range(6):
            async with http.post(
                body["response_url"], json={"text": "x", "replace_original": True}
            ) as answer:
                statuses.append(answer.status)
    assert statuses == [200] * 5 + [404]
    assert ada.read() == ["x"]


async def test_a_trigger_lives_three_seconds_and_opens_once(
    slack: FakeSlack, api: AsyncWebClient, clock: FakeClock
) -> None:
    """Then a modal is filled in, sent, corrected and closed, all by the answers of the app."""
    ada = slack.client(slack.world.person("Ada Lovelace"))
    trigger = slack.triggers.make(ada.person.id)
    clock.go(seconds=4)
    assert await refusal(api.views_open(trigger_id=trigger, view=FORM)) == "expired_trigger_id"
    trigger = slack.triggers.make(ada.person.id)
    view = (await api.views_open(trigger_id=trigger, view=FORM))["view"]
    assert await refusal(api.views_open(trigger_id=trigger, view=FORM)) == "exchanged_trigger_id"
    assert await refusal(api.views_update(view_id=view["id"], hash="0", view=FORM)) == "hash_conflict"
    modal = ada.modal()
    with pytest.raises(AssertionError):
        await modal.submits()
    modal.fills("Name", "Ada")
    async with an_app(slack, answer={"response_action": "errors", "errors": {"name": "Too short"}}):
        await modal.submits()
    assert (modal.errors, modal.view.open) == ({"name": "Too short"}, True)
    async with an_app(slack) as heard:
        await modal.submits()
    assert heard[0][0]["view"]["state"]["values"]["name"]["name"]["value"] == "Ada"
    assert not modal.view.open


async def test_a_home_is_published_and_a_wrong_view_is_not(slack: FakeSlack, api: AsyncWebClient) -> None:
    """A home has no title; a modal with fields has a button to send them."""
    ada = slack.client(slack.world.person("Ada Lovelace"))
    home = {"type": "home", "blocks": [buttons(YES)]}
    await api.views_publish(user_id=ada.person.id, view=home)
    assert ada.on_home().find("Yes").action == "yes"
    titled = {**home, "title": TEXT}
    assert await refusal(api.views_publish(user_id=ada.person.id, view=titled)) == "invalid_arguments"
    trigger = slack.triggers.make(ada.person.id)
    bare = {name: value for name, value in FORM.items() if name != "submit"}
    assert await refusal(api.views_open(trigger_id=trigger, view=bare)) == "invalid_arguments"


async def test_the_same_over_a_socket(slack: FakeSlack, clock: FakeClock) -> None:
    """Slack's own client connects with the app's token, hears envelopes and acknowledges them."""
    slack.app.socket_mode = True
    heard: list[SocketModeRequest] = []

    async def listen(client: Any, request: SocketModeRequest) -> None:
        heard.append(request)
        await client.send_socket_mode_response(SocketModeResponse(request.envelope_id))

    async with aiohttp.ClientSession(trust_env=False) as http:
        web_client = AsyncWebClient(base_url=slack.base_url, session=http, retry_handlers=[])
        client = SocketModeClient(slack.app_token, web_client=web_client)
        client.socket_mode_request_listeners.append(listen)
        await client.connect()  # type: ignore[no-untyped-call]
        await slack.socket.connected.wait()
        ada = slack.client(slack.world.person("Ada Lovelace"))
        first = await ada.writes("hello")
        again = await slack.delivery.again(first)
        await client.close()  # type: ignore[no-untyped-call]
    assert (first.status, again.status) == (200, 200)
    assert [(one.type, one.retry_attempt) for one in heard] == [("events_api", 0), ("events_api", 1)]
    assert heard[0].envelope_id != heard[1].envelope_id


async def test_it_can_be_tried_by_hand(slack: FakeSlack, api: AsyncWebClient) -> None:
    """A prompt over the same parts: what is typed arrives, what is new is shown once, with its buttons."""
    ada = slack.client(slack.world.person("Ada Lovelace"))
    slack.world.channel("agents", BOT_USER, id=AGENTS, kind="group")
    await api.chat_postMessage(channel=ada.person.id, text="x", blocks=[buttons(YES)])
    said: list[str] = []

    async def lines() -> AsyncIterator[str]:
        for line in ("hello", "> Yes", "> No", "/keyturn now", ""):
            yield line

    async with an_app(slack) as heard:
        await converse(ada, lines(), said.append)
    assert [body.get("type") or body["command"] for body, _ in heard] == [
        "event_callback",
        "block_actions",
        "/keyturn",
    ]
    assert said == ["Yes", "  [Yes]", "no control 'No' in ['Yes']"]
    assert "app_token: ${env:KEYTURN_SLACK_APP}" in group(slack, "socket")
