"""What the engine does when minutes come from another source, when prices are absurd, and when a bar is corrected."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tests.playbook.market import OPEN_NS, SESSIONS, SYMBOLS, Oracle, config
from tradebot.core.config import EngineConfig
from tradebot.core.domain.commands import Alert, Command, RecordDecision, SubmitOrder
from tradebot.core.domain.events import (
    AccountReconciled,
    BarCorrected,
    BarFact,
    FeedSwitched,
    MinuteClosed,
    ModelPromoted,
    UniverseSelected,
)
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.core.engine import Engine


@dataclass(frozen=True)
class Thirsty(Oracle):
    """As Oracle, and it has learned raw volumes."""

    model_id: str = "thirsty"
    features: tuple[str, ...] = ("open", "volume", "up_share_20")


def minute(i: int, feed: str, price: int = 500_000, volume: int = 1_000) -> MinuteClosed:
    prices = np.full(len(SYMBOLS), price + i, np.int64)
    minute_ns = OPEN_NS + i * NS_PER_MINUTE
    return MinuteClosed(
        ts_event_ns=minute_ns + NS_PER_MINUTE, minute_ns=minute_ns, symbols=SYMBOLS, open=prices, high=prices, low=prices, close=prices,
        volume=np.full(len(SYMBOLS), volume + 7 * i, np.int64), present=np.ones(len(SYMBOLS), np.bool_), feed=feed,
    )  # fmt: skip


def engine(rules: EngineConfig, model: Oracle) -> Engine:
    made = Engine(rules, SESSIONS, {model.model_id: model})
    made.handle(UniverseSelected(ts_event_ns=OPEN_NS, symbols=SYMBOLS, reason="test"))
    made.handle(AccountReconciled(ts_event_ns=OPEN_NS, account_number="T", cash_units=1_000_000_000, positions=()))
    made.handle(ModelPromoted(ts_event_ns=OPEN_NS, model_id=model.model_id, manifest_sha256="0", reason="test"))
    return made


def seen(subject: Engine) -> npt.NDArray[np.float64]:
    return subject.state.features.copy()


def reasons(commands: list[Command]) -> tuple[str, ...]:
    (decision,) = [c.decision for c in commands if isinstance(c, RecordDecision)]
    return decision.reasons


def test_a_switch_with_history_leaves_the_memory_of_an_engine_that_never_saw_the_other_source() -> None:
    moved, pure = engine(config(), Thirsty()), engine(config(), Thirsty())
    for i in range(30):
        moved.handle(minute(i, "iex", volume=20))
        pure.handle(minute(i, "polygon"))
    history = tuple(minute(i, "polygon rest") for i in range(30))
    still_to_come = minute(30, "polygon rest")
    (alert,) = moved.handle(
        FeedSwitched(ts_event_ns=minute(29, "").ts_event_ns, feed="polygon", reason="mute", history=(*history, still_to_come))
    )
    assert alert == Alert("warning", "minutes come from polygon instead of iex, warmed up on 30 of its minutes: mute")
    np.testing.assert_array_equal(moved.state.memory, pure.state.memory)
    for subject in (moved, pure):
        subject.handle(minute(30, "polygon"))
    np.testing.assert_array_equal(seen(moved), seen(pure))
    np.testing.assert_array_equal(moved.state.seen, [31, 31])


def test_a_minute_of_another_source_drops_the_memory_also_when_nobody_said_so() -> None:
    moved, young = engine(config(), Thirsty()), engine(config(), Thirsty())
    for i in range(25):
        moved.handle(minute(i, "iex rest" if i % 2 else "iex"))  # one source, two ways
    assert moved.state.seen.tolist() == [25, 25]
    for subject in (moved, young):
        commands = subject.handle(minute(25, "polygon"))
    np.testing.assert_array_equal(seen(moved), seen(young))
    assert moved.state.seen.tolist() == [1, 1]
    assert set(reasons(commands)) == {"no valid features: bar missing or warming up"}


def test_a_model_of_raw_volumes_opens_nothing_on_anothers_volumes_and_opens_again_after() -> None:
    rules = replace(config(), home_feed="iex")
    for model, feed, blocked in (
        (Thirsty(), "polygon", True),
        (Thirsty(), "iex", False),
        (Oracle(), "polygon", False),
        (Thirsty(), "sim", False),
    ):
        subject = engine(rules, model)
        for i in range(30):
            commands = subject.handle(minute(i, feed, price=900_000))
            if any(isinstance(c, SubmitOrder) for c in commands):
                break
        assert any(isinstance(c, SubmitOrder) for c in commands) is not blocked
        if blocked:
            assert set(reasons(commands)) == {"refused: volume is of iex, minutes come from polygon"}


def test_a_price_a_hundred_times_too_high_opens_nothing_until_it_is_confirmed() -> None:
    subject = engine(replace(config(), price_jump_max=1.0), Oracle())
    subject.handle(minute(0, "iex", price=10_000))  # the oracle does not want it
    commands = subject.handle(minute(1, "iex", price=900_000))
    assert set(reasons(commands)) == {"price 90.0001 after 1.00: not confirmed by the next bar yet"}
    commands = subject.handle(minute(2, "iex", price=900_000))
    assert sum(isinstance(c, SubmitOrder) for c in commands) == len(SYMBOLS)


def test_a_corrected_bar_changes_nothing() -> None:
    subject = engine(config(), Oracle())
    subject.handle(minute(0, "iex"))
    before = subject.snapshot()
    fact = BarFact(1, 2, 1, 2, 3)
    event = BarCorrected(ts_event_ns=subject.state.now_ns, symbol="AAA", minute_ns=OPEN_NS, source="iex", kind="update", old=fact, new=fact)
    assert subject.handle(event) == []
    assert subject.snapshot() == before
