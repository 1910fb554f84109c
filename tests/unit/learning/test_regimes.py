"""Regime models: EM climbs and finds a planted chain, GARCH finds planted parameters, clusters and labels stay in their span."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import norm
from sklearn.ensemble import RandomForestClassifier

from tests.unit.learning.market import MINUTE_NS, sessions
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.regime.hmm import new_beliefs, scan_beliefs
from tradebot.core.regime.learned import LEARNED_LABELS, cluster_labels
from tradebot.learning.regimes.baum_welch import HmmFit, _bounded_shares, fit_hmm
from tradebot.learning.regimes.clusters import fit_clusters, name_clusters
from tradebot.learning.regimes.config import RegimesConfig
from tradebot.learning.regimes.next_hour import fit_forest, next_regime
from tradebot.learning.regimes.training import RegimeColumns, fit_regimes
from tradebot.serving.forest import Evaluator

STAY = np.array([[0.98, 0.02], [0.05, 0.95]])


def chain(seed: int, bars: int, stay: np.ndarray = STAY) -> np.ndarray:
    random = np.random.default_rng(seed)
    state, states = 0, np.empty(bars, np.int64)
    for t in range(bars):
        state = int(random.random() < stay[state, 1])
        states[t] = state
    return states


def planted(seed: int, bars: int = 8000) -> tuple[np.ndarray, np.ndarray]:
    """States and observations: a return whose deviation, and a volatility whose level, depend on the state."""
    states, random = chain(seed, bars), np.random.default_rng(seed + 1)
    returns = random.normal(0.0, np.array([0.001, 0.003])[states])
    volatility = random.normal(np.array([0.0012, 0.0026])[states], 0.0006)
    return states, np.stack([returns, volatility], axis=1)


@pytest.fixture(scope="module")
def fitted() -> HmmFit:
    _, x = planted(1)
    return fit_hmm([x[:3000], x[3000:3010], x[3010:]], ("return_1m", "volatility_5m"), 2, seed=3)


def test_the_likelihood_never_falls(fitted: HmmFit) -> None:
    gains = np.diff(fitted.log_likelihood)
    assert len(gains) > 2
    assert gains.min() >= -1e-9 * abs(fitted.log_likelihood[-1])
    noise = np.random.default_rng(5).standard_t(3, (2000, 2))  # what fits no Gaussian state
    rough = fit_hmm([noise[:700], noise[700:]], ("a", "b"), 3, seed=1, gain_min=1e-9)
    assert np.diff(rough.log_likelihood).min() >= -1e-9 * abs(rough.log_likelihood[-1])


def test_the_planted_chain_is_found(fitted: HmmFit) -> None:
    hmm = fitted.hmm
    assert hmm.labels == ("low", "high")
    assert hmm.std[:, 0] == pytest.approx([0.001, 0.003], rel=0.05)
    assert hmm.mean[:, 1] == pytest.approx([0.0012, 0.0026], rel=0.05)
    assert hmm.transition == pytest.approx(STAY, abs=0.015)
    assert np.abs(hmm.mean[:, 0]).max() < 2e-4
    states, x = planted(9)
    _, labels = scan_beliefs(hmm, new_beliefs(1, hmm), x[:, None, :])
    assert (labels[:, 0] == states).mean() > 0.93, "the filter, without a look ahead"


def test_a_chain_in_one_column_with_equal_means_is_found_too() -> None:
    states = chain(4, 8000)
    x = np.random.default_rng(5).normal(0.0, np.array([1.0, 3.0])[states])[:, None]
    hmm = fit_hmm([x], ("return_1m",), 2, seed=3).hmm
    assert hmm.std[:, 0] == pytest.approx([1.0, 3.0], rel=0.07)
    assert hmm.transition == pytest.approx(STAY, abs=0.02)


def test_the_reported_likelihood_is_that_of_the_model(fitted: HmmFit) -> None:
    _, x = planted(1)
    hmm, total = fitted.hmm, 0.0
    log_density = norm.logpdf(x[:, None, :], hmm.mean, hmm.std).sum(axis=-1)
    for first, last in ((0, 3000), (3000, 3010), (3010, 8000)):
        alpha = np.log(hmm.start) + log_density[first]
        for t in range(first + 1, last):
            alpha = logsumexp(alpha[:, None] + np.log(hmm.transition), axis=0) + log_density[t]
        total += logsumexp(alpha)
    standardised = total + len(x) * np.log(x.std(axis=0)).sum()
    assert fitted.log_likelihood[-1] == pytest.approx(standardised, rel=1e-9)


def test_what_no_states_can_be_found_in_is_refused() -> None:
    with pytest.raises(OperatorFault, match="30 bars are too few"):
        fit_hmm([np.random.default_rng(1).normal(size=(30, 1))], ("a",), 2, seed=1)
    with pytest.raises(OperatorFault, match="feature b is constant"):
        fit_hmm([np.stack([np.random.default_rng(1).normal(size=300), np.full(300, 0.1)], axis=1)], ("a", "b"), 2, seed=1)
    with pytest.raises(OperatorFault, match="0 bars are too few"):
        fit_hmm([], ("a",), 2, seed=1)


def test_bounded_shares_are_the_best_ones() -> None:
    counts = np.array([1e-9, 3.0, 1.0])
    best = _bounded_shares(counts)
    assert best.sum() == pytest.approx(1.0, abs=1e-15)
    assert best.min() == 1e-6
    for other in np.random.default_rng(1).dirichlet([1.0, 1.0, 1.0], 2000):
        if other.min() >= 1e-6:
            assert counts @ np.log(other) <= counts @ np.log(best) + 1e-12
    assert _bounded_shares(np.zeros(3)) == pytest.approx([1 / 3] * 3)


CONFIG = RegimesConfig(
    volatility_inputs=("vol",), trend_inputs=("trend",), context_inputs=("noise",), hmm_inputs=("return", "vol"),
    trees=20, depth=5, min_leaf=10, test_fraction=0.25,
)  # fmt: skip


def columns(days: int = 8, symbols: int = 2, seed: int = 1) -> RegimeColumns:
    """Columns vol, trend, noise, return in one of four regimes, drawn anew every half session."""
    random = np.random.default_rng(seed)
    opens = sessions(days)
    minute_ns = np.concatenate([np.arange(s.open_ns, s.close_ns, MINUTE_NS) for s in opens])
    session_of = np.repeat(np.arange(days), 390)
    values = np.empty((len(minute_ns), symbols, 4))
    for n in range(symbols):
        regime = np.repeat(random.integers(0, 4, len(minute_ns) // 195 + 1), 195)[: len(minute_ns)]
        values[:, n, 0] = np.where(regime >= 2, 0.003, 0.001) + random.normal(0, 0.0002, len(minute_ns))
        values[:, n, 1] = np.where(regime % 2, 0.9, 0.2) + random.normal(0, 0.05, len(minute_ns))
        values[:, n, 2] = random.normal(size=len(minute_ns))
        values[:, n, 3] = random.normal(0, values[:, n, 0])
    ready = random.random(values.shape[:2]) > 0.02
    values[~ready] = np.nan
    return RegimeColumns(minute_ns, session_of, values, ready)


def test_the_columns_are_in_the_order_of_the_config() -> None:
    assert CONFIG.features == ("vol", "trend", "noise", "return")
    assert RegimesConfig().features[:4] == ("volatility_20", "volatility_percentile", "trend_strength_20", "adx_14")
    assert len(set(RegimesConfig().features)) == len(RegimesConfig().features)


def test_clusters_are_named_by_their_centroids() -> None:
    names = [LEARNED_LABELS[i] for i in name_clusters(np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0], [0.1, 3.0]]), CONFIG)]
    assert names == ["calm_ranging", "calm_trending", "volatile_ranging", "volatile_trending", "volatile_trending"]
    data = columns()
    rows = data.values[data.ready][:, :2]
    labels = cluster_labels(fit_clusters(rows, CONFIG), rows)
    expected = 2 * (rows[:, 0] > 0.002) + (rows[:, 1] > 0.55)
    assert (labels == expected).mean() > 0.99


def test_clusters_refuse_too_little() -> None:
    with pytest.raises(OperatorFault, match="10 rows are too few"):
        fit_clusters(np.ones((10, 2)), CONFIG)
    with pytest.raises(OperatorFault, match="feature trend is constant"):
        fit_clusters(np.stack([np.arange(300.0), np.ones(300)], axis=1), CONFIG)


def test_the_next_regime_is_the_majority_of_what_comes_and_known_when_it_has_come() -> None:
    labels = np.array([0, 1, 1, 2, -1, -1, -1, 3, 3, 3], np.int8)[:, None]
    minute_ns = np.arange(10) * MINUTE_NS
    session_of = np.array([0] * 7 + [1] * 3)
    coming = next_regime(labels, minute_ns, session_of, 3)
    assert coming.valid[:, 0].tolist() == [True, True, False, False, False, False, False, False, False, False]
    assert coming.label[:2, 0].tolist() == [1, 1]
    assert coming.end_ns[:2].tolist() == [4 * MINUTE_NS, 5 * MINUTE_NS]
    random = np.random.default_rng(2)
    many = random.integers(-1, 4, (200, 3)).astype(np.int8)
    days = np.repeat([0, 1], 100)
    coming = next_regime(many, np.arange(200) * MINUTE_NS, days, 20)
    for t in range(200):
        for n in range(3):
            ahead = [int(x) for x in many[t + 1 : t + 21, n] if x >= 0]
            assert coming.valid[t, n] == (t % 100 < 80 and len(ahead) >= 10)
            if coming.valid[t, n]:
                assert coming.label[t, n] == max(range(4), key=lambda c: (ahead.count(c), -c))


def test_the_forest_is_scikit_learns() -> None:
    random = np.random.default_rng(1)
    rows = random.normal(size=(600, 4)).astype(np.float32).astype(np.float64)
    label = np.where(rows[:, 0] > 0.5, 3, np.where(rows[:, 1] > 0, 2, 0)).astype(np.int8)  # label 1 never comes
    forest = fit_forest(rows, label, CONFIG)
    served = Evaluator(forest)(rows)
    scaled = (rows - forest.mean) / forest.scale
    library = RandomForestClassifier(20, max_depth=5, min_samples_leaf=10, random_state=7).fit(scaled, label)
    assert served[:, [0, 2, 3]] == pytest.approx(library.predict_proba(scaled), abs=1e-12)
    assert not served[:, 1].any()
    assert (served.argmax(axis=1) == label).mean() > 0.9


def test_a_training_beats_both_forecasts_without_skill_where_there_is_something_to_know() -> None:
    trained = fit_regimes(columns(), CONFIG, {}, lambda _: None)
    metrics = trained.metrics
    assert metrics.accuracy > metrics.majority_accuracy + 0.1
    assert metrics.log_loss < metrics.shares_log_loss
    assert sum(metrics.shares.values()) == pytest.approx(1.0)
    assert trained.train.last_ns < trained.test.first_ns
    assert trained.hmm.mean[:, 1] == pytest.approx([0.001, 0.003], rel=0.1)


def test_no_fit_sees_the_test_part_or_the_embargo() -> None:
    data = columns()
    first = fit_regimes(data, CONFIG, {}, lambda _: None)
    start = int(np.searchsorted(data.minute_ns, first.test.first_ns)) - 390  # the embargoed session before it, too
    changed = data.values.copy()
    changed[start:] = changed[start:][::-1] * 1.7 + 0.01
    ready = data.ready.copy()
    ready[start:] = data.ready[start:][::-1]
    again = fit_regimes(RegimeColumns(data.minute_ns, data.session_of, changed, ready), CONFIG, {}, lambda _: None)
    assert again.train == first.train
    for name in ("mean", "scale", "centroids", "label"):
        assert getattr(again.clusters, name).tobytes() == getattr(first.clusters, name).tobytes()
    for name in ("start", "transition", "mean", "std"):
        assert getattr(again.hmm, name).tobytes() == getattr(first.hmm, name).tobytes()
    for name in ("feature", "threshold", "value", "mean", "scale"):
        assert getattr(again.forest, name).tobytes() == getattr(first.forest, name).tobytes()
    assert again.metrics.accuracy != first.metrics.accuracy


def test_one_regime_only_and_too_few_rows_are_refused() -> None:
    data = columns(days=6)
    random = np.random.default_rng(3)
    spike = random.random(data.ready.shape) < 0.02  # a volatile minute now and then: no hour is volatile
    values = random.normal([0.001, 0.5, 0.0, 0.0], [1e-5, 1e-3, 1.0, 1e-3], data.values.shape)
    values[spike, :2] = [0.01, 0.9]
    values[spike] += random.normal(0.0, 1e-5, (int(spike.sum()), 4))
    quiet = RegimeColumns(data.minute_ns, data.session_of, values, data.ready)
    with pytest.raises(OperatorFault, match=r"the regime is calm_ranging on all .* training rows"):
        fit_regimes(quiet, replace(CONFIG, clusters=2), {}, lambda _: None)
    with pytest.raises(OperatorFault, match="rows are too few to find regimes in: 100000"):
        fit_regimes(data, replace(CONFIG, rows_min=100_000), {}, lambda _: None)
