"""What systemd hears, over a real datagram socket."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.shell import scene
from tradebot.shell.daemon import run_daemon
from tradebot.shell.notify import Health, Notifier, Progress, watch


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as wire:
        wire.bind(str(tmp_path / "notify"))
        wire.setblocking(False)
        yield wire


def heard(wire: socket.socket) -> list[str]:
    """All that has arrived, a datagram each."""
    messages = []
    while True:
        try:
            messages.append(wire.recv(4096).decode())
        except BlockingIOError:
            return messages


def test_only_our_own_watchdog_counts() -> None:
    mine = {"NOTIFY_SOCKET": "/run/notify", "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}
    assert Notifier.of(mine) == Notifier("/run/notify", 30.0)
    assert Notifier.of(mine | {"WATCHDOG_PID": "1"}) == Notifier("/run/notify", 0.0)
    assert Notifier.of(mine | {"WATCHDOG_USEC": "soon"}).watchdog_s == 0.0
    assert Notifier.of({}) == Notifier()
    assert not Notifier().send("READY=1")
    assert not Notifier("/nowhere/at/all").send("READY=1")


def test_abstract_address() -> None:
    name = f"tradebot-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as wire:
        wire.bind("\0" + name)
        wire.setblocking(False)
        assert Notifier("@" + name).send("READY=1", "STATUS=x")
        assert heard(wire) == ["READY=1\nSTATUS=x"]


def test_a_full_socket_does_not_wait(systemd: socket.socket) -> None:
    notifier = Notifier(systemd.getsockname())
    began = time.monotonic()
    assert not all([notifier.send("x" * 1000) for _ in range(2000)])
    assert time.monotonic() - began < 5


async def test_ready_once_and_watchdog_only_while_healthy(systemd: socket.socket) -> None:
    now = Health("starting", is_trading=False)
    task = asyncio.create_task(watch(Notifier(systemd.getsockname(), watchdog_s=0.04), lambda: now))
    await asyncio.sleep(0.1)
    starting = heard(systemd)
    assert set(starting) == {"STATUS=starting\nEXTEND_TIMEOUT_USEC=120000000"}
    now = Health("trading", is_trading=True)
    await asyncio.sleep(0.2)
    trading = heard(systemd)
    assert trading[0] == "READY=1"
    assert len(trading) > 3
    assert set(trading[1:]) == {"STATUS=trading\nWATCHDOG=1"}
    now = Health("trading", is_trading=True, fault="stuck")
    await asyncio.sleep(0.1)
    heard(systemd)
    await asyncio.sleep(0.1)
    assert set(heard(systemd)) == {"STATUS=stuck"}
    now = Health("trading", is_trading=True)
    await asyncio.sleep(0.1)
    assert "STATUS=trading\nWATCHDOG=1" in heard(systemd)
    time.sleep(0.2)  # the loop is blocked: nobody speaks
    assert heard(systemd) == []
    task.cancel()


def test_progress() -> None:
    progress = Progress()
    assert not progress.is_stuck(0, is_waiting=False)
    assert progress.is_stuck(0, is_waiting=False)
    assert not progress.is_stuck(0, is_waiting=True)
    assert not progress.is_stuck(1, is_waiting=False)
    assert progress.is_stuck(1, is_waiting=False)


async def test_a_daemons_life_as_systemd_hears_it(systemd: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", systemd.getsockname())
    monkeypatch.setenv("WATCHDOG_USEC", "200000")
    messages = list[str]()

    async def listen() -> None:
        while True:
            messages.extend(heard(systemd))
            await asyncio.sleep(0.01)

    listener = asyncio.create_task(listen())
    stop_at_ns = scene.start_ns() + 10 * 60 * 10**9
    with scene.market() as server:
        await run_daemon(scene.parts(server.url, tmp_path / "state", stop_at_ns=stop_at_ns))
    listener.cancel()
    messages += heard(systemd)
    assert messages[0].startswith("STATUS=starting: 0 events, no bars yet\nEXTEND_TIMEOUT_USEC=")
    [ready] = [i for i, message in enumerate(messages) if message == "READY=1"]
    assert any(message.startswith("STATUS=trading: ") and message.endswith("\nWATCHDOG=1") for message in messages[ready:])
    assert not any("WATCHDOG=1" in message for message in messages[:ready])
    assert "STOPPING=1\nSTATUS=stopping: the end that was asked for" in messages[ready:]
