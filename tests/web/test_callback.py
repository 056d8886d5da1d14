"""The way back from a sign-in: the one POST that may come from another site."""

from __future__ import annotations

from bot.ports.sign_in import Landing
from tests.web.browsing import Browser
from tests.web.house import House, PassThrough

CROSS = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "document"}


def landing(served: House, landing: Landing) -> None:
    assert isinstance(served.sign_ins, PassThrough)
    served.sign_ins.landing = landing


async def test_the_authoritys_form_is_let_in_and_leads_on(served: House, browser: Browser) -> None:
    """No form token, from another site: allowed here and nowhere else."""
    landing(served, Landing("/desk", session="value-1", session_kind="desk"))
    answer = await browser.ask("POST", "/auth/callback", data={"state": "s", "code": "c"}, headers=CROSS)
    assert (answer.status, answer.headers["Location"]) == (303, "/desk")
    morsel = answer.cookies()["__Host-desk"]
    assert (morsel.value, morsel["samesite"]) == ("value-1", "Lax")
    assert morsel["httponly"]


async def test_a_refusal_is_told_on_the_page_it_leads_to(served: House, browser: Browser) -> None:
    """The reason is one of ours; anything else in the address says nothing."""
    landing(served, Landing("/desk", refused="other_account"))
    answer = await browser.ask("POST", "/auth/callback", data={"state": "s"}, headers=CROSS)
    assert answer.headers["Location"] == "/desk?refused=other_account"
    assert 'class="notice bad"' in (await browser.get("/desk?refused=other_account")).text
    assert 'class="notice bad"' not in (await browser.get("/desk?refused=<b>you+won</b>")).text
    assert "__Host-desk" not in browser.jar


async def test_the_callback_takes_posts_only(browser: Browser) -> None:
    """A code in an address would be in histories and logs."""
    answer = await browser.get("/auth/callback?state=s&code=c")
    assert (answer.status, answer.headers["Allow"]) == (405, "POST")
    assert (await browser.ask("POST", "/auth/callback", json={"state": "s"})).status == 400


async def test_no_landing_leads_elsewhere(served: House, browser: Browser) -> None:
    """Not even one made by a mistake of ours."""
    landing(served, Landing("https://evil.example/"))
    answer = await browser.ask("POST", "/auth/callback", data={"state": "s"}, headers=CROSS)
    assert answer.headers["Location"] == "/"
