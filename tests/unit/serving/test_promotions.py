"""The history of what traded: appended, never lost, read back through crashes; rollback finds what traded before."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradebot.core.domain.faults import OperatorFault
from tradebot.serving.promotions import FILE, How, PromotionRow, append, history, traded_before


def row(version: str, previous: str = "", how: How = "gate") -> PromotionRow:
    return PromotionRow(1, version, previous, how, "because")


def test_rows_come_back_in_order(tmp_path: Path) -> None:
    assert history(tmp_path) == []
    rows = [row("A"), row("B", "A"), row("A", "B", "rollback")]
    for each in rows:
        append(tmp_path, each)
    assert history(tmp_path) == rows
    assert (tmp_path / FILE).read_text().count("\n") == 3


def test_a_line_that_a_crash_tore_is_dropped_and_replaced(tmp_path: Path) -> None:
    append(tmp_path, row("A"))
    whole = (tmp_path / FILE).read_bytes()
    for cut in range(1, len(whole)):
        (tmp_path / FILE).write_bytes(whole + whole[:cut])
        assert history(tmp_path) == [row("A")]
    append(tmp_path, row("B", "A"))
    assert history(tmp_path) == [row("A"), row("B", "A")]


def test_a_foreign_line_is_refused_by_its_number(tmp_path: Path) -> None:
    append(tmp_path, row("A"))
    with (tmp_path / FILE).open("a") as file:
        file.write('{"version": "B"}\n')
    with pytest.raises(OperatorFault, match="line 2 is no promotion"):
        history(tmp_path)


def test_what_traded_before() -> None:
    assert traded_before([], "A") == []
    rows = [row("A", "Z"), row("B", "A"), row("C", "B")]  # Z traded before there was a history
    assert traded_before(rows, "C") == ["B", "A", "Z"]
    assert traded_before([*rows, row("B", "C", "rollback")], "B") == ["A", "Z"]
    assert traded_before([*rows, row("B", "C", "rollback"), row("D", "B")], "D") == ["B", "A", "Z"]
    assert traded_before([*rows, row("D", "C")], "C") == ["B", "A", "Z"]  # a crash before CURRENT moved to D


@given(st.lists(st.sampled_from(["promote", "rollback"]), max_size=30))
def test_rollbacks_lead_back_through_what_traded_and_never_forth(actions: list[str]) -> None:
    rows: list[PromotionRow] = []
    stack: list[str] = []
    for number, action in enumerate(actions):
        current = stack[-1] if stack else ""
        if action == "promote":
            stack.append(f"v{number}")
            rows.append(row(stack[-1], current))
        elif len(stack) > 1:
            stack.pop()
            rows.append(row(stack[-1], current, "rollback"))
        if stack:
            assert traded_before(rows, stack[-1]) == stack[-2::-1] if len(stack) > 1 else traded_before(rows, stack[-1]) == []
