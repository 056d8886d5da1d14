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

DATA_FILE = "keyturn.db"


def data_url(folder: Path) -> str:
    """The store of a data folder, as `keyturn demo --data` keeps it."""
    return f"sqlite:///{folder / DATA_FILE}"


def open_store(url: str, *, existing: bool = False) -> SqliteStore | PostgresStore:
    """Open and migrate the store that *url* names; it blocks, up to a few seconds for a first start
    of the embedded PostgreSQL. *existing* refuses to make one, or to change its tables. Raises
    UnusableError with place and remedy."""
    scheme, _, rest = url.partition("://")
    path = rest.removeprefix("/")
    match scheme:
        case "sqlite" if rest.startswith("/") and path:
            return SqliteStore(Path(path), existing=existing)
        case "embedded-postgres" if rest.startswith("/") and path:
            from bot.adapters.store.embedded import EmbeddedServer
            from bot.adapters.store.postgres import PostgresStore

            if existing and not (Path(path) / "PG_VERSION").exists():
                raise UnusableError(path, "there is no database.", "Name the folder that holds one.")
            server = EmbeddedServer(Path(path))
            return PostgresStore(server.url(), place=path, stop=server.stop, existing=existing)
        case "postgresql" | "postgres" if rest:
            from bot.adapters.store.postgres import PostgresStore

            return PostgresStore(url, existing=existing)
        case _:
            raise UnusableError("store.url", "this is no database address.", REMEDY)
