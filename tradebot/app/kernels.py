"""Compiling the kernels: once for each state of the source, said aloud; later starts load them."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from tradebot import kernel_folder, source_hash
from tradebot.core.domain.bars import MarketGrid
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.session import Session
from tradebot.core.domain.units import NS_PER_MINUTE

FOLDERS_KEPT: Final = 4
SHARES_MAX: Final = 8  # processes: each needs half a gigabyte
_MINUTES = 2
_OPEN_NS = 1_381_152_600 * 10**9


def ready_kernels(say: Callable[[str], None], work: Callable[[], None] | None = None) -> None:
    """Compile what this version has not compiled here yet. `say` hears one sentence before and one after; nothing when all is there.

    `work` does it (default: `compile_kernels`). Raises OperatorFault when there is no place for what was compiled.
    """
    folder = kernel_folder()
    mark = folder / f"complete-{source_hash()}"
    if mark.exists():
        return
    say("compiling the kernels for this machine: once for this version, about a minute")
    began = time.perf_counter()
    (work or compile_kernels)()
    say(f"kernels compiled in {time.perf_counter() - began:.0f} s")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    mark.touch()
    if folder.name == source_hash():
        _forget_old(folder.parent)


def compile_kernels() -> None:
    """The families on all cores, each process its share of them; then every loop over them, by calling it with the types it always gets."""
    shares = min(os.cpu_count() or 1, SHARES_MAX)
    command = [sys.executable, "-m", "tradebot.app.kernels"]
    if shares > 1:
        children = [subprocess.Popen([*command, str(share), str(shares)]) for share in range(shares)]
        if any([child.wait() for child in children]):  # all are waited for
            raise OperatorFault(f"the kernels can't be compiled into {kernel_folder()}")

    from tradebot.core.features.catalogue import FEATURE_COUNT, new_state, scan_features, step_minute
    from tradebot.core.features.rows import grid_rows
    from tradebot.core.portfolio.memory import SizingState
    from tradebot.core.risk.history import RiskHistory
    from tradebot.core.risk.value_at_risk import value_at_risk

    grid = _grid()
    scan_features(grid)
    step_minute(new_state(1), grid_rows(grid, 0, 1)[0], grid.present[0], np.empty((1, FEATURE_COUNT)), np.zeros(1, np.int64))
    SizingState().step(0, 0, grid.close[0], grid.present[0], with_pairs=True)
    value_at_risk({0: 1}, RiskHistory(returns=np.zeros((1, 1)), variances=np.zeros(1)), 0.99, 0.05)


def ready_backtest(say: Callable[[str], None]) -> None:
    """The same for the fast backtest, which the daemon never needs: by running it over a few minutes.

    What a profile of strategies adds compiles when it is first asked for.
    """
    mark = kernel_folder() / f"backtest-{source_hash()}"
    if mark.exists():
        return
    say("compiling the fast backtest for this machine: once for this version, about half a minute")
    _compile_backtest(_grid())
    mark.touch()


def _compile_backtest(grid: MarketGrid) -> None:
    from tradebot.core.config import EngineConfig
    from tradebot.core.execution.exits import ExitsConfig
    from tradebot.core.portfolio.sizing import SizingConfig
    from tradebot.core.risk.limits import LimitsConfig
    from tradebot.core.selection.entry import EntryConfig
    from tradebot.sim.scan.backtest import fast_backtest
    from tradebot.sim.venue_config import VenueConfig

    config = EngineConfig(
        profile="kernels",
        entry=EntryConfig(confidence_min=0.5, price_usd_min=0, price_usd_max=0),
        sizing=SizingConfig(equity_fraction=0.1, max_shares=0),
        exits=ExitsConfig(stop_fraction=0.01, target_fraction=0.01, flatten_before_close_min=1),
        limits=LimitsConfig(positions_max=1, order_usd_max=1e6, daily_loss_fraction_max=0.5),
    )
    fast_backtest(config, VenueConfig(), grid, np.zeros(grid.present.shape), grid.present)


def _compile_families(share: int, shares: int) -> None:
    """Every `shares`-th family's step, from the `share`-th on."""
    from numba import float64, int64, types

    from tradebot.core.features.catalogue import FAMILIES

    row = types.Array(float64, 1, "C")
    for family in FAMILIES[share::shares]:
        family.step.compile((row, int64, int64, row, row, int64))


def _grid() -> MarketGrid:
    """One symbol for a few minutes."""
    session = Session(dt.date(2013, 10, 7), _OPEN_NS, _OPEN_NS + 390 * NS_PER_MINUTE)
    shape = (_MINUTES, 1)
    level = np.full(shape, 1_000_000, np.int64)
    stamps = _OPEN_NS + NS_PER_MINUTE * np.arange(_MINUTES, dtype=np.int64)
    present = np.ones(shape, np.bool_)
    return MarketGrid(
        ("S",), stamps, np.zeros(_MINUTES, np.int64), (session,), level, level, level, level, np.ones(shape, np.int64), present
    )


def _forget_old(root: Path) -> None:
    """Kernels of versions long gone."""
    folders = sorted((p for p in root.iterdir() if p.is_dir()), key=lambda p: p.stat().st_mtime)
    for old in folders[:-FOLDERS_KEPT]:
        shutil.rmtree(old, ignore_errors=True)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        _compile_families(int(sys.argv[1]), int(sys.argv[2]))
    else:
        ready_kernels(print)
