"""Reading the audit log again and saying what does not add up.

What it finds: a changed row, a missing or foreign number, a root that the rows do not make, rows that a
root counts but which are gone. What it cannot find is said with the result: rows not numbered yet, rows
after the last root, and a database whose owner rewrote rows, hashes and roots together. For that, a root
noted earlier somewhere else is the judge.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bot.core.audit import leaf_data
from bot.core.merkle import EMPTY, Frontier, leaf_hash
from bot.core.records import AuditRoot, AuditRow, Fact
from bot.ports.store import Over, Under, UnitOfWork
from bot.service.sequencer import FRONTIER, frontier_json

CHUNK = 2000


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that does not add up: which rows, and what is wrong."""

    kind: str
    """`changed`, `missing`, `foreign`, `root`, `truncated` or `frontier`."""
    first: int
    last: int
    what: str


@dataclass(slots=True)
class Report:
    """The outcome of a verification."""

    rows: int = 0
    """Numbered rows read."""
    roots: int = 0
    size: int = 0
    """Rows under the last good root."""
    root: str = EMPTY.hex()
    unsealed: int = 0
    """Rows without a number yet."""
    faults: list[Fault] = field(default_factory=list)

    def fault(self, kind: str, first: int, last: int, what: str) -> None:
        self.faults.append(Fault(kind, first, last, what))

    @property
    def after_root(self) -> int:
        """Numbered rows that no good root covers."""
        return max(self.rows - self.size, 0)


def verify(work: UnitOfWork, expected: Mapping[int, str] | None = None) -> Report:
    """Read everything within one snapshot. *expected* are roots noted earlier: size to hex."""
    roots = {row.size: row.root for row in work.find(AuditRoot, order="size")}
    report = Report(roots=len(roots), unsealed=work.count(AuditRow, number=None))
    noted = {size: root.lower() for size, root in (expected or {}).items()}
    frontier: Frontier | None = Frontier()
    previous, good = 0, 0
    for row in _numbered(work):
        number = row if isinstance(row, int) else row.number
        assert number is not None
        report.rows += 1
        if number < 1:
            report.fault("foreign", number, number, f"row {number}: such a number is never given")
            continue
        if number != previous + 1:
            report.fault("missing", previous + 1, number - 1, _missing(previous + 1, number - 1))
            frontier = None
        previous = number
        leaf = _leaf(row, report)
        if frontier is None or leaf is None:
            frontier = None
            continue
        frontier.append(leaf)
        if number not in roots and number not in noted:
            continue
        made = frontier.root().hex()
        wrong = [
            which for which, kept in (("stored", roots), ("noted", noted)) if made != kept.get(number, made)
        ]
        if wrong:
            report.fault("root", good + 1, number, _wrong(good + 1, number, wrong[0]))
            frontier = None
        else:
            good, report.size, report.root = number, number, made
    _ends(report, roots, noted, previous)
    if frontier is not None and not report.faults:
        _continues(work, report, frontier)
    return report


def _numbered(work: UnitOfWork) -> Iterator[AuditRow | int]:
    """The numbered rows in order; of a row that cannot even be read, its number."""
    last = work.find(AuditRow, number=Under(0), order="number", limit=1)
    at: int = (last[0].number or 0) - 1 if last else 0
    while True:
        try:
            rows: list[AuditRow | int] = [*work.find(AuditRow, number=Over(at), order="number", limit=CHUNK)]
            reached = rows[-1].number if rows and isinstance(rows[-1], AuditRow) else None
        except (ValueError, TypeError):
            rows = [found for n in range(at + 1, at + CHUNK + 1) if (found := _one(work, n)) is not None]
            reached = at + CHUNK
        if reached is None:
            return
        yield from rows
        at = reached


def _one(work: UnitOfWork, number: int) -> AuditRow | int | None:
    try:
        return work.first(AuditRow, number=number)
    except (ValueError, TypeError):
        return number


def _leaf(row: AuditRow | int, report: Report) -> bytes | None:
    """The hash that stands for the row in the tree. For a changed row that is the hash it was given, so
    that the rows beside it can still be judged."""
    if isinstance(row, int):
        report.fault("changed", row, row, f"row {row}: its content cannot be read any more")
        return None
    leaf = leaf_hash(leaf_data(row))
    if leaf.hex() == row.leaf:
        return leaf
    number = row.number or 0
    report.fault("changed", number, number, f"row {number} ({row.id}): its content was changed")
    return bytes.fromhex(row.leaf) if _is_hash(row.leaf) else None


def _ends(report: Report, roots: Mapping[int, str], noted: Mapping[int, str], last: int) -> None:
    """A root over more rows than there are: the end was cut off."""
    largest = max([*roots, *noted], default=0)
    if largest > last:
        where = "a root" if largest in roots else "the noted root"
        report.fault("truncated", last + 1, largest, f"{_missing(last + 1, largest)} ({where} counts them)")


def _continues(work: UnitOfWork, report: Report, frontier: Frontier) -> None:
    """What the sequencer goes on from must be what the rows make."""
    fact = work.get(Fact, FRONTIER)
    kept = fact.value if fact else frontier_json(Frontier())
    if kept != frontier_json(frontier):
        report.fault(
            "frontier", report.size + 1, report.size + 1, "the place where the log continues was changed"
        )


def _missing(first: int, last: int) -> str:
    return f"row {first} is missing" if first == last else f"rows {first} to {last} are missing"


def _wrong(first: int, last: int, which: str) -> str:
    return f"rows {first} to {last} do not make the {which} root of {last} rows; some were rewritten or moved"


def _is_hash(text: str) -> bool:
    return len(text) == len(EMPTY) * 2 and all(c in "0123456789abcdef" for c in text)
