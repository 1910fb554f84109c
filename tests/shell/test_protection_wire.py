"""Protection over the wire: an OCO and a replaced leg at the simulated Alpaca, replies that are lost, and a day of rising stops."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.shell import scene
from tests.shell.orders import BRACKET, intent
from tests.shell.test_broker import BY_ID, ORDER, adapter
from tests.shell.wire_tap import tapped
from tradebot.core.config_text import config_text
from tradebot.core.domain.bars import market_grid
from tradebot.core.domain.commands import Command, ReplaceOrder, SubmitOrder
from tradebot.core.domain.events import Event, MinuteClosed, OrderRefused, OrderReported, ReplyLost
from tradebot.core.domain.orders import OrderIntent, OrderKind, OrderReport, OrderStatus, Role, Side
from tradebot.core.engine import Engine
from tradebot.shell.broker import rest as rest_module
from tradebot.shell.daemon import run_daemon
from tradebot.shell.feeds.warm_up import warm_up_from
from tradebot.sim.driver import Simulation
from tradebot.sim.venue import Venue
from tradebot.sim.venue_config import VenueConfig

SESSION = scene.sessions().on(scene.DAY)
assert SESSION is not None
OPEN_NS = SESSION.open_ns


@pytest.fixture(autouse=True)
def quick_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest_module, "BACKOFF_S", 0.01)


def advance(url: str, minutes: int) -> None:
    """Until so many minutes after the open."""
    now_ns, to_ns = 0, OPEN_NS + minutes * 60 * 10**9
    while now_ns < to_ns:
        answer = httpx.post(f"{url}/sim/advance", json={"until_ns": to_ns}, headers=scene.KEYS.headers())
        now_ns = answer.raise_for_status().json()["now_ns"]


def reported(event: Event) -> OrderReport:
    assert isinstance(event, OrderReported), event
    return event.report


def replacement(of: str, stop_units: int, name: str = "scene-1-SPY-entry-protect1") -> OrderIntent:
    return intent(name, side=Side.SELL, role=Role.STOP, kind=OrderKind.STOP, stop_units=stop_units, replaces=of)


async def test_a_brackets_stop_is_replaced_and_its_target_stays() -> None:
    with scene.market() as server:
        advance(server.url, 1)
        async with adapter(server.url) as broker:
            parent = reported(await broker.submit(intent(bracket=BRACKET))).broker_id
            advance(server.url, 2)
            target, stop = reported((await broker.standing(parent))[0]).legs
            new = reported(await broker.submit(replacement(stop.broker_id, 1_630_000)))
            old = reported((await broker.standing(stop.broker_id))[0])
            legs = reported((await broker.standing(parent))[0]).legs
    assert (new.replaces, new.client_order_id, new.stop_units) == (stop.broker_id, "scene-1-SPY-entry-protect1", 1_630_000)
    assert (old.status, old.replaced_by) == (OrderStatus.REPLACED, new.broker_id)
    assert [(leg.broker_id, leg.status) for leg in legs] == [(target.broker_id, OrderStatus.NEW), (new.broker_id, OrderStatus.NEW)]


async def test_an_oco_is_a_target_with_its_stop_and_one_cancels_the_other() -> None:
    with scene.market() as server:
        advance(server.url, 1)
        async with adapter(server.url) as broker:
            await broker.submit(intent())
            advance(server.url, 2)
            oco = intent("scene-1-SPY-entry-protect1", side=Side.SELL, role=Role.TARGET, kind=OrderKind.LIMIT, bracket=BRACKET)
            placed = reported(await broker.submit(oco))
            report = reported((await broker.standing(placed.broker_id))[0])
            await broker.cancel(placed.broker_id)
            after = reported((await broker.standing(placed.broker_id))[0])
    (stop,) = report.legs
    assert (report.kind, report.limit_units, stop.kind, stop.stop_units) == (
        OrderKind.LIMIT, BRACKET.target_units, OrderKind.STOP, BRACKET.stop_units,
    )  # fmt: skip
    assert (after.status, after.legs[0].status) == (OrderStatus.CANCELED, OrderStatus.CANCELED)


async def test_a_replacement_without_a_reply_is_looked_up_and_never_sent_again() -> None:
    wanted = replacement("b1", 1_630_000)
    with tapped() as tap:
        tap.will("PATCH", "/v2/orders/b1", (0, None))
        tap.will("GET", BY_ID, (404, {"code": 40410000, "message": "order not found"}))
        async with adapter(tap.url) as broker:
            assert isinstance(await broker.submit(wanted), ReplyLost)
            assert isinstance(await broker.look_up(wanted.client_order_id, wanted), OrderRefused)
        assert len(tap.bodies("PATCH", "/v2/orders/b1")) == 1
        assert tap.bodies("POST", "/v2/orders") == []
        tap.will("GET", BY_ID, (200, ORDER | {"id": "b2", "replaces": "b1"}))
        tap.will("GET", "/v2/orders/b2", (200, ORDER | {"id": "b2", "replaces": "b1"}))
        async with adapter(tap.url) as broker:
            assert reported(await broker.look_up(wanted.client_order_id, wanted)).replaces == "b1"


@pytest.mark.parametrize(("status", "kind"), [(422, OrderRefused), (404, OrderRefused), (504, ReplyLost), (429, ReplyLost)])
async def test_answers_to_a_replacement_are_read_as_those_to_an_order(status: int, kind: type[Event]) -> None:
    with tapped() as tap:
        tap.will("PATCH", "/v2/orders/b1", (status, {"code": 42210000, "message": 'order is already in "filled" state'}))
        async with adapter(tap.url) as broker:
            assert isinstance(await broker.submit(replacement("b1", 1_630_000)), kind)


# ---- a day


CONFIG = replace(
    scene.engine_config(),
    exits=replace(scene.engine_config().exits, mode="adaptive", stop_fraction=0.004, target_fraction=0.006, stop_atrs=3.0, target_atrs=9.0),
)


PARTS = VenueConfig(cash_usd=100_000, half_spread_bps=1.0, partial_fill_probability=0.95)


class Watch:
    """What was sent, replacements included. With a `url`, a person cancels a leg in the broker's web page now and then."""

    def __init__(self, url: str = "") -> None:
        self.orders: list[OrderIntent] = []
        self.minutes = 0
        self._url = url

    def __call__(self, event: Event, commands: Sequence[Command]) -> None:
        self.orders += [c.intent for c in commands if isinstance(c, SubmitOrder | ReplaceOrder)]
        self.minutes += isinstance(event, MinuteClosed)
        if self._url and isinstance(event, MinuteClosed) and self.minutes % 20 == 0:
            self._cancel_a_leg()

    def _cancel_a_leg(self) -> None:
        rows = httpx.get(f"{self._url}/v2/orders", headers=scene.KEYS.headers()).raise_for_status().json()
        legs = [row["id"] for row in rows if row["side"] == "sell" and row["type"] == "stop"]
        for leg in legs[:1]:
            httpx.delete(f"{self._url}/v2/orders/{leg}", headers=scene.KEYS.headers())


def new_engine(snapshot: bytes | None) -> Engine:
    if snapshot is None:
        return Engine(CONFIG, scene.sessions(), scene.MODELS)
    return Engine.restore(CONFIG, scene.sessions(), scene.MODELS, snapshot)


async def a_day(server: Any, state: Path, watch: Watch, **changes: Any) -> tuple[Any, Watch]:
    parts = scene.parts(server.url, state, engine_factory=new_engine, config=config_text(CONFIG), observer=watch, **changes)
    return await run_daemon(parts), watch


async def test_a_day_of_rising_stops_is_the_same_over_the_wire(tmp_path: Path) -> None:
    with scene.market() as server:
        summary, wire = await a_day(server, tmp_path / "state", Watch())
    assert (summary.differences, summary.positions) == ((), ())

    direct, warm_from_ns = Watch(), warm_up_from(scene.sessions(), scene.start_ns(), scene.WARM_UP_BARS)
    sessions = [s for s in scene.sessions().sessions if s.date <= scene.DAY and s.close_ns > warm_from_ns]
    grid = market_grid([scene.until(scene.DAY)[s] for s in scene.SYMBOLS], sessions)
    venue = Venue(scene.until(scene.DAY), scene.sessions(), scene.start_ns(), scene.VENUE)
    Simulation(new_engine(None), venue, grid, grace_s=scene.GRACE_S, observer=direct, warm_from_ns=warm_from_ns).run("cents")
    assert sum(bool(order.replaces) for order in wire.orders) > 10
    assert {o.client_order_id: o.stop_units for o in wire.orders} == {o.client_order_id: o.stop_units for o in direct.orders}
    assert summary.cash_units == venue.cash_units


async def test_a_day_of_part_fills_cancelled_legs_and_lost_replacements_ends_with_equal_books(tmp_path: Path) -> None:
    with scene.market(venue=PARTS) as server:
        for name, count in (("replace_lost_to_fill", 2), ("http_504_after_accept", 4)):
            fault = {"name": name, "count": count, "method": "PATCH"} if name.startswith("http") else {"name": name, "count": count}
            httpx.post(f"{server.url}/sim/faults", json=fault, headers=scene.KEYS.headers()).raise_for_status()
        summary, wire = await a_day(server, tmp_path / "state", Watch(server.url), poll_s=5.0)
        ledger = server.simulator.venue
    assert (summary.differences, summary.positions) == ((), ())
    assert summary.cash_units == ledger.cash_units
    assert ledger.positions == {}
    sent = [order.client_order_id for order in wire.orders]
    assert len(sent) == len(set(sent))
    assert any(order.replaces for order in wire.orders)
    assert any(order.order_class == "oco" for order in wire.orders)
