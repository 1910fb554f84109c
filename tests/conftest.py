"""`@pytest.mark.needs("psql")`: a test that wants a program of the system: skipped without it, or failed by scripts/test --full."""

from __future__ import annotations

import os
import shutil
import tempfile

import pytest
from hypothesis import settings

# The suite is the same every time, and no example has a deadline; HYPOTHESIS_PROFILE=explore looks for new ones, with a printed way back.
settings.register_profile("gate", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None, print_blob=True, max_examples=500)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "gate"))

for _name in [name for name in os.environ if name.startswith(("ALPACA_", "APCA_", "TRADEBOT__", "TRADEBOT_HOME"))]:
    del os.environ[_name]  # a developer's own keys and settings are no part of a test
_LEDGER = tempfile.TemporaryDirectory(prefix="tradebot-trials-")  # nor do the tests' trials count in a developer's ledger
os.environ["TRADEBOT__TRIALS_PATH"] = f"{_LEDGER.name}/trials.jsonl"


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("needs"):
        [program] = marker.args
        if shutil.which(program) is None:
            stop = pytest.fail if os.environ.get("TRADEBOT_TEST_FULL") else pytest.skip
            stop(f"{program} is not installed (scripts/test --full installs it)")
