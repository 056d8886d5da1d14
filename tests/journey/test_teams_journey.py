"""The new-phone journey with everybody in Teams: a real process, signed activities, a strict Teams."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.teams.house import AGENTS, SECRET
from tests.journey.kills import canaries
from tests.journey.teams_side import TeamsAside, TeamsDemo, TeamsJourney, shown


@pytest.fixture(scope="module")
def aside() -> Iterator[TeamsAside]:
    made = TeamsAside()
    yield made
    made.close()


@pytest.fixture(scope="module")
def demo(aside: TeamsAside, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TeamsDemo]:
    made = TeamsDemo(tmp_path_factory.mktemp("teams"), aside)
    made.start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def walked(demo: TeamsDemo, aside: TeamsAside) -> Iterator[tuple[TeamsJourney, str]]:
    """The journey of the employee, made once for this module; and the pass it brought."""
    journey = TeamsJourney(demo, aside)
    value = journey.whole()
    yield journey, value
    journey.end()


def test_somebody_in_teams_signs_in_again(demo: TeamsDemo, walked: tuple[TeamsJourney, str]) -> None:
    """From own words in the chat to a new method: one pass, made once, in the approver's own name."""
    journey, _ = walked
    person = journey.http.get("/sandbox/people/employee").json()
    assert "fido2" in str(person["methods"])
    assert demo.passes_made() == 1


def test_teams_refused_nothing(aside: TeamsAside, walked: tuple[TeamsJourney, str]) -> None:
    """Every card shows on a strict client, every request was answered, one token was enough."""
    journey, _ = walked
    assert aside.connector.found == []
    assert {status for _, _, status in aside.connector.requests} <= {200, 201}
    assert {answer.status for answer in journey.user.answers} == {200}
    assert len(aside.authority.asked) == 1


def test_the_agents_saw_one_card_that_kept_up(aside: TeamsAside, walked: tuple[TeamsJourney, str]) -> None:
    """Posted once for the live check, then changed in place until it is decided; what happened stands
    in its thread; it links to the review page and has no button that decides."""
    journey, _ = walked
    posted = aside.connector.of(AGENTS)
    cards = [one for one in posted if ";" not in one.conversation]
    assert len(cards) == 1
    assert len(cards[0].versions) > 1
    assert {one.conversation for one in posted if one is not cards[0]} <= {
        f"{AGENTS};messageid={cards[0].id}"
    }
    assert [choice for one in shown(journey.desk.seen_in(AGENTS)) for choice in one["choices"]] == []


def test_no_secret_is_left_in_teams_or_on_disk(
    demo: TeamsDemo, aside: TeamsAside, walked: tuple[TeamsJourney, str]
) -> None:
    """Neither the pass nor a printed code was ever posted, and every version that retention keeps counts,
    as does what presses were answered with; the product's files hold neither them nor a token."""
    journey, value = walked
    secrets = [value, *journey.known_codes, *(code.replace("-", "") for code in journey.known_codes)]
    posted = str([one.versions for one in aside.connector.posted])
    answered = str([answer.body for answer in journey.user.answers])
    assert not [secret for secret in secrets if secret in posted + answered]
    tokens = [SECRET, *aside.authority.given]
    files = [path for path in canaries(demo.data, [*secrets, *tokens]) if "in teams.secret" not in path]
    assert files == []


def test_a_handle_is_only_in_a_button(aside: TeamsAside, walked: tuple[TeamsJourney, str]) -> None:
    """The link to the case page is in the person's own chat, where it is pressed, and nowhere else: not
    in a summary that lock screens show, not in the channel."""
    journey, _ = walked
    assert journey.subject is not None
    handle = journey.subject.path.rsplit("/", 1)[-1]
    for one in aside.connector.posted:
        for version in one.versions:
            assert handle not in str(version.get("summary")) + str(version.get("text"))
            assert handle not in str(version) or one.conversation == journey.user.conversation
