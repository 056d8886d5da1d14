"""The talk between the person of a case and an agent: its lines, and where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.core.records.table import record


@record("talks", key="case_id")
@dataclass(frozen=True, slots=True)
class Talk:
    """Where the talk of a case stands. *agent_oid* is the agent who talks now, from the first line until
    the case is theirs no more; *waiting* counts the person's lines since an agent last wrote;
    *page_seen* is the newest line that the case page showed to somebody looking at it."""

    case_id: str
    begun_at: datetime
    last_at: datetime
    lines: int = 0
    waiting: int = 0
    agent_oid: str = ""
    agent_name: str = ""
    page_seen: int = 0
    wiped_at: datetime | None = None


@record("talk_lines", unique=(("case_id", "seq"), ("dedupe_key",)))
@dataclass(frozen=True, slots=True)
class TalkLine:
    """One line. *sealed* holds the words, under the server key and for this very line, empty once wiped;
    a line of the bot, or a sentence picked from the list, holds none: *word* is its key below `talk`.
    *surface* is where it was written (`chat`, `page`, `desk`, or `bot`)."""

    id: str
    case_id: str
    seq: int
    at: datetime
    author: str  # person, agent, bot
    oid: str
    name: str
    surface: str
    word: str
    sealed: str
    masked: bool
    dedupe_key: str
