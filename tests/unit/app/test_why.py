"""`why` of what a session rarely shows: strategies, slices, a size that a limit cut, an order that was refused."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.shell.orders import intent
from tradebot.app.journal_export import export_journal
from tradebot.app.why import why_traded
from tradebot.app.why_not import alike
from tradebot.core.domain.commands import Command, RecordDecision, RecordFill, RecordTrade, SubmitOrder
from tradebot.core.domain.decision import Decision, SizeRecord, Thoughts
from tradebot.core.domain.events import Event, OperatorOrder, OperatorSpoke, OrderRefused, ReplyLost
from tradebot.core.domain.orders import Fill, Role, Side
from tradebot.core.domain.trade import Trade
from tradebot.core.domain.units import NS_PER_MINUTE, NS_PER_S
from tradebot.shell.store.journal import Journal

OPEN_NS = 1_381_325_400 * NS_PER_S  # 2013-10-09 09:30 in New York
DECIDED_NS = OPEN_NS + NS_PER_MINUTE


def decision() -> Decision:
    """A is bought in slices, less of it than was sized; B is wanted and refused by the broker; C is not wanted."""
    thoughts = Thoughts(
        ("calm", "", "calm"), ("slow", "fast", "mute"), np.array([[0.1, 0.9, np.nan], [1.0, 0.5, 0.0], [0.0, 0.0, 0.0]]),
        np.array([[0.5, 0.5, 0.0], [0.9, 0.1, 0.0], [0.5, 0.5, 0.0]]), ("fast", "", ""), np.array([0.8, 0.0, 0.0]),
    )  # fmt: skip
    return Decision(
        "d", OPEN_NS, DECIDED_NS, "m", "h", ("A", "B", "C"), np.array([[1.5], [np.nan], [2.0]]), np.array([True, True, True]),
        np.array([0.5, 0.95, 0.0]), np.array([100_000, 200_000, 300_000]), 0.4, np.array([6, 5, 0]),
        ("enter", "enter", "forecast 0.000 < 0.4"), ("A-entry", "B-entry", ""), ("x",), thoughts,
        (SizeRecord("A", "kelly", 9, {"kelly": 0.25, "leverage": 2.0}), SizeRecord("B", "kelly", 5, {"kelly": 0.1})),
    )  # fmt: skip


def sliced(name: str, qty: int, at_ns: int) -> SubmitOrder:
    return SubmitOrder(intent(name, symbol="A", qty=qty, decided_ns=at_ns, parent_id="A-entry", parent_qty=6))


def filled(name: str, qty: int, units: int, at_ns: int) -> RecordFill:
    return RecordFill(Fill(f"{name}:{qty}", name, "A", Side.BUY, Role.ENTRY, qty, units, at_ns))


async def written(url: str) -> None:
    journal = Journal.open(url)
    later = DECIDED_NS + NS_PER_MINUTE
    trade = Trade("A-entry-s1", "A", Side.BUY, 6, 600_600, DECIDED_NS, 0.5, 0, 0)
    story: Sequence[tuple[Event, list[Command]]] = (
        (
            OperatorSpoke(ts_event_ns=DECIDED_NS, order=OperatorOrder.PAUSE, reason="stands for the minute"),
            [
                RecordDecision(decision()),
                sliced("A-entry-s1", 4, DECIDED_NS),
                SubmitOrder(intent("B-entry", symbol="B", qty=5, decided_ns=DECIDED_NS)),
            ],
        ),
        (ReplyLost(ts_event_ns=DECIDED_NS + 1, client_order_id="B-entry", reason="timeout"), []),
        (OrderRefused(ts_event_ns=DECIDED_NS + 2, client_order_id="B-entry", code=403, reason="not tradable"), []),
        (
            OperatorSpoke(ts_event_ns=DECIDED_NS + 3, order=OperatorOrder.PAUSE, reason="a fill"),
            [filled("A-entry-s1", 4, 400_400, DECIDED_NS + 3)],
        ),
        (OperatorSpoke(ts_event_ns=later, order=OperatorOrder.PAUSE, reason="the next slice"), [sliced("A-entry-s2", 2, later)]),
        (
            OperatorSpoke(ts_event_ns=later + 1, order=OperatorOrder.PAUSE, reason="filled after it was replaced"),
            [filled("A-entry-s2+", 2, 200_200, later + 1), RecordTrade(trade)],
        ),
    )
    for event, commands in story:
        await journal.append(event, commands)
    await journal.close()


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("told")
    url = f"sqlite:///{folder}/state/journal.db"
    asyncio.run(written(url))
    profile = folder / "told.toml"
    profile.write_text(f'extends = "demo"\n[journal]\nurl = "{url}"\n')
    return lambda symbol: why_traded(str(profile), symbol, "9:30", path=Path(f"{folder}/state/journal.db"))


def test_slices_belong_to_the_decision_that_asked_for_the_whole(told: Any) -> None:
    found = told("A")
    assert [row["client_order_id"] for row in found["orders"]] == ["A-entry-s1", "A-entry-s2"]
    assert [(row["order"], row["qty"]) for row in found["fills"]] == [("A-entry-s1", 4), ("A-entry-s2+", 2)]
    assert found["became"] == "buy 6 at 10.01, still open"
    assert found["limits"]["verdict"] == "passed, 9 shares made 6 near a limit"
    assert found["sizing"] == {"rule": "kelly", "kelly": 0.25, "leverage": 2.0, "shares_before_limits": 9, "shares_asked_for": 6}


def test_what_weighed_most_stands_first_and_an_unknown_signal_last(told: Any) -> None:
    found = told("A")
    assert [row["strategy"] for row in found["strategies"]] == ["fast", "slow", "mute"]
    assert found["strategies"][0]["contribution"] == 0.45
    assert (found["forecast"]["regime"], found["forecast"]["arm"], found["forecast"]["propensity"]) == ("calm", "fast", 0.8)


def test_a_refused_order_is_told_with_every_word_about_it(told: Any) -> None:
    found = told("B")
    assert found["became"].endswith("not filled, refused")
    assert [(row["status"], row["reason"]) for row in found["reports"]] == [("unknown", "timeout"), ("refused", "not tradable")]
    assert found["fills"] == []
    assert found["forecast"]["regime"] == "unknown"


def test_who_is_not_wanted_has_no_size_and_no_order(told: Any) -> None:
    found = told("C")
    assert found["became"] == "no order: forecast 0.000 < 0.4"
    assert found["sizing"] == {"rule": "not asked: it was no candidate"}
    assert found["limits"]["verdict"] == "not asked: forecast 0.000 < 0.4"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("confidence 0.123 < 0.65", "confidence 0.999 < 0.65"),
        ("refused: order 1,234.50 > 500", "refused: order 900 > 500"),
        ("forecast -0.100 < 0.2", "forecast 1e-05 < 0.2"),
    ],
)
def test_reasons_that_differ_in_numbers_alone_are_one(first: str, second: str) -> None:
    assert alike(first) == alike(second)


def test_names_keep_their_digits() -> None:
    assert alike("momentum_3m 0.1 < 0.2") == "momentum_3m * < *"


def test_an_open_trade_is_exported_without_an_exit(tmp_path: Path) -> None:
    journal = tmp_path / "journal.db"
    asyncio.run(written(f"sqlite:///{journal}"))
    export_journal("demo", "trades", tmp_path / "t.json", path=journal)
    (row,) = json.loads((tmp_path / "t.json").read_text())
    assert (row["status"], row["exit_price"], row["exit_time"], row["stop_loss"], row["pnl_amount"]) == ("OPEN", None, None, None, 0.0)
    assert (row["entry_price"], row["entry_time"]) == (10.01, "2013-10-09T09:31:00-04:00")
