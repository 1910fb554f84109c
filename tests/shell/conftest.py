"""After each test that ran a daemon, the journal that it left is replayed and compared."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def every_session_is_replayed(request: pytest.FixtureRequest) -> Iterator[None]:
    """`@pytest.mark.unreplayed("why")`: the test breaks its journal on purpose."""
    folder: Path | None = request.getfixturevalue("tmp_path") if "tmp_path" in request.fixturenames else None
    yield
    if folder is None or request.node.get_closest_marker("unreplayed"):
        return
    from tests.shell.replayed import journals, replayed

    for path in journals(folder):
        divergence = replayed(path).divergence
        assert divergence is None, f"{path.name} replays otherwise: {divergence}"
