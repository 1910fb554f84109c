"""Ensembles: joined out of fold, better than a coin, exact on disk, and refused where members don't fit."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import log_loss

from tests.unit.learning.trainers.rows import fit, planted
from tradebot.core.domain.faults import OperatorFault
from tradebot.learning.config import TrainingConfig
from tradebot.learning.training import TRAINERS
from tradebot.serving.artefacts.catalogue import read_artefact
from tradebot.serving.artefacts.ensemble import FILE, EnsembleArtefact, Joint

YES_NO = TrainingConfig(
    kind="ensemble", members=("xgboost", "random_forest"), trees=20, depth=4, combine="stacked", embargo_sessions=0, device="cpu"
)
NUMBERS = dataclasses.replace(YES_NO, members=("xgboost_regression", "dollar_profit"))


@pytest.mark.parametrize("combine", ["stacked", "weighted"])
@pytest.mark.parametrize(("config", "answer"), [(YES_NO, "probability"), (NUMBERS, "number")])
def test_joined_and_exact_on_disk(config: TrainingConfig, answer: str, combine: str, tmp_path: Path) -> None:
    config = dataclasses.replace(config, combine=combine)  # type: ignore[arg-type]
    fitted = fit(planted(1200, 1, answer), config)
    rows = planted(400, 2, answer)
    values = rows.values.copy()
    values[5, 1] = np.inf
    served = fitted.artefact.predictor()(values)
    assert np.isnan(served[5])
    assert np.isnan(served).sum() == 1
    assert served.tobytes() == np.concatenate([fitted.artefact.predictor()(values[i : i + 1]) for i in range(400)]).tobytes()
    assert fitted.reference(values[6:]).tobytes() == served[6:].tobytes()
    fitted.artefact.write(tmp_path)
    again = read_artefact(tmp_path, "ensemble")
    assert again.predictor()(values).tobytes() == served.tobytes()
    assert {p.name for p in tmp_path.iterdir()} == {FILE, *config.members}
    clean = np.delete(np.arange(400), 5)
    if answer == "number":
        assert np.corrcoef(served[clean], rows.target[clean])[0, 1] > 0.2
    else:
        assert log_loss(rows.target[clean], served[clean]) < log_loss(rows.target, np.full(400, rows.target.mean())) - 0.02


def test_same_ensemble_whatever_the_jobs() -> None:
    rows = planted(800, 3)
    one, two = (fit(rows, dataclasses.replace(YES_NO, jobs=jobs, trees=5)).artefact for jobs in (1, 2))
    assert isinstance(one, EnsembleArtefact)
    assert isinstance(two, EnsembleArtefact)
    assert one.joint == two.joint
    assert one.predictor()(rows.values).tobytes() == two.predictor()(rows.values).tobytes()


def test_a_member_without_skill_gets_no_share() -> None:
    """Trees of one row a leaf and no bound overfit noise: their log loss out of fold is above the base rate's."""
    rows = planted(600, 4)
    noise = dataclasses.replace(rows, target=np.random.default_rng(5).permutation(rows.target))
    config = dataclasses.replace(YES_NO, combine="weighted", trees=60, depth=8, min_leaf=1, learning_rate=1.0)
    said: list[str] = []
    TRAINERS["ensemble"](noise, noise.where(np.arange(0)), config, said.append)
    shares = next(line for line in said if "out-of-fold" in line).split(": ")[1]
    weights = [float(part.rsplit(" ", 1)[1]) for part in shares.split(", ")]
    assert sum(weights) == pytest.approx(1.0, abs=2e-3)
    assert weights[0] == 0.0 or weights == [0.5, 0.5]


@pytest.mark.parametrize(
    ("members", "why"),
    [
        (("xgboost",), "at least two kinds"),
        (("xgboost", "ensemble"), "ensemble can't be a member"),
        (("xgboost", "xgboost"), "names a kind twice"),
        (("xgboost", "dollar_profit"), "answer with position and probability"),
    ],
)
def test_refuses_members_that_do_not_fit(members: tuple[str, ...], why: str) -> None:
    with pytest.raises(OperatorFault, match=why):
        fit(planted(600, 6), dataclasses.replace(YES_NO, members=members, trees=2))  # type: ignore[arg-type]


def test_joined_by_hand() -> None:
    answers = np.array([[0.5, 0.8], [0.5, np.nan]])
    assert Joint("weighted", (0.25, 0.75)).of(answers, "probability")[0] == pytest.approx(0.725)
    odds = np.log(0.8 / 0.2)
    assert Joint("stacked", (1.0, 2.0), 0.5).of(answers, "probability")[0] == pytest.approx(1 / (1 + np.exp(-0.5 - 2 * odds)))
    assert Joint("stacked", (1.0, 2.0), 0.5).of(answers, "position")[0] == pytest.approx(np.tanh(0.5 + 0.5 + 1.6))
    assert np.isnan(Joint("stacked", (1.0, 2.0)).of(answers, "probability")[1])


@pytest.mark.parametrize(
    "about",
    [
        "nothing",
        json.dumps({"names": ["xgboost"], "combine": "weighted", "weights": [0.5, 0.5], "bias": 0.0}),
        json.dumps({"names": ["..", "xgboost"], "combine": "weighted", "weights": [0.5, 0.5], "bias": 0.0}),
        json.dumps({"names": ["random_forest", "xgboost"], "combine": "weighted", "weights": [0.5, 0.7], "bias": 0.0}),
        json.dumps({"names": ["random_forest", "gone"], "combine": "weighted", "weights": [0.5, 0.5], "bias": 0.0}),
        json.dumps({"names": ["random_forest", "xgboost"], "combine": "voted", "weights": [0.5, 0.5], "bias": 0.0}),
    ],
)
def test_a_spoiled_ensemble_is_refused(about: str, tmp_path: Path) -> None:
    fit(planted(600, 7), dataclasses.replace(YES_NO, trees=2)).artefact.write(tmp_path)
    (tmp_path / FILE).write_text(about)
    with pytest.raises(OperatorFault):
        EnsembleArtefact.read(tmp_path)
