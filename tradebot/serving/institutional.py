"""The meta-model of the institutional system (SYSTEMS.md section 3): specialists weighed by regime and confidence, cut by risk.

    s(k)      clip(position(k) / size(k), -1, 1)            a directional specialist's word; size(k) is twice its usual position
    w(k)      sum over regimes r of p(r) * weights(r, k)    p: the regime specialist's forecast
    said      sum w(k) |s(k)| s(k) / sum w(k) |s(k)|        |s(k)| is its confidence
    risk      min(VaR / max VaR, 1),  VaR = 1.645 * the volatility specialist's forecast
    position  said * (1 - risk)

trend and microstructure say a position themselves. mean_reversion gives p, the probability that the last move is taken back: its position
is (2 p - 1) against that move. VaR here is of the one symbol, at 95 % of a normal return over the specialist's horizon; the portfolio's
needs positions, which a model of rows does not have.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from tradebot.core.kernels.kernel import threaded_kernel

Float = npt.NDArray[np.float64]
DIRECTIONAL: Final = ("trend", "mean_reversion", "microstructure")
NORMAL_95: Final = 1.645


def positions(trend: Float, reverts: Float, micro: Float, last_move: Float) -> Float:
    """(N, 3) positions of the directional specialists, from what they answer (N,) and the move (N,) that may be taken back."""
    return np.column_stack([trend, -np.sign(last_move) * (2.0 * reverts - 1.0), micro])


def combined(said: Float, regime: Float, volatility: Float, size: Float, weights: Float, var_max: float) -> Float:
    """(N,) positions in [-1, 1] of the specialists' positions (N, 3), regime probabilities (N, R) and volatilities (N,).

    `size` (3,), `weights` (R, 3). NaN where anything of the row is NaN.
    """
    out = np.empty(len(said))
    _combine(np.ascontiguousarray(said), np.ascontiguousarray(regime), volatility, size, weights, var_max, out)
    return out


@threaded_kernel
def _combine(said: Float, regime: Float, volatility: Float, size: Float, weights: Float, var_max: float, out: Float) -> None:
    for i in range(len(said)):
        total, held, known = 0.0, 0.0, volatility[i]
        for r in range(regime.shape[1]):
            known += regime[i, r]
        for k in range(said.shape[1]):
            known += said[i, k]
            word = min(max(said[i, k] / size[k], -1.0), 1.0)
            weight = 0.0
            for r in range(regime.shape[1]):
                weight += regime[i, r] * weights[r, k]
            weight *= abs(word)
            total += weight * word
            held += weight
        risk = min(max(NORMAL_95 * volatility[i] / var_max, 0.0), 1.0)
        out[i] = (total / held if held > 0.0 else 0.0) * (1.0 - risk) if math.isfinite(known) else np.nan
