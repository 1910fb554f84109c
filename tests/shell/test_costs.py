"""A journaled session's cost report: the parts add up to what its fills lost, the fees to what the broker took."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.shell import scene
from tradebot.app.costs import costs
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.units import UNITS_PER_USD
from tradebot.shell.daemon import run_daemon
from tradebot.shell.store.evidence import traded
from tradebot.sim.venue import Venue


def profile(folder: Path, url: str) -> str:
    path = folder / "priced.toml"
    path.write_text(f'extends = "demo"\n[journal]\nurl = "{url}"\n')
    return str(path)


async def test_the_parts_of_a_session_add_up(tmp_path: Path) -> None:
    parts = []
    with scene.market() as server:
        url = scene.parts(server.url, tmp_path).journal_url
        await run_daemon(scene.parts(server.url, tmp_path))
        venue: Venue = server.simulator.venue
        parts = [a for a in venue.activities if a.kind == "FEE"]
    report = costs(profile(tmp_path, url), first=scene.DAY, last=scene.DAY)
    summary, found = report["costs"], traded(url, 0, 2**62)
    legs = {fill.fill_id: found.resting_units.get(fill.fill_id.rpartition(":")[0], 0) for fill in found.fills}
    lost = 0
    for fill in found.fills:
        leg = fill.role in ("stop", "target")
        decided = legs[fill.fill_id] if leg else found.intents[fill.client_order_id].reference_units
        lost += fill.side.sign * (fill.notional_units - fill.qty * decided)
    fees = -sum(a.net_units for a in parts)
    assert fees > 0
    assert summary["fills"] == len(found.fills) > 50
    assert summary["total_usd"] == pytest.approx((lost + fees) / UNITS_PER_USD, abs=1e-9)
    assert sum(row["total_usd"] for row in report["by_symbol"]) == pytest.approx(summary["total_usd"], abs=1e-6)
    assert summary["cash_posted_usd"] == pytest.approx(-fees / UNITS_PER_USD)
    assert 0.2 < report["slippage"]["half_spreads"][0]["half_spread_bps"] < 3  # the venue's own is 1 bp
    with pytest.raises(OperatorFault, match="has no fills"):
        costs(profile(tmp_path, url), first=scene.DAY.replace(day=10), last=scene.DAY.replace(day=10))
