"""Models without skill, to stand beside ours: what luck, or the market alone, would have earned in the same place.

Every null is seeded. Where it has draws, p is (1 + number as good or better) / (1 + draws), which is never 0 (Davison and Hinkley 1997).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from tradebot.learning.evidence.arrays import Float, Int, is_constant, sharpe_of, stationary_rows
from tradebot.learning.evidence.inputs import Null, Trades

_DRAWS_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Prices:
    """What random entries are priced with: `minute_ns` and `session_of` (T,), `price` (T, N) at each minute's open, NaN where none."""

    minute_ns: Int
    session_of: Int
    price: Float

    def filled(self) -> Float:
        """(T, N): the last price known, and before the first one that one."""
        rows = np.where(np.isfinite(self.price), np.arange(len(self.price))[:, None], -1)
        last = np.maximum.accumulate(rows, axis=0)
        first = np.isfinite(self.price).argmax(axis=0)
        values: Float = np.take_along_axis(self.price, np.where(last >= 0, last, first), axis=0)
        return values


def p_value(observed: float, draws: Float) -> float:
    """Share of draws that are as good or better, ours among them."""
    return float((1 + (draws >= observed).sum()) / (1 + len(draws)))


def sign_flip(net: Float, gross: Float, draws: int, seed: int) -> Null:
    """Each session's positions long or short by a coin, at the same cost. The daily Sharpe ratio."""
    signs = np.random.default_rng(seed).integers(0, 2, (draws, len(gross))) * 2 - 1
    drawn = sharpe_of(signs * gross - (gross - net)) if len(gross) > 1 else np.zeros(draws)
    observed = float(sharpe_of(net)) if len(net) > 1 else 0.0
    return Null(name="sign_flip", statistic="daily Sharpe ratio", observed=observed, draws=drawn, p=p_value(observed, drawn))


def random_entries(trades: Trades, prices: Prices, draws: int, seed: int) -> Null:
    """The same trades, each entered at a random minute of its session and held as many minutes at the same cost. Net dollars in all.

    Turnover, holding times, symbols, sides and cost are ours; only the moment is luck. A trade held over night keeps its distance in
    minutes; where it would end after the last minute it ends there.
    """
    observed = float(trades.net_usd.sum())
    if not len(trades) or not len(prices.minute_ns):
        return Null(name="random_entries", statistic="net dollars", observed=observed, draws=np.zeros(0), p=1.0, note="no trades")
    price, (entry, exit_) = prices.filled(), _rows_of(trades, prices)
    first, last = _ends_of_sessions(prices.session_of)
    session = prices.session_of[entry]
    same = prices.session_of[exit_] == session
    held = exit_ - entry
    latest = np.where(same, last[session] - held, last[session])  # the last row at which it may begin
    room = np.maximum(latest - first[session] + 1, 1)
    rng = np.random.default_rng(seed)
    drawn = np.empty(draws)
    for at in range(0, draws, _DRAWS_AT_ONCE):
        size = min(_DRAWS_AT_ONCE, draws - at)
        begin = first[session] + np.minimum((rng.random((size, len(trades))) * room).astype(np.int64), room - 1)
        end = np.minimum(begin + held, len(price) - 1)
        gross = trades.side * trades.notional_usd * (price[end, trades.symbol_of] / price[begin, trades.symbol_of] - 1.0)
        drawn[at : at + size] = (gross - trades.cost_usd).sum(axis=1)
    return Null(name="random_entries", statistic="net dollars", observed=observed, draws=drawn, p=p_value(observed, drawn))


def delayed_usd(trades: Trades, prices: Prices, bars: int = 1) -> Float:
    """What entering and leaving `bars` minutes later changes, in dollars for each trade (K,): both priced on the same grid.

    Within the session: its last minute is the latest.
    """
    price, (entry, exit_) = prices.filled(), _rows_of(trades, prices)
    _, last = _ends_of_sessions(prices.session_of)

    def gross(begin: Int, end: Int) -> Float:
        earned: Float = trades.side * trades.notional_usd * (price[end, trades.symbol_of] / price[begin, trades.symbol_of] - 1.0)
        return earned

    later = [np.minimum(rows + bars, last[prices.session_of[rows]]) for rows in (entry, exit_)]
    return gross(later[0], later[1]) - gross(entry, exit_)


def rotated_predictions(taken: npt.NDArray[np.bool_], session_of: Int, earned: Float, draws: int, seed: int) -> Null:
    """Which rows were traded, turned within each session by a random number of rows. The mean net result of a traded row.

    A turn is a shuffle of labels within the session that keeps the runs in which signals come, without which luck looks too small.
    `taken` (R,), `earned` (R,) net, NaN where a row has no result; rows of a session lie together.
    """
    known = np.isfinite(earned)
    starts = np.flatnonzero(np.concatenate(([True], session_of[1:] != session_of[:-1]))) if len(session_of) else np.zeros(0, np.int64)
    lengths = np.diff(np.concatenate((starts, [len(session_of)])))
    start_of, length_of = np.repeat(starts, lengths), np.repeat(lengths, lengths)
    within = np.arange(len(session_of)) - start_of
    value = np.where(known, earned, 0.0)

    def mean_of(chosen: npt.NDArray[np.bool_]) -> float:
        count = int((chosen & known).sum())
        return float(value[chosen & known].sum() / count) if count else 0.0

    rng = np.random.default_rng(seed)
    drawn = np.empty(draws)
    for n in range(draws):
        turn = np.repeat(rng.integers(0, lengths) if len(lengths) else lengths, lengths)
        drawn[n] = mean_of(taken[start_of + (within + turn) % length_of])
    observed = mean_of(taken)
    return Null(
        name="rotated_predictions", statistic="net result of a traded row", observed=observed, draws=drawn, p=p_value(observed, drawn)
    )


def shuffled_labels(net: Float, run: Callable[[int], Float], draws: int, seed: int) -> Null:
    """The whole pipeline on labels shuffled within sessions: `run(seed)` gives daily net returns. Their Sharpe ratio."""
    drawn = np.array([float(sharpe_of(run(seed + n))) for n in range(draws)])
    observed = float(sharpe_of(net))
    return Null(name="shuffled_labels", statistic="daily Sharpe ratio", observed=observed, draws=drawn, p=p_value(observed, drawn))


def beyond_market(net: Float, market: Float, name: str = "beyond_market") -> Null | None:
    """Is there anything beside the market's own return? net = alpha + beta market; p of alpha <= 0, one-sided, Newey and West 1987.

    Lags floor(4 (n / 100)^(2/9)). `observed` is alpha of a session. None where too little varies.
    """
    n = len(net)
    if n < 10 or is_constant(market) or is_constant(net):
        return None
    x = np.column_stack((np.ones(n), market))
    inverse = np.linalg.inv(x.T @ x)
    alpha, beta = inverse @ x.T @ net
    scores = x * (net - x @ np.array([alpha, beta]))[:, None]
    meat = scores.T @ scores
    lags = int(4 * (n / 100) ** (2 / 9))
    for lag in range(1, lags + 1):
        cross = scores[lag:].T @ scores[:-lag]
        meat += (1.0 - lag / (lags + 1)) * (cross + cross.T)
    error = math.sqrt(max(float((inverse @ meat @ inverse)[0, 0]), 1e-300))
    return Null(
        name=name,
        statistic="alpha of a session",
        observed=float(alpha),
        draws=np.zeros(0),
        p=1.0 - NormalDist().cdf(float(alpha) / error),
        note=f"beta {beta:.3f}",
    )


def delay_gains_p(net: Float, delayed: Float, draws: int, seed: int) -> float:
    """p of "a delay earns nothing": small where acting a bar later is better, which no honest signal is. Paired stationary bootstrap."""
    gained = delayed - net
    if len(gained) < 2 or is_constant(gained):
        return 1.0
    drawn = (gained - gained.mean())[stationary_rows(len(gained), draws, seed)].mean(axis=1)
    return p_value(float(gained.mean()), drawn)


def _rows_of(trades: Trades, prices: Prices) -> tuple[Int, Int]:
    """Rows of the grid at which each trade began and ended."""
    last = len(prices.minute_ns) - 1
    entry, exit_ = (np.clip(np.searchsorted(prices.minute_ns, at, side="right") - 1, 0, last) for at in (trades.entry_ns, trades.exit_ns))
    return entry, np.maximum(entry, exit_)


def _ends_of_sessions(session_of: Int) -> tuple[Int, Int]:
    """First and last row of each session by its number, (S,)."""
    numbers = np.arange(int(session_of[-1]) + 1)
    return np.searchsorted(session_of, numbers), np.searchsorted(session_of, numbers, side="right") - 1
