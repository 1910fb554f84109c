"""Mini-batches in a seeded order, AdamW, and the weights of the epoch that did best on watched rows. Import it where it is used.

The learning rate grows over the first epoch: a network that leaps at once sends tanh where it has no slope left to come back by.

The CPU works on one thread with deterministic algorithms, so that the same rows, config and seed give the same bits however many cores
there are; folds share the cores by themselves. A GPU runs the same code, in the same order of rows.
Source: Loshchilov & Hutter (2019), AdamW; Prechelt (1998), early stopping.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from tradebot.core.domain.bars import Float
from tradebot.core.domain.faults import OperatorFault
from tradebot.learning.config import NetworkConfig
from tradebot.learning.trainers.network_modules import module_of
from tradebot.learning.trainers.network_objectives import Loss
from tradebot.serving.networks.architecture import Architecture, Float32

_NORM_MAX = 1.0  # of a batch's gradient
_CHUNK_ROWS = 8192  # of an evaluation
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Lesson:
    """Rows as a network learns them: standardised inputs, target and cost in the loss's units, weight."""

    inputs: Float32  # (R, inputs)
    target: Float  # (R,)
    cost: Float  # (R,)
    weight: Float  # (R,)

    def tensors(self, device: str) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        single = (self.inputs, *(x.astype(np.float32) for x in (self.target, self.cost, self.weight)))
        x, y, c, w = (torch.from_numpy(np.ascontiguousarray(part)).to(device) for part in single)
        return x, y, c, w


def torch_device(asked: Literal["auto", "cpu", "cuda"]) -> str:
    """ "cpu" or "cuda". Raises OperatorFault where CUDA is asked for and can't be had."""
    found = asked != "cpu" and torch.cuda.is_available()
    if asked == "cuda" and not found:
        raise OperatorFault('model.device is "cuda", and there is no NVIDIA GPU here that PyTorch could train on')
    return "cuda" if found else "cpu"


def train_network(
    architecture: Architecture, train: Lesson, watch: Lesson, loss: Loss, config: NetworkConfig, seed: int, device: str, say: Say
) -> nn.Module:
    """The network after its best epoch, on the CPU, no longer learning. `say` hears each epoch. Raises OperatorFault where it diverges."""
    with _deterministic(device):
        torch.manual_seed(seed)
        module = module_of(architecture, config.dropout).to(device)
        _learn(module, architecture.kind, train, watch, loss, config, seed, device, say)
    return module.cpu().eval().requires_grad_(False)


def _learn(
    module: nn.Module, kind: str, train: Lesson, watch: Lesson, loss: Loss, config: NetworkConfig, seed: int, device: str, say: Say
) -> None:
    optimiser = torch.optim.AdamW(module.parameters(), config.learning_rate, weight_decay=config.weight_decay)
    order = torch.Generator().manual_seed(seed)
    batches = -(-len(train.target) // config.batch_rows)
    warm_up = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda batch: min(1.0, (batch + 1) / batches))
    learned, watched = train.tensors(device), watch.tensors(device)
    best, best_state, best_epoch = np.inf, copy.deepcopy(module.state_dict()), 0
    for epoch in range(1, config.epochs + 1):
        lost = _epoch(module, learned, loss, optimiser, warm_up, torch.randperm(len(train.target), generator=order), config)
        seen = evaluate(module, watched, loss) if len(watch.target) else lost
        if not (np.isfinite(lost) and np.isfinite(seen)):
            raise OperatorFault(f"the {kind} network diverged in epoch {epoch}: lower model.network.learning_rate")
        say(f"{kind} on {device}: epoch {epoch} of {config.epochs}, loss {lost:.5f}, watched {seen:.5f}")
        if seen < best or not len(watch.target):
            best, best_state, best_epoch = seen, copy.deepcopy(module.state_dict()), epoch
        elif epoch - best_epoch >= config.patience:
            say(f"{kind}: no better for {config.patience} epochs; epoch {best_epoch} stays")
            break
    module.load_state_dict(best_state)


def _epoch(
    module: nn.Module,
    rows: tuple[Tensor, Tensor, Tensor, Tensor],
    loss: Loss,
    optimiser: torch.optim.Optimizer,
    warm_up: torch.optim.lr_scheduler.LambdaLR,
    order: Tensor,
    config: NetworkConfig,
) -> float:
    """Once over the rows; the mean loss on the way."""
    module.train()
    x, y, c, w = rows
    lost = torch.zeros((), device=x.device)
    for chosen in torch.split(order.to(x.device), config.batch_rows):
        weight = w[chosen]
        each = loss(module(x[chosen])[:, 0], y[chosen], c[chosen])
        mean = (weight * each).sum() / weight.sum()
        optimiser.zero_grad(set_to_none=True)
        mean.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(module.parameters(), _NORM_MAX)
        optimiser.step()
        warm_up.step()
        lost += mean.detach() * weight.sum()
    return float(lost / w.sum())


def evaluate(module: nn.Module, rows: tuple[Tensor, Tensor, Tensor, Tensor], loss: Loss) -> float:
    """Weighted mean loss, without dropout."""
    x, y, c, w = rows
    return float((w * loss(_scores(module, x)[:, 0], y, c)).sum() / w.sum())


def scores(module: nn.Module, inputs: Float32) -> Float:
    """(N, outputs) of inputs (N, inputs), as PyTorch computes them in double precision; the module is one of doubles."""
    return np.asarray(_scores(module, torch.from_numpy(inputs).double()).numpy())


def _scores(module: nn.Module, x: Tensor) -> Tensor:
    module.eval()
    with torch.no_grad():
        return torch.cat([module(part) for part in torch.split(x, _CHUNK_ROWS)])


@contextmanager
def _deterministic(device: str) -> Iterator[None]:
    """The same bits every time; afterwards PyTorch is as it was."""
    threads, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    if device == "cuda":
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    with torch.random.fork_rng(enabled=True):
        torch.set_num_threads(1)
        torch.use_deterministic_algorithms(True)
        try:
            yield
        finally:
            torch.use_deterministic_algorithms(strict)
            torch.set_num_threads(threads)
