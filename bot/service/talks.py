"""The two doors to a talk besides the chat: the review page for agents, the case page for the person."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from datetime import datetime

from bot.core.audit import Tag, audit_row
from bot.core.masking import LONGEST, foreign_links, masked, written
from bot.core.model import Oid, Reason
from bot.core.records import Attempt, Card, Case, Session, Talk, TalkLine
from bot.errors import Refused
from bot.ports.clock import Clock, Entropy
from bot.ports.desk import TOPIC, Desk
from bot.ports.store import Store, UnitOfWork
from bot.ports.talk import OUTCOMES, QUICK, AgentTalk, BadgeView
from bot.service import cards
from bot.service.arrivals import leads
from bot.service.attempts import Attempts
from bot.service.badges import badge_of
from bot.service.chance import new_id
from bot.service.keys import Keys
from bot.service.membership import Membership
from bot.service.talking import Talking


class AgentTalks:
    """Implements `ports.talk.Talks`. *hosts* are those that an agent's words may name."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        entropy: Entropy,
        keys: Keys,
        talking: Talking,
        desk: Desk,
        *,
        members: Membership,
        security: Membership,
        hosts: Collection[str],
    ) -> None:
        self._store = store
        self._clock = clock
        self._entropy = entropy
        self._keys = keys
        self._talking = talking
        self._desk = desk
        self._members = members
        self._security = security
        self._hosts = frozenset(hosts)

    async def view(self, agent: Session, case_id: str) -> AgentTalk:
        await self._members.demand(agent.oid)
        stopped = await self._store.read(lambda work: _case(work, case_id).status == "frozen")
        secure = not stopped or await self._is_security(agent)
        at = self._clock.now()

        def fn(work: UnitOfWork) -> AgentTalk:
            case = _case(work, case_id)
            talk = work.get(Talk, case_id)
            why = _why_not(work, case, agent, secure, at)
            return AgentTalk(
                case_id,
                case.number,
                case.locale,
                _mark(work, case),
                self._talking.book.lines(work, case) if talk else (),
                self._talking.open(work, case, at),
                why.value if why else "",
                badge_of(self._keys, case_id, agent.oid),
                self._talking.called(case) and case.status != "frozen",
                talk is not None and talk.agent_oid == agent.oid,
                talk.waiting if talk else 0,
            )

        return await self._store.read(fn)

    async def mark(self, case_id: str) -> str:
        return await self._store.read(lambda work: _mark(work, _case(work, case_id)))

    async def write(self, agent: Session, case_id: str, *, text: str, quick: str, once: str) -> None:
        await self._members.demand(agent.oid)
        case = await self._store.read(lambda work: _case(work, case_id))
        secure = case.status != "frozen" or await self._is_security(agent)
        if quick and quick not in QUICK:
            raise Refused(Reason.BAD_FORM)
        words = "" if quick else written(text)
        fault = None if quick else self._fault(text, words, case)
        at = self._clock.now()
        key = (
            f"desk/{case_id}/{_name(self._keys, once or new_id(self._entropy, at), agent.oid, words, quick)}"
        )
        if fault is not None:
            await self._refused(agent, case, fault, at)
            raise Refused(fault)

        def fn(work: UnitOfWork) -> None:
            now = work.case(case_id)
            if now is None:
                raise Refused(Reason.UNKNOWN_CASE)
            why = _why_not(work, now, agent, secure, at)
            if why is not None:
                raise Refused(why)
            self._talking.said(
                work, now, agent.oid, agent.name, words, word=f"quick.{quick}" if quick else "",
                dedupe_key=key, at=at,
            )  # fmt: skip

        await self._store.transact(fn)
        self._changed(case_id)

    async def finish(self, agent: Session, case_id: str, outcome: str) -> None:
        await self._members.demand(agent.oid)
        if outcome not in OUTCOMES:
            raise Refused(Reason.BAD_FORM)
        case = await self._store.read(lambda work: _case(work, case_id))
        if self._talking.called(case) and case.status != "frozen":
            await self._desk.answer(agent, case_id, outcome)
            return
        at = self._clock.now()

        def fn(work: UnitOfWork) -> None:
            now = work.case(case_id)
            talk = work.get(Talk, case_id)
            if now is None or talk is None or talk.agent_oid != agent.oid:
                return  # it is over already
            self._talking.ended(work, now, at)
            self._audit(work, Tag.TALK_ENDED, agent, now, at, outcome=outcome)

        await self._store.transact(fn)
        self._changed(case_id)

    def _fault(self, text: str, words: str, case: Case) -> Reason | None:
        if len(text.strip()) > LONGEST:
            return Reason.TALK_LONG
        if not words:
            return Reason.TALK_EMPTY
        if masked(words, public={case.number})[1]:
            return Reason.TALK_SECRET
        return Reason.TALK_LINK if foreign_links(words, self._hosts) else None

    async def _refused(self, agent: Session, case: Case, why: Reason, at: datetime) -> None:
        if why in (Reason.TALK_SECRET, Reason.TALK_LINK):
            await self._store.transact(
                lambda work: self._audit(work, Tag.TALK_REFUSED, agent, case, at, why=why.value)
            )

    async def _is_security(self, agent: Session) -> bool:
        return await self._security.refusal(Oid(agent.oid)) is None

    def _audit(
        self, work: UnitOfWork, tag: Tag, agent: Session, case: Case, at: datetime, **body: str
    ) -> None:
        work.audit(
            audit_row(
                new_id(self._entropy, at), at, tag, case_id=case.id, actor=agent.oid,
                actor_method="desk_session", actor_auth_time=agent.auth_time,
                subject=case.subject_oid, **body,
            )
        )  # fmt: skip

    def _changed(self, case_id: str) -> None:
        self._store.notify(case_id)
        self._store.notify(TOPIC)


class PageTalks:
    """Implements `ports.talk.PersonTalks`. *burn* uses up a saved code that was typed where others read."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        entropy: Entropy,
        keys: Keys,
        attempts: Attempts,
        talking: Talking,
        burn: Callable[[str, str], Awaitable[bool]],
    ) -> None:
        self._store = store
        self._clock = clock
        self._entropy = entropy
        self._keys = keys
        self._attempts = attempts
        self._talking = talking
        self._burn = burn

    async def say(self, handle: str, browser: str, *, text: str, once: str) -> bool:
        at = self._clock.now()
        case, _ = await self._store.read(lambda work: self._attempts.readable(work, handle, browser, at))
        if len(text.strip()) > LONGEST:
            raise Refused(Reason.TALK_LONG)
        words = written(text)
        if not words:
            raise Refused(Reason.TALK_EMPTY)
        kept, hidden = masked(words, public={case.number})
        if hidden and case.subject_oid:
            await self._burn(case.subject_oid, words)

        name = _name(self._keys, once or new_id(self._entropy, at), browser, words)
        key = f"page/{case.id}/{name}"

        def fn(work: UnitOfWork) -> Reason | None:
            now, attempt = self._attempts.usable(work, handle, browser, at)
            _demand_own(work, now, attempt)
            if work.first(TalkLine, dedupe_key=key) is not None:
                return None
            heard = self._talking.heard(work, now, kept, masked=hidden, surface="page", dedupe_key=key, at=at)
            return heard if isinstance(heard, Reason) else None

        reason = await self._store.transact(fn)
        if reason is not None:
            raise Refused(reason)
        self._changed(case)
        return hidden

    async def seen(self, handle: str, browser: str, seq: int) -> None:
        at = self._clock.now()

        def fn(work: UnitOfWork) -> str:
            case = self._attempts.case_of(work, handle, lock=True)
            if case.status in ("ended", "frozen") and self._attempts.of_browser(work, case, browser):
                return case.id  # it ended while somebody read: no fault of the page
            case, attempt = self._attempts.usable(work, handle, browser, at)
            _demand_own(work, case, attempt)
            talk = work.lock(Talk, case.id)
            if talk is not None and talk.page_seen < seq <= talk.lines:
                work.put(replace(talk, page_seen=seq))
            return case.id

        self._store.notify(await self._store.transact(fn))

    async def check(self, handle: str, browser: str, typed: str) -> BadgeView:
        at = self._clock.now()

        def fn(work: UnitOfWork) -> BadgeView | Reason:
            case, attempt = self._attempts.usable(work, handle, browser, at)
            _demand_own(work, case, attempt)
            return self._talking.checked(work, case, " ".join(typed.split())[:80], at)

        found = await self._store.transact(fn)
        if isinstance(found, Reason):
            raise Refused(found)
        return found

    def _changed(self, case: Case) -> None:
        self._store.notify(case.id)
        self._store.notify(TOPIC)


def _demand_own(work: UnitOfWork, case: Case, attempt: Attempt) -> None:
    """Who may not read the talk (`case_views`) neither writes in it nor asks who has the case: with the
    badge somebody could ring the person and be believed."""
    if not leads(work, case, attempt):
        raise Refused(Reason.TALK_OVER)


def _name(keys: Keys, *parts: str) -> str:
    """A name for one sending of one form: the same words sent twice are one line, others are another,
    also from a page that the browser kept. Keyed, so that nothing typed can be guessed from it."""
    return keys.mac("talk-once", *parts)[:32]


def _case(work: UnitOfWork, case_id: str) -> Case:
    case = work.get(Case, case_id)
    if case is None:
        raise Refused(Reason.UNKNOWN_CASE)
    return case


def _why_not(work: UnitOfWork, case: Case, agent: Session, secure: bool, at: datetime) -> Reason | None:
    """What keeps this agent from writing in this case. *secure*: it is not stopped, or they belong to
    security."""
    card = work.get(Card, case.id)
    if case.status == "ended":
        return Reason.CASE_ENDED
    if not secure:
        return Reason.CASE_FROZEN
    if case.subject_oid == agent.oid:
        return Reason.SELF
    if card is None or card.status != "open" or card.taken_by != agent.oid or cards.free(card, at):
        return Reason.NOT_TAKEN
    return None


def _mark(work: UnitOfWork, case: Case) -> str:
    talk, card = work.get(Talk, case.id), work.get(Card, case.id)
    parts = (
        talk and (talk.lines, talk.agent_oid, talk.wiped_at),
        card and (card.status, card.taken_by),
        case.status,
        case.step,
        case.version,
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
