"""VWAP family: the contract."""

from __future__ import annotations

import pytest

from tests.unit.features.family import CHECKS
from tradebot.core.features import vwap


@pytest.mark.parametrize("check", CHECKS)
def test_contract(check) -> None:
    check(vwap)
