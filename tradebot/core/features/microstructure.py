"""Microstructure family: price impact, spread and order flow as bars alone reveal them.

With dc = c - c[-1], r = dc / c[-1], and k = 3 - 2 sqrt(2):

    kyle_lambda = |dc| / v, 0 where nothing traded;  amihud_illiquidity = mean20 of it
    amihud_return_20 = mean20(|r| / (c v)), terms 0 where nothing traded (Amihud 2002)
    kyle_lambda_60 = least-squares slope of the last 60 dc on q = sign(dc) v, 0 where q is constant (Kyle 1985; Hasbrouck 2009)
    kyle_lambda_rel_60 = kyle_lambda_60 * mean60 v / c: the move that one bar's volume makes
    roll_spread_20 = 2 sqrt(-cov(dc, dc[-1])) / c over the 19 pairs of the last 20 dc, 0 where the covariance is not negative (Roll 1984)
    corwin_schultz_20 = mean20 of max(0, 2 (e^a - 1) / (1 + e^a)), a = (sqrt(2 b) - sqrt(b)) / k - sqrt(g / k),
        b = ln(h/l)^2 + ln(h[-1]/l[-1])^2, g = ln(max(h, h[-1]) / min(l, l[-1]))^2; a bar wholly above or below the close before is first
        moved in proportion to touch it (Corwin and Schultz 2012)
    abdi_ranaldo_20 = sqrt(max(0, mean20 of 4 (ln c[-1] - m[-1]) (ln c[-1] - m))), m = (ln h + ln l) / 2 (Abdi and Ranaldo 2017)
    bulk_buy_share = Phi(dc / sigma), the normal distribution, sigma = std of the last 60 dc, 0.5 where that is 0
    vpin_50 = sum50(v |2 bulk_buy_share - 1|) / sum50(v), 0 where nothing traded: 50 buckets of one bar (Easley, Lopez de Prado and
        O'Hara 2012)
    net_buying_pressure = (c - l) / (h - l), 0.5 where h = l
    order_flow_imbalance_20 = sum20(side v) / sum20(v), 0 where nothing traded; side = sign(dc), and where dc = 0 that of the last change if
        it is less than 20 bars ago, else 0 (tick rule, Lee and Ready 1991)

Source: seeds/000 `create_advanced_features` for kyle_lambda, amihud_illiquidity and net_buying_pressure; else as named.
"""

from __future__ import annotations

import math

import numpy as np

from tradebot.core.features.feature import CLOSE, HIGH, LOW, VOLUME, Feature
from tradebot.core.features.feature import Feature as F
from tradebot.core.features.window import CLOSE_AT, LOG_RETURN_AT
from tradebot.core.kernels.kernel import kernel
from tradebot.core.kernels.rolling import ratio
from tradebot.core.kernels.sliding import TOTALS, sliding_sums, sums_width

_CV, _HLC = ("close", "volume"), ("high", "low", "close")
FEATURES: tuple[Feature, ...] = (
    F("kyle_lambda", "|dc| / v, 0 where v = 0", "usd per share", _CV, 2, False, 0.0),
    F("amihud_illiquidity", "mean20 kyle_lambda", "usd per share", _CV, 21, False, 0.0),
    F("amihud_return_20", "mean20(|r| / (c v)), 0 where v = 0", "1 / usd", _CV, 21, False, 0.0),
    F("kyle_lambda_60", "slope60 of dc on sign(dc) v, 0 where constant", "usd per share", _CV, 61, False),
    F("kyle_lambda_rel_60", "kyle_lambda_60 mean60(v) / c", "fraction", _CV, 61, True),
    F("roll_spread_20", "2 sqrt(max(0, -cov19(dc, dc[-1]))) / c", "fraction", ("close",), 21, True, 0.0),
    F("corwin_schultz_20", "mean20 of the two-bar high-low spread, 0 where negative", "fraction", _HLC, 21, True, 0.0, 2.0),
    F("abdi_ranaldo_20", "sqrt(max(0, mean20(4 (ln c[-1] - m[-1]) (ln c[-1] - m))))", "fraction", _HLC, 21, True, 0.0),
    F("bulk_buy_share", "Phi(dc / std60 dc), 0.5 where 0", "share", ("close",), 61, True, 0.0, 1.0),
    F("vpin_50", "sum50(v |2 bulk_buy_share - 1|) / sum50(v), 0 where 0", "share", _CV, 110, True, 0.0, 1.0),
    F("net_buying_pressure", "(c - l) / (h - l), 0.5 where h = l", "share", _HLC, 1, True, 0.0, 1.0),
    F("order_flow_imbalance_20", "sum20(side v) / sum20(v), 0 where 0", "share", _CV, 41, True, -1.0, 1.0),
)
_K = 3.0 - 2.0 * math.sqrt(2.0)
_TWO_BARS, _ROOT_K, _ROOT_HALF = (math.sqrt(2.0) - 1.0) / _K, math.sqrt(_K), math.sqrt(0.5)
_ROUNDING = 1e-12  # a sum of squares about its mean below this share of the plain sum is none
# Of the bar before: ln(h / c), ln(l / c); the last side and its age. Sliding sums: of the two illiquidities, two spreads, signed and plain
# volume over 20, of pairs of changes over 19, of changes and signed volume over 60, of volume and its bulk imbalance over 50.
_SPREADS = 4
_PAIRS = _SPREADS + sums_width(20, 6)
_IMPACT = _PAIRS + sums_width(19, 4)
_BULK = _IMPACT + sums_width(60, 6)
STATE_WIDTH = _BULK + sums_width(50, 2)


@kernel
def step(state: np.ndarray, s: int, end: int, row: np.ndarray, out: np.ndarray, f: int) -> None:
    """One bar. `state[s:]` is this family's memory, `out[f:]` its columns."""
    high, low, close, v = row[HIGH], row[LOW], row[CLOSE], row[VOLUME]
    c = end + CLOSE_AT
    before = state[c - 1]
    change = close - before
    impact = ratio(abs(change), v, 0.0)
    spread, product = _spreads(state, s, math.log(high / before), math.log(low / before), state[end + LOG_RETURN_AT])
    signed = _side(state, s + 2, change) * v
    sliding_sums(state, s + _SPREADS, 20, (impact, impact / (before * close), spread, product, signed, v))
    t = s + _SPREADS + TOTALS
    out[f] = impact
    out[f + 1] = state[t] / 20.0
    out[f + 2] = state[t + 1] / 20.0
    out[f + 5] = _roll(state, s + _PAIRS, change, before - state[c - 2]) / close
    out[f + 6] = state[t + 2] / 20.0
    out[f + 7] = math.sqrt(max(state[t + 3] / 20.0, 0.0))
    out[f + 11] = ratio(state[t + 4], state[t + 5], 0.0)
    deviation = _impact(state, s + _IMPACT, change, v, close, out, f + 3)

    bought = 0.5 + 0.5 * math.erf(_ROOT_HALF * ratio(change, deviation, 0.0))
    sliding_sums(state, s + _BULK, 50, (v * abs(2.0 * bought - 1.0), v))
    t = s + _BULK + TOTALS
    out[f + 8] = bought
    out[f + 9] = min(ratio(state[t], state[t + 1], 0.0), 1.0)
    out[f + 10] = ratio(close - low, high - low, 0.5)


@kernel
def _roll(state: np.ndarray, s: int, change: float, change_before: float) -> float:
    """Twice the root of the negative autocovariance, usd."""
    sliding_sums(state, s, 19, (change * change_before, change, change_before, change * change))
    t = s + TOTALS
    product = state[t + 1] * state[t + 2] / 19.0 - state[t]
    return 2.0 * math.sqrt(product / 18.0) if product > _ROUNDING * state[t + 3] else 0.0


@kernel
def _spreads(state: np.ndarray, s: int, high: float, low: float, close: float) -> tuple[float, float]:
    """(Corwin and Schultz's spread, Abdi and Ranaldo's product) of this bar and the one before.

    All prices are logarithms relative to the close before; `state[s]` and `state[s + 1]` are that bar's high and low.
    """
    high_before, low_before = state[s], state[s + 1]
    middle_before, middle = 0.5 * (high_before + low_before), 0.5 * (high + low)
    state[s] = high - close
    state[s + 1] = low - close
    shift = low if low > 0.0 else high if high < 0.0 else 0.0
    both = max(high - shift, high_before) - min(low - shift, low_before)
    here, there = high - low, high_before - low_before
    a = _TWO_BARS * math.sqrt(here * here + there * there) - both / _ROOT_K
    return (2.0 * math.tanh(0.5 * a) if a > 0.0 else 0.0), 4.0 * middle_before * middle


@kernel
def _side(state: np.ndarray, s: int, change: float) -> float:
    """The tick rule; `state[s]` is the side of the last change and `state[s + 1]` the bars since."""
    side: float = state[s]
    if change != 0.0:
        side = 1.0 if change > 0.0 else -1.0
        state[s] = side
        state[s + 1] = -1.0
    state[s + 1] += 1.0
    return side if state[s + 1] < 20.0 else 0.0


@kernel
def _impact(state: np.ndarray, s: int, change: float, v: float, close: float, out: np.ndarray, f: int) -> float:
    """Kyle's slope, in dollars and relative; answers the deviation of the changes."""
    signed = v * (change > 0.0) - v * (change < 0.0)
    sliding_sums(state, s, 60, (abs(change) * v, change, change * change, signed, signed * signed, v))
    t = s + TOTALS
    spread = state[t + 4] - state[t + 3] * state[t + 3] / 60.0
    slope = (state[t] - state[t + 1] * state[t + 3] / 60.0) / spread if spread > _ROUNDING * state[t + 4] else 0.0
    out[f] = slope
    out[f + 1] = slope * (state[t + 5] / 60.0) / close
    squares = state[t + 2] - state[t + 1] * state[t + 1] / 60.0
    return math.sqrt(squares / 59.0) if squares > _ROUNDING * state[t + 2] else 0.0
