"""Starting, stopping and opening the door of the simulated Alpaca."""

from __future__ import annotations

import json
import threading
import time

import httpx
import pytest
import websockets
from alpaca.common.exceptions import APIError
from alpaca.trading.client import TradingClient
from alpaca.trading.requests import MarketOrderRequest

from tests.contract.sim_alpaca.conftest import SESSIONS, TRADED, histories, start
from tradebot.core.domain.faults import OperatorFault
from tradebot.sim.alpaca_server.server import ServerThread, bind, serve
from tradebot.sim.venue_config import VenueConfig


def test_wrong_keys_are_refused_with_401() -> None:
    with start(key="right", secret="pair") as server:
        assert TradingClient("right", "pair", url_override=server.url).get_account().cash == "100000"
        with pytest.raises(APIError) as caught:
            TradingClient("right", "wrong", url_override=server.url).get_account()
        assert (caught.value.status_code, caught.value.code) == (401, 40110000)
        assert httpx.get(f"{server.url}/v2/clock").status_code == 401


async def test_wrong_keys_are_refused_on_the_streams() -> None:
    with start(key="right", secret="pair") as server:
        async with websockets.connect(f"{server.ws_url}/v2/iex") as socket:
            await socket.recv()
            await socket.send(json.dumps({"action": "auth", "key": "right", "secret": "wrong"}))
            assert json.loads(await socket.recv())[0]["code"] == 402
        async with websockets.connect(f"{server.ws_url}/stream") as socket:
            await socket.send(json.dumps({"action": "auth", "key": "right", "secret": "wrong"}))
            assert json.loads(await socket.recv())["data"]["status"] == "unauthorized"


def test_taken_port_is_an_operator_fault() -> None:
    with bind("127.0.0.1", 0) as taken, pytest.raises(OperatorFault, match="Cannot listen"):
        serve(histories(), SESSIONS, port=taken.getsockname()[1], start_ns=TRADED.open_ns, speed=0, venue=VenueConfig())


def test_serve_tells_its_port() -> None:
    ports: list[int] = []
    up = threading.Event()

    def ready(port: int) -> None:
        ports.append(port)
        up.set()

    def run() -> None:
        serve(histories(), SESSIONS, port=0, start_ns=TRADED.open_ns, speed=0, venue=VenueConfig(), ready=ready)

    threading.Thread(target=run, daemon=True).start()
    assert up.wait(20)
    headers = {"APCA-API-KEY-ID": "k", "APCA-API-SECRET-KEY": "s"}
    assert httpx.get(f"http://127.0.0.1:{ports[0]}/v2/clock", headers=headers).json()["is_open"]


def test_free_running_clock_moves_by_itself_and_cannot_be_advanced() -> None:
    with start(speed=6000.0) as server:
        client = TradingClient("k", "s", url_override=server.url)
        order = client.submit_order(MarketOrderRequest(symbol="HAND", qty=1, side="buy", time_in_force="day"))
        first = client.get_clock().timestamp
        deadline = time.monotonic() + 10
        while client.get_clock().timestamp <= first and time.monotonic() < deadline:
            time.sleep(0.005)
        assert client.get_clock().timestamp > first
        assert client.get_order_by_id(order.id).filled_qty == "1"
        assert httpx.get(f"{server.url}/sim/frames").json()["now_ns"] > TRADED.open_ns
        assert httpx.post(f"{server.url}/sim/advance", json={"until_ns": 1 << 61}).status_code == 409


def test_two_servers_tell_the_same_story() -> None:
    def story(server: ServerThread) -> list[object]:
        with server, httpx.Client(base_url=server.url, headers={"APCA-API-KEY-ID": "k", "APCA-API-SECRET-KEY": "s"}) as http:
            body = {"symbol": "SPY", "qty": 5, "side": "buy", "type": "market", "time_in_force": "day"}
            placed = http.post("/v2/orders", json=body).json()
            steps = [http.post("/sim/advance", json={"until_ns": TRADED.close_ns}).json() for _ in range(5)]
            del placed["client_order_id"]
            return [placed, steps, http.get("/v2/account").json(), http.get("/v2/account/activities").json()]

    assert story(start()) == story(start())
