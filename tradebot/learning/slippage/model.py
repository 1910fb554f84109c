"""The slippage model, fitted on own fills and shrunk to a prior where they are few.

    cost_bps = h[symbol, time of day] + Y * x,     x = sigma_day_bps * min(sqrt(q), q / sqrt(1e-3)),   q = qty / ADV
    h ~ N(h0, h0_sd^2),   Y ~ N(Y0, Y0_sd^2),   noise ~ N(0, s^2)

the posterior mean of a linear regression with a normal prior; `s` is estimated from the residuals and the fit repeated until it stands. A
bucket without fills keeps the prior, one with many forgets it.

Sources: FIELD.md 3.2 (half-spread and Y by symbol and time of day, Bayesian shrinkage); Gelman et al., "Bayesian Data Analysis", ch. 14.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float64]

TIMES: Final = ("open", "mid", "close")
EDGE_MIN: Final = 30  # the first and the last half hour of a session have spreads of their own
ROUNDS_MAX: Final = 50
NOISE_BPS_MIN: Final = 0.05


@dataclass(frozen=True, slots=True)
class Prior:
    """What is believed before the first fill, in bp and as a number, each with its standard deviation."""

    half_spread_bps: float
    half_spread_sd_bps: float
    impact_y: float
    impact_y_sd: float


@dataclass(frozen=True, slots=True)
class Bucket:
    """A symbol at a time of day: `fills`, and the half-spread with its standard deviation."""

    symbol: str
    time: str
    fills: int
    half_spread_bps: float
    sd_bps: float


@dataclass(frozen=True, slots=True)
class SlippageModel:
    """The posterior means with their standard deviations; `noise_bps` is what a single fill scatters by."""

    buckets: tuple[Bucket, ...]
    impact_y: float
    impact_y_sd: float
    noise_bps: float
    fills: int


def time_of_day(minute_index: int, minutes: int) -> str:
    """The bucket of a session's minute, 0 for the first of `minutes`."""
    if minute_index < EDGE_MIN:
        return "open"
    return "close" if minute_index >= minutes - EDGE_MIN else "mid"


def fit_slippage(keys: Sequence[tuple[str, str]], cost_bps: Float, impact_x: Float, prior: Prior) -> SlippageModel:
    """From one (symbol, time of day), cost (R,) and impact regressor (R,) for each fill. Without fills: the prior."""
    names = sorted(set(keys))
    place = {key: n for n, key in enumerate(names)}
    width = len(names) + 1
    design = np.zeros((len(keys), width))  # (R, B + 1)
    for row, key in enumerate(keys):
        design[row, place[key]] = 1.0
    design[:, -1] = impact_x
    mean = np.array([prior.half_spread_bps] * len(names) + [prior.impact_y])
    precision = np.diag(1.0 / np.square([prior.half_spread_sd_bps] * len(names) + [prior.impact_y_sd]))
    noise = max(float(np.std(cost_bps)) if len(keys) else prior.half_spread_sd_bps, NOISE_BPS_MIN)
    beta, spread = mean, np.linalg.inv(precision)
    for _ in range(ROUNDS_MAX if len(keys) else 0):
        spread = np.linalg.inv(precision + design.T @ design / noise**2)
        beta = spread @ (precision @ mean + design.T @ cost_bps / noise**2)
        left = cost_bps - design @ beta
        fitted = float(np.trace(spread @ (design.T @ design))) / noise**2  # parameters that the data, not the prior, decide
        renewed = max(float(np.sqrt(left @ left / max(len(keys) - fitted, 1.0))), NOISE_BPS_MIN)
        settled = abs(renewed - noise) < 1e-9 * noise
        noise = renewed
        if settled:
            break
    sd = np.sqrt(np.diag(spread))
    counts = [sum(key == name for key in keys) for name in names]
    buckets = tuple(Bucket(symbol, time, counts[n], float(beta[n]), float(sd[n])) for n, (symbol, time) in enumerate(names))
    return SlippageModel(buckets, float(beta[-1]), float(sd[-1]), noise, len(keys))
