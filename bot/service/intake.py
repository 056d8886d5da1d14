"""From a chat message to an event: whose, of which case, meaning what.

What the message means was found out before (`service.meaning`); the transaction deduplicates, checks
that the plan still fits, and turns it into an event of a case or an answer of the bot's own. Typed
text is not kept unless the step on screen asks for it; what looks like a secret is not kept at all.

A message is never lost: what raises, before or inside the transaction, leaves a failed event for
operators and a friendly line for the person. Only a store that is away is said to the channel, which
tries again with the same key.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from bot.core import effects as fx
from bot.core.audit import Tag, audit_row
from bot.core.engine import opening
from bot.core.events import Commanded, Entered, Event, Happening, Opened, Wrote
from bot.core.flow import FlowState
from bot.core.model import CaseId, Command, EventId, Place, Reason
from bot.core.records import Case, ChatRow, EventRow, Execution, Job
from bot.core.tables import Verb
from bot.errors import ConflictError, TransientError
from bot.ports.clock import Clock, Entropy
from bot.ports.desk import TOPIC
from bot.ports.flows import Flows
from bot.ports.intake import Incoming
from bot.ports.linking import AccountLinks
from bot.ports.outages import Outages
from bot.ports.routing import Router
from bot.ports.store import Store, UnitOfWork
from bot.ports.thanks import Gratitude
from bot.ports.turns import Turns
from bot.ports.vouchers import VoucherPages
from bot.service.chance import new_id
from bot.service.faults import origin
from bot.service.keys import Keys, hashed
from bot.service.limits import Limits
from bot.service.meaning import Meaning, Named, Plan, Talk
from bot.service.published import PublishedFlows
from bot.service.returning import Returning
from bot.service.talking import Talking
from bot.service.turns import event_row, first_come
from bot.service.words import WordService

log = logging.getLogger(__name__)


def _undoes(what: Happening) -> bool:
    """Whether this would leave a request behind. While its acts are being carried out nobody may: the
    outcome must find the flow waiting for it. "Not me" is never refused; it freezes the case."""
    return isinstance(what, Commanded) and what.command in {Command.BACK, Command.RESTART, Command.CANCEL}


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
        accounts: AccountLinks,
        talking: Talking,
        *,
        burn: Callable[[str, str], Awaitable[bool]],
        helping: Named | None = None,
        thanks: Gratitude | None = None,
        outages: Outages | None = None,
        returning: Returning | None = None,
    ) -> None:
        """*burn* uses up a saved code that somebody typed into the chat: (subject oid, text)."""
        self._store = store
        self._turns = turns
        self._flows = flows
        self._published = published
        self._meaning = Meaning(published, words, router, vouchers, burn, helping)
        self._limits = limits
        self._clock = clock
        self._entropy = entropy
        self._keys = keys
        self._accounts = accounts
        self._thanks = thanks
        self._outages = outages
        self._returning = returning
        self._talking = talking

    async def receive(self, incoming: Incoming) -> dict[str, Any]:
        at = self._clock.now()
        plan = Plan()
        try:
            talk = await self._store.glance(lambda work: self._talk(work, incoming, at))
            if talk.case is not None:
                await self._published.learn(talk.case.flow_hash)
                talk = replace(talk, listened=talk.listened or self._talking.called(talk.case))
            plan = await self._meaning.plan(incoming, talk)
            reply = await first_come(self._store, lambda work: self._take(work, incoming, plan, at))
        except (TransientError, ConflictError):
            raise
        except Exception as err:  # noqa: BLE001 - a bug of ours must not lose the message
            reply = await self._failed(incoming, plan, at, err)
        self._store.notify(incoming.place.key)
        if plan.line is not None:
            self._store.notify(plan.case_id)
            self._store.notify(TOPIC)
        return reply

    def _talk(self, work: UnitOfWork, incoming: Incoming, at: datetime) -> Talk:
        row = work.get(ChatRow, incoming.place.key)
        case = work.get(Case, row.case_id) if row and row.case_id else None
        locale = case.locale if case else row.locale if row else ""
        if case is not None and case.status == "ended":
            case = None
        listened = case is not None and self._talking.open(work, case, at)
        return Talk(row, case, locale or incoming.locale or "en", listened)

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
        if self._returning is not None:
            self._returning.wrote(work, incoming, locale, at)
        if plan.start:
            return self._start(work, incoming, plan, replace(row, locale=locale), at)
        if plan.thanks:
            plan = self._thanked(work, incoming, plan.thanks, at)
        if plan.fixed:
            plan = self._wished(work, incoming, plan.fixed, locale, at)
        if plan.linking:
            plan = self._linking(work, incoming, plan, locale, at)
        if plan.line is not None or plan.badge is not None:
            return self._with_person(work, incoming, plan, replace(row, locale=locale), at)
        if plan.what is not None:
            case = work.case(plan.case_id)
            if case is None or case.place != incoming.place.key:
                refusal = fx.Refuse(Reason.NOT_YOURS if case else Reason.NOT_EXPECTED)
                return self._own(work, incoming, row, Plan(say=refusal), at)
            if plan.locale:
                work.save(replace(row, locale=locale, at=at))
            busy = _undoes(plan.what) and case.subject_oid != ""
            if busy and work.count(Execution, subject_oid=case.subject_oid, status="open"):
                return self._own(work, incoming, row, Plan(say=fx.Refuse(Reason.EXECUTION_OPEN)), at)
            what = self._without_stray_text(case, plan.what)
            return self._turns.take(work, case, what, dedupe_key=incoming.dedupe_key, at=at)
        return self._own(work, incoming, replace(row, locale=locale), plan, at)

    def _with_person(
        self, work: UnitOfWork, incoming: Incoming, plan: Plan, row: ChatRow, at: datetime
    ) -> dict[str, Any]:
        """A line for the person who listens, or the question who that is."""
        case = work.case(plan.case_id)
        if case is None or case.place != incoming.place.key:
            return self._own(work, incoming, row, Plan(say=fx.Refuse(Reason.NOT_YOURS)), at)
        if plan.badge is not None:
            found = self._talking.checked(work, case, plan.badge, at)
            told = fx.Refuse(found) if isinstance(found, Reason) else self._talking.worded(case, found)
            return self._own(work, incoming, row, Plan(say=told), at)
        assert plan.line is not None
        heard = self._talking.heard(
            work, case, plan.line.text, masked=plan.line.masked, surface="chat",
            dedupe_key=f"chat/{incoming.dedupe_key}", at=at,
        )  # fmt: skip
        if isinstance(heard, Reason):
            return self._own(work, incoming, row, Plan(say=fx.Refuse(heard)), at)
        say = plan.say or (fx.Tell("talk_masked") if plan.line.masked else None)
        if say is None and heard.alone:
            say = fx.Tell("talk_noted", {"number": case.number})
        note = {**(plan.note or {}), "line": heard.line.seq}
        return self._own(work, incoming, row, replace(plan, say=say, note=note), at)

    def _thanked(self, work: UnitOfWork, incoming: Incoming, case_id: str, at: datetime) -> Plan:
        if self._thanks is None:
            return Plan(say=fx.Refuse(Reason.NOT_EXPECTED))
        told = self._thanks.said(work, incoming.place, case_id, at)
        return Plan(say=fx.Refuse(told) if isinstance(told, Reason) else fx.Tell("thanked"))

    def _wished(self, work: UnitOfWork, incoming: Incoming, outage: str, locale: str, at: datetime) -> Plan:
        """ "Tell me when it is fixed"; pressed after the end it says that it is."""
        if self._outages is None:
            return Plan(say=fx.Refuse(Reason.NOT_EXPECTED))
        over = self._outages.wished(work, incoming.place, outage, locale, at)
        return Plan(say=fx.Tell("outage_gone" if over else "outage_noted"))

    def _linking(self, work: UnitOfWork, incoming: Incoming, plan: Plan, locale: str, at: datetime) -> Plan:
        """Link the chat account, or take the link away: what to answer."""
        place, user = incoming.place, incoming.user
        if plan.linking == "unlink":
            gone = self._accounts.remove(work, place, user, at=at)
            return Plan(say=fx.Tell("unlinked" if gone else "link_needless"))
        asked = self._accounts.ask(work, place, user, locale=locale, at=at)
        if isinstance(asked, Reason):
            return Plan(say=fx.Refuse(asked))
        if asked is None:
            return Plan(say=fx.Tell("link_needless"))
        return Plan(say=fx.Tell("link_offer", {"number": asked.number}), link=f"link:{asked.id}")

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
        says = [f"{ident}/0"] if plan.say is not None else []
        reply: dict[str, Any] = {"case": "", "says": says, "refused": refused}
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
                try:
                    what = self._without_stray_text(case, plan.what)
                except KeyError:  # nobody knows what its step asks for
                    what = Wrote()
                event = Event(EventId(ident), incoming.dedupe_key, at, CaseId(case.id), what)
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
