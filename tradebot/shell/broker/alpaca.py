"""The broker: sends each order once, never believes silence, and answers every doubt by looking up our own id.

Outcomes of a POST (law 4, WIRE.md 1 and 2): CONFIRMED -> OrderReported; REFUSED (a 4xx that is final) -> OrderRefused; everything else is
UNKNOWN -> ReplyLost. A 422 for a duplicate id means that the order exists: it is looked up, never refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Final

import httpx
import msgspec

from tradebot.core.domain.events import CancelRefused, Event, OrderRefused, OrderReported, PositionFact, ReplyLost
from tradebot.core.domain.orders import OrderIntent, OrderReport
from tradebot.core.domain.units import NS_PER_S
from tradebot.shell.broker.rest import BrokerRefusal, BrokerUnreachable, Rest, key_fault, refusal
from tradebot.shell.broker.wire import (
    AccountFact,
    CashActivity,
    ClockFact,
    WireFault,
    account_fact,
    cash_activity,
    clock_fact,
    order_body,
    order_report,
    position_fact,
    replace_body,
)
from tradebot.shell.crash_points import reach
from tradebot.shell.stamps import text_from_ns

OK_MAX: Final = 299
CLIENT_ERROR: Final = 400
SERVER_ERROR: Final = 500
UNSETTLED: Final = frozenset({408, 429})  # 4xx that say nothing about the order
NOT_FOUND: Final = 404
UNPROCESSABLE: Final = 422
PAGE_ORDERS: Final = 500
PAGE_ACTIVITIES: Final = 100
RESEND_WINDOW_NS: Final = 30 * NS_PER_S
LOOK_UP_PAUSE_S_MIN: Final = 0.25
LOOK_UP_PAUSE_S_MAX: Final = 30.0
ABSENT_PAUSES_S: Final = (0.5, 1.0)  # a 404 may be early: absent only when it is still absent after these


class AlpacaBroker:
    """Orders, look-ups, cancels and the account, over one REST host. `now_ns` stamps the events that it returns."""

    def __init__(self, rest: Rest, now_ns: Callable[[], int], absent_pauses_s: tuple[float, ...] | None = None) -> None:
        self._rest = rest
        self._now_ns = now_ns
        self._absent_pauses_s = ABSENT_PAUSES_S if absent_pauses_s is None else absent_pauses_s

    async def submit(self, intent: OrderIntent) -> Event:
        """Send one order, or its place in another's stead, once. Returns OrderReported, OrderRefused or ReplyLost."""
        try:
            if intent.replaces:
                response = await self._rest.patch_once(f"/v2/orders/{intent.replaces}", msgspec.json.encode(replace_body(intent)))
            else:
                response = await self._rest.post_once("/v2/orders", msgspec.json.encode(order_body(intent)))
        except httpx.TransportError as error:
            return self._lost(intent.client_order_id, type(error).__name__)
        status = response.status_code
        if status <= OK_MAX:
            try:
                return self._reported(order_report(msgspec.json.decode(response.content), "reply"))
            except (WireFault, msgspec.DecodeError) as error:
                return self._lost(intent.client_order_id, f"HTTP {status}, unreadable: {error}")
        if status < CLIENT_ERROR or status >= SERVER_ERROR or status in UNSETTLED:
            return self._lost(intent.client_order_id, f"HTTP {status}")
        refused = refusal(response)
        if _is_duplicate(refused):
            return self._lost(intent.client_order_id, "the broker has this id already")
        return OrderRefused(
            ts_event_ns=self._now_ns(), client_order_id=intent.client_order_id, code=refused.code or status, reason=refused.message
        )

    async def look_up(self, client_order_id: str, intent: OrderIntent | None) -> Event:
        """What became of an order: OrderReported or OrderRefused, however long it takes to learn it.

        Absent in repeated reads: sent again under the same id while it is young, else refused. A replacement is not sent again: the order
        that it was for still works, and whoever wanted it decides anew.
        """
        for pause_s in _growing_pauses_s():
            reach("look_up_not_sent")
            try:
                report = await self._find(client_order_id)
            except (BrokerUnreachable, WireFault):
                await asyncio.sleep(pause_s)
                continue
            if report is not None:
                return self._reported(report)
            if intent is None or intent.replaces or self._now_ns() - intent.decided_ns > RESEND_WINDOW_NS:
                break
            event = await self.submit(intent)
            if not isinstance(event, ReplyLost):
                return event
            await asyncio.sleep(pause_s)
        reason = f"the broker has no such order ({len(self._absent_pauses_s) + 1} reads)"
        return OrderRefused(ts_event_ns=self._now_ns(), client_order_id=client_order_id, code=NOT_FOUND, reason=reason)

    async def _find(self, client_order_id: str) -> OrderReport | None:
        for pause_s in (*self._absent_pauses_s, None):
            try:
                found = await self._rest.get("/v2/orders:by_client_order_id", {"client_order_id": client_order_id})
                # The answer by client id shows no legs: read the order itself.
                return await self.order(str(found["id"]), "lookup")
            except BrokerRefusal as error:
                if error.status != NOT_FOUND:
                    raise BrokerUnreachable(f"look-up refused: {error}") from error
            except (TypeError, KeyError) as error:
                raise WireFault("the looked-up order carries no id") from error
            if pause_s is not None:
                await asyncio.sleep(pause_s)
        return None

    async def cancel(self, broker_id: str) -> tuple[Event, ...]:
        """Ask for a cancel, then report how the order stands: a cancel is never assumed."""
        refused: tuple[Event, ...] = ()
        try:
            await self._rest.delete(f"/v2/orders/{broker_id}")
        except (BrokerRefusal, BrokerUnreachable) as error:
            refused = (CancelRefused(ts_event_ns=self._now_ns(), broker_id=broker_id, reason=str(error)),)
        reach("cancel_not_answered")
        return (*refused, *await self.standing(broker_id))

    async def standing(self, broker_id: str) -> tuple[Event, ...]:
        """How an order stands; nothing when that can't be read now (polling will tell)."""
        try:
            return (self._reported(await self.order(broker_id, "reply")),)
        except (BrokerRefusal, BrokerUnreachable, WireFault):
            return ()

    async def order(self, broker_id: str, source: str) -> OrderReport:
        """One order with its legs. Raises BrokerRefusal, BrokerUnreachable, WireFault."""
        return order_report(await self._rest.get(f"/v2/orders/{broker_id}", {"nested": "true"}), source)

    async def orders(self, status: str, after_ns: int | None = None, source: str = "poll") -> list[OrderReport]:
        """Orders submitted after an instant, nested, oldest first, all pages. Raises as `order`."""
        found: dict[str, OrderReport] = {}
        params = {"status": status, "nested": "true", "direction": "asc", "limit": str(PAGE_ORDERS)}
        if after_ns is not None:
            params["after"] = text_from_ns(after_ns)
        while True:
            page = _rows(await self._rest.get("/v2/orders", params), "orders")
            new = [order for order in page if str(order.get("id")) not in found]
            for order in new:
                report = order_report(order, source)
                found[report.broker_id] = report
            if len(page) < PAGE_ORDERS or not new:
                return list(found.values())
            params["after"] = str(page[-1]["submitted_at"])

    async def account(self) -> AccountFact:
        """Raises OperatorFault for wrong keys, else as `order`."""
        try:
            return account_fact(await self._rest.get("/v2/account"))
        except BrokerRefusal as error:
            raise key_fault(error, "Alpaca") or error from error

    async def positions(self) -> tuple[PositionFact, ...]:
        """Sorted by symbol. Raises as `order`: a failing end point means unknown, never flat."""
        rows = _rows(await self._rest.get("/v2/positions"), "positions")
        return tuple(sorted((position_fact(row) for row in rows), key=lambda p: p.symbol))

    async def cash_activities(self, after_day: str | None = None) -> list[CashActivity]:
        """Cash activities other than fills, oldest first, from a day (ISO date) on."""
        return [activity async for activity in self._cash_activities(after_day)]

    async def _cash_activities(self, after_day: str | None) -> AsyncIterator[CashActivity]:
        params = {"category": "non_trade_activity", "direction": "asc", "page_size": str(PAGE_ACTIVITIES)}
        if after_day is not None:
            params["after"] = after_day
        while True:
            page = _rows(await self._rest.get("/v2/account/activities", params), "activities")
            for row in page:
                activity = cash_activity(row)
                if activity is not None:
                    yield activity
            if len(page) < PAGE_ACTIVITIES:
                return
            params["page_token"] = str(page[-1]["id"])

    def _reported(self, report: OrderReport) -> OrderReported:
        return OrderReported(ts_event_ns=self._now_ns(), report=report)

    def _lost(self, client_order_id: str, reason: str) -> ReplyLost:
        return ReplyLost(ts_event_ns=self._now_ns(), client_order_id=client_order_id, reason=reason)


def _growing_pauses_s() -> Iterator[float]:
    pause_s = LOOK_UP_PAUSE_S_MIN
    while True:
        yield pause_s
        pause_s = min(2 * pause_s, LOOK_UP_PAUSE_S_MAX)


async def read_clock(rest: Rest) -> tuple[ClockFact, int]:
    """The broker's clock and how long the answer took (ns). Raises OperatorFault for wrong keys, else as `AlpacaBroker.order`."""
    loop = asyncio.get_running_loop()
    asked = loop.time()
    try:
        fact = clock_fact(await rest.get("/v2/clock"))
    except BrokerRefusal as error:
        raise key_fault(error, "Alpaca") or error from error
    return fact, int((loop.time() - asked) * NS_PER_S)


def _is_duplicate(refused: BrokerRefusal) -> bool:
    return refused.status == UNPROCESSABLE and "client_order_id" in refused.message and "unique" in refused.message


def _rows(answer: Any, what: str) -> list[dict[str, Any]]:
    if not isinstance(answer, list) or not all(isinstance(row, dict) for row in answer):
        raise WireFault(f"{what}: expected a list of objects")
    return answer
