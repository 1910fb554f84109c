"""Given this event, expect these commands: limit entries, those that do not fill in time, and how often they are tried again."""

from __future__ import annotations

import dataclasses

import pytest
from msgspec.structs import replace

from tests.playbook.market import OPEN_NS, accepted, filled, leg_report, minute, started
from tests.playbook.test_engine import intents, reasons
from tradebot.core.domain.commands import CancelOrder, Command
from tradebot.core.domain.events import CancelRefused
from tradebot.core.domain.orders import OrderIntent, OrderKind, OrderStatus
from tradebot.core.engine import Engine
from tradebot.core.execution.closing import Closing
from tradebot.core.execution.order_type import ExecutionConfig
from tradebot.core.state import state_from_bytes, state_to_bytes

PATIENT = ExecutionConfig(entry_order="marketable_limit", limit_band_bps=10.0, entry_patience_s=0.0, reprice_max=1)


def engine_with(execution: ExecutionConfig = PATIENT) -> Engine:
    engine = started()
    engine.config = dataclasses.replace(engine.config, execution=execution)
    return engine


def cancels(commands: list[Command]) -> list[CancelOrder]:
    return [c for c in commands if isinstance(c, CancelOrder)]


def ordered(engine: Engine, i: int, broker_id: str, price: float = 70.0) -> OrderIntent:
    """AAA's entry of minute `i`, accepted by the broker."""
    (intent,) = intents(engine.handle(minute(i, {"AAA": price, "BBB": 10})))
    engine.handle(accepted(intent, broker_id))
    return intent


def cancelled(engine: Engine, intent: OrderIntent, broker_id: str) -> None:
    """The broker cancelled the entry, and its legs with it."""
    event = filled(intent, broker_id, 0.0, 0)
    engine.handle(replace(event, report=replace(event.report, status=OrderStatus.CANCELED)))
    engine.handle(leg_report(intent, f"{broker_id}-t", OrderKind.LIMIT, OrderStatus.CANCELED))
    engine.handle(leg_report(intent, f"{broker_id}-s", OrderKind.STOP, OrderStatus.CANCELED))


def test_an_entry_is_a_limit_with_its_reason_and_reserves_its_limit() -> None:
    engine = engine_with()
    (intent,) = intents(engine.handle(minute(0, {"AAA": 70, "BBB": 10})))
    assert (intent.kind, intent.limit_units, intent.reference_units) == (OrderKind.LIMIT, 700_700, 700_000)
    assert intent.choice == "marketable limit: within 10 bps of 70.00"
    assert engine.state.book.committed_units() == intent.qty * 700_700


def test_an_entry_that_has_not_filled_is_cancelled_and_its_symbol_stays_busy_until_the_broker_says_so() -> None:
    engine = engine_with()
    intent = ordered(engine, 0, "b1")
    commands = engine.handle(minute(1, {"AAA": 71, "BBB": 10}))
    assert cancels(commands) == [CancelOrder("b1", intent.client_order_id, f"{intent.qty} of {intent.qty} not filled after 60 s")]
    assert not intents(commands)
    assert reasons(commands)[0] == "already held or working"
    assert len(cancels(engine.handle(minute(2, {"AAA": 71, "BBB": 10})))) == 1  # asked again: a cancel may be lost
    cancelled(engine, intent, "b1")
    again = ordered(engine, 3, "b2", 71.0)
    assert (again.reference_units, again.limit_units) == (710_000, 710_800)


def test_a_symbol_is_not_chased_for_ever_until_one_fills() -> None:
    engine = engine_with()
    for i, broker_id in ((0, "b1"), (2, "b2")):
        intent = ordered(engine, i, broker_id)
        engine.handle(minute(i + 1, {"AAA": 70, "BBB": 10}))
        cancelled(engine, intent, broker_id)
    engine.state = state_from_bytes(state_to_bytes(engine.state))
    commands = engine.handle(minute(4, {"AAA": 70, "BBB": 10}))
    assert not intents(commands)
    assert reasons(commands)[0] == "refused: 2 entries did not fill: execution.reprice_max is 1"
    engine.state.unfilled["AAA"] = 1
    engine.handle(filled(ordered(engine, 5, "b3"), "b3", 70.0))
    assert engine.state.unfilled == {}


def test_the_rest_of_a_partial_fill_is_cancelled_too_and_counts_as_filled() -> None:
    engine = engine_with()
    intent = ordered(engine, 0, "b1")
    engine.handle(filled(intent, "b1", 70.0, 2))
    commands = engine.handle(minute(1, {"AAA": 70, "BBB": 10}))
    assert cancels(commands)[0].reason == f"{intent.qty - 2} of {intent.qty} not filled after 60 s"
    assert engine.state.unfilled == {}
    assert engine.state.book.qty("AAA") == 2


def test_an_entry_of_a_position_that_is_closed_is_cancelled_once_a_minute() -> None:
    engine = engine_with()
    intent = ordered(engine, 0, "b1")
    engine.handle(filled(intent, "b1", 70.0, 2))
    engine.state.closing["AAA"] = Closing("test", "d")
    assert [c.client_order_id for c in cancels(engine.handle(minute(1, {"AAA": 70, "BBB": 10})))].count(intent.client_order_id) == 1


@pytest.mark.parametrize(("patience_s", "minute_of_cancel"), [(0.0, 1), (60.0, 1), (61.0, 2), (150.0, 3)])
def test_patience_counts_from_the_decision(patience_s: float, minute_of_cancel: int) -> None:
    engine = engine_with(dataclasses.replace(PATIENT, entry_patience_s=patience_s))
    ordered(engine, 0, "b1")
    found = [i for i in range(1, 5) if cancels(engine.handle(minute(i, {"AAA": 70, "BBB": 10})))]
    assert found[0] == minute_of_cancel


def test_a_cancel_that_comes_too_late_is_a_fill() -> None:
    engine = engine_with()
    intent = ordered(engine, 0, "b1")
    assert cancels(engine.handle(minute(1, {"AAA": 70, "BBB": 10})))
    engine.handle(CancelRefused(ts_event_ns=OPEN_NS, broker_id="b1", reason="filled"))
    engine.handle(filled(intent, "b1", 70.0))
    engine.handle(leg_report(intent, "b1-s", OrderKind.STOP, OrderStatus.NEW))
    engine.handle(leg_report(intent, "b1-t", OrderKind.LIMIT, OrderStatus.NEW))
    assert engine.state.unfilled == {}
    assert not cancels(engine.handle(minute(2, {"AAA": 70, "BBB": 10})))
    assert engine.state.book.qty("AAA") == intent.qty
