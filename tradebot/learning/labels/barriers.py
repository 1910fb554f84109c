"""Triple barriers: which comes first after the purchase, the target, the stop, or the session's end.

    triple_barrier             1 if high >= entry * (1 + target_fraction) before low <= entry * (1 - stop_fraction), else 0
    triple_barrier_volatility  the same with fractions of target_units and stop_units times s(t), and the target moved away by the round
                               trip's cost: touching it earns target_units * s(t) net; s(t) = sigma(t) sqrt(horizon_min), see volatility.py
    meta_label                 for the side that a primary model took (-1, 0, 1): 1 if following it, until the first of these barriers on
                               its side, earned more than the cost; no label where it took none. `net_long` is the follower's result

Both barriers in one bar count as the stop. A bar that opens beyond a barrier sells at its open. At the session's end the position is sold
at the last close. Where the data ends before the session there is no label, even if a barrier was touched: bars whose price went nowhere
would be missing among the others.
Sources: Lopez de Prado, Advances in Financial Machine Learning, 3.2 (barriers), 3.6 (meta-labels); SYSTEMS.md 2; FIELD.md 3.1.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from tradebot.core.domain.bars import Float, MarketGrid
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.learning.config import RoundTripCost, TrainingConfig
from tradebot.learning.labels.label import Given, Labels
from tradebot.learning.labels.trade import Charges, Trades, cost_parameters, next_bar, session_last
from tradebot.learning.labels.volatility import ewma_volatility

_FREE = RoundTripCost(half_spread_bps=0, half_spread_usd_min=0, sec_fee_usd_per_million=0, taf_usd_per_share=0)
_TARGET = 1


def triple_barrier(grid: MarketGrid, config: TrainingConfig, cost: RoundTripCost, _: Given) -> Labels:
    """Fixed fractions, as the exits of `active_stocks` are."""
    fractions = {"target_fraction": config.target_fraction, "stop_fraction": config.stop_fraction}
    up, down = (np.full(grid.present.shape, f) for f in fractions.values())
    trades, touched = _walk(grid, up, down, _everywhere_long(grid), _FREE)
    net, paid = trades.net(cost)
    return Labels("triple_barrier", fractions, _hit(trades, touched), trades.valid, trades.end_ns, net, paid)


def triple_barrier_volatility(grid: MarketGrid, config: TrainingConfig, cost: RoundTripCost, _: Given) -> Labels:
    """Fractions in units of the forecast volatility, cost inside."""
    trades, touched = _walk(grid, *_in_units(grid, config), _everywhere_long(grid), cost)
    net, paid = trades.net(cost)
    name = "triple_barrier_volatility" + ("_zero_cost" if cost.is_zero else "")
    return Labels(name, _parameters(config, cost), _hit(trades, touched), trades.valid, trades.end_ns, net, paid)


def meta_label(grid: MarketGrid, config: TrainingConfig, cost: RoundTripCost, given: Given) -> Labels:
    """Whether a primary model's side was worth following. Raises OperatorFault without `given.sides`."""
    if given.sides is None:
        raise OperatorFault("label meta_label judges the sides of a primary model, and there is none: name another label")
    assert given.sides.shape == grid.present.shape, "one side for each bar"
    assert np.isin(given.sides, (-1, 0, 1)).all(), "a side is -1, 0 or 1"
    trades, _ = _walk(grid, *_in_units(grid, config), given.sides, cost)
    first, last = trades.bought, trades.sold
    charges = Charges.of(cost)
    long = given.sides >= 0
    paid = np.where(long, charges.round_trip(first, last), charges.round_trip(first, first))  # a short sells first
    net = (np.where(long, last - first, first - last) - paid) / first
    name = "meta_label" + ("_zero_cost" if cost.is_zero else "")
    target = np.where(trades.valid, net > 0.0, np.nan)
    return Labels(name, _parameters(config, cost), target, trades.valid, trades.end_ns, net, paid / first)


def _everywhere_long(grid: MarketGrid) -> npt.NDArray[np.int8]:
    return np.ones(grid.present.shape, np.int8)


def _hit(trades: Trades, touched: npt.NDArray[np.int8]) -> Float:
    return np.where(trades.valid, touched == _TARGET, np.nan)


def _in_units(grid: MarketGrid, config: TrainingConfig) -> tuple[Float, Float]:
    scale = ewma_volatility(grid) * np.sqrt(config.horizon_min)
    return config.target_units * scale, config.stop_units * scale


def _parameters(config: TrainingConfig, cost: RoundTripCost) -> dict[str, float]:
    return {
        "target_units": config.target_units,
        "stop_units": config.stop_units,
        "horizon_min": float(config.horizon_min),
        **cost_parameters(cost),
    }


def _walk(
    grid: MarketGrid, up: Float, down: Float, sides: npt.NDArray[np.int8], inside: RoundTripCost
) -> tuple[Trades, npt.NDArray[np.int8]]:
    """Trades on `sides` (T, N), and what ended each: 1 the target, -1 the stop, 0 the session. `up`, `down` (T, N) are fractions."""
    trades, touched = Trades.none(grid), np.zeros(grid.present.shape, np.int8)
    c = Charges.of(inside)
    _barriers(
        grid.minute_ns, grid.session_of, grid.open, grid.high, grid.low, grid.close, grid.present, session_last(grid), up, down, sides,
        c.half_fraction, c.half_units_min, c.sale_fraction, c.share_units,
        trades.bought, trades.sold, trades.valid, trades.end_ns, touched,
    )  # fmt: skip
    return trades, touched


@njit(cache=True, error_model="numpy")
def _barriers(  # type: ignore[no-untyped-def]
    minute_ns, session_of, open_, high, low, close, present, session_last, up, down, sides,
    half_fraction, half_units_min, sale_fraction, share_units, bought, sold, valid, end_ns, touched
):  # fmt: skip
    for n in range(present.shape[1]):
        for t in range(len(session_of)):
            # NaN and zero volatility give no barrier
            if not present[t, n] or sides[t, n] == 0 or not (up[t, n] > 0.0 and down[t, n] > 0.0):
                continue
            last = session_last[t]
            entry = next_bar(session_of, present, t, n)
            if last < 0 or entry < 0:
                continue
            price = float(open_[entry, n])
            fixed = 2.0 * max(price * half_fraction, half_units_min) + share_units
            is_long = sides[t, n] > 0
            if is_long:
                above = (price * (1.0 + up[t, n]) + fixed) / (1.0 - sale_fraction)
                below = price * (1.0 - down[t, n])
            else:
                above = price * (1.0 + down[t, n])
                below = price * (1.0 - up[t, n]) - fixed - price * sale_fraction
            out = price
            for u in range(entry, last + 1):
                if not present[u, n]:
                    continue
                rose = high[u, n] >= above
                fell = low[u, n] <= below
                if rose or fell:
                    stopped = fell if is_long else rose
                    touched[t, n] = -1 if stopped else 1
                    fell = stopped == is_long  # the stop of a long and the target of a short lie below
                    out = min(float(open_[u, n]), below) if fell else max(float(open_[u, n]), above)
                    last = u
                    break
                out = float(close[u, n])
            bought[t, n] = price
            sold[t, n] = out
            valid[t, n] = True
            end_ns[t, n] = minute_ns[last] + NS_PER_MINUTE
