"""How far prices travel in a minute, and which way they drift: the memory behind adaptive stops and the peak detector.

    tr    = max(h, last c) - min(l, last c); h - l at a session's first bar
    atr   = atr + (tr - atr) / k    k = bars of the session so far, at most atr_minutes: a mean that becomes Wilder's
    drift = drift + (c - last c - drift) / k'    k' likewise, at most DRIFT_MINUTES; 0 at a session's first bar

Both start anew with each session: what they say does not depend on when somebody began to listen. One
step for a minute of all symbols, in prices' own units. `scan` over T minutes equals T steps bit for bit: it is T steps.

Source: Wilder (1978), New Concepts in Technical Trading Systems.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float64]
Int = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

WIDTH: Final = 5
DRIFT_MINUTES: Final = 5.0
_LAST, _ATR, _BARS, _DRIFT, _SESSION = range(WIDTH)  # _SESSION: the open's minute since 1970


class Ranges(msgspec.Struct):
    """To bytes and back with domain.events' hooks, exactly."""

    memory: Float = np.zeros((0, WIDTH))  # (N, 5)

    def watch(self, kept: Int) -> None:
        """A new universe: row n is what was row `kept[n]`, or a symbol never seen where that is -1."""
        if len(self.memory):
            memory, stays = np.zeros((len(kept), WIDTH)), kept >= 0
            memory[stays] = self.memory[kept[stays]]
            self.memory = memory

    def step(self, open_minute: int, high: Int, low: Int, close: Int, present: Bool, minutes: int) -> None:
        """One minute (N,); `minutes` is the length of the mean."""
        if len(self.memory) != len(close):
            self.memory = np.zeros((len(close), WIDTH))
        memory = self.memory
        memory[memory[:, _SESSION] != open_minute] = 0.0
        memory[:, _SESSION] = open_minute
        bars = memory[:, _BARS] + 1.0
        last = np.where(bars == 1.0, close, memory[:, _LAST])
        true_range = np.where(bars == 1.0, high - low, np.maximum(high, last) - np.minimum(low, last))
        atr = memory[:, _ATR] + (true_range - memory[:, _ATR]) / np.minimum(bars, float(minutes))
        drift = memory[:, _DRIFT] + (close - last - memory[:, _DRIFT]) / np.minimum(bars, DRIFT_MINUTES)
        for column, value in ((_LAST, close), (_ATR, atr), (_BARS, bars), (_DRIFT, drift)):
            np.copyto(memory[:, column], value, where=present)

    def atr_units(self, n: int, minutes: int) -> float:
        """The mean true range of symbol n in units; 0 while the session has had fewer than `minutes` bars."""
        if not 0 <= n < len(self.memory) or self.memory[n, _BARS] < minutes:
            return 0.0
        return float(self.memory[n, _ATR])

    def drift_units(self, n: int) -> float:
        """Mean change of the close in a minute, in units."""
        return float(self.memory[n, _DRIFT]) if 0 <= n < len(self.memory) else 0.0


def scan(open_minute: Int, high: Int, low: Int, close: Int, present: Bool, minutes: int) -> tuple[Float, Float]:
    """(atr, drift), each (T, N): what a memory that starts at row 0 knows after each minute. `open_minute` is (T,), the bars (T, N)."""
    ranges, atr, drift = Ranges(), np.zeros(close.shape), np.zeros(close.shape)
    for t in range(len(close)):
        ranges.step(int(open_minute[t]), high[t], low[t], close[t], present[t], minutes)
        atr[t] = np.where(ranges.memory[:, _BARS] < minutes, 0.0, ranges.memory[:, _ATR])
        drift[t] = ranges.memory[:, _DRIFT]
    return atr, drift
