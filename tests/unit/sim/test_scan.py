"""The scan in hand-made markets: what a person can reckon, what only happens to a symbol that stops trading, and what it refuses."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tradebot
import tradebot.sim.scan
from tests.property.scan_market import Dice, assert_same, market, simulate, table_of
from tests.unit.sim.markets import bars
from tradebot.core.config import EngineConfig
from tradebot.core.domain.bars import BarColumns, market_grid
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.core.execution import exits
from tradebot.core.execution.exits import ExitsConfig
from tradebot.core.opinions.history import classifier_history
from tradebot.core.opinions.mind import Mind
from tradebot.core.portfolio import sizing
from tradebot.core.portfolio.sizing import SizingConfig
from tradebot.core.risk.limits import LimitsConfig
from tradebot.core.selection import entry
from tradebot.core.selection.entry import EntryConfig
from tradebot.core.strategies import gates
from tradebot.sim.scan import choosing, deciding, orders, scan
from tradebot.sim.scan import layout as at
from tradebot.sim.scan.backtest import fast_backtest, outcome, scan_market
from tradebot.sim.venue_config import VenueConfig

IDEAL = VenueConfig(half_spread_bps=0.0, sec_fee_usd_per_million=0.0, taf_usd_per_share=0.0)


def config(stop: float = 0.02, target: float = 0.04, fraction: float = 0.5, positions_max: int = 5) -> EngineConfig:
    return EngineConfig(
        profile="hand",
        entry=EntryConfig(confidence_min=0.5, price_usd_min=1.0, price_usd_max=0.0),
        sizing=SizingConfig(equity_fraction=fraction, max_shares=0),
        exits=ExitsConfig(stop_fraction=stop, target_fraction=target, flatten_before_close_min=5),
        limits=LimitsConfig(positions_max=positions_max, order_usd_max=10**9, daily_loss_fraction_max=1.0),
    )


def flat(price: float, minutes: int) -> list[tuple[float, float, float, float]]:
    return [(price, price, price, price)] * minutes


def test_a_round_trip_by_hand() -> None:
    """50,000 dollars of a 100-dollar stock at 10 basis points a side, stopped at 98: every unit of it."""
    table = table_of((60,))
    rows = flat(100.0, 20)
    rows[5] = (100.0, 104.5, 97.0, 103.0)  # stop and target in one bar: the worst case comes first
    history = bars("AAA", rows, table.sessions[0].open_ns)
    grid = market_grid([history], table.sessions[:1])
    conviction = np.zeros(grid.present.shape)
    conviction[2] = 0.9  # decided at the close of minute 2, filled at the open of minute 3
    venue = VenueConfig(half_spread_bps=10.0, sec_fee_usd_per_million=20.0, taf_usd_per_share=0.0)
    made = fast_backtest(config(), venue, grid, conviction, grid.present)

    (trade,) = made.trades
    open_ns = table.sessions[0].open_ns
    assert (trade.qty, trade.reason, trade.confidence) == (500, "stop", 0.9)
    assert (trade.entry_ns, trade.exit_ns) == (open_ns + 3 * NS_PER_MINUTE, open_ns + 5 * NS_PER_MINUTE + 15 * 10**9)
    assert (trade.entry_units, trade.exit_units) == (1_001_000, 980_000 - 980)  # 100.10 and 98 less 9.8 cents
    assert made.costs.spread_units == 500 * (1_000 + 980)
    assert made.costs.fees_units == 9_800  # 20 dollars a million of 48,951 dollars is 97.9 cents
    assert made.cash_units == 1_000_000_000 + 500 * (979_020 - 1_001_000) - 9_800
    assert made.costs.gross_units == -500 * 20_000
    assert made.equity_units[2] == 10**9  # before the order was carried out
    assert made.exposure_units[4] == 500 * 1_000_000
    assert made.session_returns()[0] == pytest.approx(made.cash_units / 1e9 - 1.0, rel=1e-15)


def test_the_most_convinced_take_the_places_and_equals_go_by_their_order() -> None:
    table = table_of((60,))
    names = ("AAA", "BBB", "CCC", "DDD")
    grid = market_grid([bars(n, flat(10.0, 60), table.sessions[0].open_ns) for n in names], table.sessions[:1])
    conviction = np.zeros(grid.present.shape)
    conviction[3] = (0.6, 0.8, 0.9, 0.8)
    made = fast_backtest(config(fraction=0.1, positions_max=2), IDEAL, grid, conviction, grid.present)
    assert sorted(t.symbol for t in made.trades) == ["BBB", "CCC"]
    assert made.refusals == 2


def vanishing(sessions: int) -> tuple[list[BarColumns], np.ndarray]:
    """Two symbols; the first has no bar from minute 20 of the second session until the last session's, where it stands much lower."""
    table = table_of((61,) * sessions)
    days = table.sessions[:sessions]
    first = int(np.concatenate([[0], np.cumsum([61] * sessions)])[-2])
    rng = np.random.default_rng(4)
    histories, _, _ = market(rng, 2, (61,) * sessions)
    minute_ns = np.concatenate([np.arange(s.open_ns, s.close_ns, NS_PER_MINUTE) for s in days])
    price = np.where(np.arange(len(minute_ns)) >= first, 300_000, 400_000 + np.arange(len(minute_ns)) % 7 * 100)
    whole = BarColumns("S0", minute_ns, price, price + 100, price - 100, price, np.full(len(price), 500))
    return [whole.rows(np.r_[0 : 61 + 20, first + 7 : len(minute_ns)]), replace(histories[1], symbol="S1")], minute_ns


@pytest.mark.parametrize(
    ("sessions", "locked", "reason"),
    [(3, False, "flat at the close"), (6, False, "flat at the close"), (7, True, "stop: -25"), (9, True, "flat at the close")],
)
def test_a_symbol_that_stops_trading_is_tried_again_and_in_the_end_left_to_a_person(sessions: int, locked: bool, reason: str) -> None:
    """Exits expire at each close. After five the engine gives up and locks the symbol, yet watches the position and flattens it."""
    table = table_of((61,) * sessions)
    histories, _ = vanishing(sessions)
    grid = market_grid(histories, table.sessions[:sessions])
    rules = replace(config(stop=0.1, target=0.3, fraction=0.2), entry=EntryConfig(confidence_min=0.0, price_usd_min=0.0, price_usd_max=0.0))
    venue, model, first = VenueConfig(), Dice(), 61
    served = Mind.of(rules, model).served
    assert served is not None
    thought = classifier_history(grid, served)
    scanned = scan_market(rules, venue, grid, thought.conviction, thought.valid, None, first, log_rows=5_000)
    _, engine, _, full = simulate(rules, venue, histories, table, grid, 1, model)
    fast = outcome(rules, venue, grid, thought.conviction, first, scanned)
    assert_same(fast, full)
    assert (scanned.book.rows[0, at.LOCKED] == 1) == ("S0" in engine.state.locked) == locked
    held = next(t for t in fast.trades if t.symbol == "S0" and t.exit_ns - t.entry_ns > 12 * 3600 * 10**9)
    assert held.reason.startswith(reason)


def test_a_venue_that_is_not_ideal_is_refused() -> None:
    _, _, grid = market(np.random.default_rng(1), 1, (61, 61))
    nothing = np.zeros(grid.present.shape)
    for venue in (VenueConfig(latency_ms=20), VenueConfig(partial_fill_probability=0.2)):
        with pytest.raises(OperatorFault, match="ideal venue"):
            fast_backtest(config(), venue, grid, nothing, grid.present)
    with pytest.raises(OperatorFault, match="grace_s below 15 s"):
        fast_backtest(config(), VenueConfig(), grid, nothing, grid.present, grace_s=20.0)


def test_many_trades_outgrow_the_first_table(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(9)
    _, _, grid = market(rng, 3, (130,) * 3)
    conviction = rng.random(grid.present.shape)
    rules = replace(config(stop=0.001, target=0.001, fraction=0.05))
    roomy = fast_backtest(rules, VenueConfig(), grid, conviction, grid.present)
    monkeypatch.setattr("tradebot.sim.scan.backtest._ROOM", 1)
    tight = fast_backtest(rules, VenueConfig(), grid, conviction, grid.present)
    assert len(roomy.trades) > 20
    assert_same(tight, roomy)


units = st.integers(-(10**12), 10**12)
prices = st.integers(1, 10**8)
fractions = st.floats(1e-6, 0.999)


@given(units, prices, fractions, st.integers(0, 10**6))
def test_compiled_size_is_the_pipelines(equity: int, price: int, fraction: float, most: int) -> None:
    assert choosing.shares_of(equity, price, fraction, most) == sizing.shares_of(equity, price, fraction, most)


@given(prices, fractions, st.integers(1, 10**5), prices, fractions)
def test_compiled_exits_are_the_engines(reference: int, stop: float, qty: int, price: int, target: float) -> None:
    assert orders.stop_units_of(reference, stop) == exits.stop_units_of(reference, stop)
    assert orders.target_units_of(reference, target) == exits.target_units_of(reference, target)
    asked = (qty, qty * reference, price, stop, target)
    assert deciding.exit_code(*asked) == exits.exit_code(*asked)


@given(st.booleans(), st.one_of(st.floats(-1, 1), st.just(float("nan"))), prices, st.booleans(), fractions, prices, st.integers(0, 10**8))
def test_compiled_filters_are_the_pipelines(valid: bool, said: float, price: int, busy: bool, least: float, low: int, high: int) -> None:
    asked = (valid, said, price, busy, least, low, high)
    assert deciding.entry_code(*asked) == entry.entry_code(*asked)


@given(st.integers(0, 2**61), st.integers(0, 10**13), st.floats(0.0, 1e4))
def test_the_compiled_throttle_is_the_pipelines(last: int, later: int, interval_s: float) -> None:
    assert choosing.is_throttled(last + later, last, interval_s) == gates.is_throttled(last + later, last, interval_s)


@given(st.integers(0, 10**15), st.integers(1, 10**5), st.integers(1, 10**9))
def test_a_part_is_rounded_up(amount: int, num: int, den: int) -> None:
    assert scan.part_ceil(amount, num, den) == -(-amount * num // den)


def test_files_whose_functions_the_scan_compiles_count_for_the_kernels_folder() -> None:
    compiled = set()
    for found in pkgutil.iter_modules(tradebot.sim.scan.__path__):
        names = vars(importlib.import_module(f"tradebot.sim.scan.{found.name}")).values()
        compiled |= {inspect.getfile(name.py_func) for name in names if hasattr(name, "py_func")}
    assert len(compiled) > 25
    for path in sorted(compiled):
        text = Path(path).read_bytes()
        assert any(sign in text for sign in tradebot._SIGNS), path
