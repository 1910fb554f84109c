"""Alpaca's trading JSON to domain values and back. Pure; tolerant of unknown fields and enums, strict about numbers (WIRE.md 2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from tradebot.core.domain.events import PositionFact
from tradebot.core.domain.orders import OrderIntent, OrderKind, OrderReport, OrderStatus, Side
from tradebot.core.domain.units import UNITS_PER_USD, notional_from_text, units_from_text
from tradebot.shell.stamps import ns_from_text

Json = Mapping[str, Any]

_OURS: Final = frozenset({OrderStatus.INTENDED, OrderStatus.UNKNOWN, OrderStatus.REFUSED})
_STATUS: Final = {status.value: status for status in OrderStatus if status not in _OURS}
_KIND: Final = {kind.value: kind for kind in OrderKind} | {"trailing_stop": OrderKind.STOP}
_STAMPS: Final = ("updated_at", "filled_at", "submitted_at", "created_at")


class WireFault(ValueError):
    """The broker sent something that cannot be read. Names the field, never the whole message."""


def order_body(intent: OrderIntent) -> dict[str, Any]:
    """The JSON of POST /v2/orders, equal to what alpaca-py's TradingClient sends for the same order (contract test).

    Built directly: alpaca-py's request models cost 0.8 s of import and more than 50 us an order.
    """
    body: dict[str, Any] = {
        "symbol": intent.symbol,
        "qty": intent.qty,
        "side": intent.side.value,
        "type": intent.kind.value,
        "time_in_force": intent.time_in_force,
        "client_order_id": intent.client_order_id,
    }
    if intent.limit_units:
        body["limit_price"] = _usd(intent.limit_units)
    if intent.stop_units:
        body["stop_price"] = _usd(intent.stop_units)
    if intent.bracket is not None:
        body["order_class"] = intent.order_class
        body["take_profit"] = {"limit_price": _usd(intent.bracket.target_units)}
        body["stop_loss"] = {"stop_price": _usd(intent.bracket.stop_units)}
    return body


def replace_body(intent: OrderIntent) -> dict[str, Any]:
    """The JSON of PATCH /v2/orders/{id}: the prices that the order has now, and its own client id (contract test)."""
    body: dict[str, Any] = {"client_order_id": intent.client_order_id}
    if intent.limit_units:
        body["limit_price"] = _usd(intent.limit_units)
    if intent.stop_units:
        body["stop_price"] = _usd(intent.stop_units)
    return body


def _usd(units: int) -> float:
    """A JSON number: the division is correctly rounded, so its text is the exact decimal."""
    return units / UNITS_PER_USD


def order_report(order: Json, source: str) -> OrderReport:
    """The broker's word about an order, legs inside. Raises WireFault.

    An unknown status is read as live (accepted, or partially filled): its shares stay reserved and polling goes on.
    """
    try:
        qty = whole_shares(order["qty"]) if order.get("qty") is not None else 0
        filled_qty = whole_shares(order.get("filled_qty") or "0")
        status, reason = _status(str(order["status"]), filled_qty)
        average = order.get("filled_avg_price")
        if filled_qty and average is None:
            raise WireFault("order filled_avg_price is missing though shares are filled")
        return OrderReport(
            broker_id=str(order["id"]),
            client_order_id=str(order["client_order_id"]),
            symbol=str(order["symbol"]),
            side=Side(order["side"]),
            kind=_KIND.get(str(order.get("type") or order.get("order_type")), OrderKind.MARKET),
            status=status,
            qty=qty,
            filled_qty=filled_qty,
            filled_units=notional_from_text(str(average), filled_qty) if filled_qty else 0,
            ts_event_ns=_stamp(order),
            limit_units=_units_or_zero(order.get("limit_price")),
            stop_units=_units_or_zero(order.get("stop_price")),
            replaced_by=str(order.get("replaced_by") or ""),
            replaces=str(order.get("replaces") or ""),
            source=source,
            legs=tuple(order_report(leg, source) for leg in order.get("legs") or ()),
            reason=reason,
            submitted_ns=ns_from_text(str(submitted)) if (submitted := order.get("submitted_at") or order.get("created_at")) else 0,
            order_class=str(order.get("order_class") or ""),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise WireFault(f"order field missing or of a wrong type: {error}") from error
    except (ValueError, InvalidOperation) as error:
        raise WireFault(f"order cannot be read: {error}") from error


def _status(text: str, filled_qty: int) -> tuple[OrderStatus, str]:
    known = _STATUS.get(text)
    if known is not None:
        return known, ""
    return (OrderStatus.PARTIALLY_FILLED if filled_qty else OrderStatus.ACCEPTED), f"unknown status {text!r}"


def _stamp(order: Json) -> int:
    for name in _STAMPS:
        text = order.get(name)
        if text:
            return ns_from_text(str(text))
    raise WireFault("order carries no time")


def _units_or_zero(text: Any) -> int:
    return 0 if text is None else units_from_text(str(text))


def whole_shares(text: Any) -> int:
    """Whole shares of a quantity, towards zero: we trade none but whole ones, a person may hold a fraction. Raises ValueError."""
    try:
        value = Decimal(str(text))
        if not value.is_finite():
            raise ValueError(f"not a quantity: {text!r}")
    except InvalidOperation as error:
        raise ValueError(f"not a quantity: {text!r}") from error
    return int(value)


@dataclass(frozen=True, slots=True)
class AccountFact:
    number: str
    status: str
    cash_units: int
    equity_units: int
    blocked: bool


def account_fact(account: Json) -> AccountFact:
    """Raises WireFault: an account that cannot be read is unknown, never empty."""
    try:
        return AccountFact(
            number=str(account["account_number"]),
            status=str(account["status"]),
            cash_units=units_from_text(str(account["cash"])),
            equity_units=units_from_text(str(account["equity"])),
            blocked=any(bool(account.get(name)) for name in ("trading_blocked", "account_blocked", "trade_suspended_by_user")),
        )
    except (KeyError, ValueError, TypeError) as error:
        raise WireFault(f"account cannot be read: {error}") from error


def position_fact(position: Json) -> PositionFact:
    """Signed whole shares; short when `side` says so, whatever the sign of `qty`. Raises WireFault."""
    try:
        qty = abs(whole_shares(position["qty"])) * (-1 if position["side"] == "short" else 1)
        return PositionFact(str(position["symbol"]), qty, notional_from_text(str(position["avg_entry_price"]), qty))
    except (KeyError, ValueError, TypeError, InvalidOperation) as error:
        raise WireFault(f"position cannot be read: {error}") from error


@dataclass(frozen=True, slots=True)
class CashActivity:
    activity_id: str
    kind: str
    amount_units: int
    note: str


def cash_activity(activity: Json) -> CashActivity | None:
    """Cash that moved without a trade; None for a fill or an activity without an amount. Raises WireFault."""
    try:
        if activity["activity_type"] == "FILL" or activity.get("net_amount") is None:
            return None
        note = str(activity.get("description") or activity.get("symbol") or "")
        return CashActivity(str(activity["id"]), str(activity["activity_type"]), units_from_text(str(activity["net_amount"])), note)
    except (KeyError, ValueError, TypeError) as error:
        raise WireFault(f"activity cannot be read: {error}") from error


@dataclass(frozen=True, slots=True)
class ClockFact:
    """The broker's clock. `speed` is None on a real market; else simulated ns per real ns, or 0 in step mode."""

    now_ns: int
    is_open: bool
    speed: float | None


def clock_fact(clock: Json) -> ClockFact:
    """Raises WireFault."""
    try:
        simulation = clock.get("simulation")
        speed = None if simulation is None else 0.0 if simulation["step"] else float(simulation["speed"])
        return ClockFact(ns_from_text(str(clock["timestamp"])), bool(clock["is_open"]), speed)
    except (KeyError, ValueError, TypeError) as error:
        raise WireFault(f"clock cannot be read: {error}") from error
