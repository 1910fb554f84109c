"""LSTM and attention: what they learn and what they don't, the same bits every time, and sentences for what can't be learned from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from sklearn.metrics import roc_auc_score

from tradebot.core.domain.faults import OperatorFault
from tradebot.core.features.lag_names import lag_name
from tradebot.core.features.sets import SETS
from tradebot.learning.config import NetworkConfig, TrainingConfig
from tradebot.learning.trainers import dollar_profit, network
from tradebot.learning.trainers.network_objectives import LOSSES
from tradebot.learning.trainers.network_rows import order_of, reading_of
from tradebot.learning.trainers.network_training import Lesson, torch_device, train_network
from tradebot.learning.trainers.trainer import Fitted, Rows, proven
from tradebot.serving.networks.architecture import Architecture

Float = npt.NDArray[np.float64]
FEATURES = (
    "minutes_to_close",
    *(lag_name("1m", "ret", lag) for lag in range(8)),
    *(lag_name("5m", channel, lag) for channel in ("ret", "range") for lag in range(3)),
)
NETWORK = NetworkConfig(width=8, heads=2, dropout=0.0, epochs=12, batch_rows=64, learning_rate=0.02, patience=3)
NETWORKS = {"lstm": NETWORK, "attention": replace(NETWORK, learning_rate=0.006)}
KINDS = ("lstm", "attention")
_FIT: Any = {"lstm": network.fit_lstm, "attention": network.fit_attention}


def config(kind: str, **changes: Any) -> TrainingConfig:
    chosen: Any = {"kind": kind, "features": FEATURES, "label": "forward_beats_cost", "network": NETWORKS[kind]} | changes
    return TrainingConfig(**chosen)


def silent(_: str) -> None:
    pass


def values_of(count: int, seed: int) -> Float:
    return np.random.default_rng(seed).normal(size=(count, len(FEATURES)))


def rows(values: Float, target: Float, weight: Float | None = None, cost: float = 0.0) -> Rows:
    count = len(target)
    at = np.arange(count)
    even = np.ones(count) if weight is None else weight
    return Rows(values, target.astype(np.float64), even, at, at // 390, 0 * at, at + 1, np.full(count, cost))


def pattern(values: Float) -> Float:
    """Whether the last two minutes went further up than the four before them: older bars count against newer ones."""
    ret = values[:, 1:9]
    return ret[:, 0] + ret[:, 1] - 0.5 * ret[:, 2:6].sum(axis=1)


def fit(kind: str, train: Rows, watch: Rows, **changes: Any) -> Fitted:
    return _FIT[kind](train, watch, config(kind, **changes), silent)  # type: ignore[no-any-return]


@pytest.mark.parametrize("kind", KINDS)
def test_a_planted_pattern_is_found_and_a_shuffled_one_is_not(kind: str) -> None:
    train, watch, test = (values_of(n, seed) for n, seed in ((1200, 1), (300, 2), (1500, 3)))
    truth = pattern(test) > 0
    found = fit(kind, rows(train, pattern(train) > 0), rows(watch, pattern(watch) > 0))
    assert roc_auc_score(truth, proven(found)(test)) > 0.95
    shuffled = np.random.default_rng(4).permutation(pattern(train) > 0)
    nothing = fit(kind, rows(train, shuffled), rows(watch, pattern(watch) > 0))
    assert abs(roc_auc_score(truth, proven(nothing)(test)) - 0.5) < 0.12


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_rows_config_and_seed_give_the_same_bits(kind: str) -> None:
    values = values_of(300, 5)
    train, watch = rows(values[:200], pattern(values[:200]) > 0), rows(values[200:], pattern(values[200:]) > 0)
    threads, drawn = torch.get_num_threads(), torch.random.get_rng_state()
    short = replace(NETWORK, epochs=2, dropout=0.2)
    made = [_FIT[kind](train, watch, replace(config(kind), network=short, jobs=jobs, seed=seed), silent).artefact for jobs, seed in
            ((1, 7), (2, 7), (1, 8))]  # fmt: skip
    for name, array in made[0].arrays.items():
        assert array.tobytes() == made[1].arrays[name].tobytes(), name
    assert made[0].predictor()(values).tobytes() == made[1].predictor()(values).tobytes() != made[2].predictor()(values).tobytes()
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.random.get_rng_state(), drawn)
    assert not torch.are_deterministic_algorithms_enabled()


@pytest.mark.parametrize("kind", KINDS)
def test_a_number_is_forecast_in_its_own_unit_and_served_as_a_position(kind: str) -> None:
    train, test = values_of(1500, 6), values_of(500, 7)
    fitted = fit(kind, rows(train, 0.003 + 0.01 * pattern(train)), rows(train[:0], np.zeros(0)), seed=3)
    truth = 0.003 + 0.01 * pattern(test)
    assert fitted.artefact.answer == "position"
    assert fitted.numbers is not None
    number = fitted.numbers(test)
    assert np.mean((number - truth) ** 2) < 0.2 * truth.var()
    assert abs(number.mean() - truth.mean()) < 0.2 * truth.std()
    np.testing.assert_allclose(proven(fitted)(test), np.tanh(number / (0.003 + 0.01 * pattern(train)).std()), atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_dollar_profit_takes_the_side_that_pays_and_none_where_cost_eats_it(kind: str) -> None:
    train, test = values_of(1500, 8), values_of(500, 9)
    move = 0.001 * pattern(train)
    none = rows(train[:0], np.zeros(0))
    paid = fit(kind, rows(train, move, cost=1e-4), none, label="dollar_profit")
    position = proven(paid)(test)
    earned = position * 0.001 * pattern(test) - 1e-4 * np.abs(position)
    assert paid.artefact.answer == "position"
    assert paid.numbers is None
    assert earned.mean() > 0.5 * np.abs(0.001 * pattern(test)).mean()
    eaten = fit(kind, rows(train, move, cost=0.01), none, label="dollar_profit")
    assert np.abs(proven(eaten)(test)).mean() < 0.1 * np.abs(position).mean()


def test_the_profit_loss_has_the_gradient_of_the_trees_objective() -> None:
    rng = np.random.default_rng(10)
    score, move, cost = rng.normal(0, 1.5, 200), rng.normal(size=200), rng.uniform(0, 0.5, 200)
    s = torch.tensor(score, requires_grad=True)
    lost = LOSSES["profit"](s, torch.tensor(move), torch.tensor(cost))
    lost.sum().backward()  # type: ignore[no-untyped-call]
    assert s.grad is not None
    np.testing.assert_allclose(lost.detach().numpy(), -dollar_profit.reward(score, move, cost), atol=1e-14)
    np.testing.assert_allclose(s.grad.numpy(), dollar_profit.gradient(score, move, cost), atol=1e-14)
    at_rest = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    LOSSES["profit"](at_rest, torch.ones(1), torch.full((1,), 0.3)).sum().backward()  # type: ignore[no-untyped-call]
    assert at_rest.grad is not None
    assert at_rest.grad.item() < 0  # a higher score loses less where the move is up


def test_weights_decide_between_rows_that_contradict_each_other() -> None:
    values = values_of(800, 11)
    up = pattern(values) > 0
    both = np.concatenate([values, values])
    weight = np.concatenate([np.full(800, 1.98), np.full(800, 0.02)])
    fitted = fit("lstm", rows(both, np.concatenate([up, ~up]), weight), rows(values[:0], np.zeros(0)))
    assert roc_auc_score(up, proven(fitted)(values)) > 0.9


def test_it_stops_when_the_watched_rows_get_no_better_and_keeps_the_best_epoch() -> None:
    values, watched = values_of(400, 12), values_of(200, 13)
    train = rows(values, np.random.default_rng(1).random(400) > 0.5)  # noise: learning it makes other noise worse
    watch = rows(watched, np.random.default_rng(2).random(200) > 0.5)
    said: list[str] = []
    many = replace(config("lstm"), network=replace(NETWORK, epochs=40, patience=2))
    fitted = network.fit_lstm(train, watch, many, said.append)
    losses = [float(line.rpartition(" ")[2]) for line in said if "watched" in line]
    best = int(np.argmin(losses)) + 1
    assert len(losses) == best + 2 < 40
    assert said[-1] == f"lstm: no better for 2 epochs; epoch {best} stays"
    fewer = replace(config("lstm"), network=replace(NETWORK, epochs=best, patience=40))
    again = network.fit_lstm(train, watch, fewer, silent)
    assert again.artefact.predictor()(values).tobytes() == fitted.artefact.predictor()(values).tobytes()
    assert "lstm on cpu: epoch 1 of 40" in said[1]


def test_sequences_are_read_oldest_first_and_the_rest_as_it_is() -> None:
    order = order_of(FEATURES, "lstm", len(FEATURES))
    assert order.sequences == ((8, 1), (3, 2))
    names = [FEATURES[i] for i in order.columns]
    assert names[:2] == ["lag1m_ret_7", "lag1m_ret_6"]
    assert names[8:12] == ["lag5m_ret_2", "lag5m_range_2", "lag5m_ret_1", "lag5m_range_1"]
    assert names[14:] == ["minutes_to_close"]
    assert order_of(tuple(reversed(FEATURES)), "lstm", len(FEATURES)).sequences == order.sequences
    whole = order_of(SETS["sequence"], "lstm", 183)
    assert whole.sequences == ((30, 3), (12, 3), (8, 3), (6, 3), (5, 3))
    assert whole.statics == 0
    both = SETS["dollar_profit"]
    wide = order_of(both, "lstm", len(both) + 3)
    assert wide.statics == len(both) - 183 + 3
    assert wide.columns[-3:] == (len(both), len(both) + 1, len(both) + 2)


@pytest.mark.parametrize("without", ["lag1m_ret_0", "lag1m_ret_4", "lag5m_range_2", "lag5m_ret_2"])
def test_a_sequence_with_a_gap_is_refused(without: str) -> None:
    with pytest.raises(OperatorFault, match=r"the sequence of .* has a gap: see lag"):
        order_of(tuple(name for name in FEATURES if name != without), "lstm", len(FEATURES) - 1)


def test_features_without_a_sequence_are_refused() -> None:
    with pytest.raises(OperatorFault, match=r'kind attention reads sequences: .* such as "sequence"'):
        order_of(SETS["both"], "attention", len(SETS["both"]))


def test_a_constant_column_is_read_without_a_scale() -> None:
    values = values_of(50, 1)
    values[:, 3] = 4.0
    reading = reading_of(values, order_of(FEATURES, "lstm", len(FEATURES)))
    assert (reading.scale > 0).all()
    assert reading.scale[list(reading.columns).index(3)] == 1.0


def test_what_can_not_be_learned_from_is_refused_in_one_sentence() -> None:
    values = values_of(60, 14)
    good, none = rows(values, pattern(values) > 0), rows(values[:0], np.zeros(0))
    broken = values.copy()
    broken[3, 3] = np.nan
    with pytest.raises(OperatorFault, match="not finite"):
        network.fit_lstm(replace(good, values=broken), none, config("lstm"), silent)
    with pytest.raises(OperatorFault, match="has classes"):
        network.fit_lstm(replace(good, classes=3), none, config("lstm"), silent)
    with pytest.raises(OperatorFault, match=r"model\.network: .* 3 heads"):
        network.fit_attention(good, none, replace(config("attention"), network=replace(NETWORK, heads=3)), silent)
    if not torch.cuda.is_available():
        assert torch_device("auto") == "cpu"
        with pytest.raises(OperatorFault, match="no NVIDIA GPU here that PyTorch"):
            network.fit_lstm(good, none, config("lstm", device="cuda"), silent)


def test_a_loss_that_is_no_number_is_a_sentence_and_leaves_pytorch_as_it_was() -> None:
    lesson = Lesson(np.zeros((8, 4), np.float32), np.zeros(8), np.zeros(8), np.ones(8))
    with pytest.raises(OperatorFault, match=r"the lstm network diverged in epoch 1: lower model\.network"):
        train_network(Architecture("lstm", ((2, 2),), 0, 4, 1, 1, 1), lesson, lesson, lambda s, *_: s * np.inf, NETWORK, 1, "cpu", silent)
    assert not torch.are_deterministic_algorithms_enabled()
