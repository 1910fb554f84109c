"""Networks: one row, a hundred and a whole market, ours beside PyTorch and ONNX Runtime on the same weights; and what training takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

from scripts.benchmarks.measure import Figure, percentile
from tradebot.learning.config import NetworkConfig
from tradebot.serving.artefacts.network import NetworkArtefact, Reading
from tradebot.serving.networks.architecture import Architecture

MARKET = 11_000
BARS_US = {1: 30.0, 100: 400.0, MARKET: 60_000.0}  # BENCH.md D
TRAINED_ROWS = 20_000
_FRAMES = ((30, 3), (12, 3), (8, 3), (6, 3), (5, 3))
MEASURED = {
    "LSTM 64 over 30 steps of 30": Architecture("lstm", ((30, 30),), 0, 64, 1, 1, 1),  # the one of BENCH.md D
    "LSTM 64, five timeframes": Architecture("lstm", _FRAMES, 31, 64, 1, 1, 1),
    "attention 64, five timeframes": Architecture("attention", _FRAMES, 31, 64, 1, 4, 1),
}
Predict = Callable[[Any], Any]


def measure() -> list[Figure]:
    figures = [figure for name, sizes in MEASURED.items() for figure in served(name, artefact(sizes))]
    return figures + [trained(name, sizes) for name, sizes in list(MEASURED.items())[1:]]


def artefact(sizes: Architecture) -> NetworkArtefact:
    """A network as fresh ones are: uniform weights of the usual size, norms that do nothing."""
    rng = np.random.default_rng(1)
    bound = 1.0 / np.sqrt(sizes.width)
    arrays = {name: rng.uniform(-bound, bound, shape).astype(np.float32) for name, shape in sizes.shapes().items()}
    count = sizes.inputs
    return NetworkArtefact(sizes, arrays, Reading(count, np.arange(count), np.zeros(count), np.ones(count)), "probability")


def served(name: str, made: NetworkArtefact) -> list[Figure]:
    rows = np.random.default_rng(2).normal(size=(MARKET, made.inputs))
    ours = made.predictor()
    peers = {"PyTorch eager, one thread": torch_eager(made)}
    if find_spec("onnx") and find_spec("onnxruntime"):
        peers["ONNX Runtime"] = onnx_runtime(made)
    figures = []
    for count in (1, 100, MARKET):
        part = rows[:count]
        theirs = {peer: p50_us(predict, part) for peer, predict in peers.items()}
        figure = p50_us(ours, part)
        beside = ", ".join(f"{peer} {us:,.0f} ({us / figure:.1f}x)" for peer, us in theirs.items())
        figures.append(Figure(f"{name}, {count:,} row{'s' * (count > 1)}, p50", figure, "us", BARS_US[count], beside))
    return figures


def p50_us(predict: Predict, rows: Any) -> float:
    """After one call that warms up: at least three, at most two thousand, for half a second."""
    predict(rows)
    samples: list[float] = []
    ends = time.perf_counter() + 0.5
    while len(samples) < 3 or (time.perf_counter() < ends and len(samples) < 2000):
        began = time.perf_counter_ns()
        predict(rows)
        samples.append((time.perf_counter_ns() - began) / 1e3)
    return percentile(samples, 50)


def torch_eager(made: NetworkArtefact) -> Predict:
    import torch

    from tradebot.learning.trainers.network_modules import module_of

    torch.set_num_threads(1)
    module = module_of(made.architecture, 0.0).eval()
    module.load_state_dict({name: torch.from_numpy(array) for name, array in made.arrays.items()})

    def predict(rows: Any) -> Any:
        with torch.inference_mode():
            return torch.sigmoid(module(torch.from_numpy(rows.astype(np.float32)))).numpy()

    return predict


def onnx_runtime(made: NetworkArtefact) -> Predict:
    import onnxruntime

    from tradebot.learning.export.catalogue import emit
    from tradebot.learning.export.graph import Graph

    graph = Graph()
    data = graph.model(emit(made, graph, graph.rows), made.inputs, made.outputs, {}, "bench")
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    (name,) = [value.name for value in session.get_inputs()]
    return lambda rows: session.run(None, {name: rows})[0]


def trained(name: str, sizes: Architecture) -> Figure:
    """One epoch of TRAINED_ROWS rows of noise, after a small one that warms up."""
    from tradebot.learning.trainers.network_objectives import LOSSES
    from tradebot.learning.trainers.network_training import Lesson, train_network

    def epoch(rows: int) -> float:
        rng = np.random.default_rng(3)
        lesson = Lesson(rng.normal(size=(rows, sizes.inputs)).astype(np.float32), rng.random(rows).round(), np.zeros(rows), np.ones(rows))
        nothing = Lesson(lesson.inputs[:0], lesson.target[:0], lesson.cost[:0], lesson.weight[:0])
        began = time.perf_counter()
        train_network(sizes, lesson, nothing, LOSSES["probability"], NetworkConfig(epochs=1), 1, "cpu", lambda _: None)
        return time.perf_counter() - began

    epoch(1024)
    return Figure(f"{name}, an epoch of {TRAINED_ROWS:,} rows", epoch(TRAINED_ROWS), "s", None, "PyTorch, one thread, batches of 1,024")
