"""How many independent trials a ledger holds, and what they earned, side by side."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

import numpy as np

from tradebot.learning.evidence.arrays import Float, sharpe_of
from tradebot.learning.evidence.inputs import TrialCount
from tradebot.learning.evidence.ledger import Ledger
from tradebot.learning.evidence.trial import Trial

CORRELATION_MIN: Final = 0.5
OVERLAP_MIN: Final = 20  # sessions in common below which two trials are called independent


def effective_trials(ledger: Ledger, profile: str) -> TrialCount:
    """Of a profile: trials, clusters of alike ones, and the variance of the clusters' daily Sharpe ratios.

    Trials whose net returns correlate by more than 0.5 on average are one cluster (average linkage on sqrt((1 - rho) / 2); after Lopez de
    Prado and Lewis 2019, with a cut instead of their silhouettes). Trials without returns can't be compared: each of different settings
    counts in full. The variance is at least 1 / sessions, that of pure luck: a few tame trials can't make the benchmark of luck small.
    """
    return count_trials(ledger.trials(profile))


def count_trials(trials: Sequence[Trial]) -> TrialCount:
    """`effective_trials` of rows that were read already."""
    with_returns = _distinct(trials)
    blind = len({(t.settings_sha256, t.first, t.last, t.outcome_sha256) for t in trials if not t.returns})
    clusters = clusters_of(with_returns)
    sessions = [len(t.returns) for t in with_returns]
    ratios = []
    for number in range(int(clusters.max()) + 1 if len(clusters) else 0):
        members = [with_returns[n] for n in np.flatnonzero(clusters == number)]
        ratios.append(float(np.mean([sharpe_of(np.array(t.returns)) if len(t.returns) > 1 else 0.0 for t in members])))
    luck = 1.0 / float(np.median(sessions)) if sessions else 0.0
    variance = max(float(np.var(ratios, ddof=1)) if len(ratios) > 1 else 0.0, luck)
    return TrialCount(len(trials), max(1, len(ratios) + blind), variance)


def clusters_of(trials: Sequence[Trial]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Number of each trial's cluster, from 0."""
    if len(trials) < 2:
        return np.zeros(len(trials), np.int64)
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    distance = np.sqrt(np.clip(1.0 - correlations(trials), 0.0, 2.0) / 2.0)
    np.fill_diagonal(distance, 0.0)
    tree = linkage(squareform(distance, checks=False), method="average")
    found: np.ndarray[tuple[int], np.dtype[np.int64]] = fcluster(tree, np.sqrt((1.0 - CORRELATION_MIN) / 2.0), criterion="distance") - 1
    return found.astype(np.int64)


def correlations(trials: Sequence[Trial]) -> Float:
    """(K, K) over the sessions that two trials share; 0 where they share fewer than 20. Trials that never moved are alike: 1."""
    dates = sorted({d for t in trials for d in t.dates})
    row_of = {d: n for n, d in enumerate(dates)}
    values, there = np.zeros((len(dates), len(trials))), np.zeros((len(dates), len(trials)))
    for k, trial in enumerate(trials):
        rows = [row_of[d] for d in trial.dates]
        values[rows, k], there[rows, k] = trial.returns, 1.0
    shared = there.T @ there
    n = np.maximum(shared, 1.0)
    total, squares, cross = values.T @ there, (values**2).T @ there, values.T @ values
    covariance = cross / n - (total / n) * (total.T / n)
    own = squares / n - (total / n) ** 2  # [i, j]: variance of i over the sessions shared with j
    still = own <= 1e-12 * np.maximum(squares / n, 1e-30)
    scale = np.sqrt(np.where(still, 1.0, own) * np.where(still.T, 1.0, own.T))
    found = np.where(still & still.T, 1.0, np.where(still | still.T, 0.0, covariance / scale))
    matrix: Float = np.where(shared >= OVERLAP_MIN, found, 0.0)
    matrix = np.clip((matrix + matrix.T) / 2.0, -1.0, 1.0)
    np.fill_diagonal(matrix, 1.0)
    return matrix


def configurations(trials: Sequence[Trial], dates: Sequence[dt.date]) -> Float:
    """Net returns (S, M) of the distinct trials that cover every one of `dates`, the newest M last: what PBO compares."""
    wanted = [d.year * 10_000 + d.month * 100 + d.day for d in dates]
    columns = []
    for trial in _distinct(trials):
        at = dict(zip(trial.dates, trial.returns, strict=True))
        if wanted and all(d in at for d in wanted):
            columns.append([at[d] for d in wanted])
    return np.array(columns, np.float64).T if columns else np.zeros((len(wanted), 0))


def _distinct(trials: Sequence[Trial]) -> list[Trial]:
    """Trials with returns, each outcome once: the same run again is no new trial."""
    return list({(t.first, t.last, t.returns): t for t in trials if t.returns}.values())
