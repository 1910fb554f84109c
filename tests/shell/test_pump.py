"""The pump: what acts is durable before it acts, each order once, and a journal that fails stops everything."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from tests.shell.journaled import Recorder, minute
from tests.shell.orders import intent
from tests.shell.wire_tap import Tap, tapped
from tradebot.core.domain.commands import Command, SubmitOrder
from tradebot.core.domain.events import Event, MinuteClosed, OrderRefused, OrderReported
from tradebot.core.domain.faults import OperatorFault
from tradebot.shell.broker.alpaca import AlpacaBroker
from tradebot.shell.broker.endpoints import Credentials
from tradebot.shell.broker.rest import Rest
from tradebot.shell.dispatch import Dispatch
from tradebot.shell.inbox import Inbox, InboxFull
from tradebot.shell.pump import Pump
from tradebot.shell.quiet import Quiet
from tradebot.shell.store.journal import Journal
from tradebot.shell.wire_guard import Fuse, WireGuard


class Three(Recorder):
    """Three orders a minute."""

    def handle(self, event: Event) -> list[Command]:
        super().handle(event)
        if not isinstance(event, MinuteClosed):
            return []
        return [SubmitOrder(intent(f"o{event.minute_ns}-{n}", decided_ns=event.minute_ns)) for n in range(3)]


class Scene:
    def __init__(self, tap: Tap, folder: Path) -> None:
        self.quiet = Quiet()
        self.inbox = Inbox(self.quiet)
        self.journal = Journal.open(f"sqlite:///{folder}/state/journal.db")
        self.rest = Rest(tap.url, Credentials("k", "s"))
        self.failures: list[BaseException] = []
        self.events: list[Event] = []
        broker = AlpacaBroker(self.rest, lambda: 9)
        guard = WireGuard(Fuse(60, 1e6), lambda: 0)
        dispatch = Dispatch(broker, self.inbox, self.quiet, print, print, self.failures.append, guard, print, lambda: 0)
        self.engine = Three()
        self.pump = Pump(self.engine, self.inbox, self.journal, dispatch, [lambda event, commands: self.events.append(event)])

    async def close(self) -> None:
        await self.rest.close()
        await self.journal.close()


async def test_orders_are_durable_when_their_request_arrives_and_arrive_once(tmp_path: Path) -> None:
    with tapped() as tap:
        tap.will("POST", "/v2/orders", (403, {"code": 1, "message": "no"}))
        scene = Scene(tap, tmp_path)
        running = asyncio.create_task(scene.pump.run())
        for i in range(5):
            scene.inbox.put(minute(i))
        await scene.quiet.idle()
        running.cancel()
        sent = [body["client_order_id"] for body in tap.bodies("POST", "/v2/orders")]
        assert sorted(sent) == sorted(f"o{i}-{n}" for i in range(5) for n in range(3))
        assert [type(e) for e in scene.events].count(OrderRefused) == 15
        assert scene.failures == []
        await scene.journal.flush()
        assert scene.journal.unresolved_intents() == ()
        await scene.close()


async def test_a_journal_that_fails_sends_nothing(tmp_path: Path) -> None:
    with tapped() as tap:
        scene = Scene(tap, tmp_path)
        with sqlite3.connect(tmp_path / "state/journal.db") as connection:
            connection.execute("DROP TABLE intents")
        connection.close()
        scene.inbox.put(minute(1))
        with pytest.raises(OperatorFault, match="cannot write the journal"):
            await scene.pump.run()
        await asyncio.sleep(0.05)
        assert tap.seen == []
        await scene.close()


async def test_a_snapshot_is_kept_and_recovery_needs_no_older_event(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tradebot.shell.pump.SNAPSHOT_EVERY", 4)
    with tapped() as tap:
        tap.will("POST", "/v2/orders", (403, {}))
        scene = Scene(tap, tmp_path)
        running = asyncio.create_task(scene.pump.run())
        scene.inbox.put(minute(1))
        await scene.quiet.idle()
        running.cancel()
        await scene.journal.flush()
        assert scene.journal.latest_snapshot() == (4, scene.engine.snapshot())
        await scene.close()


async def test_a_full_inbox_is_loud_and_loses_nothing_that_was_in_it() -> None:
    inbox = Inbox(Quiet(), capacity=2)
    inbox.put(minute(1))
    inbox.put(minute(2))
    with pytest.raises(InboxFull):
        inbox.put(minute(3))
    assert len(inbox) == 2


async def test_a_confirmed_order_comes_back_as_a_report(tmp_path: Path) -> None:
    with tapped() as tap:
        order = {
            "id": "b",
            "symbol": "SPY",
            "side": "buy",
            "type": "market",
            "status": "new",
            "qty": "5",
            "created_at": "2013-10-09T13:31:00Z",
        }
        tap.will("POST", "/v2/orders", (200, order | {"client_order_id": "o1-0"}))
        scene = Scene(tap, tmp_path)
        running = asyncio.create_task(scene.pump.run())
        scene.inbox.put(minute(1))
        await scene.quiet.idle()
        running.cancel()
        assert [type(e) for e in scene.events].count(OrderReported) == 3
        await scene.close()
