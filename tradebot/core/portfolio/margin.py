"""The conformal margin of a forecast: how far its promise has to be cut so that it was kept as often as was asked for.

    promise(t)   conviction c that passes the entry's threshold, in deviations of the price over the horizon: s = volatility * sqrt(horizon)
    score        c - (close(t + horizon) / close(t) - 1) / s            what was promised and not kept, once the horizon is over
    q(t)         the 1 - alpha(t) quantile of the last 1000 scores
    alpha(t+1)   alpha(t) + gamma (alpha - 1 [score > q])                with the q in force when the promise was made

So c - q is kept in the share `coverage` = 1 - alpha of cases, however the market drifts; the band asks for (c - max(q, 0)) s above
the cost. A forecast without skill gets a q of its own size at a coverage of a half, and opens nothing. Unknown before 50 scores: infinite.

A promise is of one session; where the bar at its horizon is missing it is forgotten. Scores of all symbols are together.
Source: Gibbs and Candes, "Adaptive Conformal Inference Under Distribution Shift" (2021), arXiv 2106.00170, one-sided; issue 5, "no-trade
band". The same method judges models offline: learning/conformal.py.
"""

from __future__ import annotations

import math
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float64]
Int = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]

GAMMA: Final = 0.005
WINDOW: Final = 1000
KNOWN_MIN: Final = 50

# Columns of a promise.
MINUTE = 0  # since 1970 of its bar, 0 = none
OPEN = 1  # of its session's open
CLOSE = 2
CONVICTION = 3
SPREAD = 4  # one deviation over the horizon
CUT = 5  # q when it was made
WIDTH: Final = 6


class MarginState(msgspec.Struct):
    """To bytes and back with domain.events' hooks, exactly."""

    promises: Float = np.zeros((0, 0, WIDTH))  # (N, H, 6), at the minute's place in the horizon
    scores: Float = np.zeros(0)  # (<= WINDOW,) oldest first
    alpha: float = math.nan
    cut: float = math.inf  # q

    def watch(self, kept: Int) -> None:
        """A new universe: row n is what was row `kept[n]`, or a symbol never seen where that is -1."""
        promises = np.zeros((len(kept), *self.promises.shape[1:]))
        stays = np.flatnonzero(kept >= 0)
        if len(self.promises):
            promises[stays] = self.promises[kept[stays]]
        self.promises = promises

    def learn(
        self, minute: int, open_minute: int, close: Int, present: Bool, conviction: Float, spread: Float, threshold: float, horizon: int,
        coverage: float,
    ) -> None:  # fmt: skip
        """One minute of all symbols (N,): hear what came of the promises that end here, then take down the new ones.

        `spread` is one deviation of each symbol over `horizon` minutes, NaN where it is not known.
        """
        if self.promises.shape[:2] != (len(close), horizon):
            self.promises = np.zeros((len(close), horizon, WIDTH))
        if math.isnan(self.alpha):
            self.alpha = 1.0 - coverage
        place = self.promises[:, minute % horizon]
        ended = present & (place[:, MINUTE] == minute - horizon) & (place[:, OPEN] == open_minute)
        if ended.any():
            self._hear(place[ended], close[ended], 1.0 - coverage)
        made = present & (conviction >= threshold) & (conviction > 0.0) & (spread > 0.0) & np.isfinite(spread) & (close > 0)
        place[:] = 0.0
        place[made, MINUTE], place[made, OPEN], place[made, CUT] = minute, open_minute, self.cut
        place[made, CLOSE], place[made, CONVICTION], place[made, SPREAD] = close[made], conviction[made], spread[made]

    def _hear(self, ended: Float, close: Int, alpha: float) -> None:
        scores = ended[:, CONVICTION] - (close / ended[:, CLOSE] - 1.0) / ended[:, SPREAD]
        for score, cut in zip(scores.tolist(), ended[:, CUT].tolist(), strict=True):
            if math.isfinite(cut):
                self.alpha += GAMMA * (alpha - (1.0 if score > cut else 0.0))
        self.scores = np.concatenate([self.scores, scores])[-WINDOW:]
        self.cut = quantile_cut(self.scores, self.alpha)


def quantile_cut(scores: Float, alpha: float) -> float:
    """The smallest score that at least 1 - alpha of (n + 1) scores don't exceed; infinite where there are too few, or alpha is used up."""
    count = len(scores)
    rank = math.ceil((1.0 - alpha) * (count + 1))
    if count < KNOWN_MIN or rank > count:
        return math.inf
    return -math.inf if rank < 1 else float(np.sort(scores)[rank - 1])
