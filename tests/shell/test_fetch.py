"""History through alpaca-py from the simulated Alpaca into the store: what comes back is what the market was."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from tests.shell import scene
from tradebot.core.domain.faults import OperatorFault
from tradebot.shell.feeds.history import AlpacaData, fetch_history
from tradebot.shell.store.bars import BarStore, read_bar_folder

FIRST_NS = int(dt.datetime(2013, 10, 7, tzinfo=dt.UTC).timestamp()) * 10**9


def test_fetched_bars_are_the_markets_own_and_a_second_fetch_asks_for_nothing(tmp_path: Path) -> None:
    last_ns = scene.start_ns() - 3600 * 10**9
    with scene.market() as server:
        data = AlpacaData(key=scene.KEYS.key_id, secret=scene.KEYS.secret, origin=server.url)
        fetched = fetch_history(data, BarStore(tmp_path), ("BAC", "SPY"), FIRST_NS, last_ns)
        assert fetched.requests > 0
        again = fetch_history(data, BarStore(tmp_path), ("BAC", "SPY"), FIRST_NS, last_ns)
    assert (again.requests, sum(again.bars.values())) == (0, 0)
    stored = read_bar_folder(tmp_path)
    for symbol in ("BAC", "SPY"):
        theirs = scene.histories()[symbol]
        theirs = theirs.rows((theirs.minute_ns >= FIRST_NS) & (theirs.minute_ns <= last_ns))
        assert fetched.bars[symbol] == len(theirs) > 500
        for column in ("minute_ns", "open", "high", "low", "close", "volume"):
            np.testing.assert_array_equal(getattr(stored[symbol], column), getattr(theirs, column), err_msg=f"{symbol} {column}")


def test_the_future_is_not_for_sale(tmp_path: Path) -> None:
    """The server never shows a bar later than its own clock."""
    with scene.market() as server:
        data = AlpacaData(key=scene.KEYS.key_id, secret=scene.KEYS.secret, origin=server.url)
        fetch_history(data, BarStore(tmp_path), ("BAC",), FIRST_NS, scene.start_ns() + 86_400 * 10**9)
    assert read_bar_folder(tmp_path)["BAC"].minute_ns[-1] < scene.start_ns()


def test_a_wrong_key_is_one_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    with scene.market() as server, pytest.raises(OperatorFault, match="key") as fault:
        fetch_history(
            AlpacaData(key="PKWRONG", secret="canary", origin=server.url), BarStore(tmp_path / "s"), ("BAC",), FIRST_NS, FIRST_NS + 10**12
        )
    assert "canary" not in str(fault.value)
    assert not list((tmp_path / "s").glob("*.parquet"))
