"""Features and the whole engine, in rows a second."""

from __future__ import annotations

import time

import numpy as np

from scripts.benchmarks.decision import engine, minutes, model
from scripts.benchmarks.measure import Figure, percentile
from tradebot.core.domain.bars import MarketGrid
from tradebot.core.features.catalogue import FEATURE_COUNT, scan_features

REPEATS = 5


def _grid(symbols: int, count: int) -> MarketGrid:
    slices = minutes(symbols, count)
    table = engine(symbols, model()).sessions.sessions
    columns = {name: np.stack([getattr(m, name) for m in slices]) for name in ("open", "high", "low", "close", "volume", "present")}
    stamps = np.array([m.minute_ns for m in slices])
    session_of = np.searchsorted([s.open_ns for s in table], stamps, side="right") - 1
    return MarketGrid(slices[0].symbols, stamps, session_of, table, **columns)


def measure() -> list[Figure]:
    grid = _grid(100, 1_900)
    scan_features(grid)
    samples = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        scan_features(grid)
        samples.append((time.perf_counter() - began) * 1e9 / grid.present.size / FEATURE_COUNT)
    served, walk = model(), minutes(100, 1_900)
    made = engine(100, served)
    for minute in walk[:400]:
        made.handle(minute)
    began = time.perf_counter()
    for minute in walk[400:]:
        made.handle(minute)
    rate = 100 * 1_500 / (time.perf_counter() - began)
    return [
        Figure(f"feature scan, {FEATURE_COUNT} features", percentile(samples, 50), "ns per bar and feature"),
        Figure("engine, one minute of 100 symbols at a time, 200 trees", rate, "bars/s"),
    ]
