"""`check lookahead` on the sample: clean code passes, each planted look-ahead is named with its minute and both values."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.golden.sample import BelowVwap, sample_market
from tradebot.app.check import Finding, choose_cuts, other_future, prove
from tradebot.app.market import Market
from tradebot.app.watched import Subject, decision_tracks, engine_tracks, model_track, scan_tracks, strategy_tracks
from tradebot.core.domain.bars import MarketGrid
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.features.catalogue import column_index, scan_features, schema_hash
from tradebot.core.strategies.catalogue import strategy_by_name
from tradebot.core.strategies.strategy import Strategy
from tradebot.learning.lookahead.track import Track
from tradebot.settings import load_settings

FIRST, LAST = dt.date(2013, 10, 10), dt.date(2013, 10, 11)
NAMES = ("return_1m", "volatility_20", "vwap_deviation", "macd_hist_rel")
ENVIRONMENT = {
    "TRADEBOT__UNIVERSE__SYMBOLS": '["SPY", "BAC"]',
    "TRADEBOT__STRATEGIES__NAMES": '["momentum", "mean_reversion", "volatility_breakout"]',
    "TRADEBOT__SELECTION__FORECAST_MIN": "0.03",
}


def silent(what: str, done: int, total: int) -> None:
    pass


@pytest.fixture(scope="module")
def market() -> Market:
    whole = sample_market()
    return replace(whole, histories={s: whole.histories[s] for s in ("BAC", "SPY")}, traded=whole.between(dt.date(2013, 10, 4), LAST))


@pytest.fixture(scope="module")
def cuts(market: Market) -> tuple[int, ...]:
    return choose_cuts(market, market.between(FIRST, LAST), 4, 3)


def judged(market: Market, cuts: tuple[int, ...], track: Callable[[MarketGrid], Track]) -> Finding:
    [found] = prove(market, lambda m: [track(m.grid(m.traded))], cuts, 1, 2, silent, "it")
    return found


def columns(grid: MarketGrid) -> np.ndarray:
    return scan_features(grid, NAMES)[0]


def at() -> dict[str, int]:
    return {name: i for i, name in enumerate(NAMES)}


def signal_ahead(return_1m: np.ndarray, volatility_20: np.ndarray) -> np.ndarray:
    """Knows the next bar's return: it shifts the whole history that it is asked about."""
    return np.clip(np.roll(return_1m, -1, axis=0) / np.maximum(volatility_20, 1e-9), -1.0, 1.0)


CHEAT = Strategy(name="cheat", title="Cheat", alpha="momentum", signal=signal_ahead, source="a test")


def test_a_strategy_that_reads_ahead_is_named(market: Market, cuts: tuple[int, ...]) -> None:
    found = judged(market, cuts, lambda grid: strategy_tracks(grid, columns(grid), at(), [CHEAT], None)[0])
    assert found.difference is not None and (found.kind, found.name) == ("strategy", "cheat")
    assert found.difference.minute_ns in cuts, "it knows one bar, so the cut's own minute is the first that differs"
    assert found.difference.symbol in ("BAC", "SPY") and found.difference.feature == "signal"
    assert found.difference.wanted != found.difference.found
    assert found.verdict.startswith("future ") and found.verdict.endswith(f"not {found.difference.wanted}")


def test_an_honest_strategy_on_the_same_columns_is_not(market: Market, cuts: tuple[int, ...]) -> None:
    honest = strategy_by_name("mean_reversion")
    names = honest.inputs

    def track(grid: MarketGrid) -> Track:
        return strategy_tracks(grid, scan_features(grid, names)[0], {n: i for i, n in enumerate(names)}, [honest], None)[0]

    found = judged(market, cuts, track)
    assert found.difference is None and found.verdict == "ok"
    assert found.minutes > 4 * 2 * 390


def test_a_model_that_remembers_the_future_of_its_row_is_named(market: Market, cuts: tuple[int, ...]) -> None:
    class Oracle(BelowVwap):
        def __init__(self, grid: MarketGrid) -> None:
            super().__init__()
            values = scan_features(grid, self.features)[0]
            later = np.roll(grid.close, -3, axis=0) > grid.close
            self.known = {row.tobytes(): float(up) for row, up in zip(values.reshape(-1, 2), later.ravel(), strict=True)}

        def predict(self, rows: np.ndarray) -> np.ndarray:
            return np.array([self.known[row.tobytes()] for row in rows])

    def track(grid: MarketGrid, kind: type[BelowVwap] | None) -> Track:
        model = Oracle(grid) if kind is None else kind()
        return model_track(grid, columns(grid), at(), model)

    found = judged(market, cuts, lambda grid: track(grid, None))
    assert found.difference is not None and found.kind == "model"
    assert (found.difference.wanted, found.difference.found) in (("1.0", "0.0"), ("0.0", "1.0"))
    assert 0 <= min(abs(c - found.difference.minute_ns) for c in cuts) <= 2 * 60 * 10**9
    assert judged(market, cuts, lambda grid: track(grid, BelowVwap)).verdict == "ok"


@pytest.mark.parametrize("cheat", ["scaled by all", "next bar", "the day's close"])
def test_a_feature_with_the_future_in_it_is_named(market: Market, cuts: tuple[int, ...], cheat: str) -> None:
    def track(grid: MarketGrid) -> Track:
        values = columns(grid)[:, :, 2]
        if cheat == "scaled by all":
            values = values / np.nanstd(values)
        elif cheat == "next bar":
            values = np.where(grid.present, np.concatenate([values[1:], values[-1:]]), np.nan)
        else:
            last = np.searchsorted(grid.session_of, grid.session_of, side="right") - 1
            values = grid.close[last] / 1e4
        return Track("features", cheat, grid.symbols, grid.minute_ns, (("vwap_deviation", values),))

    assert judged(market, cuts, track).difference is not None


@pytest.fixture(scope="module")
def living(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    settings = load_settings("living_lab", ENVIRONMENT | {"TRADEBOT__MODELS_DIR": str(tmp_path_factory.mktemp("models"))})
    return Subject(settings, None, ("kalman_ma",), sample_market().between(FIRST, LAST))


def test_a_profile_of_strategies_is_watched_from_columns_to_orders(market: Market, living: Subject, cuts: tuple[int, ...]) -> None:
    scans = prove(market, lambda m: scan_tracks(living, m), cuts[:2], 1, 1, silent, "scan")
    assert [(f.kind, f.name) for f in scans][1:] == [
        ("strategy", "momentum"), ("strategy", "mean_reversion"), ("strategy", "volatility_breakout"), ("strategy", "kalman_ma"),
    ]  # fmt: skip
    traded = prove(market, lambda m: engine_tracks(living, m), cuts[1:3], 1, 1, silent, "engine", trades=True)
    assert [f.kind for f in traded] == ["regimes", "selection", "decisions"]
    for found in (*scans, *traded):
        assert found.verdict == "ok" and found.minutes > 300, found


def test_an_engine_that_is_told_the_future_is_named(market: Market, cuts: tuple[int, ...]) -> None:
    """A model that closes over the market it is run on: the decisions up to the cut differ."""
    settings = load_settings("demo", {"TRADEBOT__UNIVERSE__SYMBOLS": '["SPY", "BAC"]'})
    sessions = market.between(FIRST, LAST)

    class Peeking(BelowVwap):
        @property
        def schema_hash(self) -> str:
            return schema_hash(self.features)

    def watch(m: Market) -> list[Track]:
        ends = float(m.histories["SPY"].close[-1])

        def predict(rows: np.ndarray) -> np.ndarray:
            return np.where(rows[:, 0] < -0.001, 0.6, 0.1) + (0.01 if ends > 2_000_000 else 0.0)

        model = Peeking()
        object.__setattr__(model, "predict", predict)
        return engine_tracks(Subject(settings, model, (), sessions), m)

    found = {f.kind: f for f in prove(market, watch, cuts[1:2], 1, 1, silent, "engine", trades=True)}
    assert found["decisions"].difference is not None
    assert found["decisions"].difference.feature == "confidence"


def test_a_minute_that_is_not_decided_is_a_difference(market: Market) -> None:
    ns = np.arange(3, dtype=np.int64)
    ours = Track("decisions", "x", ("A",), ns, (("qty", np.zeros((3, 1))),))
    theirs = Track("decisions", "x", ("A",), ns[[0, 2]], (("qty", np.zeros((2, 1))),))
    found = ours.parts_from(theirs, 1, "here")
    assert found is not None and (found.feature, found.wanted, found.found) == ("minutes", "2 minutes", "1 minutes")
    assert ours.parts_from(theirs, 0, "here") is None
    assert decision_tracks(("A",), [])[0].said(5) == 0


def test_bits_count_and_nothing_equals_nothing() -> None:
    ns = np.arange(2, dtype=np.int64)
    ours = Track("m", "x", ("A",), ns, (("v", np.array([[np.nan], [0.0]])), ("w", np.array([["a"], [""]]))))
    assert ours.parts_from(ours, 1, "c") is None and ours.said(1) == 2
    other = Track("m", "x", ("A",), ns, (("v", np.array([[np.nan], [-0.0]])), ("w", np.array([["a"], [""]]))))
    found = ours.parts_from(other, 1, "c")
    assert found is not None and (found.minute_ns, found.wanted, found.found) == (1, "0.0", "-0.0")
    text = Track("m", "x", ("A",), ns, (("v", np.array([[np.nan], [0.0]])), ("w", np.array([["b"], [""]]))))
    assert ours.parts_from(text, 0, "c") is not None


def test_futures_that_reach_nothing_are_refused(market: Market, cuts: tuple[int, ...]) -> None:
    def deaf(grid: MarketGrid) -> Track:
        return Track("features", "constant", grid.symbols, grid.minute_ns, (("one", np.ones(grid.close.shape)),))

    with pytest.raises(OperatorFault, match="none of the other futures changed anything"):
        judged(market, cuts, deaf)


def test_cuts_are_seeded_minutes_of_the_sessions(market: Market) -> None:
    sessions = market.between(FIRST, LAST)
    drawn = choose_cuts(market, sessions, 50, 1)
    assert drawn == choose_cuts(market, sessions, 50, 1) != choose_cuts(market, sessions, 50, 2)
    assert list(drawn) == sorted(set(drawn)) and len(drawn) == 50
    assert all(any(s.contains(ns) for s in sessions) for ns in drawn)
    assert choose_cuts(market, sessions, 10_000, 1)[-1] == sessions[-1].close_ns - 3 * 60 * 10**9


def test_another_future_knows_other_dated_series(market: Market, cuts: tuple[int, ...], tmp_path: Path) -> None:
    from tradebot.shell.store.macro import Macro

    lines = "".join(f"2013-10-{day:02d},{day}\n" for day in range(1, 31))
    (tmp_path / "vix.csv").write_text("date,value\n" + lines)
    known = replace(market, macro=Macro({"vix": str(tmp_path / "vix.csv")}))
    other = other_future(known, cuts[0], "scaled", 1)
    assert known.macro is not None and other.macro is not None
    day = next(s.date for s in market.table.sessions if s.contains(cuts[0]))
    assert other.macro.on(day).tobytes() == known.macro.on(day).tobytes()
    assert other.macro.on(day + dt.timedelta(days=1))[0] != known.macro.on(day + dt.timedelta(days=1))[0]


def test_the_catalogues_columns_are_those_that_are_asked(living: Subject) -> None:
    assert len(set(living.names)) == len(living.names) == len(column_index(living.names))
    assert set(strategy_by_name("kalman_ma").inputs) <= set(living.names)
