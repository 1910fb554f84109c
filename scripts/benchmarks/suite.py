"""How long the whole test command takes."""

from __future__ import annotations

import subprocess
import time

from scripts.benchmarks.measure import Figure
from scripts.benchmarks.newcomer import HOUSE


def measure() -> list[Figure]:
    began = time.perf_counter()
    subprocess.run(["scripts/test"], cwd=HOUSE, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return [Figure("scripts/test", time.perf_counter() - began, "s", 300.0, "lint, types, contracts and tests")]
