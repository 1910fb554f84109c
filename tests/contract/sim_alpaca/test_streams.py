"""TradingStream and StockDataStream, unmodified, and plain sockets in the dialects that the SDK does not speak."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import msgpack
import numpy as np
import websockets
from alpaca.data.models import Bar, Quote, Trade
from alpaca.trading.enums import OrderSide, TimeInForce
from alpaca.trading.models import TradeUpdate
from alpaca.trading.requests import MarketOrderRequest

from tests.contract.sim_alpaca.conftest import MINUTE_NS, TRADED, Lab, histories, running, until

CHANNELS = {"trades", "quotes", "bars", "updatedBars", "dailyBars", "statuses", "lulds", "corrections", "cancelErrors"}


def buy(lab: Lab, qty: int = 10) -> None:
    lab.trading.submit_order(MarketOrderRequest(symbol="HAND", qty=qty, side=OrderSide.BUY, time_in_force=TimeInForce.DAY))


async def test_trade_updates_reach_the_sdk(lab: Lab) -> None:
    got: list[TradeUpdate] = []

    async def keep(update: TradeUpdate) -> None:
        got.append(update)

    stream = lab.trade_stream()
    stream.subscribe_trade_updates(keep)
    async with running(stream, lambda: lab.simulator.trade_stream._listening):
        buy(lab)
        lab.trading.close_position("HAND")
        await until(lambda: len(got) >= 4)
        assert lab.http.get("/sim/frames").json()["frames"]["trade_updates"] == 4
    assert [update.event for update in got] == ["new", "fill", "new", "fill"]
    fill = got[1]
    assert (fill.price, fill.qty, fill.position_qty, fill.order.filled_avg_price) == (100.01, 10, 10, "100.01")
    assert fill.timestamp.timestamp() == TRADED.open_ns / 1e9 and fill.execution_id is not None
    assert got[3].position_qty == 0


async def test_minutes_reach_the_sdk_in_one_frame_each(lab: Lab) -> None:
    got: dict[str, list[Any]] = {"bars": [], "trades": [], "quotes": [], "days": []}

    def keeper(name: str):  # type: ignore[no-untyped-def]
        async def keep(row: Any) -> None:
            got[name].append(row)

        return keep

    stream = lab.data_stream()
    stream.subscribe_bars(keeper("bars"), "*")
    stream.subscribe_trades(keeper("trades"), "HAND")
    stream.subscribe_quotes(keeper("quotes"), "IBM")
    stream.subscribe_daily_bars(keeper("days"), "HAND")
    feeds = lab.simulator.data_stream._listeners
    async with running(stream, lambda: "iex" in feeds and feeds["iex"].channels["bars"]):
        body = await asyncio.to_thread(lab.minutes, 3)
        assert body["frames"]["data"] == 3
        end_ns = TRADED.open_ns + 3 * MINUTE_NS
        expected = sum(int(((b.minute_ns >= TRADED.open_ns) & (b.minute_ns < end_ns)).sum()) for b in histories().values())
        await until(lambda: len(got["bars"]) == expected and len(got["days"]) == 3)
    assert all(isinstance(bar, Bar) for bar in got["bars"])
    hand = [bar for bar in got["bars"] if bar.symbol == "HAND"]
    assert [int(bar.timestamp.timestamp()) * 10**9 for bar in hand] == [TRADED.open_ns + n * MINUTE_NS for n in range(3)]
    assert [(type(trade), trade.price) for trade in got["trades"]] == [(Trade, 100.0)] * 3
    assert all(isinstance(quote, Quote) for quote in got["quotes"])
    ibm = histories()["IBM"]
    at = [int(i) for i in np.flatnonzero((ibm.minute_ns > TRADED.open_ns) & (ibm.minute_ns <= end_ns))]
    told = [(int(q.timestamp.timestamp()) * 10**9, q.bid_price, q.ask_price, q.bid_size, q.ask_size) for q in got["quotes"]]
    assert told == [(ibm.minute_ns[i], ibm.bid[i] / 1e4, ibm.ask[i] / 1e4, ibm.bid_size[i], ibm.ask_size[i]) for i in at]
    assert [bar.trade_count for bar in got["bars"] if bar.symbol == "IBM"] == [
        ibm.trades[i] for i in np.flatnonzero((ibm.minute_ns >= TRADED.open_ns) & (ibm.minute_ns < end_ns))
    ]
    assert [day.volume for day in got["days"]] == [1000, 2000, 3000]


async def test_the_quote_of_a_sessions_first_minute_goes_out_at_the_open(night: Lab) -> None:
    """Nobody traded before, so no bar ends at that instant."""
    async with websockets.connect(f"{night.server.ws_url}/v2/iex") as socket:
        await socket.recv()
        await socket.send(json.dumps({"action": "auth", "key": "k", "secret": "s"}))
        await socket.recv()
        await socket.send(json.dumps({"action": "subscribe", "quotes": ["IBM"]}))
        await socket.recv()
        frames = await asyncio.to_thread(night.advance_to, TRADED.open_ns + MINUTE_NS - 1)
        (quote,) = json.loads(await socket.recv())
        assert (quote["T"], quote["S"], quote["t"]) == ("q", "IBM", "2013-10-08T13:30:00Z")
        assert frames["frames"]["data"] == 1


async def test_json_dialect_and_subscription_sets(lab: Lab) -> None:
    async with websockets.connect(f"{lab.server.ws_url}/v2/sip") as socket:
        assert json.loads(await socket.recv()) == [{"T": "success", "msg": "connected"}]
        await socket.send(json.dumps({"action": "subscribe", "bars": ["SPY"]}))
        assert json.loads(await socket.recv())[0]["code"] == 401
        await socket.send(json.dumps({"action": "auth", "key": "k", "secret": "s"}))
        assert json.loads(await socket.recv()) == [{"T": "success", "msg": "authenticated"}]
        await socket.send(json.dumps({"action": "auth", "key": "k", "secret": "s"}))
        assert json.loads(await socket.recv())[0]["code"] == 403
        await socket.send(json.dumps({"action": "subscribe", "bars": ["SPY", "HAND"], "trades": ["HAND"]}))
        (subscribed,) = json.loads(await socket.recv())
        assert set(subscribed) == {"T", *CHANNELS}
        assert (subscribed["bars"], subscribed["trades"], subscribed["corrections"]) == (["HAND", "SPY"], ["HAND"], ["HAND"])
        await socket.send(json.dumps({"action": "unsubscribe", "bars": ["SPY"], "trades": ["HAND"]}))
        (subscribed,) = json.loads(await socket.recv())
        assert (subscribed["bars"], subscribed["trades"]) == (["HAND"], [])
        await socket.send("{")
        assert json.loads(await socket.recv())[0]["code"] == 400
        lab.minutes(1)
        (bar,) = json.loads(await socket.recv())
        assert (bar["T"], bar["S"], bar["t"], bar["c"]) == ("b", "HAND", "2013-10-08T13:30:00Z", 100.0)
        lab.http.post("/sim/status", json={"symbol": "HAND", "code": "H", "message": "Trading Halt", "reason": "T1"})
        await socket.send(json.dumps({"action": "subscribe", "statuses": ["HAND"]}))
        await socket.recv()
        lab.http.post("/sim/status", json={"symbol": "HAND", "code": "T", "message": "Trading Resumption", "reason": ""})
        (status,) = json.loads(await socket.recv())
        assert (status["T"], status["sc"]) == ("s", "T")


async def test_msgpack_dialect_has_timestamps_and_header_authentication(lab: Lab) -> None:
    headers = {"Content-Type": "application/msgpack", "APCA-API-KEY-ID": "k", "APCA-API-SECRET-KEY": "s"}
    async with websockets.connect(f"{lab.server.ws_url}/v2/test", additional_headers=headers) as socket:
        assert msgpack.unpackb(await socket.recv()) == [{"T": "success", "msg": "connected"}]
        assert msgpack.unpackb(await socket.recv()) == [{"T": "success", "msg": "authenticated"}]
        packed = msgpack.packb({"action": "subscribe", "bars": ["*"]})
        await socket.send([packed[:3], packed[3:]])  # fragments of one message
        assert msgpack.unpackb(await socket.recv())[0]["bars"] == ["*"]
        lab.minutes(1)
        bars = msgpack.unpackb(await socket.recv())
        assert bars[0]["t"] == msgpack.Timestamp(TRADED.open_ns // 10**9, 0)


async def test_one_data_connection_per_feed(lab: Lab) -> None:
    login = json.dumps({"action": "auth", "key": "k", "secret": "s"})
    async with websockets.connect(f"{lab.server.ws_url}/v2/iex") as first, websockets.connect(f"{lab.server.ws_url}/v2/iex") as second:
        answers = []
        for socket in (first, second):
            await socket.recv()
            await socket.send(login)
            answers.append(json.loads(await socket.recv())[0])
        assert (answers[0]["T"], answers[1]["code"]) == ("success", 406)
    await until(lambda: not lab.simulator.data_stream._listeners)
    async with websockets.connect(f"{lab.server.ws_url}/v2/iex") as third:
        await third.recv()
        await third.send(login)
        assert json.loads(await third.recv())[0]["T"] == "success"


async def test_trade_stream_speaks_both_dialects_in_binary_json(lab: Lab) -> None:
    for login in (
        {"action": "authenticate", "data": {"key_id": "k", "secret_key": "s"}},
        {"action": "auth", "key": "k", "secret": "s"},
    ):
        async with websockets.connect(f"{lab.server.ws_url}/stream") as socket:
            await socket.send(json.dumps({"action": "listen", "data": {"streams": ["trade_updates"]}}))
            assert "error" in json.loads(await socket.recv())["data"]
            await socket.send(json.dumps(login))
            frame = await socket.recv()
            assert isinstance(frame, bytes)
            assert json.loads(frame) == {"stream": "authorization", "data": {"status": "authorized", "action": "authenticate"}}
            await socket.send(json.dumps({"action": "listen", "data": {"streams": ["trade_updates", "nonsense"]}}))
            assert json.loads(await socket.recv()) == {"stream": "listening", "data": {"streams": ["trade_updates"]}}
            buy(lab)
            assert json.loads(await socket.recv())["data"]["event"] == "new"
            assert json.loads(await socket.recv())["data"]["event"] == "fill"
        await until(lambda: lab.simulator.trade_stream.socket is None)


async def test_second_trade_connection_gets_http_429(lab: Lab) -> None:
    async with websockets.connect(f"{lab.server.ws_url}/stream"):
        try:
            await websockets.connect(f"{lab.server.ws_url}/stream")
        except websockets.InvalidStatus as error:
            assert error.response.status_code == 429
        else:
            raise AssertionError("a second connection was accepted")
