"""Fixtures around a sandbox's Graph: a connection pool, faults, and what the ledger saw."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from bot.adapters.graph.client import GraphHttp
from bot.sandbox.faults import parse
from tests.fakes.sandbox import Sandbox


@pytest_asyncio.fixture
async def graph(sandbox: Sandbox) -> AsyncIterator[GraphHttp]:
    http = GraphHttp(sandbox.graph, timeout=1)
    yield http
    await http.close()


def fault(sandbox: Sandbox, match: str, kind: str, **more: Any) -> None:
    """Have a fault meet the calls that fit *match*."""
    sandbox.state.faults.add(parse({"match": match, "kind": kind, **more}))


def calls(sandbox: Sandbox, part: str = "", method: str = "") -> list[tuple[str, str]]:
    """(method, path) of what reached Graph, oldest first."""
    return [
        (row["method"], row["path"])
        for row in sandbox.state.journal.ledger()
        if part in row["path"] and method in ("", row["method"])
    ]
