"""Microstructure alpha (seconds to minutes): the book leans one way and the last price has not followed yet.

    edge        book_imbalance * spread_rel / 2 - quote_mid_deviation: from the last price to the micro-price, the mid moved towards the
                thinner side of the book
    only if     0 < spread_rel <= spread_max, |book_imbalance| >= imbalance_min with the sign of the edge, trade_size_mean >= trade_size_min
    conviction  saturate(edge, spread_rel / 2): 1/2 where the edge is the half-spread that a round trip must earn

Without quotes there are no columns, hence no signal. Where trade counts are absent (trade_size_mean) a round lot is assumed.
Source: 004 (Living Lab); the micro-price is Stoikov's (2018), to first order.
"""

from __future__ import annotations

import numpy as np

from tradebot.core.strategies.conviction import Float, saturate
from tradebot.core.strategies.strategy import Strategy


def signal(
    spread_rel: Float, book_imbalance: Float, quote_mid_deviation: Float, trade_size_mean: Float | float = 100.0,
    *, spread_max: float = 0.002, imbalance_min: float = 0.3, trade_size_min: float = 20.0,
) -> Float:  # fmt: skip
    half_spread = 0.5 * spread_rel
    edge = book_imbalance * half_spread - quote_mid_deviation
    quoted = (spread_rel > 0.0) & (spread_rel <= spread_max) & (trade_size_mean >= trade_size_min)
    leaning = (np.abs(book_imbalance) >= imbalance_min) & (np.sign(book_imbalance) == np.sign(edge))
    return np.where(quoted & leaning, saturate(edge, half_spread), 0.0)


STRATEGY = Strategy(
    name="microstructure",
    title="Microstructure",
    alpha="microstructure",
    signal=signal,
    source="004 section 4; Stoikov (2018), The micro-price",
)
