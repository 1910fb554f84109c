"""The books beside the broker's while a session goes on: what a person, a split or a transfer does to them, through real sockets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from tests.shell import scene
from tradebot.core.config_text import config_text
from tradebot.core.domain.commands import Alert, Command, RecordFill, SubmitOrder
from tradebot.core.domain.events import AccountReconciled, Event, MinuteClosed
from tradebot.core.domain.orders import Role
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.core.engine import Engine
from tradebot.core.execution.exits import ExitsConfig
from tradebot.shell.daemon import run_daemon
from tradebot.shell.parts import ExitSummary
from tradebot.sim.alpaca_server.server import ServerThread

OPEN_NS = scene.start_ns() + 5 * NS_PER_MINUTE
Act = Callable[[ServerThread], bool]
"""Tried after each minute from the tenth on, until it has done what it is for."""


PATIENT = replace(scene.engine_config(), exits=ExitsConfig(stop_fraction=0.05, target_fraction=0.05, flatten_before_close_min=5))
"""What is bought is held: nothing but the test moves it."""


def patient_engine(snapshot: bytes | None) -> Engine:
    if snapshot is None:
        return Engine(PATIENT, scene.sessions(), scene.MODELS)
    return Engine.restore(PATIENT, scene.sessions(), scene.MODELS, snapshot)


class Session:
    """The first `minutes` of the scene's day, in which something happens at the broker."""

    def __init__(self, act: Act, minutes: int = 40) -> None:
        self._act = act
        self._end_ns = OPEN_NS + minutes * NS_PER_MINUTE
        self.done_ns = 0
        self.alerts: list[tuple[int, str, str]] = []
        self.roles: set[Role] = set()
        self.entries_ns: list[int] = []
        self.compared = 0

    async def run(self, state: Path) -> ExitSummary:
        with scene.market() as server:

            def observe(event: Event, commands: Sequence[Command]) -> None:
                self.compared += isinstance(event, AccountReconciled)
                self.entries_ns += [event.ts_event_ns for c in commands if isinstance(c, SubmitOrder) and c.intent.role is Role.ENTRY]
                self.roles |= {c.fill.role for c in commands if isinstance(c, RecordFill)}
                self.alerts += [(event.ts_event_ns, c.severity, c.message) for c in commands if isinstance(c, Alert)]
                if isinstance(event, MinuteClosed) and event.minute_ns >= OPEN_NS + 10 * NS_PER_MINUTE and not self.done_ns:
                    self.done_ns = event.ts_event_ns if self._act(server) else 0

            changes = {"engine_factory": patient_engine, "config": config_text(PATIENT), "reconcile_s": 60.0}
            return await run_daemon(scene.parts(server.url, state, observer=observe, stop_at_ns=self._end_ns, **changes))

    def told(self, words: str) -> tuple[int, str]:
        """How long after the act, in ns, and how loud."""
        ts_ns, severity = next((ts_ns, severity) for ts_ns, severity, message in self.alerts if words in message)
        return ts_ns - self.done_ns, severity


def post(server: ServerThread, path: str, **body: object) -> None:
    httpx.post(f"{server.url}{path}", json=body, headers=scene.KEYS.headers()).raise_for_status()


def held(server: ServerThread) -> str:
    """A symbol of which several shares are held, "" while there is none."""
    return next((s for s, p in sorted(server.simulator.venue.positions.items()) if p.qty > 3), "")


async def test_a_trade_made_by_hand_is_booked_within_one_cycle_and_the_books_stay_equal(tmp_path: Path) -> None:
    """F41, I6."""

    def buy(server: ServerThread) -> bool:
        post(server, "/v2/orders", symbol="IBM", qty="3", side="buy", type="market", time_in_force="day")
        return True

    session = Session(buy)
    summary = await session.run(tmp_path / "state")
    after_ns, severity = session.told("buy 3 IBM is not ours")
    assert after_ns <= 60 * 10**9
    assert severity == "critical"
    assert Role.EXTERNAL in session.roles
    assert summary.differences == ()
    assert session.compared >= 40


async def test_a_position_that_is_sold_off_by_hand_is_gone_here_too(tmp_path: Path) -> None:
    """F42: the whole position closed at the broker, its legs cancelled first, as a liquidation does."""

    def close(server: ServerThread) -> bool:
        symbol = held(server)
        if symbol:
            keys = scene.KEYS.headers()
            for order in httpx.get(f"{server.url}/v2/orders", params={"status": "open"}, headers=keys).json():
                if order["symbol"] == symbol:
                    httpx.delete(f"{server.url}/v2/orders/{order['id']}", headers=keys)
            httpx.delete(f"{server.url}/v2/positions/{symbol}", headers=keys)
        return bool(symbol)

    session = Session(close)
    summary = await session.run(tmp_path / "state")
    assert session.done_ns
    assert summary.differences == ()


async def test_shares_that_vanish_without_an_order_lock_their_symbol(tmp_path: Path) -> None:
    """I4: nothing explains it, so it is said at once, again at the end, and the position is not sold beyond what is there."""

    def vanish(server: ServerThread) -> bool:
        symbol = held(server)
        if symbol:
            post(server, "/sim/transfer", symbol=symbol, qty=-2)
        return bool(symbol)

    session = Session(vanish)
    summary = await session.run(tmp_path / "state")
    after_ns, severity = session.told("books differ from the broker's")
    assert after_ns <= 75 * 10**9
    assert severity == "critical"
    assert summary.differences
    assert all(p.qty >= 0 for p in summary.positions)


async def test_a_split_is_no_difference(tmp_path: Path) -> None:
    """F55."""

    def split(server: ServerThread) -> bool:
        symbol = held(server)
        if symbol:
            post(server, "/sim/split", symbol=symbol, new=2, old=1)
        return bool(symbol)

    session = Session(split)
    summary = await session.run(tmp_path / "state")
    assert session.told("split 2 for 1")[1] == "critical"
    assert not [message for _, _, message in session.alerts if "differ" in message]
    assert summary.differences == ()


async def test_keys_that_are_revoked_in_mid_session_open_nothing_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """F44: what rests at the broker stays there, and the books are said to be unknown, never equal."""
    monkeypatch.setattr("tradebot.shell.desk.FINISH_S", 2.0)

    def revoke(server: ServerThread) -> bool:
        server.simulator._secret = "another"  # as a person does in the broker's web page
        return True

    session = Session(revoke)
    summary = await session.run(tmp_path / "state")
    assert session.told("feed broker stale")[1] == "critical"
    assert session.entries_ns[-1] <= session.done_ns + 3 * NS_PER_MINUTE
    assert any("could not be compared" in difference for difference in summary.differences)
