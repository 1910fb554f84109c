"""Persistence against a plain reading of the rule, step by step and in one scan."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.core.regime.detector import UNKNOWN
from tradebot.core.regime.persistence import DWELL, new_state, persist_scan, persist_step

CRISIS = 0


def scanned(seen: list[int], bars: int, at_once: int = CRISIS) -> list[int]:
    out = np.empty((len(seen), 1), np.int8)
    persist_scan(new_state(1), np.array(seen, np.int8)[:, None], bars, at_once, out)
    return out[:, 0].tolist()


def plain(seen: list[int], bars: int, at_once: int = CRISIS) -> list[int]:
    """The rule read aloud: over the known labels so far, the one in effect changes when the last `bars` are all the same."""
    out, known, effect = [], [], UNKNOWN
    since = 0  # known labels before this index were spent on an earlier change
    for label in seen:
        if label == UNKNOWN:
            out.append(UNKNOWN)
            continue
        known.append(label)
        last = known[since:][-bars:]
        if label != effect and (label == at_once or (len(last) == bars and set(last) == {label})):
            effect, since = label, len(known)
        out.append(effect)
    return out


@pytest.mark.parametrize(
    ("seen", "bars", "expected"),
    [
        ([1, 1, 1, 2, 2, 2, 1], 3, [-1, -1, 1, 1, 1, 2, 2]),
        ([1, 1, 1, 2, 2, 1, 2, 2, 2], 3, [-1, -1, 1, 1, 1, 1, 1, 1, 2]),
        ([1, 1, 1, 0, 1, 1, 1], 3, [-1, -1, 1, 0, 0, 0, 1]),
        ([0, 1, 2], 3, [0, 0, 0]),
        ([1, 2, 3], 1, [1, 2, 3]),
        ([1, 1, -1, 1, 2, 2, -1, 2, 2], 3, [-1, -1, -1, 1, 1, 1, -1, 2, 2]),
    ],
)
def test_worked_examples(seen: list[int], bars: int, expected: list[int]) -> None:
    assert scanned(seen, bars) == expected


@given(st.lists(st.sampled_from([-1, 0, 1, 1, 1, 2, 2, 2]), max_size=80), st.integers(1, 6), st.sampled_from([CRISIS, UNKNOWN]))
def test_the_scan_is_the_rule(seen: list[int], bars: int, at_once: int) -> None:
    assert scanned(seen, bars, at_once) == plain(seen, bars, at_once)


def test_steps_and_prefixes_equal_the_scan_bit_for_bit() -> None:
    seen = np.random.default_rng(1).integers(-1, 4, (400, 7)).astype(np.int8)
    whole, memory = np.empty_like(seen), new_state(7)
    persist_scan(memory, seen, 2, CRISIS, whole)
    state, steps = new_state(7), np.empty_like(seen)
    for t in range(len(seen)):
        persist_step(state, seen[t], 2, CRISIS, steps[t])
        if t == 200:
            state = np.frombuffer(state.tobytes(), np.int64).reshape(state.shape).copy()  # as a snapshot brings it back
    assert steps.tobytes() == whole.tobytes()
    assert state.tobytes() == memory.tobytes()


def test_dwell_counts_the_bars_in_effect() -> None:
    state, out, dwell = new_state(1), np.empty(1, np.int8), []
    for label in [1, 1, 1, 2, -1, 2, 2, 0]:
        persist_step(state, np.array([label], np.int8), 2, CRISIS, out)
        dwell.append(int(state[0, DWELL]))
    assert dwell == [0, 1, 2, 3, 3, 1, 2, 1]
