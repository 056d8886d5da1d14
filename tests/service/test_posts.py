"""What was sent to platforms is found again by its reference, and by nothing else."""

from __future__ import annotations

from bot.core.message import Message
from bot.core.model import Place
from bot.service.posts import PostBook
from tests.fakes.product import Whole

HOME = Place("teams", "t", "one")


async def test_a_press_that_names_no_message_finds_none(whole: Whole) -> None:
    """What is still on its way has no reference either: a press without one must not be taken for a
    press on it, and in the agents' channel must not show the card of another case."""
    posts = PostBook(whole.store, whole.clock)
    await posts.begin("k1", HOME, Message.line("not there yet"), case_id="c1")
    assert await posts.by_ref(HOME, "") is None
    await posts.arrived("k1", "17")
    found = await posts.by_ref(HOME, "17")
    assert found is not None
    assert found.key == "k1"
