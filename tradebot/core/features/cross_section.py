"""Where a symbol stands among all symbols that have a bar in the same minute.

Of each source column, over the n symbols that are present and whose value is finite:
    rank_<column> = (number of smaller values + half the number of other equal ones) / (n - 1), in [0, 1]; 0.5 where n is 1
    zscore_<column> = (value - mean) / population standard deviation; 0 where all are equal

Equal up to 1e-12 of the largest magnitude counts as equal for the deviation. Sums run over the values in ascending order, so that the
order of the symbols changes nothing. Source: Jegadeesh and Titman (1993) rank so; Fama and MacBeth (1973) standardise so.

The warm-up is the source's: until then the source is NaN and so are its ranks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numba import njit

from tradebot.core.features.feature import Feature

SOURCES = (
    "price_change_1m", "momentum_5m", "momentum_15m", "volatility_20", "volume_ratio", "rsi_14", "zscore_20", "day_return_1",
)  # fmt: skip
_FEW = 24  # up to here an insertion sort is done before a better one has begun


def features(sources: Mapping[str, Feature]) -> tuple[Feature, ...]:
    """Two columns a source, in the order that `step` writes them: its rank, then its z-score. Raises KeyError where a source is missing."""
    out = []
    for name in SOURCES:
        source = sources[name]
        inputs, warm_up, free = source.inputs, source.warm_up_bars, source.scale_free
        rank = f"share of symbols below {name}, 0.5 where alone"
        zscore = f"zscore of {name} over symbols, 0 where all are equal"
        out.append(Feature(f"rank_{name}", rank, "fraction", inputs, warm_up, free, 0.0, 1.0, "Jegadeesh and Titman (1993)"))
        out.append(Feature(f"zscore_{name}", zscore, "ratio", inputs, warm_up, free, source="Fama and MacBeth (1973)"))
    return tuple(out)


@njit(cache=True, error_model="numpy")
def new_scratch(symbols: int) -> np.ndarray:
    """Room for one column of `symbols` values: (2, N)."""
    return np.zeros((2, symbols))


@njit(cache=True, error_model="numpy")
def step(out: np.ndarray, present: np.ndarray, sources: np.ndarray, f: int, scratch: np.ndarray) -> None:
    """One minute: `out` (N, F), `present` (N,) bool, `sources` (K,) columns to read; writes 2 K columns from `f` on.

    `scratch` is `new_scratch(N)`, overwritten. Columns of absent symbols and of those without a finite value become NaN.
    """
    for k in range(len(sources)):
        if len(present) == 1:
            known = present[0] and math.isfinite(out[0, sources[k]])
            out[0, f + 2 * k], out[0, f + 2 * k + 1] = (0.5, 0.0) if known else (np.nan, np.nan)
            continue
        _stand(out, present, sources[k], f + 2 * k, scratch)


@njit(cache=True, error_model="numpy")
def _stand(out: np.ndarray, present: np.ndarray, source: int, f: int, scratch: np.ndarray) -> None:
    """Rank and z-score of one column."""
    values, who = scratch[0], scratch[1]
    n = 0
    for i in range(len(present)):
        if present[i] and math.isfinite(out[i, source]):
            values[n], who[n] = out[i, source], i
            n += 1
        else:
            out[i, f] = out[i, f + 1] = np.nan
    if n == 0:
        return
    if n == 1:
        out[int(who[0]), f], out[int(who[0]), f + 1] = 0.5, 0.0
        return
    if n <= _FEW:
        _insertion_sort(values, who, n)
    else:
        order = np.argsort(values[:n])
        values[:n], who[:n] = values[:n][order], who[:n][order]

    mean, deviation = _moments(values, n)
    flat = deviation <= 1e-12 * max(abs(values[0]), abs(values[n - 1]))
    first = 0
    while first < n:
        after = first + 1
        while after < n and values[after] == values[first]:
            after += 1
        rank = 0.5 * (first + after - 1) / (n - 1)
        zscore = 0.0 if flat else (values[first] - mean) / deviation
        for j in range(first, after):
            out[int(who[j]), f], out[int(who[j]), f + 1] = rank, zscore
        first = after


@njit(cache=True, error_model="numpy")
def _insertion_sort(values: np.ndarray, who: np.ndarray, n: int) -> None:
    for i in range(1, n):
        value, name = values[i], who[i]
        j = i
        while j > 0 and values[j - 1] > value:
            values[j], who[j] = values[j - 1], who[j - 1]
            j -= 1
        values[j], who[j] = value, name


@njit(cache=True, error_model="numpy")
def _moments(values: np.ndarray, n: int) -> tuple[float, float]:
    """Mean and population standard deviation of the first `n` values, about the middle one."""
    pivot = values[n // 2]
    total = 0.0
    for i in range(n):
        total += values[i] - pivot
    mean = total / n
    squares = 0.0
    for i in range(n):
        d = (values[i] - pivot) - mean
        squares += d * d
    return pivot + mean, math.sqrt(squares / n)
