from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Call
from tradebot.learning.evidence.ledger import Ledger
from tradebot.learning.evidence.trial import Trial


@pytest.mark.parametrize("command", ["honesty", "trials list", "trials verify"])
def test_commands_have_help_and_speak_json(command: str, tradebot: Call) -> None:
    answer = tradebot(*command.split(), "--help")
    assert answer.code == 0
    assert "--json" in answer.out


def test_a_changed_row_is_one_sentence_and_code_1(home: Path, tradebot: Call) -> None:
    ledger = Ledger(home / "data" / "trials.jsonl")
    for _ in range(2):
        ledger.record(Trial(what="backtest", profile="active_stocks", settings_sha256="s"))
    listed = json.loads(tradebot("trials", "list", "--json").out)
    assert [row["number"] for row in listed["trials"]] == [1, 2]
    assert json.loads(tradebot("trials", "verify", "--json").out)["rows"] == 2
    ledger.path.write_bytes(ledger.path.read_bytes().replace(b'"sessions":0', b'"sessions":9', 1))
    for command in ("list", "verify"):
        answer = tradebot("trials", command)
        assert answer.code == 1
        assert answer.err.endswith("row 1: this row was changed after it was written\n")
        assert answer.err.count("\n") == 1


def test_a_torn_line_is_told_and_left_out(home: Path, tradebot: Call) -> None:
    ledger = Ledger(home / "data" / "trials.jsonl")
    ledger.record(Trial(what="backtest", profile="active_stocks", settings_sha256="s"))
    with ledger.path.open("ab") as file:
        file.write(b'{"what":')
    answer = tradebot("trials", "verify", "--json")
    assert answer.code == 0
    assert "the last line is torn (8 bytes of a crash)" in answer.err
    assert json.loads(answer.out)["rows"] == 1


def test_without_a_walk_forward_there_is_nothing_to_judge(tradebot: Call) -> None:
    answer = tradebot("honesty", "--profile", "demo")
    assert answer.code == 1
    assert answer.err == "tradebot: demo has no walk-forward yet; make one with: tradebot walk-forward --profile demo\n"
