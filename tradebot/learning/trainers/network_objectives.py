"""What a network's score is for, and what it loses on each row. Import it where it is used: it needs PyTorch.

probability  of yes is logistic(score): log loss
number       score is the target in standard deviations from its mean: Huber's loss, so that a wild day doesn't rule
profit       a position of tanh(score) earns position * move - cost * (sqrt(position^2 + e^2) - e), as in dollar_profit.py
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor, nn

from tradebot.learning.trainers.dollar_profit import SMOOTH

Purpose = Literal["probability", "number", "profit"]
Loss = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Scores, targets and costs (N,) to losses (N,)."""


def _log_loss(score: Tensor, target: Tensor, _: Tensor) -> Tensor:
    return nn.functional.binary_cross_entropy_with_logits(score, target, reduction="none")


def _huber(score: Tensor, target: Tensor, _: Tensor) -> Tensor:
    return nn.functional.huber_loss(score, target, reduction="none")


def _lost_profit(score: Tensor, move: Tensor, cost: Tensor) -> Tensor:
    position = torch.tanh(score)
    return cost * (torch.sqrt(position**2 + SMOOTH**2) - SMOOTH) - position * move


LOSSES: dict[Purpose, Loss] = {"probability": _log_loss, "number": _huber, "profit": _lost_profit}
