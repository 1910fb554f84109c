"""What rests covers exactly what is held: given each way in which it may not, expect these commands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from tests.playbook.market import DAY, OPEN_NS, accepted, filled, leg_report, minute, started, tick
from tests.playbook.test_engine import entered, intents
from tradebot.core.domain.commands import Alert, CancelOrder, Command, LookUpOrder, ReplaceOrder, SubmitOrder
from tradebot.core.domain.events import AccountReconciled, OrderRefused, OrderReported, PositionFact, ReplyLost, TickKind
from tradebot.core.domain.orders import Bracket, OrderIntent, OrderKind, OrderReport, OrderStatus, Role, Side
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.core.engine import Engine
from tradebot.core.execution.cover import overcovered, uncovered
from tradebot.core.execution.protection import Plan
from tradebot.core.state import state_from_bytes, state_to_bytes

STOP, TARGET = 686_000, 728_000  # of an entry decided at 70 dollars


def cancels(commands: Sequence[Command]) -> list[str]:
    return [c.broker_id for c in commands if isinstance(c, CancelOrder)]


def replacements(commands: Sequence[Command]) -> list[OrderIntent]:
    return [c.intent for c in commands if isinstance(c, ReplaceOrder)]


def oco_report(oco: OrderIntent, broker_id: str = "o1", status: OrderStatus = OrderStatus.NEW) -> OrderReported:
    """The broker's word about an OCO, its stop inside."""
    assert oco.bracket is not None
    stop = OrderReport(
        f"{broker_id}-s", f"{broker_id}-s", oco.symbol, oco.side, OrderKind.STOP, OrderStatus.HELD if status is OrderStatus.NEW else status,
        oco.qty, 0, 0, OPEN_NS, stop_units=oco.bracket.stop_units,
    )  # fmt: skip
    report = OrderReport(
        broker_id, oco.client_order_id, oco.symbol, oco.side, OrderKind.LIMIT, status, oco.qty, 0, 0, OPEN_NS,
        limit_units=oco.bracket.target_units, legs=(stop,),
    )  # fmt: skip
    return OrderReported(ts_event_ns=OPEN_NS, report=report)


def refused(intent: OrderIntent) -> OrderRefused:
    return OrderRefused(ts_event_ns=OPEN_NS, client_order_id=intent.client_order_id, code=403, reason="no")


def lose_both_legs(engine: Engine, entry: OrderIntent, status: OrderStatus = OrderStatus.CANCELED) -> list[Command]:
    assert engine.handle(leg_report(entry, "b1-t", OrderKind.LIMIT, status)) == []
    return engine.handle(leg_report(entry, "b1-s", OrderKind.STOP, status))


def part_filled_and_taken_back(engine: Engine, shares: int = 2) -> list[Command]:
    """Of 5 shares some are bought, then the rest of the entry is cancelled, its legs with it."""
    (entry,) = intents(engine.handle(minute(0, {"AAA": 70})))
    engine.handle(accepted(entry))
    part = filled(entry, "b1", 70, qty=shares)
    assert intents(engine.handle(part)) == []
    ended = replace(part.report, status=OrderStatus.CANCELED)
    assert engine.handle(OrderReported(ts_event_ns=OPEN_NS, report=ended)) == []  # its legs are still on their way out
    return lose_both_legs(engine, entry)


def test_a_part_fill_is_protected_once_the_rest_of_its_entry_is_gone() -> None:
    engine = started()
    (oco,) = intents(part_filled_and_taken_back(engine))
    assert (oco.side, oco.qty, oco.role, oco.order_class) == (Side.SELL, 2, Role.TARGET, "oco")
    assert oco.bracket == Bracket(STOP, TARGET)
    assert oco.client_order_id == "play-20131009-1330Z-AAA-entry-protect1"
    assert uncovered(engine.state.book) == {"AAA": 2}
    assert engine.handle(oco_report(oco)) == []
    assert (uncovered(engine.state.book), overcovered(engine.state.book)) == ({}, {})
    assert intents(engine.handle(minute(1, {"AAA": 70}))) == []


def test_legs_of_an_entry_that_still_fills_protect_nothing_yet_and_nothing_is_added() -> None:
    engine = started()
    (entry,) = intents(engine.handle(minute(0, {"AAA": 70})))
    engine.handle(accepted(entry))
    assert intents(engine.handle(filled(entry, "b1", 70, qty=2))) == []
    assert uncovered(engine.state.book) == {"AAA": 2}
    engine.handle(filled(entry, "b1", 70))
    assert uncovered(engine.state.book) == {}  # complete: the broker arms them


def test_a_software_stop_watches_a_part_fill_meanwhile() -> None:
    engine = started()
    (entry,) = intents(engine.handle(minute(0, {"AAA": 70})))
    engine.handle(accepted(entry))
    engine.handle(filled(entry, "b1", 70, qty=2))
    assert "b1" in cancels(engine.handle(minute(1, {"AAA": 68})))
    assert engine.state.closing["AAA"].reason.startswith("stop")


def test_nothing_is_placed_while_the_entrys_legs_are_unknown() -> None:
    engine = started()
    (entry,) = intents(engine.handle(minute(0, {"AAA": 70})))
    assert intents(engine.handle(filled(entry, "b1", 70))) == []  # by the stream, which shows no legs
    assert intents(engine.handle(minute(1, {"AAA": 70}))) == []
    assert engine.handle(accepted(entry)) == []
    assert uncovered(engine.state.book) == {}


def test_cancelled_legs_are_placed_anew_and_failures_are_tried_once_a_minute_and_end_in_an_emergency_exit() -> None:
    engine, seen = started(), []
    entry = entered(engine)
    (oco,) = intents(lose_both_legs(engine, entry))
    for i in range(1, 3):
        seen.append(oco.client_order_id)
        assert intents(engine.handle(refused(oco))) == []  # not in a loop
        (oco,) = intents(engine.handle(minute(i, {"AAA": 70})))
    seen.append(oco.client_order_id)
    commands = engine.handle(refused(oco))
    (oco,) = intents(commands)
    assert seen == [f"play-20131009-1330Z-AAA-entry-protect{n}" for n in (1, 2, 3)]
    assert (oco.role, oco.kind, oco.qty) == (Role.EXIT, OrderKind.MARKET, 5)
    assert oco.reason == "no protection for 5 shares: 3 orders failed"
    assert any(isinstance(c, Alert) and c.severity == "critical" for c in commands)


def test_a_protection_that_lived_for_a_minute_clears_the_count_of_failures() -> None:
    engine = started()
    (oco,) = intents(lose_both_legs(engine, entered(engine)))
    engine.handle(refused(oco))
    (oco,) = intents(engine.handle(minute(1, {"AAA": 70})))
    engine.handle(oco_report(oco))
    engine.handle(minute(2, {"AAA": 70}))
    assert engine.state.plans["AAA"].failed == 0


def test_where_the_price_is_through_the_stop_already_the_position_goes_at_the_market_at_once() -> None:
    engine = started()
    entry = entered(engine)
    engine.handle(minute(1, {"AAA": 68.0}))
    (order,) = intents(lose_both_legs(engine, entry))
    assert (order.role, order.kind) == (Role.EXIT, OrderKind.MARKET)
    assert order.reason == "stop: 68.00 at 68.60, 5 shares without one at the broker"
    assert order.client_order_id == "play-20131009-1330Z-AAA-entry-emergency1-AAA-exit1"


def test_a_target_without_its_stop_is_taken_back_first() -> None:
    engine = started()
    entry = entered(engine)
    commands = engine.handle(leg_report(entry, "b1-s", OrderKind.STOP, OrderStatus.REJECTED))
    assert (cancels(commands), intents(commands)) == (["b1-t"], [])
    (oco,) = intents(engine.handle(leg_report(entry, "b1-t", OrderKind.LIMIT, OrderStatus.CANCELED)))
    assert oco.qty == 5


def test_a_cancel_that_is_refused_is_asked_again_with_the_next_minute_only() -> None:
    engine = started()
    entry = entered(engine)
    engine.handle(leg_report(entry, "b1-s", OrderKind.STOP, OrderStatus.REJECTED))
    alive = leg_report(entry, "b1-t", OrderKind.LIMIT, OrderStatus.NEW)
    assert engine.handle(alive) == []
    assert cancels(engine.handle(minute(1, {"AAA": 70}))) == ["b1-t"]


def test_more_than_is_held_shrinks_at_once() -> None:
    engine = started()
    entered(engine)
    engine.state.book.positions["AAA"].apply(Side.SELL, 2, 140_000)  # a person sold two
    assert overcovered(engine.state.book) == {"AAA": 2}
    commands = engine.handle(minute(1, {"AAA": 70}))
    assert (cancels(commands), intents(commands)) == (["b1-t"], [])


def test_after_a_split_the_old_legs_go_and_all_shares_are_protected_at_the_new_prices() -> None:
    engine = started()
    entry = entered(engine)
    engine.handle(minute(1, {"AAA": 70}))
    engine.state.book.positions["AAA"].qty = 10
    engine.state.plans["AAA"] = Plan(entry.client_order_id, STOP // 2, TARGET // 2)
    (oco,) = intents(engine.handle(minute(2, {"AAA": 35})))
    assert (oco.qty, oco.bracket) == (5, Bracket(STOP // 2, TARGET // 2))


def test_a_leg_that_filled_is_not_taken_for_a_surplus_until_a_minute_has_passed() -> None:
    engine = started()
    entry = entered(engine)
    closed = engine.handle(leg_report(entry, "b1-t", OrderKind.LIMIT, OrderStatus.FILLED, 72.8))
    assert cancels(closed) == []  # the broker cancels the sibling itself
    assert cancels(engine.handle(minute(1, {"AAA": 10}))) == ["b1-s"]  # nobody has said so: it must not rest on nothing
    engine.handle(leg_report(entry, "b1-s", OrderKind.STOP, OrderStatus.CANCELED))
    assert engine.state.plans == {}


def test_day_legs_that_expire_overnight_are_queued_for_the_next_open() -> None:
    engine = started()
    entry = entered(engine)
    engine.handle(minute(1, {"AAA": 70}))
    (oco,) = intents(lose_both_legs(engine, entry, OrderStatus.EXPIRED))
    assert (oco.qty, oco.time_in_force) == (5, "day")
    engine.handle(oco_report(oco, status=OrderStatus.ACCEPTED))
    engine.handle(tick(TickKind.SESSION_CLOSE, DAY.close_ns))
    assert uncovered(engine.state.book) == {}


def test_a_position_that_is_being_closed_or_that_is_in_doubt_is_left_alone() -> None:
    engine = started()
    entry = entered(engine)
    engine.handle(tick(TickKind.FLATTEN, DAY.close_ns - 5 * NS_PER_MINUTE))
    (order,) = intents(lose_both_legs(engine, entry))
    assert order.role is Role.EXIT
    engine = started()
    entry = entered(engine)
    engine.state.locked["AAA"] = "AAA: we hold 5, the broker says 0"
    assert lose_both_legs(engine, entry) == []
    assert intents(engine.handle(minute(1, {"AAA": 70}))) == []


def test_shares_that_were_there_before_us_are_protected_around_their_price() -> None:
    engine = started()
    engine.state.book.opened = False
    held = PositionFact("AAA", 10, 10 * 700_000)
    engine.handle(AccountReconciled(ts_event_ns=OPEN_NS, account_number="PA1", cash_units=10**9, positions=(held,)))
    (oco,) = intents(engine.handle(minute(0, {"AAA": 71, "BBB": 10}))[-1:])
    assert (oco.qty, oco.bracket) == (10, Bracket(STOP, TARGET))


def test_somebody_elses_order_in_the_symbol_is_not_crossed() -> None:
    engine = started()
    engine.state.book.opened = False
    held = PositionFact("AAA", 10, 10 * 700_000)
    engine.handle(AccountReconciled(ts_event_ns=OPEN_NS, account_number="PA1", cash_units=10**9, positions=(held,)))
    theirs = OrderReport("x1", "web", "AAA", Side.SELL, OrderKind.STOP, OrderStatus.NEW, 10, 0, 0, OPEN_NS, stop_units=600_000)
    engine.handle(OrderReported(ts_event_ns=OPEN_NS, report=theirs))
    assert intents(engine.handle(minute(0, {"AAA": 71, "BBB": 10}))) == []


def test_a_restart_in_between_goes_on_where_it_was() -> None:
    engine = started()
    (oco,) = intents(part_filled_and_taken_back(engine))
    again = Engine.restore(engine.config, engine.sessions, engine.models, engine.snapshot())
    assert state_to_bytes(state_from_bytes(state_to_bytes(engine.state))) == state_to_bytes(engine.state)
    for one in (engine, again):
        assert intents(one.handle(refused(oco))) == []
        assert [i.client_order_id for i in intents(one.handle(minute(1, {"AAA": 70})))] == ["play-20131009-1330Z-AAA-entry-protect2"]


# ---- replace chains


def moved(engine: Engine) -> OrderIntent:
    """The stop of a bracket is wanted at 69 dollars."""
    entry = entered(engine)
    engine.state.plans["AAA"] = Plan(entry.client_order_id, 690_000, TARGET, is_moved=True)
    (wanted,) = replacements(engine.handle(minute(1, {"AAA": 70})))
    return wanted


def stop_report(status: OrderStatus, broker_id: str = "b1-s", **more: object) -> OrderReported:
    values: dict[str, Any] = {"client_order_id": broker_id, "filled_qty": 0, "filled_units": 0, "stop_units": 690_000}
    values |= {"symbol": "AAA", "side": Side.SELL, "kind": OrderKind.STOP, "qty": 5, "ts_event_ns": OPEN_NS} | more
    report = OrderReport(broker_id=broker_id, status=status, **values)
    return OrderReported(ts_event_ns=OPEN_NS, report=report)


def test_a_stop_that_was_moved_is_replaced_once_and_covers_all_the_while() -> None:
    engine = started()
    wanted = moved(engine)
    assert (wanted.replaces, wanted.stop_units, wanted.role, wanted.qty) == ("b1-s", 690_000, Role.STOP, 5)
    assert (uncovered(engine.state.book), overcovered(engine.state.book)) == ({}, {})
    assert engine.handle(minute(2, {"AAA": 70}))[1:] == []  # no second one while the first is under way
    new = stop_report(OrderStatus.PENDING_NEW, "b2", client_order_id=wanted.client_order_id, replaces="b1-s")
    old = stop_report(OrderStatus.REPLACED, replaced_by="b2")
    for event in (new, old, stop_report(OrderStatus.NEW, "b2", client_order_id=wanted.client_order_id, replaces="b1-s")):
        assert engine.handle(event) == []
        assert (uncovered(engine.state.book), overcovered(engine.state.book)) == ({}, {})
    assert [o.key for o in engine.state.book.open_orders("AAA")] == ["play-20131009-1330Z-AAA-entry/target", wanted.client_order_id]
    assert engine.handle(minute(3, {"AAA": 70}))[1:] == []


def test_a_replacement_whose_reply_is_lost_is_looked_up_and_an_absent_one_is_decided_anew() -> None:
    engine = started()
    wanted = moved(engine)
    lost = ReplyLost(ts_event_ns=OPEN_NS, client_order_id=wanted.client_order_id, reason="timeout")
    assert engine.handle(lost) == [LookUpOrder(wanted.client_order_id)]
    assert not any(isinstance(c, SubmitOrder | ReplaceOrder) for c in engine.handle(refused(wanted)))
    assert (uncovered(engine.state.book), overcovered(engine.state.book)) == ({}, {})  # the old stop still works
    (again,) = replacements(engine.handle(minute(2, {"AAA": 70})))
    assert again.client_order_id != wanted.client_order_id
    # A lost reply whose order is there: the stream speaks of the old one first.
    assert engine.handle(stop_report(OrderStatus.REPLACED, replaced_by="b3")) == []
    assert engine.handle(stop_report(OrderStatus.NEW, "b3", client_order_id=again.client_order_id, replaces="b1-s")) == []
    assert engine.state.book.orders[again.client_order_id].broker_id == "b3"
    assert (uncovered(engine.state.book), overcovered(engine.state.book)) == ({}, {})


def test_an_absent_replacement_that_arrives_late_is_known() -> None:
    engine = started()
    wanted = moved(engine)
    engine.handle(refused(wanted))
    engine.handle(stop_report(OrderStatus.NEW, "b2", client_order_id=wanted.client_order_id, replaces="b1-s"))
    assert [o.broker_id for o in engine.state.book.open_orders("AAA")] == ["b1-t", "b2"]
    assert (uncovered(engine.state.book), overcovered(engine.state.book)) == ({}, {})


def test_a_replacement_that_loses_to_a_fill_leaves_a_flat_book() -> None:
    engine = started()
    wanted = moved(engine)
    engine.handle(stop_report(OrderStatus.PENDING_NEW, "b2", client_order_id=wanted.client_order_id, replaces="b1-s"))
    engine.handle(stop_report(OrderStatus.FILLED, filled_qty=5, filled_units=5 * 686_000))
    engine.handle(stop_report(OrderStatus.REJECTED, "b2", client_order_id=wanted.client_order_id, replaces="b1-s"))
    assert engine.state.book.qty("AAA") == 0
    assert [o.broker_id for o in engine.state.book.open_orders("AAA")] == ["b1-t"]
    assert cancels(engine.handle(minute(2, {"AAA": 10}))) == ["b1-t"]


@pytest.mark.parametrize("status", [OrderStatus.REJECTED, OrderStatus.CANCELED])
def test_a_replacement_that_dies_after_the_old_stop_has_gone_leaves_no_hole(status: OrderStatus) -> None:
    engine = started()
    wanted = moved(engine)
    engine.handle(stop_report(OrderStatus.REPLACED, replaced_by="b2"))
    commands = engine.handle(stop_report(status, "b2", client_order_id=wanted.client_order_id, replaces="b1-s"))
    assert cancels(commands) == ["b1-t"]
