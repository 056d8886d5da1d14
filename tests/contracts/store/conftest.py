"""The databases that the store's contract is tried on: both, always."""

from __future__ import annotations

import asyncio
import fcntl
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import psycopg
import pytest

from bot.adapters.store.embedded import EmbeddedServer
from bot.adapters.store.postgres import PostgresStore
from bot.adapters.store.sqlite import SqliteStore
from bot.ports.store import Store
from tests.fakes.stores import quick_folder


class Place:
    """Where databases of one sort come from. `url` makes an empty, migrated one; `open` opens it, as
    often as there are replicas."""

    name: str

    def url(self) -> str:
        raise AssertionError

    def open(self, url: str) -> Store:
        raise AssertionError


class SqlitePlace(Place):
    name = "sqlite"

    def __init__(self, folder: Path) -> None:
        self._folder, self._made = folder, 0

    def url(self) -> str:
        self._made += 1
        path = self._folder / f"{self._made}.db"
        template = self._folder / "template.db"
        if template.exists():
            shutil.copyfile(template, path)
        return f"sqlite:///{path}"

    def open(self, url: str) -> Store:
        return SqliteStore(Path(url.removeprefix("sqlite:///")))


class PostgresPlace(Place):
    name = "postgres"

    def __init__(self, server: EmbeddedServer) -> None:
        self._server, self._made = server, 0

    def url(self) -> str:
        self._made += 1
        name = f"t{self._made}"
        with psycopg.connect(self._server.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE keyturn STRATEGY file_copy")
        return self._server.url(name)

    def open(self, url: str) -> Store:
        return PostgresStore(url)


@pytest.fixture(scope="session")
def server() -> Iterator[EmbeddedServer]:
    """One embedded PostgreSQL for the whole run, or one in each process of the run. As root the first
    start ever makes a system user, which two of them must not do at once."""
    with quick_folder() as folder:
        folder.chmod(0o755)
        with (Path(tempfile.gettempdir()) / "keyturn-test-postgres.lock").open("w") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            started = EmbeddedServer(folder / "pg")
        asyncio.run(PostgresStore(started.url()).close())
        yield started
        started.stop()


@pytest.fixture(scope="session")
def sqlite_place() -> Iterator[SqlitePlace]:
    with quick_folder() as folder:
        asyncio.run(SqliteStore(folder / "template.db").close())
        yield SqlitePlace(folder)


@pytest.fixture(scope="session")
def postgres_place(server: EmbeddedServer) -> PostgresPlace:
    return PostgresPlace(server)


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest) -> Place:
    """Each database in turn."""
    return request.getfixturevalue(f"{request.param}_place")


@pytest.fixture
def url(place: Place) -> str:
    """An empty database."""
    return place.url()


@pytest.fixture
async def replicas(place: Place, url: str) -> AsyncIterator[tuple[Store, Store]]:
    """Two stores on one database."""
    async with AsyncExitStack() as stack:
        opened = (place.open(url), place.open(url))
        for each in opened:
            stack.push_async_callback(each.close)
        yield opened


@pytest.fixture
async def store(place: Place, url: str) -> AsyncIterator[Store]:
    """A store on an empty database."""
    opened = place.open(url)
    yield opened
    await opened.close()
