"""Speaking on Slack: once and not twice, in time, in place, and no longer where nobody listens."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator

import pytest

from bot.adapters.slack.looking import digest
from bot.adapters.slack.sending import BUDGETS, PATIENCE, NotTakenError
from bot.adapters.slack.workspaces import Bot
from bot.core.elements import MAX_PARAGRAPH, Heading, Link, LinkButton, Paragraph, Span, Untrusted
from bot.core.message import Message
from bot.core.model import Place
from bot.core.records import ChatPost
from bot.errors import PermanentError, TransientError
from bot.ports.store import Store
from tests.adapters.slack.outgoing import PUBLIC, Outgoing, outgoing
from tests.fakes.clock import FakeClock
from tests.fakes.slack.reading import words
from tests.fakes.slack.workspace import HOME, NEIGHBOUR, Posted, Team

HELLO = Message.line("Hello Ann")
SECRET_WORDS = "my dog is called Rex"


@pytest.fixture
async def out(store: Store, clock: FakeClock) -> AsyncIterator[Outgoing]:
    async with outgoing(store, clock) as made:
        yield made


# --- once


async def test_a_first_message_opens_the_conversation_and_is_remembered(out: Outgoing) -> None:
    """A person is written to by their id; from then on we know the conversation."""
    ref = await out.chat.post(out.place, HELLO, key="e1/0", case_id="c1")
    (message,) = out.seen
    assert ref == f"{message.channel}:{message.ts}"
    assert words(message.blocks) == "Hello Ann"
    assert message.text == "Hello Ann"
    known = await out.posts.address(out.place)
    assert known is not None
    assert known.body == {"channel": message.channel}
    posted = await out.posts.by_ref(out.place, ref)
    assert posted is not None
    assert (posted.key, posted.case_id, posted.message) == ("e1/0", "c1", HELLO)


async def test_nothing_is_unfurled_and_a_key_is_not_told(out: Outgoing) -> None:
    """An unfurler would fetch a link before its owner; metadata is read by the whole workspace."""
    await out.chat.post(out.place, HELLO, key="e1/0")
    (call,) = out.slack.calls("chat.postMessage")
    assert (call.args["unfurl_links"], call.args["unfurl_media"], call.args["mrkdwn"]) == (False,) * 3
    assert not {"link_names", "parse"} & call.args.keys()
    (message,) = out.seen
    assert message.metadata is not None
    assert message.metadata["event_payload"] == {"key": digest("e1/0")}
    assert "e1/0" not in json.dumps(call.args)


async def test_the_same_key_is_one_message(out: Outgoing) -> None:
    """A job that comes again after it was done changes nothing."""
    refs = {await out.chat.post(out.place, HELLO, key="e1/0") for _ in range(3)}
    assert len(refs) == len(out.seen) == len(out.made("chat.postMessage")) == 1


@pytest.mark.parametrize("fault", ["drop_after", "status", "drop_before"])
@pytest.mark.parametrize("where", ["place", "channel"])
async def test_after_an_unknown_end_slack_is_asked_before_anything_is_sent_again(
    out: Outgoing, fault: str, where: str
) -> None:
    """The connection broke after, or before, Slack posted it: one message in the end, either way."""
    getattr(out.slack.faults, fault)("chat.postMessage")
    to: Place = getattr(out, where)
    with pytest.raises(TransientError) as failed:
        await out.chat.post(to, HELLO, key="e1/0")
    assert not isinstance(failed.value, NotTakenError)
    out.clock.go(seconds=2)
    ref = await out.chat.post(to, HELLO, key="e1/0")
    (message,) = out.slack.world.of_app()
    assert ref == f"{message.channel}:{message.ts}"
    assert out.made("conversations.history") == ["ok"]
    assert await out.posts.by_ref(to, ref) is not None


async def test_a_crash_between_note_and_answer_sends_nothing_twice(out: Outgoing, store: Store) -> None:
    """The note of a message is there before the message; whoever finds it without an answer looks."""
    ref = await out.chat.post(out.place, HELLO, key="e1/0")
    begun = await out.posts.by_key("e1/0")
    assert begun is not None
    row = ChatPost("e1/0", out.place.key, "", HELLO.to_json(), "", out.clock.now())
    await store.transact(lambda work: work.put(row))  # as if the process had died before `arrived`
    assert await out.chat.post(out.place, HELLO, key="e1/0") == ref
    assert len(out.seen) == 1


async def test_what_broke_off_is_found_behind_a_page_of_others(out: Outgoing) -> None:
    """The agents' channel is busy: we read on until the time at which it was begun."""
    out.slack.faults.drop_after("chat.postMessage")
    with pytest.raises(TransientError):
        await out.chat.post(out.channel, HELLO, key="card/c1")
    for n in range(450):
        out.agents.messages.append(Posted(out.slack.world.ts(), out.agents.id, out.ann.id, f"chatter {n}"))
    out.clock.go(seconds=5)
    await out.chat.post(out.channel, HELLO, key="card/c1")
    assert len(out.cards) == 1
    assert len(out.made("conversations.history")) == 3


async def test_a_message_of_somebody_else_is_not_taken_for_ours(out: Outgoing) -> None:
    """Any app may copy our metadata; only a message of our own bot is the one we look for."""
    out.slack.faults.drop_before("chat.postMessage")
    with pytest.raises(TransientError):
        await out.chat.post(out.channel, HELLO, key="card/c1")
    told = {"event_type": "keyturn", "event_payload": {"key": digest("card/c1")}}
    theirs = Posted(out.slack.world.ts(), out.agents.id, "U0BOT", "x", bot_id="B0OTHER", metadata=told)
    out.agents.messages.append(theirs)
    ref = await out.chat.post(out.channel, HELLO, key="card/c1")
    assert ref != f"{theirs.channel}:{theirs.ts}"
    assert len(out.cards) == 1


async def test_a_card_that_cannot_be_looked_for_is_posted_rather_than_lost(
    out: Outgoing, caplog: pytest.LogCaptureFixture
) -> None:
    """Without the scope to read the agents' channel a card may stand there twice; a case that no agent
    hears of would be worse, and the log says what is missing."""
    out.slack.app.scopes = frozenset(out.slack.app.scopes - {"groups:history"})
    out.slack.grant(out.slack.bot_token)
    out.slack.faults.drop_before("chat.postMessage")
    with pytest.raises(TransientError):
        await out.chat.post(out.channel, HELLO, key="card/c1")
    with caplog.at_level(logging.WARNING):
        await out.chat.post(out.channel, HELLO, key="card/c1")
    assert len(out.cards) == 1
    assert "keyturn manifest slack" in caplog.text


# --- in time


async def test_too_fast_is_not_sent_and_comes_back_when_slack_says(out: Outgoing) -> None:
    """Retry-After is believed, for that method, by everybody; and nothing has to be looked for."""
    out.slack.faults.limited("chat.postMessage", retry_after=30)
    with pytest.raises(NotTakenError) as failed:
        await out.chat.post(out.place, HELLO, key="e1/0")
    assert failed.value.retry_after == 30
    with pytest.raises(NotTakenError):
        await out.chat.post(out.channel, HELLO, key="e2/0")
    assert len(out.made("chat.postMessage")) == 1  # the second was not even tried
    assert await out.posts.by_key("e2/0") is None  # nor begun: a long queue costs no rows
    out.clock.go(seconds=30)
    await out.chat.post(out.place, HELLO, key="e1/0")
    await out.chat.post(out.channel, HELLO, key="e2/0")
    assert (len(out.seen), len(out.cards)) == (1, 1)
    assert out.made("conversations.history") == []


async def test_one_place_gets_one_message_a_second(out: Outgoing) -> None:
    """Slack may not display what comes faster. Other places do not wait."""
    for n in range(4):
        await out.chat.post(out.place, HELLO, key=f"e1/{n}")
    assert out.slept == [1.0, 1.0, 1.0]
    await out.chat.post(out.channel, HELLO, key="e2/0")
    assert len(out.slept) == 3
    assert out.made("chat.postMessage") == ["ok"] * 5


async def test_a_used_up_budget_hands_the_call_back_with_the_time_it_is_due(out: Outgoing) -> None:
    """What would wait long waits in the outbox, where it takes up no hand; Slack never has to refuse."""
    ref = await out.chat.post(out.place, HELLO, key="e1/0")
    places = [Place("slack", HOME, f"U{n}") for n in range(BUDGETS["chat.update"] + 1)]
    for n, place in enumerate(places[:-1]):  # all at one time, each in its own name
        await out.chat.update(place, ref, Message.line(f"Hello {n}"), key=f"u/{n}")
    with pytest.raises(NotTakenError) as failed:
        await out.chat.update(places[-1], ref, HELLO, key="u/last")
    assert failed.value.retry_after is not None
    assert PATIENCE < failed.value.retry_after <= 60
    out.clock.go(seconds=failed.value.retry_after)
    await out.chat.update(places[-1], ref, HELLO, key="u/last")
    assert set(out.made("chat.update")) == {"ok"}


async def test_a_revoked_token_costs_no_message(out: Outgoing, caplog: pytest.LogCaptureFixture) -> None:
    """Somebody can put in a new one; until then everything waits, and the log says what to do."""
    await out.calls.bot(HOME)  # it was right when we started
    out.slack.revoke()
    with caplog.at_level(logging.WARNING), pytest.raises(NotTakenError) as failed:
        await out.chat.post(out.place, HELLO, key="e1/0")
    assert failed.value.retry_after == 60
    assert "slack.bot_token" in caplog.text
    await out.workspaces.forget(HOME)  # Slack told us
    with pytest.raises(NotTakenError):
        await out.chat.post(out.place, HELLO, key="e1/0")
    out.slack.grant(out.slack.bot_token)
    await out.chat.post(out.place, HELLO, key="e1/0")
    assert len(out.seen) == 1


# --- in place


async def test_an_update_replaces_the_message_and_our_note_of_it(out: Outgoing) -> None:
    """Same message, new content; the old buttons are gone, the digest of its key stays."""
    ref = await out.chat.post(out.place, HELLO, key="e1/0")
    bye = Message.line("Done")
    await out.chat.update(out.place, ref, bye, key="e2/0")
    (message,) = out.seen
    assert (words(message.blocks), message.text) == ("Done", "Done")
    assert message.metadata is not None
    posted = await out.posts.by_ref(out.place, ref)
    assert posted is not None
    assert posted.message == bye


async def test_an_update_that_changes_nothing_is_not_sent(out: Outgoing) -> None:
    """Fifty changes a minute are for a whole workspace."""
    ref = await out.chat.post(out.place, HELLO, key="e1/0")
    await out.chat.update(out.place, ref, HELLO, key="e2/0")
    assert out.made("chat.update") == []


async def test_many_updates_at_once_become_the_newest_one(out: Outgoing) -> None:
    """One change a second of one message: the first goes at once, the rest become the last."""
    ref = await out.chat.post(out.channel, HELLO, key="card/c1")
    states = [Message.line(f"state {n}") for n in range(20)]
    await asyncio.gather(
        *(out.chat.update(out.channel, ref, one, key=f"u/{n}") for n, one in enumerate(states))
    )
    assert len(out.made("chat.update")) <= 2
    assert words(out.cards[0].blocks) == "state 19"


async def test_one_message_changes_once_a_second(out: Outgoing) -> None:
    """Also when each change waits for the one before it."""
    ref = await out.chat.post(out.channel, HELLO, key="card/c1")
    for n in range(3):
        await out.chat.update(out.channel, ref, Message.line(f"state {n}"), key=f"u/{n}")
    assert out.slept == [1.0, 1.0]
    assert out.made("chat.update") == ["ok"] * 3


async def test_an_update_after_a_dropped_connection_is_simply_sent_again(out: Outgoing) -> None:
    """Changing a message twice to the same is harmless."""
    ref = await out.chat.post(out.place, HELLO, key="e1/0")
    out.slack.faults.drop_after("chat.update")
    with pytest.raises(TransientError):
        await out.chat.update(out.place, ref, Message.line("Done"), key="e2/0")
    await out.chat.update(out.place, ref, Message.line("Done"), key="e2/0")
    assert [words(message.blocks) for message in out.seen] == ["Done"]


async def test_history_goes_into_the_thread_of_its_card_and_once(out: Outgoing) -> None:
    """The card tells the present; what happened stands beneath it, also after a broken connection."""
    ref = await out.chat.post(out.channel, HELLO, key="card/c1")
    await out.chat.reply(out.channel, ref, Message.line("Jonas took it"), key="card/c1/h1")
    out.clock.go(seconds=2)
    out.slack.faults.drop_after("chat.postMessage")
    with pytest.raises(TransientError):
        await out.chat.reply(out.channel, ref, Message.line("Approved"), key="card/c1/h2")
    out.clock.go(seconds=2)
    await out.chat.reply(out.channel, ref, Message.line("Approved"), key="card/c1/h2")
    card, *history = out.cards
    assert [words(one.blocks) for one in history] == ["Jonas took it", "Approved"]
    assert {one.thread_ts for one in history} == {card.ts}
    assert out.made("conversations.replies") == ["ok"]


async def test_what_somebody_deleted_is_left_alone(out: Outgoing) -> None:
    """A card that an agent took away does not come back, and its case is not held up."""
    ref = await out.chat.post(out.channel, HELLO, key="card/c1")
    out.cards[0].deleted = True
    await out.chat.update(out.channel, ref, Message.line("Done"), key="u/1")
    await out.chat.reply(out.channel, ref, Message.line("Approved"), key="card/c1/h1")
    assert out.cards == []


async def test_a_conversation_that_is_gone_is_opened_anew(out: Outgoing) -> None:
    """After the app was installed again, people have another conversation with it."""
    await out.posts.learn(out.place, {"channel": "D0OLD", "team": HOME})
    ref = await out.chat.post(out.place, HELLO, key="e1/0")
    assert [message.channel for message in out.seen] == [ref.partition(":")[0]]
    known = await out.posts.address(out.place)
    assert known is not None
    assert known.body == {"channel": out.seen[0].channel, "team": HOME}
    assert await out.posts.by_ref(out.place, ref) is not None


async def test_a_very_long_message_arrives_whole_and_once(out: Outgoing) -> None:
    """In parts, each under a key of its own; after a break in the middle only the rest is sent."""
    message = Message(tuple(Untrusted(f"{n}{'x' * (MAX_PARAGRAPH - 1)}") for n in range(4)), "long")
    out.slack.faults.hold("chat.postMessage").let_go.set()  # the first part goes well
    out.slack.faults.drop_after("chat.postMessage")
    with pytest.raises(TransientError):
        await out.chat.post(out.place, message, key="e1/0")
    out.clock.go(seconds=2)
    await out.chat.post(out.place, message, key="e1/0")
    assert len(out.seen) == 2
    said = "".join(words(one.blocks) for one in out.seen)
    assert all(said.count(f"{n}{'x' * 100}") == 1 for n in range(4))


# --- where nobody listens


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda out: setattr(out.agents, "archived", True), "is_archived"),
        (lambda out: out.agents.members.clear(), "channel_not_found"),
    ],
    ids=["archived", "removed"],
)
async def test_an_agents_channel_that_is_closed_is_said_and_works_again(
    out: Outgoing, spoil: object, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Given up at once and shown on the list of dead letters, from which it can be sent again."""
    spoil(out)  # type: ignore[operator]
    with caplog.at_level(logging.WARNING), pytest.raises(PermanentError) as failed:
        await out.chat.post(out.channel, HELLO, key="card/c1")
    assert failed.value.reason == reason
    assert "slack.agent_channel" in caplog.text
    out.agents.archived = False
    out.slack.invite(out.agents.id)
    await out.chat.post(out.channel, HELLO, key="card/c1")
    assert len(out.cards) == 1


async def test_a_person_who_left_is_not_written_to_until_they_come_back(out: Outgoing) -> None:
    """Deactivated in the middle of a case: Slack is told once, then we know."""
    await out.chat.post(out.place, HELLO, key="e1/0")
    out.ann.deleted = True
    out.clock.go(seconds=2)
    for n in range(3):
        with pytest.raises(PermanentError) as failed:
            await out.chat.post(out.place, HELLO, key=f"e2/{n}")
        assert failed.value.reason == "user_disabled"
    assert out.made("chat.postMessage") == ["ok", "user_disabled"]
    out.ann.deleted = False
    await out.posts.learn(out.place, {"channel": out.slack.world.dm(out.ann.id).id})  # they wrote to us
    await out.chat.post(out.place, HELLO, key="e3/0")
    assert len(out.seen) == 2


# --- what is said


async def test_a_link_is_resolved_when_it_is_sent_and_its_handle_is_not_kept(
    out: Outgoing, store: Store
) -> None:
    """Whoever reads the database finds references, not keys to pages."""
    message = Message((Heading("Your page"), LinkButton("Open", Link(reference="case:c1"))), "Your page")
    ref = await out.chat.post(out.place, message, key="e1/0")
    assert f"{PUBLIC}/c/handle-of-c1" in json.dumps(out.seen[0].blocks)
    row = await store.read(lambda work: work.get(ChatPost, "e1/0"))
    assert row is not None
    assert "handle-of" not in json.dumps(row.message)
    out.links.gone.add("case:c1")
    await out.chat.update(out.place, ref, Message((*message.elements, Heading("x")), "Your page"), key="e2/0")
    assert "handle-of" not in json.dumps(out.seen[0].blocks)


async def test_no_name_calls_a_whole_channel(out: Outgoing) -> None:
    """What somebody wrote is shown, not obeyed; also in the line for lock screens."""
    loud = "<!channel> <!here> <@U0BOSS> <!subteam^S1|all>"
    message = Message((Untrusted(loud), Paragraph((Span(loud, foreign=True),))), loud)
    await out.chat.post(out.channel, message, key="card/c1")
    assert out.slack.world.pages == {}
    assert words(out.cards[0].blocks).count("<!channel>") == 2


async def test_errors_and_logs_hold_no_words_of_a_message(
    out: Outgoing, caplog: pytest.LogCaptureFixture
) -> None:
    """People tell a help desk private things; what failed is said by method and code."""
    message = Message.line(SECRET_WORDS)
    with caplog.at_level(logging.DEBUG):
        for spoil in ("drop_after", "status", "limited"):
            getattr(out.slack.faults, spoil)("chat.postMessage")
            out.clock.go(seconds=30)
            with pytest.raises((TransientError, PermanentError)) as failed:
                await out.chat.post(out.place, message, key=f"e/{spoil}")
            assert SECRET_WORDS not in repr(failed.value)
            assert failed.value.__context__ is None or failed.value.__suppress_context__
    assert SECRET_WORDS not in caplog.text
    assert out.slack.bot_token not in caplog.text


# --- several workspaces of one organisation


class Both:
    """A bot of its own in each of two workspaces."""

    def __init__(self, bots: dict[str, Bot]) -> None:
        self.bots = bots

    async def bot(self, team_id: str, enterprise_id: str = "") -> Bot:
        return self.bots.get(team_id) or self.bots[HOME]

    async def forget(self, team_id: str, enterprise_id: str = "") -> None: ...


async def test_in_an_organisation_the_bot_of_that_workspace_speaks(out: Outgoing) -> None:
    """A person has one place; we talk where they last wrote to us, with the token of that workspace."""
    world = out.slack.world
    world.teams[HOME].enterprise_id = "E0ORG"
    world.teams[NEIGHBOUR] = Team(NEIGHBOUR, "Contoso North", "E0ORG")
    out.ann.enterprise_id = "E0ORG"
    out.slack.grant("xoxb-next", NEIGHBOUR)
    clients = out.workspaces._clients
    bots = {
        team: Bot(clients.client(token), "U0KEYTURN", "B0KEYTURN", team, "E0ORG")
        for team, token in {HOME: out.slack.bot_token, NEIGHBOUR: "xoxb-next"}.items()
    }
    out.calls._workspaces = Both(bots)
    place = Place("slack", "E0ORG", out.ann.id)
    await out.posts.learn(place, {"channel": world.dm(out.ann.id).id, "team": NEIGHBOUR})
    ref = await out.chat.post(place, HELLO, key="e1/0")
    await out.chat.update(place, ref, Message.line("Done"), key="e2/0")
    await out.home.show(place, out.ann.id, team=NEIGHBOUR)
    assert {call.team for call in out.slack.calls()} == {NEIGHBOUR}
    assert {call.outcome for call in out.slack.calls()} == {"ok"}
