"""Secrets, planted as systemd would give them, are nowhere else: not in argv, environment, output, log, journal, alerts or a crash."""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.architecture.source_files import ROOT
from tests.shell import scene
from tests.unit.cli.conftest import Call
from tradebot.shell.api_client import ApiClient

ALERT_WORD = "canary-alert-9e41"
SECRETS = {
    "ALPACA_API_KEY": scene.KEYS.key_id,
    "ALPACA_SECRET_KEY": scene.KEYS.secret,
    "POLYGON_API_KEY": "canary-polygon-3b",
    "ALERT_DEAD_URL": f"json://user:{ALERT_WORD}@127.0.0.1:9/{ALERT_WORD}",
}
CANARIES = (scene.KEYS.key_id, scene.KEYS.secret, SECRETS["POLYGON_API_KEY"], ALERT_WORD)
PROFILE = """extends = "living_lab"
[universe]
symbols = ["BAC", "SPY"]
[feed]
sources = ["alpaca", "polygon"]
polygon_url = "http://127.0.0.1:9"
[alerts]
timeout_s = 2
[alerts.channels.dead]
url_secret = "ALERT_DEAD_URL"
severities = ["info", "warning", "critical"]
"""
READY_S_MAX = 60.0


def found(text: str | bytes) -> list[str]:
    """The canaries in a text."""
    data = text if isinstance(text, bytes) else text.encode()
    return [canary for canary in CANARIES if canary.encode() in data]


@pytest.fixture
def no_core() -> Iterator[None]:
    """The unit's LimitCORE=0, for the processes that are started meanwhile."""
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_CORE, before)


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as wire:
        wire.bind(str(tmp_path / "notify"))
        wire.settimeout(1)
        yield wire


@pytest.fixture
def vault(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """systemd's folder of credentials."""
    return tmp_path_factory.mktemp("credentials")


@pytest.mark.usefixtures("no_core")
def test_planted_secrets_stay_where_they_are(tradebot: Call, home: Path, vault: Path, systemd: socket.socket) -> None:
    for name, secret in SECRETS.items():
        (vault / name).write_text(secret)
    (home / "config/canary.toml").write_text(PROFILE)
    given = {
        "CREDENTIALS_DIRECTORY": str(vault),
        "NOTIFY_SOCKET": systemd.getsockname(),
        "WATCHDOG_USEC": "1000000",
        "PYTHONFAULTHANDLER": "1",
        "TRADEBOT__DATA__FOLDER": str(ROOT / "data" / "sample"),
    }
    seen: dict[str, str | bytes] = {}
    with scene.market(speed=60.0) as server, open(home / "output", "wb") as output:
        command = [sys.executable, "-m", "tradebot", "--debug", "run", "-p", "canary", "--alpaca", server.url]
        environment = os.environ | {"TRADEBOT_HOME": str(home), "PYTHONPATH": str(ROOT)} | given
        daemon = subprocess.Popen(command, cwd=home, env=environment, stdout=output, stderr=output)
        try:
            heard, until = list[str](), time.monotonic() + READY_S_MAX
            while not any("WATCHDOG=1" in message for message in heard):
                assert daemon.poll() is None, (home / "output").read_text()
                assert time.monotonic() < until, heard
                with suppress(TimeoutError):
                    heard.append(systemd.recv(4096).decode())
            assert "READY=1" in heard
            seen["notify"] = "\n".join(heard)
            seen["argv"] = Path(f"/proc/{daemon.pid}/cmdline").read_bytes()
            seen["environment"] = Path(f"/proc/{daemon.pid}/environ").read_bytes()
            client = ApiClient(home / "data/state/canary/api.sock")
            seen["api"] = f"{client.status()} {client.positions()} {client.orders()}"
            for words in (("status", "--json"), ("config", "show", "canary"), ("tell", "pause", "canaries"), ("alerts", "list", "--json")):
                said = tradebot(*words, *(() if words[0] == "config" else ("-p", "canary")), **given)
                assert said.code == 0, said.err
                seen[" ".join(words)] = said.out + said.err
            time.sleep(3)  # the pause is told to a dead channel
        finally:
            daemon.send_signal(signal.SIGABRT)
            daemon.wait(20)
        (vault / "ALPACA_SECRET_KEY").write_text("canary-polygon-3b wrong")  # refused, and shown by nothing
        refused = tradebot("--debug", "run", "-p", "canary", "--alpaca", server.url, **given)
        seen["traceback"] = refused.out + refused.err
    output_text = (home / "output").read_text()
    for used in ("Fatal Python error: Aborted", "alert channel dead: ", "Massive stream lost"):
        assert used in output_text
    assert set(found(b"".join((vault / name).read_bytes() for name in SECRETS) + scene.KEYS.secret.encode())) == set(CANARIES)
    assert "Traceback" in refused.err
    files = {str(path): path.read_bytes() for path in home.rglob("*") if path.is_file()}
    assert any(name.endswith("journal.sqlite3") for name in files)
    assert not any("core" in Path(name).name for name in files)
    assert {name: found(text) for name, text in (seen | files).items() if found(text)} == {}
    state = home / "data/state/canary"
    open_to_others = [str(path) for path in (state, *state.rglob("*")) if path.stat().st_mode & 0o077 and not path.is_symlink()]
    assert open_to_others == []
