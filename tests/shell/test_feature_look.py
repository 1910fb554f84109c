"""The newest feature rows over the control socket are the engine's own."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np

from tests.shell import scene
from tradebot.app.describe import feature_rows
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.core.features.catalogue import FEATURES
from tradebot.shell.api_client import ApiClient
from tradebot.shell.daemon import run_daemon


async def test_the_daemon_tells_its_newest_rows(tmp_path: Path) -> None:
    with scene.market(speed=1.0) as server:
        started, engines = asyncio.Event(), []

        def rows(engine: object) -> list[dict[str, object]]:
            engines.append(engine)
            return feature_rows(engine)

        parts = scene.parts(server.url, tmp_path, socket_path=tmp_path / "c.sock", started=started.set, features=rows)
        running = asyncio.create_task(run_daemon(parts))
        await asyncio.wait_for(started.wait(), 60)
        client = ApiClient(tmp_path / "c.sock")
        answer = await asyncio.to_thread(client.features)
        await asyncio.to_thread(client.stop, "enough")
        await asyncio.wait_for(running, 30)
    [engine] = engines
    state = engine.state
    assert [row["symbol"] for row in answer] == list(state.symbols) == list(scene.SYMBOLS)
    before = scene.sessions().sessions[[s.date for s in scene.sessions().sessions].index(scene.DAY) - 1]
    assert {row["minute_ns"] for row in answer} == {before.close_ns - NS_PER_MINUTE}
    for n, row in enumerate(answer):
        assert list(row["values"]) == [f.name for f in FEATURES]
        values = [np.nan if v is None else v for v in row["values"].values()]
        np.testing.assert_array_equal(values, state.features[n])
        assert row["bars_seen"] == state.seen[n]
