"""`service install | uninstall | status`: the daemon of a profile as a systemd service, and the way back."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import sys
from pathlib import Path
from typing import Any, Final

import tradebot
from tradebot.app import service_files
from tradebot.app.service_files import MACHINE, Place
from tradebot.app.unit_file import UnitFacts, unit_text
from tradebot.core.domain.faults import OperatorFault
from tradebot.settings import Settings, home_dir, load_settings, read_environment
from tradebot.settings.secrets import KEY_NAMES, POLYGON_NAMES, SECRET_NAMES
from tradebot.shell.instance_lock import InstanceLock

PLAIN: Final = re.compile(r"[A-Za-z0-9/._@+-]+")  # what systemd reads as it stands
NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]*")
SHOWN: Final = ("ActiveState", "SubState", "StatusText", "Result", "MainPID", "NRestarts", "MemoryCurrent", "ActiveEnterTimestamp")


def install(
    profile: str, *, user: bool = False, live: bool = False, account: str = "", root: Path = MACHINE, dry_run: bool = False
) -> dict[str, Any]:
    """Write what makes the profile a service; `dry_run` only says what that is. Raises OperatorFault."""
    settings, environment = _settings(profile)
    place = _place(settings.profile, user=user, root=root)
    if live and not settings.broker.account_number:
        raise OperatorFault("a live service needs its account pinned in the profile: set broker.account_number")
    if user and account:
        raise OperatorFault("--account is for a service of the system: with --user it runs as you")
    if not dry_run:
        _check_machine(place)
    home = home_dir(environment)
    who = "" if user else _account(account or _owner(home))
    kept = place.real(place.credentials)
    groups = _secret_names(settings)
    secrets = {name: environment[name].strip() for names in groups for name in names if environment.get(name, "").strip()}
    there = [name for names in groups for name in names if name in secrets or (kept / name).is_file()]
    missing = [names[0] for names in groups if not set(names) & set(there)]
    for name in (KEY_NAMES[0], SECRET_NAMES[0]):
        if name in missing:
            raise OperatorFault(f"{name} not set: put it into the environment, into .env, or into the file {place.credentials / name}")
    word = str(Path(profile).resolve()) if profile.endswith(".toml") else profile
    facts = UnitFacts(
        profile=settings.profile,
        command=(sys.executable, "-m", "tradebot", "run", "--profile", word, *(["--live"] if live else [])),
        home=home,
        account=who,
        program=(home, Path(tradebot.__file__).resolve().parents[1], Path(sys.prefix).resolve(), Path(sys.base_prefix).resolve()),
        writable=_writable(settings, home),
        credentials=tuple((name, place.credentials / name) for name in there),
    )
    for path in (*facts.command, home, *facts.program, *facts.writable, place.credentials):
        if not PLAIN.fullmatch(str(path)):
            raise OperatorFault(f'"{path}" holds a character that a unit file reads as something else: move it to a plain path')
    flag = " --user" if user else ""
    said = {
        "unit": str(place.unit),
        "runs as": who or "you",
        "credentials": there,
        "missing": missing,
        "next": f"systemctl{flag} start {place.name}; journalctl{flag} -fu {place.name}",
    }
    if settings.socket_path.parent != settings.state_dir and not user:
        said["note"] = (
            "the path of the state folder is too long for a socket: it goes to a private /tmp, where tradebot status cannot see it"
        )
    if dry_run:
        return said | {"text": unit_text(facts)}
    service_files.write(place, unit_text(facts), secrets, facts.writable, who)
    place.systemctl("daemon-reload")
    place.systemctl("enable", place.name)
    return said


def uninstall(profile: str, *, user: bool = False, root: Path = MACHINE, purge: bool = False) -> dict[str, Any]:
    """Stop the service and remove what install wrote. State, models and bars stay; `purge` takes the profile's state too."""
    settings, _ = _settings(profile)
    place = _place(settings.profile, user=user, root=root)
    state = place.real(settings.state_dir)
    is_installed = bool(place.listed())
    if not is_installed and not (purge and state.is_dir()):
        raise OperatorFault(f"there is nothing to uninstall: install has written no {place.record}")
    _check_machine(place)
    if place.real(place.unit).exists() and is_installed:
        place.systemctl("disable", "--now", place.name)
    gone = _purge(state) if purge else False
    removed = service_files.remove(place)
    place.systemctl("daemon-reload")
    return {"removed": [*removed, *([str(settings.state_dir)] if gone else [])], "kept": [] if gone else [str(settings.state_dir)]}


def service_status(profile: str, *, user: bool = False, root: Path = MACHINE) -> dict[str, Any]:
    """Whether it is installed, and what systemd says of it where one runs."""
    settings, _ = _settings(profile)
    place = _place(settings.profile, user=user, root=root)
    unit = place.real(place.unit)
    said: dict[str, Any] = {"unit": str(place.unit), "installed": unit.is_file()}
    if not unit.is_file():
        return said
    lines = unit.read_text(encoding="utf-8").splitlines()
    said["credentials"] = [line.split("=", 1)[1].split(":", 1)[0] for line in lines if line.startswith("LoadCredential=")]
    if place.root == MACHINE and _systemd_runs():
        answer = place.systemctl("show", place.name, *(f"--property={name}" for name in SHOWN))
        said |= dict(line.split("=", 1) for line in answer.splitlines() if "=" in line)
    return said


def _settings(profile: str) -> tuple[Settings, dict[str, str]]:
    """As the service will read them: settings that only this shell has are none of its."""
    environment = {name: text for name, text in read_environment().items() if name not in os.environ or not name.startswith("TRADEBOT__")}
    return load_settings(profile, environment), environment


def _place(profile: str, *, user: bool, root: Path) -> Place:
    if not NAME.fullmatch(profile):
        raise OperatorFault(f'profile "{profile}" cannot name a service: small letters, digits, _ and - only')
    return Place(profile, user, root.resolve())


def _systemd_runs() -> bool:
    return Path("/run/systemd/system").is_dir()  # sd_booted(3)


def _check_machine(place: Place) -> None:
    if place.root != MACHINE:
        return
    if not _systemd_runs():
        raise OperatorFault("systemd does not run here: --root DIR works below a folder, install --dry-run only says what it would write")
    if not place.is_user and os.geteuid() != 0:
        raise OperatorFault("a service of the system is root's to change: call it with sudo, or with --user")


def _secret_names(settings: Settings) -> list[tuple[str, ...]]:
    """Each secret of the profile by the variables that may hold it."""
    polygon = [POLYGON_NAMES] if "polygon" in settings.feed.sources else []
    return [KEY_NAMES, SECRET_NAMES, *polygon, *((name,) for name in sorted({c.url_secret for c in settings.alerts.channels.values()}))]


def _writable(settings: Settings, home: Path) -> tuple[Path, ...]:
    """Folders that the daemon and its nightly child write into."""
    bars = settings.data.folder
    around = bars if bars.parent in (home, MACHINE) else bars.parent  # features/, reports/ and the ledger lie beside bars/
    return tuple(dict.fromkeys(path.resolve() for path in (around, settings.state_dir, settings.models_dir, settings.trials_path.parent)))


def _owner(home: Path) -> str:
    """Whom the folder belongs to: run as this account, `tradebot status` and `train` go on as before."""
    uid = home.stat().st_uid
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError as error:
        raise OperatorFault(f"{home} belongs to no account of this machine: name one with --account") from error


def _account(name: str) -> str:
    try:
        uid = pwd.getpwnam(name).pw_uid
    except KeyError as error:
        raise OperatorFault(f"there is no account {name}: make it with useradd --system {name}") from error
    if uid == 0:
        raise OperatorFault("the daemon must not run as root: name the account that it shall run as with --account")
    return name


def _purge(state: Path) -> bool:
    """Whether there was state to remove. Raises OperatorFault while a daemon runs on it."""
    if not state.is_dir():
        return False
    lock = InstanceLock(state / "lock")
    try:
        shutil.rmtree(state)
    except OSError as error:
        raise OperatorFault(f"cannot remove {state}: {error.strerror}") from error
    finally:
        lock.release()
    return True
