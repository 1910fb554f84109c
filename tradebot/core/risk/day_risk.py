"""The sums of core/risk/value_at_risk.py, compiled: live and the fast backtest add in the same order, so they agree to the last bit."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from tradebot.core.kernels.kernel import kernel

Float = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]


@kernel
def day_risk(
    values: Float,
    known: Bool,
    returns: Float,
    weights: Float,
    variances: Float,
    shrinkage: float,
    z: float,
    unknown_volatility: float,
    confidence: float,
    outside: float,
    losses: Float,
) -> tuple[float, float]:
    """(parametric, historical) in units; NaN where it can't be told.

    values (N,), returns (T, N), weights (T,), variances (N,); `outside` is the value of what is in no column; `losses` (T,) is room to
    work.
    """
    count, assumed, own, held = returns.shape[0], abs(outside), 0.0, False
    for n in range(len(values)):
        if values[n] != 0.0:
            if known[n]:
                own += values[n] * values[n] * variances[n]
                held = True
            else:
                assumed += abs(values[n])
    assumed *= z * unknown_volatility
    if not held:
        return assumed, assumed
    together = 0.0
    for t in range(count):
        made = 0.0
        for n in range(len(values)):
            if values[n] != 0.0 and known[n] and math.isfinite(returns[t, n]):
                made += returns[t, n] * values[n]
        together += weights[t] * made * made
        losses[t] = -made
    variance = (1.0 - shrinkage) * together + shrinkage * own
    parametric = z * math.sqrt(variance) if variance >= 0.0 else math.nan
    worst = 0.0
    for _ in range(math.floor((1.0 - confidence) * count + 1e-9) + 1):  # the largest, then the next
        place = 0
        for t in range(1, count):
            if losses[t] > losses[place]:
                place = t
        worst, losses[place] = losses[place], -math.inf
    return parametric + assumed, max(worst, 0.0) + assumed
