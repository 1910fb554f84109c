"""StockHistoricalDataClient and ScreenerClient, unmodified, against the simulated Alpaca."""

from __future__ import annotations

import datetime as dt

import pytest
from alpaca.common.exceptions import APIError
from alpaca.data.enums import MostActivesBy
from alpaca.data.historical.corporate_actions import CorporateActionsClient
from alpaca.data.historical.news import NewsClient
from alpaca.data.requests import (
    CorporateActionsRequest,
    MarketMoversRequest,
    MostActivesRequest,
    NewsRequest,
    StockBarsRequest,
    StockLatestBarRequest,
    StockLatestQuoteRequest,
    StockLatestTradeRequest,
    StockQuotesRequest,
    StockSnapshotRequest,
    StockTradesRequest,
)
from alpaca.data.timeframe import TimeFrame, TimeFrameUnit

from tests.contract.sim_alpaca.conftest import MINUTE_NS, SESSIONS, TRADED, Lab, histories

FIRST_DAY = dt.datetime(2013, 10, 7, tzinfo=dt.UTC)


def minute_of(at: dt.datetime) -> int:
    return int(at.timestamp()) * 10**9


def test_no_bar_is_visible_before_it_has_ended(lab: Lab) -> None:
    request = StockBarsRequest(symbol_or_symbols="HAND", timeframe=TimeFrame.Minute, start=FIRST_DAY)
    assert lab.data.get_stock_bars(request).data == {}
    lab.advance_to(TRADED.open_ns + MINUTE_NS - 1)
    assert lab.data.get_stock_bars(request).data == {}
    lab.advance_to(TRADED.open_ns + MINUTE_NS)
    (bar,) = lab.data.get_stock_bars(request).data["HAND"]
    assert minute_of(bar.timestamp) == TRADED.open_ns
    assert (bar.open, bar.high, bar.low, bar.close, bar.volume) == (100.0, 100.1, 99.9, 100.0, 1000)


def test_bars_of_many_symbols_are_all_there_through_any_page_size(lab: Lab) -> None:
    lab.minutes(30)
    now_ns = lab.simulator.now_ns
    expected = {s: [int(m) for m in b.minute_ns if m + MINUTE_NS <= now_ns] for s, b in histories().items()}
    request = StockBarsRequest(symbol_or_symbols=list(expected), timeframe=TimeFrame.Minute, start=FIRST_DAY)
    answered = lab.data.get_stock_bars(request).data
    assert {s: [minute_of(bar.timestamp) for bar in rows] for s, rows in answered.items()} == expected
    paged: dict[str, list[str]] = {s: [] for s in expected}
    token = ""
    while True:
        query = {"symbols": "SPY,HAND,AIG", "timeframe": "1Min", "start": "2013-10-07", "limit": 100}
        page = lab.http.get("/v2/stocks/bars", params=query | ({"page_token": token} if token else {})).json()
        assert sum(len(rows) for rows in page["bars"].values()) <= 100
        for symbol, rows in page["bars"].items():
            paged[symbol] += [row["t"] for row in rows]
        token = page["next_page_token"]
        if token is None:
            break
    assert {s: len(rows) for s, rows in paged.items() if rows} == {s: len(expected[s]) for s in ("SPY", "HAND", "AIG")}


def test_start_and_end_are_inclusive_and_sort_may_be_descending(lab: Lab) -> None:
    lab.minutes(10)
    query = {"timeframe": "1Min", "start": "2013-10-08T13:32:00Z", "end": "2013-10-08T13:34:00Z"}
    rows = lab.http.get("/v2/stocks/HAND/bars", params=query).json()["bars"]
    assert [row["t"] for row in rows] == [f"2013-10-08T13:3{n}:00Z" for n in (2, 3, 4)]
    rows = lab.http.get("/v2/stocks/HAND/bars", params=query | {"sort": "desc", "limit": 2}).json()["bars"]
    assert [row["t"] for row in rows] == [f"2013-10-08T13:3{n}:00Z" for n in (4, 3)]


def test_longer_timeframes_are_aggregates_of_minutes(lab: Lab) -> None:
    lab.minutes(120)
    hours = lab.data.get_stock_bars(
        StockBarsRequest(symbol_or_symbols="HAND", timeframe=TimeFrame(30, TimeFrameUnit.Minute), start=FIRST_DAY)
    ).data["HAND"]
    assert [(bar.high, bar.low, bar.volume) for bar in hours] == [
        (100.1, 99.9, 30_000),
        (103.0, 99.9, 30_000),
        (100.1, 97.0, 30_000),
        (100.1, 99.9, 30_000),
    ]
    (day,) = lab.data.get_stock_bars(StockBarsRequest(symbol_or_symbols="HAND", timeframe=TimeFrame.Day, start=FIRST_DAY)).data["HAND"]
    assert (day.timestamp.isoformat(), day.high, day.low, day.volume) == ("2013-10-08T04:00:00+00:00", 103.0, 97.0, 120_000)
    days = lab.data.get_stock_bars(StockBarsRequest(symbol_or_symbols="SPY", timeframe=TimeFrame.Day, start=FIRST_DAY)).data["SPY"]
    spy = histories()["SPY"]
    first = spy.minute_ns < SESSIONS.sessions[0].close_ns
    assert (days[0].open, days[0].close) == (spy.open[first][0] / 1e4, spy.close[first][-1] / 1e4)
    assert (days[0].high, days[0].volume) == (spy.high[first].max() / 1e4, spy.volume[first].sum())
    assert len(lab.http.get("/v2/stocks/SPY/bars", params={"timeframe": "1Week", "start": "2013-10-01"}).json()["bars"]) == 1


def test_quotes_are_the_files_where_it_has_them(lab: Lab) -> None:
    lab.minutes(5)
    ibm = histories()["IBM"]
    i = int((ibm.minute_ns <= lab.simulator.now_ns).sum()) - 1
    quote = lab.data.get_stock_latest_quote(StockLatestQuoteRequest(symbol_or_symbols="IBM"))["IBM"]
    assert (quote.bid_price, quote.ask_price) == (ibm.bid[i] / 1e4, ibm.ask[i] / 1e4)
    assert (quote.bid_size, quote.ask_size, quote.conditions) == (ibm.bid_size[i], ibm.ask_size[i], ["R"])
    assert minute_of(quote.timestamp) == ibm.minute_ns[i]
    quotes = lab.data.get_stock_quotes(StockQuotesRequest(symbol_or_symbols="HAND", start=FIRST_DAY)).data["HAND"]
    assert len(quotes) == 6 and (quotes[0].bid_price, quotes[0].ask_price) == (99.99, 100.01)
    assert {tuple(row.conditions) for row in quotes} == {("N",)}  # assumed by the venue: nobody stands there


def test_trade_counts_are_the_files_where_it_has_them(lab: Lab) -> None:
    lab.minutes(30)
    ibm = histories()["IBM"]
    request = StockBarsRequest(symbol_or_symbols=["IBM", "HAND"], timeframe=TimeFrame.Minute, start=FIRST_DAY)
    found = lab.data.get_stock_bars(request).data
    assert [bar.trade_count for bar in found["IBM"]] == ibm.trades[: len(found["IBM"])].tolist()
    assert {bar.trade_count for bar in found["HAND"]} == {0}
    hours = StockBarsRequest(symbol_or_symbols="IBM", timeframe=TimeFrame.Day, start=FIRST_DAY)
    first = ibm.minute_ns < SESSIONS.sessions[0].close_ns
    assert lab.data.get_stock_bars(hours).data["IBM"][0].trade_count == ibm.trades[first].sum()


def test_trades_latest_and_snapshots(lab: Lab) -> None:
    lab.minutes(3)
    trades = lab.data.get_stock_trades(StockTradesRequest(symbol_or_symbols="HAND", start=FIRST_DAY)).data["HAND"]
    assert [(trade.price, trade.size) for trade in trades] == [(100.0, 1000)] * 3
    assert lab.data.get_stock_latest_trade(StockLatestTradeRequest(symbol_or_symbols="HAND"))["HAND"] == trades[-1]
    bar = lab.data.get_stock_latest_bar(StockLatestBarRequest(symbol_or_symbols=["HAND", "NOPE"]))
    assert list(bar) == ["HAND"] and minute_of(bar["HAND"].timestamp) == TRADED.open_ns + 2 * MINUTE_NS
    snapshot = lab.data.get_stock_snapshot(StockSnapshotRequest(symbol_or_symbols=["HAND", "SPY"]))
    assert snapshot["HAND"].minute_bar == bar["HAND"] and snapshot["HAND"].previous_daily_bar is None
    assert snapshot["SPY"].previous_daily_bar is not None and snapshot["SPY"].daily_bar is not None
    assert lab.http.get("/v2/stocks/HAND/snapshot").json()["latestTrade"]["p"] == 100.0
    assert lab.http.get("/v2/stocks/HAND/bars/latest").json()["bar"]["c"] == 100.0


def test_screener_ranks_the_day_so_far(lab: Lab) -> None:
    lab.minutes(60)
    actives = lab.screener.get_most_actives(MostActivesRequest(top=3)).most_actives
    market, now_ns = lab.simulator.market, lab.simulator.now_ns
    volumes = {s: int(market.day(s, now_ns).volume[0]) for s in market.symbols}
    assert [(row.symbol, row.volume) for row in actives] == sorted(volumes.items(), key=lambda row: -row[1])[:3]
    (by_trades,) = lab.screener.get_most_actives(MostActivesRequest(top=1, by=MostActivesBy.TRADES)).most_actives
    assert (by_trades.symbol, by_trades.trade_count) == ("IBM", int(market.day("IBM", now_ns).trades[0]))
    movers = lab.screener.get_market_movers(MarketMoversRequest(top=10))
    assert all(row.percent_change > 0 for row in movers.gainers) and all(row.percent_change < 0 for row in movers.losers)
    assert {row.symbol for row in (*movers.gainers, *movers.losers)} == {"AIG", "BAC", "IBM", "SPY"}


def test_news_and_corporate_actions_are_empty(lab: Lab) -> None:
    assert NewsClient("key", "secret", url_override=lab.server.url).get_news(NewsRequest(symbols="SPY")).data == {"news": []}
    actions = CorporateActionsClient("key", "secret", url_override=lab.server.url)
    assert not any(actions.get_corporate_actions(CorporateActionsRequest(symbols=["SPY"])).data.values())


def test_wrong_queries_are_refused(lab: Lab) -> None:
    for query in (
        {"symbols": "SPY", "timeframe": "61Min"},
        {"symbols": "SPY", "timeframe": "1Min", "limit": "10001"},
        {"timeframe": "1Min"},
        {"symbols": "SPY", "timeframe": "1Min", "page_token": "!"},
    ):
        assert lab.http.get("/v2/stocks/bars", params=query).status_code == 400
    assert lab.http.get("/v2/stocks/bars", params={"symbols": "SPY", "timeframe": "1Min", "start": "soon"}).status_code == 422
    with pytest.raises(APIError):
        lab.screener.get_most_actives(MostActivesRequest(top=101))
