"""Small real parts for playbooks: a session, a model that says what it is told, and short ways to write events."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tradebot.core.config import EngineConfig
from tradebot.core.domain.events import (
    AccountReconciled,
    Event,
    MinuteClosed,
    ModelPromoted,
    OrderReported,
    Tick,
    TickKind,
    UniverseSelected,
)
from tradebot.core.domain.orders import OrderIntent, OrderKind, OrderReport, OrderStatus, Side
from tradebot.core.domain.session import Session, SessionTable
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.core.engine import Engine
from tradebot.core.execution.exits import ExitsConfig
from tradebot.core.features.catalogue import schema_hash
from tradebot.core.forecast.model import Answer
from tradebot.core.portfolio.sizing import SizingConfig
from tradebot.core.risk.limits import LimitsConfig
from tradebot.core.selection.entry import EntryConfig

OPEN_NS = int(dt.datetime(2013, 10, 9, 13, 30, tzinfo=dt.UTC).timestamp()) * 10**9
DAY = Session(dt.date(2013, 10, 9), OPEN_NS, OPEN_NS + 390 * NS_PER_MINUTE)
SESSIONS = SessionTable((DAY,))
SYMBOLS = ("AAA", "BBB")


@dataclass(frozen=True)
class Oracle:
    """A model whose confidence is the row's open price in dollars over 100: bars choose what it says."""

    model_id: str = "oracle"
    features: tuple[str, ...] = ("open",)
    classes: tuple[str, ...] = ()
    answer: Answer = "probability"

    @property
    def schema_hash(self) -> str:
        return schema_hash(self.features)

    def predict(self, rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return rows[:, 0] / 100.0


def config(**changes: float) -> EngineConfig:
    entry = EntryConfig(confidence_min=changes.get("confidence_min", 0.65), price_usd_min=1, price_usd_max=changes.get("price_usd_max", 0))
    return EngineConfig(
        profile="play",
        entry=entry,
        sizing=SizingConfig(equity_fraction=0.01, max_shares=int(changes.get("max_shares", 5))),
        exits=ExitsConfig(stop_fraction=0.02, target_fraction=0.04, flatten_before_close_min=5),
        limits=LimitsConfig(
            positions_max=int(changes.get("positions_max", 10)),
            order_usd_max=changes.get("order_usd_max", 50_000),
            daily_loss_fraction_max=0.02,
        ),
    )


def minute(i: int, opens: dict[str, float], *, late_s: float = 0.0) -> MinuteClosed:
    """Minute `i` of the session; a symbol that is not named has no bar. Each bar opens and closes at the same price."""
    start = OPEN_NS + i * NS_PER_MINUTE
    price = np.array([round(opens.get(s, 0.0) * 10_000) for s in SYMBOLS], np.int64)
    present = np.array([s in opens for s in SYMBOLS])
    known = start + NS_PER_MINUTE + int(late_s * 1e9)
    volume = np.where(present, 100, 0).astype(np.int64)
    return MinuteClosed(
        ts_event_ns=known, minute_ns=start, symbols=SYMBOLS, open=price, high=price, low=price, close=price, volume=volume, present=present
    )  # fmt: skip


def started(cash_usd: int = 100_000, **changes: float) -> Engine:
    """An engine with open books, a universe and a model, one second before the open."""
    model = Oracle()
    engine = Engine(config(**changes), SESSIONS, {model.model_id: model})
    events: list[Event] = [
        AccountReconciled(ts_event_ns=OPEN_NS - 10**9, account_number="PA1", cash_units=cash_usd * 10_000, positions=()),
        UniverseSelected(ts_event_ns=OPEN_NS - 10**9, symbols=SYMBOLS, reason="test"),
        ModelPromoted(ts_event_ns=OPEN_NS - 10**9, model_id="oracle", manifest_sha256="", reason="test"),
    ]
    for event in events:
        assert engine.handle(event) == []
    return engine


def tick(kind: TickKind, ns: int) -> Tick:
    return Tick(ts_event_ns=ns, kind=kind, session=DAY.date, due_ns=ns)


def accepted(intent: OrderIntent, broker_id: str = "b1") -> OrderReported:
    """The broker took a bracket: the parent is new, its legs are held."""
    assert intent.bracket is not None
    legs = (
        _leg(f"{broker_id}-t", intent, OrderKind.LIMIT, OrderStatus.HELD, limit_units=intent.bracket.target_units),
        _leg(f"{broker_id}-s", intent, OrderKind.STOP, OrderStatus.HELD, stop_units=intent.bracket.stop_units),
    )
    return _reported(intent, broker_id, OrderStatus.NEW, 0, 0, legs)


def filled(intent: OrderIntent, broker_id: str, price_usd: float, qty: int | None = None) -> OrderReported:
    done = intent.qty if qty is None else qty
    status = OrderStatus.FILLED if done == intent.qty else OrderStatus.PARTIALLY_FILLED
    return _reported(intent, broker_id, status, done, done * round(price_usd * 10_000))


def leg_report(intent: OrderIntent, broker_id: str, kind: OrderKind, status: OrderStatus, price_usd: float = 0.0) -> OrderReported:
    """A leg's own report, as the stream sends it: without its parent."""
    leg = _leg(broker_id, intent, kind, status)
    if status is OrderStatus.FILLED:
        leg = OrderReport(
            broker_id, broker_id, intent.symbol, Side.SELL, kind, status, intent.qty, intent.qty,
            intent.qty * round(price_usd * 10_000), OPEN_NS,
        )  # fmt: skip
    return OrderReported(ts_event_ns=OPEN_NS, report=leg)


def _leg(
    broker_id: str, intent: OrderIntent, kind: OrderKind, status: OrderStatus, limit_units: int = 0, stop_units: int = 0
) -> OrderReport:
    return OrderReport(
        broker_id, broker_id, intent.symbol, Side.SELL, kind, status, intent.qty, 0, 0, OPEN_NS,
        limit_units=limit_units, stop_units=stop_units,
    )  # fmt: skip


def _reported(
    intent: OrderIntent, broker_id: str, status: OrderStatus, filled_qty: int, filled_units: int, legs: tuple[OrderReport, ...] = ()
) -> OrderReported:
    report = OrderReport(
        broker_id, intent.client_order_id, intent.symbol, intent.side, intent.kind, status, intent.qty, filled_qty, filled_units, OPEN_NS,
        legs=legs,
    )  # fmt: skip
    return OrderReported(ts_event_ns=OPEN_NS, report=report)
