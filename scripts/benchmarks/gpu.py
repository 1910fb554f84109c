"""Training on five million rows: this machine's processor, and its GPU where there is one.

The processor works on fewer rows and the seconds are for five million at the same pace; each figure says how many it was. XGBoost takes
all cores; PyTorch trains on one thread here (network_training.py), so two cores would at best halve its seconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from scripts.benchmarks.measure import Figure
from tradebot.learning.config import NetworkConfig
from tradebot.serving.networks.architecture import Architecture

ROWS = 5_000_000
BAR_TIMES = 10.0
_XGBOOST_CPU_ROWS, _TORCH_CPU_ROWS = 1_000_000, 40_960
_FEATURES, _ROUNDS = 50, 100
_SIZES = Architecture("lstm", ((30, 3),), 0, 64, 1, 1, 1)
Work = Callable[[int, str], float]


def measure() -> list[Figure]:
    import torch

    found = torch.cuda.is_available()
    return [
        *compared(f"XGBoost, {_ROUNDS} rounds of depth 6 on {_FEATURES} columns", xgboost_seconds, _XGBOOST_CPU_ROWS, found),
        *compared("LSTM 64 over 30 steps, one epoch, CPU on one thread", torch_seconds, _TORCH_CPU_ROWS, found),
    ]


def compared(name: str, work: Work, cpu_rows: int, found: bool) -> list[Figure]:
    work(min(cpu_rows, 2_048), "cpu")
    cpu = work(cpu_rows, "cpu") * ROWS / cpu_rows
    paced = f"at the pace of {cpu_rows:,} rows"
    if not found:
        return [Figure(f"{name}: 5 million rows, CPU", cpu, "s", None, f"{paced}; no GPU here: not compared")]
    work(2_048, "cuda")
    gpu = work(ROWS, "cuda")
    return [
        Figure(f"{name}: 5 million rows, CPU", cpu, "s", None, paced),
        Figure(f"{name}: 5 million rows, GPU", gpu, "s", cpu / BAR_TIMES, f"{cpu / gpu:.1f}x the CPU; the bar is {BAR_TIMES:g}x"),
    ]


def xgboost_seconds(rows: int, device: str) -> float:
    import xgboost

    rng = np.random.default_rng(1)
    values = rng.standard_normal((rows, _FEATURES), np.float32)
    target = (values[:, 0] + values[:, 1] * values[:, 2] + rng.standard_normal(rows, np.float32) > 0).astype(np.float32)
    parameters: dict[str, Any] = {"tree_method": "hist", "device": device, "max_depth": 6, "objective": "binary:logistic", "verbosity": 0}
    began = time.perf_counter()
    xgboost.train(parameters, xgboost.QuantileDMatrix(values, target), _ROUNDS)
    return time.perf_counter() - began


def torch_seconds(rows: int, device: str) -> float:
    from tradebot.learning.trainers.network_objectives import LOSSES
    from tradebot.learning.trainers.network_training import Lesson, train_network

    rng = np.random.default_rng(2)
    lesson = Lesson(rng.standard_normal((rows, _SIZES.inputs), np.float32), rng.random(rows).round(), np.zeros(rows), np.ones(rows))
    nothing = Lesson(lesson.inputs[:0], lesson.target[:0], lesson.cost[:0], lesson.weight[:0])
    network = NetworkConfig(epochs=1, batch_rows=8192)
    began = time.perf_counter()
    train_network(_SIZES, lesson, nothing, LOSSES["probability"], network, 1, device, lambda _: None)
    return time.perf_counter() - began
