"""Profile files to one plain tree: base.toml, then what `extends` names, then the profile, then the environment.

Each leaf remembers the file (or variable) that set it, so that a fault can name it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from tradebot.core.domain.faults import OperatorFault

BASE: Final = "base"
VARIABLE_PREFIX: Final = "TRADEBOT__"
Tree = dict[str, Any]
Place = tuple[str, ...]


@dataclass(frozen=True)
class Source:
    """A merged tree, where each value came from, and the file that the operator named."""

    profile: Path
    tree: Tree = field(default_factory=dict)
    origins: dict[Place, str] = field(default_factory=dict)

    def origin(self, place: Place) -> str:
        """The file or variable that set a value; the profile for a value that nobody set."""
        return self.origins.get(place, self.profile.name)

    def lay_over(self, tree: Mapping[str, Any], origin: str) -> None:
        """Merge tables key by key; anything else replaces what was there."""
        for place, value in _leaves(tree):
            into = self.tree
            for key in place[:-1]:
                if not isinstance(into.setdefault(key, {}), dict):
                    into[key] = {}
                into = into[key]
            into[place[-1]] = value
            for end in range(1, len(place)):
                self.origins.pop(place[:end], None)
            self.origins[place] = origin


def find_profile(name: str, config_dir: Path) -> Path:
    """`name` is a path that ends in .toml, or the name of a file in `config_dir`."""
    path = Path(name) if name.endswith(".toml") else config_dir / f"{name}.toml"
    if path.is_file():
        return path
    known = sorted(p.stem for p in config_dir.glob("*.toml") if p.stem != BASE)
    if not known:
        raise OperatorFault(f"no profiles in {config_dir}: call tradebot from its own folder, or set TRADEBOT_HOME")
    raise OperatorFault(f"there is no profile {name}{nearest(Path(name).stem, known)} (profiles: {', '.join(known)})")


def read_profile(path: Path, config_dir: Path, environment: Mapping[str, str]) -> Source:
    """The merged tree of a profile. Raises OperatorFault on a file that can't be read, and on a circle of `extends`."""
    chain = _chain(path, config_dir)
    source = Source(path)
    for file, tree in chain:
        source.lay_over(tree, file.name)
    for name, text in sorted(environment.items()):
        if name.startswith(VARIABLE_PREFIX):
            place = tuple(part.lower() for part in name.removeprefix(VARIABLE_PREFIX).split("__"))
            source.lay_over(_nest(place, _toml_value(text)), name)
    return source


def nearest(name: str, known: list[str]) -> str:
    """`; did you mean "x"?`, or nothing when no known name is close to `name` or begins with it."""
    close = get_close_matches(name, known, n=1, cutoff=0.5) or [k for k in known if k.startswith(name)]
    return f'; did you mean "{close[0]}"?' if close else ""


def _chain(path: Path, config_dir: Path) -> list[tuple[Path, Tree]]:
    """Files from the base to the profile itself."""
    chain: list[tuple[Path, Tree]] = []
    seen: list[str] = []
    while True:
        tree = _read_toml(path)
        seen.append(path.stem)
        parent = tree.pop("extends", "" if path.stem == BASE else BASE)
        chain.insert(0, (path, tree))
        if not isinstance(parent, str):
            raise OperatorFault(f"{path.name}: extends must name one profile, not {parent!r}")
        if not parent:
            return chain
        if parent in seen:
            raise OperatorFault(f"{path.name}: extends goes in a circle: {' -> '.join([*seen, parent])}")
        beside = path.parent / f"{parent}.toml"
        path = beside if beside.is_file() else find_profile(parent, config_dir)


def _read_toml(path: Path) -> Tree:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise OperatorFault(f"{path.name} is not valid TOML: {error}") from error
    except UnicodeDecodeError as error:
        raise OperatorFault(f"{path.name} is not a UTF-8 text file") from error
    except OSError as error:
        raise OperatorFault(f"cannot read {path}: {error.strerror}") from error


def _toml_value(text: str) -> Any:
    """A variable's text as TOML would read it (`0.7`, `["SPY"]`, `true`), else as the string that it is."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _nest(place: Place, value: Any) -> Tree:
    for key in reversed(place):
        value = {key: value}
    return dict(value)


def _leaves(tree: Mapping[str, Any], at: Place = ()) -> Iterator[tuple[Place, Any]]:
    for key, value in tree.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, (*at, key))
        else:
            yield (*at, key), value
