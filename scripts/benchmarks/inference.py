"""Served models beside the libraries that fit them and ONNX Runtime, one row, a hundred, and the whole market's minute (BENCH.md D).

300 XGBoost trees of depth 6 and a scikit-learn forest of 200 trees of depth 8, on 30 features. Each repeat asks ours and every peer, one
after the other, for the same rows; all may use two threads. The last line says how far answers differ: between one row and a batch of
ours, and between ours and the library's.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

from scripts.benchmarks.measure import Figure, percentile
from tradebot.learning.config import TrainingConfig
from tradebot.learning.trainers import random_forest, xgboost
from tradebot.learning.trainers.trainer import Fitted, Rows
from tradebot.serving.artefacts.artefact import Artefact, Float

FEATURES, TRAINED, THREADS = 30, 40_000, 2
BATCHES = ((1, 2_000, 30.0), (100, 300, 400.0), (11_000, 15, 60_000.0))  # rows, repeats, bar in microseconds
Predict = Callable[[Float], Any]


def measure() -> list[Figure]:
    rng = np.random.default_rng(7)
    values = rng.normal(size=(TRAINED, FEATURES))
    odds = values[:, 0] * values[:, 1] + 0.5 * values[:, 2]
    target = (rng.random(TRAINED) < 1.0 / (1.0 + np.exp(-odds))).astype(np.float64)
    order = np.arange(TRAINED)
    train = Rows(values, target, np.ones(TRAINED), order, order, order)
    nothing = train.where(order[:0])
    settings = TrainingConfig(trees=300, depth=6, min_leaf=1, jobs=THREADS, device="cpu")
    boosted = xgboost.fit(train, nothing, settings, _silent)
    forest = random_forest.fit(train, nothing, TrainingConfig(trees=200, depth=8, jobs=THREADS), _silent)
    return [
        *_compared("300 XGBoost trees, depth 6", boosted, {"XGBoost in place": boosted.reference}, values),
        *_compared("200 forest trees, depth 8", forest, {"scikit-learn": forest.reference}, values),
    ]


def _compared(name: str, fitted: Fitted, peers: dict[str, Predict], values: Float) -> list[Figure]:
    ours = fitted.artefact.predictor()
    if find_spec("onnx") and find_spec("onnxruntime"):
        peers = {**peers, "ONNX Runtime": _onnx(fitted.artefact)}
    else:
        print("ONNX Runtime is not installed (extra onnx): left out", file=sys.stderr)
    figures = []
    for rows, repeats, bar in BATCHES:
        asked = np.ascontiguousarray(values[:rows])
        seconds: dict[str, list[float]] = {who: [] for who in ("", *peers)}
        slow = max(3, repeats // 20)  # a peer that takes long is asked less often
        for turn in range(repeats + 1):
            for who, predict in {"": ours, **peers}.items():
                if who and turn > slow and rows < 11_000:
                    continue
                began = time.perf_counter()
                predict(asked)
                seconds[who].append(time.perf_counter() - began)
        median = {who: percentile(taken[1:], 50) * 1e6 for who, taken in seconds.items()}
        beside = ", ".join(f"{who} {median[who]:,.0f} ({median[who] / median['']:.1f}x)" for who in peers)
        label = "1 row" if rows == 1 else f"{rows:,} rows"
        spread = f"ours {min(seconds[''][1:]) * 1e6:,.1f} at best, p99 {percentile(seconds[''][1:], 99) * 1e6:,.1f}"
        figures.append(Figure(f"{name}: {label}", median[""], "us", bar, f"{beside}; {spread}"))
    batch = ours(values[:2_000])
    alone = np.concatenate([ours(values[i : i + 1]) for i in range(2_000)])
    apart = float(np.abs(batch - fitted.reference(values[:2_000])).max())
    figures.append(Figure(f"{name}: one row against a batch", float(np.abs(batch - alone).max()), "", 1e-300, f"library {apart:.1e} apart"))
    return figures


def _onnx(artefact: Artefact) -> Predict:
    """The model's own export."""
    from onnxruntime import InferenceSession, SessionOptions

    from tradebot.learning.export.catalogue import emit
    from tradebot.learning.export.graph import Graph

    graph = Graph()
    data = graph.model(emit(artefact, graph, Graph.rows), artefact.inputs, artefact.outputs, {}, "bench")
    options = SessionOptions()
    options.intra_op_num_threads = THREADS
    session = InferenceSession(data, options, providers=["CPUExecutionProvider"])
    return lambda rows: session.run(None, {Graph.rows: rows})


def _silent(_: str) -> None:
    pass
