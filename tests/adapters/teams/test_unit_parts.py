"""What is hard to reach from outside: keys under attack, how much may be sent, markup, identities of
Azure."""

from __future__ import annotations

import asyncio
import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.entra.reader import ManagedTokens
from bot.adapters.teams.budget import PER_THREAD, SendBudget
from bot.adapters.teams.config import TeamsConfig
from bot.adapters.teams.connector import Http, SendFailedError, _code, _seconds
from bot.adapters.teams.keys import ChannelKeys, UnknownKeyError
from bot.adapters.teams.texts import block, escaped, lines
from bot.core.elements import Span
from bot.errors import TransientError
from tests.fakes.clock import FakeClock
from tests.fakes.teams.authority import Published

META = "https://login.example/meta"


class Keys:
    """What is published, as it is fetched."""

    def __init__(self, *kids: str) -> None:
        self.kids = list(kids)
        self.read = 0
        self.jwks_uri = "https://login.example/keys"
        self.away = False

    async def __call__(self, url: str) -> bytes:
        await asyncio.sleep(0)
        if self.away:
            raise TransientError("away")
        if url == META:
            return json.dumps({"jwks_uri": self.jwks_uri}).encode()
        self.read += 1
        return json.dumps({"keys": [Published(kid).jwk() for kid in self.kids]}).encode()


async def test_many_requests_at_once_read_the_keys_once() -> None:
    """After a start, or a rotation, everybody comes at the same time."""
    published = Keys("one")
    keys = ChannelKeys(META, published, FakeClock())
    found = await asyncio.gather(*(keys.get("one") for _ in range(50)))
    assert len(found) == 50
    assert published.read == 1


async def test_known_keys_outlive_a_day_without_microsoft() -> None:
    """Old keys are better than silence; new ones are read as soon as that is possible."""
    clock, published = FakeClock(), Keys("one")
    keys = ChannelKeys(META, published, clock)
    await keys.get("one")
    published.away = True
    clock.go(days=2)
    await keys.get("one")
    published.away, published.kids = False, ["two"]
    clock.go(minutes=2)
    await keys.get("two")
    with pytest.raises(UnknownKeyError):
        await keys.get("one")


async def test_keys_come_over_https() -> None:
    """A metadata document that points elsewhere is not followed into the clear."""
    published = Keys("one")
    published.jwks_uri = "http://login.example/keys"
    with pytest.raises(TransientError):
        await ChannelKeys(META, published, FakeClock()).get("one")
    assert published.read == 0


async def test_a_key_that_vouches_for_no_channel_is_no_key() -> None:
    """The SDK would take it for every channel."""

    async def fetch(url: str) -> bytes:
        if url == META:
            return json.dumps({"jwks_uri": "https://login.example/keys"}).encode()
        return json.dumps({"keys": [Published("bare", ()).jwk(), Published("one").jwk()]}).encode()

    keys = ChannelKeys(META, fetch, FakeClock())
    assert (await keys.get("one")).endorsements == ("msteams",)
    with pytest.raises(UnknownKeyError):
        await keys.get("bare")
    with pytest.raises(UnknownKeyError):
        await keys.get(None)


@pytest.mark.parametrize(("span", "most"), PER_THREAD)
def test_no_window_ever_holds_more_than_teams_allows(span: int, most: int) -> None:
    """For each row of Teams' table, sending as fast as we are let."""
    clock = FakeClock()
    budget = SendBudget(clock)
    sent = []
    for _ in range(1900):
        try:
            budget.spend("a:1")
        except TransientError as err:
            clock.go(seconds=err.retry_after or 0)
            budget.spend("a:1")
        sent.append(clock.now())
    for first, last in zip(sent, sent[most:], strict=False):
        assert (last - first).total_seconds() >= span


def test_one_conversation_does_not_hold_up_another() -> None:
    """Until together they are as much as a tenant is allowed."""
    clock = FakeClock()
    budget = SendBudget(clock)
    for n in range(50):
        budget.spend(f"a:{n % 10}")
    with pytest.raises(TransientError):
        budget.spend("a:11")
    clock.go(seconds=1)
    budget.spend("a:11")


@given(st.text(max_size=80).map(lambda text: text.replace("\\", "").replace("\u2060", "")))
def test_an_escaped_text_reads_as_it_was(text: str) -> None:
    """Without the backslashes and the invisible joiner it is the same line, and no two braces meet."""
    shown = escaped(text)
    assert "{{" not in shown
    assert shown.replace("\\", "").replace("\u2060", "") == " ".join(text.split())


@given(st.text(min_size=1, max_size=80).filter(str.strip))
def test_what_could_be_markup_is_no_textblock(text: str) -> None:
    """Somebody's name in a sentence is a run, whatever it holds."""
    made = block((Span("Hello "), Span(text, foreign=True)), lambda link: "")
    assert made["type"] == "RichTextBlock"
    assert all(one["type"] == "RichTextBlock" for one in lines(text))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"error":{"code":"MessageWritesBlocked","message":"your text"}}', "MessageWritesBlocked"),
        (b'{"error":{"code":"<script>","message":"x"}}', ""),
        (b'{"error":"x"}', ""),
        (b"<html>Bad gateway</html>", ""),
        (b"", ""),
        (b"[]", ""),
    ],
)
def test_only_teams_own_word_is_kept_of_a_refusal(body: bytes, code: str) -> None:
    """Its sentences may repeat what we sent."""
    assert _code(body) == code


@pytest.mark.parametrize(("pieces", "fits"), [(3, True), (70, False)])
async def test_a_document_in_pieces_is_read_to_its_end(pieces: int, fits: bool) -> None:
    """Microsoft's list of keys does not fit into one packet; what never ends is given up."""

    async def serve(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(pieces):
            await response.write(b"x" * 8192)
            await asyncio.sleep(0)
        return response

    app = web.Application()
    app.add_routes([web.get("/keys", serve)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/keys"
    http = Http()
    try:
        if fits:
            assert len(await http.read(url)) == pieces * 8192
        else:
            with pytest.raises(TransientError):
                await http.read(url)
    finally:
        await http.close()
        await runner.cleanup()


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        ("3", 3, 3),
        ("0", 0, 0),
        ("99999", 600, 600),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0),
        ("Fri, 21 Oct 2095 07:28:00 GMT", 600, 600),
    ],
)
def test_when_to_come_back_is_read_in_every_form(header: str, least: float, most: float) -> None:
    """Seconds or a date, never more than ten minutes."""
    found = _seconds(header)
    assert found is not None
    assert least <= found <= most


@pytest.mark.parametrize("header", ["", "soon", "-3", "²", "Wed, 99 Foo"])
def test_what_cannot_be_read_is_no_answer(header: str) -> None:
    """Then we wait as long as we would have."""
    assert _seconds(header) is None


def test_an_app_id_is_missing_on_purpose_or_not_at_all() -> None:
    """Without one everybody is who they say; that is for a test on this machine."""
    known = {"tenant_id": "t", "metadata": META}
    with pytest.raises(ValueError, match="on purpose"):
        TeamsConfig(app_id="", public_url="http://127.0.0.1:1", **known)
    with pytest.raises(ValueError, match="on purpose"):
        TeamsConfig(app_id="x", public_url="http://127.0.0.1:1", no_auth=True, **known)
    with pytest.raises(ValueError, match="this machine"):
        TeamsConfig(app_id="", public_url="https://help.example", no_auth=True, **known)
    assert TeamsConfig(app_id="", public_url="http://127.0.0.1:1", no_auth=True, **known).no_auth


def test_a_failure_says_nothing_of_a_message() -> None:
    """Status and Teams' own word."""
    assert str(SendFailedError(403, "MessageWritesBlocked")) == "403 MessageWritesBlocked"


async def test_a_managed_identity_is_asked_once_for_its_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    """The host's own service gives the token; no secret of ours is involved, and it is kept."""
    asked: list[str] = []

    class Host(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            held = {
                "access_token": f"t{len(asked)}",
                "expires_in": "3600",
                "resource": "x",
                "token_type": "Bearer",
            }
            body = json.dumps(held | {"expires_on": "9999999999"}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Host)
    thread = Thread(target=lambda: server.serve_forever(poll_interval=0.02), daemon=True)
    thread.start()
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"http://127.0.0.1:{server.server_address[1]}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", "header")
    monkeypatch.delenv("IDENTITY_SERVER_THUMBPRINT", raising=False)
    tokens = ManagedTokens(client_id="app", resource="https://api.botframework.com")
    try:
        first = await asyncio.gather(*(tokens.token() for _ in range(5)))
        assert set(first) == {"t1"}
        assert len(asked) == 1
        assert "client_id=app" in asked[0]
        await tokens.renew()
        assert await tokens.token() == "t2"
    finally:
        tokens.close()
        server.shutdown()
        server.server_close()
        thread.join()
