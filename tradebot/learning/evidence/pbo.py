"""Probability of backtest overfitting by combinatorially symmetric cross-validation (Bailey, Borwein, Lopez de Prado and Zhu 2017).

The history is cut into S blocks. For each of the C(S, S/2) ways to call half of them "in sample", the configuration that was best there
is looked up in the other half: PBO is how often it falls below the median.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np

from tradebot.learning.evidence.arrays import Float

BLOCKS: Final = 16
BLOCKS_MIN: Final = 4
SESSIONS_A_BLOCK_MIN: Final = 4
TWINS: Final = 0.95
_CELLS_MAX: Final = 4_000_000  # of a combination x configuration table worked on at once


@dataclass(frozen=True, slots=True)
class Overfitting:
    """`logits` (C,): log odds of the best one's rank out of sample, below 0 where it was overfit. `slope` and `intercept`: what of the
    best one's Sharpe ratio in sample is left out of sample. `loss`: how often it lost money there. `note`: why fewer blocks than 16.
    """

    pbo: float
    logits: Float
    slope: float
    intercept: float
    loss: float
    blocks: int
    configurations: int
    note: str = ""


def without_twins(returns: Float) -> Float:
    """(S, M) without the columns that correlate by more than 0.95 with a later one: to choose between twins is no choice, and a rank among
    them is noise. The last column always stays.
    """
    if not len(returns):
        return returns
    kept: list[int] = []
    away = returns - returns.mean(axis=0)
    size = np.sqrt((away**2).sum(axis=0))
    for k in reversed(range(returns.shape[1])):
        alike = (away[:, kept].T @ away[:, k] > TWINS * size[kept] * size[k]).any() if size[k] else any(not size[j] for j in kept)
        if not alike:
            kept.append(k)
    found: Float = returns[:, kept[::-1]]
    return found


def blocks_for(sessions: int, blocks: int = BLOCKS) -> int:
    """The most blocks, an even number up to `blocks`, that have 4 sessions each; 0 where not even 4 blocks do."""
    fits = min(blocks, sessions // SESSIONS_A_BLOCK_MIN)
    fits -= fits % 2
    return fits if fits >= BLOCKS_MIN else 0


def overfitting(returns: Float, blocks: int = BLOCKS) -> Overfitting | str:
    """From the daily net returns of all configurations, (S, M); or a sentence that says why there is nothing to say."""
    sessions, configurations = returns.shape
    if configurations < 2:
        return "one configuration: nothing was chosen"
    if not np.isfinite(returns).all():
        return "a return is not finite"
    used = blocks_for(sessions, blocks)
    if not used:
        return f"too short: {sessions} sessions, {BLOCKS_MIN * SESSIONS_A_BLOCK_MIN} needed"
    inside, outside = _best_inside(returns, used)
    omega = outside[1] / (configurations + 1)
    logits: Float = np.log(omega / (1.0 - omega))
    spread = float(inside.var())
    slope = float(np.cov(inside, outside[0], ddof=0)[0, 1] / spread) if spread > 0.0 else float("nan")
    return Overfitting(
        pbo=float((logits < 0.0).mean()),
        logits=logits,
        slope=slope,
        intercept=float(outside[0].mean() - slope * inside.mean()),
        loss=float((outside[0] < 0.0).mean()),
        blocks=used,
        configurations=configurations,
        note="" if used == blocks else f"{used} blocks instead of {blocks}: {sessions} sessions are few",
    )


def _best_inside(returns: Float, blocks: int) -> tuple[Float, tuple[Float, Float]]:
    """Of the best configuration of each combination: its Sharpe ratio inside, and outside its Sharpe ratio and its rank from 1."""
    parts = np.array_split(np.arange(len(returns)), blocks)
    sums = np.stack([returns[rows].sum(axis=0) for rows in parts])  # (S, M)
    squares = np.stack([(returns[rows] ** 2).sum(axis=0) for rows in parts])
    counts = np.array([len(rows) for rows in parts], np.float64)
    taken = np.array(list(combinations(range(blocks), blocks // 2)))
    masks = np.zeros((len(taken), blocks))
    np.put_along_axis(masks, taken, 1.0, axis=1)
    inside, outside, ranks = (np.empty(len(masks)) for _ in range(3))
    step = max(1, _CELLS_MAX // returns.shape[1])
    for at in range(0, len(masks), step):
        here = slice(at, at + step)
        # the blocks taken are the ones outside, so that a tie falls as in other implementations
        seen, unseen = _sharpes(1.0 - masks[here], sums, squares, counts), _sharpes(masks[here], sums, squares, counts)
        best = seen.argmax(axis=1)[:, None]
        inside[here] = np.take_along_axis(seen, best, axis=1)[:, 0]
        score = np.take_along_axis(unseen, best, axis=1)
        outside[here] = score[:, 0]
        ranks[here] = (unseen < score).sum(axis=1) + ((unseen == score).sum(axis=1) + 1) / 2.0
    return inside, (outside, ranks)


def _sharpes(masks: Float, sums: Float, squares: Float, counts: Float) -> Float:
    """Daily Sharpe ratios (C, M) over the blocks of each mask (C, S); 0 where nothing varies."""
    n = (masks @ counts)[:, None]
    mean, square = masks @ sums / n, masks @ squares / n
    variance = (square - mean**2) * n / (n - 1.0)
    flat = variance <= 1e-12 * square
    ratios: Float = np.where(flat, 0.0, mean / np.sqrt(np.where(flat, 1.0, variance)))
    return ratios
