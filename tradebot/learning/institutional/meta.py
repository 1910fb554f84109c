"""The meta-model's numbers, from rows that no specialist has learned from.

size(k)        twice the mean size of specialist k's positions
skill(r, k)    sum p(r) s(k) move / sum p(r) |s(k)|         what a unit of its word earned while regime r was forecast, before cost:
                                                           cost is the same whoever speaks
weights(r, k)  the positive skills as shares of 1; equal where no specialist had any
max VaR        1.645 * the 99th percentile of the realised volatilities that were learned from
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from tradebot.core.domain.bars import Bool, Float
from tradebot.learning.dataset import Dataset
from tradebot.learning.institutional.rows import columns_of
from tradebot.learning.institutional.specialists import LAST_MOVE, SPECIALISTS
from tradebot.serving.artefacts.artefact import Predictor
from tradebot.serving.artefacts.institutional import Meta
from tradebot.serving.institutional import NORMAL_95, positions

_TINY: Final = 1e-9
_RARE: Final = 0.99


def fit_meta(answers: Mapping[str, Predictor], rows: Dataset, watch: Bool, volatilities: Float) -> Meta:
    """`answers` of each specialist's own columns, `rows` with the label that counts, `volatilities` as they were realised."""
    columns = {s.name: columns_of(rows, s) for s in SPECIALISTS}
    values, last_move = rows.rows[watch], rows.features.index(LAST_MOVE)
    told = {name: answers[name](np.ascontiguousarray(values[:, own])) for name, own in columns.items() if name != "volatility"}
    said = positions(told["trend"], told["mean_reversion"], told["microstructure"], values[:, last_move])
    size = np.maximum(2.0 * np.abs(said).mean(axis=0), _TINY)
    weights = regime_weights(np.clip(said / size, -1.0, 1.0), told["regime"], rows.target[watch])
    return Meta(
        inputs=len(rows.features),
        columns=columns,
        last_move=last_move,
        size=tuple(float(x) for x in size),
        weights=tuple(tuple(float(x) for x in row) for row in weights),
        var_max=max(NORMAL_95 * float(np.quantile(volatilities, _RARE)), _TINY),
    )


def regime_weights(word: Float, regime: Float, move: Float) -> Float:
    """(R, K) of words (N, K), regime probabilities (N, R) and what the symbol did next (N,)."""
    earned = regime.T @ (word * move[:, None])
    spoken = regime.T @ np.abs(word)
    skill = np.maximum(earned / np.maximum(spoken, _TINY), 0.0)
    total = skill.sum(axis=1, keepdims=True)
    shares: Float = np.where(total > 0.0, skill / np.where(total > 0.0, total, 1.0), 1.0 / word.shape[1])
    return shares
