"""What is installed is what was judged: every distribution that the project pulls in is the locked version, with a known licence.

No advisory database is at hand without the internet, so known vulnerabilities are not looked up here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import metadata

import pytest
from packaging.requirements import Requirement

from tests.architecture.source_files import ROOT

LEFT_TO_PIP = re.compile(r"nvidia-.*|cuda-.*|triton|setuptools|pip|tradebot")  # requirements.lock says why
FORBIDDEN = re.compile(r"AGPL|Affero|SSPL|Commons Clause|Proprietary(?! License)", re.IGNORECASE)


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


LOCK = {
    plain(line.split("==")[0]): line.split("==")[1]
    for line in (ROOT / "requirements.lock").read_text().splitlines()
    if "==" in line and not line.startswith("#")
}


def required(name: str, extras: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    """What a distribution asks for on this machine."""
    for text in metadata.requires(name) or ():
        wanted = Requirement(text)
        if wanted.marker is None or any(wanted.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            yield plain(wanted.name), frozenset(wanted.extras)


def pulled_in(*extras: str) -> dict[str, str]:
    """Every distribution that an installation of the project needs, by version."""
    found: dict[str, str] = {}
    seen, todo = set[tuple[str, frozenset[str]]](), [("tradebot", frozenset(extras))]
    while todo:
        item = todo.pop()
        if item in seen:
            continue
        seen.add(item)
        try:
            found[item[0]] = metadata.version(item[0])
        except metadata.PackageNotFoundError:
            pytest.fail(f"{item[0]} is needed and not installed")
        todo += required(*item)
    return found


def test_everything_that_runs_is_the_locked_version() -> None:
    running = {name: version.split("+")[0] for name, version in pulled_in().items() if not LEFT_TO_PIP.fullmatch(name)}
    assert len(running) > 40
    assert {name: (version, LOCK.get(name)) for name, version in running.items() if LOCK.get(name) != version} == {}


def test_no_licence_that_this_project_cannot_take() -> None:
    odd: dict[str, str] = {}
    for name in pulled_in():
        facts = metadata.metadata(name)
        words = [facts.get("License-Expression") or "", *(c for c in facts.get_all("Classifier") or () if c.startswith("License"))]
        said = "; ".join(word for word in words if word) or (facts.get("License") or "").split("\n")[0]
        if not said or (FORBIDDEN.search(said) and not name.startswith(("nvidia-", "cuda-"))):
            odd[name] = said
    assert odd == {}
