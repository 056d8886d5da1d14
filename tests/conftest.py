"""What every suite may ask for."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the program does, before numpy is imported

import pytest
from hypothesis import settings

from bot.ports.store import Store
from tests.fakes.clock import FakeClock, FakeEntropy
from tests.fakes.stores import Stores, quick_folder

settings.register_profile("house", deadline=None)  # a busy machine is no failure
settings.load_profile("house")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest test goes first, so that the other process does not wait for it at the end."""
    items.sort(key=lambda item: item.path.name != "test_kills.py")


@pytest.fixture(scope="session")
def stores() -> Iterator[Stores]:
    """Where fresh stores come from."""
    with quick_folder() as folder:
        made = Stores(folder)
        made.prepare()
        yield made


@pytest.fixture
async def store(stores: Stores) -> AsyncIterator[Store]:
    """An empty store of this test's own: a real one, on SQLite."""
    made = stores.fresh()
    yield made
    await made.close()


@pytest.fixture
def clock() -> FakeClock:
    """Time that stands still until told."""
    return FakeClock()


@pytest.fixture
def entropy() -> FakeEntropy:
    """Chance that can be repeated."""
    return FakeEntropy()
