"""The journal's cost (BENCH.md E): an order's intent durable on SQLite with full sync, hash chain included, beside a bare SQLite commit.

The minute that asks for the order is written with it. Both in turns on the same disk, so that a busy one hits both.
"""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import time
from pathlib import Path

import numpy as np

from scripts.benchmarks.measure import Figure, percentile
from tradebot.core.domain.commands import SubmitOrder
from tradebot.core.domain.events import MinuteClosed
from tradebot.core.domain.orders import Bracket, OrderIntent, Role, Side
from tradebot.shell.store.journal import Journal

ROUNDS = 2_000
WARM = 100
SYMBOLS = tuple(f"S{n:03d}" for n in range(100))
BAR_MS = 1.0


def _minute(i: int, symbols: tuple[str, ...]) -> MinuteClosed:
    units = np.full(len(symbols), 1_000_000 + i, np.int64)
    present = np.ones(len(symbols), np.bool_)
    return MinuteClosed(
        ts_event_ns=i, minute_ns=i, symbols=symbols, open=units, high=units, low=units, close=units, volume=units, present=present
    )  # fmt: skip


def _order(i: int) -> SubmitOrder:
    return SubmitOrder(
        OrderIntent(
            f"bench-20131009-1330Z-{i}-entry", "bench-20131009-1330Z", "S001", Side.BUY, 10, Role.ENTRY, "bench", 1_000_000, i,
            bracket=Bracket(900_000, 1_100_000),
        )
    )  # fmt: skip


async def _measure(folder: Path) -> dict[str, list[float]]:
    journal = Journal.open(f"sqlite:///{folder}/journal.db")
    bare = sqlite3.connect(folder / "bare.db", isolation_level=None)
    for words in ("journal_mode=WAL", "synchronous=FULL", "wal_autocheckpoint=0"):
        bare.execute(f"PRAGMA {words}")
    bare.execute("CREATE TABLE t (seq INTEGER PRIMARY KEY, body BLOB)")
    body = b"x" * 400
    took: dict[str, list[float]] = {"bare": [], "one": [], "hundred": []}
    for i in range(ROUNDS + WARM):
        began = time.perf_counter()
        bare.execute("INSERT INTO t VALUES (?, ?)", (i, body))
        took["bare"].append(time.perf_counter() - began)
        for name, symbols in (("one", SYMBOLS[:1]), ("hundred", SYMBOLS)):
            minute, order = _minute(i, symbols), _order(2 * i + (name == "one"))
            began = time.perf_counter()
            await journal.append(minute, [order])
            took[name].append(time.perf_counter() - began)
    await journal.close()
    bare.close()
    return {name: samples[WARM:] for name, samples in took.items()}


def measure() -> list[Figure]:
    with tempfile.TemporaryDirectory(dir=Path.cwd() / "data") as name:
        folder = Path(name)
        folder.chmod(0o700)
        took = asyncio.run(_measure(folder))
    bare = percentile(took["bare"], 99)
    figures = [
        Figure("bare SQLite commit, full sync, p50", percentile(took["bare"], 50) * 1e3, "ms"),
        Figure("bare SQLite commit, full sync, p99", bare * 1e3, "ms"),
    ]
    for name, words in (("one", "1 symbol"), ("hundred", "100 symbols")):
        p50, p99 = (percentile(took[name], q) for q in (50, 99))
        note = f"{p99 / bare:.1f} x a bare commit; {ROUNDS} of them"
        figures.append(Figure(f"intent durable with its minute of {words}, p50", p50 * 1e3, "ms"))
        figures.append(Figure(f"intent durable with its minute of {words}, p99", p99 * 1e3, "ms", BAR_MS, note))
    return figures
