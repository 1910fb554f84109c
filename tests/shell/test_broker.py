"""What the adapter makes of every answer and of none: each order at most once, silence is never a refusal."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from tests.shell import scene
from tests.shell.orders import BRACKET, intent
from tests.shell.wire_tap import tapped
from tradebot.core.domain.events import CancelRefused, OrderRefused, OrderReported, ReplyLost
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.orders import OrderStatus
from tradebot.shell.broker import rest as rest_module
from tradebot.shell.broker.alpaca import RESEND_WINDOW_NS, AlpacaBroker
from tradebot.shell.broker.endpoints import Credentials
from tradebot.shell.broker.rest import BrokerUnreachable, Rest

ORDER: dict[str, Any] = {
    "id": "b1",
    "client_order_id": "scene-1-SPY-entry",
    "symbol": "SPY",
    "side": "buy",
    "type": "market",
    "status": "accepted",
    "qty": "5",
    "filled_qty": "0",
    "created_at": "2013-10-09T13:31:00Z",
}
BY_ID = "/v2/orders:by_client_order_id"


@asynccontextmanager
async def adapter(url: str, now_ns: int = 0, secret: str = scene.KEYS.secret) -> AsyncIterator[AlpacaBroker]:
    rest = Rest(url, Credentials(scene.KEYS.key_id, secret))
    try:
        yield AlpacaBroker(rest, lambda: now_ns, absent_pauses_s=(0.01,))
    finally:
        await rest.close()


@pytest.fixture(autouse=True)
def quick_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest_module, "BACKOFF_S", 0.01)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, ORDER, OrderReported),
        (200, "<html>", ReplyLost),
        (200, {"id": "b1"}, ReplyLost),
        (302, {}, ReplyLost),
        (400, {"code": 40010000, "message": "bad"}, OrderRefused),
        (403, {"code": 40310000, "message": "insufficient buying power"}, OrderRefused),
        (403, "<html>forbidden</html>", OrderRefused),
        (422, {"code": 42210000, "message": "invalid limit_price"}, OrderRefused),
        (422, {"code": 40010001, "message": "client_order_id must be unique"}, ReplyLost),
        (408, {}, ReplyLost),
        (429, {"code": 42910000, "message": "slow down"}, ReplyLost),
        (500, {}, ReplyLost),
        (503, "<html>", ReplyLost),
        (504, {}, ReplyLost),
        (0, None, ReplyLost),
    ],
)
async def test_every_answer_to_a_post_has_one_meaning_and_is_never_sent_again(status: int, body: Any, kind: type) -> None:
    with tapped() as tap:
        tap.will("POST", "/v2/orders", (status, body))
        async with adapter(tap.url) as broker:
            event = await broker.submit(intent())
        assert isinstance(event, kind)
        assert len(tap.bodies("POST", "/v2/orders")) == 1


async def test_a_refusal_carries_the_brokers_code_and_words() -> None:
    with tapped() as tap:
        tap.will("POST", "/v2/orders", (403, {"code": 40310000, "message": "insufficient buying power"}))
        async with adapter(tap.url) as broker:
            event = await broker.submit(intent())
    assert isinstance(event, OrderRefused)
    assert (event.code, event.reason) == (40310000, "insufficient buying power")


async def test_a_504_after_acceptance_leaves_one_order_and_the_look_up_finds_it() -> None:
    with scene.market() as server:
        _to_the_open(server.url)
        _arm(server.url, "http_504_after_accept", method="POST", path="/v2/orders")
        async with adapter(server.url) as broker:
            assert isinstance(await broker.submit(intent(bracket=BRACKET)), ReplyLost)
            found = await broker.look_up("scene-1-SPY-entry", intent(bracket=BRACKET))
            orders = await broker.orders("all")
    assert isinstance(found, OrderReported)
    assert (found.report.source, len(found.report.legs)) == ("lookup", 2)
    assert [o.client_order_id for o in orders] == ["scene-1-SPY-entry"]


async def test_the_same_id_twice_is_looked_up_and_not_refused() -> None:
    with scene.market() as server:
        _to_the_open(server.url)
        async with adapter(server.url) as broker:
            first = await broker.submit(intent())
            assert isinstance(await broker.submit(intent()), ReplyLost)
            found = await broker.look_up("scene-1-SPY-entry", None)
    assert isinstance(first, OrderReported)
    assert isinstance(found, OrderReported)
    assert found.report.broker_id == first.report.broker_id


async def test_a_young_order_that_is_absent_twice_is_sent_again_under_the_same_id() -> None:
    with tapped() as tap:
        tap.will("GET", BY_ID, (404, {"code": 40410000, "message": "order not found"}))
        tap.will("POST", "/v2/orders", (200, ORDER))
        async with adapter(tap.url) as broker:
            event = await broker.look_up("scene-1-SPY-entry", intent())
        assert isinstance(event, OrderReported)
        assert len(tap.bodies("GET", BY_ID)) == 2
        assert [b["client_order_id"] for b in tap.bodies("POST", "/v2/orders")] == ["scene-1-SPY-entry"]


async def test_an_early_404_is_not_believed() -> None:
    with tapped() as tap:
        tap.will("GET", BY_ID, (404, {}), (200, ORDER))
        tap.will("GET", "/v2/orders/b1", (200, ORDER))
        async with adapter(tap.url) as broker:
            assert isinstance(await broker.look_up("scene-1-SPY-entry", intent()), OrderReported)
        assert tap.bodies("POST", "/v2/orders") == []


@pytest.mark.parametrize("known", [True, False])
async def test_an_old_or_unknown_order_that_is_absent_is_refused_and_never_sent(known: bool) -> None:
    with tapped() as tap:
        tap.will("GET", BY_ID, (404, {}))
        async with adapter(tap.url, now_ns=RESEND_WINDOW_NS + 1) as broker:
            event = await broker.look_up("scene-1-SPY-entry", intent() if known else None)
        assert isinstance(event, OrderRefused)
        assert tap.bodies("POST", "/v2/orders") == []


async def test_a_look_up_outlives_a_broker_that_is_down() -> None:
    with tapped() as tap:
        tap.will("GET", BY_ID, *[(503, "<html>")] * 9, (200, ORDER))
        tap.will("GET", "/v2/orders/b1", (200, ORDER))
        async with adapter(tap.url) as broker:
            assert isinstance(await broker.look_up("scene-1-SPY-entry", None), OrderReported)


async def test_a_cancel_reports_how_the_order_stands_and_a_refused_one_says_so() -> None:
    with scene.market() as server:
        async with adapter(server.url) as broker:
            sent = await broker.submit(intent())
            assert isinstance(sent, OrderReported)
            (cancelled,) = await broker.cancel(sent.report.broker_id)
            again = await broker.cancel(sent.report.broker_id)
    assert isinstance(cancelled, OrderReported)
    assert cancelled.report.status is OrderStatus.CANCELED
    assert [type(e) for e in again] == [CancelRefused, OrderReported]


async def test_reads_are_repeated_on_a_rate_limit_and_give_up_after_a_cap() -> None:
    with scene.market() as server:
        _arm(server.url, "http_429", method="GET", path="/v2/account", count=1)
        async with adapter(server.url) as broker:
            assert (await broker.account()).cash_units == 1_000_000_000
    with tapped() as tap:
        tap.will("GET", "/v2/positions", (503, "<html>"))
        async with adapter(tap.url) as broker:
            with pytest.raises(BrokerUnreachable, match="HTTP 503"):
                await broker.positions()
        assert len(tap.seen) == rest_module.ATTEMPTS


async def test_wrong_keys_are_the_operators_fault_and_stay_secret() -> None:
    with scene.market() as server:
        async with adapter(server.url, secret="canary-wrong") as broker:
            with pytest.raises(OperatorFault, match="ALPACA_API_KEY") as fault:
                await broker.account()
    assert "canary" not in str(fault.value)


async def test_more_orders_than_a_page_are_all_read() -> None:
    page = [ORDER | {"id": f"b{i}", "submitted_at": f"2013-10-09T13:{i // 60:02d}:{i % 60:02d}Z"} for i in range(600)]
    with tapped() as tap:
        # The boundary order comes twice, as it may when the next page starts at its time.
        tap.will("GET", "/v2/orders", (200, page[:500]), (200, page[499:]))
        async with adapter(tap.url) as broker:
            assert len(await broker.orders("all", 0)) == 600


def _arm(url: str, name: str, **options: Any) -> None:
    httpx.post(f"{url}/sim/faults", json={"name": name, **options}, headers=scene.KEYS.headers()).raise_for_status()


def _to_the_open(url: str) -> None:
    session = scene.sessions().on(scene.DAY)
    assert session is not None
    now_ns = 0
    while now_ns < session.open_ns + 60 * 10**9:
        answer = httpx.post(f"{url}/sim/advance", json={"until_ns": session.open_ns + 60 * 10**9}, headers=scene.KEYS.headers())
        now_ns = answer.raise_for_status().json()["now_ns"]
