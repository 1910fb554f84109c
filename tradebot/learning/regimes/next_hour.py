"""The next hour's regime: the label that most of the next bars bear, known when the last of them has ended; and its forecast."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tradebot.core.domain.bars import Bool, Float, Int
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.core.regime.detector import Labels
from tradebot.core.regime.learned import LEARNED_LABELS
from tradebot.learning.regimes.config import RegimesConfig
from tradebot.learning.trainers.flat import flatten_classes
from tradebot.serving.forest import BAGGED, Evaluator, Forest

_PARITY_MAX = 1e-12


@dataclass(frozen=True, slots=True)
class NextRegime:
    """For minute t: the regime of minutes t+1..t+horizon, where there is one, and when it was known."""

    label: Labels  # (T, N)
    valid: Bool  # (T, N)
    end_ns: Int  # (T,)


def next_regime(labels: Labels, minute_ns: Int, session_of: Int, horizon_min: int) -> NextRegime:
    """Most frequent of `labels` (T, N) over the next `horizon_min` minutes of the session, the first of LEARNED_LABELS among equals.

    There is none where the session ends before, and where fewer than half of those minutes have a label.
    """
    minutes = len(labels)
    seen = labels[..., None] == np.arange(len(LEARNED_LABELS))  # (T, N, C)
    running = np.concatenate([np.zeros((1, *seen.shape[1:]), np.int32), np.cumsum(seen, axis=0, dtype=np.int32)])
    last = np.minimum(np.arange(minutes) + horizon_min, minutes - 1)
    counts = running[last + 1] - running[np.arange(minutes) + 1]  # of t+1..last
    inside = (np.arange(minutes) + horizon_min < minutes) & (session_of[last] == session_of)
    valid = inside[:, None] & (2 * counts.sum(axis=-1) >= horizon_min)
    return NextRegime(np.argmax(counts, axis=-1).astype(np.int8), valid, minute_ns[last] + NS_PER_MINUTE)


def fit_forest(rows: Float, label: Labels, config: RegimesConfig) -> Forest:
    """Random forest over LEARNED_LABELS on standardised rows (R, F); a label that never came has probability 0."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(rows)
    classifier = RandomForestClassifier(
        config.trees, max_depth=config.depth, min_samples_leaf=config.min_leaf, random_state=config.seed, n_jobs=config.jobs
    ).fit(scaler.transform(rows), label)
    places = [int(c) for c in classifier.classes_]
    nodes = flatten_classes([e.tree_ for e in classifier.estimators_], places, len(LEARNED_LABELS))
    forest = Forest(combine=BAGGED, mean=scaler.mean_, scale=scaler.scale_, **nodes, outputs=len(LEARNED_LABELS))
    some = rows[:1000]
    worst = float(np.abs(Evaluator(forest)(some)[:, places] - classifier.predict_proba(scaler.transform(some))).max())
    assert worst <= _PARITY_MAX, f"the served forest differs from the trained one by {worst}"
    return forest
