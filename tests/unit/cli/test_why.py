"""`why`, `why-not` and `export` from a shell: exit codes, JSON, and one sentence for what is not there."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from tests.shell.journaled import Recorder, minute
from tests.unit.cli.conftest import Call
from tradebot.shell.store.journal import Journal

MINUTES = 3


async def decided(path: Path) -> None:
    """A journal of minutes with an order for A and no bar of B each."""
    journal, engine = Journal.open(f"sqlite:///{path}"), Recorder()
    for i in range(1, 1 + MINUTES):
        await journal.append(minute(i), engine.handle(minute(i)))
    await journal.close()


def test_the_reasons_of_a_day_and_their_export_are_answered_in_json(tradebot: Call, tmp_path: Path) -> None:
    path = str(tmp_path / "state" / "journal.db")
    asyncio.run(decided(Path(path)))
    answer = tradebot("why-not", "b", "--journal", path, "--json")
    assert answer.code == 0, answer.err
    told = json.loads(answer.out)
    assert [row["reason"] for row in told["reasons"]] == ["no bar"]
    assert told["minutes"] == told["reasons"][0]["minutes"] == MINUTES
    answer = tradebot("export", "decisions", str(tmp_path / "all.json"), "--journal", path, "--json")
    assert answer.code == 0, answer.err
    assert json.loads(answer.out)["rows"] == len(json.loads((tmp_path / "all.json").read_text())) == 2 * MINUTES


def test_what_is_not_there_is_one_sentence(tradebot: Call, tmp_path: Path) -> None:
    path = str(tmp_path / "state" / "journal.db")
    asyncio.run(decided(Path(path)))
    for words, sentence in (
        (("why", "A", "noon", "--journal", path), "'noon' is no minute of a day"),
        (("why-not", "C", "--journal", path), "C was not among the 2 symbols of 1969-12-31 (A, B)"),
        (("export", "trades", str(tmp_path / "t.csv"), "--journal", path), "the journal holds no trades of these days"),
    ):
        answer = tradebot(*words)
        assert answer.code == 1
        assert sentence in answer.err
        assert len(answer.err.splitlines()) == 1
