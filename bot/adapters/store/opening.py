"""Which database a URL means."""

from __future__ import annotations

from pathlib import Path

from bot.adapters.store.sqlite import SqliteStore
from bot.errors import UnusableError

REMEDY = (
    "Write sqlite:///<file>, postgresql://<user>@<host>/<database> or embedded-postgres:///<folder>"
    " (a fourth slash makes the path absolute)."
)


def open_store(url: str) -> SqliteStore:
    """Open and migrate the store that *url* names; it blocks, up to a few seconds for a first start
    of the embedded PostgreSQL. Raises UnusableError with place and remedy."""
    scheme, _, rest = url.partition("://")
    path = rest.removeprefix("/")
    match scheme:
        case "sqlite" if rest.startswith("/") and path:
            return SqliteStore(Path(path))
        case _:
            raise UnusableError("store.url", "this is no database address.", REMEDY)
