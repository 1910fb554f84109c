"""Uniqueness against a literal reading of the book, minute by minute, and what the weights add up to."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.learning.weights import average_uniqueness, row_weights, session_decay

Rows = tuple[np.ndarray, np.ndarray, np.ndarray]


def uniqueness_oracle(minute: list[int], end: list[int], symbol: list[int]) -> list[float]:
    """Lopez de Prado 4.3-4.4: a label lasts minutes minute+1..end-1; each counts 1 / (labels of the symbol that are open in it)."""
    answers = []
    for i in range(len(minute)):
        shares = []
        for m in range(minute[i] + 1, end[i]):
            concurrent = sum(1 for j in range(len(minute)) if symbol[j] == symbol[i] and minute[j] + 1 <= m < end[j])
            shares.append(1.0 / concurrent)
        answers.append(sum(shares) / len(shares))
    return answers


@st.composite
def rows(draw: st.DrawFn) -> Rows:
    count = draw(st.integers(1, 40))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    minute = np.sort(random.integers(22_000_000, 22_000_000 + draw(st.sampled_from([5, 100, 3000])), count))
    end = minute + 2 + random.integers(0, draw(st.sampled_from([1, 10, 60])), count)
    return minute, end, random.integers(0, draw(st.integers(1, 3)), count)


@given(rows())
@settings(max_examples=100, deadline=None)
def test_average_uniqueness_is_the_oracle(data: Rows) -> None:
    minute, end, symbol = data
    ours = average_uniqueness(minute * NS_PER_MINUTE, end * NS_PER_MINUTE, symbol)
    assert ours == pytest.approx(uniqueness_oracle(minute.tolist(), end.tolist(), symbol.tolist()), rel=1e-9)
    assert ((ours > 0) & (ours <= 1)).all()


def test_labels_apart_are_unique_and_labels_at_once_share() -> None:
    minute = np.array([0, 10, 20, 0, 0]) * NS_PER_MINUTE
    symbol = np.array([0, 0, 0, 1, 1])
    assert average_uniqueness(minute, minute + 11 * NS_PER_MINUTE, symbol).tolist() == [1.0, 1.0, 1.0, 0.5, 0.5]


def test_a_weight_halves_every_half_life() -> None:
    session_of = np.array([0, 3, 3, 6, 9])
    assert session_decay(session_of, 3.0).tolist() == [0.125, 0.25, 0.25, 0.5, 1.0]
    assert session_decay(session_of, 0.0).tolist() == [1.0] * 5


@given(rows(), st.sampled_from(["none", "uniqueness"]), st.sampled_from([0.0, 0.5, 20.0]))
@settings(max_examples=60, deadline=None)
def test_weights_have_mean_one_and_the_rows_are_worth_what_is_unique_in_them(data: Rows, weighting: str, half_life: float) -> None:
    minute, end, symbol = data
    session_of = minute // 1440 - minute[0] // 1440
    minute_ns, end_ns = minute * NS_PER_MINUTE, end * NS_PER_MINUTE
    weight, effective = row_weights(minute_ns, end_ns, symbol, session_of, weighting, half_life)  # type: ignore[arg-type]
    assert weight.mean() == pytest.approx(1.0)
    assert (weight > 0).all()
    unique, decay = average_uniqueness(minute_ns, end_ns, symbol), session_decay(session_of, half_life)
    expected = unique * decay if weighting == "uniqueness" else decay
    assert weight / weight.sum() == pytest.approx(expected / expected.sum())
    assert effective == pytest.approx(float(unique @ decay))
    assert effective <= len(weight) + 1e-9


def test_no_row_has_no_weight() -> None:
    none = np.zeros(0, np.int64)
    weight, effective = row_weights(none, none, none, none, "uniqueness", 5.0)
    assert len(weight) == 0
    assert effective == 0.0
