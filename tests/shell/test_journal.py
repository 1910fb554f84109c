"""The journal: durable on return, private, exact, and honest about what it cannot do."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
from datetime import date
from pathlib import Path

import msgspec
import numpy as np
import pytest

from tests.shell.journaled import Recorder, decision, minute
from tests.shell.orders import intent
from tradebot.core.domain.commands import RecordTrade, SubmitOrder
from tradebot.core.domain.events import JobEnded, MinuteClosed, OrderRefused, OrderReported, ReplyLost, Tick, TickKind
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.orders import OrderKind, OrderReport, OrderStatus, Side
from tradebot.core.domain.trade import Trade
from tradebot.shell.store import reads
from tradebot.shell.store.database import private_folder
from tradebot.shell.store.journal import Journal
from tradebot.shell.store.recovery import recover

DAY = date(2013, 10, 9)


def url_of(folder: Path) -> str:
    return f"sqlite:///{folder}/state/journal.db"


def report(status: OrderStatus, filled: int = 0, broker_id: str = "b1", legs: tuple[OrderReport, ...] = ()) -> OrderReport:
    return OrderReport(broker_id, "o1", "SPY", Side.BUY, OrderKind.MARKET, status, 5, filled, filled * 1_000_000, 3, legs=legs)


async def test_events_come_back_unchanged_and_in_order(tmp_path: Path) -> None:
    events = [minute(1), Tick(ts_event_ns=2, kind=TickKind.FLATTEN, session=DAY, due_ns=2), minute(3)]
    journal = Journal.open(url_of(tmp_path))
    for event in events:
        await journal.append(event, [])
    await journal.close()
    again = Journal.open(url_of(tmp_path))
    assert list(again.events()) == list(enumerate(events, start=1))
    assert list(again.events(2)) == [(3, events[2])]
    assert again.last_event(MinuteClosed) == events[2]
    assert await again.append(minute(4), []) == 4
    await again.close()


async def test_tape_and_macro_come_back_unchanged_and_bit_for_bit(tmp_path: Path) -> None:
    tape = np.array([[1_000_100, 1_000_300, 7, 300, 200], [0] * 5])
    full = msgspec.structs.replace(minute(1), tape=tape, macro=np.array([20.34, np.nan, -0.0]))
    journal = Journal.open(url_of(tmp_path))
    await journal.append(full, [])
    await journal.append(minute(2), [])
    await journal.close()
    again = Journal.open(url_of(tmp_path))
    (_, found), (_, bare) = again.events()
    assert isinstance(found, MinuteClosed)
    assert isinstance(bare, MinuteClosed)
    assert found.tape is not None
    assert found.macro is not None
    assert (found.tape.dtype, found.tape.tolist()) == (np.int64, tape.tolist())
    assert found.macro.tobytes() == np.array([20.34, np.nan, -0.0]).tobytes()
    assert (bare.tape, bare.macro) == (None, None)
    assert found == full
    assert found != minute(1)
    await again.close()


async def test_what_was_durable_survives_sigkill(tmp_path: Path) -> None:
    private_folder(tmp_path / "state")
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.shell.journaled", url_of(tmp_path)], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    assert child.stdout is not None
    for _ in range(40):
        child.stdout.readline()
    child.send_signal(signal.SIGKILL)
    said = 39 + len(child.stdout.read().splitlines())
    child.wait()
    journal = Journal.open(url_of(tmp_path))
    recovered = recover(journal, Recorder)
    assert recovered.seq >= said + 1
    assert isinstance(recovered.engine, Recorder)
    assert recovered.engine.seen == list(range(recovered.seq))
    assert [i.client_order_id for i in journal.unresolved_intents()] == [f"o{i}" for i in range(recovered.seq)]
    await journal.close()
    assert len(reads.decisions(url_of(tmp_path))) == recovered.seq


async def test_recovery_starts_at_the_snapshot_and_replays_the_tail(tmp_path: Path) -> None:
    journal, engine = Journal.open(url_of(tmp_path)), Recorder()
    for i in range(6):
        event = minute(i)
        seq = await journal.append(event, engine.handle(event))
        if i == 3:
            journal.save_snapshot(seq, engine.snapshot())
    await journal.close()
    again = Journal.open(url_of(tmp_path))
    recovered = recover(again, Recorder)
    assert (recovered.replayed, recovered.seq, recovered.last_event_ns) == (2, 6, 5)
    assert isinstance(recovered.engine, Recorder)
    assert recovered.engine.seen == engine.seen
    await again.close()


async def test_decisions_and_predictions_are_read_back_exactly(tmp_path: Path) -> None:
    journal, engine = Journal.open(url_of(tmp_path)), Recorder()
    for i in range(3):
        await journal.append(minute(i), engine.handle(minute(i)))
    await journal.flush()
    found = reads.decisions(url_of(tmp_path), since_ns=1)
    assert [d.decision_id for d in found] == ["d1", "d2"]
    np.testing.assert_array_equal(found[0].features, decision(1).features)
    assert [(p["symbol"], p["price_units"]) for p in reads.predictions(url_of(tmp_path))] == [("A", 1_000_000)] * 3
    await journal.close()


async def test_an_intent_is_resolved_by_the_brokers_word_and_not_unresolved_again(tmp_path: Path) -> None:
    journal = Journal.open(url_of(tmp_path))
    await journal.append(minute(1), [SubmitOrder(intent("o1")), SubmitOrder(intent("o2")), SubmitOrder(intent("o3"))])
    await journal.append(OrderReported(ts_event_ns=2, report=report(OrderStatus.NEW)), [])
    await journal.append(ReplyLost(ts_event_ns=3, client_order_id="o1", reason="late news"), [])
    await journal.append(OrderRefused(ts_event_ns=4, client_order_id="o2", code=1, reason="no"), [])
    await journal.append(ReplyLost(ts_event_ns=5, client_order_id="o3", reason="timeout"), [])
    assert [i.client_order_id for i in journal.unresolved_intents()] == ["o3"]
    assert reads.counts(url_of(tmp_path))["refusals"] == 1
    await journal.close()


async def test_an_orders_last_word_is_kept_whatever_comes_late(tmp_path: Path) -> None:
    leg = report(OrderStatus.HELD, broker_id="leg")
    journal = Journal.open(url_of(tmp_path))
    for word in (report(OrderStatus.PARTIALLY_FILLED, 2, legs=(leg,)), report(OrderStatus.FILLED, 5), report(OrderStatus.NEW)):
        await journal.append(OrderReported(ts_event_ns=1, report=word), [])
    await journal.append(OrderReported(ts_event_ns=1, report=report(OrderStatus.NEW, broker_id="leg")), [])
    orders = {row["broker_id"]: row for row in reads.orders(url_of(tmp_path))}
    assert (orders["b1"]["status"], orders["b1"]["filled_qty"]) == ("filled", 5)
    assert (orders["leg"]["status"], orders["leg"]["parent_id"]) == ("new", "b1")
    assert journal.open_orders() == ("b1",)
    await journal.close()


async def test_a_trades_newer_word_wins_and_a_jobs_first_word_stays(tmp_path: Path) -> None:
    trade = Trade("t1", "SPY", Side.BUY, 5, 5_000_000, 1, 0.7, 1, 2)
    journal = Journal.open(url_of(tmp_path))
    await journal.append(minute(1), [RecordTrade(trade)])
    await journal.append(minute(2), [RecordTrade(Trade("t1", "SPY", Side.BUY, 5, 5_000_000, 1, 0.7, 1, 2, "CLOSED", pnl_units=-7))])
    for outcome in ("ran", "skipped"):
        await journal.append(JobEnded(ts_event_ns=3, job="retrain", session=DAY, outcome=outcome, reason=""), [])
    (found,) = reads.trades(url_of(tmp_path))
    assert (found.status, found.pnl_units) == ("CLOSED", -7)
    assert journal.job_outcomes("2013-10-09") == {"retrain": "ran"}
    await journal.close()


async def test_the_files_belong_to_their_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        journal = Journal.open(url_of(tmp_path))
        await journal.append(minute(1), [])
        modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in (tmp_path / "state").iterdir()}
        assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700
    finally:
        os.umask(before)
    assert {"journal.db", "journal.db-wal"} <= modes.keys()
    assert set(modes.values()) == {0o600}
    await journal.close()


async def test_a_newer_schema_a_file_that_is_none_and_a_useless_folder_are_the_operators(tmp_path: Path) -> None:
    await Journal.open(url_of(tmp_path)).close()
    with sqlite3.connect(tmp_path / "state/journal.db") as connection:
        connection.execute("UPDATE schema_version SET version = 99")
    connection.close()
    with pytest.raises(OperatorFault, match="schema 99, newer"):
        Journal.open(url_of(tmp_path))
    (tmp_path / "state/noise.db").write_bytes(b"this is no database, but long enough to be taken for one" * 30)
    with pytest.raises(OperatorFault, match="cannot use the journal"):
        Journal.open(f"sqlite:///{tmp_path}/state/noise.db")
    (tmp_path / "file").touch()
    with pytest.raises(OperatorFault, match="state directory"):
        Journal.open(f"sqlite:///{tmp_path}/file/journal.db")
    with pytest.raises(OperatorFault, match="not a database URL"):
        Journal.open("::")
    with pytest.raises(OperatorFault, match="driver is not installed"):
        Journal.open("postgresql+nosuchdriver://localhost/tradebot")
    with pytest.raises(OperatorFault, match="cannot open the journal"):
        reads.counts(f"sqlite:///{tmp_path}/nowhere.db")


async def test_a_journal_that_cannot_be_written_lets_nothing_be_acted_upon(tmp_path: Path) -> None:
    journal = Journal.open(url_of(tmp_path))
    await journal.append(minute(1), [])
    with sqlite3.connect(tmp_path / "state/journal.db") as connection:
        connection.execute("DROP TABLE events")
    connection.close()
    with pytest.raises(OperatorFault, match="cannot write the journal"):
        await journal.append(minute(2), [])
    with pytest.raises(OperatorFault, match="cannot write the journal"):
        journal.append_soon(minute(3), [])
    await journal.close()


async def test_only_the_newest_snapshot_and_the_one_before_it_are_kept(tmp_path: Path) -> None:
    journal = Journal.open(url_of(tmp_path))
    for i in range(5):
        seq = await journal.append(minute(i), [])
        journal.save_snapshot(seq, f"state {i}".encode())
        await journal.flush()
    assert journal.latest_snapshot() == (5, b"state 4")
    await journal.close()
    with sqlite3.connect(tmp_path / "state" / "journal.db") as connection:
        assert connection.execute("SELECT seq FROM snapshots ORDER BY seq").fetchall() == [(4,), (5,)]
