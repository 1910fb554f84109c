"""A profile's model, label and features have to go together, and what is wrong is one sentence before anything is loaded."""

from __future__ import annotations

import pytest

from tests.unit.learning.market import market
from tradebot.core.domain.faults import OperatorFault
from tradebot.learning.config import RoundTripCost, TrainingConfig
from tradebot.learning.kinds import ANSWERS, LEARNS, MEMBERS, MOVES
from tradebot.learning.labels.catalogue import LABELS
from tradebot.learning.labels.label import Given
from tradebot.learning.trainers.catalogue import SINGLE
from tradebot.learning.training import TRAINERS
from tradebot.settings import load_settings


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"KIND": "xgboost", "LABEL": "forward_return"}, r'"forward_return" is not for model\.kind "xgboost" \(labels: triple_barrier,'),
        ({"KIND": "gradient_boosting", "LABEL": "regime"}, r'"regime" is not for model\.kind'),
        ({"KIND": "xgboost", "LABEL": "regime"}, "tells classes apart"),
        ({"LABEL": "next_hour_best_strategy"}, "is for a meta_selector"),
        ({"KIND": "dollar_profit", "LABEL": "realised_volatility"}, "no move that dollar_profit could earn"),
        ({"KIND": "ensemble"}, "at least two kinds"),
        ({"KIND": "ensemble", "MEMBERS": '["xgboost", "xgboost"]'}, "each once"),
        ({"KIND": "ensemble", "MEMBERS": '["xgboost", "institutional"]'}, '"institutional" can\'t be a member'),
        ({"KIND": "ensemble", "MEMBERS": '["xgboost", "dollar_profit"]'}, "no move that dollar_profit could earn"),
        ({"KIND": "ensemble", "MEMBERS": '["xgboost", "xgboost_regression"]'}, '"xgboost_regression" doesn\'t learn the label'),
        ({"MEMBERS": '["xgboost", "random_forest"]'}, 'are for model.kind "ensemble"'),
        ({"KIND": "institutional", "LABEL": "forward_return"}, 'needs model.features = "institutional"'),
        ({"KIND": "xgboost_regression", "LABEL": "forward_return", "CALIBRATION": "isotonic"}, "is for labels of yes and no"),
        ({"CALIBRATION": "venn_abers", "WATCH_FRACTION": "0"}, "watch_fraction is 0"),
    ],
)
def test_what_does_not_go_together(asked: dict[str, str], why: str) -> None:
    with pytest.raises(OperatorFault, match=why):
        load_settings("active_stocks", {f"TRADEBOT__MODEL__{key}": value for key, value in asked.items()})


@pytest.mark.parametrize(
    "asked",
    [
        {"KIND": "xgboost", "CALIBRATION": "isotonic", "EARLY_STOPPING_ROUNDS": "20"},
        {"KIND": "ensemble", "MEMBERS": '["xgboost", "lstm"]', "COMBINE": "weighted"},
        {"KIND": "ensemble", "MEMBERS": '["dollar_profit", "xgboost_regression"]', "LABEL": "dollar_profit"},
        {"KIND": "dollar_profit", "LABEL": "forward_return"},
    ],
)
def test_what_does(asked: dict[str, str]) -> None:
    assert load_settings("active_stocks", {f"TRADEBOT__MODEL__{key}": value for key, value in asked.items()}).model.kind == asked["KIND"]


def test_the_constants_are_what_labels_and_trainers_are() -> None:
    grid = market(count=3)
    given = Given(sides=grid.present.astype("int8"))
    assert {name: rule(grid, TrainingConfig(), RoundTripCost(), given).answer for name, rule in LABELS.items()} == ANSWERS
    assert set(SINGLE) == MEMBERS
    assert set(TRAINERS) | {"institutional"} == set(LEARNS)
    assert all(ANSWERS[label] == "number" for label in MOVES)
