"""The packed walk answers as a walk by hand, for any forest, any threshold, any batch; few rows, many rows and many threads alike."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.serving import trees
from tradebot.serving.trees import Walk, at_most, below, depth, pack

FEATURES = 3
SPECIAL = [0.0, -0.0, 1e-45, -1e-45, 1.0, -1.0, np.nextafter(np.float32(1), np.float32(2)), 3.4e38, -3.4e38, 1e-30]
numbers = st.one_of(st.sampled_from(SPECIAL), st.floats(-1e6, 1e6, width=32))


def grown(random: np.random.Generator, count: int, levels: int, thresholds: np.ndarray) -> dict[str, np.ndarray]:
    """Trees of uneven depth, brothers side by side."""
    feature: list[int] = []
    threshold: list[float] = []
    left: list[int] = []
    roots = []
    for _ in range(count):
        roots.append(len(left))
        level = [len(left)]
        for array, value in ((feature, -1), (threshold, 0.0), (left, -1)):
            array.append(value)  # type: ignore[arg-type]
        for _ in range(levels):
            below_: list[int] = []
            for node in level:
                if random.random() < 0.7:
                    feature[node] = int(random.integers(FEATURES))
                    threshold[node] = float(random.choice(thresholds))
                    left[node] = len(left)
                    below_ += [len(left), len(left) + 1]
                    for array, value in ((feature, -1), (threshold, 0.0), (left, -1)):
                        array += [value, value]  # type: ignore[operator]
            level = below_
    return {
        "feature": np.array(feature, np.int32),
        "threshold": np.array(threshold),
        "left": np.array(left, np.int32),
        "roots": np.array(roots, np.int32),
    }


def walked(made: dict[str, np.ndarray], tree: int, row: np.ndarray, strict: bool) -> int:
    """The leaf that a row arrives at, step by step in Python."""
    node = int(made["roots"][tree])
    while made["left"][node] >= 0:
        x, t = np.float32(row[made["feature"][node]]), made["threshold"][node]
        goes_left = x < np.float32(t) if strict else np.float64(x) <= t
        node = int(made["left"][node]) + (0 if goes_left else 1)
    return node


def packed(made: dict[str, np.ndarray], leaves: np.ndarray, column: np.ndarray, start: np.ndarray, strict: bool) -> Walk:
    threshold = below(made["threshold"].astype(np.float32)) if strict else at_most(made["threshold"])
    return pack(
        np.zeros(FEATURES), np.ones(FEATURES), made["feature"], threshold, made["left"], leaves, made["roots"], column, start
    )  # fmt: skip


@given(
    seed=st.integers(0, 10**6),
    thresholds=st.lists(numbers, min_size=1, max_size=6),
    values=st.lists(st.lists(numbers, min_size=FEATURES, max_size=FEATURES), min_size=1, max_size=20),
    strict=st.booleans(),
)
def test_a_walk_by_hand(seed: int, thresholds: list[float], values: list[list[float]], strict: bool) -> None:
    random = np.random.default_rng(seed)
    made = grown(random, 4, 4, np.array(thresholds))
    rows = np.array(values)
    leaves = random.normal(size=(len(made["left"]), 1)).astype(np.float32)
    column = np.array([0, 1, 0, 1], np.int32)
    start = np.array([0.5, -0.5], np.float32)
    sums = packed(made, leaves, column, start, strict).sums(rows)
    for i, row in enumerate(rows):
        expected = start.copy()
        for tree in range(4):
            expected[column[tree]] += leaves[walked(made, tree, row, strict), 0]
        assert sums[i].tobytes() == expected.tobytes()


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("width", [1, 3])
def test_any_batch_is_its_rows(kind: type[np.generic], width: int) -> None:
    """From one row to as many as several threads share, around the edges of blocks and of the two loops."""
    random = np.random.default_rng(1)
    made = grown(random, 20, 6, random.normal(size=50))
    leaves = random.normal(size=(len(made["left"]), width)).astype(kind)
    walk = packed(made, leaves, np.zeros(20, np.int32), np.zeros(width, kind), strict=False)
    rows = random.normal(size=(3 * trees._PART_ROWS_MIN + 5, FEATURES))
    rows[7, 1] = np.nan
    rows[700, 0] = 1e300  # finite, but not as float32
    whole = walk.sums(rows)
    assert whole.dtype == kind
    assert np.flatnonzero(np.isnan(whole).any(axis=1)).tolist() == [7, 700]
    alone = np.concatenate([walk.sums(rows[i : i + 1]) for i in range(0, len(rows), 5)])
    assert alone.tobytes() == whole[::5].tobytes()
    for count in (2, 8, 9, 63, 64, 65, 129, 1023, 1024):
        assert walk.sums(rows[:count]).tobytes() == whole[:count].tobytes()


def test_a_forest_too_large_for_narrow_nodes_answers_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(2)
    made = grown(random, 10, 5, random.normal(size=20))
    leaves = random.normal(size=(len(made["left"]), 1))
    rows = random.normal(size=(100, FEATURES))
    narrow = packed(made, leaves, np.zeros(10, np.int32), np.zeros(1), strict=True)
    monkeypatch.setattr(trees, "_NARROW_BITS", 31)  # one bit of feature is left
    wide = packed(made, leaves, np.zeros(10, np.int32), np.zeros(1), strict=True)
    assert (narrow.nodes.dtype["way"], wide.nodes.dtype["way"]) == (np.uint32, np.uint64)
    assert wide.sums(rows).tobytes() == narrow.sums(rows).tobytes()
    assert wide.sums(rows[:3]).tobytes() == narrow.sums(rows[:3]).tobytes()


@given(st.one_of(numbers, st.floats(-1e39, 1e39)), st.one_of(numbers, st.floats(-(2.0**127), 2.0**127, width=32)))
def test_thresholds_order_as_numbers(threshold: float, z: float) -> None:
    place = int(below(np.array([z], np.float32))[0]) + 1  # a number's own place
    assert (place <= int(at_most(np.array([threshold]))[0])) == (float(np.float32(z)) <= threshold)
    if abs(threshold) < 3.4e38:
        assert (place <= int(below(np.array([threshold], np.float32))[0])) == bool(np.float32(z) < np.float32(threshold))


def test_depth_and_single_leaves() -> None:
    assert depth(np.array([-1], np.int32), np.array([0], np.int32)) == 0
    assert depth(np.array([1, 3, -1, -1, -1], np.int32), np.array([0], np.int32)) == 2
    leaf = {"feature": np.array([-1]), "threshold": np.zeros(1), "left": np.array([-1], np.int32), "roots": np.array([0], np.int32)}
    walk = packed(leaf, np.array([[2.5]]), np.zeros(1, np.int32), np.array([1.0]), strict=True)
    assert walk.sums(np.zeros((3, FEATURES))).tolist() == [[3.5]] * 3
    assert walk.sums(np.zeros((0, FEATURES))).shape == (0, 1)
