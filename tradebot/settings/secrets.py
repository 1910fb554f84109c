"""The keys of the broker and of the feeds: from the environment, systemd's credentials or .env; never from a profile, never printed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tradebot.core.domain.faults import OperatorFault

KEY_NAMES: Final = ("ALPACA_API_KEY", "APCA_API_KEY_ID")
SECRET_NAMES: Final = ("ALPACA_SECRET_KEY", "APCA_API_SECRET_KEY")
POLYGON_NAMES: Final = ("POLYGON_API_KEY", "MASSIVE_API_KEY")
_SECRET_NAME: Final = re.compile(r"[A-Z][A-Z0-9_]*")
_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)")


class Secret:
    """A text that shows itself only when asked by name; every other way of printing it gives `***`."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash((Secret, self._text))


@dataclass(frozen=True, slots=True)
class Credentials:
    key: Secret
    secret: Secret


def load_credentials(environment: Mapping[str, str]) -> Credentials:
    """Keys from `environment`. Raises OperatorFault that names the missing variable."""
    key, secret = _first(environment, KEY_NAMES), _first(environment, SECRET_NAMES)
    missing = [names[0] for found, names in ((key, KEY_NAMES), (secret, SECRET_NAMES)) if not found]
    if missing:
        raise OperatorFault(f"{' and '.join(missing)} not set: put your Alpaca keys into the environment or into .env")
    for name, text in ((KEY_NAMES[0], key), (SECRET_NAMES[0], secret)):
        if not text.isascii() or not text.isprintable() or " " in text:
            raise OperatorFault(f"{name} holds a character that no Alpaca key has: copy it again")
    return Credentials(Secret(key), Secret(secret))


def load_polygon_key(environment: Mapping[str, str]) -> Secret:
    """Massive's key. Raises OperatorFault that names the missing variable."""
    key = _first(environment, POLYGON_NAMES)
    if not key:
        raise OperatorFault(f"{POLYGON_NAMES[0]} not set: put your Massive (Polygon) key into the environment or into .env")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise OperatorFault(f"{POLYGON_NAMES[0]} holds a character that no key has: copy it again")
    return Secret(key)


def environment_with_dotenv(environment: Mapping[str, str], dotenv: Path) -> dict[str, str]:
    """`environment` laid over the `NAME=value` lines of a .env file, if there is one. Raises OperatorFault on any other line."""
    try:
        lines = dotenv.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return dict(environment)
    except (OSError, UnicodeDecodeError) as error:
        raise OperatorFault(f"cannot read {dotenv}: {error}") from error
    read: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        match = _LINE.fullmatch(text)
        if match is None:
            raise OperatorFault(f"{dotenv}, line {number}: expected NAME=value")
        read[match[1]] = match[2].strip().strip("'\"")
    return read | dict(environment)


def with_credentials(environment: Mapping[str, str]) -> dict[str, str]:
    """`environment` laid over the files of $CREDENTIALS_DIRECTORY (systemd's LoadCredential=, a container's secrets).

    A file is named like the variable that it stands for: `ALPACA_SECRET_KEY`. Other files are none of ours, and no file is a setting.
    Raises OperatorFault where the folder or one of them can't be read: a daemon must not start with half of its keys.
    """
    folder = environment.get("CREDENTIALS_DIRECTORY", "")
    if not folder:
        return dict(environment)
    try:
        files = [path for path in sorted(Path(folder).iterdir()) if is_secret_name(path.name) and path.is_file()]
        read = {path.name: path.read_text(encoding="utf-8").strip() for path in files}
    except UnicodeDecodeError as error:
        raise OperatorFault(f"a credential in {folder} is no UTF-8 text") from error
    except OSError as error:
        raise OperatorFault(f"cannot read the credentials in {folder}: {error.strerror}") from error
    return read | {name: text for name, text in environment.items() if text.strip() or name not in read}


def is_secret_name(name: str) -> bool:
    """Whether a credential's file may stand for the variable of its name."""
    return _SECRET_NAME.fullmatch(name) is not None and not name.startswith("TRADEBOT__")


def _first(environment: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((environment[name].strip() for name in names if environment.get(name, "").strip()), "")
