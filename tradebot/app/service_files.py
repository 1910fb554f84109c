"""Where a profile's service keeps its files, and the record of what install wrote, by which uninstall removes no more than that."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tradebot.core.domain.faults import OperatorFault

MACHINE: Final = Path("/")


@dataclass(frozen=True, slots=True)
class Place:
    """`root` goes before every path that is written; systemd is only spoken to where it is the machine's own."""

    profile: str
    is_user: bool
    root: Path

    @property
    def name(self) -> str:
        return f"tradebot-{self.profile}.service"

    @property
    def unit(self) -> Path:
        return (_config_home() / "systemd" / "user" if self.is_user else Path("/etc/systemd/system")) / self.name

    @property
    def credentials(self) -> Path:
        """The folder of secrets, a file each."""
        return (_config_home() if self.is_user else Path("/etc")) / "tradebot" / self.profile

    @property
    def record(self) -> Path:
        return self.credentials.with_name(f"{self.profile}.installed")

    def real(self, path: Path) -> Path:
        return self.root / path.relative_to(MACHINE)

    def listed(self) -> list[str]:
        """What install wrote, a path each; folders that it made end with a slash. Raises OperatorFault."""
        record = self.real(self.record)
        try:
            return record.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise OperatorFault(f"cannot read {record}: {error.strerror}") from error

    def systemctl(self, *words: str) -> str:
        """What it says; nothing where the root is another. Raises OperatorFault with its last words."""
        if self.root != MACHINE:
            return ""
        command = ["systemctl", *(["--user"] if self.is_user else []), *words]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise OperatorFault(f"{' '.join(command)} cannot be run: {error}") from error
        if done.returncode:
            raise OperatorFault(f"{' '.join(command)} failed: {(done.stderr.strip().splitlines() or ['it said nothing'])[-1]}")
        return done.stdout


def write(place: Place, unit: str, secrets: Mapping[str, str], writable: tuple[Path, ...], account: str) -> None:
    """The folders, the secrets and the unit. Each file is recorded before it is written: a half-done install can be uninstalled.

    A secret's file that somebody else put there stays as it is. Raises OperatorFault.
    """
    listed = place.listed()
    if place.real(place.unit).exists() and str(place.unit) not in listed:
        raise OperatorFault(f"{place.unit} exists and is not of our making: move it away first")
    try:
        place.root.mkdir(parents=True, exist_ok=True)
        for folder in (place.credentials, place.unit.parent, *writable):
            _make_folder(place, folder, listed, account if folder in writable else "")
        place.real(place.credentials).chmod(0o700)
        for name, secret in secrets.items():
            path = place.credentials / name
            if str(path) in listed or not place.real(path).exists():
                _note(place, listed, str(path))
                _put(place.real(path), secret, 0o600)
        _note(place, listed, str(place.unit))
        _put(place.real(place.unit), unit, 0o644)
    except OSError as error:
        raise OperatorFault(f"cannot write {error.filename}: {error.strerror}") from error


def remove(place: Place) -> list[str]:
    """What was removed: the files that are recorded, the record, then the recorded folders that are empty. Raises OperatorFault."""
    listed, removed = place.listed(), []
    try:
        for path in (*(Path(line) for line in listed if not line.endswith("/")), place.record):
            if place.real(path).exists():
                place.real(path).unlink()
                removed.append(str(path))
        for folder in sorted((line for line in listed if line.endswith("/")), key=len, reverse=True):
            real = place.real(Path(folder))
            if real.is_dir() and not any(real.iterdir()):
                real.rmdir()
                removed.append(folder)
    except OSError as error:
        raise OperatorFault(f"cannot remove {error.filename}: {error.strerror}") from error
    return removed


def _make_folder(place: Place, folder: Path, listed: list[str], account: str) -> None:
    """With its parents; the last is private."""
    for path in (*reversed(folder.parents), folder):
        real = place.real(path)
        if real.is_dir():
            continue
        real.mkdir(mode=0o700 if path == folder else 0o755)
        if account and place.root == MACHINE:
            shutil.chown(real, account)
        _note(place, listed, f"{path}/")


def _note(place: Place, listed: list[str], path: str) -> None:
    home = f"{place.record.parent}/"  # of all profiles: the last one to go takes it along
    listed += [line for line in (home, path) if line not in listed]
    if place.real(place.record.parent).is_dir():  # else what was made so far are its parents, and the next note tells
        _put(place.real(place.record), "".join(f"{line}\n" for line in listed), 0o600)


def _put(path: Path, text: str, mode: int) -> None:
    """In one step, and never readable by more than `mode` says."""
    part = path.with_name(f".{path.name}.part")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
    with os.fdopen(os.open(part, flags, mode), "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), mode)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _config_home() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config").absolute()
