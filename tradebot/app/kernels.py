"""Compiling the kernels: once for each state of the source, said aloud; later starts load them."""

from __future__ import annotations

import datetime as dt
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from tradebot import kernel_folder, source_hash
from tradebot.core.domain.bars import MarketGrid
from tradebot.core.domain.session import Session
from tradebot.core.domain.units import NS_PER_MINUTE

FOLDERS_KEPT: Final = 4
_MINUTES, _PARALLEL_SYMBOLS = 2, 600
_OPEN_NS = 1_381_152_600 * 10**9


def ready_kernels(say: Callable[[str], None]) -> None:
    """Compile what this version has not compiled here yet. `say` hears one sentence before and one after; nothing when all is there."""
    folder = kernel_folder()
    mark = folder / f"complete-{source_hash()}"
    if mark.exists():
        return
    say("compiling the kernels for this machine: once for this version, about a minute")
    began = time.perf_counter()
    compile_kernels()
    say(f"kernels compiled in {time.perf_counter() - began:.0f} s")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    mark.touch()
    if folder.name == source_hash():
        _forget_old(folder.parent)


def compile_kernels() -> None:
    """Call every compiled loop once, with the types that it always gets."""
    from tradebot.core.features.catalogue import FEATURE_COUNT, new_state, scan_features, step_minute
    from tradebot.core.features.rows import grid_rows

    grid = _grid(1)
    scan_features(grid)
    for symbols in (1, _PARALLEL_SYMBOLS):
        many = _grid(symbols)
        out, seen = np.empty((symbols, FEATURE_COUNT)), np.zeros(symbols, np.int64)
        step_minute(new_state(symbols), grid_rows(many, 0, 1)[0], many.present[0], out, seen)


def _grid(symbols: int) -> MarketGrid:
    session = Session(dt.date(2013, 10, 7), _OPEN_NS, _OPEN_NS + 390 * NS_PER_MINUTE)
    price, shape = 1_000_000, (_MINUTES, symbols)
    level = np.full(shape, price, np.int64)
    stamps = _OPEN_NS + NS_PER_MINUTE * np.arange(_MINUTES, dtype=np.int64)
    names, present = tuple(f"S{n}" for n in range(symbols)), np.ones(shape, np.bool_)
    return MarketGrid(
        names, stamps, np.zeros(_MINUTES, np.int64), (session,), level, level, level, level, np.ones(shape, np.int64), present
    )


def _forget_old(root: Path) -> None:
    """Kernels of versions long gone."""
    folders = sorted((p for p in root.iterdir() if p.is_dir()), key=lambda p: p.stat().st_mtime)
    for old in folders[:-FOLDERS_KEPT]:
        shutil.rmtree(old, ignore_errors=True)


if __name__ == "__main__":
    ready_kernels(print)
