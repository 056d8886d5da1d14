"""Which database a URL means.

PostgreSQL's modules are imported where they are chosen: they cost time and memory that an installation
on SQLite need not spend.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bot.adapters.store.sqlite import SqliteStore
from bot.errors import UnusableError

if TYPE_CHECKING:
    from bot.adapters.store.postgres import PostgresStore

REMEDY = (
    "Write sqlite:///<file>, postgresql://<user>@<host>/<database> or embedded-postgres:///<folder>"
    " (a fourth slash makes the path absolute)."
)


def open_store(url: str) -> SqliteStore | PostgresStore:
    """Open and migrate the store that *url* names; it blocks, up to a few seconds for a first start
    of the embedded PostgreSQL. Raises UnusableError with place and remedy."""
    scheme, _, rest = url.partition("://")
    path = rest.removeprefix("/")
    match scheme:
        case "sqlite" if rest.startswith("/") and path:
            return SqliteStore(Path(path))
        case "embedded-postgres" if rest.startswith("/") and path:
            from bot.adapters.store.embedded import EmbeddedServer
            from bot.adapters.store.postgres import PostgresStore

            server = EmbeddedServer(Path(path))
            return PostgresStore(server.url(), place=path, stop=server.stop)
        case "postgresql" | "postgres" if rest:
            from bot.adapters.store.postgres import PostgresStore

            return PostgresStore(url)
        case _:
            raise UnusableError("store.url", "this is no database address.", REMEDY)
