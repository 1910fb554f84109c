"""Another future for the same past: bars from a cut on, turned upside down."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tradebot.core.domain.bars import TAPE, Int, MarketGrid

_BID, _ASK = TAPE.index("bid"), TAPE.index("ask")


def mirrored(grid: MarketGrid, cut: int) -> MarketGrid:
    """Rows before `cut` as they are; from it on every price p is base^2 / p, where base is the symbol's last close before it: each rise
    becomes a fall. Volumes count ninefold. A symbol without a bar before the cut keeps its future."""
    out = {name: getattr(grid, name).copy() for name in ("open", "high", "low", "close", "volume")}
    tape = None if grid.tape is None else grid.tape.copy()
    for n in range(len(grid.symbols)):
        before = np.flatnonzero(grid.present[:cut, n])
        if not len(before):
            continue
        base = int(grid.close[before[-1], n])
        for name, source in (("open", grid.open), ("high", grid.low), ("low", grid.high), ("close", grid.close)):
            out[name][cut:, n] = _turned(source[cut:, n], base)
        out["volume"][cut:, n] *= 9
        if tape is not None and grid.tape is not None:
            tape[cut:, n, _BID] = _turned(grid.tape[cut:, n, _ASK], base)
            tape[cut:, n, _ASK] = _turned(grid.tape[cut:, n, _BID], base)
    return replace(grid, **out, tape=tape)


def _turned(prices: Int, base: int) -> Int:
    """0 stays 0: there was no such price."""
    inverse = np.rint(float(base) ** 2 / np.maximum(prices, 1))
    return np.where(prices > 0, np.maximum(inverse, 1.0), 0.0).astype(np.int64)
