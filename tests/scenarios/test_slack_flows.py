"""Every conversation of `flows/tests` over Slack: signed requests in, strict Block Kit out."""

from __future__ import annotations

from tests.fakes.sandbox import sandbox  # noqa: F401
from tests.fakes.slack.house import SlackHouse, slack_house  # noqa: F401
from tests.scenarios.holding import Conversation, broken, scripts, walked, without_a_world
from tests.scenarios.talkers import SlackTalker


async def test_every_conversation_holds_over_signed_requests(slack_house: SlackHouse) -> None:  # noqa: F811
    """48 of them, one person each, one product for all."""
    without_a_world(slack_house)
    for number, script in enumerate(scripts()):
        person = f"p{number}"
        talker = SlackTalker(slack_house.user(person), slack_house.place(person), slack_house.settle)
        case = await Conversation(slack_house, talker, script).hold()
        assert list(broken(script, case, await walked(slack_house, case))) == [], script.name
