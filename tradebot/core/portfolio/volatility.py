"""How volatile a symbol is: one step a bar, no look at the future.

    variance(t) = (d^m * V + (1 - d^m) r^2 / m) / W      annual = sqrt(variance * 390 * 252)
    std20       = sample deviation of the last 20 one-bar returns within sessions
    ratio       = std20 / its exponentially weighted mean with the same d

r is the return since the symbol's last bar and m the session minutes since then, so a minute without a bar is no calm minute; the night
counts as one minute with its gap, so sum of r^2 over a day is the day's. d = 0.94^(1/390): 0.94 a day. V and W start at 0, and W is the
sum of weights (RiskMetrics 1996 with the weights normalised, as seeds/004 section 6.2 does).

A variance counts after a session's worth of minutes, a ratio after 20 returns and as much; before, they are NaN.

Source: SYSTEMS.md section 5 "Sizing", section 1 "Leverage"; J.P. Morgan/Reuters, RiskMetrics (1996), section 5.2.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from tradebot.core.kernels.kernel import kernel

Float = npt.NDArray[np.float64]
Int = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

DECAY: Final = 0.94 ** (1.0 / 390.0)  # a minute
MINUTES_A_YEAR: Final = 390.0 * 252.0
WEIGHT_MIN: Final = 1.0 - 0.94 * (1.0 + 1e-9)  # a session of minutes, and rounding
BARS: Final = 20

# Columns of a memory (N, WIDTH).
LAST = 0  # close of the last bar, 0 before the first
MINUTE = 1  # minutes since 1970 of the last bar
OPEN = 2  # of its session's open
VARIANCE = 3
WEIGHT = 4
MEAN_STD = 5
MEAN_WEIGHT = 6
COUNT = 7  # returns in the ring, ever
RETURN = 8  # of the newest minute, NaN where it has none
RING = 9
WIDTH: Final = RING + BARS

# Columns of what is seen (N, 3); NaN before it is known.
ANNUAL = 0  # volatility
STD = 1  # of one bar, over 20
RATIO = 2
SEEN: Final = 3


def new_memory(symbols: int) -> Float:
    return np.zeros((symbols, WIDTH))


def nothing_seen(symbols: int) -> Float:
    return np.full((symbols, SEEN), np.nan)


@kernel
def bar_step(row: Float, minute: int, open_minute: int, close: float, seen: Float) -> None:
    """One bar of one symbol: its memory (WIDTH,) and what is seen of it (3,), both in place."""
    last = row[LAST]
    same = row[OPEN] == open_minute
    gone = minute - row[MINUTE] if same else minute - open_minute + 1.0
    row[RETURN] = math.nan
    if last > 0.0 and close > 0.0 and gone >= 1.0:
        r = close / last - 1.0
        row[RETURN] = r
        kept = DECAY**gone
        row[VARIANCE] = kept * row[VARIANCE] + (1.0 - kept) * (r * r) / gone
        row[WEIGHT] = kept * row[WEIGHT] + (1.0 - kept)
        if same:
            row[RING + int(row[COUNT]) % BARS] = r
            row[COUNT] += 1.0
            if row[COUNT] >= BARS:
                mean = 0.0
                for i in range(BARS):
                    mean += row[RING + i]
                mean /= BARS
                squares = 0.0
                for i in range(BARS):
                    off = row[RING + i] - mean
                    squares += off * off
                seen[STD] = math.sqrt(squares / (BARS - 1))
                row[MEAN_STD] = kept * row[MEAN_STD] + (1.0 - kept) * seen[STD]
                row[MEAN_WEIGHT] = kept * row[MEAN_WEIGHT] + (1.0 - kept)
        if row[WEIGHT] >= WEIGHT_MIN:
            seen[ANNUAL] = math.sqrt(row[VARIANCE] / row[WEIGHT] * MINUTES_A_YEAR)
            usual = row[MEAN_STD] / row[MEAN_WEIGHT] if row[MEAN_WEIGHT] > 0.0 else 0.0
            seen[RATIO] = seen[STD] / usual if usual > 0.0 else math.nan
    if close > 0.0:
        row[LAST], row[MINUTE], row[OPEN] = close, minute, open_minute


@kernel
def volatility_step(memory: Float, minute: int, open_minute: int, close: Int, present: Bool, seen: Float) -> None:
    """One minute of all symbols (N,). A symbol without a bar keeps what was seen of it, and has no return."""
    for n in range(len(memory)):
        if present[n]:
            bar_step(memory[n], minute, open_minute, float(close[n]), seen[n])
        else:
            memory[n, RETURN] = math.nan


@kernel
def volatility_scan(memory: Float, minutes: Int, open_minutes: Int, close: Int, present: Bool, seen: Float, out: Float) -> None:
    """`volatility_step` over T minutes; `out` (T, N, 3) is what was seen after each. Minutes since 1970 (T,), closes (T, N)."""
    for t in range(len(minutes)):
        volatility_step(memory, minutes[t], open_minutes[t], close[t], present[t], seen)
        for n in range(len(seen)):
            for i in range(SEEN):
                out[t, n, i] = seen[n, i]
