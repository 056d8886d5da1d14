"""The talk with script, in Chromium: new lines appear by themselves, and nothing that is typed is lost."""

from __future__ import annotations

from playwright.async_api import Browser as Chromium
from playwright.async_api import expect

from tests.fakes.product import Whole, whole  # noqa: F401
from tests.fakes.sandbox import sandbox  # noqa: F401
from tests.fakes.talking import Desked, called
from tests.journey.people import Person
from tests.web.visiting import serving


async def test_lines_appear_while_somebody_types(whole: Whole, chromium: Chromium) -> None:  # noqa: F811
    """The agent's draft and focus stay while the person writes; Enter sends; a secret is refused beside
    the box."""
    desked = Desked(whole)
    case = await called(whole)
    agent = await desked.takes(case)
    review = f"/r/{whole.product.keys.handle('review', case.id)}"
    async with serving(whole) as url:
        context = await chromium.new_context(locale="en-GB")
        page = await context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        await page.goto(f"{url}{review}")
        await page.get_by_role("button", name="Sign in").click()
        await Person("Jonas Lindqvist", url, context, errors).signs_in(page)
        await page.goto(f"{url}{review}/talk")
        box, lines = page.locator("#talk-text"), page.locator("#talk-lines")
        await box.fill("half a sen")
        await whole.say("my phone fell into the lake")
        await expect(lines).to_contain_text("fell into the lake")
        assert await box.input_value() == "half a sen"
        assert await page.evaluate("document.activeElement.id") == "talk-text"
        await expect(page.locator("#talk-news")).to_contain_text("fell into the lake")
        await box.fill("Your pass is Xk7!pQ2z")
        await box.press("Enter")
        await expect(page.locator("#talk-said")).to_contain_text("looks like a pass")
        await expect(box).to_have_value("")
        await box.fill("Which lake?")
        await box.press("Enter")
        await expect(lines).to_contain_text("Which lake?")
        await expect(box).to_have_value("")
        await context.close()
        assert errors == []
    assert (await desked.words(case, agent))[-1] == ("agent", "Which lake?")
