"""A journal that cannot be written means no new risk: real file systems, each fault with its named outcome (FIELD.md F15 to F24)."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tests.shell import scene
from tests.shell.journaled import minute
from tests.shell.orders import intent
from tradebot.core.domain.commands import Command, SubmitOrder
from tradebot.core.domain.events import Event, MinuteClosed
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.shell.daemon import run_daemon
from tradebot.shell.store import database, reads, writer
from tradebot.shell.store.journal import Journal

OPEN_NS = scene.start_ns() + 5 * NS_PER_MINUTE
Mend = Callable[[], object]


def url_of(state: Path) -> str:
    return f"sqlite:///{state}/journal.db"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, 24 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,mode=700", "tmpfs", str(folder)], check=False).returncode:
        pytest.skip("needs the right to mount a file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fills(disk: Path) -> Mend:
    """F15: ENOSPC."""
    ballast = disk / "ballast"
    with ballast.open("wb") as file:
        try:
            while True:
                file.write(b"\0" * 65536)
                file.flush()
        except OSError:
            pass
    return ballast.unlink


def refuses_to_grow(disk: Path) -> Mend:
    """F16: a write fails with an I/O error (EFBIG, which SQLite knows as one)."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = (disk / "state" / "journal.db-wal").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, before)


def is_locked_for_good(disk: Path) -> Mend:
    """F21, longer than we wait."""
    other = sqlite3.connect(disk / "state" / "journal.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    return other.close


class Day:
    """A session in which the disk falls ill after the third minute."""

    def __init__(self, falls_ill: Callable[[Path], Mend] | None, disk: Path, minutes: int) -> None:
        self._falls_ill = falls_ill
        self._disk = disk
        self._end_ns = OPEN_NS + minutes * NS_PER_MINUTE
        self.mend: Mend = lambda: None
        self.ill_since_ns = 0

    def observe(self, event: Event, commands: Sequence[Command]) -> None:
        if isinstance(event, MinuteClosed) and event.minute_ns == OPEN_NS + 3 * NS_PER_MINUTE and self._falls_ill is not None:
            self.mend = self._falls_ill(self._disk)
            self.ill_since_ns = event.ts_event_ns

    async def run(self, url: str) -> tuple[str, ...]:
        parts = scene.parts(url, self._disk / "state", observer=self.observe, stop_at_ns=self._end_ns)
        return (await run_daemon(parts)).differences


@pytest.mark.parametrize("falls_ill", [fills, refuses_to_grow, is_locked_for_good])
async def test_nothing_is_sent_that_is_not_on_disk_and_a_mended_disk_goes_on(
    falls_ill: Callable[[Path], Mend], small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence; no order of the sick time reaches the broker, what rests there stays, and the next start finds equal books."""
    monkeypatch.setattr(writer, "LOCKED_S_MAX", 0.3)
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 100)
    with scene.market() as server:
        day = Day(falls_ill, small_disk, 30)
        try:
            with pytest.raises(OperatorFault, match=r"cannot write the journal.*nothing is sent, what rests at the broker stays there"):
                await day.run(server.url)
        finally:
            day.mend()
        venue = server.simulator.venue
        known = {row["client_order_id"] for row in reads.orders(url_of(small_disk / "state"))}
        known |= {i.client_order_id for i in await unresolved(small_disk / "state")}
        sent = [order for order in venue.orders.values() if not order.parent_id]
        assert {order.client_order_id for order in sent} <= known
        resting = {o.symbol for o in venue.orders.values() if o.parent_id and not o.status.is_terminal}
        assert {symbol for symbol, p in venue.positions.items() if p.qty} == resting
        again = Day(None, small_disk, 40)
        assert await again.run(server.url) == ()


async def unresolved(state: Path) -> tuple[object, ...]:
    journal = Journal.open(url_of(state))
    try:
        return journal.unresolved_intents()
    finally:
        await journal.close()


async def test_a_journal_that_is_deleted_while_open_is_noticed_before_anything_is_sent(tmp_path: Path) -> None:
    """F23: SQLite would go on writing into a file that nobody can find again."""
    state = tmp_path / "state"
    with scene.market() as server:

        def vanishes(disk: Path) -> Mend:
            (disk / "state" / "journal.db").unlink()
            return lambda: None

        with pytest.raises(OperatorFault, match="was deleted or replaced while open"):
            await Day(vanishes, tmp_path, 30).run(server.url)
        assert not (state / "journal.db").exists()


@pytest.mark.parametrize("name", ["journal.db", "journal.db-wal"])
async def test_either_file_that_goes_is_noticed_and_another_in_its_place_is_no_comfort(name: str, tmp_path: Path) -> None:
    state = tmp_path / "state"
    journal = Journal.open(url_of(state))
    await journal.append(minute(1), [])
    copy = shutil.copy(state / name, state / "copy")
    os.replace(copy, state / name)
    with pytest.raises(OperatorFault, match="deleted or replaced"):
        await journal.append(minute(2), [SubmitOrder(intent("o2"))])
    await journal.close()


async def test_a_log_without_its_journal_starts_nothing_new(tmp_path: Path) -> None:
    state = database.private_folder(tmp_path / "state")
    (state / "journal.db-wal").write_bytes(b"\0" * 4096)
    with pytest.raises(OperatorFault, match=r"is gone, its log journal\.db-wal is not"):
        Journal.open(url_of(state))


async def test_a_read_only_file_system_is_one_sentence_at_the_start(small_disk: Path) -> None:
    """F19."""
    await Journal.open(url_of(small_disk / "state")).close()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(OperatorFault, match=r"Read-only file system|not a readable and writable folder"):
        Journal.open(url_of(small_disk / "state"))


async def test_a_slow_disk_or_a_short_lock_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """F20, F21: the order's intent is durable late, and only then is there an answer."""
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 100)
    state = tmp_path / "state"
    journal = Journal.open(url_of(state))
    await journal.append(minute(1), [])
    other = sqlite3.connect(state / "journal.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    threading.Timer(0.6, other.rollback).start()
    began = time.monotonic()
    assert await journal.append(minute(2), [SubmitOrder(intent("o2"))]) == 2
    assert time.monotonic() - began >= 0.5
    assert [i.client_order_id for i in journal.unresolved_intents()] == ["o2"]
    await journal.append(minute(3), [])
    await journal.close()
    other.close()
    assert reads.verify(url_of(state))["events"] == 3  # the chain went on from what was committed


async def test_a_lock_that_is_never_let_go_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 50)
    monkeypatch.setattr(writer, "LOCKED_S_MAX", 0.2)
    journal = Journal.open(url_of(tmp_path / "state"))
    await journal.append(minute(1), [])
    with sqlite3.connect(tmp_path / "state" / "journal.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(OperatorFault, match="database is locked"):
            await asyncio.wait_for(journal.append(minute(2), []), 5)
        other.execute("ROLLBACK")
    await journal.close()
    other.close()


def test_a_state_directory_that_others_own_or_may_write_is_refused(tmp_path: Path) -> None:
    """F24."""
    folder = database.private_folder(tmp_path / "state")
    folder.chmod(0o777)
    with pytest.raises(OperatorFault, match="everybody may write"):
        database.private_folder(folder)
    folder.chmod(0o700)
    if os.geteuid():
        pytest.skip("only root can give a folder away")
    os.chown(folder, 65534, -1)
    with pytest.raises(OperatorFault, match="belongs to another user"):
        database.private_folder(folder)
