"""The compiled selection of a whole history is `select` minute by minute, in every mode: answers and memory, bit for bit."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.test_selection import ENCODER, configs, markets, new, run, views
from tests.unit.core.selection.books import Market
from tradebot.core.selection.config import SelectionConfig
from tradebot.core.selection.history import select_history


@settings(max_examples=120, deadline=None, derandomize=True, print_blob=True)
@given(markets, configs, st.integers(0, 99), st.floats(0, 1))
def test_history_equals_steps_in_two_parts(m: Market, config: SelectionConfig, seed: int, part: float) -> None:
    v, count = views(m, seed), len(m.minute_ns)
    steps, whole = new(m), new(m)
    said = run(steps, m, v, range(count), config)

    sound = np.isfinite(v.probabilities).all(axis=2)
    told = np.where(sound, np.arange(sound.size).reshape(sound.shape), -1)
    random = np.random.default_rng(seed)  # as `views` makes it
    random.integers(-1, 3, (-(-count // 20), m.signals.shape[1]))
    table = random.random((4, m.signals.shape[2])) * (random.random((4, m.signals.shape[2])) < 0.7)
    np.testing.assert_array_equal(table[v.regime], v.regime_weights)
    opens, closes = m.opens_ns[m.session_of], m.closes_ns[m.session_of]
    cut = int(part * count)
    parts = [
        select_history(
            whole, m.minute_ns[t], opens[t], closes[t], m.open[t], m.close[t], m.present[t], m.signals[t], m.valid[t], v.regime[t], table,
            told[t], v.probabilities.reshape(-1, v.probabilities.shape[2]), config,
        )
        for t in (slice(cut), slice(cut, None))
    ]  # fmt: skip

    for name in ("forecast", "valid", "leading"):
        together = np.concatenate([getattr(p, name) for p in parts])
        assert together.tobytes() == np.array([getattr(s, name) for s in said]).tobytes(), name
    assert ENCODER.encode(whole) == ENCODER.encode(steps)
