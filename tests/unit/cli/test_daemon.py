"""A daemon's life from the command line: real processes, a simulated Alpaca on loopback, the committed bars."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.source_files import ROOT
from tests.unit.cli.conftest import Call

SMALL = {
    "TRADEBOT__DATA__FOLDER": str(ROOT / "data" / "sample"),
    "TRADEBOT__DATA__HISTORY_DAYS": "30",
    "TRADEBOT__MODEL__EMBARGO_SESSIONS": "0",
    "TRADEBOT__MODEL__TREES": "3",
    "ALPACA_API_KEY": "SIM",
    "ALPACA_SECRET_KEY": "SIM",
}


@pytest.fixture
def alpaca(home: Path) -> Iterator[str]:
    """The address of `tradebot sim-alpaca`, an hour's trading in a minute."""
    command = [sys.executable, "-m", "tradebot", "sim-alpaca", "--bars", str(ROOT / "data" / "sample")]
    command += ["--start", "2013-10-09T10:00", "--speed", "60", "--port", "0", "--key", "SIM", "--secret", "SIM"]
    environment = os.environ | {"TRADEBOT_HOME": str(home), "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    yield process.stdout.readline().split()[0]
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0


def test_life_of_a_daemon(tradebot: Call, alpaca: str) -> None:
    no_model = tradebot("start", "-p", "demo", "--alpaca", alpaca, **SMALL)
    assert no_model.code == 1
    assert "the daemon did not start: " in no_model.err
    assert no_model.err.count("\n") == 1

    trained = tradebot("train", "-p", "demo", "--until", "2013-10-08", "--json", **SMALL)
    assert trained.code == 0, trained.err
    assert json.loads(trained.out)["label"] == "forward_15m_beats_cost"

    wrong_key = tradebot("start", "-p", "demo", "--alpaca", alpaca, **SMALL | {"ALPACA_SECRET_KEY": "wrong"})
    assert wrong_key.code == 1
    assert "key" in wrong_key.err
    assert "Traceback" not in wrong_key.err

    started = tradebot("start", "-p", "demo", "--alpaca", alpaca, **SMALL)
    assert started.code == 0, started.err
    try:
        for again in ("start", "run"):
            second = tradebot(again, "-p", "demo", "--alpaca", alpaca, **SMALL)
            assert second.code == 1
            assert second.err.startswith("tradebot: ")
            assert second.err.count("\n") == 1

        status = json.loads(tradebot("status", "-p", "demo", "--json").out)
        assert status["profile"] == "demo"
        assert status["safety"] == "active"
        assert tradebot("tell", "pause", "lunch", "-p", "demo").code == 0
        paused = json.loads(tradebot("status", "-p", "demo", "--json").out)
        assert (paused["safety"], paused["safety_reason"]) == ("reducing", "lunch")
        assert "lunch" in tradebot("status", "-p", "demo").out
        assert "paused: lunch" in tradebot("logs", "-p", "demo").out
    finally:
        stopped = tradebot("stop", "-p", "demo")
    assert stopped.code == 0
    assert "stopping: tradebot stop" in tradebot("logs", "-p", "demo", "-n", "3").out
    assert tradebot("status", "-p", "demo").code == 1


def test_taken_port_and_bad_bars_are_one_sentence(tradebot: Call, alpaca: str, tmp_path: Path) -> None:
    port = alpaca.rsplit(":", 1)[1]
    sample = str(ROOT / "data" / "sample")
    for arguments in (
        ("--bars", sample, "--start", "2013-10-09", "--port", port),
        ("--bars", sample, "--start", "2031-10-09", "--port", "0"),
        ("--bars", str(tmp_path / "nowhere"), "--start", "2013-10-09", "--port", "0"),
    ):
        answer = tradebot("sim-alpaca", *arguments)
        assert answer.code == 1
        assert answer.err.startswith("tradebot: ")
        assert answer.err.count("\n") == 1


def test_run_without_keys_is_one_sentence(tradebot: Call) -> None:
    answer = tradebot("run", "-p", "demo", "--alpaca", "http://127.0.0.1:9")
    assert answer.code == 1
    assert answer.err == (
        "tradebot: ALPACA_API_KEY and ALPACA_SECRET_KEY not set: put your Alpaca keys into the environment or into .env\n"
    )


def test_unusable_state_folder_is_one_sentence(tradebot: Call, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    answer = tradebot("start", "-p", "demo", TRADEBOT__STATE_DIR=str(tmp_path / "file"), **SMALL)
    assert answer.code == 1
    assert answer.err.startswith("tradebot: cannot write to the state folder ")
    assert answer.err.count("\n") == 1
