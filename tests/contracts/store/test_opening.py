"""Opening: tables made once, whoever starts first; a newer or unfit database left untouched."""

from __future__ import annotations

import re
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlite_utils import Database

from bot.adapters.store import migrations, schema
from bot.adapters.store.embedded import EmbeddedServer
from bot.adapters.store.opening import data_url, open_store
from bot.core.records import Card, CardPost, ChatLink
from bot.errors import UnusableError
from tests.contracts.store.conftest import SqlitePlace
from tests.contracts.store.rows import case

Rows = list[tuple[Any, ...]]


def sqlite_rows(path: Path, sql: str) -> Rows:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def postgres_rows(url: str, sql: str) -> Rows:
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(sql).fetchall()


def new_database(server: EmbeddedServer, name: str, options: str = "") -> str:
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 {options}")
    return server.url(name)


async def opened_and_closed(url: str, **options: bool) -> None:
    await open_store(url, **options).close()


SQLITE_TABLES = "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name"
SQLITE_INDICES = (
    'SELECT m.name, i.name, i."unique", i.partial, x.seqno, x.name FROM sqlite_master m'
    " JOIN pragma_index_list(m.name) i JOIN pragma_index_info(i.name) x"
    " WHERE m.type = 'table' ORDER BY 1, 2, 5"
)
SQLITE_COLUMNS = (
    'SELECT m.name, c.name, c.type, c."notnull", c.pk FROM sqlite_master m JOIN pragma_table_info(m.name) c'
    " WHERE m.type = 'table' AND m.name NOT LIKE '\\_%' ESCAPE '\\' ORDER BY 1, c.cid"
)
POSTGRES_COLUMNS = (
    "SELECT table_name, ordinal_position, column_name, data_type, is_nullable, collation_name, is_identity"
    " FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> '_migrations'"
    " ORDER BY 1, 2"
)
POSTGRES_INDICES = (
    "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> '_migrations'"
    " ORDER BY 1"
)


async def test_the_migrations_build_what_the_records_say_in_sqlite(tmp_path: Path) -> None:
    """A record cannot change without its migration."""
    built, wanted = tmp_path / "built.db", tmp_path / "wanted.db"
    await opened_and_closed(f"sqlite:///{built}")
    with closing(sqlite3.connect(wanted)) as connection:
        connection.executescript(schema.script("sqlite"))
    for sql in (SQLITE_COLUMNS, SQLITE_INDICES):
        mine = [row for row in sqlite_rows(built, sql) if not row[0].startswith("_")]
        assert mine == [row for row in sqlite_rows(wanted, sql) if not row[0].startswith("_")]
    texts = dict(sqlite_rows(wanted, SQLITE_TABLES))
    assert {name: _spaced(texts[name]) for name in texts} == {
        name: _spaced(sql)
        for name, sql in sqlite_rows(built, SQLITE_TABLES)
        if not name.startswith(("_", "idx__"))
    }


def _spaced(sql: str) -> str:
    """SQLite keeps a table's text as it was written, and after a changed column as it likes; a column
    added to rows that were there has a default for them."""
    plain = " ".join(sql.split()).replace(" )", ")").replace(" ,", ",")
    return re.sub(r" DEFAULT ('[^']*'|\d+)", "", plain)


async def test_the_migrations_build_what_the_records_say_in_postgres(server: EmbeddedServer) -> None:
    """A record cannot change without its migration."""
    built, wanted = new_database(server, "schema_built"), new_database(server, "schema_wanted")
    await opened_and_closed(built)
    with psycopg.connect(wanted, autocommit=True) as connection:
        connection.execute(schema.script("postgres"))
    for sql in (POSTGRES_COLUMNS, POSTGRES_INDICES):
        assert postgres_rows(built, sql) == postgres_rows(wanted, sql)


async def test_both_databases_record_the_same_steps(tmp_path: Path, server: EmbeddedServer) -> None:
    """What a database went through is called the same everywhere."""
    path, url = tmp_path / "x.db", new_database(server, "steps")
    for _ in range(2):
        await opened_and_closed(f"sqlite:///{path}")
        await opened_and_closed(url)
    mine = sqlite_rows(path, "SELECT name FROM _sqlite_migrations ORDER BY id")
    theirs = postgres_rows(url, "SELECT name FROM _migrations ORDER BY name")
    assert mine == theirs == [(name,) for name in migrations.NAMES]


async def test_replicas_that_start_together_make_the_tables_once(
    tmp_path: Path, server: EmbeddedServer
) -> None:
    """Nobody fails because another was first."""
    for url in (f"sqlite:///{tmp_path / 'x.db'}", new_database(server, "together")):
        with ThreadPoolExecutor(4) as threads:
            stores = list(threads.map(open_store, [url] * 4))
        await stores[0].transact(lambda work: work.add(case("c1")))
        for store in stores:
            await store.close()


OLD: dict[str, dict[str, str | int]] = {
    "cards": {
        "case_id": "c1", "handle_hash": "h", "asked_at": "2026-11-01T09:00:00.000000Z", "status": "open",
        "wants": "person", "taken_by": "", "taken_name": "", "version": 3, "ref": "C1:1.1",
    },
    "links": {
        "id": "slack:T:U", "channel": "slack", "tenant": "T", "user": "U", "oid": "o",
        "at": "2026-11-01T09:00:00.000000Z", "mac": "m",
    },
}  # fmt: skip
"""Rows that the first version wrote."""


async def test_a_database_of_the_first_version_is_brought_up_to_date_with_what_it_holds(
    tmp_path: Path, server: EmbeddedServer
) -> None:
    """Only where a card stood in one chat is forgotten: the next change posts it where it now belongs."""
    path, url = tmp_path / "x.db", new_database(server, "first")
    inserts = [
        (f'INSERT INTO "{table}" ({schema.quoted(*row)}) VALUES ({{}})', list(row.values()))
        for table, row in OLD.items()
    ]
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(";\n".join(migrations.steps("0001_first", "sqlite")))
        for sql, values in inserts:
            connection.execute(sql.format(",".join("?" * len(values))), values)
        Database(connection)["_sqlite_migrations"].insert(
            {"id": 1, "migration_set": "keyturn", "name": "0001_first", "applied_at": "then"}, pk="id"
        )
        connection.commit()
    with psycopg.connect(url, autocommit=True) as other:
        for statement in migrations.steps("0001_first", "postgres"):
            other.execute(statement)
        for sql, values in inserts:
            other.execute(sql.format(",".join(["%s"] * len(values))), values)
        other.execute(
            "CREATE TABLE _migrations (migration_set text NOT NULL, name text NOT NULL,"
            " applied_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (migration_set, name))"
        )
        other.execute("INSERT INTO _migrations VALUES ('keyturn', '0001_first')")
    for place in (f"sqlite:///{path}", url):
        store = open_store(place)
        card, link, posts = await store.read(
            lambda work: (work.get(Card, "c1"), work.get(ChatLink, "slack:T:U"), work.find(CardPost))
        )
        await store.close()
        assert card is not None
        assert (card.version, card.wants, card.taken_at) == (3, "person", None)
        assert link is not None
        assert (link.oid, link.mac, posts) == ("o", "m", [])


async def test_a_newer_database_is_refused_and_left_alone(tmp_path: Path, server: EmbeddedServer) -> None:
    """Going back to an older version cannot spoil what the newer wrote."""
    path, url = tmp_path / "x.db", new_database(server, "newer")
    await opened_and_closed(f"sqlite:///{path}")
    await opened_and_closed(url)
    with closing(sqlite3.connect(path)) as connection:
        Database(connection)["_sqlite_migrations"].insert(
            {"migration_set": "keyturn", "name": "9999_later", "applied_at": "later"}
        )
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("INSERT INTO _migrations VALUES ('keyturn', '9999_later')")
    before = path.read_bytes()
    for each in (f"sqlite:///{path}", url):
        with pytest.raises(UnusableError, match=r"newer.*9999_later"):
            open_store(each)
    assert path.read_bytes() == before


async def test_an_existing_store_is_asked_for_and_none_is_made(
    tmp_path: Path, server: EmbeddedServer
) -> None:
    """A misspelt path to verify does not become an empty, flawless log."""
    with pytest.raises(UnusableError):
        open_store(data_url(tmp_path), existing=True)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "empty.db").touch()
    empty = new_database(server, "empty")
    for url in (f"sqlite:///{tmp_path / 'empty.db'}", empty):
        with pytest.raises(UnusableError):
            open_store(url, existing=True)
    assert postgres_rows(empty, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]
    with pytest.raises(UnusableError):
        open_store(f"embedded-postgres:///{tmp_path}", existing=True)
    await opened_and_closed(data_url(tmp_path))
    await opened_and_closed(data_url(tmp_path), existing=True)


@pytest.mark.parametrize(
    "url", ["", "keyturn.db", "sqlite://", "sqlite:///", "sqlite:x.db", "mysql://host/db", "postgresql://"]
)
def test_an_address_that_means_nothing_is_refused_with_a_remedy(url: str) -> None:
    """A typing error is said, with what to write instead."""
    with pytest.raises(UnusableError, match="sqlite:///"):
        open_store(url)


def test_a_folder_that_cannot_serve_is_refused(tmp_path: Path) -> None:
    """Missing folder, folder in place of a file, a file that is something else."""
    (tmp_path / "folder.db").mkdir()
    (tmp_path / "letter.db").write_text("Dear Sir or Madam, " * 400)
    for name in ("missing/x.db", "folder.db", "letter.db"):
        with pytest.raises(UnusableError) as refused:
            open_store(f"sqlite:///{tmp_path / name}")
        assert str(tmp_path) in refused.value.place
        assert refused.value.remedy
    assert (tmp_path / "letter.db").read_text().startswith("Dear Sir")


def test_a_folder_that_cannot_be_written_is_refused_at_start() -> None:
    """Not at the first turn. (Nobody may write there, not even root.)"""
    with pytest.raises(UnusableError, match="cannot be opened"):
        open_store("sqlite:////proc/keyturn.db")


async def test_a_damaged_database_is_said_to_be_damaged(sqlite_place: SqlitePlace) -> None:
    """A torn page does not become an empty answer."""
    url = sqlite_place.url()
    path = Path(url.removeprefix("sqlite:///"))
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(data)

    async def use() -> None:
        store = open_store(url)
        try:
            await store.transact(lambda work: work.add(case("c1")))
        finally:
            await store.close()

    with pytest.raises(UnusableError):
        await use()


@pytest.mark.parametrize("setting", ["fsync", "synchronous_commit"])
def test_a_server_that_would_lose_acknowledged_commits_is_refused(
    server: EmbeddedServer, setting: str
) -> None:
    """Approvals lead to acts outside; a commit that may vanish is none."""
    url = server.url()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"ALTER SYSTEM SET {setting} = off")
        try:
            connection.execute("SELECT pg_reload_conf()")
            with psycopg.connect(url) as fresh:
                while fresh.execute(f"SHOW {setting}").fetchone() != ("off",):
                    fresh.rollback()
            with pytest.raises(UnusableError, match=f"{setting}=off"):
                open_store(url)
        finally:
            connection.execute(f"ALTER SYSTEM RESET {setting}")
            connection.execute("SELECT pg_reload_conf()")
    with psycopg.connect(url) as fresh:
        while fresh.execute(f"SHOW {setting}").fetchone() != ("on",):
            fresh.rollback()


def test_a_database_that_is_not_utf_8_is_refused(server: EmbeddedServer) -> None:
    """Names of people survive."""
    url = new_database(server, "ascii", "ENCODING 'SQL_ASCII' LOCALE 'C'")
    with pytest.raises(UnusableError, match="UTF-8"):
        open_store(url)


def test_a_server_that_is_not_there_is_refused_without_its_password() -> None:
    """The complaint names no secret."""
    with pytest.raises(UnusableError) as refused:
        open_store("postgresql://keyturn:hunter2@127.0.0.1:1/keyturn")
    assert "hunter2" not in str(refused.value)
    assert refused.value.place == "store.url"


def test_an_embedded_server_needs_a_folder_it_can_use(tmp_path: Path) -> None:
    """Said before anything is made there."""
    for folder in (tmp_path / "missing" / "pg", tmp_path / ("long" * 30)):
        with pytest.raises(UnusableError):
            EmbeddedServer(folder)
        assert not folder.exists()
