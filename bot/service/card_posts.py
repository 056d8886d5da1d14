"""The outbox handler of `card` jobs: the card as a message in the agents' channel.

Posted once under a key of the case, then changed in place; both are safe to do twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, tzinfo

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
from bot.core.records import Card, Job
from bot.core.spoken import clock_time, duration, listed
from bot.core.text import clean, clipped
from bot.ports.chat import Chat
from bot.ports.clock import Clock
from bot.ports.desk import TOPIC, CardView
from bot.ports.store import Store, UnitOfWork
from bot.ports.words import Words
from bot.service.card_views import CardViews


class CardPosts:
    """*channel* is the agents' place; *locale* the language agents read it in."""

    def __init__(
        self,
        store: Store,
        views: CardViews,
        chat: Chat,
        words: Words,
        clock: Clock,
        *,
        channel: Place,
        locale: str,
        zone: tzinfo,
    ) -> None:
        self._store = store
        self._views = views
        self._chat = chat
        self._words = words
        self._clock = clock
        self._channel = channel
        self._locale = locale
        self._zone = zone

    async def handle(self, job: Job) -> None:
        view = await self._views.one(job.case_id)
        card = await self._store.read(lambda work: work.get(Card, job.case_id))
        if view is None or card is None:
            return
        message = self.message(view, self._clock.now())
        if card.ref:
            await self._chat.update(self._channel, card.ref, message, key=job.key)
        else:
            key = f"card/{view.case_id}"
            ref = await self._chat.post(self._channel, message, key=key, case_id=view.case_id)
            await self._store.transact(lambda work: _remember(work, job.case_id, ref))
        self._store.notify(TOPIC)

    def message(self, view: CardView, now: datetime) -> Message:
        """What the card says; every value is literal text in one line."""
        title = clean(
            self._say("title", number=view.number, name=view.name or self._say("nobody")), MAX_HEADING
        )
        state = self._say("done") if view.done else self._say(f"wants.{view.wants}")
        elements: list[Element] = [Heading(title), Facts(tuple(self._facts(view, now)))]
        if not view.done:
            elements.append(
                LinkButton(clipped(self._say("open"), MAX_LABEL), Link(reference=f"review:{view.case_id}"))
            )
        elements.append(
            Status(state, Tone.GOOD if view.done else Tone.ATTENTION if view.escalated else Tone.NEUTRAL)
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
            if value and not (view.done and name in ("waiting", "missing", "page", "deadline", "taken")):
                yield Fact(self._say(name), clean(value, MAX_FACT))

    def _list(self, values: list[str]) -> str:
        return str(listed(values, self._locale)) if values else ""

    def _proof(self, kind: str, how: str) -> str:
        name = self._say(f"proofs.{kind}")
        return f"{name} ({self._say(f'hows.{how}')})" if how else name

    def _say(self, key: str, **values: object) -> str:
        return self._words.say(self._locale, f"desk.card.{key}", **values)


def _remember(work: UnitOfWork, case_id: str, ref: str) -> None:
    card = work.lock(Card, case_id)
    if card is not None:
        work.put(replace(card, ref=ref))
