"""The hash chain: whatever is changed, taken out or torn off is found, by number; an older journal goes on."""

from __future__ import annotations

import os
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.shell.journaled import Recorder, minute
from tests.shell.orders import intent
from tradebot.core.domain.commands import Alert, Command, SubmitOrder
from tradebot.core.domain.events import Event
from tradebot.core.domain.faults import OperatorFault
from tradebot.shell.store import chain, migrate, reads
from tradebot.shell.store.journal import Journal
from tradebot.shell.store.recovery import recover

EVENTS = 12


def url_of(folder: Path) -> str:
    return f"sqlite:///{folder}/state/journal.db"


def database(folder: Path) -> sqlite3.Connection:
    return sqlite3.connect(folder / "state" / "journal.db", isolation_level=None)


class Talker(Recorder):
    """An order and an alert for each minute with an even number."""

    def handle(self, event: Event) -> list[Command]:
        super().handle(event)
        i = event.ts_event_ns
        return [SubmitOrder(intent(f"o{i}")), Alert("info", f"{i}")] if i % 2 == 0 else []


async def written(folder: Path, snapshot_at: int | None = None) -> str:
    """A journal of `EVENTS` minutes, answered by a `Talker`."""
    journal, engine = Journal.open(url_of(folder)), Talker()
    for i in range(1, EVENTS + 1):
        seq = await journal.append(minute(i), engine.handle(minute(i)))
        if seq == snapshot_at:
            journal.save_snapshot(seq, engine.snapshot())
    await journal.close()
    return url_of(folder)


def flipped(body: bytes, seed: int) -> bytes:
    place = random.Random(seed).randrange(len(body) * 8)
    return bytes(b ^ (1 << place % 8) if n == place // 8 else b for n, b in enumerate(body))


async def test_an_untouched_journal_is_verified_and_counted(tmp_path: Path) -> None:
    found = reads.verify(await written(tmp_path, snapshot_at=5))
    assert (found["events"], found["commands"], found["last_event"], found["chained_when_older_than"]) == (EVENTS, EVENTS, EVENTS, 0)
    again = Journal.open(url_of(tmp_path))
    await again.append(minute(99), [])
    await again.close()
    assert reads.verify(url_of(tmp_path))["events"] == EVENTS + 1


@pytest.mark.parametrize(("table", "column"), [("events", "body"), ("events", "hash"), ("commands", "body")])
async def test_one_flipped_bit_is_found_wherever_it_is(table: str, column: str, tmp_path: Path) -> None:
    """F18, one bit of each of twenty seeds."""
    url = await written(tmp_path)
    for seed in range(20):
        seq = 2 * random.Random(seed).randint(1, EVENTS // 2)
        with database(tmp_path) as connection:
            [before] = connection.execute(f"SELECT {column} FROM {table} WHERE seq = ? LIMIT 1", [seq]).fetchone()
            where = f"{table} SET {column} = ? WHERE seq = ? AND {column} = ?"
            connection.execute(f"UPDATE {where}", [flipped(before, seed), seq, before])
            with pytest.raises(OperatorFault, match=f"event {seq} is not as it was written"):
                reads.verify(url)
            connection.execute(f"UPDATE {where}", [before, seq, flipped(before, seed)])
        connection.close()
    assert reads.verify(url)["events"] == EVENTS


@pytest.mark.parametrize(
    ("change", "seq", "why"),
    [
        ("UPDATE events SET ts_ns = ts_ns + 1 WHERE seq = 4", 4, "hash does not fit"),
        ("UPDATE events SET kind = 'Tick' WHERE seq = 7", 7, "hash does not fit"),
        ("UPDATE events SET hash = NULL WHERE seq = 3", 3, "hash does not fit"),
        ("DELETE FROM events WHERE seq = 6", 6, "the event is not"),
        ("DELETE FROM events WHERE seq = 7", 7, "missing"),
        ("DELETE FROM commands WHERE seq = 8 AND n = 1", 8, "hash does not fit"),
        ("UPDATE commands SET n = 2 WHERE seq = 8 AND n = 1", 8, "hash does not fit"),
        ("UPDATE commands SET seq = 9 WHERE seq = 8", 8, "hash does not fit"),
        ("DELETE FROM events WHERE seq > 11", 12, "the event is not"),
        ("DELETE FROM events WHERE seq > 11; DELETE FROM commands WHERE seq > 11", 12, "intents speak of it, the events end with 11"),
    ],
)
async def test_what_is_changed_moved_or_torn_off_is_named(change: str, seq: int, why: str, tmp_path: Path) -> None:
    """F17 for the last ones: a journal whose tail is gone."""
    url = await written(tmp_path)
    with database(tmp_path) as connection:
        connection.executescript(change)
    connection.close()
    with pytest.raises(OperatorFault, match=rf"event {seq} is not as it was written \(.*{why}"):
        reads.verify(url)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("UPDATE events SET body = x'00' WHERE seq = 9", "event 9 is not as it was written"),
        ("UPDATE snapshots SET body = x'90'", "snapshot of event 5 is not as it was written"),
        ("UPDATE events SET hash = x'00' WHERE seq = 5", "event 5 is not as it was written"),
        ("DELETE FROM events WHERE seq = 12", "event 12 is not as it was written"),
    ],
)
async def test_a_broken_tail_or_snapshot_stops_the_start(change: str, words: str, tmp_path: Path) -> None:
    url = await written(tmp_path, snapshot_at=5)
    with database(tmp_path) as connection:
        connection.execute(change)
    connection.close()
    journal = Journal.open(url)
    with pytest.raises(OperatorFault, match=words):
        recover(journal, Talker)
    await journal.close()


async def test_a_start_reads_no_further_back_than_its_snapshot(tmp_path: Path) -> None:
    """What is broken before it is found by `journal verify`, and does not cost every start the whole journal."""
    url = await written(tmp_path, snapshot_at=5)
    with database(tmp_path) as connection:
        connection.execute("UPDATE events SET body = x'00' WHERE seq = 2")
    connection.close()
    journal = Journal.open(url)
    assert recover(journal, Talker).replayed == EVENTS - 5
    await journal.close()
    with pytest.raises(OperatorFault, match="event 2 "):
        reads.verify(url)


async def test_a_torn_file_is_one_sentence(tmp_path: Path) -> None:
    url = await written(tmp_path)
    path = tmp_path / "state" / "journal.db"
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(OperatorFault, match=r"journal.*malformed"):
        reads.verify(url)
    with pytest.raises(OperatorFault, match=r"journal.*malformed"):
        Journal.open(url)


async def test_a_torn_write_ahead_log_costs_what_was_not_whole_and_the_rest_is_chained(tmp_path: Path) -> None:
    """F17: the last frames of the log never reached the disk; SQLite gives what was committed before, and the chain of it is whole."""
    journal = Journal.open(url_of(tmp_path))
    for i in range(1, EVENTS + 1):
        await journal.append(minute(i), [])
    log = tmp_path / "state" / "journal.db-wal"
    kept = {p.name: p.read_bytes() for p in log.parent.iterdir()}
    await journal.close()
    for name, data in kept.items():
        (log.parent / name).write_bytes(data[:-3000] if name == log.name else data)
    (log.parent / "journal.db-shm").unlink()
    again = Journal.open(url_of(tmp_path))
    assert 0 < again.last_seq < EVENTS
    assert len(list(again.events())) == again.last_seq
    assert await again.append(minute(7), []) == again.last_seq
    await again.close()
    assert reads.verify(url_of(tmp_path))["events"] == again.last_seq


def to_schema_1(folder: Path) -> None:
    """As version 1 of the program left it."""
    with database(folder) as connection:
        connection.executescript(
            "ALTER TABLE events DROP COLUMN hash; ALTER TABLE snapshots DROP COLUMN hash; ALTER TABLE snapshots DROP COLUMN state_sha256;"
            "ALTER TABLE snapshots DROP COLUMN session; DROP TABLE seals; UPDATE schema_version SET version = 1"
        )
    connection.close()


async def test_a_journal_of_schema_1_goes_on_with_a_marked_beginning(tmp_path: Path) -> None:
    url = await written(tmp_path, snapshot_at=5)
    head = reads.verify(url)["head_sha256"]
    to_schema_1(tmp_path)
    with pytest.raises(OperatorFault, match="schema 1: the next start"):
        reads.verify(url)
    journal = Journal.open(url)
    assert recover(journal, Talker).replayed == EVENTS - 5
    await journal.append(minute(13), [])
    await journal.close()
    found = reads.verify(url)
    assert (found["events"], found["chained_when_older_than"]) == (EVENTS + 1, EVENTS + 1)
    with database(tmp_path) as connection:
        [chained] = connection.execute("SELECT hash FROM events WHERE seq = ?", [EVENTS]).fetchone()
    connection.close()
    assert chained.hex() == head


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 5])
async def test_a_migration_that_dies_half_way_is_mended_by_the_next_start(
    steps: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F1: SIGKILL in mid-migration, by an exception at each of its steps."""
    url = await written(tmp_path)
    to_schema_1(tmp_path)
    left = [steps]

    def dying(real: Callable[..., object]) -> Callable[..., object]:
        def step(*values: object) -> object:
            left[0] -= 1
            if left[0] < 0:
                raise KeyboardInterrupt
            return real(*values)

        return step

    with monkeypatch.context() as patch:
        patch.setattr(migrate, "_add", dying(migrate._add))
        patch.setattr(chain, "link", dying(chain.link))
        with pytest.raises(KeyboardInterrupt):
            Journal.open(url)
    await Journal.open(url).close()
    assert reads.verify(url)["events"] == EVENTS


async def test_a_program_that_would_have_ordered_otherwise_does_not_go_on_with_these_books(tmp_path: Path) -> None:
    url = await written(tmp_path, snapshot_at=5)
    journal = Journal.open(url)
    with pytest.raises(OperatorFault, match="answers the journal's event 6 with other orders"):
        recover(journal, Recorder)
    await journal.close()
