"""Every conversation of `flows/tests` over Slack: signed requests in, strict Block Kit out."""

from __future__ import annotations

from tests.fakes.sandbox import Sandbox, sandbox  # noqa: F401
from tests.fakes.slack.house import SlackHouse, house, slack_house  # noqa: F401
from tests.fakes.stores import Stores, quick_folder
from tests.scenarios.holding import Conversation, broken, cross_section, walked, without_a_world
from tests.scenarios.talkers import SlackTalker


async def hold(slack: SlackHouse, *, every: int = 1) -> None:
    """Each script with a person of its own; every second one of them speaks German."""
    without_a_world(slack)
    for number, (flow, script) in enumerate(cross_section()[::every]):
        person, locale = f"p{number}", "de" if number % 2 else "en"
        talker = SlackTalker(slack.user(person, locale=f"{locale}-XX"), slack.place(person), slack.settle)
        case = await Conversation(slack, talker, flow, script, locale).hold()
        assert list(broken(script, case, await walked(slack, case))) == [], f"{flow}: {script.name}"
        assert case.locale == locale
    await slack.untroubled()


async def test_every_conversation_holds_over_signed_requests(slack_house: SlackHouse) -> None:  # noqa: F811
    """A cross-section: all of new_phone, and of every other flow what shows each message once (the web suite
    holds them all). One person each, one product for all, half of them in German."""
    await hold(slack_house)
    assert {one.status for one in slack_house.slack.delivery.sent} == {200}


async def test_conversations_hold_over_a_socket(sandbox: Sandbox, stores: Stores) -> None:  # noqa: F811
    """Without a public address the same things happen: every twelfth of them, over Socket Mode."""
    with quick_folder() as folder:
        async with house(sandbox, folder, mode="socket", template=stores.template) as made:
            await hold(made, every=12)
            assert len(made.slack.calls("apps.connections.open")) == 1
