"""Durable state on SQLite or PostgreSQL behind `bot.ports.store`.

`opening.open_store` picks the database from a URL; `docs/store.md` is the manual.
"""
