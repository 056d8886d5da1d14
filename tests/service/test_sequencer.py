"""The sequencer and `keyturn audit verify`: no gap, no forgetting, and any tampering is named."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.adapters.store.opening import data_url
from bot.adapters.store.sqlite import SqliteStore
from bot.cli import main
from bot.core.audit import Tag, audit_row, leaf_data
from bot.core.merkle import leaf_hash, root
from bot.core.records import AuditRoot, AuditRow, Fact
from bot.ports.store import Not, Store, UnitOfWork
from bot.service import sequencer as module
from bot.service.audit_check import Report, verify
from bot.service.sequencer import FRONTIER, Sequencer
from tests.fakes.clock import FakeClock
from tests.fakes.stores import Stores

NOW = FakeClock().now()


@pytest.fixture
def sequencer(store: Store, clock: FakeClock) -> Sequencer:
    return Sequencer(store, clock, holder="here")


def row(n: int, tag: Tag = Tag.CASE_MOVED) -> AuditRow:
    at = NOW + timedelta(seconds=n)
    return audit_row(f"a{n:06d}", at, tag, case_id=f"c{n % 3}", subject="s", actor_auth_time=at, step=n)


async def audit(store: Store, *rows: AuditRow) -> None:
    def append(work: UnitOfWork) -> None:
        for each in rows:
            work.audit(each)

    await store.transact(append)


async def check(store: Store, expected: dict[int, str] | None = None) -> Report:
    return await store.read(lambda work: verify(work, expected))


async def numbered(store: Store) -> list[AuditRow]:
    return await store.read(lambda work: work.find(AuditRow, number=Not(None), order="number"))


async def roots(store: Store) -> list[AuditRoot]:
    return await store.read(lambda work: work.find(AuditRoot, order="size"))


# --- sealing


async def test_rows_are_numbered_without_a_gap_and_their_root_is_the_trees(
    store: Store, sequencer: Sequencer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reads the rows can make every root again."""
    monkeypatch.setattr(module, "BATCH", 7)
    for first in range(0, 40, 8):
        await audit(store, *(row(n) for n in range(first, first + 8)))
        await sequencer.seal_all()
    rows = await numbered(store)
    assert [each.number for each in rows] == list(range(1, 41))
    leaves = [leaf_hash(leaf_data(each)) for each in rows]
    assert [each.leaf for each in rows] == [leaf.hex() for leaf in leaves]
    assert len(await roots(store)) == 10
    for each in await roots(store):
        assert each.root == root(leaves[: each.size]).hex()
    report = await check(store)
    assert (report.faults, report.size, report.root) == ([], 40, root(leaves).hex())


async def test_an_act_is_sealed_at_once_other_rows_within_a_hundred_or_a_minute(
    store: Store, sequencer: Sequencer, clock: FakeClock
) -> None:
    """The window in which a change goes unnoticed is the stated one."""
    clock.at = NOW + timedelta(seconds=30)
    await audit(store, *(row(n) for n in range(99)))
    clock.at = NOW + timedelta(seconds=59)
    assert await sequencer.seal_due() == 0
    await audit(store, row(99))
    assert await sequencer.seal_due() == 100
    await audit(store, row(100, Tag.RESULT_WRITTEN))
    assert await sequencer.seal_due() == 1
    await audit(store, row(101))
    clock.at = row(101).at + timedelta(seconds=59)
    assert await sequencer.seal_due() == 0
    clock.go(seconds=1)
    assert await sequencer.seal_due() == 1


async def test_an_act_wakes_the_runner_and_the_end_leaves_nothing_unsealed(
    store: Store, sequencer: Sequencer
) -> None:
    """An approval is sealed in the second in which it is written."""
    running = asyncio.create_task(sequencer.run())
    seen = await store.changed("audit_test", after=0, timeout=1)
    await audit(store, row(1, Tag.INTENT_WRITTEN))
    while not await roots(store):
        seen = await store.changed("audit_test", after=seen, timeout=0.01)
    await audit(store, row(2))
    sequencer.stop()
    await asyncio.wait_for(running, 5)
    assert (await check(store)).unsealed == 0


async def test_replicas_seal_one_at_a_time(store: Store, clock: FakeClock) -> None:
    """Numbers are given once, and a dead replica is succeeded when its lease ends."""
    first, second = (Sequencer(store, clock, holder=f"h{n}") for n in range(2))
    await audit(store, *(row(n) for n in range(10)))
    assert await first.seal_all() == 10
    await audit(store, row(11))
    assert await second.seal_all() == 0
    clock.at += module.LEASE
    assert await second.seal_all() == 1
    assert (await check(store)).faults == []


async def test_the_tree_goes_on_where_it_was_even_if_its_notes_are_lost(
    store: Store, sequencer: Sequencer
) -> None:
    """The rows are the log; the rest can be made again."""
    await audit(store, *(row(n) for n in range(11)))
    await sequencer.seal_all()
    await store.transact(lambda work: work.remove(Fact, FRONTIER))
    await audit(store, row(12))
    await sequencer.seal_all()
    assert (await check(store)).faults == []


# --- verifying


async def sealed(store: Store, clock: FakeClock, count: int, every: int = 4) -> None:
    """A log of *count* rows with a root every few rows."""
    sequencer = Sequencer(store, clock, holder="here")
    for first in range(0, count, every):
        await audit(store, *(row(n) for n in range(first, min(first + every, count))))
        await sequencer.seal_all()


async def tamper(store: Store, *statements: str) -> None:
    """Write as somebody who has the database."""
    assert isinstance(store, SqliteStore)

    def write(work: UnitOfWork) -> None:
        for statement in statements:
            store._database.execute(statement)

    await store.transact(write)


def change(number: int, column: str, value: str) -> str:
    return f"UPDATE audit SET {column} = {value} WHERE number = {number}"


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", "'2020-01-01T00:00:00.000000+00:00'"),
        ("at", "'yesterday'"),
        ("case_id", "'other'"),
        ("actor", "'mallory'"),
        ("actor_method", "'x'"),
        ("actor_auth_time", "NULL"),
        ("subject", "'mallory'"),
        ("tag", "'person:case:opened'"),
        ("body", "'{}'"),
        ("body", "'{'"),
        ("leaf", "'00'"),
        ("leaf", f"'{'0' * 64}'"),
    ],
)
async def test_a_changed_column_is_found_and_its_row_named(
    store: Store, clock: FakeClock, column: str, value: str
) -> None:
    """Flip."""
    await sealed(store, clock, 12)
    await tamper(store, change(6, column, value))
    faults = (await check(store)).faults
    assert ("changed", 6, 6) in {(each.kind, each.first, each.last) for each in faults}


async def test_a_row_rewritten_with_its_hash_breaks_the_next_root(store: Store, clock: FakeClock) -> None:
    """Knowing how leaves are made is not enough."""
    await sealed(store, clock, 12)
    old = (await numbered(store))[5]
    forged = replace(old, subject="mallory")
    await store.transact(lambda work: work.put(replace(forged, leaf=leaf_hash(leaf_data(forged)).hex())))
    (fault,) = (await check(store)).faults
    assert (fault.kind, fault.first, fault.last) == ("root", 5, 8)


@pytest.mark.parametrize("number", [1, 6, 11])
async def test_a_deleted_row_is_missing(store: Store, clock: FakeClock, number: int) -> None:
    """Delete."""
    await sealed(store, clock, 12)
    await tamper(store, f"DELETE FROM audit WHERE number = {number}")
    (fault,) = (await check(store)).faults
    assert (fault.kind, fault.first, fault.last) == ("missing", number, number)


async def test_swapped_rows_are_found(store: Store, clock: FakeClock) -> None:
    """Swap, with and without their hashes made anew."""
    await sealed(store, clock, 12)
    await tamper(store, change(5, "number", "-5"), change(7, "number", "5"), change(-5, "number", "7"))
    assert {(each.kind, each.first) for each in (await check(store)).faults} >= {
        ("changed", 5),
        ("changed", 7),
    }
    for each in await numbered(store):
        again = replace(each, leaf=leaf_hash(leaf_data(each)).hex())
        await store.transact(lambda work, again=again: work.put(again))
    (fault,) = (await check(store)).faults
    assert (fault.kind, fault.first, fault.last) == ("root", 5, 8)


async def test_an_inserted_row_is_found(store: Store, clock: FakeClock) -> None:
    """Insert: between others, before the first, and with everything after it numbered anew."""
    await sealed(store, clock, 12)
    planted = replace(row(99), number=0)
    planted = replace(planted, leaf=leaf_hash(leaf_data(planted)).hex())
    await store.transact(lambda work: work.add(planted))
    (fault,) = (await check(store)).faults
    assert (fault.kind, fault.first) == ("foreign", 0)
    moves = [change(n, "number", str(n + 1)) for n in range(12, 5, -1)]
    await tamper(store, *moves, change(0, "number", "6"))
    for each in await numbered(store):
        again = replace(each, leaf=leaf_hash(leaf_data(each)).hex())
        await store.transact(lambda work, again=again: work.put(again))
    assert ("root", 5, 8) in {(f.kind, f.first, f.last) for f in (await check(store)).faults}


async def test_a_truncated_log_is_found_while_a_root_counts_the_rows(store: Store, clock: FakeClock) -> None:
    """Truncate: rows alone; and with their roots, against a root noted elsewhere."""
    await sealed(store, clock, 12)
    noted = (await check(store)).root
    await tamper(store, "DELETE FROM audit WHERE number > 9")
    (fault,) = (await check(store)).faults
    assert (fault.kind, fault.first, fault.last) == ("truncated", 10, 12)
    await tamper(store, "DELETE FROM audit WHERE number > 8", "DELETE FROM audit_roots WHERE size > 8")
    assert {each.kind for each in (await check(store)).faults} == {"frontier"}
    tree = root([leaf_hash(leaf_data(each)) for each in await numbered(store)]).hex()
    frontier = Fact(FRONTIER, {"size": 8, "nodes": [tree]}, NOW)
    await store.transact(lambda work: work.save(frontier))
    assert (await check(store)).faults == []
    (fault,) = (await check(store, {12: noted})).faults
    assert (fault.kind, fault.first, fault.last) == ("truncated", 9, 12)


async def test_a_forged_root_is_found(store: Store, clock: FakeClock) -> None:
    """A root is only as good as the rows under it."""
    await sealed(store, clock, 12)
    await tamper(store, f"UPDATE audit_roots SET root = '{'0' * 64}' WHERE size = 8")
    (fault,) = (await check(store)).faults
    assert (fault.kind, fault.first, fault.last) == ("root", 5, 8)


async def test_a_log_rewritten_from_end_to_end_is_found_by_a_noted_root(
    store: Store, stores: Stores, clock: FakeClock
) -> None:
    """Who controls the database can forge all of it, but not what was noted elsewhere."""
    await sealed(store, clock, 12)
    noted = (await check(store)).root
    forged = stores.fresh()
    rows = [replace(each, number=None, leaf="") for each in await numbered(store)]
    await audit(forged, *(replace(each, subject="mallory") for each in rows))
    await Sequencer(forged, clock, holder="here").seal_all()
    assert (await check(forged)).faults == []
    (fault,) = (await check(forged, {12: noted.upper()})).faults
    assert fault.kind == "root"
    await forged.close()


async def test_what_is_not_protected_yet_is_counted(store: Store, clock: FakeClock) -> None:
    """The report says which rows could still be changed unseen."""
    await sealed(store, clock, 8)
    await audit(store, row(20), row(21))
    report = await check(store)
    assert (report.unsealed, report.after_root, report.faults) == (2, 0, [])


@given(st.data())
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_no_single_tampering_before_the_last_root_goes_unnoticed(
    stores: Stores, data: st.DataObject
) -> None:
    """Whatever one change is made to the sealed rows, something is found."""
    size = data.draw(st.integers(2, 20))
    every = data.draw(st.integers(1, 6))
    first = data.draw(st.integers(1, size))
    second = data.draw(st.integers(1, size).filter(lambda n: n != first))
    column = data.draw(st.sampled_from(["case_id", "actor", "subject", "tag", "body", "leaf", "id"]))
    kind = data.draw(st.sampled_from(["flip", "delete", "swap", "insert", "truncate", "root"]))
    store = stores.fresh()
    try:
        await sealed(store, FakeClock(), size, every)
        assert (await check(store)).faults == []
        match kind:
            case "flip":
                forged = "'{\"step\":-1}'" if column == "body" else f"{column} || ' '"
                await tamper(store, change(first, column, forged))
            case "delete":
                await tamper(store, f"DELETE FROM audit WHERE number = {first}")
            case "swap":
                moves = [(first, -1), (second, first), (-1, second)]
                await tamper(store, *(change(old, "number", str(new)) for old, new in moves))
            case "insert":
                moved = [change(n, "number", str(n + 1)) for n in range(size, first - 1, -1)]
                await tamper(store, *moved)
                await store.transact(lambda work: work.add(replace(row(99), number=first, leaf="0" * 64)))
            case "truncate":
                await tamper(store, f"DELETE FROM audit WHERE number >= {first}")
            case "root":
                await tamper(store, f"UPDATE audit_roots SET root = '{'1' * 64}' WHERE size = {size}")
        assert (await check(store)).faults != []
    finally:
        await store.close()


# --- the command


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with a log of ten rows."""

    async def make() -> None:
        store = SqliteStore(tmp_path / "keyturn.db")
        await sealed(store, FakeClock(), 10)
        await audit(store, row(50))
        await store.close()

    asyncio.run(make())
    return tmp_path


def test_the_command_answers_0_for_a_log_that_adds_up(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And prints the root to keep, and what is not protected."""
    assert main(["audit", "verify", "--data", str(folder)]) == 0
    said = capsys.readouterr().out
    kept = next(word for word in said.split() if word.startswith("10:"))
    assert "1 rows without a number" in said
    assert "Not noticed" in said
    assert main(["audit", "verify", "--store", data_url(folder), "--expect", kept]) == 0


def test_the_command_answers_1_and_names_what_is_wrong(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A finding is a line."""

    async def harm() -> None:
        store = SqliteStore(folder / "keyturn.db")
        await tamper(store, change(3, "subject", "'mallory'"), "DELETE FROM audit WHERE number = 7")
        await store.close()

    asyncio.run(harm())
    assert main(["audit", "verify", "--data", str(folder)]) == 1
    said = capsys.readouterr().out
    assert "row 3 (a000002): its content was changed" in said
    assert "row 7 is missing" in said
    assert main(["audit", "verify", "--data", str(folder), "--expect", f"10:{'a' * 64}"]) == 1


def test_the_command_answers_2_when_there_is_nothing_to_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With place and remedy, and without making an empty log."""
    assert main(["audit", "verify", "--data", str(tmp_path)]) == 2
    assert str(tmp_path) in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("n", range(10))
def test_a_byte_changed_in_the_file_itself_is_found(folder: Path, n: int) -> None:
    """Past the database, with an editor on the file."""
    path = folder / "keyturn.db"
    whole = path.read_bytes()
    harmed = whole.replace(b'{"step":%d}' % n, b'{"stop":%d}' % n)
    assert harmed != whole
    path.write_bytes(harmed)
    assert main(["audit", "verify", "--data", str(folder)]) == 1
