"""The outbox handler of `say` jobs: words first, then the chat they belong to.

A job pins flow version and locale, so a text changed meanwhile changes nothing already promised.
Offers of the router become buttons here, because only now is it known what the flows are called.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.core import effects as fx
from bot.core.choice import CommandChoice, Dismiss, SayThanks, ShowMenu, StartFlow, TellFixed
from bot.core.elements import MAX_BUTTONS, Choice, Link, LinkButton
from bot.core.message import Message
from bot.core.model import Command, Place, Reason
from bot.core.records import Job
from bot.errors import PermanentError
from bot.ports.chat import Chat
from bot.ports.front_door import at_the_door
from bot.service.menu import menu
from bot.service.published import PublishedFlows
from bot.service.words import Scene, WordService

_WITH_MENU = frozenset({"menu", "nothing_open", "say_again"})
_WITH_OPEN = frozenset({"already_open"})
_DOUBTED = frozenset({"badge_no", "badge_nobody", "badge_no_case"})


class Speaking:
    """*chats* by channel name."""

    def __init__(self, words: WordService, published: PublishedFlows, chats: Mapping[str, Chat]) -> None:
        self._words = words
        self._published = published
        self._chats = chats

    async def handle(self, job: Job) -> None:
        flow_hash = job.body["flow_hash"]
        if job.body["what"] == "Say" and not await self._published.learn(flow_hash):
            raise PermanentError("the words of an unknown flow version", reason=flow_hash)
        if job.body["what"] == "Tell" and job.body["effect"]["key"] in _WITH_MENU:
            await self._published.weigh()
        message = self.message(job.body, job.case_id)
        if message is None:
            return
        place = Place.of(job.body["place"])
        chat = self._chats.get(place.channel)
        if chat is None:
            raise PermanentError(f"no chat for channel {place.channel}")
        await chat.post(place, message, key=job.key, case_id=job.case_id)

    def message(self, body: Mapping[str, Any], case_id: str) -> Message | None:
        """What the job says, or None where its author wrote nothing for it."""
        door = at_the_door(str(body.get("place", "")))
        scene = Scene(body["locale"], case_id, body["number"], door)
        effect = _effect(body["what"], body["effect"])
        match effect:
            case fx.Refuse():
                return self._refused(effect.reason, scene)
            case fx.Tell() if not body["flow_hash"]:
                return self._own(effect, body.get("offer", ()), body.get("link", ""), scene)
            case fx.Tell("thanks_offer"):
                label = self._words.say(scene.locale, "common.button_thanks")
                button = Choice(str(SayThanks(case_id)), label)
                return self._words.tell(scene, "common.thanks_offer", effect.values, choices=[button])
            case fx.Tell("outage_on"):
                label = self._words.say(scene.locale, "common.button_fixed")
                wish = Choice(str(TellFixed(str(effect.values.get("outage", "")))), label)
                return self._words.tell(scene, "common.outage_on", effect.values, choices=[wish])
            case fx.Tell():
                return self._words.tell(scene, f"common.{effect.key}", effect.values)
            case fx.Say():
                return self._words.render(effect, self._published.words(body["flow_hash"]), scene)

    def _refused(self, reason: Reason, scene: Scene) -> Message:
        """A friendly no. The engine shows the step again after it; where there is none, the menu helps."""
        choices: list[Choice] = []
        if reason is Reason.FLOW_ENDED:
            menu = self._words.say(scene.locale, "common.button_menu")
            choices = [Choice(str(ShowMenu()), menu)]
        return self._words.tell(scene, f"reasons.{reason.value}", choices=choices)

    def _own(self, effect: fx.Tell, offer: list[str], link: str, scene: Scene) -> Message:
        choices = self._choices(effect.key, offer, scene)
        values = self._values(offer, effect, scene)
        more = menu(self._published, self._words, scene.locale) if effect.key in _WITH_MENU else []
        if link:
            label = self._words.say(scene.locale, f"common.{effect.key}_button")
            more.append(LinkButton(label, Link(reference=link)))
        return self._words.tell(scene, f"common.{effect.key}", values, choices=choices, more=more)

    def _values(self, offer: list[str], effect: fx.Tell, scene: Scene) -> dict[str, object]:
        values = dict(effect.values)
        flows = self._flows_of(offer)
        if flows:
            values.setdefault("title", self._title(flows[0], scene))
        return values

    def _choices(self, key: str, offer: list[str], scene: Scene) -> list[Choice]:
        say = self._words.say
        person = Choice(str(CommandChoice(Command.PERSON)), say(scene.locale, "common.button_person"))
        not_me = Choice(str(CommandChoice(Command.NOT_ME)), say(scene.locale, "common.button_not_me"))
        other = Choice(str(Dismiss()), say(scene.locale, "common.button_else"))
        menu = Choice(str(ShowMenu()), say(scene.locale, "common.button_menu"))
        starts = [Choice(str(StartFlow(flow)), self._title(flow, scene)) for flow in self._flows_of(offer)]
        if key == "alarm_offer":
            return [not_me, *starts[: MAX_BUTTONS - 2], person]
        if key in _WITH_OPEN:
            resume = Choice(str(CommandChoice(Command.RESUME)), say(scene.locale, "common.button_resume"))
            cancel = Choice(str(CommandChoice(Command.CANCEL)), say(scene.locale, "common.button_cancel"))
            return [resume, cancel, person]
        if key in _WITH_MENU:
            return [person, not_me]
        if starts:
            return [*starts, other, person, not_me]
        if key == "linked" or key.startswith("door_case_"):
            return [not_me]
        if key in _DOUBTED:
            return [not_me, person]
        if key in {"person", "alarm", "too_long", "language_set", "unlinked"}:
            return [menu]
        return []

    def _flows_of(self, offer: list[str]) -> list[str]:
        return [label for label in offer if label in self._published.names()][:3]

    def _title(self, flow: str, scene: Scene) -> str:
        flow_hash = self._published.live(flow)
        assert flow_hash is not None
        return self._words.title(self._published.words(flow_hash), scene.locale, flow)


def _effect(what: str, body: Mapping[str, Any]) -> fx.Say | fx.Tell | fx.Refuse:
    match what:
        case "Say":
            return fx.Say(**{**body, "choices": tuple(body["choices"])})
        case "Tell":
            return fx.Tell(**body)
        case "Refuse":
            return fx.Refuse(Reason(body["reason"]))
    raise PermanentError(f"unknown words job {what}")
