"""Recovery after SIGKILL with a full day's journal and no snapshot: from spawning the process to the engine as it was, imports included."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from scripts.benchmarks.measure import Figure, percentile
from scripts.benchmarks.recorded_day import record
from scripts.benchmarks.replay import child_s

REPEATS = 5
BAR_S = 5.0


def measure() -> list[Figure]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o700)
        asyncio.run(record(folder, minutes=389))  # killed in the last minute: the snapshot of the close was never taken
        samples, own = [], []
        for _ in range(REPEATS):
            took, (replayed, inside) = child_s("recover", folder)
            samples.append(took)
            own.append(float(inside))
    note = f"{replayed} events, chain checked; max {max(samples):.2f} s of {REPEATS}"
    return [
        Figure("recovery, 390 minutes x 100 symbols, process", percentile(samples, 50), "s", BAR_S, note),
        Figure("  of it, after the imports", percentile(own, 50), "s", None),
    ]
