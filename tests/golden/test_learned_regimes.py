"""Learned regimes trade: SPY's March of 2011 in the regimes of its January, the same after a crash and in any future."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.golden.learned_sample import ENVIRONMENT, FIRST, JANUARY, NAMES, learn_january, learned_settings, march, run, spy
from tests.golden.sample import SAMPLE, BelowVwap, Run, with_future
from tests.golden.strategy_sample import engine_config
from tradebot.app.market import Market
from tradebot.app.research import backtest, simulate, train
from tradebot.app.shelf import Shelf, load, models_of
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.core.engine import Engine
from tradebot.core.features.catalogue import finite_rows, scan_features
from tradebot.core.opinions.mind import Mind, columns_read
from tradebot.core.regime.detector import UNKNOWN
from tradebot.core.regime.hmm import new_beliefs, scan_beliefs
from tradebot.core.regime.persistence import new_state, persist_scan
from tradebot.core.regime.weights import weight_table
from tradebot.core.strategies.catalogue import strategy_by_name
from tradebot.serving.regime_store import RegimeModel
from tradebot.serving.store import current_model, promote
from tradebot.settings import Settings

MINUTES = 2 * 390
DETECTORS = ["hmm", "learned"]


@pytest.fixture(scope="module")
def market() -> Market:
    return spy()


@pytest.fixture(scope="module")
def models(market: Market, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("models")
    promote(learn_january(market, root))
    return root


@pytest.fixture(scope="module")
def model(models: Path) -> RegimeModel:
    loaded = Shelf(models).current(learned_settings("hmm", models))
    assert isinstance(loaded, RegimeModel)
    return loaded


Traded = tuple[Settings, Run, Engine]


@pytest.fixture(scope="module", params=DETECTORS)
def traded(request: pytest.FixtureRequest, market: Market, models: Path, model: RegimeModel) -> Traded:
    settings = learned_settings(request.param, models)
    return settings, *run(market, settings, model)


def detector_of(settings: Settings) -> str:
    assert settings.regime is not None
    return settings.regime.detector


def regimes_of(seen: Run) -> list[str]:
    return [d.thoughts.regimes[0] for d in seen.decisions if d.thoughts is not None]


def expected_regimes(market: Market, settings: Settings, model: RegimeModel) -> list[str]:
    """The same two sessions labelled as a history: scanned features, the model's own scan, persistence."""
    grid = market.grid(march(market))
    assert settings.regime is not None
    if settings.regime.detector == "hmm":
        values, _ = scan_features(grid, model.hmm.inputs)
        _, seen = scan_beliefs(model.hmm, new_beliefs(1, model.hmm), values)
        names = model.hmm.labels
    else:
        values, _ = scan_features(grid, model.features)
        known = finite_rows(values)
        seen = np.full(known.shape, UNKNOWN, np.int8)
        seen[known] = model.forecast.predict(values[known]).argmax(axis=1)
        names = model.classes
    out = np.empty_like(seen)
    persist_scan(new_state(1), seen, settings.regime.persistence_bars, UNKNOWN, out)
    return ["" if label == UNKNOWN else names[label] for label in out[-MINUTES:, 0]]


def test_regimes_are_the_models_own_and_change_in_the_two_days(market: Market, model: RegimeModel, traded: Traded) -> None:
    settings, seen, _ = traded
    told = regimes_of(seen)
    assert len(told) == len(seen.decisions) == MINUTES
    assert told == expected_regimes(market, settings, model)
    assert len(set(told)) > 1
    assert {d.model_id for d in seen.decisions} == {model.model_id}
    assert {d.schema_hash for d in seen.decisions} == {model.schema_hash}


@pytest.mark.parametrize("detector", DETECTORS)
def test_weights_follow_the_regime(market: Market, models: Path, model: RegimeModel, detector: str) -> None:
    seen, _ = run(market, learned_settings(detector, models, "regime"), model)
    labels = model.hmm.labels if detector == "hmm" else model.classes
    table = weight_table(detector, labels, [strategy_by_name(name).alpha for name in NAMES], [()] * len(NAMES))
    for decision in seen.decisions:
        assert decision.thoughts is not None
        np.testing.assert_allclose(decision.thoughts.weights[0], table[labels.index(decision.thoughts.regimes[0])], rtol=1e-12)
    assert len({d.thoughts.weights.tobytes() for d in seen.decisions if d.thoughts is not None}) > 1
    assert seen.intents


def test_a_crash_in_mid_session_changes_nothing(market: Market, model: RegimeModel, traded: Traded) -> None:
    settings, seen, engine = traded
    again, other = run(market, settings, model, until_minute=517)
    assert again.intents == seen.intents
    assert regimes_of(again) == regimes_of(seen)
    assert other is not engine and other.snapshot() == engine.snapshot()
    assert engine.state.beliefs.any() == (detector_of(settings) == "hmm")


def test_a_changed_future_changes_no_past_decision(market: Market, model: RegimeModel, traded: Traded) -> None:
    settings, seen, _ = traded
    minute = 450
    from_ns = seen.decisions[minute].minute_ns + 2 * NS_PER_MINUTE
    changed = Market(with_future(market.histories, from_ns, 1.3), market.table, market.traded, market.quotes)
    other, _ = run(changed, settings, model)
    for ours, theirs in zip(seen.decisions[: minute + 1], other.decisions[: minute + 1], strict=True):
        assert ours.features.tobytes() == theirs.features.tobytes()
        assert ours.confidence.tobytes() == theirs.confidence.tobytes()
        assert ours.reasons == theirs.reasons
        assert ours.thoughts is not None and theirs.thoughts is not None
        assert ours.thoughts.regimes == theirs.thoughts.regimes
    assert other.decisions[minute + 2].features.tobytes() != seen.decisions[minute + 2].features.tobytes()


def test_without_a_model_there_is_no_opinion(market: Market, models: Path) -> None:
    settings = learned_settings("hmm", models)
    report, engine = simulate(settings, market, market.between(FIRST, FIRST), None)
    assert report["orders"] == 0
    assert Mind.of(settings.engine, None).lacks == "no model"
    assert engine.state.playbook == ()


def test_a_model_that_tells_no_regimes_is_refused(models: Path, model: RegimeModel) -> None:
    with pytest.raises(OperatorFault, match="tells no regimes, and the profile's detector is learned"):
        columns_read(learned_settings("learned", models).engine, BelowVwap())
    with pytest.raises(OperatorFault, match="was trained to tell calm_ranging"):
        columns_read(engine_config("meta"), model)


def test_the_columns_read_are_the_detectors(models: Path, model: RegimeModel) -> None:
    hmm, learned = (columns_read(learned_settings(d, models).engine, model) for d in DETECTORS)
    assert set(model.hmm.inputs) <= set(hmm) and not set(model.features) <= set(hmm)
    assert set(model.features) <= set(learned)


def test_beliefs_follow_their_symbol(market: Market, models: Path, model: RegimeModel) -> None:
    _, engine = run(market, learned_settings("hmm", models), model)
    state = engine.state
    before = state.beliefs.copy()
    state.select(("QQQ", "SPY"))
    assert state.beliefs.tolist() == [[0.0, 0.0], before[0].tolist()]
    state.remember(NAMES, "hmm", ("low", "normal", "high"))
    assert state.beliefs.shape == (2, 3) and not state.beliefs.any()


def test_train_and_backtest_find_the_regimes_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in {**ENVIRONMENT, "TRADEBOT__REGIME__DETECTOR": "learned", "TRADEBOT__MODELS_DIR": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)

    def silent(what: str, done: int, total: int) -> None:
        pass

    report = train("living_lab", bars=SAMPLE, progress=silent, until=JANUARY[1])
    folder = current_model(tmp_path, "living_lab/regimes")
    assert folder is not None and report["folder"] == str(folder)
    assert (report["model_id"], report["kind"]) == (f"living_lab/regimes/{folder.name}", "regimes")
    assert 0.0 < report["metrics"]["accuracy"] <= 1.0
    assert Shelf(tmp_path).fetch(report["model_id"]).manifest_sha256 == load(folder).manifest_sha256
    assert models_of(learned_settings("learned", tmp_path)) == "living_lab/regimes"
    result = backtest("living_lab", bars=SAMPLE, first=FIRST, last=FIRST, progress=silent)
    assert result["decisions"] == 390 and result["note"] == "out of sample"
    with pytest.raises(OperatorFault, match="regimes has none in that form"):
        train("living_lab", bars=SAMPLE, progress=silent, until=JANUARY[1], dataset=tmp_path / "rows")
