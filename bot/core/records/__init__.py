"""What is kept: one frozen dataclass per table, shared by both databases.

`@record` says which table, key, unique sets and indices. Column types follow the
annotations: `str` text, `int` integer, `bool`, `float`, `datetime` (UTC, stored as sortable
text), `bytes`, `X | None`, a `StrEnum` as its value, and `JsonMap`/`JsonList` as JSON text.
Nothing here holds a secret in clear: handles, session ids and codes are hashes or MACs,
passes are ciphertext.
"""

from __future__ import annotations

from bot.core.records.access import Session, Shift, Signing, UsedSignIn
from bot.core.records.conversation import (
    Case,
    ChatAccount,
    ChatAddress,
    ChatLink,
    ChatPost,
    ChatRow,
    EventRow,
    FlowAlias,
    FlowVersion,
    Installation,
    Job,
    Line,
    LinkAsk,
    Timer,
)
from bot.core.records.deciding import (
    Addition,
    Card,
    CardPost,
    Decision,
    Execution,
    Handover,
    Intent,
    Request,
    Review,
    Withdrawal,
)
from bot.core.records.desk import Stretch, Thanks, Transfer
from bot.core.records.enrolled import Address, Contact, IssuedCode
from bot.core.records.front import Move
from bot.core.records.log import AuditRoot, AuditRow, Fact, Lease
from bot.core.records.objecting import NoticeCode, Objection, Takeback
from bot.core.records.outage import HeldRequest, Outage, OutageWish
from bot.core.records.outside import Ticket
from bot.core.records.proof import (
    Attempt,
    Check,
    Evidence,
    Limit,
    Proving,
    RememberedBrowser,
    SavedCode,
    Sighting,
)
from bot.core.records.standing_in import CounterBrowser, Helping
from bot.core.records.table import TABLES, JsonList, JsonMap, Table, record
from bot.core.records.talk import Talk, TalkLine
from bot.core.records.threat import Threat

__all__ = [
    "TABLES",
    "Addition",
    "Address",
    "Attempt",
    "AuditRoot",
    "AuditRow",
    "Card",
    "CardPost",
    "Case",
    "ChatAccount",
    "ChatAddress",
    "ChatLink",
    "ChatPost",
    "ChatRow",
    "Check",
    "Contact",
    "CounterBrowser",
    "Decision",
    "EventRow",
    "Evidence",
    "Execution",
    "Fact",
    "FlowAlias",
    "FlowVersion",
    "Handover",
    "HeldRequest",
    "Helping",
    "Installation",
    "Intent",
    "IssuedCode",
    "Job",
    "JsonList",
    "JsonMap",
    "Lease",
    "Limit",
    "Line",
    "LinkAsk",
    "Move",
    "NoticeCode",
    "Objection",
    "Outage",
    "OutageWish",
    "Proving",
    "RememberedBrowser",
    "Request",
    "Review",
    "SavedCode",
    "Session",
    "Shift",
    "Sighting",
    "Signing",
    "Stretch",
    "Table",
    "Takeback",
    "Talk",
    "TalkLine",
    "Thanks",
    "Threat",
    "Ticket",
    "Timer",
    "Transfer",
    "UsedSignIn",
    "Withdrawal",
    "record",
]
