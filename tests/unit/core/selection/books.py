"""Hypothetical performance written a second time, slowly and from the formula, and made-up histories to hold both against."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tradebot.core.selection.config import PerformanceConfig
from tradebot.core.selection.performance import History, performance_history

MINUTE_NS = 60_000_000_000
OPEN_NS = 1_380_893_400_000_000_000
DAY_NS = 1440 * MINUTE_NS


@dataclass
class Market:
    """T minutes of some sessions, N symbols, K strategies."""

    minute_ns: np.ndarray
    session_of: np.ndarray
    opens_ns: np.ndarray
    closes_ns: np.ndarray
    open: np.ndarray
    close: np.ndarray
    present: np.ndarray
    signals: np.ndarray
    valid: np.ndarray

    def history(self, config: PerformanceConfig, upto: int | None = None) -> History:
        t = slice(upto)
        return performance_history(
            self.minute_ns[t], self.session_of[t], self.opens_ns, self.closes_ns, self.open[t], self.close[t], self.present[t],
            self.signals[t], self.valid[t], config,
        )  # fmt: skip


def market(seed: int, *, sessions: int = 3, minutes: int = 130, symbols: int = 2, strategies: int = 4, missing: float = 0.1) -> Market:
    """Random walks with gaps and missing minutes, and signals that linger, jump, vanish and are sometimes not valid."""
    random = np.random.default_rng(seed)
    session_of = np.repeat(np.arange(sessions), minutes)
    opens = OPEN_NS + np.arange(sessions) * DAY_NS
    shape = (len(session_of), symbols)
    close = 50.0 * np.exp(np.cumsum(random.normal(0, 0.002, shape), axis=0))
    open_ = close * np.exp(random.normal(0, 0.001, shape))
    present = random.random(shape) >= missing
    signals = np.repeat(random.uniform(-1, 1, (-(-shape[0] // 4), symbols, strategies)), 4, axis=0)[: shape[0]]
    signals[random.random(signals.shape) < 0.2] = 0.0
    valid = random.random(signals.shape) < 0.9
    signals[~valid] = np.nan
    minute_ns = opens[session_of] + np.tile(np.arange(minutes), sessions) * MINUTE_NS
    return Market(minute_ns, session_of, opens, opens + minutes * MINUTE_NS, open_, close, present, signals, valid)


def slow_pnl(m: Market, n: int, k: int, config: PerformanceConfig) -> np.ndarray:
    """Bar P&L (T,) of one strategy on one symbol, session by session from lists of its bars."""
    out = np.zeros(len(m.minute_ns))
    cost = config.cost_bps / 10_000
    hold = config.max_hold_bars[k] if config.max_hold_bars else 0
    for session in np.unique(m.session_of):
        minutes = np.flatnonzero(m.session_of == session)
        bars = [t for t in minutes if m.present[t, n]]
        signs = [np.sign(m.signals[t, n, k]) if m.valid[t, n, k] else 0.0 for t in bars]
        targets = []
        for i, t in enumerate(bars):
            p = m.signals[t, n, k] if m.valid[t, n, k] else 0.0
            p = signs[i] if config.position == "sign" else p
            p = max(p, 0.0) if config.long_only else p
            run = 1
            while i - run >= 0 and signs[i - run] == signs[i]:
                run += 1
            targets.append(0.0 if hold and run > hold else p)
        last_minute = minutes[-1]
        for i, t in enumerate(bars):
            one, two = (targets[i - 1] if i >= 1 else 0.0), (targets[i - 2] if i >= 2 else 0.0)
            if i:
                before = m.close[bars[i - 1], n]
                out[t] = two * (m.open[t, n] / before - 1) + one * (m.close[t, n] / m.open[t, n] - 1) - cost * abs(one - two)
            if t == last_minute:
                out[t] -= cost * abs(one)
        if bars and bars[-1] != last_minute and len(bars) > 1:
            out[last_minute] = -cost * abs(targets[-2])
    return out
