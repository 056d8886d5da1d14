"""From a chat message to an event: whose, of which case, meaning what.

Everything slow (matching words, routing, a look at a typed saved code) happens before the
transaction and is handed in as a plan; the transaction deduplicates, checks that the plan still
fits, and turns it into an event of a case or an answer of the bot's own. Typed text is not kept
unless the step on screen asks for it; what looks like a secret is not kept at all.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from bot.core import choice as pressed
from bot.core import effects as fx
from bot.core.audit import Tag, audit_row
from bot.core.engine import awaiting, opening
from bot.core.events import Chose, Commanded, Entered, Happening, Opened, Wrote
from bot.core.flow import FlowState
from bot.core.model import Command, Place, Reason
from bot.core.records import Case, ChatRow, EventRow, Job
from bot.core.text import clean, looks_secret
from bot.ports.clock import Clock, Entropy
from bot.ports.flows import Flows
from bot.ports.intake import Incoming
from bot.ports.routing import Action, RouteResult, Router
from bot.ports.store import Store, UnitOfWork
from bot.ports.turns import Turns
from bot.ports.vouchers import VoucherPages
from bot.service.chance import new_id
from bot.service.keys import Keys, hashed
from bot.service.limits import Limits
from bot.service.published import PublishedFlows
from bot.service.words import WordService

LONGEST = 3000
"""Characters of one message; what is longer is answered, not read."""

Tell = tuple[str, dict[str, Any]]


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
        talk = await self._store.read(lambda work: self._talk(work, incoming))
        plan = await self._plan(incoming, talk)
        reply = await self._store.transact(lambda work: self._take(work, incoming, plan, at))
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
            return self._pressed(incoming, talk)
        text = incoming.text.strip()[: LONGEST + 1]
        public = {talk.case.number} if talk.case else set[str]()
        if (number := self._words.confirmed(text)) is not None:
            public.add(number)
        if looks_secret(text, public=public):
            subject = talk.case.subject_oid if talk.case else incoming.hint_oid
            await self._burn(subject, text)
            return Plan(say=fx.Refuse(Reason.SECRET_TYPED), note={"secret": True})
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

    async def _confirmed(self, number: str, incoming: Incoming) -> Plan:
        """A manager who was told by mail to write *confirm 482913*. The chat only says who it is
        likely to be; the page behind the link asks for a sign-in."""
        check_id = await self._vouchers.asked_of(incoming.hint_oid, number)
        if check_id is None:
            return Plan(say=fx.Tell("nothing_to_confirm", {"number": number}))
        return Plan(say=fx.Tell("voucher_link"), link=f"voucher:{check_id}")

    def _pressed(self, incoming: Incoming, talk: Talk) -> Plan:
        match pressed.parse(incoming.choice):
            case pressed.StepChoice(case_id, step, version, choice):
                return Plan(what=Chose(step, version, choice), case_id=case_id)
            case pressed.StepForm(case_id, step, version):
                if "choice" in incoming.form:
                    return Plan(what=Chose(step, version, incoming.form["choice"]), case_id=case_id)
                value = clean(incoming.form.get("value", ""), LONGEST)
                if looks_secret(value):
                    return Plan(say=fx.Refuse(Reason.SECRET_TYPED), note={"secret": True})
                return Plan(what=Entered(step, version, value), case_id=case_id)
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
        if plan.start:
            return self._start(work, incoming, plan, replace(row, locale=locale), at)
        if plan.what is not None:
            case = work.case(plan.case_id)
            if case is None or case.place != incoming.place.key:
                refusal = fx.Refuse(Reason.NOT_YOURS if case else Reason.NOT_EXPECTED)
                return self._own(work, incoming, row, Plan(say=refusal), at)
            if plan.locale:
                work.save(replace(row, locale=locale, at=at))
            return self._turns.take(work, case, plan.what, dedupe_key=incoming.dedupe_key, at=at)
        return self._own(work, incoming, replace(row, locale=locale), plan, at)

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
        refused = plan.say.reason.value if isinstance(plan.say, fx.Refuse) else ""
        reply: dict[str, Any] = {"case": "", "says": [f"{ident}/0"], "refused": refused}
        work.add(
            EventRow(ident, incoming.dedupe_key, at, "", "Routed", plan.note or {}, "done", reply)
        )
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
