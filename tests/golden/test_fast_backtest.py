"""Real sessions by the fast scan and by the full simulation: one outcome to the last unit, for a rule and for every mode of strategies."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from tests.golden.sample import FIRST, LAST, BelowVwap, sample_market
from tests.golden.strategy_sample import NAMES, engine_config
from tests.playbook.market import config
from tests.property.scan_market import assert_same
from tradebot.app.backtest import fast_world, run_fast, run_full, traded, why_full
from tradebot.app.market import Market
from tradebot.core.config import EngineConfig
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.core.execution.exits import ExitsConfig
from tradebot.core.execution.order_type import EntryOrder, ExecutionConfig
from tradebot.core.features.catalogue import schema_hash
from tradebot.core.forecast.model import Answer, Model
from tradebot.core.regime.hmm import Hmm
from tradebot.settings import Settings, load_settings
from tradebot.sim.outcome import Outcome
from tradebot.sim.venue_tape import POINT_NS


@pytest.fixture(scope="module")
def market() -> Market:
    return sample_market()


def settings_of(engine: EngineConfig) -> Settings:
    """Demo's settings around another engine: quotes perceived, costs as the profile says."""
    book, base = engine.playbook, load_settings("demo", {})
    parts = {name: getattr(engine, name) for name in ("entry", "sizing", "exits", "limits", "execution", "breaker")}
    playbook = {name: None if book is None else getattr(book, name) for name in ("strategies", "regime", "selection", "gates")}
    return replace(base, **parts, **playbook)


def both(market: Market, engine: EngineConfig, model: Model | None) -> tuple[Outcome, Outcome]:
    settings, sessions = settings_of(engine), market.between(FIRST, LAST)
    return run_fast(settings, market, sessions, model), run_full(settings, market, sessions, model)[0]


@pytest.mark.parametrize("quotes", [True, False])
def test_a_rule_on_real_sessions(market: Market, quotes: bool) -> None:
    tight = ExitsConfig(stop_fraction=0.002, target_fraction=0.003, flatten_before_close_min=5)
    fast, full = both(replace(market, quotes=quotes), replace(config(max_shares=0), exits=tight), BelowVwap())
    assert_same(fast, full)
    assert len(fast.trades) > 20
    assert {t.reason for t in fast.trades} == {"stop", "target", "flat at the close"}
    assert min(fast.costs.spread_units, fast.costs.fees_units, fast.costs.impact_units) > 0
    assert fast.costs.net_units == fast.end_units - fast.start_units
    assert np.prod(1.0 + fast.session_returns()) == pytest.approx(fast.end_units / fast.start_units, rel=1e-12)


@pytest.mark.parametrize(
    ("mode", "detector"), [("bandit", "three"), ("performance", "seven"), ("ensemble", "volatility_state"), ("regime", "seven")]
)
def test_strategies_on_real_sessions(market: Market, mode: str, detector: str) -> None:
    fast, full = both(market, engine_config(mode, detector=detector, forecast_min=0.02), None)
    assert_same(fast, full)
    assert fast.trades
    assert all(t.strategy and t.regime for t in fast.trades)


@pytest.mark.parametrize("entry_order", ["marketable_limit", "by_spread"])
def test_limit_entries_on_real_sessions(market: Market, entry_order: EntryOrder) -> None:
    """A band so narrow that not all fill: those that wait are taken back, and tried again three times."""
    execution = ExecutionConfig(
        entry_order=entry_order, limit_band_bps=0.5, wide_spread_bps=1.0, entry_patience_s=120.0 if entry_order == "by_spread" else 0.0
    )
    rules = engine_config("performance", detector="seven", forecast_min=0.02)
    engine = replace(rules, exits=replace(rules.exits, stop_fraction=0.002, target_fraction=0.003), execution=execution)
    fast, full = both(market, engine, None)
    assert_same(fast, full)
    entered = [t.entry_ns % NS_PER_MINUTE for t in fast.trades]
    assert sum(into_ns >= POINT_NS for into_ns in entered) > 3, "some waited for their price inside a bar"
    entries = fast.orders - sum(t.reason not in ("stop", "target", "") for t in fast.trades)
    assert entries > len(fast.trades), "some never filled"


@pytest.mark.parametrize("profile", ["active_stocks", "institutional", "dollar_profit", "living_lab", "meta_qqq"])
def test_shipped_rules_on_real_sessions(market: Market, profile: str) -> None:
    """Each profile's sizes, limits, exits, orders and breaker on the sample, with what trades often in place of a trained model."""
    settings, sessions = load_settings(profile, {}), market.between(FIRST, LAST)
    entry = replace(settings.entry, confidence_min=0.5, price_usd_max=0.0)
    settings = replace(settings, entry=entry)
    model: Model | None = BelowVwap()
    if settings.strategies is not None:
        model = Selector((*settings.strategies.names, "flat"), HMM) if settings.model.kind == "meta_selector" else None
    assert bool(why_full(settings, sessions)) == (profile == "dollar_profit")  # its stops move
    fast = traded(settings, market, sessions, fast_world(settings, market, sessions, model))
    assert_same(fast, run_full(settings, market, sessions, model)[0])
    assert fast.orders + fast.refusals > 10


def test_what_the_scan_cannot_do_goes_through_the_engine(market: Market) -> None:
    engine = engine_config("bandit", detector="three", forecast_min=0.02)
    settings, sessions = settings_of(engine), market.between(FIRST, LAST)
    slow = replace(settings, simulation=replace(settings.simulation, latency_ms=800, partial_fill_probability=0.5))
    assert why_full(settings, sessions) == ""
    assert why_full(slow, sessions).startswith("the fast backtest has an ideal venue")
    with pytest.raises(OperatorFault, match="ideal venue"):
        run_fast(slow, market, sessions, None)
    instead = traded(slow, market, sessions, fast_world(slow, market, sessions, None))
    assert_same(instead, run_full(slow, market, sessions, None)[0])
    assert instead.fills > instead.orders


@dataclass(frozen=True)
class Selector:
    """A meta-selector, and a teller of the next hour's regimes with a hidden Markov model: what it says is a hash of the row."""

    classes: tuple[str, ...]
    hmm: Hmm
    model_id: str = "selector"
    features: tuple[str, ...] = ("vwap_deviation", "momentum_3m")
    answer: Answer = "classes"

    @property
    def schema_hash(self) -> str:
        return schema_hash(self.features)

    def predict(self, rows: np.ndarray) -> np.ndarray:
        turn = np.abs(rows).sum(axis=1)[:, None] * np.array([7919.0 + 1301.0 * k for k in range(len(self.classes))])
        said = turn % 1.0 + 0.01
        said[turn[:, 0] % 1.0 > 0.9] = np.nan  # now and then it is silent, and is asked again a minute later
        return said / said.sum(axis=1)[:, None]


HMM = Hmm(
    inputs=("volatility_20", "momentum_3m"),
    labels=("low", "normal", "high"),
    start=np.full(3, 1 / 3),
    transition=np.full((3, 3), 0.05) + 0.85 * np.eye(3),
    mean=np.array([[0.0002, 0.0], [0.0004, 0.0], [0.0010, 0.0]]),
    std=np.array([[0.0001, 0.0006], [0.0002, 0.001], [0.0006, 0.003]]),
)


def test_a_selector_on_real_sessions(market: Market) -> None:
    engine = engine_config("meta", detector="three", forecast_min=0.01)
    fast, full = both(market, engine, Selector((*NAMES, "flat"), HMM))
    assert_same(fast, full)
    assert fast.trades


@pytest.mark.parametrize("detector", ["hmm", "learned"])
def test_learned_regimes_on_real_sessions(market: Market, detector: str) -> None:
    model = Selector(("calm_ranging", "calm_trending", "volatile_ranging"), HMM)
    fast, full = both(market, engine_config("performance", detector=detector, forecast_min=0.02), model)
    assert_same(fast, full)
    assert fast.trades
