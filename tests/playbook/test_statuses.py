"""Halts and assets: a halted symbol opens nothing, what works in it is taken back, and its exit waits for the market to open again."""

from __future__ import annotations

from tests.playbook.market import OPEN_NS, accepted, filled, leg_report, minute, started, tick
from tradebot.core.domain.commands import Alert, CancelOrder, Command, RecordDecision, SubmitOrder
from tradebot.core.domain.events import AssetsRead, SymbolHalted, TickKind
from tradebot.core.domain.orders import OrderIntent, OrderKind, OrderStatus, Role
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.core.engine import Engine


def halt(i: int, *, halted: bool = True, symbol: str = "AAA") -> SymbolHalted:
    """In the middle of minute `i`."""
    ns = OPEN_NS + i * NS_PER_MINUTE + NS_PER_MINUTE // 2
    return SymbolHalted(ts_event_ns=ns, symbol=symbol, halted=halted, reason="H: news pending" if halted else "T: resumed")


def intents(commands: list[Command], role: Role = Role.ENTRY) -> list[OrderIntent]:
    return [c.intent for c in commands if isinstance(c, SubmitOrder) and c.intent.role is role]


def reason(commands: list[Command]) -> str:
    (decision,) = [c.decision for c in commands if isinstance(c, RecordDecision)]
    return decision.reasons[0]


def alerts(commands: list[Command]) -> list[tuple[str, str]]:
    return [(c.severity, c.message) for c in commands if isinstance(c, Alert)]


def holding() -> tuple[Engine, OrderIntent]:
    engine = started()
    (intent,) = intents(engine.handle(minute(0, {"AAA": 70, "BBB": 10})))
    engine.handle(accepted(intent))
    engine.handle(filled(intent, "b1", 70))
    return engine, intent


def test_a_halted_symbol_opens_nothing_until_it_trades_again() -> None:
    engine = started()
    assert alerts(engine.handle(halt(0))) == [("warning", "AAA is halted: H: news pending")]
    assert engine.handle(halt(0)) == [], "the same word twice"
    said = engine.handle(minute(0, {"AAA": 70, "BBB": 10}))
    assert not intents(said)
    assert reason(said) == "refused: the symbol is halted (status 1)"
    assert alerts(engine.handle(halt(1, halted=False))) == [("info", "AAA trades again: T: resumed")]
    assert intents(engine.handle(minute(1, {"AAA": 70, "BBB": 10})))


def test_a_bar_of_a_later_minute_ends_a_halt_whose_end_was_missed() -> None:
    engine = started()
    engine.handle(halt(0))
    assert not intents(engine.handle(minute(0, {"AAA": 70, "BBB": 10}))), "the halt came in the middle of this minute"
    assert not intents(engine.handle(minute(1, {"BBB": 10})))
    said = engine.handle(minute(2, {"AAA": 70, "BBB": 10}))
    assert alerts(said) == [("info", "AAA trades again: it has a bar")]
    assert intents(said)


def test_an_entry_that_works_when_the_halt_comes_is_taken_back() -> None:
    engine = started()
    (intent,) = intents(engine.handle(minute(0, {"AAA": 70, "BBB": 10})))
    engine.handle(accepted(intent))
    cancels = [c for c in engine.handle(halt(1)) if isinstance(c, CancelOrder)]
    assert [(c.broker_id, c.reason) for c in cancels] == [("b1", "halted: H: news pending")]


def test_an_exit_waits_for_the_end_of_a_halt_and_then_goes_out() -> None:
    engine, intent = holding()
    assert alerts(engine.handle(halt(1))) == [("critical", "AAA is halted: H: news pending; what protects it rests at the broker")]
    said = engine.handle(tick(TickKind.FLATTEN, OPEN_NS + 2 * NS_PER_MINUTE))
    assert not [c for c in said if isinstance(c, CancelOrder | SubmitOrder)], "its protection rests on, and nothing is sent into the halt"
    assert "AAA" in engine.state.closing
    cancels = [c for c in engine.handle(halt(3, halted=False)) if isinstance(c, CancelOrder)]
    assert cancels, "its legs free the shares first"
    for kind, leg in ((OrderKind.LIMIT, "b1-t"), (OrderKind.STOP, "b1-s")):
        said = engine.handle(leg_report(intent, leg, kind, OrderStatus.CANCELED))
    (exit_,) = intents(said, Role.EXIT)
    assert exit_.qty == intent.qty


def test_what_is_halted_survives_a_restart() -> None:
    engine = started()
    engine.handle(halt(0))
    engine.handle(AssetsRead(ts_event_ns=OPEN_NS, untradable=("BBB",), unshortable=("AAA",)))
    again = Engine.restore(engine.config, engine.sessions, engine.models, engine.snapshot())
    assert again.state.halted == engine.state.halted == {"AAA": halt(0).ts_event_ns}
    assert (again.state.untradable, again.state.unshortable) == (("BBB",), ("AAA",))
    assert reason(again.handle(minute(0, {"AAA": 70, "BBB": 10}))) == "refused: the symbol is halted (status 1)"


def test_an_asset_that_the_broker_no_longer_trades_opens_nothing() -> None:
    engine = started()
    said = engine.handle(AssetsRead(ts_event_ns=OPEN_NS, untradable=("AAA",), unshortable=()))
    assert alerts(said) == [("warning", "not tradable at the broker: AAA")]
    assert reason(engine.handle(minute(0, {"AAA": 70, "BBB": 10}))) == "refused: the symbol is not tradable (status 2)"
    assert alerts(engine.handle(AssetsRead(ts_event_ns=OPEN_NS, untradable=(), unshortable=("AAA",)))) == [("info", "tradable again: AAA")]
    assert intents(engine.handle(minute(1, {"AAA": 70, "BBB": 10}))), "a long entry needs nobody who lends"
