"""What a message means: an event of the open case, a new case, or only words of the bot's own.

Everything slow is here (matching words, routing, a look at a typed saved code); it happens before
the transaction, which checks again that the plan still fits. What looks like a secret goes no
further than this.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

from bot.core import choice as pressed
from bot.core import effects as fx
from bot.core import masking
from bot.core.engine import awaiting
from bot.core.events import Chose, Commanded, Entered, Happening, Wrote
from bot.core.flow import FlowState
from bot.core.model import Command, Reason
from bot.core.records import Case, ChatRow
from bot.core.text import clean, looks_secret
from bot.ports.intake import Incoming
from bot.ports.routing import Action, Router, RouteResult
from bot.ports.vouchers import VoucherPages
from bot.service.menu import FIELD
from bot.service.published import PublishedFlows
from bot.service.routing import PERSON
from bot.service.words import WordService

LONGEST = 3000
"""Characters of one message; what is longer is answered, not read."""

Named = Callable[[str, str], Awaitable[str | None]]
_NAME = re.compile(r"[A-Za-z0-9_]{1,60}")  # what a button of ours sends


@dataclass(frozen=True, slots=True)
class Talk:
    """The chat as it was read before the transaction."""

    row: ChatRow | None
    case: Case | None
    locale: str
    listened: bool = False  # a person listens in this case


@dataclass(frozen=True, slots=True)
class Plan:
    """What the message means: an event for *case_id*, or a new case of *start*, or only words of
    the bot's own. *note* is kept of it (labels and scores, never text)."""

    what: Happening | None = None
    case_id: str = ""
    start: str = ""
    say: fx.Tell | fx.Refuse | None = None
    offer: RouteResult | None = None
    locale: str = ""
    report: bool = False
    fixed: str = ""  # the outage whose end is to be told
    thanks: str = ""  # the case whose helpers are thanked
    linking: str = ""  # link or unlink the chat account; done inside the transaction
    link: str = ""
    note: dict[str, Any] | None = None
    line: Said | None = None  # for the person who listens
    badge: str | None = None  # who is asked about; empty: whoever it is


@dataclass(frozen=True, slots=True)
class Said:
    """Words for the talk with a person, masked already."""

    text: str = field(repr=False)
    masked: bool = False


class Meaning:
    def __init__(
        self,
        published: PublishedFlows,
        words: WordService,
        router: Router,
        vouchers: VoucherPages,
        burn: Callable[[str, str], Awaitable[bool]],
        helping: Named | None = None,
    ) -> None:
        """*burn* uses up a saved code that somebody typed into the chat: (subject oid, text). *helping*
        finds what this account was named to help with: (oid, case number)."""
        self._helping = helping
        self._published = published
        self._words = words
        self._router = router
        self._vouchers = vouchers
        self._burn = burn

    async def plan(self, incoming: Incoming, talk: Talk) -> Plan:
        if incoming.choice:
            return await self._pressed(incoming, talk)
        if incoming.unheard:
            return _unheard(incoming.unheard)
        text = incoming.text.strip()[: LONGEST + 1]
        public = {talk.case.number} if talk.case else set[str]()
        if (number := self._words.confirmed(text)) is not None:
            public.add(number)
        if talk.listened and not incoming.quoted:
            return await self._to_person(incoming.text, incoming, talk, public)
        if _secret(text, public):
            await self._use_up(text, incoming, talk)
            return _SECRET
        if len(text) > LONGEST:
            return Plan(say=fx.Tell("too_long"))
        text = clean(text, LONGEST)
        if incoming.quoted:
            return await self._about(text, talk)
        if (found := self._words.command(text)) is not None:
            return self._commanded(found[0], found[1], talk)
        if number is not None:
            return await self._confirmed(number, incoming)
        if (who := self._words.badge(text)) is not None:
            return self._doubted(who, talk)
        if talk.case is not None:
            return await self._within(text, talk.case, talk.locale)
        return await self._routed(text, talk.locale)

    async def _to_person(self, typed: str, incoming: Incoming, talk: Talk, public: set[str]) -> Plan:
        """Typed words while a person listens: theirs to read, but for the words of the engine and a
        question about who that is. What looks like an attack is said at once all the same."""
        assert talk.case is not None
        if len(typed.strip()) > masking.LONGEST:
            return Plan(say=fx.Tell("too_long"))
        text = masking.written(typed)
        kept, hidden = masking.masked(text, public=public)
        if hidden:
            await self._use_up(text, incoming, talk)
            return Plan(line=Said(kept, masked=True), case_id=talk.case.id)
        if (found := self._words.command(text)) is not None:
            return self._commanded(found[0], found[1], talk)
        if (number := self._words.confirmed(text)) is not None:
            return await self._confirmed(number, incoming)
        if (who := self._words.badge(text)) is not None:
            return self._doubted(who, talk)
        if not text:
            return Plan(say=fx.Tell("say_again"))
        route = await self._router.route(text, talk.locale)
        alarm = route.action is Action.ALARM
        return Plan(
            line=Said(text), case_id=talk.case.id, note=_note(route),
            say=fx.Tell("alarm_offer") if alarm else None, offer=route if alarm else None,
        )  # fmt: skip

    def _called(self) -> Plan:
        """A person, for somebody without a case: the flow for that opens one, so that an agent sees who
        waits. Without that flow the desk's number has to do."""
        if self._published.live(PERSON) is None:
            return Plan(say=fx.Tell("person"))
        return Plan(start=PERSON)

    def _doubted(self, who: str, talk: Talk) -> Plan:
        if talk.case is None:
            return Plan(say=fx.Tell("badge_no_case"))
        return Plan(badge=who, case_id=talk.case.id)

    async def _about(self, text: str, talk: Talk) -> Plan:
        """Words that are not the person's own: they start nothing beside an open case, but what looks
        like an attack is said at once."""
        plan = await self._routed(text, talk.locale)
        alarm = plan.offer is not None and plan.offer.action is Action.ALARM
        return plan if alarm or talk.case is None else Plan(say=fx.Tell("already_open"), note=plan.note)

    async def _use_up(self, text: str, incoming: Incoming, talk: Talk) -> None:
        """A saved code that was said here is worth nothing any more, whoever of the two it is of."""
        subjects = {talk.case.subject_oid if talk.case else "", incoming.hint_oid} - {""}
        for subject in sorted(subjects):
            await self._burn(subject, _bare(text))

    async def _confirmed(self, number: str, incoming: Incoming) -> Plan:
        """A manager who was told by mail to write *confirm 482913*. The chat only says who it is
        likely to be; the page behind the link asks for a sign-in."""
        check_id = await self._vouchers.asked_of(incoming.hint_oid, number)
        if check_id is None and self._helping is not None:
            ident = await self._helping(incoming.hint_oid, number)
            if ident is not None:
                return Plan(say=fx.Tell("helper_link"), link=f"helper:{ident}")
        if check_id is None:  # the number is not repeated: it may have been somebody's check digits
            return Plan(say=fx.Tell("nothing_to_confirm"))
        return Plan(say=fx.Tell("voucher_link"), link=f"voucher:{check_id}")

    async def _pressed(self, incoming: Incoming, talk: Talk) -> Plan:
        match pressed.parse(incoming.choice):
            case pressed.StepChoice(case_id, step, version, choice):
                return Plan(what=Chose(step, version, choice), case_id=case_id)
            case pressed.StepForm(case_id, step, version):
                if "choice" in incoming.form:
                    choice = incoming.form["choice"]
                    if _NAME.fullmatch(choice) is None:
                        return Plan(say=fx.Refuse(Reason.NOT_EXPECTED))
                    return Plan(what=Chose(step, version, choice), case_id=case_id)
                typed = incoming.form.get("value", "")
                if len(typed) > LONGEST:
                    return Plan(say=fx.Tell("too_long"))
                if _secret(typed, {talk.case.number} if talk.case else set()):
                    await self._use_up(typed, incoming, talk)
                    return _SECRET
                return Plan(what=Entered(step, version, clean(typed, LONGEST)), case_id=case_id)
            case pressed.StartFlow(flow):
                return Plan(start=flow)
            case pressed.PickFlow():
                picked = incoming.form.get(FIELD, "")
                if _NAME.fullmatch(picked) is None:  # sent without choosing
                    return Plan(say=fx.Tell("menu"), note={"menu": True})
                return Plan(start=picked)
            case pressed.CommandChoice(command, value):
                return self._commanded(command, value, talk)
            case pressed.ShowMenu():
                return Plan(say=fx.Tell("menu"), offer=None, note={"menu": True})
            case pressed.Dismiss():
                return Plan(say=fx.Tell("say_again"))
            case pressed.AskBadge():
                return self._doubted("", talk)
            case pressed.TellFixed(outage):
                return Plan(fixed=outage)
            case pressed.SayThanks(case_id):
                return Plan(thanks=case_id)
            case pressed.LinkAccount():
                return Plan(linking=incoming.choice)
            case _:
                return Plan(say=fx.Refuse(Reason.NOT_EXPECTED))

    def _commanded(self, command: Command, value: str, talk: Talk) -> Plan:
        locale = value if command is Command.LANGUAGE and value in self._words.locales else ""
        if command is Command.LANGUAGE and not locale:
            return Plan(say=fx.Tell("languages"))
        if talk.case is not None:
            return Plan(what=Commanded(command, value), case_id=talk.case.id, locale=locale)
        match command:
            case Command.LANGUAGE:
                return Plan(say=fx.Tell("language_set"), locale=locale)
            case Command.PERSON:
                return self._called()
            case Command.NOT_ME:
                return Plan(say=fx.Tell("alarm"), report=True)
            case Command.HELP:
                return Plan(say=fx.Tell("menu"))
            case _:
                return Plan(say=fx.Tell("nothing_open"))

    async def _within(self, text: str, case: Case, locale: str) -> Plan:
        """Typed words while a case is open: an answer to the step on screen, or a cry for help."""
        flows = self._published.at(case.flow_hash)
        state = FlowState.from_json(case.state)
        now = awaiting(flows, state)
        if now is not None and now.choices:
            words = self._published.words(case.flow_hash)
            choice = self._words.matched(words, locale, state.flow, now.step, now.choices, text)
            if choice is not None:
                return Plan(what=Chose(now.step, now.version, choice), case_id=case.id)
        if now is not None and now.input:
            return Plan(what=Entered(now.step, now.version, text), case_id=case.id)
        route = await self._router.route(text, locale)
        note = _note(route)
        if route.action is Action.ALARM:
            return Plan(say=fx.Tell("alarm_offer"), offer=route, note=note)
        if route.action is Action.PERSON:
            return Plan(what=Commanded(Command.PERSON), case_id=case.id, note=note)
        return Plan(what=Wrote(), case_id=case.id, note=note)

    async def _routed(self, text: str, locale: str) -> Plan:
        route = await self._router.route(text, locale)
        match route.action:
            case Action.PERSON:
                return replace(self._called(), note=_note(route))
            case Action.ALARM:
                return Plan(say=fx.Tell("alarm_offer"), offer=route, note=_note(route))
            case Action.MENU:
                return Plan(say=fx.Tell("menu"), note=_note(route))
            case _:
                key = "sounds_like" if route.action is Action.START else "which"
                return Plan(say=fx.Tell(key), offer=route, note=_note(route))


_SECRET = Plan(say=fx.Refuse(Reason.SECRET_TYPED), note={"secret": True})


def _unheard(why: str) -> Plan:
    if why == "shared":
        return Plan(say=fx.Refuse(Reason.SHARED_CHANNEL), note={"unheard": why})
    return Plan(say=fx.Tell("unheard_voice" if why == "voice" else "unheard_file"), note={"unheard": why})


def _secret(text: str, public: set[str]) -> bool:
    """Also with characters between that nobody sees, as some programs copy them."""
    return looks_secret(text, public=public) or looks_secret(_bare(text), public=public)


def _bare(text: str) -> str:
    return "".join(char for char in text if unicodedata.category(char) != "Cf")


def _note(route: RouteResult) -> dict[str, Any]:
    """What is kept of a routing: label and scores, never the text."""
    return {"label": route.label, "p": round(route.p, 3), "action": route.action.value}
