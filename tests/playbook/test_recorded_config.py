"""What the engine decides by is recorded: a journal's tail is decided again by it, whatever the profile says today."""

from __future__ import annotations

from tests.playbook.market import OPEN_NS, SESSIONS, Oracle, config, minute, started
from tests.playbook.test_engine import intents
from tradebot.core.config import EngineConfig
from tradebot.core.config_text import config_text
from tradebot.core.domain.commands import Alert
from tradebot.core.domain.events import DaemonStarted, FeedChanged
from tradebot.core.engine import Engine

BEFORE, TODAY = config(max_shares=5), config(max_shares=2)


def starts(config: EngineConfig) -> DaemonStarted:
    return DaemonStarted(ts_event_ns=OPEN_NS - 1, config=config_text(config), program="test")


def test_a_restored_engine_decides_by_what_was_recorded_until_the_next_start_says_otherwise() -> None:
    engine = started()
    assert engine.handle(starts(BEFORE)) == []
    again = Engine.restore(TODAY, SESSIONS, {"oracle": Oracle()}, engine.snapshot())
    assert again.config == BEFORE
    [order] = intents(again.handle(minute(0, {"AAA": 70})))
    assert order.qty == 5
    assert again.handle(starts(TODAY)) == [Alert("warning", "the profile has changed: sizing.max_shares: 5 -> 2")]
    [order] = intents(again.handle(minute(1, {"BBB": 70})))
    assert order.qty == 2


def test_a_start_with_the_same_configuration_changes_nothing() -> None:
    engine = started()
    engine.handle(starts(BEFORE))
    before = engine.snapshot()
    assert engine.handle(starts(BEFORE)) == []
    assert engine.snapshot() == before


def test_a_journal_that_recorded_no_configuration_is_decided_by_todays() -> None:
    engine = started()
    assert Engine.restore(TODAY, SESSIONS, {"oracle": Oracle()}, engine.snapshot()).config == TODAY


def test_a_life_that_begins_has_heard_of_no_stale_feed() -> None:
    engine = started()
    engine.handle(starts(BEFORE))
    engine.handle(FeedChanged(ts_event_ns=OPEN_NS - 1, feed="broker", stale=True, reason="orders cannot be read"))
    assert not intents(engine.handle(minute(0, {"AAA": 70})))
    engine.handle(starts(BEFORE))
    assert intents(engine.handle(minute(1, {"AAA": 70})))
