"""Markets of which the truth is known: how much of the next half hour a signal foretells, and what trading costs.

Minute k's log return is r[k] = a s[k-1] + sigma e[k] + drift. The signal s is a stationary AR(1) of unit variance, known at its minute's
end; a follows from the information coefficient that is asked for: the correlation of s with the return of the next `horizon_min` minutes,

    IC = a G / sqrt(h sigma^2 + a^2 V),  G = cov(s[t], s[t] + .. + s[t+h-1]) = (1 - p^h) / (1 - p),  V = var(s[t] + .. + s[t+h-1]).

Beside the signal stand decoys: AR(1) of the same memory that foretell nothing. Whoever learns has to find out which is which.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from tradebot.learning.evidence.arrays import SESSIONS_A_YEAR, Float

MINUTES: Final = 390


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What a market is like. Money in fractions: a round trip costs two half-spreads, fees on the sale and twice the impact."""

    information: float = 0.0  # coefficient of correlation, 0 = no edge
    horizon_min: int = 30
    half_life_min: float = 30.0
    decoys: int = 9
    daily_deviation: float = 0.015
    drift_annual: float = 0.0
    half_spread: float = 1e-4
    fees: float = 20.6e-6  # SEC, on sales
    impact_y: float = 0.7
    share_of_volume: float = 1e-5  # of a day's volume that one order is

    @property
    def impact(self) -> float:
        """Square-root law, of each order (FIELD.md 3.2)."""
        return self.impact_y * self.daily_deviation * math.sqrt(self.share_of_volume)

    @property
    def round_trip(self) -> float:
        return 2.0 * (self.half_spread + self.impact) + self.fees


@dataclass(frozen=True, slots=True)
class SyntheticMarket:
    """`price` (S, 391): each minute's open and the session's close. `features` (S, 390, 1 + decoys), known at the end of their minute; the
    first is the signal. Nights add nothing.
    """

    world: World
    price: Float
    features: Float


def synthetic_market(world: World, sessions: int, seed: int) -> SyntheticMarket:
    """The same world and seed: the same market."""
    rng = np.random.default_rng(seed)
    minutes = sessions * MINUTES
    memory = 0.5 ** (1.0 / world.half_life_min)
    features = _autoregressive(rng.standard_normal((minutes, 1 + world.decoys)), memory)
    sigma = world.daily_deviation / math.sqrt(MINUTES)
    returns = sigma * rng.standard_normal(minutes) + world.drift_annual / (SESSIONS_A_YEAR * MINUTES)
    returns[1:] += loading(world, sigma, memory) * features[:-1, 0]
    path = np.concatenate(([0.0], np.cumsum(returns)))
    rows = np.arange(sessions)[:, None] * MINUTES + np.arange(MINUTES + 1)
    return SyntheticMarket(world, 100.0 * np.exp(path[rows]), features.reshape(sessions, MINUTES, 1 + world.decoys))


def loading(world: World, sigma: float, memory: float) -> float:
    """The a at which the signal's correlation with the next `horizon_min` minutes is `information`."""
    h, p = world.horizon_min, memory
    reach = (1.0 - p**h) / (1.0 - p)
    lags = np.arange(1, h)
    spread = h + 2.0 * float(((h - lags) * p**lags).sum())
    room = reach**2 - world.information**2 * spread
    assert room > 0.0, "no signal of this memory foretells so much"
    return world.information * sigma * math.sqrt(h / room)


def _autoregressive(noise: Float, memory: float) -> Float:
    """(T, F) stationary AR(1) of unit variance."""
    from scipy.signal import lfilter

    noise[1:] *= math.sqrt(1.0 - memory**2)
    found: Float = lfilter([1.0], [1.0, -memory], noise, axis=0)
    return found
