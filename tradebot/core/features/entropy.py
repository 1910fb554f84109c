"""Order and surprise in the last 60 bars, from counts of symbols: each bar adds one symbol and the oldest leaves.

    permutation_entropy_60 = entropy of the order patterns of three neighbouring closes (58 triples), over ln 6
    sign_entropy_60 = entropy of (close fell, stood, rose), over ln 3
    return_entropy_60 = entropy of the log return's z-score over the 20 returns that end with it, in seven bins with the edges
        -1.5, -0.75, -0.25, 0.25, 0.75, 1.5 (0 for constant returns), over ln 7
    up_share_60, zero_return_share_60 = share of closes that rose, that stood
    runs_zscore_60 = (runs - mean) / std of the number of runs of rising and not rising closes, were their order random:
        mean = 2 n1 n2 / n + 1, variance = (mean - 1)(mean - 2) / (n - 1); 0 where all are of one kind

Entropy is -sum(p ln p). Equal closes are ordered by age, the older first. Counts are whole numbers: nothing drifts.
Source: Bandt and Pompe, "Permutation entropy" (2002); Shannon (1948); Wald and Wolfowitz (1940); zero returns as a measure of
illiquidity are Lesmond, Ogden and Trzcinka's (1999).
"""

from __future__ import annotations

import math

import numpy as np

from tradebot.core.features.feature import Feature
from tradebot.core.features.feature import Feature as F
from tradebot.core.features.window import CLOSE_AT, LOG_RETURN_AT
from tradebot.core.kernels.kernel import kernel
from tradebot.core.kernels.rolling import window_moments

_C = ("close",)
FEATURES: tuple[Feature, ...] = (
    F("permutation_entropy_60", "H(order of 3 closes) / ln 6", "ratio", _C, 60, True, 0.0, 1.0, "Bandt and Pompe (2002)"),
    F("sign_entropy_60", "H(sign(c - c[-1])) / ln 3", "ratio", _C, 61, True, 0.0, 1.0, "Shannon (1948)"),
    F("return_entropy_60", "H(bin(zscore(r, 20))) / ln 7", "ratio", _C, 80, True, 0.0, 1.0, "Shannon (1948)"),
    F("up_share_60", "share of c > c[-1]", "fraction", _C, 61, True, 0.0, 1.0),
    F("zero_return_share_60", "share of c = c[-1]", "fraction", _C, 61, True, 0.0, 1.0, "Lesmond, Ogden and Trzcinka (1999)"),
    F("runs_zscore_60", "(runs - mean) / std, 0 where of one kind", "ratio", _C, 61, True, -8.0, 8.0, "Wald and Wolfowitz (1940)"),
)
_N, _TRIPLES = 60, 58
_FLAT, _RISING_ORDER, _MIDDLE = 1, 0, 3  # the symbols of a price that stands still
# Position, then the counts of each alphabet, then rings of the symbols themselves. Signs and bins share one position.
_PATTERNS, _SIGNS, _BINS, _RUNS = 3, 9, 12, 19
_PATTERN_RING = 20
_SIGN_RING, _BIN_RING = _PATTERN_RING + _TRIPLES, _PATTERN_RING + _TRIPLES + _N
STATE_WIDTH = _BIN_RING + _N  # [0] seeded, [1] place in the ring of patterns, [2] in the other two
_NOISE, _RELATIVE_NOISE = 1e-24, 1e-14  # squares of the standard deviations that are rounding, absolute and relative to the mean
_LOG = np.array([0.0] + [math.log(n) for n in range(1, _N + 1)])
_N_LOG_N = np.array([0.0] + [n * math.log(n) for n in range(1, _N + 1)])


@kernel
def step(state: np.ndarray, s: int, end: int, row: np.ndarray, out: np.ndarray, f: int) -> None:
    """One bar. `state[s:]` is this family's memory, `out[f:]` its columns."""
    if state[s] == 0.0:
        _seed(state, s)
    a, b, c = state[end + CLOSE_AT - 2], state[end + CLOSE_AT - 1], state[end + CLOSE_AT]
    place = _exchange(state, s + 1, s + _PATTERN_RING, _TRIPLES, s + _PATTERNS, _pattern(a, b, c))
    state[s + 1] = place

    at = int(state[s + 2])
    ring = s + _SIGN_RING
    second = at + 1 if at + 1 < _N else 0
    last = at - 1 if at > 0 else _N - 1
    sign = (c >= b) + (c > b)
    state[s + _RUNS] -= (state[ring + at] == 2.0) != (state[ring + second] == 2.0)
    state[s + _RUNS] += (state[ring + last] == 2.0) != (sign == 2)
    _exchange(state, s + 2, ring, _N, s + _SIGNS, sign)
    state[s + 2] = _exchange(state, s + 2, s + _BIN_RING, _N, s + _BINS, _bin(state, end + LOG_RETURN_AT))

    out[f] = _entropy(state, s + _PATTERNS, 6, _TRIPLES)
    out[f + 1] = _entropy(state, s + _SIGNS, 3, _N)
    out[f + 2] = _entropy(state, s + _BINS, 7, _N)
    rising = state[s + _SIGNS + 2]
    out[f + 3] = rising / _N
    out[f + 4] = state[s + _SIGNS + 1] / _N
    mean = 2.0 * rising * (_N - rising) / _N + 1.0
    variance = (mean - 1.0) * (mean - 2.0) / (_N - 1.0)
    out[f + 5] = (state[s + _RUNS] + 1.0 - mean) / math.sqrt(variance) if 0.0 < rising < _N else 0.0


@kernel
def _seed(state: np.ndarray, s: int) -> None:
    """As if the price had always stood still."""
    state[s] = 1.0
    state[s + _PATTERNS + _RISING_ORDER] = _TRIPLES
    state[s + _SIGNS + _FLAT] = _N
    state[s + _BINS + _MIDDLE] = _N
    for i in range(_N):
        state[s + _SIGN_RING + i] = _FLAT
        state[s + _BIN_RING + i] = _MIDDLE


@kernel
def _exchange(state: np.ndarray, position: int, ring: int, n: int, counts: int, symbol: int) -> int:
    """Put `symbol` in the oldest one's place and count both; the next place."""
    at = int(state[position])
    state[counts + int(state[ring + at])] -= 1.0
    state[counts + symbol] += 1.0
    state[ring + at] = symbol
    return at + 1 if at + 1 < n else 0


@kernel
def _pattern(a: float, b: float, c: float) -> int:
    """Which of the six orders three values have; among equals the older counts as smaller."""
    if a <= b:
        if b <= c:
            return 0
        return 1 if a <= c else 2
    if a <= c:
        return 3
    return 4 if b <= c else 5


@kernel
def _bin(state: np.ndarray, newest: int) -> int:
    """Bin of the newest return's z-score over 20."""
    mean, squares = window_moments(state, newest, 20)
    d = state[newest] - mean
    if squares <= 20.0 * _NOISE or squares <= 20.0 * _RELATIVE_NOISE * mean * mean:
        return _MIDDLE
    z = d / math.sqrt(squares / 19.0)
    return int((z >= -1.5) + (z >= -0.75) + (z >= -0.25) + (z > 0.25) + (z > 0.75) + (z > 1.5))


@kernel
def _entropy(state: np.ndarray, counts: int, kinds: int, n: int) -> float:
    """Of `kinds` counts that sum to `n`, as a share of its largest possible value."""
    total = 0.0
    for i in range(kinds):
        total += _N_LOG_N[int(state[counts + i])]
    share: float = (_LOG[n] - total / n) / _LOG[kinds]
    return min(max(share, 0.0), 1.0)
