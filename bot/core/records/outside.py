"""What ties a case to systems around Keyturn: tickets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.core.records.table import record


@record("tickets", key="case_id", index=(("system", "number"),))
@dataclass(frozen=True, slots=True)
class Ticket:
    """The ticket of another system that a case belongs to; *number* is as people there say it
    (INC0012345, HELP-42), *sys_id* as its REST API names it, empty until it was asked. *ours*: it was made
    by us, so that we may also close it."""

    case_id: str
    system: str  # servicenow, jira, other
    number: str
    sys_id: str
    at: datetime
    ours: bool = False
