"""The strategy of core/strategies/README.md, run as it stands and held to the contract of every strategy."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.contract.strategy_contract import CHECKS
from tradebot.core.strategies.catalogue import STRATEGIES, evaluate
from tradebot.core.strategies.strategy import Strategy

README = Path(__file__).parents[2] / "tradebot/core/strategies/README.md"


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Strategy]:
    (text,) = re.findall(r"```python\n(.*?)```", README.read_text(), flags=re.DOTALL)
    assert len(text.splitlines()) <= 15
    path = tmp_path_factory.mktemp("strategies") / "gap_fade.py"
    path.write_text(text)
    spec = importlib.util.spec_from_file_location("gap_fade", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["gap_fade"] = module
    spec.loader.exec_module(module)
    yield module.STRATEGY
    del sys.modules["gap_fade"]


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.__name__)
def test_the_example_keeps_the_contract(example: Strategy, check: Callable[[Strategy], None]) -> None:
    check(example)


def test_the_example_stands_beside_the_others(example: Strategy) -> None:
    assert example.name not in {s.name for s in STRATEGIES}
    rows = np.array([[0.01, 1.0], [-0.02, -3.0], [0.01, -1.0], [0.004, 1.0], [np.nan, 1.0]])
    signals, valid = evaluate((example,), rows, {"gap_open": 0, "zscore_20": 1})
    assert signals[:, 0].tolist() == [-0.5, 0.75, 0.0, 0.0, 0.0]
    assert valid[:, 0].tolist() == [True, True, True, True, False]
