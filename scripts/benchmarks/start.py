"""Warm start: from spawning `tradebot run` to the first decision in the journal, imports and history included."""

from __future__ import annotations

import os
import select
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from scripts.benchmarks.measure import Figure, percentile
from scripts.benchmarks.newcomer import HOUSE

REPEATS = 5
TRADEBOT = (sys.executable, "-m", "tradebot")
DECISION_S_MAX = 60.0


@contextmanager
def _simulated_alpaca() -> Iterator[str]:
    """In step mode: the market waits for the daemon, so that only the daemon's own time counts."""
    words = [*TRADEBOT, "sim-alpaca", "--bars", "data/sample", "--port", "0", "--start", "2013-10-10T09:30", "--speed", "0"]
    server = subprocess.Popen(words, cwd=HOUSE, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        if not select.select([server.stdout], [], [], DECISION_S_MAX)[0]:
            raise RuntimeError("the simulated Alpaca did not start")
        yield server.stdout.readline().split()[0]
    finally:
        server.terminate()
        server.wait()


def _first_decision_s(environment: dict[str, str], journal: Path) -> float:
    with _simulated_alpaca() as url:
        began = time.perf_counter()
        daemon = subprocess.Popen([*TRADEBOT, "run", "-p", "demo", "--alpaca", url], cwd=HOUSE, env=environment, stdout=subprocess.DEVNULL)
        try:
            while not _has_decided(journal):
                if daemon.poll() is not None or time.perf_counter() - began > DECISION_S_MAX:
                    raise RuntimeError("the daemon did not decide")
                time.sleep(0.01)
            return time.perf_counter() - began
        finally:
            daemon.kill()
            daemon.wait()


def _has_decided(journal: Path) -> bool:
    if not journal.exists():
        return False
    with closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True)) as connection:
        try:
            return bool(connection.execute("SELECT 1 FROM decisions LIMIT 1").fetchone())
        except sqlite3.OperationalError:
            return False  # the tables are being made


def measure() -> list[Figure]:
    samples = []
    with tempfile.TemporaryDirectory() as folder:
        keys = {"ALPACA_API_KEY": "BENCH", "ALPACA_SECRET_KEY": "BENCH-SECRET"}
        common = {**os.environ, **keys, "TRADEBOT__MODELS_DIR": f"{folder}/models"}
        subprocess.run([*TRADEBOT, "train", "-p", "demo", "--until", "2013-10-08", "--json"], cwd=HOUSE, env=common, check=True, stdout=-3)
        for i in range(REPEATS + 1):
            state = Path(folder) / str(i)
            samples.append(_first_decision_s({**common, "TRADEBOT__STATE_DIR": str(state)}, state / "demo" / "journal.sqlite3"))
    warm = samples[1:]
    return [Figure("warm daemon start -> first decision", percentile(warm, 50), "s", 3.0, f"max {max(warm):.2f} s of {REPEATS}")]
