"""The list of what the bot helps with: four buttons, a list for the rest, and a person always."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.elements import Buttons, Select
from bot.core.message import Message
from bot.core.records import Case
from tests.fakes.product import Whole


def parts(message: Message) -> tuple[list[str], list[str], list[str]]:
    """Buttons of the first row, what the list holds, and the buttons of the last row."""
    rows = [one for one in message.elements if isinstance(one, Buttons)]
    lists = [one for one in message.elements if isinstance(one, Select)]
    first = [choice.id for choice in rows[0].choices]
    last = [choice.id for choice in rows[-1].choices]
    return first, [option.value for one in lists for option in one.options], last


async def test_four_buttons_and_the_rest_in_a_list(whole: Whole) -> None:
    """Whatever can be started is there once, and a person is never further than one press."""
    await whole.say("menu")
    first, rest, last = parts(await whole.last())
    assert first == ["start:new_phone", "start:locked_out", "start:lost_phone", "start:phone_not_with_me"]
    assert last == ["cmd:person", "cmd:not_me"]
    every = {name.removeprefix("start:") for name in first} | set(rest)
    assert every == {name for name, _ in whole.product.published.menu("en")}
    assert not every & {"a_person", "recover", "new_method", "desk_open"}


async def test_what_is_picked_in_the_list_begins(whole: Whole) -> None:
    await whole.say("menu")
    await whole.press("pick", form={"flow": "laptop_locked"})
    [case] = await whole.rows(Case, status="open")
    assert case.flow == "laptop_locked"


@pytest.mark.parametrize("form", [{}, {"flow": ""}, {"flow": "../x"}, {"flow": "a_person"}, {"flow": "none"}])
async def test_what_is_no_flow_begins_nothing(whole: Whole, form: dict[str, str]) -> None:
    """Pressed without choosing, made up, or a piece that is only ever called."""
    await whole.say("menu")
    await whole.press("pick", form=form)
    assert await whole.rows(Case, status="open") == []


async def test_what_people_ask_for_most_comes_first(whole: Whole) -> None:
    """Counted over a month; the order is made anew every ten minutes at most."""
    published = whole.product.published
    await whole.press("start:laptop_locked")
    [case] = await whole.rows(Case)
    at = whole.clock.now()
    more = [
        replace(case, id=f"{case.id}-{n}", number=str(900000 + n), handle_hash=f"h{n}", flow="first_day",
                status="ended", opened_at=at - timedelta(days=n))
        for n in (1, 2, 31)
    ]  # fmt: skip
    await whole.store.transact(lambda work: [work.add(one) for one in more])
    published._weighed = None
    await published.weigh()
    names = [name for name, _ in published.menu("en")]
    assert names[:3] == ["first_day", "laptop_locked", "new_phone"]
    await whole.store.transact(lambda work: [work.remove(Case, one.id) for one in more])
    await published.weigh()
    assert next(name for name, _ in published.menu("en")) == "first_day"
    whole.clock.go(minutes=10)
    await published.weigh()
    assert next(name for name, _ in published.menu("en")) == "laptop_locked"
