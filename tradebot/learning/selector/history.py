"""From bars to the meta-selector's dataset: what each strategy would have earned net, and what was known at each hour."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np

from tradebot.core.domain.bars import MarketGrid
from tradebot.core.domain.units import UNITS_PER_USD
from tradebot.core.features.catalogue import finite_rows, scan_features
from tradebot.core.opinions.playbook import Playbook
from tradebot.core.selection.performance import performance_history
from tradebot.learning.dataset import symbol_data
from tradebot.learning.selector.dataset import SelectorDataset, selector_dataset


def learn_hours(grid: MarketGrid, playbook: Playbook, features: tuple[str, ...]) -> SelectorDataset:
    """Rows of `features` at each decision minute of a grid of whole sessions, labelled by the next hour's best net strategy.

    The columns are computed once, by the scan that serving's step is; the signals come from the same `Playbook.signals`.
    """
    names = tuple(dict.fromkeys((*features, *playbook.names)))
    values, _ = scan_features(grid, names)
    signals, valid = playbook.signals(values, {name: i for i, name in enumerate(names)})
    opens, closes = (np.array([getattr(s, edge) for s in grid.sessions], np.int64) for edge in ("open_ns", "close_ns"))
    history = performance_history(
        grid.minute_ns, grid.session_of, opens, closes, grid.open / UNITS_PER_USD, grid.close / UNITS_PER_USD, grid.present,
        signals, valid, playbook.config.selection.performance,
    )  # fmt: skip
    rows = values[:, :, : len(features)]
    data = {symbol: symbol_data(grid, n) for n, symbol in enumerate(grid.symbols)}
    ready = finite_rows(rows) & valid.any(axis=2)
    return selector_dataset(
        grid.minute_ns, grid.session_of, history.pnl, rows, ready, features, playbook.strategy_names, data=data
    )  # fmt: skip


def label_parameters(playbook: Playbook) -> dict[str, float]:
    """How the P&L behind a label was counted, for the manifest."""
    config = asdict(playbook.config.selection.performance)
    return {name: float(config[name]) for name in ("cost_bps", "half_life_bars")} | {"long_only": float(config["long_only"])}
