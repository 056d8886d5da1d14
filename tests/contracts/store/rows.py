"""Rows to try the contract with, and how to make any row."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, get_type_hints

from hypothesis import strategies as st

from bot.adapters.store.mapping import mapped
from bot.core.audit import Tag, audit_row
from bot.core.records import AuditRow, Case, EventRow, Execution, Job, Timer

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
SPAN = timedelta(seconds=10)

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
moments = st.datetimes(timezones=st.just(UTC))
integers = st.integers(-(2**63), 2**63 - 1)
jsons = st.recursive(
    st.none() | st.booleans() | integers | texts | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)

_OF = {
    "text": texts,
    "integer": integers,
    "boolean": st.booleans(),
    "real": st.floats(allow_nan=False, allow_infinity=False),
    "moment": moments,
    "bytes": st.binary(max_size=12),
}


def rows_of(kind: type[Any]) -> st.SearchStrategy[Any]:
    """Any row of a record, key and all."""
    hints = get_type_hints(kind)
    columns = {}
    for column in mapped(kind).columns:
        if column.sort == "json":
            listed = hints[column.name] is not dict and "list" in str(hints[column.name])
            values = st.lists(jsons, max_size=3) if listed else st.dictionaries(texts, jsons, max_size=3)
        else:
            values = _OF[column.sort]
        columns[column.name] = st.none() | values if column.nullable else values
    return st.builds(kind, **columns)


def case(ident: str = "c1", **changes: Any) -> Case:
    given: dict[str, Any] = {
        "id": ident,
        "number": ident,
        "handle_hash": f"hash {ident}",
        "flow": "new_phone",
        "flow_hash": "h",
        "locale": "en",
        "place": "web:demo:employee",
        "opener": {"user": "employee"},
        "subject_oid": "",
        "identified_by": "",
        "state": {"step": "start", "n": 0},
        "step": "start",
        "version": 0,
        "status": "open",
        "outcome": "",
        "opened_at": NOW,
        "touched_at": NOW,
    }
    return Case(**{**given, **changes})


def event(ident: str = "e1", **changes: Any) -> EventRow:
    given: dict[str, Any] = {
        "id": ident,
        "dedupe_key": f"d/{ident}",
        "at": NOW,
        "case_id": "c1",
        "kind": "Chose",
        "body": {},
        "status": "done",
        "reply": {"says": []},
    }
    return EventRow(**{**given, **changes})


def job(key: str = "k1", lane: str = "l1", **changes: Any) -> Job:
    given: dict[str, Any] = {
        "key": key,
        "lane": lane,
        "kind": "say",
        "body": {},
        "case_id": "c1",
        "at": NOW,
        "not_before": NOW,
    }
    return Job(**{**given, **changes})


def timer(key: str = "t1", seconds: float = 0, **changes: Any) -> Timer:
    given: dict[str, Any] = {
        "key": key,
        "kind": "step",
        "case_id": "c1",
        "due_at": NOW + timedelta(seconds=seconds),
        "body": {},
    }
    return Timer(**{**given, **changes})


def execution(ident: str, subject: str = "s", status: str = "open") -> Execution:
    return Execution(ident, "r", "c", subject, "a", status, NOW)


def audit(ident: str, **body: Any) -> AuditRow:
    return audit_row(ident, NOW, Tag.CASE_MOVED, case_id="c1", **body)
