"""`meta_qqq` from bars to trades on real sessions of SPY: what the selector learned from is, bit for bit, what it is asked about live."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from tests.golden.sample import SAMPLE, Run
from tradebot.app.backtest import rebalance_start_ns
from tradebot.app.learn import learn_selector
from tradebot.app.market import Market, market_of
from tradebot.app.research import simulate
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.engine import Engine
from tradebot.core.features.catalogue import FEATURES, column_index
from tradebot.core.features.sets import feature_names
from tradebot.core.opinions.mind import Mind
from tradebot.core.opinions.playbook import Playbook
from tradebot.core.selection.performance import BLOCK_NS
from tradebot.learning.registry import save
from tradebot.learning.selector.history import learn_hours
from tradebot.serving.model import StoredModel
from tradebot.serving.store import load_model
from tradebot.settings import Settings, load_settings
from tradebot.shell.store.bars import read_bar_folder
from tradebot.sim.driver import Simulation
from tradebot.sim.venue import Venue

CHANGES = {
    "TRADEBOT__UNIVERSE__SYMBOLS": '["SPY"]',
    "TRADEBOT__MODEL__ROWS_MIN": "40",
    "TRADEBOT__GATES__SIGNAL_STRENGTH_MIN": "0.4",
    "TRADEBOT__GATES__VOLUME_RATIO_MIN": "0.5",
    "TRADEBOT__GATES__MOMENTUM_MIN": "0",
}
FIRST, LAST = dt.date(2011, 3, 24), dt.date(2011, 3, 28)


@pytest.fixture(scope="module")
def market() -> Market:
    bars = read_bar_folder(SAMPLE, ("SPY",))["SPY"]
    return market_of({"SPY": bars.rows(bars.minute_ns < 1_302_000_000 * 10**9)})  # the sessions of 2011


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load_settings("meta_qqq", CHANGES)


@pytest.fixture(scope="module")
def model(market: Market, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> StoredModel:
    january = market.between(dt.date(2011, 1, 1), dt.date(2011, 1, 31))
    trained = learn_selector(settings, market.grid(january), None, lambda line: None)
    return load_model(save(trained, tmp_path_factory.mktemp("models"), "meta_qqq"))


def watched(market: Market, settings: Settings, model: StoredModel) -> tuple[Run, Engine]:
    sessions = market.between(FIRST, LAST)
    venue = Venue(market.histories, market.table, rebalance_start_ns(sessions[0]), settings.venue)
    engine, seen = Engine(settings.engine, market.table, {model.model_id: model}), Run()
    grid = market.grid(market.between(dt.date(2011, 3, 1), LAST))
    Simulation(engine, venue, grid, settings.timetable, settings.feed.grace_s, seen.observe).run(model.model_id)
    return seen, engine


def test_the_selector_names_the_profiles_strategies_and_flat(model: StoredModel, settings: Settings) -> None:
    assert settings.strategies is not None
    assert model.classes == (*settings.strategies.names, "flat")
    assert model.features == feature_names("meta_qqq")


def test_training_reads_exactly_what_serving_computes(market: Market, settings: Settings, model: StoredModel) -> None:
    assert settings.playbook is not None
    playbook = Playbook.of(settings.playbook, tuple(f.name for f in FEATURES))
    learned = learn_hours(market.grid(market.between(dt.date(2011, 3, 1), LAST)), playbook, model.features)
    rows = dict(zip(learned.minute_ns.tolist(), learned.rows, strict=True))
    seen, _ = watched(market, settings, model)
    compared = 0
    for decision in seen.decisions:
        if decision.minute_ns in rows:
            places = [decision.feature_names.index(name) for name in model.features]
            assert decision.features[0, places].tobytes() == rows[decision.minute_ns].tobytes()
            compared += 1
    assert compared >= 3 * 6


def test_the_choice_of_an_hour_is_the_selectors_word_at_its_first_minute(market: Market, settings: Settings, model: StoredModel) -> None:
    seen, engine = watched(market, settings, model)
    columns = column_index(model.features)
    assert len(columns) == len(model.features)
    for decision in seen.decisions:
        thoughts = decision.thoughts
        assert thoughts is not None
        since_open = decision.minute_ns - market.table.at(decision.minute_ns).open_ns  # type: ignore[union-attr]
        if since_open % BLOCK_NS == 0:
            places = [decision.feature_names.index(name) for name in model.features]
            said = model.predict(decision.features[:, places])[0]
            assert thoughts.arms[0] == model.classes[int(np.argmax(said))]
            assert thoughts.propensities[0] == said.max()
    assert len(seen.decisions) == 3 * 390
    assert seen.intents
    assert not engine.state.book.positions


def test_the_report_tells_regimes_and_choices(market: Market, settings: Settings, model: StoredModel) -> None:
    report, _ = simulate(settings, market, market.between(FIRST, LAST), model)
    assert sum(report["regime_shares"].values()) == pytest.approx(1.0, abs=1e-3)
    assert set(report["arm_shares"]) <= {*model.classes, "none"}


def test_a_selector_of_other_strategies_is_refused(settings: Settings, model: StoredModel) -> None:
    other = load_settings("meta_qqq", {**CHANGES, "TRADEBOT__STRATEGIES__NAMES": '["ma_cross"]'})
    with pytest.raises(OperatorFault, match=r"was trained to tell ultra_volatility.*train again"):
        Mind.of(other.engine, model)
    assert Mind.of(settings.engine, None).lacks == "no model"


def test_too_few_hours_are_refused(market: Market, settings: Settings, tmp_path: Path) -> None:
    few = market.grid(market.between(dt.date(2011, 1, 1), dt.date(2011, 1, 6)))
    with pytest.raises(OperatorFault, match=r"hours are too few|too few to train and test"):
        learn_selector(settings, few, None, lambda line: None)
    with pytest.raises(OperatorFault, match="--dataset writes the rows of a classifier"):
        learn_selector(settings, few, tmp_path, lambda line: None)


def test_a_missing_first_minute_is_asked_a_minute_later(market: Market, settings: Settings, model: StoredModel) -> None:
    hour_ns = market.between(FIRST, FIRST)[0].open_ns + BLOCK_NS
    bars = market.histories["SPY"]
    holed = Market({"SPY": bars.rows(bars.minute_ns != hour_ns)}, market.table, market.traded)
    decisions = {d.minute_ns: d for d in watched(holed, settings, model)[0].decisions}
    first, second = decisions[hour_ns], decisions[hour_ns + 60 * 10**9]
    assert first.thoughts is not None and first.thoughts.arms == ("",)
    places = [second.feature_names.index(name) for name in model.features]
    said = model.predict(second.features[:, places])[0]
    assert second.thoughts is not None and second.thoughts.arms[0] == model.classes[int(np.argmax(said))]
