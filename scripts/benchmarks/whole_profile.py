"""The whole of `meta_qqq` on 440,000 minutes: features, eight strategies on four frames, the selector's hourly choice, size, limits, cost.

The minutes are SPY's 256 real sessions (shared/marketdata), one round after the other and each round joined to the last price, under the
name QQQ; without that folder a seeded walk. The selector is a forest of the profile's size grown on noise: what it says doesn't matter
here, what it costs does.
"""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path

import numpy as np

from scripts.benchmarks.indicators import walk
from scripts.benchmarks.measure import Figure
from tradebot.app.backtest import FastWorld, scanned, think
from tradebot.core.domain.bars import MarketGrid, market_grid
from tradebot.core.domain.session import Session
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.core.features.catalogue import FEATURE_COUNT, schema_hash, warm_up_bars
from tradebot.core.features.sets import feature_names
from tradebot.core.opinions.mind import Mind
from tradebot.learning.selector.config import SelectorConfig
from tradebot.learning.selector.forest import fit
from tradebot.serving.artefacts.forest import ForestArtefact
from tradebot.serving.model import StoredModel
from tradebot.settings import Settings, load_settings
from tradebot.sim.impact import impact_tables_of

SPY = Path(__file__).parents[3] / "shared" / "marketdata" / "bars_1m_spy_2024_2025"
FULL_DAY, DAY_NS, BARS = 390, 86_400 * 10**9, 440_000
OPEN_NS = 1_381_152_600 * 10**9  # 2013-10-07 09:30 New York


def measure() -> list[Figure]:
    settings = load_settings("meta_qqq", {})
    grid, source = stitched()
    model = noise_model(settings)
    mind = Mind.of(settings.engine, model)
    first = int(grid.session_of.searchsorted(-(-warm_up_bars(mind.names) // FULL_DAY) + 1))
    think(settings, cut(grid, 4), 2 * FULL_DAY, model)  # compiles
    began = time.perf_counter()
    opinions = think(settings, grid, first, model)
    thought = time.perf_counter() - began
    outcome = scanned(settings, FastWorld(grid, first, opinions, impact_tables_of(grid)))
    took = time.perf_counter() - began
    spoke = float(np.isfinite(opinions.conviction[first:]).mean())
    note = (
        f"{source}; {len(grid.minute_ns):,} bars, {len(mind.names)} of {FEATURE_COUNT} columns, {len(outcome.trades):,} trades, "
        f"{outcome.refusals:,} refused, forecasts on {spoke:.0%}; the scan alone {(took - thought) * 1e3:.0f} ms"
    )
    return [Figure("backtest, all of meta_qqq", took, "s", 15.0, note)]


def noise_model(settings: Settings) -> StoredModel:
    """A selector forest of the profile's size on rows without meaning, seeded."""
    names, rng = feature_names(settings.model.features), np.random.default_rng(7)
    book = settings.playbook
    assert book is not None, "meta_qqq has strategies"
    arms = (*book.strategies.names, "flat")
    config = SelectorConfig(trees=settings.model.trees, depth=settings.model.depth, min_leaf=settings.model.min_leaf, seed=7)
    forest, _ = fit(rng.normal(size=(1_200, len(names))), rng.integers(0, len(arms), 1_200), len(arms), config)
    return StoredModel("noise", names, schema_hash(names), ForestArtefact(forest), classes=arms)


def stitched(bars: int = BARS) -> tuple[MarketGrid, str]:
    """At least so many minutes of QQQ, and where they come from."""
    if not SPY.is_dir():
        made = walk(-(-bars // FULL_DAY), 1)
        return _named(made), "a seeded walk"
    from tradebot.app.market import market_of
    from tradebot.shell.store.bars import read_bar_folder

    market = market_of(read_bar_folder(SPY, ("SPY",)), quotes=False)
    days = tuple(s for s in market.traded if s.minutes == FULL_DAY)
    real = market_grid(list(market.histories.values()), days)
    rounds = -(-bars // len(real.minute_ns))
    scale, columns = 1.0, {name: [] for name in ("open", "high", "low", "close")}  # type: dict[str, list[np.ndarray]]
    seen = np.flatnonzero(real.present[:, 0])
    for _ in range(rounds):
        for name, parts in columns.items():
            parts.append(np.round(getattr(real, name) * scale / 100.0).astype(np.int64) * 100)
        scale *= real.close[seen[-1], 0] / real.open[seen[0], 0]
    count = len(days) * rounds
    sessions = tuple(
        Session(dt.date(2013, 10, 7) + dt.timedelta(d), OPEN_NS + d * DAY_NS, OPEN_NS + d * DAY_NS + FULL_DAY * NS_PER_MINUTE)
        for d in range(count)
    )
    minute_ns = np.concatenate([np.arange(s.open_ns, s.close_ns, NS_PER_MINUTE) for s in sessions])
    made = MarketGrid(
        ("QQQ",), minute_ns, np.repeat(np.arange(count), FULL_DAY), sessions,
        **{name: np.concatenate(parts) for name, parts in columns.items()},
        volume=np.tile(real.volume, (rounds, 1)), present=np.tile(real.present, (rounds, 1)),
    )  # fmt: skip
    return cut(made, -(-bars // FULL_DAY)), f"SPY's {len(days)} full sessions in {rounds} rounds"


def cut(grid: MarketGrid, sessions: int) -> MarketGrid:
    """The first sessions."""
    rows = slice(int(grid.session_of.searchsorted(sessions)))
    columns = ("minute_ns", "session_of", "open", "high", "low", "close", "volume", "present")
    return MarketGrid(grid.symbols, sessions=grid.sessions[:sessions], **{name: getattr(grid, name)[rows] for name in columns})


def _named(grid: MarketGrid) -> MarketGrid:
    columns = ("minute_ns", "session_of", "sessions", "open", "high", "low", "close", "volume", "present")
    return MarketGrid(("QQQ",), **{name: getattr(grid, name) for name in columns})
