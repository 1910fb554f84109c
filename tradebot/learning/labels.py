"""Labels: what would have come of buying after a bar, and when that was known.

A decision on bar t buys at the open of the symbol's next bar of the same session. Each label gives `label` (T, N) int8 1 or 0, `valid`
(T, N) where there is one, and `end_ns` (T, N), the end of the last bar that the answer needed: splits purge by it.

    triple_barrier          1 if high >= entry * (1 + target) before low <= entry * (1 - stop), within the session; else 0.
                            Both in one bar count as the stop. (Lopez de Prado, Advances in Financial Machine Learning, 3.4; SYSTEMS.md 2)
    forward_beats_cost      1 if the close of minute t + horizon, or of the last bar before it, is above the entry by more than the round
                            trip costs; no label where t + horizon is beyond the session.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit

from tradebot.core.domain.bars import Bool, Int, MarketGrid
from tradebot.core.domain.units import NS_PER_MINUTE, UNITS_PER_USD
from tradebot.learning.config import FORWARD_MIN, RoundTripCost, TrainingConfig

_MILLION: Final = 1e6
_BPS: Final = 1e4


@dataclass(frozen=True, slots=True)
class Labels:
    """Labels of a grid, with the name and parameters that the report states."""

    name: str
    parameters: dict[str, float]
    label: npt.NDArray[np.int8]  # (T, N)
    valid: Bool  # (T, N)
    end_ns: Int  # (T, N)


def label_grid(grid: MarketGrid, config: TrainingConfig, cost: RoundTripCost) -> Labels:
    """The label that the config names."""
    if config.label == "triple_barrier":
        return triple_barrier(grid, config.target_fraction, config.stop_fraction)
    return forward_beats_cost(grid, FORWARD_MIN, cost)


def triple_barrier(grid: MarketGrid, target_fraction: float, stop_fraction: float) -> Labels:
    label, valid, end_ns = _empty(grid)
    _triple_barrier(
        grid.minute_ns, grid.session_of, grid.open, grid.high, grid.low, grid.present, target_fraction, stop_fraction, label, valid, end_ns
    )
    return Labels("triple_barrier", {"target_fraction": target_fraction, "stop_fraction": stop_fraction}, label, valid, end_ns)


def forward_beats_cost(grid: MarketGrid, horizon_min: int, cost: RoundTripCost) -> Labels:
    label, valid, end_ns = _empty(grid)
    half_fraction = cost.half_spread_bps / _BPS
    half_units_min = cost.half_spread_usd_min * UNITS_PER_USD
    sale_fraction = cost.sec_fee_usd_per_million / _MILLION
    share_units = cost.taf_usd_per_share * UNITS_PER_USD
    _forward_beats_cost(
        grid.minute_ns, grid.session_of, grid.open, grid.close, grid.present, horizon_min,
        half_fraction, half_units_min, sale_fraction, share_units, label, valid, end_ns,
    )  # fmt: skip
    parameters = {
        "horizon_min": float(horizon_min),
        "half_spread_bps": cost.half_spread_bps,
        "half_spread_usd_min": cost.half_spread_usd_min,
        "sec_fee_usd_per_million": cost.sec_fee_usd_per_million,
        "taf_usd_per_share": cost.taf_usd_per_share,
    }
    name = f"forward_{horizon_min}m_beats_cost" + ("_zero_cost" if cost.is_zero else "")
    return Labels(name, parameters, label, valid, end_ns)


def _empty(grid: MarketGrid) -> tuple[npt.NDArray[np.int8], Bool, Int]:
    shape = grid.present.shape
    return np.zeros(shape, np.int8), np.zeros(shape, np.bool_), np.zeros(shape, np.int64)


@njit(cache=True)
def _next_bar(session_of: Int, present: Bool, t: int, n: int) -> int:
    """The symbol's next bar in the session of t, or -1."""
    for u in range(t + 1, len(session_of)):
        if session_of[u] != session_of[t]:
            return -1
        if present[u, n]:
            return u
    return -1


@njit(cache=True)
def _triple_barrier(minute_ns, session_of, open_, high, low, present, target, stop, label, valid, end_ns):  # type: ignore[no-untyped-def]
    for n in range(present.shape[1]):
        for t in range(present.shape[0]):
            entry = _next_bar(session_of, present, t, n) if present[t, n] else -1
            if entry < 0:
                continue
            above = open_[entry, n] * (1.0 + target)
            below = open_[entry, n] * (1.0 - stop)
            u = entry
            last = entry
            while u < len(session_of) and session_of[u] == session_of[t]:
                last = u
                if present[u, n] and low[u, n] <= below:
                    break
                if present[u, n] and high[u, n] >= above:
                    label[t, n] = 1
                    break
                u += 1
            valid[t, n] = True
            end_ns[t, n] = minute_ns[last] + NS_PER_MINUTE


@njit(cache=True)
def _forward_beats_cost(  # type: ignore[no-untyped-def]
    minute_ns, session_of, open_, close, present, horizon, half_fraction, half_units_min, sale_fraction, share_units, label, valid, end_ns
):
    for n in range(present.shape[1]):
        for t in range(present.shape[0] - horizon):
            exit_ = t + horizon
            if not present[t, n] or session_of[exit_] != session_of[t]:
                continue
            entry = _next_bar(session_of, present, t, n)
            if entry < 0 or entry > exit_:
                continue
            end_ns[t, n] = minute_ns[exit_] + NS_PER_MINUTE
            while not present[exit_, n]:
                exit_ -= 1
            bought = float(open_[entry, n])
            sold = float(close[exit_, n])
            cost = 2.0 * max(bought * half_fraction, half_units_min) + sold * sale_fraction + share_units
            label[t, n] = 1 if sold - bought > cost else 0
            valid[t, n] = True
