"""From a chat message to an event: whose, of which case, meaning what.

Everything slow (matching words, routing, a look at a typed saved code) happens before the
transaction and is handed in as a plan; the transaction deduplicates, checks that the plan still
fits, and turns it into an event of a case or an answer of the bot's own. Typed text is not kept
unless the step on screen asks for it; what looks like a secret is not kept at all.

A message is never lost: what raises, before or inside the transaction, leaves a failed event for
operators and a friendly line for the person. Only a store that is away is said to the channel, which
tries again with the same key.
"""

from __future__ import annotations

import logging
import re
import unicodedata
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from bot.core import choice as pressed
from bot.core import effects as fx
from bot.core.audit import Tag, audit_row
from bot.core.engine import awaiting, opening
from bot.core.events import Chose, Commanded, Entered, Event, Happening, Opened, Wrote
from bot.core.flow import FlowState
from bot.core.model import CaseId, Command, EventId, Place, Reason
from bot.core.records import Case, ChatRow, EventRow, Job
from bot.core.tables import Verb
from bot.core.text import clean, looks_secret
from bot.errors import ConflictError, TransientError
from bot.ports.clock import Clock, Entropy
from bot.ports.flows import Flows
from bot.ports.intake import Incoming
from bot.ports.routing import Action, Router, RouteResult
from bot.ports.store import Store, UnitOfWork
from bot.ports.turns import Turns
from bot.ports.vouchers import VoucherPages
from bot.service.chance import new_id
from bot.service.faults import origin
from bot.service.keys import Keys, hashed
from bot.service.limits import Limits
from bot.service.published import PublishedFlows
from bot.service.turns import event_row, first_come
from bot.service.words import WordService

log = logging.getLogger(__name__)

LONGEST = 3000
"""Characters of one message; what is longer is answered, not read."""

_NAME = re.compile(r"[A-Za-z0-9_]{1,60}")  # what a button of ours sends


@dataclass(frozen=True, slots=True)
class Talk:
    """The chat as it was read before the transaction."""

    row: ChatRow | None
    case: Case | None
    locale: str


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
    link: str = ""
    note: dict[str, Any] | None = None


class IntakeService:
    """Implements `ports.intake.Intake`."""

    def __init__(
        self,
        store: Store,
        turns: Turns,
        flows: Flows,
        published: PublishedFlows,
        words: WordService,
        router: Router,
        limits: Limits,
        vouchers: VoucherPages,
        clock: Clock,
        entropy: Entropy,
        keys: Keys,
        *,
        burn: Callable[[str, str], Awaitable[bool]],
    ) -> None:
        """*burn* uses up a saved code that somebody typed into the chat: (subject oid, text)."""
        self._store = store
        self._turns = turns
        self._flows = flows
        self._published = published
        self._words = words
        self._router = router
        self._limits = limits
        self._vouchers = vouchers
        self._clock = clock
        self._entropy = entropy
        self._keys = keys
        self._burn = burn

    async def receive(self, incoming: Incoming) -> dict[str, Any]:
        at = self._clock.now()
        plan = Plan()
        try:
            talk = await self._store.read(lambda work: self._talk(work, incoming))
            if talk.case is not None:
                await self._published.learn(talk.case.flow_hash)
            plan = await self._plan(incoming, talk)
            reply = await first_come(self._store, lambda work: self._take(work, incoming, plan, at))
        except (TransientError, ConflictError):
            raise
        except Exception as err:  # noqa: BLE001 - a bug of ours must not lose the message
            reply = await self._failed(incoming, plan, at, err)
        self._store.notify(incoming.place.key)
        return reply

    # --- before the transaction ------------------------------------------------------------------

    def _talk(self, work: UnitOfWork, incoming: Incoming) -> Talk:
        row = work.get(ChatRow, incoming.place.key)
        case = work.get(Case, row.case_id) if row and row.case_id else None
        locale = case.locale if case else row.locale if row else ""
        return Talk(row, case if case and case.status != "ended" else None, locale or incoming.locale or "en")

    async def _plan(self, incoming: Incoming, talk: Talk) -> Plan:
        if incoming.choice:
            return await self._pressed(incoming, talk)
        text = incoming.text.strip()[: LONGEST + 1]
        public = {talk.case.number} if talk.case else set[str]()
        if (number := self._words.confirmed(text)) is not None:
            public.add(number)
        if _secret(text, public):
            await self._use_up(text, incoming, talk)
            return _SECRET
        if len(text) > LONGEST:
            return Plan(say=fx.Tell("too_long"))
        text = clean(text, LONGEST)
        if (found := self._words.command(text)) is not None:
            return self._commanded(found[0], found[1], talk)
        if number is not None:
            return await self._confirmed(number, incoming)
        if talk.case is not None:
            return await self._within(text, talk.case, talk.locale)
        return await self._routed(text, talk.locale)

    async def _use_up(self, text: str, incoming: Incoming, talk: Talk) -> None:
        """A saved code that was said here is worth nothing any more, whoever of the two it is of."""
        subjects = {talk.case.subject_oid if talk.case else "", incoming.hint_oid} - {""}
        for subject in sorted(subjects):
            await self._burn(subject, _bare(text))

    async def _confirmed(self, number: str, incoming: Incoming) -> Plan:
        """A manager who was told by mail to write *confirm 482913*. The chat only says who it is
        likely to be; the page behind the link asks for a sign-in."""
        check_id = await self._vouchers.asked_of(incoming.hint_oid, number)
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
            case pressed.CommandChoice(command, value):
                return self._commanded(command, value, talk)
            case pressed.ShowMenu():
                return Plan(say=fx.Tell("menu"), offer=None, note={"menu": True})
            case pressed.Dismiss():
                return Plan(say=fx.Tell("say_again"))
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
                return Plan(say=fx.Tell("person"))
            case Command.NOT_ME:
                return Plan(say=fx.Tell("alarm"), report=True)
            case Command.HELP:
                return Plan(say=fx.Tell("menu"))
            case _:
                return Plan(say=fx.Tell("nothing_open"))

    async def _within(self, text: str, case: Case, locale: str) -> Plan:
        """Typed words while a case is open: an answer to the step on screen, or a cry for help."""
        flows = self._flows.at(case.flow_hash)
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
                return Plan(say=fx.Tell("person"), note=_note(route))
            case Action.ALARM:
                return Plan(say=fx.Tell("alarm_offer"), offer=route, note=_note(route))
            case Action.MENU:
                return Plan(say=fx.Tell("menu"), note=_note(route))
            case _:
                key = "sounds_like" if route.action is Action.START else "which"
                return Plan(say=fx.Tell(key), offer=route, note=_note(route))

    # --- inside the transaction ------------------------------------------------------------------

    def _take(self, work: UnitOfWork, incoming: Incoming, plan: Plan, at: datetime) -> dict[str, Any]:
        seen = work.reply_to(incoming.dedupe_key)
        if seen is not None:
            return seen
        row = work.lock(ChatRow, incoming.place.key)
        locale = plan.locale or (row.locale if row else incoming.locale) or "en"
        if row is None:
            row = ChatRow(incoming.place.key, locale, "", at)
            work.add(row)  # so that of two first messages one waits for the other
        if plan.start:
            return self._start(work, incoming, plan, replace(row, locale=locale), at)
        if plan.what is not None:
            case = work.case(plan.case_id)
            if case is None or case.place != incoming.place.key:
                refusal = fx.Refuse(Reason.NOT_YOURS if case else Reason.NOT_EXPECTED)
                return self._own(work, incoming, row, Plan(say=refusal), at)
            if plan.locale:
                work.save(replace(row, locale=locale, at=at))
            what = self._without_stray_text(case, plan.what)
            return self._turns.take(work, case, what, dedupe_key=incoming.dedupe_key, at=at)
        return self._own(work, incoming, replace(row, locale=locale), plan, at)

    def _without_stray_text(self, case: Case, what: Happening) -> Happening:
        """Typed text is kept for the very question that asks for it; an old form's text is not."""
        if not isinstance(what, Entered):
            return what
        state = FlowState.from_json(case.state)
        step = self._flows.at(case.flow_hash).step(state.flow, state.step)
        wanted = step is not None and step.verb is Verb.INPUT and not state.ended
        fits = (what.step, what.version) == (state.step, state.version)
        return what if wanted and fits else replace(what, value="")

    def _start(
        self, work: UnitOfWork, incoming: Incoming, plan: Plan, row: ChatRow, at: datetime
    ) -> dict[str, Any]:
        open_case = work.get(Case, row.case_id) if row.case_id else None
        if open_case is not None and open_case.status != "ended":
            return self._own(work, incoming, row, Plan(say=fx.Tell("already_open")), at)
        flow_hash = self._flows.live(plan.start)
        if flow_hash is None:
            return self._own(work, incoming, row, Plan(say=fx.Refuse(Reason.NOT_EXPECTED)), at)
        account = f"{incoming.place.channel}:{incoming.place.tenant}:{incoming.user}"
        if self._limits.opening(work, account=account, network=incoming.network, at=at):
            return self._own(work, incoming, row, Plan(say=fx.Refuse(Reason.TOO_MANY)), at)
        flows = self._flows.at(flow_hash)
        ident = new_id(self._entropy, at)
        case = Case(
            id=ident,
            number=self._number(work),
            handle_hash=hashed(self._keys.handle("case", ident)),
            flow=plan.start,
            flow_hash=flow_hash,
            locale=row.locale,
            place=incoming.place.key,
            opener={
                "channel": incoming.place.channel, "tenant": incoming.place.tenant, "user": incoming.user,
            },
            subject_oid=incoming.hint_oid,
            identified_by=("linked" if incoming.linked else "hint") if incoming.hint_oid else "",
            state=opening(flows.flows[flows.main]).to_json(),
            step="",
            version=0,
            status="open",
            outcome="",
            opened_at=at,
            touched_at=at,
            network=incoming.network,
        )  # fmt: skip
        work.add(case)
        work.save(replace(row, case_id=ident, at=at))
        work.audit(
            audit_row(
                new_id(self._entropy, at), at, Tag.CASE_OPENED, case_id=ident, actor="person",
                subject=case.subject_oid, flow=flow_hash, channel=incoming.place.channel,
                identified_by=case.identified_by,
            )
        )  # fmt: skip
        return self._turns.take(
            work, case, Opened(plan.start, row.locale), dedupe_key=incoming.dedupe_key, at=at
        )

    def _number(self, work: UnitOfWork) -> str:
        while True:
            number = f"{self._entropy.below(900_000) + 100_000}"
            if work.first(Case, number=number) is None:
                return number

    def _own(
        self, work: UnitOfWork, incoming: Incoming, row: ChatRow, plan: Plan, at: datetime
    ) -> dict[str, Any]:
        """Answer outside any case's flow: offers, the menu, refusals."""
        ident = new_id(self._entropy, at)
        if plan.report:
            told = {"what": "not_me_in_chat", "case": "", "oid": incoming.hint_oid}
            work.enqueue([Job(f"{ident}/alert", f"alert:{incoming.place.key}", "alert", told, "", at, at)])
        refused = plan.say.reason.value if isinstance(plan.say, fx.Refuse) else ""
        reply: dict[str, Any] = {"case": "", "says": [f"{ident}/0"], "refused": refused}
        work.add(EventRow(ident, incoming.dedupe_key, at, "", "Routed", plan.note or {}, "done", reply))
        work.save(replace(row, at=at))
        if refused or plan.report:
            tag = Tag.CASE_REPORTED if plan.report else Tag.CASE_REFUSED
            more: dict[str, Any] = {"refused": refused} if refused else {}
            work.audit(
                audit_row(
                    ident, at, tag, case_id=row.case_id, actor="person", subject=incoming.hint_oid,
                    channel=incoming.place.channel, **more,
                )
            )  # fmt: skip
        if plan.say is not None:
            work.enqueue([_own_job(incoming.place, row, plan, f"{ident}/0", at)])
        return reply


    async def _failed(self, incoming: Incoming, plan: Plan, at: datetime, err: Exception) -> dict[str, Any]:
        """A bug of ours: nothing of the turn stays but its event, for operators, and a friendly line."""
        ident = new_id(self._entropy, at)
        log.error("message %s failed: %s", ident, origin(err))
        reference = ident[-8:]
        reply = {"case": "", "says": [f"{ident}/0"], "refused": "", "failed": reference}
        error = type(err).__name__

        def keep(work: UnitOfWork) -> dict[str, Any]:
            seen = work.reply_to(incoming.dedupe_key)
            if seen is not None:
                return seen
            row = work.get(ChatRow, incoming.place.key)
            locale = plan.locale or (row.locale if row else incoming.locale) or "en"
            row = row or ChatRow(incoming.place.key, locale, "", at)
            case = work.get(Case, plan.case_id) if plan.case_id else None
            if plan.what is not None and case is not None and case.place == incoming.place.key:
                event = Event(EventId(ident), incoming.dedupe_key, at, CaseId(case.id), plan.what)
                work.add(event_row(event, "failed", reply, error))
            else:
                case = None
                work.add(
                    EventRow(
                        ident, incoming.dedupe_key, at, "", "Routed", plan.note or {}, "failed", reply, error
                    )
                )
            case_id = case.id if case else ""
            work.audit(audit_row(ident, at, Tag.EVENT_FAILED, case_id=case_id, error=error))
            told = replace(plan, say=fx.Tell("failed", {"reference": reference}), offer=None, link="")
            work.enqueue([_own_job(incoming.place, row, told, f"{ident}/0", at)])
            return reply

        return await first_come(self._store, keep)


_SECRET = Plan(say=fx.Refuse(Reason.SECRET_TYPED), note={"secret": True})


def _secret(text: str, public: set[str]) -> bool:
    """Also with characters between that nobody sees, as some programs copy them."""
    return looks_secret(text, public=public) or looks_secret(_bare(text), public=public)


def _bare(text: str) -> str:
    return "".join(char for char in text if unicodedata.category(char) != "Cf")


def _note(route: RouteResult) -> dict[str, Any]:
    """What is kept of a routing: label and scores, never the text."""
    return {"label": route.label, "p": round(route.p, 3), "action": route.action.value}


def _own_job(place: Place, row: ChatRow, plan: Plan, key: str, at: datetime) -> Job:
    say = plan.say
    body = {
        "what": type(say).__name__,
        "effect": asdict(say) if say is not None else {},
        "flow_hash": "",
        "locale": row.locale,
        "number": "",
        "place": place.key,
        "offer": list(plan.offer.flows) if plan.offer else [],
        "link": plan.link,
    }
    return Job(key, f"place:{place.key}", "say", body, "", at, at)
