"""Templates and static files, read once when the shell is made."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context

from bot.core.spoken import calendar_date, clock_time, duration

_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}


@dataclass(frozen=True, slots=True)
class Static:
    """One static file."""

    content_type: str
    body: bytes


class Statics:
    """Every file under ``static``, at ``/static/<hash of them all>/<name>``: an address never
    changes its content, and modules that import each other stay within one build."""

    def __init__(self, folder: Path) -> None:
        self.files = {
            path.name: Static(_TYPES[path.suffix], path.read_bytes())
            for path in sorted(folder.iterdir())
            if path.suffix in _TYPES
        }
        digest = hashlib.sha256()
        for name, file in self.files.items():
            digest.update(name.encode() + b"\0" + hashlib.sha256(file.body).digest())
        self.build = digest.hexdigest()[:16]

    def address(self, name: str) -> str:
        """Where a page finds *name*; KeyError when there is no such file."""
        self.files[name]
        return f"/static/{self.build}/{name}"


def environment(folder: Path) -> Environment:
    """Jinja for pages: escaping always on, an undefined word is an error. Times are spoken in the
    page's language (`locale`) and the desk's time zone (`zone`)."""
    made = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters.update(clock=_clock, day=_day, span=_span)
    return made


@pass_context
def _clock(context: Context, at: datetime) -> str:
    return clock_time(at, context["zone"])


@pass_context
def _day(context: Context, at: datetime) -> str:
    return calendar_date(at, context["locale"], context["zone"])


@pass_context
def _span(context: Context, length: timedelta) -> str:
    return duration(length, context["locale"])
