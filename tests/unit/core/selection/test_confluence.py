"""Four frames, one signal."""

from __future__ import annotations

import numpy as np
import pytest

from tradebot.core.selection.confluence import combine

ALL = np.ones(4, np.bool_)


@pytest.mark.parametrize(
    ("signals", "valid", "expected"),
    [
        ([1, 1, 1, 1], [1, 1, 1, 1], 1.0),
        ([-1, -1, -1, -1], [1, 1, 1, 1], -1.0),
        ([1, 0.5, -1, 0], [1, 1, 1, 1], 0.4 + 0.15 - 0.2),
        ([1, 1, 1, 1], [1, 0, 0, 0], 0.4),  # frames that are not there give their weight to nobody
        ([0.5, np.nan, 1, 1], [1, 0, 1, 1], 0.5),
        ([np.nan, 1, 1, 1], [0, 1, 1, 1], 0.0),  # no minute, no signal
    ],
)
def test_worked_examples(signals: list[float], valid: list[int], expected: float) -> None:
    got = combine(np.array([signals], float), np.array([valid], np.bool_))
    assert got == pytest.approx([expected], abs=1e-15)


def test_one_row_equals_history_bit_for_bit() -> None:
    random = np.random.default_rng(0)
    signals = random.uniform(-1, 1, (50, 3, 8, 4))
    valid = random.random(signals.shape) < 0.8
    signals[~valid] = np.nan
    whole = combine(signals, valid)
    assert whole.shape == (50, 3, 8)
    assert np.abs(whole).max() <= 1.0
    for t in range(50):
        assert combine(signals[t], valid[t]).tobytes() == whole[t].tobytes()
        assert combine(signals[t, 1, 2], valid[t, 1, 2]).tobytes() == whole[t, 1, 2].tobytes()
    assert combine(np.asfortranarray(signals), valid).tobytes() == whole.tobytes()


def test_other_weights_are_used() -> None:
    assert combine(np.ones((1, 4)), ALL[None], (0.0, 0.0, 0.0, 0.25)).tolist() == [0.25]
