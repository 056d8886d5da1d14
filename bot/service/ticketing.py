"""What systems around us hear of a case: signed webhooks, and notes on its ticket.

`Outward` performs what turns say (opened, a person is wanted, decided, closed) inside their
transaction, as outbox jobs with keys for life; `Ticketing` delivers. Only numbers, closed words, a
flow's id and a link leave the house: who the person is stays behind the link's sign-in.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.core.audit import Tag, audit_row
from bot.core.effects import EndCase, HandOff, OpenRequest
from bot.core.events import Answered, Event, Opened
from bot.core.model import Reason
from bot.core.records import Case, Job, Session, Ticket
from bot.core.tickets import ticket
from bot.errors import PermanentError, Refused
from bot.ports.clock import Clock, Entropy
from bot.ports.store import Store, UnitOfWork
from bot.ports.tickets import Receiver, TicketSystem
from bot.ports.words import Words
from bot.service.cards import refresh
from bot.service.chance import new_id

WANTED = "wanted"
"""A person is wanted: from here on a case is worth a ticket of its own."""
ATTACHED = "attached"
"""An agent said which ticket it is."""


def attach(work: UnitOfWork, case_id: str, typed: str, at: datetime) -> Ticket:
    """Note the ticket that a case belongs to. Raises Refused(BAD_FORM) for what is no number."""
    found = ticket(typed)
    if found is None:
        raise Refused(Reason.BAD_FORM)
    row = work.lock(Ticket, case_id)
    if row is not None and row.number == found[1]:
        return row
    row = Ticket(case_id, *found, "", at)
    work.save(row)
    refresh(work, case_id, f"ticket/{row.number}/{int(at.timestamp() * 1000)}", at)
    return row


class TicketNotes:
    """Implements `ports.tickets.CaseTickets`."""

    def __init__(self, store: Store, clock: Clock, entropy: Entropy) -> None:
        self._store, self._clock, self._entropy = store, clock, entropy

    async def note(self, agent: Session, case_id: str, typed: str) -> None:
        at = self._clock.now()

        def fn(work: UnitOfWork) -> None:
            case = work.case(case_id)
            if case is None or case.status == "ended":
                raise Refused(Reason.CASE_ENDED)
            before = work.get(Ticket, case_id)
            row = attach(work, case_id, typed, at)
            if before is not None and before.number == row.number:
                return
            ident = new_id(self._entropy, at)
            work.audit(
                audit_row(
                    ident, at, Tag.TICKET_ATTACHED, case_id=case_id, actor=agent.oid,
                    actor_method="desk_session", actor_auth_time=agent.auth_time, system=row.system,
                    ticket=row.number,
                )
            )  # fmt: skip
            work.enqueue([ticket_job(case, ATTACHED, ident, at)])

        await self._store.transact(fn)
        self._store.notify(case_id)


class Outward:
    """Performers of turns; there are none where nobody outside is to be told."""

    def __init__(self, receivers: Sequence[Receiver], *, tickets: bool, public_url: str) -> None:
        self._receivers = receivers
        self._tickets = tickets
        self._public_url = public_url

    def opened(
        self, work: UnitOfWork, case: Case, what: Opened, event: Event, key: str
    ) -> Sequence[Answered]:
        return self._tell(work, case, "opened", key, event.at)

    def wanted(
        self, work: UnitOfWork, case: Case, effect: HandOff | OpenRequest, event: Event, key: str
    ) -> Sequence[Answered]:
        if self._tickets:
            work.enqueue([ticket_job(case, WANTED, key, event.at)])
        return ()

    def answered(
        self, work: UnitOfWork, case: Case, what: Answered, event: Event, key: str
    ) -> Sequence[Answered]:
        """Of a request only: its answer carries the request's own key, whatever the flow makes of it."""
        if event.dedupe_key.startswith("request/"):
            self._tell(work, case, "decided", key, event.at, what.outcome)
        return ()

    def closed(
        self, work: UnitOfWork, case: Case, effect: EndCase, event: Event, key: str
    ) -> Sequence[Answered]:
        return self._tell(work, case, "closed", key, event.at, effect.outcome)

    def _tell(
        self, work: UnitOfWork, case: Case, news: str, key: str, at: datetime, outcome: str = ""
    ) -> Sequence[Answered]:
        body = json.dumps(self._body(work, case, news, at, outcome), separators=(",", ":"))
        jobs = [
            Job(
                f"{key}/hook/{one.id}", f"webhook:{one.id}:{case.id}", "webhook",
                {"to": one.id, "body": body}, case.id, at, at,
            )
            for one in self._receivers
            if one.wants(news)
        ]  # fmt: skip
        if self._tickets:
            jobs.append(ticket_job(case, news, key, at, outcome))
        if jobs:
            work.enqueue(jobs)
        return ()

    def _body(self, work: UnitOfWork, case: Case, news: str, at: datetime, outcome: str) -> dict[str, object]:
        row = work.get(Ticket, case.id)
        data = {
            "case": case.number, "flow": case.flow, "outcome": outcome,
            "ticket": row.number if row else "", "url": case_url(self._public_url, case.number),
        }  # fmt: skip
        return {"type": f"case.{news}", "timestamp": at.isoformat(), "data": data}


def ticket_job(case: Case, news: str, key: str, at: datetime, outcome: str = "") -> Job:
    body = {"news": news, "number": case.number, "outcome": outcome}
    return Job(f"{key}/ticket", f"ticket:{case.id}", "ticket", body, case.id, at, at)


def case_url(public_url: str, number: str) -> str:
    """Opens the case for agents, after their sign-in; it grants nothing."""
    return f"{public_url}/desk/case/{number}"


class Ticketing:
    """The outbox handlers of `webhook` and `ticket` jobs."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        entropy: Entropy,
        words: Words,
        receivers: Sequence[Receiver],
        systems: Sequence[TicketSystem],
        *,
        public_url: str,
        locale: str,
    ) -> None:
        self._store, self._clock, self._entropy, self._words = store, clock, entropy, words
        self._receivers = {one.id: one for one in receivers}
        self._systems = {one.name: one for one in systems}
        self._public_url, self._locale = public_url, locale

    async def webhook(self, job: Job) -> None:
        receiver = self._receivers.get(job.body["to"])
        if receiver is None:
            raise PermanentError("this webhook is no longer in the settings")
        await receiver.send(job.key, job.body["body"])

    async def handle(self, job: Job) -> None:
        """Say *job*'s news on the case's ticket; make one where a person is wanted and none exists."""
        row = await self._store.read(lambda work: work.get(Ticket, job.case_id))
        news, link = job.body["news"], case_url(self._public_url, job.body["number"])
        if row is None and news == WANTED:
            await self._create(job, link)
            return
        system = self._systems.get(row.system) if row else None
        if row is None or system is None or news == WANTED:
            return
        if not row.sys_id:
            found = await system.find(row.number)
            if found is None:
                raise PermanentError(f"{system.name} knows no such ticket", reason="ticket_unknown")
            row = await self._keep(replace(row, sys_id=found), job)
        text = self._text(job)
        await system.note(row.sys_id, text, link, key=job.key)
        if news == "closed" and row.ours:
            await system.close(row.sys_id, text)

    async def _create(self, job: Job, link: str) -> None:
        system = next((one for one in self._systems.values() if one.creates), None)
        if system is None:
            return
        title = self._words.say(self._locale, "tickets.title", number=job.body["number"])
        made = await system.create(title, self._text(job), link, key=f"keyturn-{job.case_id}")
        row = Ticket(job.case_id, system.name, made.number, made.sys_id, self._clock.now(), ours=True)
        await self._keep(row, job)

    async def _keep(self, row: Ticket, job: Job) -> Ticket:
        """The row as it stands afterwards: a number that an agent noted meanwhile goes before ours."""
        at = self._clock.now()

        def fn(work: UnitOfWork) -> Ticket:
            kept = work.lock(Ticket, row.case_id)
            if kept is not None and kept.number != row.number:
                return kept
            work.save(row)
            if kept is None:
                refresh(work, row.case_id, f"ticket/{row.number}", at)
                work.audit(
                    audit_row(
                        new_id(self._entropy, at), at, Tag.TICKET_MADE, case_id=row.case_id,
                        system=row.system, ticket=row.number, key=job.key,
                    )
                )  # fmt: skip
            return row

        return await self._store.transact(fn)

    def _text(self, job: Job) -> str:
        outcome = str(job.body["outcome"])
        said = self._words.say(self._locale, f"tickets.outcome.{outcome}") if outcome in OUTCOMES else outcome
        return self._words.say(
            self._locale, f"tickets.{job.body['news']}", number=job.body["number"], outcome=said
        )


OUTCOMES = frozenset({"done", "denied", "expired", "void", "partial", "refused"})
"""Of requests, which have words; the ends of a flow are its author's own."""
