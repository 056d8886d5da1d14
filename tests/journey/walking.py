"""Walks: what one person has to do until it is over, counted.

A step is a click, an entry (typing, with the key or button that sends it) or a sign-in, by the person
who needs help; what agents and colleagues do is not counted. With `WALKS` naming a folder, a picture
of every step is left there.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import FrameLocator, Locator, Page, expect

from tests.journey.people import Company, Person

Place = Page | Locator | FrameLocator


@dataclass
class Walker:
    """One person on their way; *steps* says what each step was."""

    name: str
    person: Person
    steps: list[str] = field(default_factory=list)

    async def press(self, where: Place, name: str | re.Pattern[str], *, last: bool = True) -> None:
        """Press the newest button, choice or link of that name."""
        exact = isinstance(name, str)
        found = where.get_by_role("button", name=name, exact=exact).or_(
            where.get_by_role("link", name=name, exact=exact)
        )
        await self.click(found.last if last else found.first, name if exact else name.pattern)  # type: ignore[union-attr, arg-type]

    async def click(self, what: Locator, name: str) -> None:
        await expect(what).to_be_enabled()
        await self._seen(what.page, f"click {name}")
        await what.click()

    async def follows(self, link: Locator) -> Page:
        """Click what opens a tab of its own, and be there."""
        await self._seen(link.page, "follow")
        return await self.person.follow(link.page, link)

    async def enter(self, field_: Locator, text: str, go: str = "") -> None:
        """Type, and send with the button *go*, or with Enter."""
        await field_.fill(text)
        page = field_.page
        await self._seen(page, "enter")
        if go:
            form = page.locator("form").filter(has=field_)
            await form.get_by_role("button", name=go, exact=True).click()
        else:
            await field_.press("Enter")

    async def choose(self, field_: Locator, option: str) -> None:
        await self._seen(field_.page, f"choose {option}")
        if await field_.evaluate("e => e.tagName") == "SELECT":
            value = await field_.locator("option", has_text=option).first.get_attribute("value")
            await field_.select_option(value=value)
        else:
            await field_.check()

    async def signs_in(self, page: Page, how: str = "") -> None:
        await self._seen(page, "sign in")
        await self.person.signs_in(page, how)

    async def sees(self, page: Page) -> None:
        """At the end, and where nothing is done: nothing that axe objects to, in any width."""
        await self.person.fine(page)
        await self._picture(page, "seen")

    async def _seen(self, page: Page, what: str) -> None:
        self.steps.append(what)
        await self._picture(page, what)

    async def _picture(self, page: Page, what: str) -> None:
        if folder := os.environ.get("WALKS"):
            name = re.sub(r"[^a-z]+", "-", what.lower()).strip("-")
            path = Path(folder) / f"{self.name}-{len(self.steps):02}-{name}.png"
            await page.screenshot(path=path, full_page=True)


async def at_the_door(company: Company, who: Person, name: str, words: str) -> tuple[Walker, Page]:
    """Somebody without chat says what is wrong."""
    page = await who.open("/help")
    walker = Walker(name, who)
    await walker.enter(page.get_by_label("In your own words"), words)
    return walker, page
