"""`journal verify` and `replay` from a shell: exit codes, JSON, and one sentence for what is not there."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.shell.test_chain import EVENTS, written
from tests.unit.cli.conftest import Call


def test_verify_names_the_first_broken_record_and_exits_with_1(tradebot: Call, tmp_path: Path) -> None:
    asyncio.run(written(tmp_path))
    path = tmp_path / "state" / "journal.db"
    answer = tradebot("journal", "verify", "--journal", str(path), "--json")
    assert answer.code == 0, answer.err
    assert json.loads(answer.out)["events"] == EVENTS
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE events SET body = x'00' WHERE seq = 4")
    broken = tradebot("journal", "verify", "--journal", str(path))
    assert broken.code == 1
    assert "the journal's event 4 is not as it was written (its hash does not fit)" in broken.err
    assert len(broken.err.splitlines()) == 1


def test_a_day_that_is_not_recorded_is_one_sentence(tradebot: Call, tmp_path: Path) -> None:
    asyncio.run(written(tmp_path))
    path = str(tmp_path / "state" / "journal.db")
    for words, sentence in (
        (("replay", "2013-10-09", "--journal", path), "the journal holds nothing of 2013-10-09; it goes from 1970-01-01"),
        (("replay", "2013-10-12", "--verify", "--journal", path), "2013-10-12 is no trading day"),
        (("replay", "2013-10-09", "--journal", f"{path}x"), "there is no journal"),
    ):
        answer = tradebot(*words)
        assert answer.code == 1
        assert sentence in answer.err
        assert len(answer.err.splitlines()) == 1
