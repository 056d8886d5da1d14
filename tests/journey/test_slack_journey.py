"""The new-phone journey with everybody in Slack: a real process, signed requests, a strict Slack."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.slack.house import AGENTS
from tests.journey.kills import canaries
from tests.journey.slack_side import SlackAside, SlackDemo, SlackJourney, shown


@pytest.fixture(scope="module")
def aside() -> Iterator[SlackAside]:
    made = SlackAside()
    yield made
    made.close()


@pytest.fixture(scope="module")
def demo(aside: SlackAside, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlackDemo]:
    made = SlackDemo(tmp_path_factory.mktemp("slack"), aside)
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def walked(demo: SlackDemo, aside: SlackAside) -> Iterator[tuple[SlackJourney, str]]:
    """The journey of the employee, made once for this module; and the pass it brought."""
    journey = SlackJourney(demo, aside)
    value = journey.whole()
    yield journey, value
    journey.end()


def test_somebody_in_slack_signs_in_again(demo: SlackDemo, walked: tuple[SlackJourney, str]) -> None:
    """From own words in the DM to a new method: one pass, made once, in the approver's own name."""
    journey, _ = walked
    person = journey.http.get("/sandbox/people/employee").json()
    assert "fido2" in str(person["methods"])
    assert demo.passes_made() == 1


def test_slack_refused_nothing(aside: SlackAside, walked: tuple[SlackJourney, str]) -> None:
    """Every message was within Slack's limits, its scopes and its rates, and paged nobody."""
    assert {call.outcome for call in aside.slack.calls()} == {"ok"}
    assert (aside.slack.warnings, aside.slack.world.pages) == ([], {})
    assert {one.status for one in aside.slack.delivery.sent} == {200}


def test_the_agents_saw_one_card_that_kept_up(walked: tuple[SlackJourney, str]) -> None:
    """Posted once for the live check, then changed in place until it is decided; what happened stands
    in its thread; it links to the review page and has no button that decides."""
    journey, _ = walked
    messages = list(journey.client.shown(AGENTS))
    cards = [message for message in messages if not message.thread_ts]
    assert len(cards) == 1
    assert cards[0].earlier
    history = [message for message in messages if message.thread_ts]
    assert history
    assert {message.thread_ts for message in history} == {cards[0].ts}
    assert [choice for message in shown(journey.client, AGENTS) for choice in message["choices"]] == []


def test_no_secret_is_left_in_slack_or_on_disk(
    demo: SlackDemo, aside: SlackAside, walked: tuple[SlackJourney, str]
) -> None:
    """Neither the pass nor a printed code was ever posted, and earlier words of changed messages count;
    the product's files hold neither them nor Slack's tokens nor an address to answer at."""
    journey, value = walked
    secrets = [value, *journey.known_codes, *(code.replace("-", "") for code in journey.known_codes)]
    posted = str([(m.text, m.blocks, m.metadata, m.earlier) for m in aside.slack.world.messages()])
    assert not [secret for secret in secrets if secret in posted]
    slack = aside.slack
    tokens = [slack.bot_token, slack.signing_secret, *slack.responses.made]
    files = [path for path in canaries(demo.data, [*secrets, *tokens]) if "in slack." not in path]
    assert files == []
