"""The rows of a talk: adding a line, who talks now, and forgetting the words.

Every line is added in the transaction of whatever was said, with the job that carries it to the person's
chat: so a crash in between loses nothing, and the job's key, made of the line's number, is for life.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.core.records import Card, Case, Job, Talk, TalkLine, Timer
from bot.ports.store import UnitOfWork

KEPT = timedelta(hours=24)
"""How long after its case ended the words of a talk are kept."""
SILENT = timedelta(days=30)
"""After this long without a word they go, whatever became of the case."""
MOST_LINES = 400


def line_id(case_id: str, seq: int) -> str:
    return f"{case_id}/{seq}"


def job_key(line: TalkLine) -> str:
    """The name of the message in every chat, for life."""
    return f"talk/{line.id}"


def open_talk(work: UnitOfWork, case_id: str, at: datetime) -> Talk:
    """The talk of a case that the caller has locked; begun where there is none."""
    found = work.lock(Talk, case_id)
    if found is not None:
        return found
    talk = Talk(case_id, at, at)
    work.add(talk)
    work.schedule(wipe_timer(case_id, at + SILENT))
    return talk


def append(work: UnitOfWork, talk: Talk, line: TalkLine, place: str, *, shown: bool) -> Talk:
    """Add *line*, the next of its talk; *shown*: the person's chat at *place* is to show it."""
    work.add(line)
    talk = replace(talk, lines=line.seq, last_at=line.at)
    work.put(talk)
    if shown:
        body = {"line": line.id, "place": place}
        job = Job(job_key(line), f"place:{place}", "talk", body, line.case_id, line.at, line.at)
        work.enqueue([job])
    return talk


def bot_line(talk: Talk, word: str, at: datetime, *, oid: str = "", name: str = "") -> TalkLine:
    """A line of the bot's own: words of ours about somebody, nothing to seal."""
    seq = talk.lines + 1
    ident = line_id(talk.case_id, seq)
    return TalkLine(ident, talk.case_id, seq, at, "bot", oid, name, "bot", word, "", False, f"line/{ident}")


def noticed(work: UnitOfWork, card: Card, at: datetime) -> None:
    """The card changed: whoever was talking and has the case no more is said to have left, once and
    truthfully, whichever way it was lost (given back, left alone, end of a shift, handed on)."""
    talk = work.get(Talk, card.case_id)
    if talk is None or not talk.agent_oid or (card.status == "open" and card.taken_by == talk.agent_oid):
        return
    talk = work.lock(Talk, card.case_id) or talk
    gone = replace(talk, agent_oid="", agent_name="")
    case = work.get(Case, card.case_id)
    if case is None or case.status == "ended" or card.status != "open":
        work.put(gone)  # the flow goes on, and says so itself
        return
    word = "left" if card.wants == "person" else "parted"  # somebody comes, or the flow goes on
    line = bot_line(gone, word, at, oid=talk.agent_oid, name=talk.agent_name)
    append(work, gone, line, case.place, shown=True)


def wipe_timer(case_id: str, due: datetime, n: int = 0) -> Timer:
    return Timer(f"talk/{case_id}/{n}", "talk", case_id, due, {"n": n}, group=f"talk/{case_id}")
