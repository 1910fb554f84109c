"""What a model may say: a probability, or a position; anything else opens no risk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pytest

from tradebot.core.forecast.model import Answer
from tradebot.core.forecast.predict import confidences

SAID = np.array([0.0, 1.0, -1.0, 0.4, -0.4, 1.0000001, -1.0000001, np.nan, np.inf])


@dataclass(frozen=True)
class Echo:
    """Says what the row's first column is."""

    answer: Answer
    model_id: str = "echo"
    features: tuple[str, ...] = ("a",)
    schema_hash: str = ""
    classes: tuple[str, ...] = ()

    def predict(self, rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return rows[:, 0]


def asked(answer: Answer, valid: npt.NDArray[np.bool_] | None = None) -> npt.NDArray[np.float64]:
    features = np.column_stack([np.zeros(len(SAID)), SAID])
    return confidences(Echo(answer), features, np.array([1]), np.ones(len(SAID), np.bool_) if valid is None else valid)


def test_a_probability_is_between_0_and_1() -> None:
    assert asked("probability").tolist()[:4] == [0.0, 1.0, pytest.approx(np.nan, nan_ok=True), 0.4]
    assert np.isnan(asked("probability")[[2, 4, 5, 6, 7, 8]]).all()


def test_a_position_is_between_minus_1_and_1() -> None:
    assert asked("position")[:5].tolist() == [0.0, 1.0, -1.0, 0.4, -0.4]
    assert np.isnan(asked("position")[5:]).all()


def test_only_valid_rows_are_asked() -> None:
    valid = np.arange(len(SAID)) == 3
    out = asked("position", valid)
    assert out[3] == 0.4
    assert np.isnan(out).sum() == len(SAID) - 1
    assert np.isnan(asked("position", np.zeros(len(SAID), np.bool_))).all()


def test_classes_are_no_confidence() -> None:
    with pytest.raises(AssertionError, match="answers with classes"):
        asked("classes")
