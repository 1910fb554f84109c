"""Given this event, expect these commands."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from tests.playbook.market import DAY, OPEN_NS, Oracle, accepted, config, filled, leg_report, minute, started, tick
from tradebot.core.domain.commands import (
    Alert,
    CancelOrder,
    Command,
    LookUpOrder,
    RecordDecision,
    RecordFill,
    RecordTrade,
    StartRetrain,
    SubmitOrder,
)
from tradebot.core.domain.decision import predictions
from tradebot.core.domain.events import (
    AccountReconciled,
    FeedChanged,
    ModelPromoted,
    OrderRefused,
    PositionFact,
    ReplyLost,
    TickKind,
    UniverseSelected,
)
from tradebot.core.domain.orders import OrderIntent, OrderKind, OrderStatus, Side
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.core.engine import Engine
from tradebot.core.execution.reconcile import GRACE_NS
from tradebot.core.features.catalogue import STATE_WIDTH, families_of, new_state
from tradebot.core.state import state_from_bytes, state_to_bytes

FLATTEN_NS = DAY.close_ns - 5 * NS_PER_MINUTE


def intents(commands: Sequence[Command]) -> list[OrderIntent]:
    return [c.intent for c in commands if isinstance(c, SubmitOrder)]


def reasons(commands: Sequence[Command]) -> tuple[str, ...]:
    return next(c.decision.reasons for c in commands if isinstance(c, RecordDecision))


def entered(engine: Engine, price: float = 70.0) -> OrderIntent:
    """AAA bought at `price` and protected by its legs."""
    (intent,) = intents(engine.handle(minute(0, {"AAA": price, "BBB": 10})))
    engine.handle(accepted(intent))
    engine.handle(filled(intent, "b1", price))
    return intent


def test_a_confident_minute_becomes_one_protected_order_and_every_symbol_has_a_reason() -> None:
    commands = started().handle(minute(0, {"AAA": 70, "BBB": 10}))
    (intent,) = intents(commands)
    assert (intent.symbol, intent.side, intent.qty) == ("AAA", Side.BUY, 5)
    assert intent.client_order_id == "play-20131009-1330Z-AAA-entry"
    assert intent.bracket is not None
    assert (intent.bracket.stop_units, intent.bracket.target_units) == (686_000, 728_000)
    assert reasons(commands) == ("enter", "confidence 0.100 < 0.65")
    decision = next(c.decision for c in commands if isinstance(c, RecordDecision))
    assert [(p.symbol, p.recommendation, p.meets_threshold) for p in predictions(decision)] == [
        ("AAA", "BUY", True),
        ("BBB", "HOLD", False),
    ]


def test_size_is_one_percent_of_equity_rounded_down() -> None:
    (intent,) = intents(started(max_shares=0).handle(minute(0, {"AAA": 70})))
    assert intent.qty == 14  # floor(1000 / 70)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"price_usd_max": 20}, "price 70.00 outside 1-20"),
        ({"order_usd_max": 300}, "refused: order_usd 367.50 > 300"),
    ],
)
def test_refusals_carry_their_numbers(changes: dict[str, float], reason: str) -> None:
    commands = started(**changes).handle(minute(0, {"AAA": 70}))
    assert intents(commands) == []
    assert reasons(commands)[0] == reason


def test_positions_are_counted_within_the_minute_and_the_most_confident_goes_first() -> None:
    commands = started(positions_max=1).handle(minute(0, {"AAA": 70, "BBB": 80}))
    assert [i.symbol for i in intents(commands)] == ["BBB"]
    assert reasons(commands)[0] == "refused: positions 1 >= 1"


def test_cash_already_promised_is_not_spent_again() -> None:
    engine = started(cash_usd=500, max_shares=0)
    engine.config = config(max_shares=0)
    commands = engine.handle(minute(0, {"AAA": 70}))
    assert reasons(commands)[0] == "refused: size rounds to 0 shares"


def test_a_missing_bar_is_not_a_signal() -> None:
    commands = started().handle(minute(0, {"BBB": 10}))
    assert reasons(commands)[0] == "no valid features: bar missing or warming up"


def test_the_same_minute_twice_decides_once() -> None:
    engine = started()
    assert intents(engine.handle(minute(0, {"AAA": 70})))
    assert engine.handle(minute(0, {"AAA": 70})) == []


def test_history_is_perceived_and_a_late_minute_opens_nothing() -> None:
    engine = started()
    assert engine.handle(minute(0, {"AAA": 70}, late_s=300)) == []
    engine.handle(minute(1, {"AAA": 10}))
    assert reasons(engine.handle(minute(2, {"AAA": 70}, late_s=75)))[0] == "refused: bar late by 75 s > 30 s"


def test_a_stale_feed_stops_new_risk_until_it_is_fresh() -> None:
    engine = started()
    engine.handle(FeedChanged(ts_event_ns=OPEN_NS, feed="iex", stale=True, reason="silent 90 s"))
    assert reasons(engine.handle(minute(0, {"AAA": 70})))[0] == "refused: stale: iex: silent 90 s"
    engine.handle(FeedChanged(ts_event_ns=OPEN_NS, feed="iex", stale=False, reason="bars again"))
    assert intents(engine.handle(minute(1, {"AAA": 70})))


def test_a_held_symbol_is_not_bought_again() -> None:
    engine = started()
    entered(engine)
    assert reasons(engine.handle(minute(1, {"AAA": 70})))[0] == "already held or working"


def test_duplicated_and_reordered_reports_fill_once() -> None:
    engine = started()
    (intent,) = intents(engine.handle(minute(0, {"AAA": 70})))
    first, second = filled(intent, "b1", 70, qty=2), filled(intent, "b1", 70)
    fills = [c for e in (second, first, second, accepted(intent)) for c in engine.handle(e) if isinstance(c, RecordFill)]
    assert [f.fill.qty for f in fills] == [5]
    assert engine.state.book.cash_units == 1_000_000_000 - 5 * 700_000
    assert engine.state.book.orders[intent.client_order_id].status is OrderStatus.FILLED


def test_a_leg_that_speaks_before_its_parent_is_understood_when_the_parent_comes() -> None:
    engine = started()
    (intent,) = intents(engine.handle(minute(0, {"AAA": 70})))
    engine.handle(filled(intent, "b1", 70))
    assert engine.handle(leg_report(intent, "b1-s", OrderKind.STOP, OrderStatus.FILLED, 68.6)) == []
    commands = engine.handle(accepted(intent))
    (closed,) = [c.trade for c in commands if isinstance(c, RecordTrade)]
    assert (closed.status, closed.pnl_units, closed.exit_reason) == ("CLOSED", 5 * -14_000, "stop")
    assert engine.state.book.qty("AAA") == 0


def test_flatten_frees_the_shares_first_and_then_sells_them() -> None:
    engine = started()
    intent = entered(engine)
    cancels = engine.handle(tick(TickKind.FLATTEN, FLATTEN_NS))
    assert [c.broker_id for c in cancels if isinstance(c, CancelOrder)] == ["b1-t"]
    assert engine.handle(tick(TickKind.FLATTEN, FLATTEN_NS)) == []  # asked once, not again with every event
    assert engine.handle(leg_report(intent, "b1-t", OrderKind.LIMIT, OrderStatus.CANCELED)) == []
    (exit_order,) = intents(engine.handle(leg_report(intent, "b1-s", OrderKind.STOP, OrderStatus.CANCELED)))
    assert (exit_order.side, exit_order.qty, exit_order.client_order_id) == (Side.SELL, 5, "play-20131009-1955Z-AAA-exit1")
    trades = [c.trade for c in engine.handle(filled(exit_order, "b2", 71)) if isinstance(c, RecordTrade)]
    assert (trades[0].status, trades[0].pnl_units, trades[0].exit_reason) == ("CLOSED", 5 * 10_000, "flat at the close")
    assert engine.state.closing == {}


def test_nothing_is_opened_once_the_flatten_time_has_come() -> None:
    assert reasons(started().handle(minute(384, {"AAA": 70})))[0] == "refused: flat at the close"
    assert intents(started().handle(minute(383, {"AAA": 70})))


def test_a_rejected_exit_is_tried_again_each_minute_with_a_new_id_and_then_handed_to_a_person() -> None:
    engine = started()
    intent = entered(engine)
    engine.handle(tick(TickKind.FLATTEN, FLATTEN_NS))
    engine.handle(leg_report(intent, "b1-t", OrderKind.LIMIT, OrderStatus.CANCELED))
    (order,) = intents(engine.handle(leg_report(intent, "b1-s", OrderKind.STOP, OrderStatus.CANCELED)))
    seen = [order.client_order_id]
    for i in range(4):
        refused = engine.handle(OrderRefused(ts_event_ns=FLATTEN_NS, client_order_id=seen[-1], code=403, reason="no"))
        assert intents(refused) == []  # not in a loop: the broker may need a moment
        (order,) = intents(engine.handle(minute(385 + i, {"AAA": 70})))
        seen.append(order.client_order_id)
    assert len(set(seen)) == 5
    commands = engine.handle(OrderRefused(ts_event_ns=FLATTEN_NS, client_order_id=seen[-1], code=403, reason="no"))
    assert intents(commands) == []
    assert any(isinstance(c, Alert) and c.severity == "critical" for c in commands)
    assert intents(engine.handle(minute(389, {"AAA": 70}))) == []


@pytest.mark.parametrize(("price", "word"), [(68.0, "stop"), (73.0, "target")])
def test_an_unprotected_position_is_watched_in_software_stop_before_target(price: float, word: str) -> None:
    engine = started()
    intent = entered(engine)
    engine.handle(leg_report(intent, "b1-t", OrderKind.LIMIT, OrderStatus.CANCELED))
    (oco,) = intents(engine.handle(leg_report(intent, "b1-s", OrderKind.STOP, OrderStatus.CANCELED)))
    engine.handle(OrderRefused(ts_event_ns=OPEN_NS, client_order_id=oco.client_order_id, code=403, reason="no"))
    (order,) = intents(engine.handle(minute(1, {"AAA": price})))
    assert order.reason.startswith(word)


def test_rebalance_closes_winners_and_losers_and_starts_the_day() -> None:
    engine = started()
    position = PositionFact("AAA", 10, 10 * 700_000)
    engine.state.book.opened = False
    engine.handle(AccountReconciled(ts_event_ns=OPEN_NS, account_number="PA1", cash_units=10**9, positions=(position,)))
    engine.state.marks[0] = 730_000
    (order,) = intents(engine.handle(tick(TickKind.REBALANCE, OPEN_NS)))
    assert order.reason.startswith("rebalance target")
    assert engine.state.day_start_equity_units == 10**9 + 7_300_000


def test_a_lost_reply_is_looked_up_until_the_broker_has_spoken_and_the_symbol_stays_locked_meanwhile() -> None:
    engine = started()
    (intent,) = intents(engine.handle(minute(0, {"AAA": 70})))
    lost = ReplyLost(ts_event_ns=OPEN_NS, client_order_id=intent.client_order_id, reason="timeout")
    assert engine.handle(lost) == [LookUpOrder(intent.client_order_id)]
    assert engine.handle(lost) == [LookUpOrder(intent.client_order_id)]
    assert reasons(engine.handle(minute(1, {"AAA": 70})))[0] == "already held or working"
    engine.handle(accepted(intent))
    assert engine.handle(lost) == []


def test_a_day_that_lost_too_much_opens_nothing_more() -> None:
    engine = started()
    engine.handle(minute(0, {"AAA": 10}))
    engine.state.book.cash_units -= 20_000_000 + 1
    assert reasons(engine.handle(minute(1, {"AAA": 70})))[0].startswith("refused: day loss")


def test_an_unexplained_position_locks_its_symbol() -> None:
    engine = started()
    entered(engine)
    later_ns = engine.state.now_ns + GRACE_NS  # the broker's positions may lag until then
    facts = AccountReconciled(ts_event_ns=later_ns, account_number="PA1", cash_units=0, positions=(PositionFact("BBB", 3, 30),))
    alerts = engine.handle(facts)
    assert [a.message for a in alerts if isinstance(a, Alert)] == [
        "books differ from the broker's: AAA: we hold 5, the broker says 0",
        "books differ from the broker's: BBB: we hold 0, the broker says 3",
    ]
    assert reasons(engine.handle(minute(1, {"BBB": 70})))[1] == "refused: BBB: we hold 0, the broker says 3"


def test_the_retrain_tick_asks_for_a_child_process() -> None:
    assert started().handle(tick(TickKind.RETRAIN, DAY.close_ns)) == [StartRetrain(DAY.date)]


def test_a_restored_engine_continues_as_if_nothing_had_happened() -> None:
    one = started()
    intent = entered(one)
    two = Engine.restore(one.config, one.sessions, one.models, one.snapshot())
    for event in (minute(1, {"AAA": 71, "BBB": 80}), leg_report(intent, "b1-s", OrderKind.STOP, OrderStatus.FILLED, 68.6)):
        assert str(one.handle(event)) == str(two.handle(event))
    assert one.snapshot() == two.snapshot()


def test_a_stuck_cancel_is_asked_for_again_a_minute_later() -> None:
    engine = started()
    entered(engine)
    engine.handle(tick(TickKind.FLATTEN, FLATTEN_NS))
    again = engine.handle(minute(385, {"AAA": 70}))
    assert {c.broker_id for c in again if isinstance(c, CancelOrder)} == {"b1-t", "b1-s"}


def test_a_new_universe_keeps_what_is_known_and_what_is_held() -> None:
    engine = started()
    entered(engine)
    before = engine.state.memory[0].copy()
    engine.handle(UniverseSelected(ts_event_ns=OPEN_NS, symbols=("CCC", "BBB"), reason="screen"))
    state = engine.state
    assert state.symbols == ("CCC", "BBB", "AAA")
    assert state.memory[2].tobytes() == before.tobytes()
    assert (state.mark("AAA"), state.mark("BBB"), state.mark("CCC")) == (700_000, 100_000, 0)
    assert state.memory[0].tobytes() == new_state(1, families_of(("open",))).tobytes()


def test_a_model_that_reads_more_makes_the_features_warm_up_anew_and_one_that_reads_the_same_does_not() -> None:
    engine = started()
    engine.handle(minute(0, {"AAA": 70, "BBB": 10}))
    same, more = Oracle("again"), Oracle("wiser", ("open", "rsi_14"))
    engine.models = {m.model_id: m for m in (same, more)}
    engine.handle(ModelPromoted(ts_event_ns=OPEN_NS, model_id="again", manifest_sha256="", reason="test"))
    assert engine.state.seen.tolist() == [1, 1]
    engine.handle(ModelPromoted(ts_event_ns=OPEN_NS, model_id="wiser", manifest_sha256="", reason="test"))
    assert engine.state.seen.tolist() == [0, 0]
    assert engine.state.families == families_of(("open", "rsi_14"))


def test_a_snapshot_of_another_version_keeps_the_books_and_warms_up_anew() -> None:
    engine = started()
    entered(engine)
    old = state_from_bytes(engine.snapshot())
    old.layout, old.memory, old.features = "of last year", np.zeros((2, 13)), np.zeros((2, 20))
    later = Engine.restore(engine.config, engine.sessions, engine.models, state_to_bytes(old))
    assert later.state.memory.shape == (2, STATE_WIDTH)
    assert later.state.memory.tobytes() == new_state(2, later.state.families).tobytes()
    assert np.isnan(later.state.features).all()
    assert later.state.book.qty("AAA") == 5
    assert later.handle(minute(0, {"AAA": 70, "BBB": 10})) == []  # a minute that was perceived is never perceived again
    later.handle(minute(1, {"AAA": 70, "BBB": 10}))
    same = Engine.restore(engine.config, engine.sessions, engine.models, engine.snapshot())
    assert same.state.memory.tobytes() == engine.state.memory.tobytes()
