"""Other futures for one and the same past: what becomes of a symbol's bars from a cut on.

Each takes the later bars and a seeded generator and gives the bars that come instead: their prices, their volumes, their order, or which
of them there are at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tradebot.core.domain.bars import TAPE, BarColumns, Int

Future = Callable[[BarColumns, int, np.random.Generator], BarColumns]
"""(the later bars, the last close before them in units, random) -> other later bars. The minutes may only get fewer."""
_PRICES: Final = ("open", "high", "low", "close", "bid", "ask")
_AMOUNTS: Final = ("volume", "trades", "bid_size", "ask_size")


def scaled(bars: BarColumns, base: int, random: np.random.Generator) -> BarColumns:
    """Every price 1.7 times as high."""
    return _with(bars, _PRICES, lambda column: column * 1.7)


def halved(bars: BarColumns, base: int, random: np.random.Generator) -> BarColumns:
    return _with(bars, _PRICES, lambda column: column * 0.5)


def mirrored(bars: BarColumns, base: int, random: np.random.Generator) -> BarColumns:
    """Each price p is base^2 / p: every rise becomes a fall."""
    turned = _with(bars, _PRICES, lambda column: np.where(column > 0, float(base) ** 2 / np.maximum(column, 1), 0.0))
    return replace(turned, high=turned.low, low=turned.high, bid=turned.ask, ask=turned.bid)


def scrambled(bars: BarColumns, base: int, random: np.random.Generator) -> BarColumns:
    """The same bars in another order."""
    return replace(bars.rows(random.permutation(len(bars))), minute_ns=bars.minute_ns)


def other_volumes(bars: BarColumns, base: int, random: np.random.Generator) -> BarColumns:
    """Prices as they were; volumes, trades and sizes 2 to 20 times as large."""
    factor = random.integers(2, 21, len(bars))
    return _with(bars, _AMOUNTS, lambda column: column * factor)


def holes(bars: BarColumns, base: int, random: np.random.Generator) -> BarColumns:
    """Half of the bars are missing."""
    return bars.rows(random.random(len(bars)) < 0.5)


def ended(bars: BarColumns, base: int, random: np.random.Generator) -> BarColumns:
    """There are no more bars."""
    return bars.rows(slice(0, 0))


FUTURES: Final[Mapping[str, Future]] = MappingProxyType(
    {
        "scaled": scaled,
        "mirrored": mirrored,
        "holes": holes,
        "other_volumes": other_volumes,
        "scrambled": scrambled,
        "halved": halved,
        "ended": ended,
    }
)


def changed_after(bars: BarColumns, cut_ns: int, future: Future, random: np.random.Generator) -> BarColumns:
    """`bars` with another future: what begins at `cut_ns` or before is as it was."""
    cut = int(np.searchsorted(bars.minute_ns, cut_ns, side="right"))
    past, later = bars.rows(slice(0, cut)), bars.rows(slice(cut, len(bars)))
    base = int(past.close[-1]) if cut else int(later.open[0]) if len(later) else 1
    return _joined(past, future(later, base, random))


def _with(bars: BarColumns, names: tuple[str, ...], change: Callable[[Int], npt.NDArray[Any]]) -> BarColumns:
    """Some columns changed, rounded to whole units; 0 stays 0: there was no such price."""
    out: dict[str, Any] = {}
    for name in names:
        column = getattr(bars, name)
        if column is not None:
            out[name] = np.where(column > 0, np.maximum(np.rint(change(column)), 1), column).astype(np.int64)
    return replace(bars, **out)


def _joined(a: BarColumns, b: BarColumns) -> BarColumns:
    both: dict[str, Any] = {
        name: np.concatenate([getattr(a, name), getattr(b, name)]) for name in ("minute_ns", "open", "high", "low", "close", "volume")
    }
    tape: dict[str, Any] = {
        name: None if getattr(a, name) is None else np.concatenate([getattr(a, name), getattr(b, name)]) for name in TAPE
    }
    return BarColumns(a.symbol, **both, **tape)
