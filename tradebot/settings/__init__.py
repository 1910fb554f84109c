"""Profile TOML, base and environment -> one frozen, checked tree.

    settings = load_settings("active_stocks", os.environ)

Everything that is wrong is an OperatorFault of one sentence that names the file, the key and the nearest valid name.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tradebot.core.domain.faults import OperatorFault
from tradebot.settings.check import as_tree, check
from tradebot.settings.files import find_profile, nearest, read_profile
from tradebot.settings.secrets import Credentials, Secret, environment_with_dotenv, load_credentials, load_polygon_key, with_credentials
from tradebot.settings.sections import Settings

__all__ = [
    "Credentials",
    "Secret",
    "Settings",
    "as_tree",
    "home_dir",
    "load_credentials",
    "load_polygon_key",
    "load_settings",
    "part_of",
    "read_environment",
]


def home_dir(environment: Mapping[str, str]) -> Path:
    """The folder that holds config/, data/ and models/: TRADEBOT_HOME, else the checkout that this package runs from, else here."""
    named = environment.get("TRADEBOT_HOME")
    if named:
        if not Path(named).is_dir():
            raise OperatorFault(f"TRADEBOT_HOME {named} is no folder")
        return Path(named).resolve()
    checkout = Path(__file__).resolve().parents[2]
    return checkout if (checkout / "config").is_dir() else Path.cwd()


def read_environment() -> dict[str, str]:
    """The process's variables, laid over systemd's credentials, laid over the lines of .env in `home_dir`."""
    return environment_with_dotenv(with_credentials(os.environ), home_dir(os.environ) / ".env")


def part_of(tree: dict[str, Any], dotted: str) -> Any:
    """The part of `as_tree` that a dotted key names. Raises OperatorFault with the nearest name."""
    part: Any = tree
    for key in dotted.split(".") if dotted else ():
        if not isinstance(part, dict) or key not in part:
            known = list(part) if isinstance(part, dict) else []
            raise OperatorFault(f"there is no key {dotted}{nearest(key, known)}")
        part = part[key]
    return part


def load_settings(profile: str, environment: Mapping[str, str]) -> Settings:
    """The settings of a profile, by name or by path to a .toml file; relative folders count from `home_dir`."""
    home = home_dir(environment)
    source = read_profile(find_profile(profile, home / "config"), home / "config", environment)
    source.tree.setdefault("profile", source.profile.stem)
    settings = check(source)
    bars = home / settings.data.folder.expanduser()
    return dataclasses.replace(
        settings,
        trials_path=bars.parent / "trials.jsonl" if settings.trials_path == Path() else home / settings.trials_path.expanduser(),
        state_dir=home / settings.state_dir.expanduser() / settings.profile,
        models_dir=home / settings.models_dir.expanduser(),
        data=dataclasses.replace(settings.data, folder=bars),
        macro=dataclasses.replace(settings.macro, folder=settings.macro.folder and str(home / Path(settings.macro.folder).expanduser())),
    )
