"""What each strategy would have earned, net of cost, had it traded alone: one step a bar, symbol and strategy.

A target p in [-1, 1] decided at the close of bar t is filled at the open of the symbol's next bar, so bar t earns

    p[t-2] * (open[t] / close[t-1] - 1) + p[t-1] * (close[t] / open[t] - 1) - cost * |p[t-1] - p[t-2]|

as a fraction of the capital given to the strategy; `cost` is half the spread and the fees, as a fraction of the price, for each side.

A session starts flat: its first bar earns 0. Its last minute closes what is held at that minute's close (at the last close that there was
where the symbol has no bar in it) and pays for it. If that minute never came, the next session's first bar pays. Nothing is decided then.

Maximum hold: after `max_hold_bars` bars with a target of one sign the target is 0 until the signal's sign changes (0 is a sign too).

Discounted statistics over bars, newest weight 1, a weight halves every half-life:  n = sum w,  n2 = sum w^2,  mean = sum w x / n,
m2 = sum w (x - mean)^2  (West 1979, with forgetting).

Source: seeds/000 "Training Methodology"; net of cost as SYSTEMS.md section 0 asks.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from numba import njit

from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.core.selection.config import PerformanceConfig
from tradebot.core.selection.turns import OPEN_PNL, fade, turn

Float = npt.NDArray[np.float64]
Int = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

BLOCK_NS: Final = 60 * NS_PER_MINUTE

# Columns of a ledger (N, K, LEDGER_WIDTH).
HELD = 0  # position through the newest close
TARGET = 1  # position decided at the newest close
SIGNAL = 2  # the newest signal after the maximum hold, 0 where it was not valid
RUN_SIGN = 3  # sign of the running signal
RUN_BARS = 4  # bars that it has had that sign
BLOCK = 5  # net P&L since the block began
TRADES = 6  # changes of position, ever
TOTAL = 7  # net P&L, ever
N = 8
N2 = 9
MEAN = 10
M2 = 11
LEDGER_WIDTH: Final = 17  # 12 to 16 are turns.py's


def block_start_ns(minute_ns: int, session_open_ns: int) -> int:
    """The decision minute of the hour that a minute belongs to: open + a whole number of hours."""
    return session_open_ns + (minute_ns - session_open_ns) // BLOCK_NS * BLOCK_NS


def step_minute(
    ledger: Float,
    marks: Float,
    opens_ns: Int,
    minute_ns: int,
    session_open_ns: int,
    session_close_ns: int,
    open: Float,
    close: Float,
    present: Bool,
    signals: Float,
    valid: Bool,
    config: PerformanceConfig,
) -> Float:
    """One minute of all symbols: the bar P&L (N, K). Changes `ledger` (N, K, W), `marks` (N,) and `opens_ns` (N,) in place.

    `marks` is each symbol's last close and `opens_ns` the session of its last bar. Prices (N,) in any one currency unit; `signals` and
    `valid` (N, K) are those of this minute's close. A symbol without a bar changes nothing, except that the last minute flattens it.
    """
    pnl = np.zeros(signals.shape)
    _minute(
        ledger, marks, opens_ns, session_open_ns, minute_ns + NS_PER_MINUTE >= session_close_ns, open, close, present, signals, valid,
        config.holds(signals.shape[1]), config.cost_bps * 1e-4, config.keep(), config.position == "sign", config.long_only, pnl,
    )  # fmt: skip
    return pnl


@dataclass(frozen=True, slots=True)
class History:
    """Hypothetical performance over T minutes. `block` is the P&L of the hour so far, after each bar (see `block_start_ns`)."""

    pnl: Float  # (T, N, K)
    block: Float  # (T, N, K)
    ledger: Float  # (N, K, W) after the last minute


def performance_history(
    minute_ns: Int,
    session_of: Int,
    session_open_ns: Int,
    session_close_ns: Int,
    open: Float,
    close: Float,
    present: Bool,
    signals: Float,
    valid: Bool,
    config: PerformanceConfig,
) -> History:
    """A whole history in one compiled pass, equal to `step_minute` minute by minute bit for bit.

    Minutes (T,) with their session (T,), the sessions' bounds (S,), prices and presence (T, N), signals and their validity (T, N, K).
    """
    count, symbols, strategies = signals.shape
    history = History(np.zeros(signals.shape), np.zeros(signals.shape), np.zeros((symbols, strategies, LEDGER_WIDTH)))
    opens_ns, closes_ns = session_open_ns[session_of], session_close_ns[session_of]
    starts_ns = opens_ns + (minute_ns - opens_ns) // BLOCK_NS * BLOCK_NS
    _history(
        history.ledger, minute_ns, opens_ns, minute_ns + NS_PER_MINUTE >= closes_ns, starts_ns, open, close, present, signals, valid,
        config.holds(strategies), config.cost_bps * 1e-4, config.keep(), config.position == "sign", config.long_only,
        history.pnl, history.block,
    )  # fmt: skip
    assert len(minute_ns) == count, "one row of signals a minute"
    return history


@njit(cache=True, error_model="numpy")
def _observe(book, pnl, keep):  # type: ignore[no-untyped-def]
    book[BLOCK] += pnl
    book[TOTAL] += pnl
    book[N] = keep * book[N] + 1.0
    book[N2] = keep * keep * book[N2] + 1.0
    off = pnl - book[MEAN]
    book[MEAN] += off / book[N]
    book[M2] = keep * book[M2] + off * (pnl - book[MEAN])


@njit(cache=True, error_model="numpy")
def _move(book, position, cost):  # type: ignore[no-untyped-def]
    """Hold another position; how much of it was traded."""
    traded = abs(position - book[HELD])
    if traded > 0.0:
        book[TRADES] += 1.0
        turn(book, book[HELD], position, cost)
    book[HELD] = position
    return traded


@njit(cache=True, error_model="numpy")
def _decide(book, signal, max_hold, sign_only, long_only):  # type: ignore[no-untyped-def]
    sign = 1.0 if signal > 0.0 else (-1.0 if signal < 0.0 else 0.0)
    if sign != book[RUN_SIGN]:
        book[RUN_SIGN] = sign
        book[RUN_BARS] = 0.0
    book[RUN_BARS] += 1.0
    spent = max_hold > 0 and sign != 0.0 and book[RUN_BARS] > max_hold
    book[SIGNAL] = 0.0 if spent else signal
    position = 0.0 if spent else (sign if sign_only else signal)
    book[TARGET] = 0.0 if long_only and position < 0.0 else position


@njit(cache=True, error_model="numpy")
def _minute(  # type: ignore[no-untyped-def]
    ledger, marks, opens_ns, open_ns, last, open_, close, present, signals, valid, max_hold, cost, keep, sign_only, long_only, pnl
):
    for n in range(ledger.shape[0]):
        first = opens_ns[n] != open_ns
        for k in range(ledger.shape[1]):
            book = ledger[n, k]
            if not present[n]:
                if last and not first and book[HELD] != 0.0:
                    fade(book, keep)
                    pnl[n, k] = -cost * _move(book, 0.0, cost)
                    _observe(book, pnl[n, k], keep)
                    book[TARGET] = 0.0
                continue
            fade(book, keep)
            earned = 0.0
            if first:
                earned -= cost * _move(book, 0.0, cost)
                book[RUN_SIGN] = 0.0
                book[RUN_BARS] = 0.0
            else:
                earned = book[HELD] * (open_[n] / marks[n] - 1.0)
                book[OPEN_PNL] += earned
                earned -= cost * _move(book, book[TARGET], cost)
                since = book[HELD] * (close[n] / open_[n] - 1.0)
                book[OPEN_PNL] += since
                earned += since
            if last:
                earned -= cost * _move(book, 0.0, cost)
            _observe(book, earned, keep)
            pnl[n, k] = earned
            sound = valid[n, k] and math.isfinite(signals[n, k])
            _decide(book, signals[n, k] if sound else 0.0, max_hold[k], sign_only, long_only)
            if last:
                book[TARGET] = 0.0
        if present[n]:
            marks[n] = close[n]
            opens_ns[n] = open_ns


@njit(cache=True, error_model="numpy")
def _history(  # type: ignore[no-untyped-def]
    ledger, minute_ns, open_ns, last, start_ns, open_, close, present, signals, valid,
    max_hold, cost, keep, sign_only, long_only, pnl, block,
):  # fmt: skip
    marks = np.zeros(ledger.shape[0])
    opens_ns = np.full(ledger.shape[0], -1, np.int64)
    running_ns = -1
    for t in range(len(minute_ns)):
        begins = start_ns[t] != running_ns
        on_time = minute_ns[t] == start_ns[t]  # then this bar is still the last one of the block before
        if begins and not on_time:
            ledger[:, :, BLOCK] = 0.0
        _minute(
            ledger, marks, opens_ns, open_ns[t], last[t], open_[t], close[t], present[t], signals[t], valid[t],
            max_hold, cost, keep, sign_only, long_only, pnl[t],
        )  # fmt: skip
        block[t] = ledger[:, :, BLOCK]
        if begins and on_time:
            ledger[:, :, BLOCK] = 0.0
        running_ns = start_ns[t]
