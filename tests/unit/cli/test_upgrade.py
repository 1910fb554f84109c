"""A state folder that a newer version of the program wrote stops an older one before it does anything."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from tests.unit.cli.conftest import Call
from tradebot.shell.store.database import private_folder
from tradebot.shell.store.journal import Journal


async def test_a_newer_state_is_refused_in_one_sentence(tradebot: Call, home: Path) -> None:
    (home / "config/plain.toml").write_text('extends = "living_lab"\n[universe]\nsymbols = ["BAC", "SPY"]\n')
    file = private_folder(home / "data/state/plain") / "journal.sqlite3"
    await Journal.open(f"sqlite:///{file}").close()
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE schema_version SET version = 99")
    connection.close()
    before = file.read_bytes()
    answer = tradebot("run", "-p", "plain", "--alpaca", "http://127.0.0.1:9", ALPACA_API_KEY="PK", ALPACA_SECRET_KEY="secret")
    assert answer.code == 1
    assert "schema 99, newer" in answer.err
    assert answer.err.startswith("tradebot: ")
    assert answer.err.count("\n") == 1
    assert file.read_bytes() == before
