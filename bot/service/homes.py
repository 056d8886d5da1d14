"""The page a person has with the bot inside a chat platform: App Home, personal tab.

A neutral message like any other, made of ordinary choices. What it knows comes from rows; only what a
linked account may see is read from the directory, through the reads that pages share. Never a proof,
code or pass: a stolen chat session sees this page, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from bot.core.choice import CommandChoice, LinkAccount
from bot.core.elements import (
    MAX_BUTTONS,
    MAX_FACT,
    MAX_FACTS,
    MAX_HEADING,
    MAX_LABEL,
    Buttons,
    Choice,
    Element,
    Fact,
    Facts,
    Heading,
    Link,
    LinkButton,
    Look,
    Paragraph,
    Span,
    Status,
    Tone,
)
from bot.core.message import MAX_FALLBACK, Message
from bot.core.model import Command, Oid, Place
from bot.core.records import Case, ChatAccount, ChatRow
from bot.core.spoken import calendar_date, duration
from bot.core.text import clean, clipped
from bot.errors import KeyturnError, PermanentError, Refused, TransientError
from bot.ports.clock import Clock
from bot.ports.desk import CardView
from bot.ports.directory import Directory
from bot.ports.identity import Standing
from bot.ports.store import Among, Store, UnitOfWork
from bot.ports.words import Words
from bot.service.card_views import CardViews
from bot.service.identity import account_id, link_of, named_by_platform
from bot.service.keys import Keys
from bot.service.membership import Membership
from bot.service.menu import menu
from bot.service.opening_for import opened_for
from bot.service.published import PublishedFlows
from bot.service.words import WordService

MOST_CARDS = 6
"""Cards on an agent's page; the desk has them all."""
_UNDER_WAY = ("open", "with_person", "frozen")
_NOT_SHOWN = frozenset({"password", "temporaryAccessPass"})


class HomeService:
    """Implements `ports.homes.Homes`. *directory* is the one that pages read through."""

    def __init__(
        self,
        store: Store,
        words: WordService,
        published: PublishedFlows,
        directory: Directory,
        views: CardViews,
        members: Membership,
        keys: Keys,
        clock: Clock,
        *,
        locales: Sequence[str],
        public_url: str,
    ) -> None:
        self._store = store
        self._words = words
        self._published = published
        self._directory = directory
        self._views = views
        self._members = members
        self._keys = keys
        self._clock = clock
        self._locales = tuple(locales)
        self._public_url = public_url.rstrip("/")

    async def home(self, place: Place, user: str, *, locale: str = "") -> Message:
        ident = account_id(place.channel, place.tenant, user)

        def fn(work: UnitOfWork) -> tuple[ChatRow | None, list[Case], ChatAccount | None, str]:
            cases = work.find(Case, place=place.key, status=Among(_UNDER_WAY), order="opened_at", limit=3)
            link = link_of(work, self._keys, ident)
            account = work.get(ChatAccount, ident)
            return work.get(ChatRow, place.key), cases, account, link.oid if link else ""

        row, cases, account, linked = await self._store.read(fn)
        await self._published.weigh()
        named = account is not None and named_by_platform(account)
        oid = linked or (account.oid if account and named else "")
        served = account is None or account.standing == Standing.MEMBER
        spoken = self._spoken(row.locale if row else "", locale, account.locale if account else "")
        page = _Page(self._words, self._published, spoken, self._clock.now(), self._public_url)
        if not served:
            return page.message(page.nobody())
        elements = [*page.cases(cases), *page.flows(bool(cases))]
        if oid and (cards := await self._queue(oid)) is not None:
            elements += page.queue(cards)
        if oid:
            elements += await self._methods(page, oid)
        elements += page.account(linked=bool(linked), named=named, known=account is not None)
        elements += page.foot(self._locales)
        return page.message(elements)

    def _spoken(self, *wishes: str) -> str:
        for wish in wishes:
            if wish in self._locales:
                return wish
        return self._locales[0]

    async def _queue(self, oid: str) -> tuple[CardView, ...] | None:
        """The open cards, for an agent; None for everybody else and whoever cannot be read now."""
        try:
            await self._members.demand(oid)
        except (Refused, TransientError, PermanentError):
            return None
        return await self._views.open()

    async def _methods(self, page: _Page, oid: str) -> list[Element]:
        try:
            methods = await self._directory.methods(Oid(oid))
        except KeyturnError:
            return page.methods(None)
        return page.methods([(m.type, m.created_at) for m in methods if m.type not in _NOT_SHOWN])


class _Page:
    """The parts of one page in one language."""

    def __init__(
        self, words: WordService, published: PublishedFlows, locale: str, now: datetime, public_url: str
    ) -> None:
        self._words: Words = words
        self._service = words
        self._published = published
        self._locale = locale
        self._now = now
        self._public_url = public_url

    def message(self, elements: Sequence[Element]) -> Message:
        return Message(tuple(elements), clipped(self._say("fallback"), MAX_FALLBACK), self._locale)

    def nobody(self) -> list[Element]:
        return [self._text(self._words.say(self._locale, "common.colleagues_only"))]

    def cases(self, cases: Sequence[Case]) -> Iterator[Element]:
        """What is under way here, with the way back into it."""
        for case in cases:
            title = self._title(case.flow)
            yield Heading(clipped(self._say("case", title=title, number=case.number), MAX_HEADING))
            yield Status(self._say(f"status.{case.status}"), _TONES.get(case.status, Tone.NEUTRAL))
            resume = CommandChoice(Command.RESUME)
            cancel = CommandChoice(Command.CANCEL)
            yield Buttons(
                (
                    self._button(str(resume), self._common("button_resume"), Look.PRIMARY),
                    self._button(str(cancel), self._common("button_cancel")),
                )
            )
            if opened_for(case):
                continue  # it is another person's page
            yield LinkButton(
                clipped(self._common("case_link_button"), MAX_LABEL), Link(reference=f"case:{case.id}")
            )

    def flows(self, busy: bool) -> Iterator[Element]:
        yield Heading(clipped(self._say("else" if busy else "need"), MAX_HEADING), divider=busy)
        yield self._text(self._say("write"))
        yield from menu(self._published, self._words, self._locale)
        yield Buttons(
            (
                self._button(str(CommandChoice(Command.PERSON)), self._common("button_person")),
                self._button(str(CommandChoice(Command.NOT_ME)), self._common("button_not_me"), Look.DANGER),
            )
        )

    def queue(self, cards: Sequence[CardView]) -> Iterator[Element]:
        """For agents: the longest waiting first, with the way to the review page."""
        heading = self._words.say(self._locale, "desk.queue", count=len(cards))
        yield Heading(clipped(heading, MAX_HEADING), divider=True)
        if not cards:
            yield self._text(self._words.say(self._locale, "desk.empty"))
        for card in cards[:MOST_CARDS]:
            wants = self._words.say(self._locale, f"desk.card.wants.{card.wants}")
            name = clean(card.name) or self._words.say(self._locale, "desk.card.nobody")
            waiting = duration(self._now - card.asked_at, self._locale)
            taken = self._say("taken", name=clean(card.taken_name)) if card.taken_name else ""
            value = " · ".join(part for part in (name, wants, waiting, taken) if part)
            yield Facts((Fact(card.number, clean(value, MAX_FACT)),))
            label = self._words.say(self._locale, "desk.card.open")
            yield LinkButton(clipped(label, MAX_LABEL), Link(reference=f"review:{card.case_id}"))
        yield LinkButton(clipped(self._say("desk"), MAX_LABEL), Link(url=f"{self._public_url}/desk"))

    def methods(self, methods: Sequence[tuple[str, datetime | None]] | None) -> list[Element]:
        """Kinds and ages; never a number, an address or a device's name."""
        found: list[Element] = [
            Heading(clipped(self._words.say(self._locale, "me.methods.title"), MAX_HEADING), divider=True)
        ]
        if methods is None:
            found.append(self._text(self._words.say(self._locale, "me.methods.unreadable")))
        elif not methods:
            found.append(self._text(self._words.say(self._locale, "me.methods.none")))
        else:
            rows = [Fact(self._kind(kind), self._since(since)) for kind, since in methods[:MAX_FACTS]]
            found.append(Facts(tuple(rows)))
        found.append(LinkButton(clipped(self._say("me"), MAX_LABEL), Link(url=f"{self._public_url}/me")))
        return found

    def account(self, *, linked: bool, named: bool, known: bool) -> Iterator[Element]:
        """How this chat account stands to the work account; nothing where the platform says so itself."""
        if named or not known:
            return
        yield Heading(clipped(self._say("account"), MAX_HEADING), divider=True)
        yield self._text(self._say("linked" if linked else "unlinked"))
        label = self._say("unlink" if linked else "link")
        yield Buttons((self._button(str(LinkAccount(remove=linked)), label),))

    def foot(self, locales: Sequence[str]) -> Iterator[Element]:
        others = [one for one in locales if one != self._locale][:MAX_BUTTONS]
        if others:
            yield Buttons(
                tuple(
                    self._button(
                        str(CommandChoice(Command.LANGUAGE, one)),
                        self._words.say(one, f"web.languages.{one}"),
                    )
                    for one in others
                )
            )
        yield Status(self._say("desk_line"))
        yield Status(self._say("never"))

    def _kind(self, kind: str) -> str:
        try:
            return self._words.say(self._locale, f"me.methods.types.{kind}")
        except KeyError:
            return self._words.say(self._locale, "me.methods.types.unknown")

    def _since(self, since: datetime | None) -> str:
        if since is None:
            return self._words.say(self._locale, "me.methods.baseline")
        return self._say("since", at=calendar_date(since, self._locale))

    def _title(self, flow: str) -> str:
        live = self._published.live(flow)
        if live is None:
            return flow
        return self._service.title(self._published.words(live), self._locale, flow)

    def _button(self, ident: str, label: str, look: Look = Look.PLAIN) -> Choice:
        return Choice(ident, clipped(label, MAX_LABEL), look)

    def _text(self, text: str) -> Paragraph:
        return Paragraph((Span(text),))

    def _common(self, key: str) -> str:
        return self._words.say(self._locale, f"common.{key}")

    def _say(self, key: str, **values: object) -> str:
        return self._words.say(self._locale, f"home.{key}", **values)


_TONES = {"frozen": Tone.ATTENTION, "with_person": Tone.GOOD}
