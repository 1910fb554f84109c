"""History through alpaca-py from the simulated Alpaca into the store: what comes back is what the market was."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import httpx
import numpy as np
import pytest

from tests.shell import scene
from tradebot.core.domain.faults import OperatorFault
from tradebot.shell.feeds import polygon_rest
from tradebot.shell.feeds.history import AlpacaData, fetch_history
from tradebot.shell.feeds.polygon_history import Patience, fetch_polygon_history
from tradebot.shell.feeds.polygon_host import polygon_host
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


def test_massives_history_comes_in_pages_and_knows_where_it_is_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of 500 rows, two 429s on the way; a second fetch asks for nothing."""
    monkeypatch.setattr(polygon_rest, "PAGE", 500)
    last_ns = scene.start_ns() - 3600 * 10**9
    with scene.market() as server:
        host, store = polygon_host("k", server.url), BarStore(tmp_path)
        httpx.post(f"{server.url}/sim/faults", json={"name": "massive_429", "count": 2}).raise_for_status()
        patience = Patience(after_failure_s=(), after_quota_s=0.01)
        fetched = fetch_polygon_history(host, store, ("BAC", "SPY"), FIRST_NS, last_ns, patience=patience)
        again = fetch_polygon_history(host, store, ("BAC", "SPY"), FIRST_NS, last_ns)
        assert (again.requests, sum(again.bars.values())) == (0, 0)
        with pytest.raises(OperatorFault, match="holds feed polygon, adjustment raw; fetch SPY of feed iex"):
            fetch_history(AlpacaData(key="k", secret="s", origin=server.url), store, ("SPY",), FIRST_NS, last_ns)
    stored = read_bar_folder(tmp_path)
    assert {check.feed for check in store.listing()} == {"polygon"}
    for symbol in ("BAC", "SPY"):
        theirs = scene.histories()[symbol]
        theirs = theirs.rows((theirs.minute_ns >= FIRST_NS) & (theirs.minute_ns <= last_ns))
        assert fetched.bars[symbol] == len(theirs) > 500
        for column in ("minute_ns", "open", "high", "low", "close", "volume"):
            np.testing.assert_array_equal(getattr(stored[symbol], column), getattr(theirs, column), err_msg=f"{symbol} {column}")


def test_what_massive_refuses_is_one_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    with scene.market() as server:
        server.simulator.massive_key = "another"
        host, store = polygon_host("canary", server.url), BarStore(tmp_path / "s")
        with pytest.raises(OperatorFault, match="POLYGON_API_KEY") as fault:
            fetch_polygon_history(host, store, ("BAC",), FIRST_NS, FIRST_NS + 10**12)
        assert "canary" not in str(fault.value)
        server.simulator.massive_key = ""
        httpx.post(f"{server.url}/sim/faults", json={"name": "massive_429", "count": 100}).raise_for_status()
        with pytest.raises(OperatorFault, match="status 429"):
            fetch_polygon_history(host, store, ("BAC",), FIRST_NS, FIRST_NS + 10**12, patience=Patience((0.01,), 0.01))
    assert not list((tmp_path / "s").glob("*.parquet"))
