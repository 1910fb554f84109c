"""Halts off the data stream and the broker's list of assets, through the wire to the engine and into the journal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.shell import scene
from tradebot.core.domain.commands import Alert, Command, RecordDecision, SubmitOrder
from tradebot.core.domain.events import AssetsRead, Event, MinuteClosed, SymbolHalted
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.shell.broker.assets import assets_read
from tradebot.shell.broker.wire import WireFault
from tradebot.shell.daemon import run_daemon
from tradebot.shell.feeds.status_wire import halt_of
from tradebot.shell.store.journal import Journal

SESSION = scene.sessions().on(scene.DAY)
assert SESSION is not None
OPEN_NS = SESSION.open_ns


def at(minutes: int) -> int:
    return OPEN_NS + minutes * NS_PER_MINUTE


async def test_a_halt_and_a_list_of_assets_reach_the_engine_and_the_journal(tmp_path: Path) -> None:
    bars = dict(scene.until(scene.DAY))
    spy = bars["SPY"].minute_ns
    bars["SPY"] = bars["SPY"].rows((spy < at(11)) | (spy >= at(20)))
    events: list[Event] = []
    ordered: set[str] = set()
    reasons: dict[int, tuple[str, ...]] = {}
    alerts: list[str] = []

    with scene.market(bars=bars) as server:

        def post(path: str, **body: Any) -> None:
            httpx.post(f"{server.url}/sim/{path}", json=body).raise_for_status()

        def observe(event: Event, commands: Sequence[Command]) -> None:
            events.append(event)
            for command in commands:
                match command:
                    case SubmitOrder(intent=intent):
                        ordered.add(intent.symbol)
                    case RecordDecision(decision=decision):
                        reasons[decision.minute_ns] = decision.reasons
                    case Alert(message=message):
                        alerts.append(message)
                    case _:
                        pass
            if isinstance(event, MinuteClosed) and event.minute_ns == at(10):
                post("status", symbol="SPY", code="P", message="volatility trading pause", reason="LUDP")
                post("status", symbol="BAC", code="5", message="price indication", reason="")
            if isinstance(event, MinuteClosed) and event.minute_ns == at(15):
                post("status", symbol="SPY", code="T", message="trading resumption", reason="")

        post("asset", symbol="BAC", tradable=False)
        post("asset", symbol="IBM", shortable=False)
        await run_daemon(scene.parts(server.url, tmp_path, observer=observe, stop_at_ns=at(40)))
        first = [e for e in events if isinstance(e, AssetsRead)]
        assert [(e.untradable, e.unshortable) for e in first] == [(("BAC",), ("IBM",))]

        halts = [e for e in events if isinstance(e, SymbolHalted)]
        assert [(e.symbol, e.halted, e.reason) for e in halts] == [
            ("SPY", True, "P: volatility trading pause"),
            ("SPY", False, "T: trading resumption"),
        ]
        assert "BAC" not in ordered and {"AIG", "IBM"} <= ordered
        bac = scene.SYMBOLS.index("BAC")
        assert "refused: the symbol is not tradable (status 2)" in {told[bac] for told in reasons.values()}
        assert "not tradable at the broker: BAC" in alerts

        events.clear()
        await run_daemon(scene.parts(server.url, tmp_path, observer=observe, stop_at_ns=at(42)))
        assert not [e for e in events if isinstance(e, AssetsRead)], "nothing new"
        post("asset", symbol="BAC", tradable=True)
        post("asset", symbol="IBM", shortable=True)
        await run_daemon(scene.parts(server.url, tmp_path, observer=observe, stop_at_ns=at(44)))
        assert [(e.untradable, e.unshortable) for e in events if isinstance(e, AssetsRead)] == [((), ())]

    journal = Journal.open(f"sqlite:///{tmp_path}/journal.db")
    assert isinstance(last := journal.last_event(SymbolHalted), SymbolHalted) and not last.halted
    await journal.close()


@pytest.mark.parametrize(
    ("code", "halted"), [("2", True), ("H", True), ("P", True), ("3", False), ("T", False), ("Q", None), ("5", None), ("", None)]
)
def test_codes_that_halt_and_that_resume(code: str, halted: bool | None) -> None:
    event = halt_of("SPY", code, "text", 7)
    assert event == (None if halted is None else SymbolHalted(ts_event_ns=7, symbol="SPY", halted=halted, reason=f"{code}: text"))
    assert halt_of("", code, "text", 7) is None


def test_a_symbol_that_the_list_lacks_is_not_tradable_and_no_list_is_a_fault() -> None:
    rows = [{"symbol": "A", "tradable": True, "shortable": True}, {"symbol": "B", "tradable": True}, {"symbol": "C", "tradable": "yes"}]
    read = assets_read(rows, ("A", "B", "C", "D"), 5)
    assert (read.untradable, read.unshortable) == (("C", "D"), ("B",))
    for strange in ({}, None, [], ["x"], "rows"):
        with pytest.raises(WireFault):
            assets_read(strange, ("A",), 5)
