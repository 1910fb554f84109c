"""The one form of what is known beside the bars."""

from __future__ import annotations

import numpy as np

from tradebot.core.domain.bars import BarColumns
from tradebot.core.domain.tape import known_macro, known_tape, without_quotes

TAPE = np.array([[101, 103, 7, 300, 200], [0, 0, 0, 0, 0]])


def test_history_keeps_the_trades_alone() -> None:
    kept = known_tape(TAPE, is_history=True)
    assert kept is not None
    assert kept.tolist() == [[0, 0, 7, 0, 0], [0] * 5]
    assert TAPE[0, 0] == 101
    assert known_tape(TAPE) is TAPE


def test_nothing_known_is_none() -> None:
    assert known_tape(None) is None
    assert known_tape(np.zeros((3, 5), np.int64)) is None
    assert known_tape(np.array([[101, 103, 0, 300, 200]]), is_history=True) is None
    assert known_macro(None) is None
    assert known_macro(np.full(3, np.nan)) is None
    row = np.array([np.nan, 0.05, np.nan])
    assert known_macro(row) is row


def test_bars_without_quotes_keep_their_trades() -> None:
    one = np.array([1])
    bars = without_quotes(BarColumns("A", one, one, one, one, one, one, one, one, one, one, one))
    assert [c is None for c in bars.tape()] == [True, True, False, True, True]
