"""How much of a search's gain is luck: the best of many is better than they are.

Two sets of values differ, session by session, by noise that their scores' difference has too. Of N sets that are all equally good the best
looks better than any of them by about E[max of N standard normals] times that noise: the gain has to be more than that. The noise is the
median, over the trials, of the standard error of their mean difference to the profile's own values. (Bailey & Lopez de Prado 2014, E[max].)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tradebot.core.domain.bars import Float
from tradebot.learning.evidence.sharpe import expected_max_z


@dataclass(frozen=True, slots=True)
class Luck:
    """Scores are the smaller the better. `gain` is what the best is better than the profile's own values, `luck` what N trials give."""

    trials: int
    gain: float
    luck: float

    @property
    def beyond(self) -> bool:
        return self.gain > self.luck


def luck_of(own: float, best: float, own_sessions: Float, sessions: Sequence[Float], trials: int) -> Luck:
    """Of `trials` trials, those in `sessions` finished: their scores by session (S,), like `own_sessions`."""
    errors = [
        float((other - own_sessions).std(ddof=1) / np.sqrt(len(other)))
        for other in sessions
        if len(other) == len(own_sessions) > 1 and not np.array_equal(other, own_sessions)
    ]
    noise = float(np.median(errors)) if errors else 0.0
    return Luck(trials, own - best, noise * expected_max_z(trials) if trials > 1 else 0.0)


def difference_error(ours: Float, theirs: Float) -> float | None:
    """Standard error of the mean difference of two scores by session; None where it isn't defined."""
    if len(ours) != len(theirs) or len(ours) < 2:
        return None
    return float((ours - theirs).std(ddof=1) / np.sqrt(len(ours)))
