"""Knobs, TOML to paste, scores by hand and by scikit-learn, and what luck finds."""

from __future__ import annotations

import dataclasses
import tomllib

import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.metrics import log_loss

from tests.unit.learning.search.tasks import task
from tradebot.core.domain.faults import OperatorFault
from tradebot.learning.config import TrainingConfig
from tradebot.learning.search.luck import difference_error, luck_of
from tradebot.learning.search.space import SPACES, Knob, as_toml, space_of, turned, value_in
from tradebot.learning.search.task import Task, scored
from tradebot.learning.trainers.trainer import Rows
from tradebot.settings import load_settings

ONE_SESSION = np.zeros(6, np.int64)


def six(target: list[float], net: object, answer: str) -> Task:
    ns = np.arange(6, dtype=np.int64)
    rows = Rows(np.zeros((6, 1)), np.array(target), np.ones(6), ns, ONE_SESSION, ONE_SESSION)
    return Task(rows, ns + 1, np.asarray(net, np.float64), answer, lambda values, rows: lambda some: some[:, 0])  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", SPACES)
def test_every_knob_is_a_key_of_the_profile_and_survives_the_toml(kind: str) -> None:
    model = load_settings("demo", {}).model
    values = {knob.key: value_in(model, knob.key) for knob in space_of(kind, lambda key: value_in(model, key))}
    assert turned(model, values) == model
    changed = {key: value * 2 if isinstance(value, int) else value / 2 for key, value in values.items()}
    told = tomllib.loads(as_toml(changed))["model"]
    network = told.pop("network", {})
    assert told | {f"network.{key}": value for key, value in network.items()} == changed
    assert {key: value_in(turned(model, changed), key) for key in changed} == changed


def test_a_knob_is_wide_enough_for_the_profiles_own_value() -> None:
    assert Knob("trees", 50, 600).around(1000).high == 1000
    assert Knob("depth", 2, 16).around(1).low == 1
    assert Knob("network.width", choices=(16, 32)).around(48).choices == (16, 32, 48)
    config = TrainingConfig(trees=5)
    space = space_of("random_forest", lambda key: value_in(config, key))
    assert next(k for k in space if k.key == "trees").low == 5
    with pytest.raises(OperatorFault, match='kind "regimes" isn\'t searched'):
        space_of("regimes", lambda key: 1)


def test_log_loss_is_scikit_learns() -> None:
    some = task()
    said = np.random.default_rng(1).random(len(some.rows))
    found = scored(some, said, "loss")
    assert found.name == "log_loss"
    assert found.figure == pytest.approx(log_loss(some.rows.target, said), abs=1e-9)
    assert found.by_session.mean() == pytest.approx(found.figure) and len(found.by_session) == 12
    three = six([0, 1, 2, 0, 1, 2], np.zeros(6), "classes")
    shares = np.random.default_rng(2).dirichlet([1, 1, 1], 6)
    assert scored(three, shares, "loss").figure == pytest.approx(log_loss(three.rows.target, shares), abs=1e-9)


def test_numbers_are_scored_by_their_order() -> None:
    some = six([1.0, 2.0, 4.0, 3.0, 6.0, 5.0], np.zeros(6), "number")
    said = np.array([0.1, 0.3, 0.2, 0.5, 0.4, 0.6])
    found = scored(some, said, "loss")
    assert (found.name, found.figure) == ("rank_correlation", pytest.approx(-spearmanr(said, some.rows.target).statistic))
    with pytest.raises(OperatorFault, match="no session"):
        scored(some, np.zeros(6), "loss")


def test_net_is_that_of_the_rows_that_are_followed() -> None:
    net = [0.001, 0.002, -0.004, 0.0, 0.0, 0.0]
    some = six([0, 1, 0, 1, 0, 1], net, "probability")
    found = scored(some, np.array([0.1, 0.9, 0.8, 0.2, 0.3, 0.4]), "net")
    assert found.name == "net" and found.figure == pytest.approx(10.0), "rows 1 and 2: 20 bps and -40 bps, its sign turned"
    hours = six([0, 1, 2, 0, 1, 2], np.tile([0.01, -0.01], (6, 1)), "classes")
    flat = np.tile([0.1, 0.2, 0.7], (6, 1))
    assert scored(hours, flat, "net").figure == 0.0
    assert scored(hours, flat[:, ::-1], "net").figure == pytest.approx(-100.0)
    with pytest.raises(OperatorFault, match="no net result"):
        scored(dataclasses.replace(some, net=np.full(6, np.nan)), np.arange(6.0), "net")


def searched(seed: int, better: float) -> tuple[float, float]:
    """Gain and luck of 30 trials over 40 sessions; one of them is better by `better`."""
    random = np.random.default_rng(seed)
    day = random.normal(0.69, 0.02, 40)
    own = day + random.normal(0.0, 0.005, 40)
    trials = [own, *(day + random.normal(0.0, 0.005, 40) for _ in range(29))]
    trials[7] = trials[7] - better
    found = luck_of(float(own.mean()), min(float(t.mean()) for t in trials), own, trials, 30)
    return found.gain, found.luck


def test_the_best_of_many_equals_is_mostly_no_more_than_luck_and_a_true_gain_is() -> None:
    by_luck = [searched(seed, 0.0) for seed in range(200)]
    assert np.mean([gain > luck for gain, luck in by_luck]) < 0.3
    assert np.mean([gain for gain, _ in by_luck]) > 0.0, "the best looks better than it is"
    truly = [searched(seed, 0.008) for seed in range(200)]
    assert np.mean([gain > luck for gain, luck in truly]) > 0.95


def test_luck_of_one_trial_is_none() -> None:
    same = np.arange(5.0)
    found = luck_of(2.0, 2.0, same, [same], 1)
    assert (found.gain, found.luck, found.beyond) == (0.0, 0.0, False)
    assert difference_error(same, same[:3]) is None
    assert difference_error(same, same * 2) == pytest.approx(same.std(ddof=1) / np.sqrt(5))
