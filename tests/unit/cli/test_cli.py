"""The command line from outside: answers on stdout, one sentence on stderr, an exit code that a script can trust."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source_files import ROOT
from tests.unit.cli.conftest import Call

COMMANDS = ("run", "start", "stop", "status", "logs", "train", "backtest", "data", "features", "models", "sim-alpaca", "config")
FEATURES = tuple(f"features {name}" for name in ("list", "show", "verify", "build", "latest", "quality"))
MODELS = tuple(f"models {name}" for name in ("list", "show", "compare", "promote", "rollback", "export", "mirror"))
HEAVY = (
    "alpaca",
    "apscheduler",
    "exchange_calendars",
    "httpx",
    "numba",
    "numpy",
    "pandas",
    "pyarrow",
    "pydantic",
    "sklearn",
    "sqlalchemy",
    "torch",
)


def is_one_sentence(text: str) -> bool:
    return text.startswith("tradebot: ") and text.count("\n") == 1 and "Traceback" not in text


def test_help_names_every_command(tradebot: Call) -> None:
    answer = tradebot("--help")
    assert answer.code == 0
    assert answer.err == ""
    for command in COMMANDS:
        assert f"  {command} " in answer.out
    assert "demo " not in answer.out


@pytest.mark.parametrize("command", [*COMMANDS, "demo", "data fetch", "data list", "data check", "config show", *FEATURES, *MODELS])
def test_every_command_has_help(command: str, tradebot: Call) -> None:
    answer = tradebot(*command.split(), "--help")
    assert answer.code == 0
    assert "Usage: tradebot" in answer.out


@pytest.mark.parametrize(
    "command", ["status", "train", "backtest", "data fetch", "data list", "data check", "config show", *FEATURES, *MODELS]
)
def test_every_reading_command_speaks_json(command: str, tradebot: Call) -> None:
    assert "--json" in tradebot(*command.split(), "--help").out


def test_help_imports_nothing_heavy() -> None:
    code = f"import sys, tradebot.cli; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_installed_command_is_the_module() -> None:
    script = Path(sys.executable).with_name("tradebot")
    if not script.exists():
        pytest.skip("tradebot is not installed into this environment: call scripts/setup")
    done = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("tradebot ")


@pytest.mark.parametrize(
    "arguments",
    [("rum",), ("run", "--profil", "x"), ("train", "--until", "yesterday"), ("sim-alpaca", "--bars", "x"), ("logs", "-n", "-1")],
)
def test_wrong_option_is_usage(arguments: tuple[str, ...], tradebot: Call) -> None:
    answer = tradebot(*arguments)
    assert answer.code == 2
    assert "Usage: tradebot" in answer.err
    assert "Error: " in answer.err
    assert "Traceback" not in answer.err


@pytest.mark.parametrize(
    "command", ["run", "start", "stop", "status", "logs", "train", "backtest", "data fetch", "data list", "data check"]
)
def test_unknown_profile_is_one_sentence(command: str, tradebot: Call) -> None:
    answer = tradebot(*command.split(), "--profile", "activ_stocks")
    assert answer.code == 1
    assert is_one_sentence(answer.err)
    assert 'did you mean "active_stocks"?' in answer.err
    assert answer.out == ""


def test_bad_config_is_one_sentence_and_a_traceback_with_debug(tradebot: Call) -> None:
    wrong = {"TRADEBOT__LIMITS__POSITIONS_MAX": "0"}
    answer = tradebot("run", **wrong)
    assert answer.code == 1
    assert is_one_sentence(answer.err)
    assert "limits.positions_max = 0 is not possible" in answer.err
    assert "Traceback" in tradebot("run", "--debug", **wrong).err


@pytest.mark.parametrize("command", ["stop", "status", "logs"])
def test_no_daemon_is_one_sentence(command: str, tradebot: Call) -> None:
    answer = tradebot(command)
    assert answer.code == 1
    assert is_one_sentence(answer.err)


def test_config_show(tradebot: Call) -> None:
    answer = tradebot("config", "show", "demo", "entry", "--json", TRADEBOT__ENTRY__CONFIDENCE_MIN="0.9")
    assert json.loads(answer.out) == {"confidence_min": 0.9, "price_usd_min": 0.0, "price_usd_max": 0.0}
    assert "confidence_min" in tradebot("config", "show", "demo").out
    wrong = tradebot("config", "show", "demo", "entri")
    assert wrong.code == 1
    assert 'did you mean "entry"?' in wrong.err


def test_config_show_hides_keys_and_passwords(tradebot: Call) -> None:
    secrets = {"ALPACA_API_KEY": "PKHIDDEN", "ALPACA_SECRET_KEY": "hidden", "TRADEBOT__JOURNAL__URL": "postgresql://me:hidden@h/db"}
    answer = tradebot("config", "show", "--json", **secrets)
    assert answer.code == 0
    assert "hidden" not in answer.out.lower()


def test_data_list_and_check(tradebot: Call, home: Path) -> None:
    folder = home / "bars"
    folder.mkdir()
    source = next((ROOT / "data" / "sample").glob("BAC_1m_trades*.parquet"))
    shutil.copy(source, folder)
    listed = json.loads(tradebot("data", "list", "bars", "--json").out)
    assert [row["symbol"] for row in listed] == ["BAC"]
    assert tradebot("data", "check", "bars").code == 0
    (folder / source.name).write_bytes(source.read_bytes()[:-100])
    broken = tradebot("data", "check", "bars")
    assert broken.code == 1
    assert is_one_sentence(broken.err)
    assert source.name in broken.err


def test_data_list_of_no_folder(tradebot: Call) -> None:
    answer = tradebot("data", "list", "nowhere")
    assert answer.code == 1
    assert is_one_sentence(answer.err)


def test_closed_pipe_is_no_bug(home: Path) -> None:
    command = f"{sys.executable} -m tradebot config show demo | head -n 1"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "bug" not in done.stderr
    assert "Traceback" not in done.stderr
