"""A model that answers with positions: long enough enters, short or unsure does not, and what is no position says nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tests.playbook.market import OPEN_NS, SESSIONS, SYMBOLS, Oracle, config, minute
from tests.playbook.test_engine import intents, reasons
from tradebot.core.domain.events import AccountReconciled, ModelPromoted, UniverseSelected
from tradebot.core.engine import Engine
from tradebot.core.forecast.model import Answer


@dataclass(frozen=True)
class Lean(Oracle):
    """Leans long or short by the open price: 50 dollars is no position, 100 a full one, 0 a full short one."""

    model_id: str = "lean"
    answer: Answer = "position"

    def predict(self, rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return rows[:, 0] / 50.0 - 1.0


def leaning() -> Engine:
    model = Lean()
    engine = Engine(config(confidence_min=0.5), SESSIONS, {model.model_id: model})
    for event in (
        AccountReconciled(ts_event_ns=OPEN_NS - 10**9, account_number="PA1", cash_units=10**9, positions=()),
        UniverseSelected(ts_event_ns=OPEN_NS - 10**9, symbols=SYMBOLS, reason="test"),
        ModelPromoted(ts_event_ns=OPEN_NS - 10**9, model_id="lean", manifest_sha256="", reason="test"),
    ):
        assert engine.handle(event) == []
    return engine


def test_a_long_position_enters_and_a_short_one_does_not() -> None:
    commands = leaning().handle(minute(0, {"AAA": 80.0, "BBB": 10.0}))
    assert [intent.symbol for intent in intents(commands)] == ["AAA"]
    assert reasons(commands) == ("enter", "position -0.800 < 0.5")


def test_what_is_no_position_says_nothing() -> None:
    commands = leaning().handle(minute(0, {"AAA": 120.0, "BBB": 74.0}))
    assert intents(commands) == []
    assert reasons(commands) == ("position nan < 0.5", "position 0.480 < 0.5")
