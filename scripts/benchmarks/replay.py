"""Replay of a recorded day, 390 minutes of 100 symbols: every decision, command and state again and compared; imports included."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from scripts.benchmarks.measure import Figure, percentile
from scripts.benchmarks.newcomer import HOUSE
from scripts.benchmarks.recorded_day import record

REPEATS = 5
BAR_S = 5.0


def child_s(what: str, folder: Path) -> tuple[float, list[str]]:
    """Wall seconds of a child process from spawn to end, and what it said."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "scripts.benchmarks.recorded_day", what, str(folder)],
        cwd=HOUSE,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return time.perf_counter() - began, done.stdout.split()


def measure() -> list[Figure]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o700)
        events = asyncio.run(record(folder))
        samples, own = [], []
        for _ in range(REPEATS):
            took, (_, inside, decisions, orders) = child_s("replay", folder)
            samples.append(took)
            own.append(float(inside))
        size_mb = (folder / "journal.db").stat().st_size / 1e6
    note = f"{events} events, {decisions} decisions, {orders} orders, {size_mb:.0f} MB; max {max(samples):.2f} s of {REPEATS}"
    return [
        Figure("replay --verify, 390 minutes x 100 symbols, process", percentile(samples, 50), "s", BAR_S, note),
        Figure("  of it, after the imports", percentile(own, 50), "s", None, "chain, decisions, commands and states compared"),
    ]
