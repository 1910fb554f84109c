"""The columns that follow the scale of volumes are exactly those named: fifty times the volume moves them and no other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.shell import scene
from tradebot.core.domain.bars import TAPE, market_grid
from tradebot.core.features.catalogue import FEATURES, scan_features
from tradebot.core.features.volume_scale import SCALED, scaled_columns

DAYS = ("2013-10-07", "2013-10-08", "2013-10-09")


def test_fifty_times_the_volume_moves_the_named_columns_and_no_other() -> None:
    """Numbers of trades grow alike; quotes are the same, whoever tells the volume."""
    sessions = [s for s in scene.sessions().sessions if s.date.isoformat() in DAYS]
    grid = market_grid([scene.histories()[s] for s in ("BAC", "SPY")], sessions)
    rng = np.random.default_rng(5)
    shape = grid.present.shape
    columns = [
        grid.open - 50,
        grid.open + 50,
        rng.integers(10, 100, shape),
        rng.integers(1, 50, shape) * 100,
        rng.integers(1, 50, shape) * 100,
    ]
    tape = np.where(grid.present[..., None], np.stack(columns, axis=-1), 0)
    more = tape.copy()
    more[..., TAPE.index("trades")] *= 50
    one, _ = scan_features(replace(grid, tape=tape))
    other, _ = scan_features(replace(grid, tape=more, volume=grid.volume * 50))
    same = np.isclose(one, other, rtol=1e-6, atol=1e-12, equal_nan=True).all(axis=(0, 1))
    assert {f.name for f, is_same in zip(FEATURES, same, strict=True) if not is_same} == SCALED
    assert np.isfinite(one).any(axis=(0, 1)).sum() > 0.9 * len(FEATURES)


def test_what_a_profile_reads_of_them() -> None:
    assert scaled_columns(("close", "kyle_lambda", "volume_ratio")) == ("kyle_lambda",)
