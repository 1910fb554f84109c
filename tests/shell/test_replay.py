"""Replay: a recorded day comes out the same, and one changed value is named, with the record that holds it."""

from __future__ import annotations

import asyncio
import datetime as dt
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from tests.shell import scene
from tests.shell.replayed import FOR_EVER_NS, replayed
from tradebot.core.config_text import changes, config_text
from tradebot.core.domain.commands import Command, SubmitOrder
from tradebot.core.domain.decision import Decision
from tradebot.core.domain.events import DaemonStarted, Event, MinuteClosed, decode_event, decode_hook, encode_event
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.shell.store import chain
from tradebot.shell.store.day import summary
from tradebot.shell.store.journal import Journal
from tradebot.shell.store.projections import encode
from tradebot.shell.store.reads import reading
from tradebot.shell.store.replay import Divergence, replay

NOON_NS = scene.start_ns() + 155 * NS_PER_MINUTE


async def record(path: Path) -> None:
    """The scene's day traded in process against the venue, journaled as the pump would, with a snapshot at noon and one at the end."""
    journal, simulation = Journal.open(f"sqlite:///{path}"), scene.in_process()

    def observe(event: Event, commands: Sequence[Command]) -> None:
        seq = journal.append_soon(event, commands)
        if isinstance(event, MinuteClosed) and event.minute_ns == NOON_NS:
            journal.save_snapshot(seq, simulation.engine.snapshot())

    simulation.observer = observe
    started = DaemonStarted(ts_event_ns=scene.start_ns(), config=config_text(scene.engine_config()), program="test")
    observe(started, simulation.engine.handle(started))
    simulation.run("cents")
    journal.save_snapshot(journal.last_seq, simulation.engine.snapshot(), scene.DAY.isoformat())
    await journal.close()


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("replay") / "state" / "day.db"
    asyncio.run(record(path))
    return path


def test_a_day_comes_out_as_it_was_recorded_to_the_states_last_bit(recorded: Path) -> None:
    found = replayed(recorded)
    assert found.divergence is None
    assert (found.seals, found.unwritten, found.from_seq, found.programs) == (2, 0, 1, ["test"])
    assert found.commands["RecordDecision"] == 390
    assert found.commands["RecordFill"] > 50
    told = summary(f"sqlite:///{recorded}", 0, FOR_EVER_NS)
    assert (told["decisions"], told["fills"], told["orders"]) == (390, found.commands["RecordFill"], found.commands["SubmitOrder"])
    with closing(sqlite3.connect(recorded)) as connection:
        assert found.state_sha256 == connection.execute("SELECT hex(state_sha256) FROM seals ORDER BY seq DESC").fetchone()[0].lower()


def test_a_span_begins_at_the_newest_snapshot_before_it(recorded: Path) -> None:
    found = replay(f"sqlite:///{recorded}", scene.new_engine, NOON_NS + 5 * NS_PER_MINUTE, FOR_EVER_NS)
    assert found.divergence is None
    assert 1 < found.from_seq < found.first_seq
    assert (found.programs, found.configs) == (["test"], [config_text(scene.engine_config())])
    assert found.state_sha256 == replayed(recorded).state_sha256
    assert replay(f"sqlite:///{recorded}", scene.new_engine, 0, 1).first_seq == 0


def rechained(path: Path) -> None:
    """What somebody would have to do who changes a record unseen."""
    with reading(f"sqlite:///{path}") as connection:
        records, hashes, previous = list(chain.records(connection)), [], chain.START
    for r in records:
        previous = chain.link(previous, r.seq, r.ts_ns, r.kind, r.body, r.commands)
        hashes.append((previous, r.seq))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany("UPDATE events SET hash = ? WHERE seq = ?", hashes)
        connection.execute("DELETE FROM snapshots")


def one(connection: sqlite3.Connection, query: str) -> tuple[int, bytes]:
    seq, body = connection.execute(query).fetchone()
    return seq, body


def another_confidence(connection: sqlite3.Connection) -> int:
    seq, body = one(connection, "SELECT seq, body FROM decisions ORDER BY seq LIMIT 1 OFFSET 100")
    decision = msgspec.msgpack.decode(body, type=Decision, dec_hook=decode_hook)
    view = decision.confidence.view("int64")
    view[2] ^= 1
    connection.execute("UPDATE decisions SET body = ? WHERE seq = ?", [encode(decision), seq])
    return seq


def another_quantity(connection: sqlite3.Connection) -> int:
    seq, body = one(connection, "SELECT seq, body FROM commands WHERE kind = 'SubmitOrder' LIMIT 1 OFFSET 7")
    order = msgspec.msgpack.decode(body, type=SubmitOrder)
    changed = encode(SubmitOrder(msgspec.structs.replace(order.intent, qty=order.intent.qty + 1)))
    connection.execute("UPDATE commands SET body = ? WHERE seq = ? AND body = ?", [changed, seq, body])
    return seq


def a_trade_less(connection: sqlite3.Connection) -> int:
    seq, _ = one(connection, "SELECT seq, body FROM commands WHERE kind = 'RecordTrade' LIMIT 1 OFFSET 3")
    connection.execute("DELETE FROM commands WHERE kind = 'RecordTrade' AND seq = ?", [seq])
    return seq


def a_decision_less(connection: sqlite3.Connection) -> int:
    seq, _ = one(connection, "SELECT seq, body FROM decisions ORDER BY seq LIMIT 1 OFFSET 50")
    connection.execute("DELETE FROM decisions WHERE seq = ?", [seq])
    return seq


def another_state(connection: sqlite3.Connection) -> int:
    [seq] = connection.execute("SELECT min(seq) FROM seals").fetchone()
    connection.execute("UPDATE seals SET state_sha256 = zeroblob(32) WHERE seq = ?", [seq])
    return int(seq)


def another_price(connection: sqlite3.Connection) -> int:
    """A bar that was not the one that was seen: its decision names another price."""
    seq, body = one(connection, "SELECT e.seq, e.body FROM events e JOIN decisions d ON d.seq = e.seq ORDER BY e.seq LIMIT 1 OFFSET 30")
    minute = decode_event(body)
    assert isinstance(minute, MinuteClosed)
    minute.close[0] += 1
    connection.execute("UPDATE events SET body = ? WHERE seq = ?", [encode_event(minute), seq])
    return seq


def another_configuration(connection: sqlite3.Connection) -> int:
    _, body = one(connection, "SELECT seq, body FROM events WHERE kind = 'DaemonStarted'")
    started = decode_event(body)
    assert isinstance(started, DaemonStarted)
    config = started.config.replace('"positions_max":3', '"positions_max":2')
    assert config != started.config
    connection.execute("UPDATE events SET body = ? WHERE seq = 1", [encode_event(msgspec.structs.replace(started, config=config))])
    return 0


@pytest.mark.parametrize(
    ("change", "kind", "field"),
    [
        (another_confidence, "RecordDecision", "confidence[2]"),
        (another_quantity, "SubmitOrder", "intent.qty"),
        (a_trade_less, "RecordTrade", ""),
        (a_decision_less, "RecordDecision", ""),
        (another_state, "state", "sha256"),
        (another_price, "RecordDecision", "features[0, 0]"),
        (another_configuration, "", ""),
    ],
)
def test_one_changed_value_is_named_with_its_record(
    change: Callable[[sqlite3.Connection], int], kind: str, field: str, recorded: Path, tmp_path: Path
) -> None:
    path = tmp_path / "day.sqlite"
    shutil.copy(recorded, path)
    with closing(sqlite3.connect(path)) as connection, connection:
        seq = change(connection)
    rechained(path)
    found = replayed(path).divergence
    assert isinstance(found, Divergence)
    assert found.recorded != found.derived
    if kind:
        assert (found.seq, found.kind, found.field) == (seq, kind, field)


def test_what_differs_between_two_configurations_is_said_by_key() -> None:
    before = config_text(scene.engine_config())
    assert changes(before, before) == []
    assert changes(before, before.replace('"positions_max":3', '"positions_max":2')) == ["limits.positions_max: 3 -> 2"]


def test_a_day_that_is_not_there_is_one_sentence(recorded: Path) -> None:
    from tradebot import app

    assert app.tell_day("demo", scene.DAY, path=recorded)["decisions"] == 390
    with pytest.raises(OperatorFault, match="2013-10-12 is no trading day"):
        app.replay_day("demo", dt.date(2013, 10, 12), path=recorded)
    with pytest.raises(OperatorFault, match="holds nothing of 2013-11-01; it goes from 2013-10-09"):
        app.tell_day("demo", dt.date(2013, 11, 1), path=recorded)
    with pytest.raises(OperatorFault, match="there is no journal"):
        app.tell_day("demo", scene.DAY, path=recorded.parent / "none.db")
