"""The talk between a person and the agent who took their case, wherever each of them writes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from bot.core.audit import Tag
from bot.core.masking import LONGEST, MASK
from bot.core.model import Reason
from bot.core.records import AuditRow, Card, Case, Job, Line, SavedCode, Talk, TalkLine
from bot.errors import Refused
from bot.ports.talk import QUICK
from bot.service.cards import TAKE_IDLE
from bot.service.talk_rows import KEPT, SILENT
from tests.fakes.product import Whole
from tests.fakes.talking import Desked, called

CODE = "ABCDE-FGHIJ-KLMNO-PQRST-UVWXY-Z"
WORDS = "my phone fell into the lake"


@pytest.fixture
def desked(whole: Whole) -> Desked:
    return Desked(whole)


async def bodies(whole: Whole, tag: Tag) -> list[dict[str, Any]]:
    return [row.body for row in await whole.rows(AuditRow, tag=tag.value, order="id")]


def kept(whole: Whole, text: str) -> bool:
    return text.encode() in whole.at_rest()


async def told(whole: Whole, person: str = "employee") -> list[str]:
    return [message.text() for message in await whole.shown(person)]


# --- the person writes -------------------------------------------------------------------------------


async def test_words_to_a_called_person_are_a_line_and_not_refused(whole: Whole, desked: Desked) -> None:
    """Before anybody has taken the case: whoever does reads them; the flow stands where it stood."""
    case = await called(whole)
    reply = await whole.say(WORDS)
    assert reply["refused"] == ""
    assert await desked.words(case) == [("person", WORDS)]
    now = await whole.case()
    assert (now.step, now.version) == (case.step, case.version)
    assert "Nobody has taken your case" in (await whole.last()).text()


async def test_only_the_first_line_is_answered(whole: Whole) -> None:
    """The bot does not talk in between."""
    await called(whole)
    await whole.say(WORDS)
    before = await told(whole)
    await whole.say("it is quite deep there")
    assert await told(whole) == before


async def test_without_a_person_typed_words_mean_what_they_always_meant(whole: Whole) -> None:
    await whole.press("start:new_phone")
    assert (await whole.say(WORDS))["refused"] == "not_expected"
    assert await whole.rows(TalkLine) == []


@pytest.mark.parametrize(("word", "status"), [("stop", "ended"), ("I did not do this", "frozen")])
async def test_the_engines_words_work_during_a_talk(whole: Whole, word: str, status: str) -> None:
    """Nobody has to ask an agent for leave to stop."""
    await called(whole)
    await whole.say(word)
    assert (await whole.case()).status == status
    assert await whole.rows(TalkLine) == []


async def test_the_buttons_of_the_flow_work_during_a_talk(whole: Whole, desked: Desked) -> None:
    """The step keeps waiting underneath; its button takes the flow up again."""
    case = await called(whole)
    await whole.say(WORDS)
    await whole.press(await whole.button(":gone"))
    assert (await whole.case()).step != case.step


async def test_what_sounds_like_an_attack_reaches_the_agent_and_is_said_at_once(
    whole: Whole, desked: Desked
) -> None:
    """The detector is never dismissed, and the agent need not know every trick."""
    case = await called(whole)
    text = "somebody is asking me to approve a sign-in I did not start"
    await whole.say(text)
    assert await desked.words(case) == [("person", text)]
    assert "cmd:not_me" in [choice.id for choice in (await whole.last()).choices()]


async def test_a_message_delivered_twice_is_one_line(whole: Whole, desked: Desked) -> None:
    case = await called(whole)
    message = whole.incoming(text=WORDS)
    first = await whole.product.intake.receive(message)
    assert await whole.product.intake.receive(message) == first
    assert len(await desked.lines(case)) == 1


async def test_files_and_voices_are_refused_kindly(whole: Whole) -> None:
    await called(whole)
    for kind in ("file", "voice"):
        await whole.product.intake.receive(whole.incoming(unheard=kind))
        await whole.settle()
        assert await whole.rows(TalkLine) == []
        assert "few words" in (await whole.last()).text()


async def test_a_flood_is_stopped(whole: Whole, desked: Desked) -> None:
    """Nobody reads a line a second; a script must not fill the desk."""
    case = await called(whole)
    for number in range(40):
        reply = await whole.product.intake.receive(whole.incoming(text=f"and word {'x' * number}"))
    assert reply["refused"] == "too_many"
    assert len(await desked.lines(case)) == 30


# --- secrets -----------------------------------------------------------------------------------------


async def test_a_typed_secret_is_masked_before_anything_is_kept(whole: Whole, desked: Desked) -> None:
    """The rest of the sentence reaches the agent; the person is told."""
    case = await called(whole)
    await whole.say("it says 482913 on the screen")
    (line,) = await desked.lines(case)
    assert line.masked
    assert await desked.words(case) == [("person", f"it says {MASK} on the screen")]
    assert "masked something" in (await whole.last()).text()
    assert not kept(whole, "482913")


@pytest.mark.parametrize("surface", ["chat", "page"])
async def test_a_saved_code_said_in_a_talk_is_used_up(whole: Whole, desked: Desked, surface: str) -> None:
    """Whoever reads along has nothing of it."""
    oid, at = whole.sandbox.oid("employee"), whole.clock.now()
    rows = await whole.product.codes.prepare(oid, [CODE], at=at, counts_from=at)
    await whole.store.transact(lambda work: [work.add(row) for row in rows])
    case = await called(whole)
    if surface == "chat":
        await whole.say(f"mine is {CODE} right?")
    else:
        assert await desked.types(await desked.claimed(case), f"mine is {CODE} right?")
    assert [row.status for row in await whole.rows(SavedCode)] == ["used"]
    assert await desked.words(case) == [("person", f"mine is {MASK} right?")]
    assert not kept(whole, CODE)


WRONG = {
    "Your pass is Xk7!pQ2z": Reason.TALK_SECRET,
    "The digits are 482 913": Reason.TALK_SECRET,
    "Please open https://evil.example/keyturn": Reason.TALK_LINK,
    "write to me at sam@private.example": Reason.TALK_LINK,
    "   ": Reason.TALK_EMPTY,
    "x" * (LONGEST + 1): Reason.TALK_LONG,
}


async def test_an_agent_cannot_send_a_secret_or_a_strange_link(whole: Whole, desked: Desked) -> None:
    """Nor nothing, nor a novel. What was refused is not kept, only that it was."""
    case = await called(whole)
    agent = await desked.takes(case)
    for text, reason in WRONG.items():
        with pytest.raises(Refused) as refused:
            await desked.writes(agent, case, text)
        assert refused.value.reason is reason
    assert await desked.lines(case) == []
    whys = [body["why"] for body in await bodies(whole, Tag.TALK_REFUSED)]
    assert sorted(whys) == ["talk_link", "talk_link", "talk_secret", "talk_secret"]
    assert not kept(whole, "Xk7!pQ2z")


async def test_an_agent_may_name_the_case_and_our_own_pages(whole: Whole, desked: Desked) -> None:
    case = await called(whole)
    agent = await desked.takes(case)
    await desked.writes(agent, case, f"Case {case.number}: see {whole.product.settings.public_url}/me")
    assert len(await desked.lines(case)) == 2  # who it is, and the words


# --- the agent writes --------------------------------------------------------------------------------


async def test_both_see_the_same_lines_in_order(whole: Whole, desked: Desked) -> None:
    """Whatever was written where; nobody is shown in the chat what they typed there."""
    case = await called(whole)
    await whole.say(WORDS)
    agent = await desked.takes(case)
    await desked.writes(agent, case, "Which lake?\nAnd when?")
    handle = await desked.claimed(case)
    await desked.types(handle, "Lake Tegel, today")
    await desked.writes(agent, case, quick="moment")
    assert await desked.words(case, agent) == [
        ("person", WORDS), ("bot", "joined"), ("agent", "Which lake?\nAnd when?"),
        ("person", "Lake Tegel, today"), ("agent", "quick.moment"),
    ]  # fmt: skip
    view = await whole.store.read(
        lambda work: desked.page._talks._talking.person_view(work, case, whole.clock.now())  # type: ignore[attr-defined]
    )
    assert [(one.author, one.text or one.word) for one in view.lines] == await desked.words(case, agent)
    badge = view.agent.badge if view.agent else ""
    chat = [text for text in await told(whole) if "Lindqvist" in text or "Tegel" in text or "lake" in text]
    assert chat[-4:] == [
        next(text for text in chat if "writes to you now" in text),
        f"Jonas Lindqvist (IT help desk, badge {badge}): Which lake?\nAnd when?",
        "You wrote on your page: Lake Tegel, today",
        f"Jonas Lindqvist (IT help desk, badge {badge}): One moment please, I am looking into it.",
    ]


async def test_who_it_is_is_said_once(whole: Whole, desked: Desked) -> None:
    """With the first line, and a button to check it."""
    case = await called(whole)
    agent = await desked.takes(case)
    await desked.writes(agent, case, "Hello")
    await desked.writes(agent, case, "Are you there?")
    said = [message for message in await whole.shown() if "writes to you now" in message.text()]
    assert [choice.id for choice in said[0].choices()] == ["badge"]
    assert len(said) == 1


async def test_a_picked_sentence_reaches_the_person_in_their_language(whole: Whole, desked: Desked) -> None:
    """The agent reads it in their own."""
    case = await called(whole, locale="de")
    agent = await desked.takes(case)
    for quick in QUICK:
        await desked.writes(agent, case, quick=quick)
        expected = whole.product.words.say("de", f"talk.quick.{quick}")
        assert (await whole.last()).text().endswith(expected)
        assert (await desked.words(case))[-1] == ("agent", f"quick.{quick}")


async def test_an_unknown_sentence_is_a_bad_form(whole: Whole, desked: Desked) -> None:
    case = await called(whole)
    agent = await desked.takes(case)
    with pytest.raises(Refused) as refused:
        await desked.writes(agent, case, quick="joined")
    assert refused.value.reason is Reason.BAD_FORM


async def test_a_form_sent_twice_is_one_line_and_other_words_are_another(
    whole: Whole, desked: Desked
) -> None:
    """Also from a page that the browser kept: going back and writing something else loses nothing."""
    case = await called(whole)
    agent = await desked.takes(case)
    handle = await desked.claimed(case)
    for _ in range(2):
        await desked.writes(agent, case, "Hello", once="same")
        await desked.types(handle, "Hi", once="same")
    await desked.writes(agent, case, "Hello again", once="same")
    await desked.types(handle, "Hi again", once="same")
    assert [words for who, words in await desked.words(case, agent) if who != "bot"] == [
        "Hello", "Hi", "Hello again", "Hi again",
    ]  # fmt: skip


async def test_an_agent_who_just_writes_opens_the_talk(whole: Whole, desked: Desked) -> None:
    """Nobody called for a person, say during a live check: what is typed now goes to the agent, even
    what a button says; the button itself still answers the flow."""
    case = await asked_for_a_check(whole)
    agent = await desked.takes(case)
    await desked.writes(agent, case, "Is it broken or lost?")
    await whole.say("Wiped or broken")
    assert (await desked.words(case, agent))[-1] == ("person", "Wiped or broken")
    assert (await whole.case()).version == case.version
    await desked.talks.finish(agent, case.id, "closed")
    await whole.settle()
    assert "has finished writing" in (await whole.last()).text()
    assert (await whole.say(WORDS))["refused"] == "not_expected"


async def test_an_agent_who_wrote_unasked_and_is_gone_leaves_the_flow_to_itself(
    whole: Whole, desked: Desked
) -> None:
    """Nobody was called, so nobody comes: the person is not told to wait, and their words answer the flow."""
    case = await asked_for_a_check(whole)
    agent = await desked.takes(case)
    await desked.writes(agent, case, "Is it broken or lost?")
    await desked.desk.release(agent, case.id)
    await whole.settle()
    assert "had to stop writing" in (await whole.last()).text()
    await whole.say("No, wiped or broken")
    assert (await whole.case()).version > case.version


async def asked_for_a_check(whole: Whole) -> Case:
    """A case before the agents that has called for no person."""
    await whole.press("start:new_phone")
    case = await whole.case()
    at = whole.clock.now()
    await whole.store.transact(lambda work: work.add(Card(case.id, f"h-{case.id}", at, "open", "live_check")))
    return case


# --- who may not -------------------------------------------------------------------------------------


@pytest.mark.parametrize("why", ["nobody", "another", "lapsed", "released"])
async def test_only_whoever_has_the_case_may_write(whole: Whole, desked: Desked, why: str) -> None:
    """The person is told who it is; a line of anybody else would be a lie."""
    case = await called(whole)
    agent = desked.agent()
    if why == "another":
        await desked.takes(case, "agent2")
    if why in ("lapsed", "released"):
        await desked.takes(case)
    if why == "lapsed":
        whole.clock.go(seconds=TAKE_IDLE.total_seconds() + 1)
    if why == "released":
        await desked.desk.release(agent, case.id)
    with pytest.raises(Refused) as refused:
        await desked.writes(agent, case, "Hello")
    assert refused.value.reason is Reason.NOT_TAKEN
    assert (await desked.talks.view(agent, case.id)).why_not == "not_taken"
    assert await desked.lines(case) == []


async def test_nobody_but_agents_reads_or_writes(whole: Whole, desked: Desked) -> None:
    """A desk session of somebody who has left the group is worth nothing."""
    case = await called(whole)
    for person in ("employee", "author", "manager"):
        who = desked.agent(person)
        for call in (
            desked.talks.view(who, case.id),
            desked.talks.write(who, case.id, text="x", quick="", once=""),
            desked.talks.finish(who, case.id, "closed"),
        ):
            with pytest.raises(Refused) as refused:
                await call
            assert refused.value.reason is Reason.NOT_AN_AGENT


async def test_agents_do_not_talk_to_themselves(whole: Whole, desked: Desked) -> None:
    """Somebody on duty who needs help is helped by another human."""
    case = await called(whole, "agent")
    card = await whole.store.read(lambda work: work.get(Card, case.id))
    assert card is not None
    mine = desked.agent()
    taken = replace(card, taken_by=mine.oid, taken_name=mine.name, taken_at=whole.clock.now())
    await whole.store.transact(lambda work: work.put(taken))
    with pytest.raises(Refused) as refused:
        await desked.writes(mine, case, "Hello me")
    assert refused.value.reason is Reason.SELF


async def test_a_case_that_is_over_takes_no_more_words(whole: Whole, desked: Desked) -> None:
    """From neither side."""
    case = await called(whole)
    agent = await desked.takes(case)
    handle = await desked.claimed(case)
    await desked.writes(agent, case, "All done")
    await desked.talks.finish(agent, case.id, "closed")
    await whole.settle()
    assert (await whole.case()).status == "ended"
    with pytest.raises(Refused) as refused:
        await desked.writes(agent, case, "One more thing")
    assert refused.value.reason is Reason.CASE_ENDED
    with pytest.raises(Refused) as refused:
        await desked.types(handle, "Thanks")
    assert refused.value.reason is Reason.CASE_ENDED


async def test_in_a_stopped_case_only_security_writes(whole: Whole, desked: Desked) -> None:
    """The page may be somebody else's, so it is shut; the chat still reaches a person."""
    case = await called(whole)
    agent = await desked.takes(case)
    handle = await desked.claimed(case)
    await whole.say("I did not do this")
    assert (await whole.case()).status == "frozen"
    with pytest.raises(Refused) as refused:
        await desked.writes(agent, case, "Hello")
    assert refused.value.reason is Reason.CASE_FROZEN
    with pytest.raises(Refused) as refused:
        await desked.types(handle, "it was me after all")
    assert refused.value.reason in (Reason.CASE_FROZEN, Reason.ATTEMPT_ENDED)
    assert (await whole.say("what happens now?"))["refused"] == ""
    desked.page._talks._security = desked.page._talks._members  # type: ignore[attr-defined]
    await desked.takes(case)
    await desked.writes(agent, case, "We are looking into it.")
    assert (await desked.words(case, agent))[-1] == ("agent", "We are looking into it.")


async def test_the_page_of_another_case_neither_reads_nor_writes(whole: Whole, desked: Desked) -> None:
    """A browser belongs to its own case, whatever link it was given."""
    mine, theirs = await called(whole), await called(whole, "new_starter")
    await desked.claimed(mine, "my-browser")
    handle = await desked.claimed(theirs, "their-browser")
    for call in (
        desked.people.say(handle, "my-browser", text="x", once=""),
        desked.people.check(handle, "my-browser", "Sam"),
        desked.people.seen(handle, "my-browser", 1),
        desked.people.say(handle, "", text="x", once=""),
    ):
        with pytest.raises(Refused) as refused:
            await call
        assert refused.value.reason is Reason.OTHER_BROWSER
    assert await whole.rows(TalkLine) == []


async def test_words_typed_in_another_chat_never_reach_the_case(whole: Whole, desked: Desked) -> None:
    case = await called(whole)
    await whole.say("let me in", "new_starter")
    assert await desked.lines(case) == []


# --- at rest -----------------------------------------------------------------------------------------


async def test_no_word_lies_in_the_database_in_clear(whole: Whole, desked: Desked) -> None:
    """Neither in the lines nor in transcript, outbox, events or audit; the audit tells how long it was."""
    case = await called(whole)
    agent = await desked.takes(case)
    await whole.say(WORDS)
    await desked.writes(agent, case, "Bring it to the counter tomorrow")
    await desked.types(await desked.claimed(case), "From my own page")
    for text in (WORDS, "Bring it to the counter", "From my own page"):
        assert not kept(whole, text)
    assert sorted(body["length"] for body in await bodies(whole, Tag.TALK_WRITTEN)) == [16, len(WORDS)]
    audited = json.dumps([row.body for row in await whole.rows(AuditRow)])
    assert "lake" not in audited
    assert "counter tomorrow" not in audited


async def test_a_line_opens_only_where_and_as_it_was_written(whole: Whole, desked: Desked) -> None:
    """Whoever writes into the database can put no words into anybody's mouth."""
    await called(whole)
    await whole.say(WORDS)
    (line,) = await desked.lines(await whole.case())
    book = desked.page._talks._talking.book  # type: ignore[attr-defined]
    assert book.text(line) == WORDS
    changes: list[dict[str, Any]] = [{"case_id": "x"}, {"author": "agent"}, {"oid": "somebody"}, {"seq": 9}]
    for change in changes:
        moved = replace(line, **change)
        assert book.text(replace(moved, id=f"{moved.case_id}/{moved.seq}")) is None


async def test_the_words_go_a_day_after_the_case_ended(whole: Whole, desked: Desked) -> None:
    """Here and in the transcript; that there was a line stays."""
    case = await called(whole)
    agent = await desked.takes(case)
    await whole.say(WORDS)
    await desked.writes(agent, case, "Good luck with the lake")
    await desked.talks.finish(agent, case.id, "closed")
    await whole.settle()
    whole.clock.go(seconds=KEPT.total_seconds() - 60)
    await whole.product.timers.fire_due()
    assert all(line.sealed for line in await desked.lines(case) if line.author != "bot")
    whole.clock.go(seconds=120)
    await whole.product.timers.fire_due()
    assert not any(line.sealed for line in await desked.lines(case))
    assert all(one.gone or one.word for one in (await desked.talks.view(agent, case.id)).lines)
    assert not any("lake" in text for text in await told(whole))
    assert "These words were deleted." in await told(whole)
    assert not any("sealed" in row.message for row in await whole.rows(Line))
    assert (await bodies(whole, Tag.TALK_WIPED))[0]["lines"] == 4


async def test_a_talk_that_fell_silent_is_forgotten_too(whole: Whole, desked: Desked) -> None:
    """A stopped case may never end; its words do."""
    case = await called(whole)
    await whole.say("I did not do this")
    await whole.say(WORDS)
    whole.clock.go(days=20)
    await whole.say("hello?")
    whole.clock.go(days=SILENT.days - 5)
    await whole.product.timers.fire_due()
    assert all(line.sealed for line in await desked.lines(case))
    whole.clock.go(days=6)
    await whole.product.timers.fire_due()
    assert not any(line.sealed for line in await desked.lines(case))


async def test_a_line_accepted_before_a_crash_is_shown_after_it_and_once(
    whole: Whole, desked: Desked
) -> None:
    """Accepted means durable: the job lies beside the line, and its key is the message's for life."""
    case = await called(whole)
    agent = await desked.takes(case)
    await desked.talks.write(agent, case.id, text="Still here", quick="", once="")
    assert not any("Still here" in text for text in await told(whole))  # killed before it was shown
    jobs = await whole.jobs("talk", status="waiting")
    assert [job.body["line"] for job in jobs] == [f"{case.id}/1", f"{case.id}/2"]
    await whole.settle()
    for job in jobs:  # killed after it was shown, before that was noted
        await whole.product.chatting.talks.handle(job)
    assert sum("Still here" in text for text in await told(whole)) == 1


async def test_a_line_wiped_before_it_was_shown_is_not_shown(whole: Whole, desked: Desked) -> None:
    case = await called(whole)
    agent = await desked.takes(case)
    await desked.talks.write(agent, case.id, text="Too late", quick="", once="")
    line = (await desked.lines(case))[-1]
    await whole.store.transact(lambda work: work.put(replace(line, sealed="")))
    await whole.settle()
    assert not any("Too late" in text for text in await told(whole))
    assert await whole.rows(Job, status="dead") == []


# --- leaving and coming back ---------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["released", "lapsed", "shift"])
async def test_the_person_is_told_when_the_agent_is_gone(whole: Whole, desked: Desked, how: str) -> None:
    """Honestly, once, whichever way it was; and what they write meanwhile waits for the next."""
    case = await called(whole)
    agent = await desked.takes(case)
    await desked.writes(agent, case, "Hello")
    match how:
        case "released":
            await desked.desk.release(agent, case.id)
        case "lapsed":
            whole.clock.go(seconds=TAKE_IDLE.total_seconds() + 1)
            await whole.product.timers.fire_due()
            whole.clock.go(seconds=TAKE_IDLE.total_seconds() + 1)
            await whole.product.timers.fire_due()
        case _:
            await desked.desk.end_shift(agent)
    await whole.settle()
    assert sum("has given your case back" in text for text in await told(whole)) == 1
    await whole.say("are you there?")
    second = await desked.takes(await whole.case(), "agent2")
    assert (await desked.words(await whole.case(), second))[-1] == ("person", "are you there?")
    await desked.writes(second, await whole.case(), "I am now.")
    assert any("Priya Raman" in text and "writes to you now" in text for text in await told(whole))


async def test_back_to_the_bot_ends_the_talk_without_a_farewell(whole: Whole, desked: Desked) -> None:
    """The flow goes on and says so itself."""
    case = await called(whole)
    agent = await desked.takes(case)
    await desked.writes(agent, case, "Please go on with the bot")
    await desked.talks.finish(agent, case.id, "back")
    await whole.settle()
    assert not any("given your case back" in text for text in await told(whole))
    assert (await whole.case()).status == "open"
    assert (await whole.say(WORDS))["refused"] == "not_expected"
    talk = await desked.talk(case)
    assert talk is not None
    assert talk.agent_oid == ""


async def test_the_page_says_what_is_new_until_somebody_looked(whole: Whole, desked: Desked) -> None:
    """The person may leave and come back; nothing of their own is news to them."""
    case = await called(whole)
    agent = await desked.takes(case)
    handle = await desked.claimed(case)
    await desked.types(handle, "back in five minutes")
    await desked.writes(agent, case, "Take your time")
    talking = desked.page._talks._talking  # type: ignore[attr-defined]

    async def unread() -> int:
        view = await whole.store.read(lambda work: talking.person_view(work, case, whole.clock.now()))
        return int(view.unread)

    assert await unread() == 2  # who it is, and the words
    await desked.people.seen(handle, "browser", 3)
    assert await unread() == 0
    await desked.people.seen(handle, "browser", 99)
    assert (await desked.talk(case) or Talk("", case.opened_at, case.opened_at)).page_seen == 3


# --- the card ------------------------------------------------------------------------------------------


async def test_the_card_counts_new_words_and_never_tells_them(whole: Whole, desked: Desked) -> None:
    """On the desk and in the agents' channel; an agent's answer starts the count anew."""
    case = await called(whole)
    await whole.say(WORDS)
    await whole.say("deep inside")
    agents = "\n".join(await told(whole, "agents"))
    assert "2 new messages" in agents
    assert "lake" not in agents
    views = whole.product.chatting.cards._views
    assert [card.words_waiting for card in await views.open()] == [2]
    agent = await desked.takes(case)
    await desked.writes(agent, case, "Hello")
    assert [card.words_waiting for card in await views.open()] == [0]
    assert "new messages" not in (await whole.last("agents")).text()


async def test_new_words_wake_whoever_looks_at_the_desk(whole: Whole, desked: Desked) -> None:
    await called(whole)
    before = await desked.desk.mark()
    await whole.say(WORDS)
    assert await desked.desk.mark() != before


# --- is this really the help desk? -----------------------------------------------------------------------


TRUE = (
    "Is Jonas working on my case?", "is jonas lindqvist really from the help desk?", "Badge {}",
    "is the badge {} right", "Does Jonas L have my case",
)  # fmt: skip
FALSE = (
    "Is Priya working on my case?", "Is Priya Raman from the help desk?", "Is Bob working on my case?",
    "Badge AC-DE", "Is Jonas Smith from IT?", "is J working on my case",
)  # fmt: skip


async def test_a_true_name_or_badge_is_confirmed(whole: Whole, desked: Desked) -> None:
    case = await called(whole)
    agent = await desked.takes(case)
    badge = (await desked.talks.view(agent, case.id)).badge
    for question in TRUE:
        await whole.say(question.format(badge))
        assert (await whole.last()).text() == (
            f"Yes. Jonas Lindqvist from the help desk took your case {case.number} at 09:00; badge {badge}."
        )
    assert await desked.lines(case) == []


async def test_anybody_else_is_denied_in_the_same_words(whole: Whole, desked: Desked) -> None:
    """Whether they exist, work here or are on duty is not told: an agent of ours and a stranger get the
    very same answer, with the way to stop it."""
    case = await called(whole)
    await desked.takes(case)
    await desked.desk.start_shift(desked.agent("agent2"))
    answers = set()
    for question in FALSE:
        await whole.say(question)
        message = await whole.last()
        answers.add(message.text())
        assert "cmd:not_me" in [choice.id for choice in message.choices()]
    (answer,) = answers
    assert answer.startswith(f"No. Nobody of that name or badge is working on your case {case.number}.")
    assert "Priya" not in answer
    assert "Jonas" not in answer


async def test_the_button_says_who_has_the_case(whole: Whole, desked: Desked) -> None:
    case = await called(whole)
    await whole.press("badge")
    assert "Nobody from the help desk has taken your case" in (await whole.last()).text()
    await desked.takes(case)
    await whole.press("badge")
    assert (await whole.last()).text().startswith("Jonas Lindqvist from the help desk took your case")


async def test_without_a_case_nobody_can_be_working_on_it(whole: Whole) -> None:
    await whole.say("Is Jonas working on my case?")
    assert "no open case" in (await whole.last()).text()


async def test_it_can_be_asked_in_german_and_without_a_talk(whole: Whole, desked: Desked) -> None:
    case = await asked_for_a_check(whole)
    await desked.takes(case)
    await whole.say("Deutsch")
    await whole.say("Arbeitet Jonas an meinem Fall?")
    assert (await whole.last()).text().startswith("Ja. Jonas Lindqvist vom Helpdesk")


async def test_badges_are_not_guessed(whole: Whole, desked: Desked) -> None:
    """Twenty questions an hour, on both doors together."""
    case = await called(whole)
    await desked.takes(case)
    handle = await desked.claimed(case)
    for _ in range(20):
        assert (await desked.people.check(handle, "browser", "AC-DE")).answer == "no"
    with pytest.raises(Refused) as refused:
        await desked.people.check(handle, "browser", "AC-DF")
    assert refused.value.reason is Reason.TOO_MANY
    assert (await whole.say("badge AC-DG"))["refused"] == "too_many"
    assert len(await bodies(whole, Tag.BADGE_ASKED)) == 20


async def test_the_page_answers_as_the_chat_does(whole: Whole, desked: Desked) -> None:
    case = await called(whole)
    handle = await desked.claimed(case)
    assert (await desked.people.check(handle, "browser", "")).answer == "nobody"
    agent = await desked.takes(case)
    badge = (await desked.talks.view(agent, case.id)).badge
    found = await desked.people.check(handle, "browser", badge.replace("-", " ").lower())
    assert (found.answer, found.name, found.badge) == ("yes", "Jonas Lindqvist", badge)
    assert (await desked.people.check(handle, "browser", "")).answer == "who"
