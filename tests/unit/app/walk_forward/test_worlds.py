"""Worlds without skill keep what they say they keep."""

from __future__ import annotations

import numpy as np

from tests.unit.learning.market import market
from tradebot.app.walk_forward.worlds import late, shuffled, turned
from tradebot.core.domain.bars import MarketGrid
from tradebot.core.opinions.history import Opinions
from tradebot.learning.config import RoundTripCost, TrainingConfig
from tradebot.learning.dataset import build_dataset


def opinions(grid: MarketGrid) -> Opinions:
    random = np.random.default_rng(5)
    valid = grid.present & (random.random(grid.present.shape) < 0.7)
    return Opinions(np.where(valid, random.random(grid.present.shape), np.nan), valid, exits=random.random(grid.present.shape) < 0.1)


def test_a_bar_late_is_what_was_thought_a_bar_before() -> None:
    grid = market(3)
    ours = opinions(grid)
    theirs = late(grid, ours)
    starts = np.flatnonzero(np.diff(grid.session_of, prepend=-1))
    assert not theirs.valid[starts].any(), "nothing is carried over night"
    inside = np.setdiff1d(np.arange(len(grid.minute_ns)), starts)
    assert np.array_equal(theirs.valid[inside], ours.valid[inside - 1] & grid.present[inside])
    assert np.array_equal(theirs.conviction[inside][theirs.valid[inside]], ours.conviction[inside - 1][theirs.valid[inside]])


def test_turned_opinions_are_the_same_ones_at_other_minutes_of_the_session() -> None:
    grid = market(3)
    present = np.ones_like(grid.present)
    whole = MarketGrid(
        grid.symbols, grid.minute_ns, grid.session_of, grid.sessions, grid.open, grid.high, grid.low, grid.close, grid.volume, present
    )
    ours = opinions(whole)
    drawn = list(turned(whole, ours, 3, seed=9))
    for world in drawn:
        assert not np.array_equal(world.valid, ours.valid), "a turn of no minute is no turn"
        for s in range(3):
            rows = whole.session_of == s
            for n in range(len(whole.symbols)):
                assert np.array_equal(np.sort(world.conviction[rows, n]), np.sort(ours.conviction[rows, n]), equal_nan=True)
            assert world.exits is not None and ours.exits is not None
            assert world.exits[rows].sum() == ours.exits[rows].sum()
    again = list(turned(whole, ours, 3, seed=9))
    assert all(np.array_equal(a.valid, b.valid) for a, b in zip(drawn, again, strict=True))


def test_shuffled_labels_stay_in_their_session_and_leave_the_features() -> None:
    config = TrainingConfig(features="scale_free", label="forward_15m_beats_cost")
    ours = build_dataset(market(5), config, RoundTripCost())
    theirs = shuffled(ours, seed=3)
    assert np.array_equal(theirs.rows, ours.rows)
    assert not np.array_equal(theirs.target, ours.target)
    for session in np.unique(ours.session_of):
        rows = ours.session_of == session
        assert np.array_equal(np.sort(theirs.end_ns[rows]), np.sort(ours.end_ns[rows]))
        assert theirs.target[rows].sum() == ours.target[rows].sum()
    together = np.corrcoef(ours.target, theirs.target)[0, 1]
    assert abs(together) < 0.2, "what is left of the order is chance"
