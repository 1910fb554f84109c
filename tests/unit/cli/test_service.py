"""`tradebot service` below a folder: what install writes, what uninstall leaves, and that no secret is where it can be seen."""

from __future__ import annotations

import json
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Call
from tradebot.shell.instance_lock import InstanceLock

KEYS = {"ALPACA_API_KEY": "PKCANARY01", "ALPACA_SECRET_KEY": "canary-secret-77"}
ACCOUNT = ("--account", "daemon")


def tree(folder: Path) -> dict[str, bytes]:
    """Every path below, with a file's bytes."""
    return {str(p.relative_to(folder)): p.read_bytes() if p.is_file() else b"/" for p in folder.rglob("*")}


def is_one_sentence(text: str) -> bool:
    return text.startswith("tradebot: ") and text.count("\n") == 1 and "Traceback" not in text


def test_install_and_uninstall_below_a_folder(tradebot: Call, home: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "etc/systemd/system").mkdir(parents=True)
    (root / "etc/systemd/system/other.service").write_text("[Unit]\n")
    before = tree(root)
    words = ("-p", "demo", "--root", str(root))

    planned = tradebot("service", "install", "--dry-run", *words, *ACCOUNT, **KEYS)
    assert planned.code == 0, planned.err
    assert "ExecStart=" in planned.out
    assert tree(root) == before

    installed = tradebot("service", "install", *words, *ACCOUNT, "--json", **KEYS)
    assert installed.code == 0, installed.err
    assert json.loads(installed.out)["credentials"] == list(KEYS)
    unit = (root / "etc/systemd/system/tradebot-demo.service").read_text()
    for text in (installed.out, installed.err, planned.out, planned.err, unit):
        assert not any(secret in text for secret in KEYS.values())
    for name, secret in KEYS.items():
        file = root / "etc/tradebot/demo" / name
        assert (file.read_text(), stat.S_IMODE(file.stat().st_mode)) == (secret, 0o600)
        assert f"LoadCredential={name}:/etc/tradebot/demo/{name}\n" in unit
    assert stat.S_IMODE((root / "etc/tradebot/demo").stat().st_mode) == 0o700
    assert stat.S_IMODE((root / str(home).lstrip("/") / "data/state/demo").stat().st_mode) == 0o700

    status = json.loads(tradebot("service", "status", *words, "--json").out)
    assert (status["installed"], status["credentials"]) == (True, list(KEYS))

    again = tradebot("service", "install", *words, *ACCOUNT, **KEYS | {"ALPACA_SECRET_KEY": "rotated-88"})
    assert again.code == 0, again.err
    assert (root / "etc/tradebot/demo/ALPACA_SECRET_KEY").read_text() == "rotated-88"

    removed = tradebot("service", "uninstall", *words, "--json")
    assert removed.code == 0, removed.err
    assert tree(root) == before
    assert json.loads(tradebot("service", "status", *words, "--json").out)["installed"] is False
    assert is_one_sentence(tradebot("service", "uninstall", *words).err)


def test_uninstall_leaves_what_others_wrote(tradebot: Call, home: Path, tmp_path: Path) -> None:
    root = tmp_path / "root"
    state = root / str(home).lstrip("/") / "data/state/demo"
    own = root / "etc/tradebot/demo/ALPACA_API_KEY"
    own.parent.mkdir(parents=True)
    own.write_text("PKMINE")
    words = ("-p", "demo", "--root", str(root))
    assert tradebot("service", "install", *words, *ACCOUNT, **KEYS).code == 0
    assert own.read_text() == "PKMINE"
    (state / "journal.db").write_text("state")
    (root / "etc/systemd/system/tradebot-demo.service.d").mkdir()

    assert tradebot("service", "uninstall", *words).code == 0
    assert own.read_text() == "PKMINE"
    assert (state / "journal.db").read_text() == "state"
    assert (root / "etc/systemd/system/tradebot-demo.service.d").is_dir()
    assert not (root / "etc/systemd/system/tradebot-demo.service").exists()
    assert not (root / "etc/tradebot/demo/ALPACA_SECRET_KEY").exists()
    assert not (root / "etc/tradebot/demo.installed").exists()

    lock = InstanceLock(state / "lock")
    refused = tradebot("service", "uninstall", "--purge", *words)
    lock.release()
    assert refused.code == 1
    assert is_one_sentence(refused.err)
    assert (state / "journal.db").exists()
    assert tradebot("service", "uninstall", "--purge", *words).code == 0
    assert not state.exists()
    assert own.exists()


def test_a_users_own_service(tradebot: Call, tmp_path: Path) -> None:
    root, config = tmp_path / "root", "/home/me/.config"
    words = ("--user", "-p", "demo", "--root", str(root))
    assert tradebot("service", "install", *words, **KEYS, XDG_CONFIG_HOME=config).code == 0
    unit = (root / "home/me/.config/systemd/user/tradebot-demo.service").read_text()
    assert f"LoadCredential=ALPACA_API_KEY:{config}/tradebot/demo/ALPACA_API_KEY\n" in unit
    assert "User=" not in unit
    assert tradebot("service", "uninstall", *words, XDG_CONFIG_HOME=config).code == 0
    assert tree(root) == {}


def test_alert_urls_and_a_second_feed_are_credentials_too(tradebot: Call, home: Path, tmp_path: Path) -> None:
    (home / "config/mine.toml").write_text(
        'extends = "demo"\n[feed]\nsources = ["alpaca", "polygon"]\n[alerts.channels.slack]\nurl_secret = "ALERT_SLACK_URL"\n'
        '[alerts.channels.phone]\nurl_secret = "ALERT_PHONE_URL"\n'
    )
    secrets = KEYS | {"ALERT_SLACK_URL": "slack://canary-a/b/c", "POLYGON_API_KEY": "canary-polygon"}
    words = ("-p", "mine", "--root", str(tmp_path / "root"))
    answer = tradebot("service", "install", *words, *ACCOUNT, "--json", **secrets)
    assert answer.code == 0, answer.err
    said = json.loads(answer.out)
    assert set(said["credentials"]) == set(secrets)
    assert said["missing"] == ["ALERT_PHONE_URL"]
    assert "canary" not in answer.out


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("install", "-p", "demo"), "systemd does not run here"),
        (("install", "-p", "dmo", "--dry-run"), 'did you mean "demo"'),
        (("install", "-p", "demo", "--dry-run", "--account", "nobody-of-this-name"), "there is no account"),
        (("install", "-p", "demo", "--dry-run", "--account", "root"), "must not run as root"),
        (("install", "-p", "demo", "--dry-run", "--live"), "broker.account_number"),
        (("install", "-p", "demo", "--dry-run", "--user", "--account", "daemon"), "--account is for a service of the system"),
        (("uninstall", "-p", "demo"), "nothing to uninstall"),
    ],
)
def test_what_is_wrong_is_one_sentence(words: tuple[str, ...], part: str, tradebot: Call) -> None:
    if part.startswith("systemd") and Path("/run/systemd/system").is_dir():
        pytest.skip("systemd runs here")
    answer = tradebot("service", *words, **KEYS)
    assert answer.code == 1
    assert part in answer.err
    assert is_one_sentence(answer.err)


def test_missing_keys_and_a_foreign_unit(tradebot: Call, tmp_path: Path) -> None:
    root = tmp_path / "root"
    words = ("install", "-p", "demo", "--root", str(root), *ACCOUNT)
    no_key = tradebot("service", *words, ALPACA_API_KEY="PK")
    assert no_key.code == 1
    assert "ALPACA_SECRET_KEY not set" in no_key.err
    assert not root.exists()
    foreign = root / "etc/systemd/system/tradebot-demo.service"
    foreign.parent.mkdir(parents=True)
    foreign.write_text("mine")
    refused = tradebot("service", *words, **KEYS)
    assert refused.code == 1
    assert "not of our making" in refused.err
    assert foreign.read_text() == "mine"
    assert not (root / "etc/tradebot").exists()


@pytest.mark.needs("systemd-analyze")
def test_systemd_accepts_what_install_wrote(tradebot: Call, tmp_path: Path) -> None:
    root = tmp_path / "root"
    assert tradebot("service", "install", "-p", "demo", "--root", str(root), *ACCOUNT, **KEYS).code == 0
    unit = root / "etc/systemd/system/tradebot-demo.service"
    analyze = shutil.which("systemd-analyze")
    assert analyze is not None
    verified = subprocess.run([analyze, "verify", "--man=no", str(unit)], capture_output=True, text=True, check=False)
    assert (verified.returncode, [line for line in verified.stderr.splitlines() if "tradebot-demo" in line]) == (0, [])
