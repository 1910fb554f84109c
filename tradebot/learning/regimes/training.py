"""One training of regimes: clusters of the training span, a forest that forecasts the next hour's, and a hidden Markov model.

The split comes first (time-ordered, purged by the end of the label, embargoed); nothing of the test part is in any fit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tradebot.core.domain.bars import Bool, Float, Int, MarketGrid
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.features.catalogue import scan_features
from tradebot.core.regime.detector import UNKNOWN, Labels
from tradebot.core.regime.hmm import Hmm
from tradebot.core.regime.learned import LEARNED_LABELS, Clusters, cluster_labels
from tradebot.learning.dataset import symbol_data
from tradebot.learning.regimes.baum_welch import fit_hmm
from tradebot.learning.regimes.clusters import fit_clusters
from tradebot.learning.regimes.config import RegimesConfig
from tradebot.learning.regimes.next_hour import fit_forest, next_regime
from tradebot.learning.splits import time_split
from tradebot.serving.forest import Evaluator, Forest
from tradebot.serving.manifest import Span, SymbolData

_TINY = 1e-6


@dataclass(frozen=True, slots=True)
class RegimeMetrics:
    """Figures on `rows` test rows, beside two forecasts without skill: the training's shares, and "as it is now"."""

    rows: int
    accuracy: float
    log_loss: float
    majority_accuracy: float
    as_now_accuracy: float
    shares_log_loss: float
    shares: dict[str, float]  # of each regime in the test rows
    hmm_bars: int
    hmm_rounds: int
    hmm_log_likelihood_per_bar: float


@dataclass(frozen=True, slots=True)
class TrainedRegimes:
    """Three models, and everything that their manifest will say."""

    clusters: Clusters
    forest: Forest
    hmm: Hmm
    config: RegimesConfig
    data: dict[str, SymbolData]
    train: Span
    test: Span
    metrics: RegimeMetrics


@dataclass(frozen=True, slots=True)
class RegimeColumns:
    """Values of `config.features` over a grid."""

    minute_ns: Int  # (T,)
    session_of: Int  # (T,)
    values: Float  # (T, N, F)
    ready: Bool  # (T, N)


def train_regimes(grid: MarketGrid, config: RegimesConfig, progress: Callable[[str], None] | None = None) -> TrainedRegimes:
    """Scan the columns of a grid and fit. Raises OperatorFault for too little data, a constant column and one regime only."""
    say = progress or _silent
    say(f"regime columns of {len(grid.symbols)} symbols over {len(grid.sessions)} sessions")
    values, ready = scan_features(grid, config.features)
    columns = RegimeColumns(grid.minute_ns, grid.session_of, values, ready & grid.present)
    return fit_regimes(columns, config, {s: symbol_data(grid, n) for n, s in enumerate(grid.symbols)}, say)


def fit_regimes(columns: RegimeColumns, config: RegimesConfig, data: dict[str, SymbolData], say: Callable[[str], None]) -> TrainedRegimes:
    """Split, fit all three, and measure the forecast on the test rows."""
    minute_ns, session_of = columns.minute_ns, columns.session_of
    at = {name: i for i, name in enumerate(config.features)}
    cluster_columns = [at[name] for name in config.cluster_inputs]

    # Candidate rows; whether a row has a label doesn't depend on the clusters, so the split can come before them.
    whole = next_regime(np.where(columns.ready, 0, UNKNOWN).astype(np.int8), minute_ns, session_of, config.horizon_min)
    minute_of_session = np.arange(len(minute_ns)) - np.searchsorted(session_of, session_of)
    candidate = columns.ready & whole.valid & (minute_of_session % config.stride_min == 0)[:, None]
    t, n = np.nonzero(candidate)
    split = time_split(minute_ns[t], whole.end_ns[t], session_of[t], config.test_fraction, config.embargo_sessions)
    train_t, train_n, test_t, test_n = t[split.train], n[split.train], t[split.test], n[split.test]

    clusters = fit_clusters(columns.values[train_t, train_n][:, cluster_columns], config)
    now = np.where(columns.ready, cluster_labels(clusters, columns.values[..., cluster_columns]), UNKNOWN).astype(np.int8)
    coming = next_regime(now, minute_ns, session_of, config.horizon_min).label
    label = coming[train_t, train_n]
    if label.min() == label.max():
        raise OperatorFault(f"the regime is {LEARNED_LABELS[label[0]]} on all {len(label)} training rows: more data is needed")
    say(f"forest: {config.trees} trees on {len(train_t)} rows, {len(test_t)} rows held out")
    forest = fit_forest(columns.values[train_t, train_n], label, config)

    sequences = _sequences(columns, [at[name] for name in config.hmm_inputs], int(minute_ns[train_t].max()), config.hmm_bars_max)
    say(f"hidden Markov model: {config.hmm_states} states on {sum(map(len, sequences))} bars")
    fitted = fit_hmm(sequences, config.hmm_inputs, config.hmm_states, config.seed)

    truth = coming[test_t, test_n]
    share = _shares(label)
    probability = Evaluator(forest)(columns.values[test_t, test_n])
    metrics = RegimeMetrics(
        rows=len(truth),
        accuracy=float((probability.argmax(axis=1) == truth).mean()),
        log_loss=_log_loss(truth, probability),
        majority_accuracy=float((truth == share.argmax()).mean()),
        as_now_accuracy=float((truth == now[test_t, test_n]).mean()),
        shares_log_loss=_log_loss(truth, np.tile(share, (len(truth), 1))),
        shares=dict(zip(LEARNED_LABELS, _shares(truth).tolist(), strict=True)),
        hmm_bars=fitted.observations,
        hmm_rounds=len(fitted.log_likelihood),
        hmm_log_likelihood_per_bar=fitted.log_likelihood[-1] / fitted.observations,
    )
    return TrainedRegimes(
        clusters, forest, fitted.hmm, config, data, _span(minute_ns[train_t]), _span(minute_ns[test_t]), metrics
    )  # fmt: skip


def _sequences(columns: RegimeColumns, inputs: list[int], last_ns: int, bars_max: int) -> list[Float]:
    """The bars of each symbol and session up to `last_ns`, each (t, D), the newest `bars_max` of all."""
    stop = int(np.searchsorted(columns.minute_ns, last_ns, side="right"))
    sequences: list[Float] = []
    left = bars_max
    for session in np.unique(columns.session_of[:stop])[::-1]:
        rows = np.flatnonzero(columns.session_of[:stop] == session)
        for n in range(columns.ready.shape[1]):
            bars = columns.values[rows, n][columns.ready[rows, n]][:, inputs][-left:] if left else np.empty((0, len(inputs)))
            if len(bars) > 1:
                sequences.append(np.ascontiguousarray(bars))
                left -= len(bars)
    return sequences[::-1]


def _shares(label: Labels) -> Float:
    return np.bincount(label, minlength=len(LEARNED_LABELS)) / len(label)


def _log_loss(truth: Labels, probability: Float) -> float:
    p = np.clip(probability, _TINY, None)
    p = p / p.sum(axis=1, keepdims=True)
    return float(-np.mean(np.log(p[np.arange(len(truth)), truth])))


def _span(minute_ns: Int) -> Span:
    return Span(int(minute_ns[0]), int(minute_ns[-1]), len(minute_ns))


def _silent(_: str) -> None:
    pass
