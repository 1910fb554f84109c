"""The filter against Bayes' rule in logarithms, clusters against scikit-learn's distances; both step == scan, both fail closed."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import norm
from sklearn.metrics.pairwise import euclidean_distances

from tradebot.core.regime.detector import UNKNOWN
from tradebot.core.regime.hmm import Hmm, new_beliefs, scan_beliefs, step_beliefs
from tradebot.core.regime.learned import Clusters, cluster_labels, distances

HMM = Hmm(
    inputs=("return_1m", "volatility_5m"),
    labels=("low", "normal", "high"),
    start=np.array([0.5, 0.3, 0.2]),
    transition=np.array([[0.97, 0.02, 0.01], [0.05, 0.9, 0.05], [0.01, 0.04, 0.95]]),
    mean=np.array([[0.0, 0.5], [0.1, 1.0], [-0.2, 2.0]]),
    std=np.array([[0.5, 0.2], [1.0, 0.3], [2.5, 0.8]]),
)


def observations(minutes: int = 300, symbols: int = 4) -> np.ndarray:
    random = np.random.default_rng(5)
    return random.normal([0.0, 1.0], [1.2, 0.7], (minutes, symbols, 2))


def filtered(x: np.ndarray) -> np.ndarray:
    """P(state_t | x_1..x_t) by the forward recursion in logarithms, for one symbol (T, D)."""
    log_density = norm.logpdf(x[:, None, :], HMM.mean, HMM.std).sum(axis=-1)
    out = np.empty((len(x), 3))
    log_belief = np.log(HMM.start)
    for t in range(len(x)):
        if t:
            log_belief = logsumexp(log_belief[:, None] + np.log(HMM.transition), axis=0)
        log_belief = log_belief + log_density[t]
        log_belief -= logsumexp(log_belief)
        out[t] = np.exp(log_belief)
    return out


def test_the_filter_is_the_forward_recursion() -> None:
    x = observations()
    beliefs, labels = scan_beliefs(HMM, new_beliefs(4, HMM), x)
    for n in range(4):
        assert beliefs[:, n] == pytest.approx(filtered(x[:, n]), abs=1e-12)
    assert labels.tolist() == beliefs.argmax(axis=-1).tolist()
    assert len(set(labels.ravel().tolist())) == 3


def test_scan_equals_steps_and_a_prefix_bit_for_bit() -> None:
    x = observations()
    x[17, 1] = np.nan
    whole, labels = scan_beliefs(HMM, new_beliefs(4, HMM), x)
    state = new_beliefs(4, HMM)
    for t in range(len(x)):
        assert step_beliefs(HMM, state, x[t]).tobytes() == labels[t].tobytes()
        assert state.tobytes() == whole[t].tobytes()
        if t == 100:
            state = np.frombuffer(state.tobytes()).reshape(state.shape).copy()
    prefix, _ = scan_beliefs(HMM, new_beliefs(4, HMM), x[:150])
    assert prefix.tobytes() == whole[:150].tobytes()
    alone, _ = scan_beliefs(HMM, new_beliefs(1, HMM), np.ascontiguousarray(x[:, 2:3]))
    assert alone[:, 0].tobytes() == whole[:, 2].tobytes()


def test_the_filter_never_uses_the_future() -> None:
    x = observations()
    usual, _ = scan_beliefs(HMM, new_beliefs(4, HMM), x)
    x[200:] += 50.0
    other, _ = scan_beliefs(HMM, new_beliefs(4, HMM), x)
    assert other[:200].tobytes() == usual[:200].tobytes()


def test_no_observation_is_no_evidence_and_nonsense_stays_finite() -> None:
    state = new_beliefs(2, HMM)
    first = np.array([[0.1, 0.9], [np.nan, 1.0]])
    assert step_beliefs(HMM, state, first)[1] == UNKNOWN
    assert not state[1].any()
    before = state.copy()
    assert step_beliefs(HMM, state, np.array([[np.inf, 1.0], [0.1, 0.9]]))[0] == UNKNOWN
    assert state[0].tolist() == before[0].tolist()
    assert state[1].tolist() == before[0].tolist(), "its first bar came one later"
    for huge in (1e300, -1e300, 1e9):
        step_beliefs(HMM, state, np.full((2, 2), huge))
        assert state.sum(axis=1) == pytest.approx([1.0, 1.0])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("start", np.array([0.5, 0.5, 0.0])),
        ("start", np.array([0.5, 0.3, 0.3])),
        ("transition", np.eye(3)),
        ("std", np.zeros((3, 2))),
        ("mean", np.full((3, 2), np.nan)),
        ("mean", np.zeros((2, 2))),
    ],
)
def test_arrays_that_are_no_model_are_refused(field: str, value: np.ndarray) -> None:
    parts = {name: getattr(HMM, name) for name in ("inputs", "labels", "start", "transition", "mean", "std")} | {field: value}
    with pytest.raises(ValueError, match=r"is \(|not possible|add up"):
        Hmm(**parts)


CLUSTERS = Clusters(
    inputs=("a", "b", "c"),
    mean=np.array([1.0, 2.0, 3.0]),
    scale=np.array([0.5, 1.0, 2.0]),
    centroids=np.array([[0.0, 0.0, 0.0], [1.0, 1.0, 0.0], [-1.0, 0.0, 2.0], [3.0, 0.0, 0.0]]),
    label=np.array([0, 3, 1, 3], np.int8),
)


def test_labels_are_those_of_the_nearest_centroid() -> None:
    rows = np.random.default_rng(1).normal([1.0, 2.0, 3.0], [1.0, 2.0, 4.0], (500, 3))
    expected = euclidean_distances((rows - CLUSTERS.mean) / CLUSTERS.scale, CLUSTERS.centroids, squared=True)
    assert distances(CLUSTERS, rows) == pytest.approx(expected, abs=1e-9)
    labels = cluster_labels(CLUSTERS, rows)
    assert labels.tolist() == CLUSTERS.label[expected.argmin(axis=1)].tolist()
    assert set(labels.tolist()) == {0, 1, 3}
    assert np.stack([distances(CLUSTERS, row) for row in rows]).tobytes() == distances(CLUSTERS, rows).tobytes()
    assert cluster_labels(CLUSTERS, rows.reshape(50, 10, 3)).ravel().tolist() == labels.tolist()


def test_a_row_that_is_not_finite_has_no_label() -> None:
    rows = np.array([[1.0, 2.0, 3.0], [np.nan, 2.0, 3.0], [1.0, np.inf, 3.0]])
    assert cluster_labels(CLUSTERS, rows).tolist() == [0, UNKNOWN, UNKNOWN]


def test_clusters_that_are_none_are_refused() -> None:
    for field, value in (("scale", np.zeros(3)), ("label", np.array([0, 1, 2, 9], np.int8)), ("mean", np.zeros(2))):
        parts = {name: getattr(CLUSTERS, name) for name in ("inputs", "mean", "scale", "centroids", "label")} | {field: value}
        with pytest.raises(ValueError, match=r"clusters|label"):
            Clusters(**parts)
