"""A process that writes and says what was acknowledged, until it is killed.

    python -m tests.contracts.store.writer URL

Each transaction writes a pair of rows, an event and its audit row; the number is printed after the
answer. Several run at once, so that they share commits.
"""

from __future__ import annotations

import asyncio
import os
import sys

from bot.adapters.store.opening import open_store
from bot.ports.store import Store, UnitOfWork
from tests.contracts.store.rows import audit, event


async def conversation(store: Store, which: int) -> None:
    n = 0
    while True:
        ident = f"{which}-{n}"

        def pair(work: UnitOfWork, ident: str = ident) -> None:
            work.add(event(f"e{ident}"))
            work.audit(audit(f"a{ident}"))

        await store.transact(pair)
        os.write(1, f"{ident}\n".encode())
        n += 1


async def main(url: str) -> None:
    store = open_store(url)
    os.write(1, b"ready\n")
    await asyncio.gather(*(conversation(store, which) for which in range(8)))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
