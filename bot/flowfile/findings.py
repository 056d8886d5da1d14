"""A finding: one thing wrong with a flow's files, where it is, and what to do.

Findings are values, gathered and shown together; nothing here raises for an author's mistake but
`FlowFileError`, which loading for use raises with all of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from bot.errors import KeyturnError


class Severity(StrEnum):
    """An error keeps a flow from being used; a warning is debt."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """*line* and *column* count from 1. *path* holds step ids, from the start to the place where
    that matters, with `caller/step` inside a subflow."""

    file: str
    line: int
    column: int
    rule: str
    severity: Severity
    message: str
    remedy: str
    path: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def __str__(self) -> str:
        way = f"\n    path: {' > '.join(self.path)}" if self.path else ""
        place = f"{self.file}:{self.line}:{self.column}"
        return f"{place}: {self.severity.value} {self.rule}: {self.message}\n    {self.remedy}{way}"


class FlowFileError(KeyturnError):
    """Flow files that cannot be used; holds every finding."""

    code = "flow.invalid"

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(str(finding) for finding in self.findings))


def errors(findings: Iterable[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.severity is Severity.ERROR]


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """By file, then by place, each once."""
    unique = dict.fromkeys(findings)
    return sorted(unique, key=lambda f: (f.file, f.line, f.column, f.rule, f.message))
