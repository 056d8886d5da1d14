"""Each store fits the port."""

from __future__ import annotations

from bot.adapters.store.postgres import PostgresStore
from bot.adapters.store.sqlite import SqliteStore
from bot.adapters.store.unit import Unit
from bot.ports.store import Store, UnitOfWork


def stores(sqlite: SqliteStore, postgres: PostgresStore) -> tuple[Store, Store]:
    return sqlite, postgres


def units(unit: Unit) -> UnitOfWork:
    return unit
