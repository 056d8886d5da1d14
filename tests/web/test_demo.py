"""The demo's way through to the sandbox, and its front page."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from bot.ports.store import Store
from tests.fakes.clock import FakeClock, FakeEntropy
from tests.web.browsing import Browser
from tests.web.house import free_port, house


@dataclass
class Behind:
    """A server in the sandbox's place, which keeps what it got."""

    url: str
    seen: list[dict[str, str]] = field(default_factory=list)


@pytest.fixture
async def behind() -> AsyncIterator[Behind]:
    port = free_port()
    made = Behind(f"http://127.0.0.1:{port}")

    async def answer(request: web.Request) -> web.Response:
        made.seen.append(
            {
                **request.headers,
                "method": request.method,
                "path": request.raw_path,
                "body": await request.text(),
            }
        )
        if request.path == "/sandbox/away":
            return web.Response(status=303, headers={"Location": "/sandbox/tenant?person=employee"})
        return web.json_response({"n": 1}, status=201, headers={"X-Own": "1", "Set-Cookie": "theirs=1"})

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield made
    await runner.cleanup()


@pytest.fixture
async def at(behind: Behind, store: Store, clock: FakeClock, entropy: FakeEntropy) -> AsyncIterator[Browser]:
    async with house(store, clock, entropy, sandbox=behind) as made, Browser(made.url) as browser:  # type: ignore[arg-type]
        yield browser


async def test_the_sandbox_is_reached_through_the_product(at: Browser, behind: Behind) -> None:
    """Method, path, query, body and answer go through unchanged."""
    answer = await at.ask("DELETE", "/sandbox/faults?x=a%26b", json={"match": "POST *"})
    assert (answer.status, json.loads(answer.body), answer.headers["X-Own"]) == (201, {"n": 1}, "1")
    seen = behind.seen[0]
    assert (seen["method"], seen["path"]) == ("DELETE", "/sandbox/faults?x=a%26b")
    assert json.loads(seen["body"]) == {"match": "POST *"}
    assert seen["Host"] == behind.url.removeprefix("http://")


async def test_our_cookies_stay_here_and_theirs_there(at: Browser, behind: Behind) -> None:
    """A session of the desk is nobody else's business."""
    at.jar["__Host-desk"] = "secret"
    answer = await at.ask("GET", "/sandbox/ledger")
    assert "Cookie" not in behind.seen[0]
    assert "Set-Cookie" not in answer.headers


async def test_a_redirect_is_the_browsers_to_follow(at: Browser, behind: Behind) -> None:
    """The form of the tenant page goes back to the tenant page, through us."""
    answer = await at.ask("POST", "/sandbox/away", data={"a": "1"})
    assert (answer.status, answer.headers["Location"]) == (303, "/sandbox/tenant?person=employee")
    assert len(behind.seen) == 1


async def test_another_site_pulls_no_lever(at: Browser, behind: Behind) -> None:
    """Faults and start-over are for this page and for scripts."""
    answer = await at.ask("POST", "/sandbox/faults", json={}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status == 403
    assert not behind.seen


async def test_a_sandbox_that_is_away_is_said_so(
    store: Store, clock: FakeClock, entropy: FakeEntropy
) -> None:
    """The product goes on; the pane says that something does not answer."""
    async with house(store, clock, entropy) as made, Browser(made.url) as browser:
        assert (await browser.get("/sandbox/tenant")).status == 503
        assert (await browser.get("/")).status == 200


async def test_the_front_page_shows_three_panes_of_the_person_chosen(at: Browser) -> None:
    """An unknown person is the first one."""
    page = await at.get("/?person=hello_user")
    for pane in ("/chat/hello_user", "/chat/agents", "/desk", "/sandbox/tenant?person=hello_user"):
        assert f'<iframe src="{pane}"' in page.text or f'src="{pane}"' in page.text
    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]
    assert "/chat/employee" in (await at.get("/?person=<script>")).text


async def test_starting_over_takes_a_form_of_ours(at: Browser) -> None:
    """No link and no other site can wipe a demo under somebody's hands."""
    assert (await at.get("/demo/start-over")).status == 405
    assert (await at.post("/demo/start-over", {"person": "employee"}, token="x")).status == 403
    done = await at.post("/demo/start-over", {"person": "employee"})
    assert done.headers["Location"] == "/?person=employee&again=1"
