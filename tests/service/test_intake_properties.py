"""Whatever anybody types or presses, in whatever order: nothing raises, nothing accepted is lost."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.core import effects as fx
from bot.core.model import Place
from bot.core.records import Case, ChatRow, EventRow, Job
from bot.ports.intake import Incoming
from tests.fakes.product import Whole, choices

PEOPLE = ("employee", "manager", "deputy")
words = st.sampled_from(
    [
        "I got a new phone", "back", "stop", "person", "start again", "help", "Deutsch", "in English", "1",
        "yes",
        "No, wiped or broken", "I did not do this", "go on", "confirm 482913", "Pa55+word!x", "4829 1377",
        "", " ",
    ]
)  # fmt: skip
strange = st.text(max_size=80)
made_up = st.one_of(
    st.sampled_from(
        ["start:new_phone", "start:nothing", "menu", "else", "cmd:person", "cmd:not_me", "cmd:back"]
    ),
    st.builds("s:{}:{}:{}:{}".format, st.sampled_from(["x", "c1"]), strange, st.integers(), strange),
    strange,
)
moves = st.tuples(
    st.sampled_from(PEOPLE),
    st.sampled_from(["text", "button", "made_up", "form", "again", "bug"]),
    st.one_of(words, strange),
    made_up,
    st.integers(0, 40),
)


class Crowd:
    """Some people at their keyboards, and a bug that comes and goes."""

    def __init__(self, whole: Whole) -> None:
        self.whole = whole
        self.accepted: dict[str, dict[str, Any]] = {}
        self.messages: list[Incoming] = []

    async def move(self, person: str, kind: str, text: str, made_up: str, n: int) -> None:
        buttons = [c for m in await self.whole.shown(person) for c in choices(m)] or ["menu"]
        pressed = buttons[n % len(buttons)]
        what: dict[str, Any]
        match kind:
            case "bug":
                self.whole.product.turns._performers[fx.HandOff] = [boom] if n % 2 else []
                return
            case "again" if self.messages:
                message = self.messages[n % len(self.messages)]
                assert await self.send(message) == self.accepted[message.dedupe_key]
                return
            case "text":
                what = {"text": text or "-"}
            case "form":
                what = {"choice": pressed, "form": {"value": text, "choice": text}}
            case "made_up":
                what = {"choice": made_up or "-"}
            case _:
                what = {"choice": pressed}
        message = self.whole.incoming(person, **what)
        self.messages.append(message)
        self.accepted[message.dedupe_key] = await self.send(message)

    async def send(self, message: Incoming) -> dict[str, Any]:
        reply = await self.whole.product.intake.receive(message)
        await self.whole.settle()
        return reply


def boom(*_: Any) -> tuple[()]:
    raise ValueError("a bug")


async def forget(whole: Whole) -> None:
    """A new day for the next example, in the same store: other chats, other keys."""
    whole.clock.go(days=2)
    for row in await whole.rows(ChatRow):
        await whole.store.transact(lambda work, place=row.place: work.remove(ChatRow, place))


@given(script=st.lists(moves, min_size=1, max_size=14))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_nothing_raises_and_no_accepted_event_is_lost(whole: Whole, script: list[Any]) -> None:
    """Each message has its one event, done or failed, and a duplicate gets the very same reply. Each chat
    has at most one case that is not over."""
    crowd = Crowd(whole)
    whole.product.turns._performers[fx.HandOff] = []
    for one in script:
        await crowd.move(*one)
    for key, reply in crowd.accepted.items():
        (row,) = await whole.rows(EventRow, dedupe_key=key)
        assert row.status in ("done", "failed")
        assert row.reply == reply
        assert reply["says"] or reply["case"]
    assert [job.key for job in await whole.rows(Job, kind="say", status="dead")] == []
    for person in PEOPLE:
        place = Place("web", "demo", person).key
        still = [case for case in await whole.rows(Case, place=place) if case.status != "ended"]
        assert len(still) <= 1
        for case in still:  # whatever happened, it can be stopped, and the chat is free again
            await whole.say("stop", person)
            assert (await whole.rows(Case, id=case.id))[0].status == "ended"
    await forget(whole)


async def test_everybody_at_once_is_everybody_in_some_order(whole: Whole) -> None:
    """Sixty messages of one chat at the same moment: sixty events, one case."""
    messages = [whole.incoming(choice=c) for c in ["start:new_phone", "menu", "cmd:help"] * 20]
    replies = await asyncio.gather(*(whole.product.intake.receive(m) for m in messages))
    assert len(replies) == 60
    assert len(await whole.rows(EventRow)) == 60
    assert len(await whole.rows(Case)) == 1
