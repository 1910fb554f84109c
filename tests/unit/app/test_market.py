"""What a profile perceives beside the bars reaches the grid that training and backtest read, and the daemon alike."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from tests.architecture.source_files import ROOT
from tradebot.app.market import load_macro, load_market, read_market, screened
from tradebot.core.domain.bars import TAPE
from tradebot.core.domain.faults import OperatorFault
from tradebot.settings import load_settings

SESSIONS = (dt.date(2013, 10, 9), dt.date(2013, 10, 10))
BARE = {"TRADEBOT_HOME": str(ROOT)}


def test_quotes_are_in_the_grid_where_the_profile_sees_them_and_always_in_the_histories() -> None:
    for quotes in (False, True):
        market = load_market(load_settings("demo", BARE | {"TRADEBOT__FEED__QUOTES": str(quotes).lower()}), None)
        grid = market.grid(market.between(*SESSIONS))
        assert all(bars.bid is not None for bars in market.histories.values())  # fills use them either way
        assert (grid.tape is not None) is quotes
    assert grid.tape is not None
    i = market.between(*SESSIONS)[0].open_ns
    for n, symbol in enumerate(grid.symbols):
        bars = market.histories[symbol]
        at = int(bars.minute_ns.searchsorted(i))
        assert [column[at] for column in bars.tape() if column is not None] == [
            v for v, name in zip(grid.tape[0, n], TAPE, strict=True) if name != "trades"
        ]


def test_macro_values_of_the_day_before_are_in_the_grid(tmp_path: Path) -> None:
    (tmp_path / "vix.csv").write_text("date,value\n2013-10-08,20.34\n2013-10-09,19.60\n2013-10-10,16.48\n")
    (tmp_path / "yields.csv").write_text("observation_date,DGS10\n2013-09-29,2.64\n")
    environment = BARE | {"TRADEBOT__MACRO__FOLDER": str(tmp_path), "TRADEBOT__MACRO__YIELD_10Y": "yields.csv#DGS10"}
    settings = load_settings("demo", environment)
    market, macro = load_market(settings, None), load_macro(settings)
    grid = market.grid(market.between(*SESSIONS))
    np.testing.assert_array_equal(grid.macro, [[20.34, np.nan, 2.64], [19.60, np.nan, np.nan]])  # the yield is eleven days old then
    assert macro is not None
    np.testing.assert_array_equal([macro.on(s.date) for s in grid.sessions], grid.macro)


def test_without_a_folder_there_is_none_and_a_folder_that_holds_none_is_a_fault(tmp_path: Path) -> None:
    settings = load_settings("demo", BARE)
    assert load_macro(settings) is None
    market = load_market(settings, None)
    assert market.grid(market.between(*SESSIONS)).macro is None
    with pytest.raises(OperatorFault, match=r"none of vix\.csv"):
        load_macro(load_settings("demo", BARE | {"TRADEBOT__MACRO__FOLDER": str(tmp_path)}))


def test_a_screen_knows_nothing_that_was_still_to_come() -> None:
    everyone = {"TRADEBOT__UNIVERSE__SYMBOLS": "[]", "TRADEBOT__UNIVERSE__SCREEN": "most_active", "TRADEBOT__UNIVERSE__TOP": "3"}
    settings = load_settings("demo", BARE | everyone)
    market = read_market(settings, None)
    assert len(market.histories) == 4
    assert set(screened(settings, market).histories) == {"AIG", "BAC", "SPY"}, "by all bars IBM is the least active"
    before_2013 = market.between(dt.date(2011, 1, 3), dt.date(2011, 3, 31))[-1].close_ns
    then = screened(settings, market, before_2013)
    assert set(then.histories) == {"SPY"}, "nothing else had a bar yet"
    assert len(then.histories["SPY"]) == len(market.histories["SPY"]), "what follows is still traded"
    with pytest.raises(OperatorFault, match="the universe is empty"):
        screened(settings, market, 0)
