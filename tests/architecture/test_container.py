"""The container file, as far as it can be judged without building it: what it copies exists, no secret goes in, it runs without root."""

from __future__ import annotations

import json
import re
import shlex
import tomllib

import pytest

from tests.architecture.source_files import ROOT
from tradebot.settings.secrets import is_secret_name

FOLDER = ROOT / "config" / "container"
Step = tuple[str, str]


def steps() -> list[Step]:
    """(instruction, words), continued lines joined, comments gone."""
    lines = [line for line in (FOLDER / "Containerfile").read_text().splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in joined.splitlines() if line.strip()]


def of(instruction: str) -> list[str]:
    return [words for name, words in steps() if name == instruction]


def compose() -> list[str]:
    return [line.strip() for line in (FOLDER / "compose.yaml").read_text().splitlines() if not line.strip().startswith("#")]


def test_every_instruction_is_one_of_docker_s() -> None:
    known = {"FROM", "RUN", "WORKDIR", "COPY", "ENV", "USER", "VOLUME", "STOPSIGNAL", "HEALTHCHECK", "CMD"}
    assert {name for name, _ in steps()} <= known
    assert steps()[0][0] == "FROM"


def test_what_is_copied_exists_and_is_let_through() -> None:
    let = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for words in of("COPY"):
        *sources, _target = shlex.split(words)
        for source in sources:
            assert (ROOT / source).exists(), source
            assert source.split("/")[0] in let, source


def test_nothing_secret_goes_in() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in ignored
    assert "**/.env" in ignored
    given = [name for words in of("ENV") for name in re.findall(r"(\w+)=", words)]
    assert not [name for name in given if re.search(r"KEY|SECRET|TOKEN|_URL", name)]
    assert not of("ARG")


def test_the_python_is_one_that_the_project_takes() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    [image] = of("FROM")
    found = re.search(r"python:(\d+)\.(\d+)", image)
    assert found is not None
    assert (int(found[1]), int(found[2])) >= tuple(int(part) for part in project["requires-python"].removeprefix(">=").split("."))
    for name in (project["readme"], *project["license-files"]):
        assert any(name in shlex.split(words) for words in of("COPY")), f"pip needs {name}"


def test_it_runs_without_root_and_asks_the_daemon_how_it_does() -> None:
    assert of("USER") == ["trader"]
    last_root = max(i for i, (name, _) in enumerate(steps()) if name in ("RUN", "COPY"))
    assert last_root < [name for name, _ in steps()].index("USER")
    [command] = of("CMD")
    assert json.loads(command)[-1] == 'exec tradebot run --profile "$PROFILE"'
    [health] = of("HEALTHCHECK")
    assert json.loads(health[health.index("[") :])[-1] == 'exec tradebot status --profile "$PROFILE" --json'
    [volumes] = of("VOLUME")
    mounted = {line.split(":")[1] for line in compose() if re.match(r"- \w+:/", line)}
    assert mounted == set(json.loads(volumes))


@pytest.mark.parametrize("line", ["read_only: true", "- ALL", "- no-new-privileges:true", "core: 0", "CREDENTIALS_DIRECTORY: /run/secrets"])
def test_compose_takes_away_what_is_not_needed(line: str) -> None:
    assert line in compose()


def test_compose_names_secrets_as_the_program_reads_them() -> None:
    names = [line[2:] for line in compose() if re.fullmatch(r"- [A-Z_]+_KEY", line)]
    assert len(names) == 2
    assert all(is_secret_name(name) for name in names)
    assert (FOLDER / "../..").resolve() == ROOT
