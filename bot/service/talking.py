"""What the talk with a person decides: whether somebody listens, and what becomes of a line.

While a person is called, and from an agent's first line until the case is theirs no more, what is typed
goes to the talk; buttons and the words of the engine go on meaning what they mean. Everything here runs
inside a transaction that has locked the case.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from typing import Any

from bot.core.audit import Tag, audit_row
from bot.core.effects import EndCase, Tell
from bot.core.engine import awaiting
from bot.core.events import Answered, Event
from bot.core.flow import FlowState
from bot.core.model import Reason
from bot.core.records import Card, Case, Talk, TalkLine
from bot.core.spoken import clock_time
from bot.core.tables import Verb
from bot.ports.clock import Entropy
from bot.ports.flows import Flows
from bot.ports.store import UnitOfWork
from bot.ports.talk import BadgeView, PersonTalk
from bot.service import cards, talk_rows
from bot.service.badge_words import fits
from bot.service.badges import on_case
from bot.service.chance import new_id
from bot.service.keys import Keys
from bot.service.talk_book import TalkBook

HELPED = "handed_over"
"""How a case ends that a person has closed."""
_LINES = 30
"""Lines of a person in ten minutes; nobody reads faster, and a script would fill the desk."""
_ASKED = 20
"""Badges asked about in an hour: enough to be sure of, far too few to guess one."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A line of the person that was taken. *alone*: the first while nobody has the case."""

    line: TalkLine
    alone: bool


class Talking:
    def __init__(self, flows: Flows, keys: Keys, entropy: Entropy, zone: tzinfo) -> None:
        self._flows = flows
        self._keys = keys
        self._entropy = entropy
        self._zone = zone
        self.book = TalkBook(keys)

    # --- who listens -------------------------------------------------------------------------------

    def open(self, work: UnitOfWork, case: Case, at: datetime) -> bool:
        """Whether what the person types reaches a person."""
        if case.status == "ended":
            return False
        return case.status == "frozen" or self.called(case) or self.begun(work, case, at)

    def called(self, case: Case) -> bool:
        """Whether the flow, or the person, has called for somebody."""
        if case.status == "ended":
            return False
        try:
            waits = awaiting(self._flows.at(case.flow_hash), FlowState.from_json(case.state))
        except KeyError:  # a version nobody here knows yet
            return False
        return waits is not None and waits.verb is Verb.HANDOFF

    def begun(self, work: UnitOfWork, case: Case, at: datetime) -> bool:
        """Whether the agent who has the case has written in it."""
        card, talk = work.get(Card, case.id), work.get(Talk, case.id)
        if card is None or talk is None or not talk.agent_oid or card.status != "open":
            return False
        return card.taken_by == talk.agent_oid and not cards.free(card, at)

    # --- what is said ------------------------------------------------------------------------------

    def heard(
        self,
        work: UnitOfWork,
        case: Case,
        text: str,
        *,
        masked: bool,
        surface: str,
        dedupe_key: str,
        at: datetime,
    ) -> Heard | Reason:
        """Take a line of the person; *text* is masked already. Shown where it was not written."""
        if not self.open(work, case, at):
            return Reason.TALK_OVER
        work.lock(Card, case.id)  # before the talk, as everybody does
        bucket = f"{at:%Y-%m-%dT%H}:{at.minute // 10}"
        if work.bump(f"talk/{case.id}/{bucket}", until=at + talk_rows.KEPT) > _LINES:
            return Reason.TOO_MANY
        talk = talk_rows.open_talk(work, case.id, at)
        if talk.lines >= talk_rows.MOST_LINES:
            return Reason.TOO_MANY
        line = self._line(talk, "person", surface, text, dedupe_key, at, masked=masked)
        talk = replace(talk, waiting=talk.waiting + 1)
        if surface == "page":
            talk = replace(talk, page_seen=line.seq)
        talk_rows.append(work, talk, line, case.place, shown=surface == "page")
        card = self._stirred(work, case, at)
        self._audit(work, case, Tag.TALK_WRITTEN, at, line, len(text))
        alone = talk.waiting == 1 and (card is None or cards.free(card, at))
        return Heard(line, alone)

    def said(
        self,
        work: UnitOfWork,
        case: Case,
        oid: str,
        name: str,
        text: str,
        *,
        word: str,
        dedupe_key: str,
        at: datetime,
    ) -> TalkLine | None:
        """Take a line of the agent who has the case; None when it was taken before. With their first one
        the person is told who it is, and how to check that."""
        if work.first(TalkLine, dedupe_key=dedupe_key) is not None:
            return None
        work.lock(Card, case.id)
        talk = talk_rows.open_talk(work, case.id, at)
        if talk.agent_oid != oid:
            talk = replace(talk, agent_oid=oid, agent_name=name)
            joined = talk_rows.bot_line(talk, "joined", at, oid=oid, name=name)
            talk = talk_rows.append(work, talk, joined, case.place, shown=True)
        line = self._line(talk, "agent", "desk", text, dedupe_key, at, oid=oid, name=name, word=word)
        talk_rows.append(work, replace(talk, waiting=0), line, case.place, shown=True)
        cards.touch(work, case.id, oid, at)
        self._stirred(work, case, at)
        self._audit(work, case, Tag.TALK_SAID, at, line, len(text))
        return line

    def ended(self, work: UnitOfWork, case: Case, at: datetime) -> None:
        """The agent has said all; the flow was never left, and goes on by itself."""
        work.lock(Card, case.id)
        talk = work.lock(Talk, case.id)
        if talk is None or not talk.agent_oid:
            return
        line = talk_rows.bot_line(talk, "finished", at, oid=talk.agent_oid, name=talk.agent_name)
        talk = replace(talk, agent_oid="", agent_name="", waiting=0)
        talk_rows.append(work, talk, line, case.place, shown=True)
        self._stirred(work, case, at)

    def over(
        self, work: UnitOfWork, case: Case, effect: EndCase, event: Event, key: str
    ) -> tuple[Answered, ...]:
        """Performs `EndCase`: whoever was helped is told that it is over, and the words go a day later."""
        talk = work.lock(Talk, case.id)
        if talk is not None:
            work.schedule(talk_rows.wipe_timer(case.id, event.at + talk_rows.KEPT, -1))
            if effect.outcome == HELPED:
                line = talk_rows.bot_line(talk, "closed", event.at)
                talk_rows.append(work, talk, line, case.place, shown=True)
        return ()

    def _line(
        self,
        talk: Talk,
        author: str,
        surface: str,
        text: str,
        dedupe_key: str,
        at: datetime,
        *,
        oid: str = "",
        name: str = "",
        word: str = "",
        masked: bool = False,
    ) -> TalkLine:
        seq = talk.lines + 1
        ident = talk_rows.line_id(talk.case_id, seq)
        line = TalkLine(
            ident, talk.case_id, seq, at, author, oid, name, surface, word, "", masked, dedupe_key
        )
        return line if word else self.book.sealed(line, text)

    def _stirred(self, work: UnitOfWork, case: Case, at: datetime) -> Card | None:
        """The card says that there are new words, never which."""
        card = work.lock(Card, case.id)
        if card is not None and card.status == "open":
            card = replace(card, version=card.version + 1)
            work.put(card)
            cards.redraw(work, card, at)
        return card

    def _audit(
        self, work: UnitOfWork, case: Case, tag: Tag, at: datetime, line: TalkLine, length: int
    ) -> None:
        """That something was said, and how long it was; what, is nobody's but theirs."""
        more: dict[str, Any] = {"word": line.word} if line.word else {"length": length}
        work.audit(
            audit_row(
                new_id(self._entropy, at), at, tag, case_id=case.id, actor=line.oid or "person",
                actor_method="desk_session" if line.oid else "", subject=case.subject_oid,
                line=line.seq, surface=line.surface, masked=line.masked, **more,
            )
        )  # fmt: skip

    # --- looking -----------------------------------------------------------------------------------

    def person_view(self, work: UnitOfWork, case: Case, at: datetime) -> PersonTalk:
        """The talk for the case page."""
        talk = work.get(Talk, case.id)
        lines = self.book.lines(work, case, seen=talk.page_seen) if talk else ()
        found = on_case(work, self._keys, case, at)
        agent = BadgeView("who", found.name, found.badge, found.since) if found else None
        return PersonTalk(lines, self.open(work, case, at), agent, sum(line.new for line in lines))

    # --- the badge ---------------------------------------------------------------------------------

    def checked(self, work: UnitOfWork, case: Case, asked: str, at: datetime) -> BadgeView | Reason:
        """Whether the name or badge *asked* is of who has this case; with none, who has it. Of anybody
        else it tells nothing, not even whether they exist."""
        if work.bump(f"badge/{case.id}/{at:%Y-%m-%dT%H}", until=at + talk_rows.KEPT) > _ASKED:
            return Reason.TOO_MANY
        found = on_case(work, self._keys, case, at)
        if not asked:
            answer = "who" if found else "nobody"
        else:
            answer = "yes" if found and fits(asked, found.name, found.badge) else "no"
        work.audit(
            audit_row(
                new_id(self._entropy, at), at, Tag.BADGE_ASKED, case_id=case.id, actor="person",
                subject=case.subject_oid, answer=answer, agent=found.oid if found else "",
            )
        )  # fmt: skip
        if found is None or answer == "no":
            return BadgeView(answer)
        return BadgeView(answer, found.name, found.badge, found.since)

    def worded(self, case: Case, view: BadgeView) -> Tell:
        """The answer as the chat says it."""
        values: dict[str, object] = {"number": case.number}
        if view.since is not None:
            values |= {"name": view.name, "badge": view.badge, "since": clock_time(view.since, self._zone)}
        return Tell(f"badge_{view.answer}", values)
