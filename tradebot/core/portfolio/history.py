"""Sizes of a whole history, for what does not depend on the portfolio: what the live steps give at each minute, bit for bit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from tradebot.core.portfolio import volatility
from tradebot.core.portfolio.config import SizingConfig
from tradebot.core.portfolio.memory import SizingState
from tradebot.core.portfolio.sizer import Candidate, Sizer

Float = npt.NDArray[np.float64]
Int = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

_NS_PER_MINUTE = 60_000_000_000


def volatility_history(minute_ns: Int, open_ns: Int, close: Int, present: Bool) -> Float:
    """(T, N, 3) of volatility.py from a cold start: minutes and their session's open (T,), closes in units and presence (T, N)."""
    count = close.shape[1]
    out = np.empty((*close.shape, volatility.SEEN))
    volatility.volatility_scan(
        volatility.new_memory(count), minute_ns // _NS_PER_MINUTE, open_ns // _NS_PER_MINUTE, np.ascontiguousarray(close),
        np.ascontiguousarray(present), volatility.nothing_seen(count), out,
    )  # fmt: skip
    return out


def fractions_history(
    config: SizingConfig, seen: Float, wanted: Bool, conviction: Float, evidence: Float | None, close: Int, stop_units: Callable[[int], int]
) -> Float:
    """(T, N) multiples of equity where `wanted`, 0 elsewhere: `shares_of(equity, price, fraction, max_shares)` is then the size.

    `seen` (T, N, 3) is `volatility_history`, `evidence` (T, N, W) the opinions', `stop_units` a price's stop. With `leverage` the shares
    are also at most what the cash buys. Raises ValueError for sizes that depend on the portfolio.
    """
    if config.weighs_portfolio:
        raise ValueError("these sizes depend on what is held")
    out, memory = np.zeros(wanted.shape), SizingState()
    for t in np.flatnonzero(wanted.any(axis=1)):
        memory.memory, memory.seen = np.zeros((wanted.shape[1], 0)), seen[t]
        sizer = Sizer(config, memory, 1, {}, None if evidence is None else evidence[t])
        for n in np.flatnonzero(wanted[t]):
            price = int(close[t, n])
            out[t, n], _ = sizer.fraction(Candidate(int(n), float(conviction[t, n]), price, stop_units(price), 0), {})
    return out
