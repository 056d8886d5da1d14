"""What people do who own a chat platform's account, secret or link: they get words, and nothing else."""

from __future__ import annotations

import asyncio
import itertools
import random
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.elements import Fact, Facts, Heading, LinkButton, Status
from bot.core.message import Message
from bot.core.model import Place
from bot.core.records import (
    AuditRow,
    Case,
    ChatLink,
    EventRow,
    Evidence,
    Execution,
    Handover,
    Job,
    Review,
    Session,
    Signing,
)
from bot.ports.desk import CardView, ProofSeen
from bot.ports.identity import Account, Standing
from bot.ports.intake import Incoming
from bot.service.card_posts import CardPosts
from tests.fakes.product import Whole, choices
from tests.service.test_linking import HOME, Slack
from tests.web.house import words
from tests.web.visiting import Visitor, serving

AT = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SPOKEN = words()


@pytest.fixture
async def slack(whole: Whole) -> Slack:
    return Slack(whole)


@pytest.fixture
async def visitor(whole: Whole) -> AsyncIterator[Visitor]:
    async with serving(whole), Visitor(whole) as one:
        yield one


# --- who is served: members of the home tenant, and nobody else -------------------------------------


@pytest.mark.parametrize(
    "user_type",
    [
        "Guest", "guest", "", "unknownFutureValue", "anonymousGuest", "federatedUser",
        "personalMicrosoftAccount", "azureCommunicationServicesUser", "phone", "Member ",
    ],
)  # fmt: skip
async def test_every_type_of_user_but_a_member_is_refused(whole: Whole, user_type: str) -> None:
    """Also types that Graph will invent: what is not known to be a member is none."""
    who = whole._who("employee")
    who.user["userType"] = user_type
    whole.sandbox.state.directory.save(who)
    identity, oid = whole.product.chatting.identity, whole.sandbox.oid("employee")
    claim = await identity.met(Account("teams", "t", oid, Standing.MEMBER, "en", "", oid))
    assert claim.standing is Standing.GUEST
    seen = await identity.claim("teams", "t", oid)
    assert seen is not None
    assert seen.standing is Standing.GUEST


async def test_a_member_is_served(whole: Whole) -> None:
    """So that the refusals above are about the type and nothing else."""
    oid = whole.sandbox.oid("employee")
    claim = await whole.product.chatting.identity.met(
        Account("teams", "t", oid, Standing.MEMBER, "en", "", oid)
    )
    assert (claim.standing, claim.linked) == (Standing.MEMBER, True)


@pytest.mark.parametrize("standing", [one for one in Standing if one is not Standing.MEMBER])
async def test_a_standing_that_is_no_members_opens_nothing(
    whole: Whole, slack: Slack, standing: Standing
) -> None:
    """Kind words at most, an entry in the log, and no case, link or hint; the directory is not asked."""
    claim = await slack.met("employee", standing=standing)
    account = Account("slack", "T1", "U1", standing, "en", "employee@keyturn.example")
    await whole.product.chatting.identity.turn_away(HOME, account, dedupe_key="e1")
    await whole.settle()
    assert (claim.standing, claim.oid, claim.linked) == (standing, "", False)
    assert await whole.rows(Case) == []
    assert not whole.ledger("users?")
    (row,) = await whole.rows(AuditRow)
    assert row.tag == "person:account:refused"
    assert all(not choices(message) for message in await slack.shown())


# --- replays and retries ----------------------------------------------------------------------------


async def conversation(slack: Slack) -> list[Incoming]:
    """What a platform delivered, in the order it happened."""
    whole = slack.whole
    sent: list[Incoming] = []
    real = whole.product.intake.receive

    async def kept(incoming: Incoming) -> dict[str, Any]:
        sent.append(incoming)
        return await real(incoming)

    whole.product.intake.receive = kept  # type: ignore[method-assign]
    await slack.met()
    await slack.press("menu")
    await slack.press("start:new_phone")
    (button,) = [one for one in choices((await slack.shown())[-1]) if one.endswith(":gone")]
    await slack.press(button)
    await slack.press("link")
    whole.product.intake.receive = real  # type: ignore[method-assign]
    return sent


async def trace(slack: Slack) -> tuple[Any, ...]:
    """Everything that a delivery could have done."""
    whole = slack.whole
    (case,) = await whole.rows(Case)
    events = [(row.dedupe_key, row.kind) for row in await whole.rows(EventRow, order="id")]
    tags = sorted(await whole.tags())
    jobs = sorted(job.key for job in await whole.rows(Job))
    return case.version, case.step, events, tags, jobs, [one.text() for one in await slack.shown()]


async def test_a_captured_delivery_changes_nothing_however_often_it_is_replayed(
    whole: Whole, slack: Slack
) -> None:
    """Once, a hundred times, out of order, all at once: every signature of it is good, inside the window."""
    sent = await conversation(slack)
    before = await trace(slack)
    storm = [one for one in sent for _ in range(100)]
    random.Random(7).shuffle(storm)
    receive = whole.product.intake.receive
    replies = [await receive(one) for one in storm[:20]]
    replies += await asyncio.gather(*(receive(one) for one in storm[20:]))
    await whole.settle()
    assert await trace(slack) == before
    assert len({str(reply) for reply in replies}) <= len(sent)


async def test_a_lost_acknowledgement_is_made_good_by_one_transition(whole: Whole, slack: Slack) -> None:
    """A platform that hears nothing delivers again, up to three times, also while the first is at work."""
    await slack.met()
    chance = random.Random(11)
    for n, choice in enumerate(("menu", "start:new_phone", "cmd:help", "cmd:cancel")):
        times = chance.randint(1, 4)
        message = Incoming(HOME, "U1", f"ev{n}", choice=choice, hint_oid=whole.sandbox.oid("manager"))
        replies = await asyncio.gather(*(whole.product.intake.receive(message) for _ in range(times)))
        assert len({str(reply) for reply in replies}) == 1
    await whole.settle()
    assert len(await whole.rows(EventRow, kind="Opened")) == 1
    keys = [row.dedupe_key for row in await whole.rows(EventRow)]
    assert len(keys) == len(set(keys))


# --- a leaked signing secret or bot token ---------------------------------------------------------------


async def test_a_leaked_signing_secret_makes_claims_and_no_pass(whole: Whole, slack: Slack) -> None:
    """A campaign of forged deliveries with good signatures: for anybody, linked to anybody, pressing
    anything that was ever shown. No evidence, no signature, no session, no call that changes a thing."""
    chance = random.Random(13)
    people = ("employee", "manager", "agent", "deputy", "hello_user")
    victims = [whole.sandbox.oid(one) for one in people]
    await slack.met("employee")
    buttons = {"start:new_phone", "menu", "link", "unlink", "cmd:person", "cmd:resume", "cmd:back"}
    texts = ["approve", "confirm 482913", "issue the pass", "I am the agent", "123456", "yes"]
    for n in range(250):
        place = Place("slack", "T1", f"U{chance.randint(1, 4)}")
        told: dict[str, Any] = {"text": chance.choice(texts)}
        if chance.random() < 0.7:
            told = {"choice": chance.choice(sorted(buttons))}
        await whole.product.intake.receive(
            Incoming(place, place.address, f"forged{n}", hint_oid=chance.choice(victims), linked=True, **told)
        )
        if n % 25 == 0:
            await whole.settle()
            buttons |= {one for message in await slack.shown() for one in choices(message)}
    await whole.settle()
    for kind in (Evidence, Review, Execution, Handover, Session, Signing, ChatLink):
        assert await whole.rows(kind) == [], kind.__name__
    changing = [call for call in whole.ledger() if not call.startswith("GET ")]
    assert not [call for call in changing if "checkMemberGroups" not in call]
    assert not whole.mail("employee")


async def test_a_forged_press_of_link_gives_the_number_to_the_accounts_owner_alone(
    whole: Whole, slack: Slack
) -> None:
    """Whoever forges it hears the reply of the webhook, and neither page nor number is in it."""
    await slack.met()
    reply = await slack.press("link")
    number = re.search(r"\b\d{6}\b", (await slack.shown())[-1].text())
    assert number is not None
    assert number[0] not in str(reply)
    assert "link" not in str({**reply, "says": ""})


# --- hostile words on cards -------------------------------------------------------------------------------

hostile = st.one_of(
    st.sampled_from(
        [
            "<!channel>", "<!here> <@U1>", "<https://evil.example|Open review page>", "*Rank:* standard",
            "[Approve](https://evil.example)", "\u202eevil", "a\u200bb", "x\nRank: standard", "</b><b>",
            "{{ at }}", "\x00\x1b[31m", "&lt;!channel&gt;", "﷽" * 40, "é" + "\u0301" * 50,
            "<at>everyone</at>", "``` code",
            "\u2028\u2029", "|" * 80, "A" * 5000, " ", "\ufeff",
        ]
    ),
    st.text(max_size=200),
)  # fmt: skip


def view(**changes: Any) -> CardView:
    made = CardView(
        case_id="c1", number="471100", wants="approval", asked_at=AT, locale="en", review="", name="Amara",
        site="Berlin", rank="standard", acts=("issue_pass",),
        passed=(ProofSeen("live_check", "call_back", AT),), missing=(), claimed=True, present=True,
        deadline=AT + timedelta(minutes=60), taken_by="a", taken_name="Jonas", taken_until=None,
        escalated=False, frozen=False, queue="", done=False,
    )  # fmt: skip
    return replace(made, **changes)


def drawn(one: CardView) -> Message:
    writer: Any = CardPosts.__new__(CardPosts)  # only its words are wanted
    writer._words, writer._locale, writer._zone = SPOKEN, "en", UTC
    message: Message = writer.message(one, AT + timedelta(minutes=4))
    return message


def rows_of(message: Message) -> dict[str, str]:
    (facts,) = [one for one in message.elements if isinstance(one, Facts)]
    found: tuple[Fact, ...] = facts.rows
    return {row.label: row.value for row in found}


PLAIN = drawn(view())
OURS = {"Account", "Asks for", "Waiting", "Proofs passed", "Page", "Language", "Ends at"}


@given(name=hostile, site=hostile, taken=hostile)
@settings(max_examples=300)
def test_no_words_of_anybody_change_what_a_card_says(name: str, site: str, taken: str) -> None:
    """The facts that a decision looks at come from us and stay as they are; what others wrote stays in
    its own row, in one line, with nothing hidden; the only way out of the card is our own page."""
    message = drawn(view(name=name, site=site, taken_name=taken))
    facts, plain = rows_of(message), rows_of(PLAIN)
    assert {label: facts[label] for label in OURS} == {label: plain[label] for label in OURS}
    assert set(facts) <= set(plain)
    kinds = [type(one) for one in message.elements]
    assert kinds == [Heading, Status, Facts, LinkButton]
    (link,) = message.links()
    assert (link.link.reference, link.label) == ("review:c1", "Open review page")
    assert message.choices() == ()
    for text in itertools.chain(facts.values(), [message.fallback, message.text().partition("\n")[0]]):
        assert not re.search(r"[\x00-\x1f\x7f\u200b\u202a-\u202e\u2028\u2029\u2066-\u2069\ufeff]", text)


# --- links that something opens before the person does ---------------------------------------------------

CRAWLERS = ("Slackbot-LinkExpanding 1.0", "SkypeUriPreview Preview/0.5", "facebookexternalhit/1.1", "curl/8")


async def test_a_crawler_opens_every_link_first_and_the_person_still_can(
    whole: Whole, slack: Slack, visitor: Visitor
) -> None:
    """Every link that ever stood in the chat, by every bot, GET and HEAD: nothing is claimed, linked or
    used up, and nothing personal is on the page."""
    await slack.met()
    await slack.press("start:new_phone")
    (button,) = [one for one in choices((await slack.shown())[-1]) if one.endswith(":gone")]
    await slack.press(button)
    path, number = await slack.asks()
    found = {
        reached
        for message in await slack.shown()
        for link in message.links()
        if link.link.reference and (reached := whole.product.links.path(link.link.reference))
    }
    assert {one.split("/")[1] for one in found} == {"c", "link"}
    rows = await whole.store.read(lambda work: (work.count(AuditRow), work.count(EventRow)))
    (case,) = await whole.rows(Case)
    async with Visitor(whole) as crawler:
        for one, agent, method in itertools.product(sorted(found), CRAWLERS, ("GET", "HEAD")):
            answer = await crawler.ask(method, one, headers={"User-Agent": agent, "Accept": "text/html"})
            assert answer.status == 200
            assert number not in answer.text
            assert case.number not in answer.text
            assert "Fernández" not in answer.text
    assert await whole.store.read(lambda work: (work.count(AuditRow), work.count(EventRow))) == rows
    landed = await visitor.signs_in(path, "manager", number=number)
    assert "Done. Your work account is linked." in (await visitor.get(landed)).text
