"""The outbox handler of `card` jobs: the card as a message in every agents' channel.

Posted once under a key of its own, then changed in place, with the story of the case in the thread
below it; all of that is safe to do twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo

from bot.core.elements import (
    MAX_FACT,
    MAX_HEADING,
    MAX_LABEL,
    Element,
    Fact,
    Facts,
    Heading,
    Link,
    LinkButton,
    Status,
    Tone,
)
from bot.core.message import MAX_FALLBACK, Message
from bot.core.model import Place
from bot.core.records import Attempt, Card, CardPost, Job, Timer
from bot.core.spoken import clock_time, duration, listed
from bot.core.text import clean, clipped
from bot.errors import PermanentError, TransientError
from bot.ports.chat import Chat
from bot.ports.clock import Clock
from bot.ports.desk import TOPIC, CardView
from bot.ports.store import Store, UnitOfWork
from bot.ports.words import Words
from bot.service.attempts import PRESENT, present
from bot.service.card_history import Told, untold, worded
from bot.service.card_views import CardViews
from bot.service.cards import redraw

_LATER = timedelta(seconds=1)


class CardPosts:
    """*chats* by channel name; *channels* are the agents' places; *locale* is the language agents read
    cards in."""

    def __init__(
        self,
        store: Store,
        views: CardViews,
        chats: Mapping[str, Chat],
        words: Words,
        clock: Clock,
        *,
        channels: Sequence[Place],
        locale: str,
        zone: tzinfo,
    ) -> None:
        self._store = store
        self._views = views
        self._chats = chats
        self._words = words
        self._clock = clock
        self._channels = tuple(channels)
        self._locale = locale
        self._zone = zone

    async def handle(self, job: Job) -> None:
        """One channel that is away holds up no other; the job is then tried again for all, which
        changes nothing where it arrived."""
        view = await self._views.one(job.case_id)
        if view is None:
            return
        away: TransientError | None = None
        refused: PermanentError | None = None
        for place in self._channels:
            try:
                await self._show(place, view, job.key)
            except TransientError as err:
                away = err
            except PermanentError as err:
                refused = err
        if view.present:
            await self._store.transact(lambda work: _watch(work, job.case_id, job.key, self._clock.now()))
        self._store.notify(TOPIC)
        failed = away or refused
        if failed is not None:
            raise failed

    async def fire(self, timer: Timer) -> None:
        """A page that was there when the card was drawn: when it is gone, the card says so."""
        at = self._clock.now()

        def fn(work: UnitOfWork) -> None:
            card = work.get(Card, timer.case_id)
            if card is None or card.status != "open":
                return
            there = any(present(a, at) for a in work.find(Attempt, case_id=timer.case_id, status="open"))
            if there:
                _watch(work, timer.case_id, f"{timer.case_id}/{int(at.timestamp() * 1000)}", at)
            else:
                redraw(work, card, at, f"gone/{timer.key}")

        await self._store.transact(fn)

    async def _show(self, place: Place, view: CardView, key: str) -> None:
        """The card as it is, then what happened since, below it."""
        chat = self._chats[place.channel]
        ident = f"{view.case_id}/{place.key}"
        post = await self._store.read(lambda work: work.get(CardPost, ident))
        message = self.message(view, self._clock.now())
        at = self._clock.now()
        try:
            if post is not None and post.ref:
                await chat.update(place, post.ref, message, key=f"{key}/{place.key}")
            else:
                name = f"card/{ident}/{key}" if post else f"card/{ident}"
                ref = await chat.post(place, message, key=name, case_id=view.case_id)
                post = replace(post, ref=ref) if post else CardPost(ident, view.case_id, place.key, ref, at)
                await self._keep(post)
        except PermanentError:
            if post is not None and not post.ref and await self._told_of(view.case_id):
                return  # operators know of it; the next card goes there as soon as it can again
            await self._keep(
                replace(post, ref="") if post else CardPost(ident, view.case_id, place.key, "", at)
            )
            raise
        for line in await self._untold(post):
            await chat.reply(place, post.ref, await self._line(line), key=f"card/{ident}/{line.id}")
            post = replace(post, told=[*post.told, line.id])
            await self._keep(post)

    async def _told_of(self, case_id: str) -> bool:
        """Whether a card of this case was given up before: a crash or another channel that was away can
        come between a refusal and its being told."""
        return await self._store.read(
            lambda work: work.count(Job, kind="card", case_id=case_id, status="dead") > 0
        )

    async def _untold(self, post: CardPost) -> tuple[Told, ...]:
        return await self._store.read(lambda work: untold(work, post.case_id, post.told))

    async def _line(self, told: Told) -> Message:
        """One line of the thread; a name is literal text."""
        name = await self._views.name(told.who) if told.who else ""
        at = clock_time(told.at, self._zone)
        text = worded(told, lambda key, **values: self._words.say(self._locale, f"desk.{key}", **values),
                      at=at, name=name)  # fmt: skip
        return Message.line(text, locale=self._locale)

    async def _keep(self, post: CardPost) -> None:
        await self._store.transact(lambda work: work.save(post))

    def message(self, view: CardView, now: datetime) -> Message:
        """What the card says; every value is literal text in one line."""
        title = clean(
            self._say("title", number=view.number, name=view.name or self._say("nobody")), MAX_HEADING
        )
        state = self._say("done") if view.done else self._say(f"wants.{view.wants}")
        late = view.escalated and not view.done
        if late:
            state = self._say("late", wants=state)
        if view.words_waiting:
            state = self._say("words", wants=state, count=view.words_waiting)
        tone = Tone.GOOD if view.done else Tone.ATTENTION if late else Tone.NEUTRAL
        elements: list[Element] = [
            Heading(title), Status(state, tone), Facts(tuple(self._facts(view, now)))
        ]  # fmt: skip
        if not view.done:
            elements.append(
                LinkButton(clipped(self._say("open"), MAX_LABEL), Link(reference=f"review:{view.case_id}"))
            )
        return Message(tuple(elements), clipped(f"{title}: {state}", MAX_FALLBACK), self._locale)

    def _facts(self, view: CardView, now: datetime) -> Iterator[Fact]:
        """At most ten rows, the limit of every channel."""
        passed = [
            self._say(
                "proof_age", proof=self._proof(seen.kind, seen.how), age=duration(now - seen.at, self._locale)
            )
            for seen in view.passed
        ]
        rows = {
            "site": view.site,
            "rank": self._say(f"ranks.{view.rank}") if view.rank else "",
            "plan": self._list([self._say(f"acts.{act}") for act in view.acts]),
            "waiting": duration(now - view.asked_at, self._locale),
            "passed": self._list(passed) or self._say("none"),
            "missing": self._list([self._proof(*one.partition(":")[::2]) for one in view.missing]),
            "page": self._say("present" if view.present else "absent" if view.claimed else "unclaimed"),
            "language": self._words.say(self._locale, f"web.languages.{view.locale}"),
            "taken": view.taken_name,
            "deadline": clock_time(view.deadline, self._zone) if view.deadline else "",
        }
        for name, value in rows.items():
            seen = clean(value, MAX_FACT)  # a name of nothing but hidden characters leaves nothing to show
            if seen and not (view.done and name in ("waiting", "missing", "page", "deadline", "taken")):
                yield Fact(self._say(name), seen)

    def _list(self, values: list[str]) -> str:
        return str(listed(values, self._locale)) if values else ""

    def _proof(self, kind: str, how: str) -> str:
        name = self._say(f"proofs.{kind}")
        return f"{name} ({self._say(f'hows.{how}')})" if how else name

    def _say(self, key: str, **values: object) -> str:
        return self._words.say(self._locale, f"desk.card.{key}", **values)


def _watch(work: UnitOfWork, case_id: str, name: str, at: datetime) -> None:
    """Look again when the page could have gone; *name* is of this look, for life."""
    group = f"page/{case_id}"
    work.cancel_timers(group)
    work.schedule(Timer(f"page/{name}", "card", case_id, at + PRESENT + _LATER, {}, group=group))
