"""Every fault switch, seen through the client that it is meant to trouble."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest
import websockets
from alpaca.common.exceptions import APIError
from alpaca.trading.enums import OrderSide, OrderStatus, TimeInForce
from alpaca.trading.requests import LimitOrderRequest, MarketOrderRequest, ReplaceOrderRequest

from tests.contract.sim_alpaca.conftest import MINUTE_NS, TRADED, Lab
from tradebot.sim.alpaca_server.faults import NAMES
from tradebot.sim.alpaca_server.storm import KINDS, Storm

LOGIN = json.dumps({"action": "auth", "key": "k", "secret": "s"})


def order(**more: Any) -> MarketOrderRequest:
    return MarketOrderRequest(symbol="HAND", qty=10, side=OrderSide.BUY, time_in_force=TimeInForce.DAY, **more)


def resting(price: float = 90.0) -> LimitOrderRequest:
    return LimitOrderRequest(symbol="HAND", qty=10, side=OrderSide.BUY, time_in_force=TimeInForce.DAY, limit_price=price)


async def data_socket(lab: Lab, *channels: str) -> websockets.ClientConnection:
    socket = await websockets.connect(f"{lab.server.ws_url}/v2/iex")
    await socket.recv()
    await socket.send(LOGIN)
    await socket.recv()
    await socket.send(json.dumps({"action": "subscribe", **{channel: ["HAND"] for channel in channels or ("bars",)}}))
    await socket.recv()
    return socket


async def trade_socket(lab: Lab) -> websockets.ClientConnection:
    socket = await websockets.connect(f"{lab.server.ws_url}/stream")
    await socket.send(LOGIN)
    await socket.recv()
    await socket.send(json.dumps({"action": "listen", "data": {"streams": ["trade_updates"]}}))
    await socket.recv()
    return socket


async def events(socket: websockets.ClientConnection, count: int) -> list[str]:
    return [json.loads(await socket.recv())["data"]["event"] for _ in range(count)]


def test_the_switchboard(lab: Lab) -> None:
    assert lab.http.post("/sim/faults", json={"name": "gremlins"}).status_code == 422
    lab.arm("http_429", 2, path="/v2/clock")
    assert lab.http.get("/sim/faults").json() == [{"name": "http_429", "count": 2, "struck": 0, "path": "/v2/clock"}]
    lab.http.delete("/sim/faults")
    assert lab.http.get("/sim/faults").json() == []
    assert set(KINDS) <= NAMES


def test_504_after_accept_leaves_an_order_behind(lab: Lab) -> None:
    lab.arm("http_504_after_accept", method="POST", path="/v2/orders")
    with pytest.raises(APIError) as caught:
        lab.trading.submit_order(order(client_order_id="lost"))
    assert caught.value.status_code == 504
    assert lab.trading.get_order_by_client_id("lost").filled_qty == "10"


def test_429_carries_rate_limit_headers(lab: Lab) -> None:
    lab.arm("http_429")
    answer = lab.http.get("/v2/account")
    assert answer.status_code == 429 and answer.json()["code"] == 42910000
    assert {"x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"} <= set(answer.headers)
    assert lab.http.get("/v2/account").status_code == 200


def test_503_is_html(lab: Lab) -> None:
    lab.arm("http_503_html")
    with pytest.raises(APIError) as caught:
        lab.trading.submit_order(order())
    assert caught.value.status_code == 503
    with pytest.raises(json.JSONDecodeError):
        _ = caught.value.code
    assert lab.trading.get_orders() == [] and lab.trading.get_all_positions() == []


def test_hang_never_answers(lab: Lab) -> None:
    lab.arm("http_hang", path="/v2/positions")
    with pytest.raises(httpx.ReadTimeout):
        lab.http.get("/v2/positions", timeout=0.2)
    assert lab.http.get("/v2/positions").json() == []


@pytest.mark.parametrize("code", [406, 409])
async def test_data_stream_refuses_authentication(lab: Lab, code: int) -> None:
    lab.arm(f"data_{code}")
    async with websockets.connect(f"{lab.server.ws_url}/v2/iex") as socket:
        await socket.recv()
        await socket.send(LOGIN)
        assert json.loads(await socket.recv())[0]["code"] == code
        await socket.send(LOGIN)
        assert json.loads(await socket.recv())[0]["T"] == "success"


async def test_406_can_hold(lab: Lab) -> None:
    lab.arm("data_406", hold_s=0.3)
    codes: list[int | None] = []
    async with websockets.connect(f"{lab.server.ws_url}/v2/iex") as socket:
        await socket.recv()
        while codes[-1:] != [None]:
            await socket.send(LOGIN)
            codes.append(json.loads(await socket.recv())[0].get("code"))
            await asyncio.sleep(0.05)
    assert len(codes) > 2 and set(codes[:-1]) == {406}


async def test_sdk_ends_quietly_on_insufficient_subscription(lab: Lab) -> None:
    async def ignore(row: object) -> None: ...

    lab.arm("data_409")
    stream = lab.data_stream()
    stream.subscribe_bars(ignore, "HAND")
    await asyncio.wait_for(stream._run_forever(), 10)


async def test_405_leaves_the_subscriptions_alone(lab: Lab) -> None:
    async with await data_socket(lab) as socket:
        lab.arm("data_405")
        await socket.send(json.dumps({"action": "subscribe", "bars": ["SPY"]}))
        assert json.loads(await socket.recv())[0]["code"] == 405
        assert lab.simulator.data_stream._listeners["iex"].channels["bars"] == {"HAND"}


async def test_407_then_close(lab: Lab) -> None:
    async with await data_socket(lab) as socket:
        lab.arm("data_407")
        lab.minutes(1)
        assert json.loads(await socket.recv())[0]["code"] == 407
        with pytest.raises(websockets.ConnectionClosedOK):
            await socket.recv()


async def test_mute_data_socket_stays_open_and_is_not_counted(lab: Lab) -> None:
    async with await data_socket(lab) as socket:
        lab.arm("data_mute", 2)
        assert lab.minutes(2)["frames"]["data"] == 0
        assert lab.minutes(1)["frames"]["data"] == 1
        assert json.loads(await socket.recv())[0]["t"] == "2013-10-08T13:32:00Z"


@pytest.mark.parametrize(("name", "closed"), [("close", websockets.ConnectionClosedOK), ("abort", websockets.ConnectionClosedError)])
async def test_data_socket_closes_cleanly_or_abruptly(lab: Lab, name: str, closed: type[Exception]) -> None:
    async with await data_socket(lab) as socket:
        lab.arm(f"data_{name}")
        assert lab.minutes(1)["frames"]["data"] == 0
        with pytest.raises(closed):
            await socket.recv()


@pytest.mark.parametrize(("name", "closed"), [("close", websockets.ConnectionClosedOK), ("abort", websockets.ConnectionClosedError)])
async def test_trade_socket_closes_and_the_sdk_comes_back(lab: Lab, name: str, closed: type[Exception]) -> None:
    async with await trade_socket(lab) as socket:
        lab.arm(f"trade_{name}")
        lab.trading.submit_order(order())
        with pytest.raises(closed):
            await socket.recv()
    async with await trade_socket(lab) as again:
        lab.trading.close_position("HAND")
        assert await events(again, 2) == ["new", "fill"]


async def test_mute_trade_socket(lab: Lab) -> None:
    async with await trade_socket(lab) as socket:
        lab.arm("trade_mute", 2)
        lab.trading.submit_order(order())
        lab.trading.close_position("HAND")
        assert await events(socket, 2) == ["new", "fill"]
        assert lab.simulator.trade_stream.frames == 2


async def test_trade_updates_dropped_duplicated_and_reordered(lab: Lab) -> None:
    async with await trade_socket(lab) as socket:
        lab.arm("trade_drop", event="new")
        lab.trading.submit_order(order())
        assert await events(socket, 1) == ["fill"]
        lab.arm("trade_duplicate", event="fill")
        lab.trading.submit_order(order())
        assert await events(socket, 3) == ["new", "fill", "fill"]
        lab.arm("trade_reorder")
        lab.trading.submit_order(order())
        assert await events(socket, 2) == ["fill", "new"]


async def test_unknown_enums(lab: Lab) -> None:
    lab.trading.submit_order(order())
    for where, call in (
        ("account", lab.trading.get_account),
        ("position", lab.trading.get_all_positions),
        ("order", lambda: lab.trading.submit_order(resting())),
    ):
        lab.arm("unknown_enum", where=where)
        with pytest.raises(ValueError, match="enum"):
            call()
    async with await trade_socket(lab) as socket:
        lab.arm("unknown_enum", where="trade_update")
        lab.trading.submit_order(order())
        statuses = [json.loads(await socket.recv())["data"]["order"]["status"] for _ in range(2)]
        assert statuses == ["quantum_entangled", "filled"]


def test_positions_lag_orders(lab: Lab) -> None:
    placed = lab.trading.submit_order(order())
    lab.arm("positions_lag", 2, lag_s=10)
    assert lab.trading.get_order_by_id(placed.id).status is OrderStatus.FILLED
    assert lab.trading.get_all_positions() == []
    lab.advance_to(TRADED.open_ns + 10 * 10**9)
    assert [p.qty for p in lab.trading.get_all_positions()] == ["10"]


def test_stuck_pending_cancel(lab: Lab) -> None:
    placed = lab.trading.submit_order(resting(99.0))
    lab.arm("stuck_pending_cancel")
    lab.trading.cancel_order_by_id(placed.id)
    assert lab.trading.get_order_by_id(placed.id).status is OrderStatus.PENDING_CANCEL
    lab.minutes(61)  # and it still fills when the price comes
    assert lab.trading.get_order_by_id(placed.id).status is OrderStatus.FILLED


async def test_replacement_loses_to_the_fill(lab: Lab) -> None:
    async with await trade_socket(lab) as socket:
        old = lab.trading.submit_order(resting())
        lab.arm("replace_lost_to_fill")
        new = lab.trading.replace_order_by_id(old.id, ReplaceOrderRequest(limit_price=91))
        assert await events(socket, 3) == ["new", "fill", "rejected"]
    assert lab.trading.get_order_by_id(old.id).status is OrderStatus.FILLED
    assert lab.trading.get_order_by_id(new.id).status is OrderStatus.REJECTED


async def test_late_updated_bar(lab: Lab) -> None:
    async with await data_socket(lab, "bars", "updatedBars") as socket:
        lab.arm("late_updated_bar", symbol="HAND")
        lab.advance_to(TRADED.open_ns + MINUTE_NS + 30 * 10**9)
        first, whole = json.loads(await socket.recv())[0], json.loads(await socket.recv())[0]
        assert (first["T"], first["v"], whole["T"], whole["v"]) == ("b", 500, "u", 1000)
        assert first["t"] == whole["t"]


async def test_dropped_bar_stands_in_the_history_and_missing_minute_does_not(lab: Lab) -> None:
    async with await data_socket(lab) as socket:
        lab.arm("data_bar_drop", symbol="HAND")
        lab.minutes(1)
        lab.arm("missing_minute", symbol="HAND")
        lab.minutes(2)
        assert json.loads(await socket.recv())[0]["t"] == "2013-10-08T13:32:00Z"
    rows = lab.http.get("/v2/stocks/HAND/bars", params={"timeframe": "1Min", "start": "2013-10-08"}).json()["bars"]
    assert [row["t"][14:16] for row in rows] == ["30", "32"]


async def test_slow_client_is_cut_off(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tradebot.sim.alpaca_server.sockets.QUEUE_FRAMES_MAX", 1)
    async with await trade_socket(lab) as socket:
        lab.trading.submit_order(order())  # two updates at once
        with pytest.raises(websockets.ConnectionClosedError):
            await events(socket, 2)


def test_a_request_may_be_carried_out_and_its_connection_reset(lab: Lab) -> None:
    for name, orders in (("http_abort", 0), ("http_abort_after_accept", 1)):
        lab.arm(name, method="POST", path="/v2/orders")
        body = {"symbol": "HAND", "qty": "10", "side": "buy", "type": "market", "time_in_force": "day"}
        with pytest.raises(httpx.TransportError):
            lab.http.post("/v2/orders", json=body)
        assert len(lab.simulator.venue.orders) == orders


def test_an_answer_may_end_in_the_middle(lab: Lab) -> None:
    lab.arm("http_cut_json", path="/v2/account")
    cut = lab.http.get("/v2/account")
    assert cut.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        cut.json()
    assert lab.http.get("/v2/account").json()["status"] == "ACTIVE"


def test_a_storm_strikes_at_its_rate_and_the_same_seed_strikes_the_same(lab: Lab) -> None:
    storm = {"seed": 7, "rate": 0.25, "faults": [{"name": "http_429"}, {"name": "http_503_html", "path": "/v2/account"}]}
    heard: list[list[int]] = []
    for _ in range(2):
        lab.http.post("/sim/storm", json=storm).raise_for_status()
        heard.append([lab.http.get("/v2/clock").status_code for _ in range(700)])
    assert heard[0] == heard[1]
    assert 10 <= heard[0].count(429) <= 45  # two of the seven kinds that share an answer: 700 * 0.25 / 7 = 25 each
    assert heard[0].count(503) == 0
    [limited, _] = lab.http.get("/sim/faults").json()
    assert (limited["name"], limited["chances"], limited["struck"]) == ("http_429", 700, heard[0].count(429))
    lab.http.delete("/sim/faults")
    assert lab.http.get("/v2/clock").status_code == 200


def test_no_kind_s_luck_hangs_on_another_s() -> None:
    alone, among = Storm.of(3, 0.5, [{"name": "trade_drop"}]), Storm.of(3, 0.5, [{"name": "trade_drop"}, {"name": "positions_lag"}])
    drawn = [[storm.take("trade_drop", {"event": "fill"}) is not None for _ in range(50)] for storm in (alone, among)]
    assert drawn[0] == drawn[1]
    assert True in drawn[0]


@pytest.mark.parametrize("storm", [{"rate": 2}, {"rate": "x"}, {"seed": "x"}, {"faults": [{"name": "gremlins"}]}, {"faults": "all"}])
def test_a_storm_that_cannot_be_is_refused(lab: Lab, storm: dict[str, Any]) -> None:
    assert lab.http.post("/sim/storm", json=storm).status_code == 422


def test_a_stuck_cancel_may_be_carried_out_later(lab: Lab) -> None:
    lab.arm("stuck_pending_cancel", for_s=40)
    placed = lab.trading.submit_order(resting())
    lab.trading.cancel_order_by_id(placed.id)
    assert lab.trading.get_order_by_id(placed.id).status is OrderStatus.PENDING_CANCEL
    lab.advance_to(lab.simulator.now_ns + 39 * 10**9)
    assert lab.trading.get_order_by_id(placed.id).status is OrderStatus.PENDING_CANCEL
    lab.advance_to(lab.simulator.now_ns + 10**9)
    assert lab.trading.get_order_by_id(placed.id).status is OrderStatus.CANCELED
