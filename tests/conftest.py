"""`@pytest.mark.needs("psql")`: a test that wants a program of the system: skipped without it, or failed by scripts/test --full."""

from __future__ import annotations

import os
import shutil

import pytest

for _name in [name for name in os.environ if name.startswith(("ALPACA_", "APCA_", "TRADEBOT__", "TRADEBOT_HOME"))]:
    del os.environ[_name]  # a developer's own keys and settings are no part of a test


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("needs"):
        [program] = marker.args
        if shutil.which(program) is None:
            stop = pytest.fail if os.environ.get("TRADEBOT_TEST_FULL") else pytest.skip
            stop(f"{program} is not installed (scripts/test --full installs it)")
