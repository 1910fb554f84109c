"""Given this event, expect these commands: the breaker, the kill switch, and how a person takes them back."""

from __future__ import annotations

from dataclasses import replace

from tests.playbook.market import DAY, OPEN_NS, leg_report, minute, started
from tests.playbook.test_engine import entered, intents, reasons
from tradebot.core.config_text import config_text
from tradebot.core.domain.commands import Alert, CancelOrder, CompareBooks
from tradebot.core.domain.events import (
    AccountReconciled,
    DaemonStarted,
    GuardRefused,
    JobEnded,
    OperatorOrder,
    OperatorSpoke,
    PositionFact,
    TickKind,
)
from tradebot.core.domain.orders import OrderKind, OrderStatus, Side
from tradebot.core.engine import Engine
from tradebot.core.risk.breaker import BreakerConfig
from tradebot.core.state import Safety


def with_breaker(breaker: BreakerConfig) -> Engine:
    engine = started()
    engine.config = replace(engine.config, breaker=breaker)
    return engine


def facts(engine: Engine, off_by_units: int = 0) -> AccountReconciled:
    """What a broker says that agrees with our books, but for some cash."""
    book = engine.state.book
    held = tuple(PositionFact(p.symbol, p.qty, p.cost_units) for p in book.positions.values() if p.qty)
    cash_units = book.cash_units + off_by_units
    return AccountReconciled(ts_event_ns=OPEN_NS, account_number=book.account_number, cash_units=cash_units, positions=held)


def test_only_a_person_loosens_safety() -> None:
    engine = started()
    engine.handle(OperatorSpoke(ts_event_ns=OPEN_NS, order=OperatorOrder.HALT, reason="drill"))
    engine.handle(OperatorSpoke(ts_event_ns=OPEN_NS, order=OperatorOrder.PAUSE, reason="softer"))
    assert reasons(engine.handle(minute(0, {"AAA": 70})))[0] == "refused: halted: drill"
    asked = engine.handle(OperatorSpoke(ts_event_ns=OPEN_NS, order=OperatorOrder.RESUME, reason="drill over"))
    assert asked == [CompareBooks("drill over")]
    assert not intents(engine.handle(minute(1, {"AAA": 70})))  # not before the books have been compared
    engine.handle(facts(engine))
    assert intents(engine.handle(minute(2, {"AAA": 70})))


def test_books_that_differ_do_not_resume_and_the_wish_is_gone() -> None:
    engine = started()
    engine.handle(OperatorSpoke(ts_event_ns=OPEN_NS, order=OperatorOrder.HALT, reason="drill"))
    engine.handle(OperatorSpoke(ts_event_ns=OPEN_NS, order=OperatorOrder.RESUME, reason="drill over"))
    alerts = engine.handle(facts(engine, off_by_units=-10_000))
    assert Alert("critical", "not resumed (drill over): the books differ from the broker's") in alerts
    engine.handle(facts(engine))
    assert engine.state.safety is Safety.HALTED


def test_the_kill_switch_cancels_flattens_and_refuses() -> None:
    engine = started()
    intent = entered(engine)
    commands = engine.handle(OperatorSpoke(ts_event_ns=OPEN_NS, order=OperatorOrder.KILL, reason="fire"))
    assert [c.broker_id for c in commands if isinstance(c, CancelOrder)] == ["b1-t"]  # the broker takes the sibling with it
    for leg, kind in (("b1-t", OrderKind.LIMIT), ("b1-s", OrderKind.STOP)):
        commands = engine.handle(leg_report(intent, leg, kind, OrderStatus.CANCELED))
    assert [(i.side, i.qty, i.reason) for i in intents(commands)] == [(Side.SELL, 5, "killed: fire")]
    assert reasons(engine.handle(minute(1, {"BBB": 70})))[1] == "refused: halted: fire"


def test_a_day_loss_kills_where_the_profile_says_so() -> None:
    engine = with_breaker(BreakerConfig(day_loss="kill"))
    entered(engine)
    engine.state.book.cash_units -= 20_000_000
    commands = engine.handle(minute(1, {"AAA": 70, "BBB": 80}))
    assert engine.state.safety is Safety.HALTED
    assert [a.message for a in commands if isinstance(a, Alert)] == ["killed: day loss 2000.00 of 100000.00 (2.00%)"]
    assert [c.broker_id for c in commands if isinstance(c, CancelOrder)]
    assert not intents(commands)


def test_a_drawdown_opens_nothing_until_a_person_resumes_and_then_counts_anew() -> None:
    engine = with_breaker(BreakerConfig(drawdown_fraction_max=0.01))
    engine.handle(minute(0, {"AAA": 10}))
    engine.state.book.cash_units -= 10_000_000
    assert reasons(engine.handle(minute(1, {"AAA": 70})))[0].startswith("refused: reducing: drawdown 1000.00 from 100000.00")
    engine.state.book.cash_units += 10_000_000
    assert reasons(engine.handle(minute(2, {"AAA": 70})))[0].startswith("refused: reducing")  # it does not loosen by itself
    engine.state.book.cash_units -= 10_000_000
    engine.handle(OperatorSpoke(ts_event_ns=OPEN_NS, order=OperatorOrder.RESUME, reason="seen"))
    engine.handle(facts(engine))
    assert intents(engine.handle(minute(3, {"AAA": 70})))


def test_an_order_that_the_guard_held_back_halts() -> None:
    engine = started()
    (intent,) = intents(engine.handle(minute(0, {"AAA": 70})))
    engine.handle(GuardRefused(ts_event_ns=OPEN_NS, client_order_id=intent.client_order_id, reason="twice"))
    assert engine.state.safety is Safety.HALTED
    assert not engine.state.book.open_orders()


def test_a_looser_profile_opens_nothing_until_a_person_says_why_and_a_tighter_one_trades_on() -> None:
    engine = started()
    strict = engine.config
    wide = replace(strict, limits=replace(strict.limits, positions_max=11), breaker=BreakerConfig(drawdown_fraction_max=0.2))
    tight = replace(wide, limits=replace(strict.limits, positions_max=9))
    known = replace(strict, breaker=BreakerConfig(drawdown_fraction_max=0.1))
    assert engine.handle(DaemonStarted(ts_event_ns=OPEN_NS, config=config_text(known), program="test")) == []
    alerts = engine.handle(DaemonStarted(ts_event_ns=OPEN_NS, config=config_text(wide), program="test"))
    loose = "loosened: positions_max: 10 -> 11; breaker.drawdown_fraction_max: 0.1 -> 0.2"
    assert Alert("critical", f"nothing new until you resume with a reason: {loose}") in alerts
    assert reasons(engine.handle(minute(0, {"AAA": 70})))[0] == f"refused: reducing: {loose}"
    engine.handle(OperatorSpoke(ts_event_ns=OPEN_NS, order=OperatorOrder.RESUME, reason="more symbols now"))
    engine.handle(facts(engine))
    engine.handle(DaemonStarted(ts_event_ns=OPEN_NS, config=config_text(tight), program="test"))
    assert intents(engine.handle(minute(1, {"AAA": 70})))


def test_a_daemon_that_was_not_there_at_the_close_tells_what_is_held_over_it() -> None:
    engine = started()

    def missed(job: TickKind) -> JobEnded:
        return JobEnded(ts_event_ns=DAY.close_ns + 1, job=job.value, session=DAY.date, outcome="skipped", reason="it was not running")

    assert engine.handle(missed(TickKind.SESSION_CLOSE)) == []
    entered(engine)
    assert engine.handle(missed(TickKind.FLATTEN)) == []
    assert engine.handle(missed(TickKind.SESSION_CLOSE)) == [Alert("critical", "held over the close: AAA")]
