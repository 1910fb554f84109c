"""Tape family: what quotes and trade counts say. A column is NaN where one of its inputs is absent, for a window anywhere in it.

Quotes (bid, ask and their sizes) are those at the bar's start, mid = (bid + ask) / 2, micro = (bid ask_size + ask bid_size) / (both sizes):

    spread_rel = (ask - bid) / mid;  spread_mean_20 = mean20 of it;  spread_ratio_20 = spread_rel / spread_mean_20, 1 where that is 0
    book_imbalance = (bid_size - ask_size) / (bid_size + ask_size);  book_imbalance_mean_20 = mean20 of it
    depth_ratio_20 = (bid_size + ask_size) / mean20 of it
    quote_mid_deviation = c / mid - 1;  quote_mid_change = mid / mid[-1] - 1
    microprice_deviation = micro / mid - 1 (Stoikov 2018, first approximation)
    effective_spread = 2 |c - mid| / mid;  effective_spread_mean_20 = mean20 of it (Huang and Stoll 1996)
    quote_rule_imbalance_20 = sum20(sign(c - mid) v) / sum20(v), 0 where nothing traded (Lee and Ready 1991, without the tick rule)
    trade_size_mean = v / trades;  trade_size_ratio_20 = that / mean20 of it, 1 where that is 0
    trades_ratio_20 = trades / mean20 trades

Source: as named; SYSTEMS.md sections 3 and 5 (spread dynamics, imbalance).
"""

from __future__ import annotations

import math

import numpy as np

from tradebot.core.features.feature import ASK, ASK_SIZE, BID, BID_SIZE, CLOSE, TRADES, VOLUME, Feature
from tradebot.core.features.feature import Feature as F
from tradebot.core.kernels.kernel import kernel
from tradebot.core.kernels.rolling import ratio
from tradebot.core.kernels.sliding import TOTALS, sliding_sums, sums_width

_N = 20
_ROUNDING = 1e-12  # a close nearer to the mid than this share of it is at the mid
_MAX = _N + 1e-9  # a value over the mean of 20 that are not negative and include it
_QUOTE, _SIZES, _TRADES = ("bid", "ask"), ("bid_size", "ask_size"), ("volume", "trades")
FEATURES: tuple[Feature, ...] = (
    F("spread_rel", "(ask - bid) / mid", "fraction", _QUOTE, 1, True, -2.0, 2.0),
    F("spread_mean_20", "mean20 spread_rel", "fraction", _QUOTE, _N, True, -2.0, 2.0),
    F("spread_ratio_20", "spread_rel / spread_mean_20, 1 where 0", "ratio", _QUOTE, _N, True),
    F("book_imbalance", "(bid_size - ask_size) / (bid_size + ask_size)", "share", _SIZES, 1, True, -1.0, 1.0),
    F("book_imbalance_mean_20", "mean20 book_imbalance", "share", _SIZES, _N, True, -1.0, 1.0),
    F("depth_ratio_20", "(bid_size + ask_size) / mean20", "ratio", _SIZES, _N, True, 0.0, _MAX),
    F("quote_mid_deviation", "c / mid - 1", "fraction", ("close", *_QUOTE), 1, True, -1.0),
    F("quote_mid_change", "mid / mid[-1] - 1", "fraction", _QUOTE, 2, True, -1.0),
    F("microprice_deviation", "micro / mid - 1", "fraction", (*_QUOTE, *_SIZES), 1, True, -1.0, 1.0),
    F("effective_spread", "2 |c - mid| / mid", "fraction", ("close", *_QUOTE), 1, True, 0.0),
    F("effective_spread_mean_20", "mean20 effective_spread", "fraction", ("close", *_QUOTE), _N, True, 0.0),
    F(
        "quote_rule_imbalance_20",
        "sum20(sign(c - mid) v) / sum20(v), 0 where 0",
        "share",
        ("close", "volume", *_QUOTE),
        _N,
        True,
        -1.0,
        1.0,
    ),
    F("trade_size_mean", "v / trades", "shares", _TRADES, 1, True, 0.0),
    F("trade_size_ratio_20", "trade_size_mean / mean20, 1 where 0", "ratio", _TRADES, _N, True, 0.0, _MAX),
    F("trades_ratio_20", "trades / mean20 trades", "ratio", ("trades",), _N, True, 0.0, _MAX),
)
STATE_WIDTH = 1 + sums_width(_N, 8)  # mid of the bar before; sliding sums


@kernel
def step(state: np.ndarray, s: int, end: int, row: np.ndarray, out: np.ndarray, f: int) -> None:
    """One bar. `state[s:]` is this family's memory, `out[f:]` its columns."""
    bid, ask, bid_size, ask_size, close, v = row[BID], row[ASK], row[BID_SIZE], row[ASK_SIZE], row[CLOSE], row[VOLUME]
    mid, depth = 0.5 * (bid + ask), bid_size + ask_size
    spread, imbalance, size = (ask - bid) / mid, (bid_size - ask_size) / depth, v / row[TRADES]
    off = close - mid
    effective = 2.0 * abs(off) / mid
    at_mid = _ROUNDING * mid
    side = math.nan if math.isnan(off) else v * (off > at_mid) - v * (off < -at_mid)
    sliding_sums(state, s + 1, _N, (spread, imbalance, depth, effective, side, v, size, row[TRADES]))
    t = s + 1 + TOTALS
    out[f] = spread
    out[f + 1] = state[t] / _N
    out[f + 2] = ratio(spread, out[f + 1], 1.0)
    out[f + 3] = imbalance
    out[f + 4] = state[t + 1] / _N
    out[f + 5] = depth / (state[t + 2] / _N)
    out[f + 6] = off / mid
    out[f + 7] = mid / state[s] - 1.0
    out[f + 8] = 0.5 * spread * imbalance  # micro - mid = (ask - bid) / 2 * imbalance
    out[f + 9] = effective
    out[f + 10] = state[t + 3] / _N
    out[f + 11] = ratio(state[t + 4], state[t + 5], state[t + 4])
    out[f + 12] = size
    out[f + 13] = ratio(size, state[t + 6] / _N, 1.0)
    out[f + 14] = row[TRADES] / (state[t + 7] / _N)
    state[s] = mid
