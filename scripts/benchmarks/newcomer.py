"""What a newcomer waits for: `scripts/run` in a fresh clone, twice, with the packages in pip's cache."""

from __future__ import annotations

import subprocess
import tempfile
import time
from pathlib import Path

from scripts.benchmarks.measure import Figure

HOUSE = Path(__file__).parents[2]


def measure() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "tradebot"
        subprocess.run(["git", "clone", "-q", str(HOUSE), str(clone)], check=True)
        first, again = _run(clone), _run(clone)
    return [
        Figure("scripts/run in a fresh clone, the first time", first, "s", 180.0, "virtual environment and packages included"),
        Figure("scripts/run again", again, "s", 60.0, "train, trade three sessions, sum up"),
    ]


def _run(clone: Path) -> float:
    began = time.perf_counter()
    subprocess.run(["scripts/run"], cwd=clone, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began
