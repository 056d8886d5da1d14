"""Every conversation of `flows/tests` over the web chat: the plainest channel, and the measure of others."""

from __future__ import annotations

from tests.fakes.product import Whole, whole  # noqa: F401
from tests.fakes.sandbox import sandbox  # noqa: F401
from tests.scenarios.holding import Conversation, broken, scripts, walked, without_a_world
from tests.scenarios.talkers import WebTalker


async def test_every_conversation_holds_on_the_web(whole: Whole) -> None:  # noqa: F811
    """Of every flow, each; one person for each conversation, one product for all."""
    without_a_world(whole)
    for number, (flow, script) in enumerate(scripts()):
        talker = WebTalker(whole, f"p{number}")
        case = await Conversation(whole, talker, flow, script).hold()
        assert list(broken(script, case, await walked(whole, case))) == [], f"{flow}: {script.name}"
