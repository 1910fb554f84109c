"""The daemon against the simulated Alpaca, a whole real session through sockets."""

from __future__ import annotations

from pathlib import Path

from tests.shell import scene
from tradebot.shell.daemon import run_daemon
from tradebot.shell.store import reads


async def test_a_session_through_the_wire_ends_on_the_same_cash_as_without_one(tmp_path: Path) -> None:
    expected = scene.in_process()
    expected.run("cents")
    with scene.market() as server:
        summary = await run_daemon(scene.parts(server.url, tmp_path / "state"))
    assert summary.differences == ()
    assert summary.positions == ()
    assert summary.cash_units == expected.venue.cash_units
    counts = reads.counts(f"sqlite:///{tmp_path}/state/journal.db")
    assert counts["fills"] > 50
    assert counts["decisions"] == 390
