"""How symbols moved from close to close, and which of them move together: the memory behind the limits on groups and on value at risk.

At the first minute of a session the session before becomes one row of returns. From the last `SESSIONS` rows follow, newest heaviest:

    weights       w[t] ~ DECAY ** age, adding up to 1                                        (RiskMetrics, 1996: 0.97 for a slow estimate)
    correlation   r = sum_t w z z',  z = returns over their weighted deviation               (mean taken as 0)
    shrunk        (1 - d) r off the diagonal,  d = sum var(r) / sum r**2, in [0, 1]          (Schaefer & Strimmer 2005, target D)
    groups        the connected parts of "shrunk correlation >= correlation_min"; a group is named by its first symbol's place

A symbol with fewer than `KNOWN` returns is unknown: unknown symbols are one group together (fail closed), and what they could lose is
assumed, not estimated (core/risk/value_at_risk.py). A split unadjusted is a large return: it makes a symbol look riskier, never safer.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float64]
Int = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

SESSIONS: Final = 60
KNOWN: Final = 20
DECAY: Final = 0.97
SYMBOLS_MAX: Final = 1000  # of a universe whose pairs are estimated: a larger one is one group, and its risk is assumed
UNKNOWN_GROUP: Final = -1


class RiskHistory(msgspec.Struct):
    """Arrays are aligned with the universe. `closes` (N,) are those of the last session that has ended, 0 = none yet."""

    session: dt.date | None = None
    traded: Bool = np.zeros(0, np.bool_)  # (N,) had a bar in `session`
    closes: Int = np.zeros(0, np.int64)  # (N,) units
    returns: Float = np.zeros((0, 0))  # (T, N), T <= SESSIONS, oldest first, NaN = unknown
    groups: Int = np.zeros(0, np.int64)  # (N,)
    shrinkage: float = 1.0
    variances: Float = np.zeros(0)  # (N,) of a day's return, NaN = unknown

    def see(self, session: dt.date, marks: Int, present: Bool, correlation_min: float) -> None:
        """One minute of a session: `marks` (N,) before it, `present` (N,) who has a bar in it."""
        if len(self.closes) != len(marks):
            self._begin(len(marks))
        if session != self.session:
            if self.session is not None:
                self._end_session(marks, correlation_min)
            self.session = session
        self.traded |= present

    def watch(self, kept: Int) -> None:
        """The universe changed: symbol n was at `kept[n]`, -1 for a new one."""
        if not len(self.closes):
            return
        old, stays = (self.traded, self.closes, self.returns, self.groups, self.variances), kept >= 0
        session, self.returns = self.session, np.full((len(self.returns), len(kept)), np.nan)
        rows = self.returns
        self._begin(len(kept))
        self.session, self.returns = session, rows
        for new, past in zip((self.traded, self.closes, self.groups, self.variances), (old[0], old[1], old[3], old[4]), strict=True):
            new[stays] = past[kept[stays]]
        self.returns[:, stays] = old[2][:, kept[stays]]
        moved = {int(past): new for new, past in reversed(list(enumerate(kept.tolist()))) if past >= 0}
        self.groups = np.array([moved.get(int(g), UNKNOWN_GROUP) for g in self.groups], np.int64)

    def known(self) -> Bool:
        """(N,) symbols whose moves can be estimated."""
        return known_of(self.returns)

    def _begin(self, count: int) -> None:
        self.traded, self.closes = np.zeros(count, np.bool_), np.zeros(count, np.int64)
        self.returns, self.groups = np.zeros((0, count)), np.full(count, UNKNOWN_GROUP)
        self.variances, self.shrinkage, self.session = np.full(count, np.nan), 1.0, None

    def _end_session(self, marks: Int, correlation_min: float) -> None:
        both = self.traded & (self.closes > 0) & (marks > 0)
        if both.any():
            row = np.full(len(marks), np.nan)
            row[both] = marks[both] / self.closes[both] - 1.0
            self.returns = np.vstack([self.returns, row])[-SESSIONS:]
            self.variances, correlation, self.shrinkage = estimate(self.returns)
            self.groups = groups_of(correlation, correlation_min) if len(correlation) else np.full(len(marks), UNKNOWN_GROUP)
        self.closes = np.where(self.traded, marks, self.closes)
        self.traded = np.zeros(len(marks), np.bool_)


def weights_of(count: int) -> Float:
    """(T,) weights that add up to 1, the newest last and heaviest."""
    raw = DECAY ** np.arange(count - 1, -1, -1, dtype=np.float64)
    whole: Float = raw / raw.sum()
    return whole


def known_of(returns: Float) -> Bool:
    """(N,) who has enough returns (T, N) to be estimated; nobody in a universe of more than `SYMBOLS_MAX`."""
    if returns.shape[1] > SYMBOLS_MAX:
        return np.zeros(returns.shape[1], np.bool_)
    known: Bool = np.isfinite(returns).sum(axis=0) >= KNOWN
    return known


def estimate(returns: Float) -> tuple[Float, Float, float]:
    """Variances (N,), shrunk correlations (N, N) and the shrinkage in [0, 1] from returns (T, N); NaN where a symbol is unknown."""
    count, symbols = returns.shape
    known = known_of(returns)
    if symbols > SYMBOLS_MAX:
        return np.full(symbols, np.nan), np.full((0, 0), np.nan), 1.0
    variances, correlation = np.full(symbols, np.nan), np.full((symbols, symbols), np.nan)
    if not known.any():
        return variances, correlation, 1.0
    weights, moves = weights_of(count), np.nan_to_num(returns[:, known], nan=0.0)
    found = weights @ (moves * moves)
    variances[known] = found
    scaled = np.divide(moves, np.sqrt(found), out=np.zeros_like(moves), where=found > 0.0)
    together = (scaled * weights[:, None]).T @ scaled
    spread = ((scaled * scaled) * weights[:, None]).T @ (scaled * scaled) - together * together  # sum_t w (zz - r)**2
    used = float(weights @ weights)
    off = ~np.eye(len(found), dtype=np.bool_)
    doubt, size = float(spread[off].sum()) * used / (1.0 - used) if used < 1.0 else 0.0, float((together[off] ** 2).sum())
    shrinkage = min(max(doubt / size, 0.0), 1.0) if size > 0.0 else 1.0
    shrunk = (1.0 - shrinkage) * together
    np.fill_diagonal(shrunk, 1.0)
    correlation[np.ix_(known, known)] = shrunk
    return variances, correlation, shrinkage


def groups_of(correlation: Float, correlation_min: float) -> Int:
    """(N,) the smallest place of each symbol's connected part; UNKNOWN_GROUP for a symbol of which nothing is known."""
    count = len(correlation)
    groups = np.where(np.isfinite(correlation.diagonal()), np.arange(count), UNKNOWN_GROUP)
    near = np.nan_to_num(correlation, nan=-1.0) >= correlation_min
    for first in range(count):
        if groups[first] != first:
            continue
        reached, open_ends = np.zeros(count, np.bool_), [first]
        reached[first] = True
        while open_ends:
            fresh = near[open_ends.pop()] & ~reached
            reached |= fresh
            open_ends += np.flatnonzero(fresh).tolist()
        groups[reached] = first
    return groups.astype(np.int64)
