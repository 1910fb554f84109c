"""The trading loop beside a training: the same minutes with and without the nightly child at work, in turns, in one run.

The child is the daemon's own: `tradebot train` at the priority that shell/retrain.py gives it, begun again whenever it ends. What counts is
the ratio: both columns carry the machine's noise. For orders in memory, so that the child's writes to the disk are not what is measured.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvloop

from scripts.benchmarks.decision import awake, latencies_ms, model
from scripts.benchmarks.measure import Figure, percentile
from scripts.benchmarks.newcomer import HOUSE
from tradebot.shell.retrain import lower_priority

SYMBOLS = 100
TURNS = 3
BEGUN_S = 8.0  # imports are over and the trees are growing


@contextmanager
def training(folder: Path) -> Iterator[None]:
    """One training after the other, as the daemon would run them."""
    command = f"while :; do {sys.executable} -m tradebot train -p demo --json >/dev/null 2>&1; done"
    environment = {**os.environ, "TRADEBOT__MODELS_DIR": str(folder / "models"), "TRADEBOT__STATE_DIR": str(folder / "state")}
    child = subprocess.Popen(["sh", "-c", command], cwd=HOUSE, env=environment, start_new_session=True)
    try:
        lower_priority(child.pid)
        time.sleep(BEGUN_S)
        yield
    finally:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def measure() -> list[Figure]:
    served = model()
    alone: list[float] = []
    beside: list[float] = []
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory() as models:
        for _ in range(TURNS):
            with tempfile.TemporaryDirectory(dir=memory) as folder, awake():  # as a training does: it keeps the processor from dozing
                alone += uvloop.run(latencies_ms(SYMBOLS, served, Path(folder)))
            with tempfile.TemporaryDirectory(dir=memory) as folder, training(Path(models)):
                beside += uvloop.run(latencies_ms(SYMBOLS, served, Path(folder)))
    ratio = percentile(beside, 99) / percentile(alone, 99)
    spread = f"{TURNS} turns of each; p50 {percentile(alone, 50):.2f} and {percentile(beside, 50):.2f} ms"
    return [
        Figure(f"close -> order, {SYMBOLS} sym., p99, nothing beside it", percentile(alone, 99), "ms"),
        Figure(f"close -> order, {SYMBOLS} sym., p99, while a training runs", percentile(beside, 99), "ms"),
        Figure("the second by the first", ratio, "times", None, spread),
    ]
