"""Implements `ports.outages.Outages`, holds requests back, and lets them go.

One outage at a time. Everything durable is a row: who wants to hear of the end, and which requests
wait. The end, by hand or by time, is one transaction that takes those rows away and queues what they
were kept for, so that each place hears once and each request opens once.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from typing import Any

from bot.core.audit import Tag, audit_row
from bot.core.effects import CloseRequest, OpenRequest, Tell
from bot.core.events import Answered, Event, Opened
from bot.core.flow import FlowState
from bot.core.masking import foreign_links
from bot.core.model import ActKind, CaseId, EventId, PassShape, Place, Reason
from bot.core.records import Case, HeldRequest, Job, Outage, OutageWish, Session, Timer
from bot.core.spoken import clock_time
from bot.core.text import clean
from bot.errors import Refused, TransientError
from bot.ports.clock import Clock, Entropy
from bot.ports.desk import TOPIC
from bot.ports.outages import LONGEST, LONGEST_TEXT, OutageView, What
from bot.ports.store import Store, UnitOfWork
from bot.ports.turns import Turns
from bot.service.attempts import Attempts
from bot.service.chance import new_id
from bot.service.turns import say_job

log = logging.getLogger(__name__)
FRESH = 2.0
"""Seconds for which pages show what was read; another replica's news is that late at most."""
SHORTEST = timedelta(minutes=5)
TIMER = "outage"

Open = Callable[[UnitOfWork, Case, OpenRequest, Event, str], Sequence[Answered]]
"""The performer of `OpenRequest` that is held back (`service.requests`)."""


class OutageService:
    def __init__(
        self,
        store: Store,
        clock: Clock,
        entropy: Entropy,
        turns: Turns,
        attempts: Attempts,
        opens: Open,
        demand: Callable[[str], Awaitable[None]],
        *,
        locales: Sequence[str],
        zone: tzinfo,
        learn: Callable[[str], Awaitable[bool]],
    ) -> None:
        """*demand* raises Refused for an oid that is no agent (any more). *learn* makes sure that a flow
        version of another replica is known here."""
        self._store, self._clock, self._entropy = store, clock, entropy
        self._turns, self._attempts, self._opens, self._demand = turns, attempts, opens, demand
        self._locales, self._zone, self._learn = tuple(locales), zone, learn
        self._shown: OutageView | None = None
        self._read_at = float("-inf")

    # --- reading -----------------------------------------------------------------------------------

    async def now(self) -> OutageView | None:
        at = self._clock.now()

        def fn(work: UnitOfWork) -> OutageView | None:
            found = _on(work, at)
            if found is None:
                return None
            return OutageView(
                found.id, found.what, found.started_at, found.until, found.started_name, found.pauses,
                {str(k): str(v) for k, v in found.texts.items()},
                work.count(OutageWish, outage_id=found.id), work.count(HeldRequest, outage_id=found.id),
            )  # fmt: skip

        return await self._store.read(fn)

    def shown(self) -> OutageView | None:
        found = self._shown
        return found if found is not None and self._clock.now() < found.until else None

    async def freshen(self) -> None:
        moment = asyncio.get_running_loop().time()
        if moment - self._read_at < FRESH:
            return
        self._read_at = moment
        try:
            self._shown = await self.now()
        except TransientError:
            log.warning("outages cannot be read now")

    # --- agents ------------------------------------------------------------------------------------

    async def start(
        self, agent: Session, what: str, *, span: timedelta, pauses: bool, texts: Mapping[str, str]
    ) -> None:
        await self._demand(agent.oid)
        at = self._clock.now()
        kept = self._texts(what, texts)
        row = Outage(
            new_id(self._entropy, at), what, kept, pauses, at, at + _span(span), agent.oid, agent.name
        )

        def fn(work: UnitOfWork) -> None:
            if _on(work, at) is not None:
                raise Refused(Reason.DECIDED_ALREADY)
            work.add(row)
            self._watch(work, row)
            self._audit(work, Tag.OUTAGE_STARTED, agent.oid, at, row, what=what, pauses=pauses)

        await self._changed(fn)

    def _texts(self, what: str, texts: Mapping[str, str]) -> dict[str, str]:
        """Raises Refused for an unknown kind, for `other` without words in every language, and for words
        that hold a web or mail address."""
        if what not in set(What):
            raise Refused(Reason.BAD_FORM, detail="what")
        if what != What.OTHER:
            return {}
        found = {locale: clean(texts.get(locale, ""), LONGEST_TEXT) for locale in self._locales}
        if not all(found.values()):
            raise Refused(Reason.BAD_FORM, detail="text")
        if any(foreign_links(text, ()) for text in found.values()):
            raise Refused(Reason.TALK_LINK)  # every page and many chats will show it, on one agent's word
        return found

    async def extend(self, agent: Session, ident: str, *, span: timedelta) -> None:
        await self._demand(agent.oid)
        at = self._clock.now()

        def fn(work: UnitOfWork) -> None:
            row = replace(self._mine(work, ident, at), until=at + _span(span))
            work.put(row)
            self._watch(work, row)
            self._audit(work, Tag.OUTAGE_EXTENDED, agent.oid, at, row, until=row.until.isoformat())

        await self._changed(fn)

    async def end(self, agent: Session, ident: str) -> None:
        await self._demand(agent.oid)
        await self._know_held(ident)
        at = self._clock.now()
        await self._changed(lambda work: self._over(work, self._mine(work, ident, at), agent.oid, at))

    def _mine(self, work: UnitOfWork, ident: str, at: datetime) -> Outage:
        row = work.lock(Outage, ident)
        if row is None or row.ended_at is not None or at >= row.until:
            raise Refused(Reason.REQUEST_ENDED)
        return row

    # --- the end -----------------------------------------------------------------------------------

    async def fire(self, timer: Timer) -> None:
        """Handles timers of kind `outage`: its time is over, unless it was extended."""
        await self._know_held(str(timer.body["outage"]))
        at = self._clock.now()

        def fn(work: UnitOfWork) -> None:
            row = work.lock(Outage, str(timer.body["outage"]))
            if row is not None and row.ended_at is None and at >= row.until:
                self._over(work, row, "", at)

        await self._changed(fn)

    async def _know_held(self, ident: str) -> None:
        """One case whose flow nobody here knows would keep all others waiting."""

        def fn(work: UnitOfWork) -> set[str]:
            held = work.find(HeldRequest, outage_id=ident)
            return {case.flow_hash for one in held if (case := work.get(Case, one.case_id)) is not None}

        for flow_hash in await self._store.read(fn):
            await self._learn(flow_hash)

    def _over(self, work: UnitOfWork, row: Outage, by: str, at: datetime) -> None:
        work.put(replace(row, ended_at=at, ended_by=by))
        wishes = work.find(OutageWish, outage_id=row.id)
        held = work.find(HeldRequest, outage_id=row.id)
        for wish in wishes:
            work.remove(OutageWish, wish.id)
            work.enqueue([_news(row, wish, at)])
        for one in held:
            work.remove(HeldRequest, one.case_id)
            self._let_go(work, one, at)
        tag = Tag.OUTAGE_ENDED if by else Tag.OUTAGE_EXPIRED
        self._audit(work, tag, by or "timer", at, row, told=len(wishes), released=len(held))

    def _let_go(self, work: UnitOfWork, held: HeldRequest, at: datetime) -> None:
        """Ask approvers now, if the flow still stands where it asked."""
        case = work.case(held.case_id)
        if case is None or case.status != "open" or not _stands(case, held.step, held.version):
            return
        acts = tuple(ActKind(str(act)) for act in held.acts)
        within = timedelta(seconds=held.within)
        effect = OpenRequest(held.step, held.version, acts, within, PassShape(held.shape))
        key = f"outage/{held.outage_id}/{case.id}"
        event = Event(EventId(key), key, at, CaseId(case.id), Answered(held.step, held.version, "ok"))
        for number, answer in enumerate(self._opens(work, case, effect, event, key)):
            again = work.case(case.id) or case
            self._turns.take(work, again, answer, dedupe_key=f"{key}/{number}", at=at)

    # --- performers ----------------------------------------------------------------------------------

    def open(
        self, work: UnitOfWork, case: Case, effect: OpenRequest, event: Event, key: str
    ) -> Sequence[Answered]:
        """Performs `OpenRequest`: at once, or when the outage is over. Who waits hears of the end unasked."""
        outage = _on(work, event.at)
        if outage is None or not outage.pauses:
            return self._opens(work, case, effect, event, key)
        acts: list[Any] = [act.value for act in effect.acts]
        seconds = int(effect.within.total_seconds())
        shape = effect.shape.value
        work.save(
            HeldRequest(case.id, outage.id, effect.step, effect.version, acts, shape, seconds, event.at)
        )
        work.save(_wish(outage, case.place, case.id, case.locale, event.at))
        work.enqueue(
            [
                say_job(
                    case, Tell("outage_paused", self._values(outage, case.locale)), f"{key}/paused", event.at
                )
            ]
        )
        self._audit(work, Tag.REQUEST_PAUSED, "bot", event.at, outage, case=case)
        return ()

    def close(
        self, work: UnitOfWork, case: Case, effect: CloseRequest, event: Event, key: str
    ) -> Sequence[Answered]:
        """Performs `CloseRequest`: the step was left, nothing waits any more."""
        held = work.get(HeldRequest, case.id)
        if held is not None and held.step == effect.step:
            work.remove(HeldRequest, case.id)
        return ()

    def opened(
        self, work: UnitOfWork, case: Case, what: Opened, event: Event, key: str
    ) -> Sequence[Answered]:
        """A talk begins: say what is broken, and offer to tell when it is not."""
        outage = _on(work, event.at)
        if outage is not None:
            tell = Tell("outage_on", {**self._values(outage, case.locale), "outage": outage.id})
            work.enqueue([say_job(case, tell, f"{key}/outage", event.at)])
        return ()

    def quiet(self, fire: Callable[[Timer], Awaitable[None]]) -> Callable[[Timer], Awaitable[None]]:
        """*fire* for the timers of steps, without reminders of a request that waits."""

        async def quietly(timer: Timer) -> None:
            if timer.body.get("name") == "remind" and timer.case_id:
                held = await self._store.read(lambda work: work.get(HeldRequest, timer.case_id))
                if held is not None and (held.step, held.version) == (
                    timer.body["step"],
                    timer.body["version"],
                ):
                    return
            await fire(timer)

        return quietly

    # --- people --------------------------------------------------------------------------------------

    async def tell(self, handle: str, browser: str) -> None:
        at = self._clock.now()

        def fn(work: UnitOfWork) -> None:
            case, _ = self._attempts.usable(work, handle, browser, at)
            outage = _on(work, at)
            if outage is not None:
                work.save(_wish(outage, case.place, case.id, case.locale, at))

        await self._store.transact(fn)

    def wished(self, work: UnitOfWork, place: Place, ident: str, locale: str, at: datetime) -> Reason | None:
        outage = _on(work, at)
        if outage is None or outage.id != ident:
            return Reason.STALE
        work.save(_wish(outage, place.key, "", locale, at))
        return None

    # --- small ---------------------------------------------------------------------------------------

    def _values(self, outage: Outage, locale: str) -> dict[str, object]:
        """What the bot's words need."""
        until = clock_time(outage.until, self._zone)
        return {"what": outage.what, "text": _text(outage, locale), "until": until}

    def _watch(self, work: UnitOfWork, row: Outage) -> None:
        key = f"outage/{row.id}/{row.until.isoformat()}"
        work.schedule(Timer(key, TIMER, "", row.until, {"outage": row.id}))

    async def _changed(self, fn: Callable[[UnitOfWork], None]) -> None:
        await self._store.transact(fn)
        self._read_at = float("-inf")
        await self.freshen()
        self._store.notify(TOPIC)

    def _audit(
        self, work: UnitOfWork, tag: Tag, actor: str, at: datetime, row: Outage, *,
        case: Case | None = None, **body: Any,
    ) -> None:  # fmt: skip
        work.audit(
            audit_row(
                new_id(self._entropy, at), at, tag, case_id=case.id if case else "", actor=actor,
                actor_method="desk_session" if actor not in ("bot", "timer") else "", outage=row.id, **body,
            )
        )  # fmt: skip


def _on(work: UnitOfWork, at: datetime) -> Outage | None:
    rows = work.find(Outage, ended_at=None, order="-started_at", limit=3)
    return next((row for row in rows if at < row.until), None)


def _span(span: timedelta) -> timedelta:
    if not SHORTEST <= span <= LONGEST:
        raise Refused(Reason.BAD_FORM, detail="span")
    return span


def _wish(outage: Outage, place: str, case_id: str, locale: str, at: datetime) -> OutageWish:
    return OutageWish(f"{outage.id}/{place}", outage.id, place, case_id, locale, at)


def _text(outage: Outage, locale: str) -> str:
    """Its own words in *locale*, "" where the closed list says it."""
    return str(outage.texts.get(locale) or next(iter(outage.texts.values()), ""))


def _news(outage: Outage, wish: OutageWish, at: datetime) -> Job:
    """Good news for one place, outside any flow: its case may be long over."""
    tell = Tell("outage_over", {"what": outage.what, "text": _text(outage, wish.locale)})
    body = {
        "what": type(tell).__name__, "effect": {"key": tell.key, "values": dict(tell.values)},
        "flow_hash": "", "locale": wish.locale, "number": "", "place": wish.place,
    }  # fmt: skip
    return Job(f"outage/{wish.id}", f"place:{wish.place}", "say", body, wish.case_id, at, at)


def _stands(case: Case, step: str, version: int) -> bool:
    state = FlowState.from_json(case.state)
    return (state.step, state.version) == (step, version)
