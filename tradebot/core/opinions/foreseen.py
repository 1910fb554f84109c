"""Opinions of a whole history, formed at once and taken minute by minute.

Features, regimes and forecasts don't depend on the portfolio, so a simulation may form them for whole sessions in one call
(`opinions_of`, equal to the live steps bit for bit) and drive only what does depend on it event by event. An engine with foresight asks
neither features nor model: it reads this table at the minute that it is told of, never past it.
"""

from __future__ import annotations

import numpy as np

from tradebot.core.config import EngineConfig
from tradebot.core.domain.bars import Bool, Float, Int, MarketGrid
from tradebot.core.opinions.history import Opinions
from tradebot.core.selection.entry import price_bounds_units


class Foreseen:
    """Rows are the grid's minutes. `wanted` (T, N): the symbol may be entered as far as the opinion and the price go."""

    def __init__(self, grid: MarketGrid, opinions: Opinions, config: EngineConfig) -> None:
        assert opinions.valid.shape == grid.present.shape, "one opinion for each minute and symbol"
        low, high = price_bounds_units(config.entry)
        self.threshold = config.playbook.selection.forecast_min if config.playbook is not None else config.entry.confidence_min
        self.symbols = grid.symbols
        self.opinions = opinions
        self.conviction: Float = opinions.conviction
        self.evidence = opinions.evidence
        priced = (grid.close >= low) & ((grid.close <= high) if high else True)
        self.wanted: Bool = opinions.valid & (opinions.conviction >= self.threshold) & priced
        self.counts: list[int] = self.wanted.sum(axis=1).tolist()
        self._minute_ns: Int = grid.minute_ns
        self._next = 0

    def row(self, minute_ns: int) -> int:
        """The row of a minute. Raises KeyError for one that the grid does not have."""
        t = self._next
        if t >= len(self._minute_ns) or self._minute_ns[t] != minute_ns:
            t = int(self._minute_ns.searchsorted(minute_ns))
            if t == len(self._minute_ns) or self._minute_ns[t] != minute_ns:
                raise KeyError(minute_ns)
        self._next = t + 1
        return t

    def order(self, t: int, symbols: Int) -> list[int]:
        """These symbols (M,), most convinced first, universe order among equals."""
        if len(symbols) < 2:
            return symbols.tolist()  # type: ignore[no-any-return]
        return symbols[np.argsort(-self.conviction[t, symbols], kind="stable")].tolist()  # type: ignore[no-any-return]

    def unwanted(self, t: int, n: int) -> bool:
        """A position in the symbol is no longer wanted."""
        return self.opinions.exits is not None and bool(self.opinions.exits[t, n])

    def led_by(self, minute_ns: int, symbol: str) -> tuple[str, str]:
        """Names of the strategy that led and of the regime at a minute, "" where there is none."""
        t, n, said = int(self._minute_ns.searchsorted(minute_ns)), self.symbols.index(symbol), self.opinions
        led = -1 if said.leading is None else int(said.leading[t, n])
        regime = -1 if said.regime is None else int(said.regime[t, n])
        return said.strategies[led] if led >= 0 else "", said.regimes[regime] if regime >= 0 else ""
