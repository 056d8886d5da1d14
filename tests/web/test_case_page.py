"""The case page over HTTP: by plain forms, by JSON, and by nobody who should not."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from bot.core.records import Attempt, AuditRow, Case, Handover
from bot.ports.store import Store
from tests.fakes.clock import FakeClock, FakeEntropy
from tests.fakes.proving import GOOD, NUMBER, World
from tests.web.browsing import Browser
from tests.web.case_house import PASS, CaseHouse, Forms, Script, case_house


@pytest.fixture
async def house(store: Store, clock: FakeClock, entropy: FakeEntropy) -> AsyncIterator[CaseHouse]:
    async with case_house(store, clock, entropy) as made:
        await made.world.case()
        yield made


@pytest.fixture
async def browser(house: CaseHouse) -> AsyncIterator[Browser]:
    async with Browser(house.url) as made:
        yield made


@pytest.fixture
async def other(house: CaseHouse) -> AsyncIterator[Browser]:
    async with Browser(house.url) as made:
        yield made


async def proven(house: CaseHouse, script: Script) -> World:
    """Saved code and live check passed; the page shows what to tick."""
    world = house.world
    await script.enter()
    await script.good("code", code=GOOD)
    await script.good("check", how="call_back")
    from bot.core.records import Check
    from tests.fakes.proving import AGENT

    check = (await world.rows(Check, status="asked"))[0]
    await world.checks.tell(check.id, AGENT, device="laptop", place="home", number_ref="business0")
    await world.checks.sign(check.id, AGENT, "", "agent-browser")
    await world.signed(AGENT)
    shown = await world.checks.digits(check.id, AGENT)
    assert shown is not None
    await script.good("digits", digits=shown.digits)
    return world


async def test_a_get_of_the_page_changes_nothing_and_shows_no_number(
    house: CaseHouse, browser: Browser
) -> None:
    """Unfurlers, scanners and previews may look as often as they like."""
    for _ in range(3):
        page = await browser.get(house.path)
        assert page.status == 200
        assert NUMBER not in page.text
        assert f"{NUMBER[:3]} {NUMBER[3:]}" not in page.text
    assert await house.world.rows(Attempt) == []
    assert not [name for name in browser.jar if name.startswith("__Host-case")]


async def test_a_scanner_that_posts_every_form_as_it_stands_does_nothing(
    house: CaseHouse, browser: Browser
) -> None:
    """Some mail scanners run pages and press buttons; what must be typed is not on the page."""
    forms = Forms(browser, house.path)
    for name in ("claim", "not-me", "finish", "person", "check", "manager", "gone", "sign-in"):
        assert (await forms.post(name)).status >= 400
    assert await house.world.rows(Attempt) == []
    assert (await house.world.row(Case, "case-1")).status == "open"


async def test_a_post_from_elsewhere_is_refused(house: CaseHouse, browser: Browser) -> None:
    """Without this page's form token, or from another site, nothing is taken."""
    await browser.get(house.path)
    plain = await browser.ask("POST", f"{house.path}/claim", data={"number": NUMBER})
    assert plain.status == 403
    script = Script(browser, house.path)
    await script.look()
    cross = await browser.ask(
        "POST", f"{house.path}/claim", json={"number": NUMBER},
        headers={"X-Form-Token": script.token, "Sec-Fetch-Site": "cross-site"},
    )  # fmt: skip
    assert cross.status == 403
    assert await house.world.rows(Attempt) == []


async def test_an_unknown_handle_is_not_found(house: CaseHouse, browser: Browser) -> None:
    assert (await browser.get("/c/nonsense")).status == 404


async def test_a_claim_by_plain_form_gives_a_cookie_of_this_case_alone(
    house: CaseHouse, browser: Browser
) -> None:
    """Random, made at the claim, HttpOnly, Secure, Lax; a planted value opens nothing."""
    forms = Forms(browser, house.path)
    wrong = await forms.post("claim", {"number": "000000"})
    assert wrong.status == 409
    assert "not the case number" in wrong.text
    assert 'role="alert"' in wrong.text
    good = await forms.post("claim", {"number": f"{NUMBER[:3]} {NUMBER[3:]}"})
    assert (good.status, good.headers["Location"]) == (303, house.path)
    cookie = next(c for n, c in good.cookies().items() if n.startswith("__Host-case-"))
    assert cookie["httponly"]
    assert cookie["secure"]
    assert cookie["samesite"] == "Lax"
    assert cookie["path"] == "/"
    page = await forms.look()
    assert f"{NUMBER[:3]} {NUMBER[3:]}" in page.text
    assert "Preparing this browser" in page.text


async def test_claiming_twice_gives_another_cookie(house: CaseHouse, browser: Browser) -> None:
    """Session fixation: whatever cookie was there before the claim is not the one after it."""
    script = Script(browser, house.path)
    await script.good("claim", number=NUMBER)
    name = next(n for n in browser.jar if n.startswith("__Host-case-"))
    before = browser.jar[name]
    await script.good("claim", number=NUMBER)
    assert browser.jar[name] != before


async def test_the_whole_way_by_json(house: CaseHouse, browser: Browser) -> None:
    """A script with only the base address can prove, tick, wait, and open the pass."""
    script = Script(browser, house.path)
    assert (await script.look())["stage"] == "claim"
    world = await proven(house, script)
    view = await script.look()
    assert view["stage"] == "tick"
    await script.good("gone", method=[m["id"] for m in view["methods"] if m["strong"]])
    assert world.turns.outcomes == ["ok"]
    await house.ask_approvers()
    assert (await script.look())["stage"] == "wait"
    await house.seal()
    told = await script.good("pulse", wait=0)
    assert told["stage"] == "pass"
    assert told["pass"]["wire"] == {}
    assert (await script.post("pass")).status == 429  # too young to work
    world.clock.go(seconds=11)
    assert script.open(await script.good("pass")) == PASS
    assert script.open((await script.look())["pass"]) == PASS


async def test_another_browser_never_gets_the_pass(
    house: CaseHouse, browser: Browser, other: Browser
) -> None:
    """Neither the handle nor the case number, nor both, open what was sealed to the first browser."""
    script, stranger = Script(browser, house.path), Script(other, house.path)
    world = await proven(house, script)
    await script.good("gone", method=["app", "sms"])
    await house.ask_approvers()
    await house.seal()
    world.clock.go(seconds=11)
    assert (await stranger.post("pass")).status == 403
    await stranger.enter()
    view = await stranger.look()
    assert view["pass"] is None
    assert (await stranger.post("pass")).status == 403
    assert script.open(await script.good("pass")) == PASS


async def test_nothing_that_was_sent_holds_the_pass_in_clear(house: CaseHouse, browser: Browser) -> None:
    """Ciphertext to the page, ciphertext in the store, nothing in the audit."""
    script = Script(browser, house.path)
    world = await proven(house, script)
    await script.good("gone", method=["app", "sms"])
    await house.ask_approvers()
    await house.seal()
    world.clock.go(seconds=11)
    taken = await script.post("pass")
    html = await browser.get(house.path)
    kept = repr(await world.rows(Handover)) + repr(await world.rows(AuditRow))
    for text in (taken.text, html.text, kept):
        assert PASS not in text


async def test_finishing_forgets_the_browser_and_the_ciphertext(house: CaseHouse, browser: Browser) -> None:
    """Finish: the cookie goes, the sealed pass is destroyed, the page is a stranger's again."""
    script = Script(browser, house.path)
    world = await proven(house, script)
    await script.good("gone", method=["app", "sms"])
    await house.ask_approvers()
    await house.seal()
    world.clock.go(seconds=11)
    await script.good("pass")
    await script.good("finish")
    assert not [name for name in browser.jar if name.startswith("__Host-case")]
    assert (await world.rows(Handover))[0].sealed == ""
    assert (await script.look())["stage"] == "claim"


async def test_a_wrong_code_says_so_kindly_and_counts(house: CaseHouse, browser: Browser) -> None:
    """The page comes back with the reason beside the field, and how many tries are left."""
    script = Script(browser, house.path)
    await script.enter()
    page = await Forms(browser, house.path).post("code", {"code": "NOT-A-CODE"})
    assert page.status == 409
    assert "That code is not right" in page.text
    assert "4 tries left" in page.text
    assert 'aria-invalid="true"' in page.text
    assert "NOT-A-CODE" not in page.text
    late = await script.post("code", code=GOOD)
    assert (late.status, json.loads(late.body)["error"]) == (429, "too_soon")


async def test_doors_are_named_open_or_closed_with_the_reason(house: CaseHouse, browser: Browser) -> None:
    """Plain words, in the person's language, and the same list for every name before any evidence."""
    script = Script(browser, house.path)
    await script.enter()
    page = (await browser.get(house.path)).text
    for words in (
        "A saved code",
        "A short talk with the help desk",
        "Your manager",
        "Not set up at your company yet",
    ):
        assert words in page
    german = (await browser.get(f"{house.path}?lang=de")).text
    assert "Ein gespeicherter Code" in german
    assert 'lang="de"' in german


async def test_the_page_speaks_the_language_of_the_case(
    store: Store, clock: FakeClock, entropy: FakeEntropy
) -> None:
    """Somebody who chatted in German reads German here, whatever the borrowed browser prefers."""
    async with case_house(store, clock, entropy) as house, Browser(house.url) as browser:
        await house.world.case(locale="de")
        page = await browser.get(house.path, headers={"Accept-Language": "en"})
        assert "Fall öffnen" in page.text


async def test_an_in_app_browser_is_advised(house: CaseHouse, browser: Browser) -> None:
    """A small browser inside an app forgets keys; the page says how to leave it."""
    page = await browser.get(
        house.path, headers={"User-Agent": "Mozilla/5.0 (Linux; Android 14; wv) Slack/24"}
    )
    assert "open inside another app" in page.text


async def test_i_did_not_open_this_by_form(house: CaseHouse, browser: Browser) -> None:
    forms = Forms(browser, house.path)
    assert (await forms.post("not-me", {"number": "1"})).status == 409
    assert (await forms.post("not-me", {"number": NUMBER})).status == 303
    assert "This case was stopped" in (await forms.look()).text


async def test_a_sign_in_leaves_for_the_authority(house: CaseHouse, browser: Browser) -> None:
    """A method that still works: off to a fresh sign-in, with one transaction cookie."""
    await Script(browser, house.path).enter()
    gone = await Forms(browser, house.path).post("sign-in")
    assert gone.status == 303
    assert gone.headers["Location"].startswith("https://authority.example/")
    assert "__Host-tx-1" in browser.jar


async def test_asking_for_a_person_reaches_the_flow(house: CaseHouse, browser: Browser) -> None:
    await Script(browser, house.path).enter()
    await Forms(browser, house.path).post("person")
    assert [type(w).__name__ for w in house.world.turns.taken.values()] == ["Commanded"]


async def test_hostile_labels_are_shown_as_text(house: CaseHouse, browser: Browser) -> None:
    """A method's name comes from the account, so it is the attacker's to choose."""
    from dataclasses import replace

    from tests.fakes.proving import SUBJECT

    owned = house.world.directory.owned
    app = owned[SUBJECT][1]
    owned[SUBJECT] = (
        *owned[SUBJECT][:1],
        replace(app, label="<script>alert(1)</script>"),
        *owned[SUBJECT][2:],
    )
    await proven(house, Script(browser, house.path))
    page = (await browser.get(house.path)).text
    assert "<script>alert(1)</script>" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize("name", ["key", "pulse", "pass"])
async def test_the_scripts_own_calls_take_nothing_but_json(
    house: CaseHouse, browser: Browser, name: str
) -> None:
    await Script(browser, house.path).enter()
    assert (await Forms(browser, house.path).post(name)).status in (400, 403)


async def test_nonsense_in_a_field_is_a_bad_form(house: CaseHouse, browser: Browser) -> None:
    script = Script(browser, house.path)
    await script.enter()
    assert (await script.post("code", code={"a": 1})).status == 400
    assert (await script.post("gone", method=[1])).status == 400
    assert (await script.post("key", jwk="x")).status == 400
    assert (await script.post("check", how="shouting")).status == 400
