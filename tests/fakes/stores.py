"""A real SQLite store for service tests, quick because its file lies in memory where it can.

The tables are made once and copied, so that a test starts in a few milliseconds.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.adapters.store.opening import open_store
from bot.adapters.store.sqlite import SqliteStore

_MEMORY = Path("/dev/shm")


@contextmanager
def quick_folder() -> Iterator[Path]:
    """A folder of its own, in memory where the system has such a place."""
    place = _MEMORY if os.access(_MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="keyturn-test-", dir=place) as folder:
        yield Path(folder)


class Stores:
    """Opens fresh stores."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.template = folder / "template.db"
        self._made = 0

    def prepare(self) -> None:
        """Make the tables once."""
        asyncio.run(open_store(f"sqlite:///{self.template}").close())

    def fresh(self) -> SqliteStore:
        """A store of its own."""
        self._made += 1
        path = self._folder / f"{self._made}.db"
        shutil.copyfile(self.template, path)
        return open_store(f"sqlite:///{path}")
