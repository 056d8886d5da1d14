"""Lines of a talk on their way to the person's chat, and how its words are forgotten."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from bot.core.audit import Tag, audit_row
from bot.core.choice import AskBadge
from bot.core.elements import MAX_LABEL, Choice, Element, Paragraph, Span
from bot.core.message import MAX_FALLBACK, Message
from bot.core.model import Place
from bot.core.records import Case, Job, Line, Talk, TalkLine, Timer
from bot.core.text import clean, clipped
from bot.ports.chat import Chat
from bot.ports.clock import Clock, Entropy
from bot.ports.store import Store, UnitOfWork
from bot.service.chance import new_id
from bot.service.talk_book import TalkBook
from bot.service.talk_rows import KEPT, SILENT, job_key, wipe_timer
from bot.service.words import Scene, WordService


class TalkPosts:
    """The outbox handler of `talk` jobs, and of the timers `talk`. *chats* by channel name."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        entropy: Entropy,
        words: WordService,
        book: TalkBook,
        chats: Mapping[str, Chat],
    ) -> None:
        self._store = store
        self._clock = clock
        self._entropy = entropy
        self._words = words
        self._book = book
        self._chats = chats

    async def handle(self, job: Job) -> None:
        """Says the line in the person's chat; one that was wiped meanwhile is not said any more. A case
        without a chat has its page."""
        place = Place.of(job.body["place"])
        chat = self._chats.get(place.channel)
        line, case = await self._store.read(
            lambda work: (work.get(TalkLine, job.body["line"]), work.get(Case, job.case_id))
        )
        if chat is None or line is None or case is None:
            return
        message = self.message(line, case)
        if message is not None:
            await chat.post(place, message, key=job.key, case_id=case.id)

    def message(self, line: TalkLine, case: Case) -> Message | None:
        name, badge = clean(line.name), self._book.badge(line)
        if line.author == "bot":
            return self._own(line.word, case, name, badge)
        if line.word:
            text: str | None = self._say(case, line.word)
        else:
            text = self._book.text(line)
        if not text:
            return None
        head = (
            self._say(case, "from_agent", name=name, badge=badge)
            if line.oid
            else self._say(case, "from_page")
        )
        rows = text.split("\n")
        short = clipped(" ".join([head, *rows]), MAX_FALLBACK)
        return Message(tuple(_elements(head, rows)), short, case.locale, private=not line.word)

    def _own(self, word: str, case: Case, name: str, badge: str) -> Message:
        values = {"name": name, "badge": badge, "number": case.number}
        label = clipped(self._say(case, "ask_badge"), MAX_LABEL)
        choices = [Choice(str(AskBadge()), label)] if word == "joined" else []
        return self._words.tell(
            Scene(case.locale, case.id, case.number), f"talk.{word}", values, choices=choices
        )

    def _say(self, case: Case, key: str, **values: object) -> str:
        return self._words.say(case.locale, f"talk.{key}", **values)

    # --- forgetting --------------------------------------------------------------------------------

    async def fire(self, timer: Timer) -> None:
        """Forgets the words when their time is over; looks again later when it is not."""
        at = self._clock.now()

        def fn(work: UnitOfWork) -> None:
            case, talk = work.get(Case, timer.case_id), work.lock(Talk, timer.case_id)
            if case is None or talk is None or talk.wiped_at is not None:
                return
            due = _due(case, talk)
            if due > at:
                n = max(0, int(timer.body.get("n", 0))) + 1
                work.schedule(wipe_timer(case.id, due, n))
                return
            self._wipe(work, case, talk, at)

        await self._store.transact(fn)

    def _wipe(self, work: UnitOfWork, case: Case, talk: Talk, at: datetime) -> None:
        """Here and in the transcript; what a platform was sent lies with the platform."""
        removed = Message.line(self._say(case, "removed"), locale=case.locale).to_json()
        for line in work.find(TalkLine, case_id=case.id):
            if not line.sealed:
                continue
            work.put(replace(line, sealed=""))
            shown = work.get(Line, job_key(line))
            if shown is not None:
                work.put(replace(shown, message=removed))
        work.put(replace(talk, wiped_at=at, waiting=0))
        work.audit(
            audit_row(
                new_id(self._entropy, at), at, Tag.TALK_WIPED, case_id=case.id, actor="timer",
                lines=talk.lines,
            )
        )  # fmt: skip


def _due(case: Case, talk: Talk) -> datetime:
    silent = talk.last_at + SILENT
    return min(silent, case.ended_at + KEPT) if case.ended_at is not None else silent


def _elements(head: str, rows: list[str]) -> Iterator[Element]:
    """Every row is literal text: what somebody typed is never markup."""
    yield Paragraph((Span(head, bold=True, foreign=True), Span(f" {rows[0]}", foreign=True)))
    for row in rows[1:]:
        yield Paragraph((Span(row, foreign=True),))
