"""What every page promises: headers, forms, cookies, languages, errors."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from bot.adapters.web import security
from bot.adapters.web.forms import Form, local_path, negotiated
from bot.adapters.web.visitor import device_of, in_app, network_of
from bot.core.model import Reason
from bot.errors import ConflictError, Refused, TransientError
from bot.ports.store import Store
from bot.service.keys import hashed
from tests.fakes.clock import FakeClock, FakeEntropy
from tests.web.browsing import Browser, form_token
from tests.web.house import House, house

CANARY = "canary-7f3a"


class Faulty:
    """Pages that fail in every way."""

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/fail/{how}", self.fail)]

    async def fail(self, request: web.Request) -> web.Response:
        match request.match_info["how"]:
            case "refused":
                raise Refused(Reason.UNKNOWN_CASE, detail=CANARY)
            case "busy":
                raise ConflictError(CANARY)
            case "away":
                raise TransientError(CANARY)
            case _:
                raise RuntimeError(CANARY)


async def test_every_answer_carries_the_strict_headers(browser: Browser) -> None:
    """No inline script or style, no referrer, no framing, no caching: on pages, errors and probes."""
    for path in ("/help", "/desk", "/nothing/here", "/healthz"):
        answer = await browser.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "style-src 'self'" in policy
        assert "unsafe" not in policy
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_forms_may_go_to_us_and_the_authority_and_nowhere_else(browser: Browser) -> None:
    """Chromium applies form-action to the redirect after Approve, so the authority must be there."""
    policy = (await browser.get("/help")).headers["Content-Security-Policy"]
    assert "form-action 'self' http://localhost:1;" in policy


async def test_only_the_demos_panes_may_be_framed(served: House, browser: Browser) -> None:
    """A page that is no pane is framed by nobody, and by us only in the demo."""
    assert "frame-ancestors 'self'" in (await browser.get("/desk")).headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in (await browser.get("/help")).headers["Content-Security-Policy"]
    assert (await browser.get("/help")).headers["X-Frame-Options"] == "DENY"


async def test_outside_the_demo_nothing_is_framed(
    store: Store, clock: FakeClock, entropy: FakeEntropy
) -> None:
    """`serve` has no panes."""
    async with house(store, clock, entropy, demo=False) as made, Browser(made.url) as browser:
        for path in ("/desk", "/help", "/nothing"):
            assert "frame-ancestors 'none'" in (await browser.get(path)).headers["Content-Security-Policy"]


async def test_the_demo_does_not_exist_under_serve(
    store: Store, clock: FakeClock, entropy: FakeEntropy
) -> None:
    """Nobody can speak as somebody else, or reach a sandbox, on a real installation."""
    async with house(store, clock, entropy, demo=False) as made, Browser(made.url) as browser:
        for method, path in (
            ("GET", "/chat/employee"),
            ("POST", "/chat/employee"),
            ("GET", "/sandbox/ledger"),
        ):
            assert (await browser.ask(method, path, json={"text": "hi"})).status == 404


async def test_another_host_name_is_refused(browser: Browser) -> None:
    """Links and cookies belong to one name; probes come by address."""
    assert (await browser.get("/help", headers={"Host": "evil.example"})).status == 421
    assert (await browser.get("/healthz", headers={"Host": "10.0.0.7:8300"})).status == 200


async def test_a_form_without_its_token_is_refused(browser: Browser) -> None:
    """A form on somebody else's page cannot act in this browser."""
    await browser.get("/help")
    answer = await browser.post("/language", {"locale": "de", "back": "/help"}, token="")
    assert answer.status == 403
    assert security.LANGUAGE_COOKIE not in browser.jar


async def test_a_token_of_another_browser_is_refused(served: House, browser: Browser) -> None:
    """A token is worth something only beside the cookie it was made for."""
    async with Browser(served.url) as other:
        stolen = form_token((await other.get("/help")).text)
    await browser.get("/help")
    assert (await browser.post("/language", {"locale": "de"}, token=stolen)).status == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
async def test_a_post_that_the_browser_calls_foreign_is_refused(browser: Browser, site: str) -> None:
    """Even with a good token: the browser knows better where a form came from."""
    answer = await browser.post("/language", {"locale": "de"}, headers={"Sec-Fetch-Site": site})
    assert answer.status == 403
    assert (
        await browser.post("/language", {"locale": "de"}, headers={"Sec-Fetch-Site": "same-origin"})
    ).status == 303


async def test_a_large_body_is_refused(browser: Browser) -> None:
    """No form of ours comes near."""
    assert (await browser.post("/language", {"back": "/" + "x" * 70_000})).status == 413


async def test_a_form_of_another_kind_is_refused(browser: Browser) -> None:
    """JSON and multipart never pass for one of our forms."""
    await browser.get("/help")
    assert (await browser.ask("POST", "/language", json={"locale": "de"})).status == 400


async def test_cookies_belong_to_this_host_alone(browser: Browser) -> None:
    """`__Host-`, Secure, HttpOnly and Lax: not settable by a neighbour, not readable by a script."""
    answer = await browser.get("/help")
    morsel = answer.cookies()[security.FORM_COOKIE]
    assert (morsel["path"], morsel["samesite"], morsel["domain"]) == ("/", "Lax", "")
    assert morsel["secure"]
    assert morsel["httponly"]


async def test_looking_gives_no_browser_cookie(browser: Browser) -> None:
    """The cookie that evidence hangs on is given on a POST only, so a link scanner has none."""
    for path in ("/help", "/desk", "/chat/employee"):
        await browser.get(path)
    assert security.BROWSER_COOKIE not in browser.jar


async def test_the_language_follows_wish_choice_and_browser(browser: Browser) -> None:
    """`?lang=` beats the choice made here, which beats what the browser asks for."""
    german = {"Accept-Language": "fr;q=0.9, de-AT;q=0.8, en;q=0.1"}
    assert '<html lang="de">' in (await browser.get("/help", headers=german)).text
    assert '<html lang="en">' in (await browser.get("/help")).text
    answer = await browser.post("/language", {"locale": "de", "back": "/help"})
    assert (answer.status, answer.headers["Location"]) == (303, "/help")
    assert '<html lang="de">' in (await browser.get("/help", headers={"Accept-Language": "en"})).text
    assert '<html lang="en">' in (await browser.get("/help?lang=en")).text


@pytest.mark.parametrize(
    "path", ["//evil.example", "https://evil.example", "/\\evil.example", "/a\nb", "", "javascript:x", "/ü"]
)
async def test_no_page_sends_anybody_elsewhere(browser: Browser, path: str) -> None:
    """A redirect goes to a path of ours or to the front."""
    answer = await browser.post("/language", {"locale": "de", "back": path})
    assert answer.headers["Location"] == "/"
    assert local_path(path) == "/"


async def test_the_desks_phone_is_at_the_foot_of_every_page(browser: Browser) -> None:
    """Also of an error page: that is when it is needed."""
    for path in ("/", "/help", "/desk", "/chat/employee", "/nothing"):
        assert 'href="tel:+49305550100"' in (await browser.get(path)).text, path


async def test_failures_are_worded_and_say_nothing_of_the_inside(
    store: Store, clock: FakeClock, entropy: FakeEntropy, caplog: pytest.LogCaptureFixture
) -> None:
    """Plain words and a short reference for the person; class and place for the log; the exception's
    own text, which may quote anything, for nobody."""
    async with house(store, clock, entropy, more=[Faulty()]) as made, Browser(made.url) as browser:
        with caplog.at_level(logging.DEBUG):
            for how, status in {"refused": 404, "busy": 409, "away": 503, "bug": 500}.items():
                answer = await browser.get(f"/fail/{how}")
                assert answer.status == status
                assert "Traceback" not in answer.text
                assert CANARY not in answer.text
            told = await browser.ask("GET", "/fail/bug", headers={"Accept": "application/json"})
    assert b'"error": "broken"' in told.body
    ours = "\n".join(r.getMessage() for r in caplog.records if r.name.startswith("keyturn"))
    assert CANARY not in ours
    assert "RuntimeError on /fail/{how}" in ours


async def test_logs_name_routes_and_never_paths(
    served: House, browser: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    """A handle is in a path; a log is read by many."""
    with caplog.at_level(logging.INFO):
        await browser.get("/chat/employee?after=3")
        await browser.get(f"/c/{CANARY}")
    ours = "\n".join(r.getMessage() for r in caplog.records if r.name.startswith("keyturn"))
    assert "/chat/{person}" in ours
    assert CANARY not in ours


async def test_static_files_never_change_under_their_address(served: House, browser: Browser) -> None:
    """An address holds the hash of its content, and may be kept for ever."""
    address = served.shell.statics.address("keyturn.css")
    answer = await browser.get(address)
    assert answer.status == 200
    assert "immutable" in answer.headers["Cache-Control"]
    assert (await browser.get("/static/0000/keyturn.css")).status == 404
    assert (await browser.get(f"/static/{served.shell.statics.build}/..%2fbase.html")).status == 404


def test_the_same_hash_is_used_on_both_sides_of_the_port() -> None:
    """A browser's cookie is known to the services by the hash that they compute themselves."""
    assert security.hashed("abc") == hashed("abc")


def test_a_form_shows_names_of_fields_only() -> None:
    """A repr in a log must not hold a code."""
    form = Form([("code", CANARY), ("gone", "a"), ("gone", "b")])
    assert CANARY not in repr(form)
    assert form["gone"] == "a"
    assert form.all("gone") == ["a", "b"]
    with pytest.raises(Refused):
        form.text("code", longest=3)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2::5", "2001:db8:1::/48"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("fe80::1%eth0", "fe80::/48"),
        ("nonsense", ""),
        ("", ""),
    ],
)
def test_addresses_are_shortened_to_a_network(address: str, network: str) -> None:
    """A network is enough to judge by, and is not a person."""
    assert network_of(address) == network


@pytest.mark.parametrize(
    ("headers", "network"),
    [
        (["203.0.113.77"], "203.0.113.0/24"),
        (["198.51.100.1, 203.0.113.77"], "203.0.113.0/24"),
        (["198.51.100.1", "203.0.113.77"], "203.0.113.0/24"),
        (["203.0.113.77:51234"], "203.0.113.0/24"),
        (['"[2001:db8:1:2::5]:51234"'], "2001:db8:1::/48"),
        (["2001:db8:1:2::5"], "2001:db8:1::/48"),
        (["unknown"], ""),
        ([], ""),
    ],
)
def test_behind_a_proxy_the_visitor_is_whom_the_proxy_saw(
    served: House, headers: list[str], network: str
) -> None:
    """Its own entry is the last; what a visitor sends in the same header comes before it."""
    served.shell.site = replace(served.shell.site, address_header="X-Forwarded-For")
    sent = CIMultiDict([("X-Forwarded-For", one) for one in headers])
    assert served.shell.visitor(make_mocked_request("GET", "/", headers=sent)).network == network


def test_without_a_proxy_the_header_is_a_strangers_claim(served: House) -> None:
    """Or everybody would choose the network whose budget is spent."""
    sent = CIMultiDict([("X-Forwarded-For", "203.0.113.77")])
    assert served.shell.visitor(make_mocked_request("GET", "/", headers=sent)).network != "203.0.113.0/24"


IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X)"
ANDROID = "Mozilla/5.0 (Linux; Android 14) Chrome/130.0 Mobile Safari/537.36"


@pytest.mark.parametrize(
    ("agent", "device", "inside"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64) Chrome/130.0 Safari/537.36 Edg/130.0", "Edge, Windows", False),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Safari/604.1", "Safari, iPhone", False),
        ("Mozilla/5.0 (X11; Linux x64; rv:133.0) Gecko/20100101 Firefox/133.0", "Firefox, Linux", False),
        ("Mozilla/5.0 (Linux; Android 14; Pixel 8; wv) Chrome/130.0 Safari/537.36", "Chrome, Android", True),
        ("curl/8.5.0", "unknown", False),
        (f"{IPHONE} Mobile/15E148 [FBAN/FBIOS;FBAV/450]", "iPhone", True),
        (f"{IPHONE} Mobile/15E148 Safari/604.1 Slack/24.10", "Safari, iPhone", True),
        ("Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "unknown", False),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/120.0 Safari/537.36 Teams/24033.811", "Chrome, Windows", True),
        (f"{IPHONE} Mobile/15E148 TeamsMobile-iOS", "iPhone", True),
        (f"{IPHONE} Mobile/15E148 OutlookMobile/4.2", "iPhone", True),
        (f"{IPHONE} Mobile/15E148 Outlook-iOS/709", "iPhone", True),
        (f"{ANDROID} Outlook-Android/2.0", "Chrome, Android", True),
    ],
)  # fmt: skip
def test_a_browser_is_summed_up_in_two_names(agent: str, device: str, inside: bool) -> None:
    """What a human can compare with what they were told; a browser inside an app is recognised."""
    assert device_of(agent) == device
    assert in_app(agent) is inside


def test_negotiation_survives_anything() -> None:
    """A header is text from outside."""
    assert negotiated("de;q=x,,;q=1,*;q=0.1", ("en", "de")) == "en"
    assert negotiated("en;q=0, de", ("en", "de")) == "de"
