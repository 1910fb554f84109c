"""Every alert that the source can raise stands in the catalogue, word for word, and the runbook is the catalogue's."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.source_files import SourceFile, source_files
from tradebot.shell.alerts import runbook
from tradebot.shell.alerts.catalogue import CATALOGUE, Entry, find
from tradebot.shell.alerts.config import SEVERITIES

PASSED_ON = {
    "tradebot/shell/desk.py": "the engine's alerts, which are found where they are raised",
    "tradebot/shell/daemon.py": "the same for everybody's reports",
    "tradebot/app/service.py": "the same for everybody's reports",
    "tradebot/shell/feeds/data_stream.py": "what a server said of a frame",
    "tradebot/shell/feeds/polygon_stream.py": "what a server said of a frame",
    "tradebot/shell/feeds/minute_feed.py": "what a source's history said",
}
"""Files that report a variable's text, which no catalogue knows word for word."""

CONSTANTS = {"DIFFER": "books differ from the broker's: ", "ADOPTED": "the broker's books are ours now"}
RAISERS = ("Alert", "report", "_report", "hear")


def template(node: ast.expr) -> str | None:
    """The text of a literal, `{}` where it varies; None of anything else."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if not isinstance(node, ast.JoinedStr):
        return None
    parts = []
    for part in node.values:
        if isinstance(part, ast.Constant):
            parts.append(str(part.value))
        else:
            assert isinstance(part, ast.FormattedValue)
            name = part.value.id if isinstance(part.value, ast.Name) else ""
            parts.append(CONSTANTS.get(name, "{}"))
    return "".join(parts)


def severities(node: ast.expr) -> set[str]:
    return {n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and n.value in SEVERITIES}


def raised(file: SourceFile) -> Iterator[tuple[int, set[str], str | None]]:
    """(line, severities, text) of each place that raises an alert."""
    for node in ast.walk(file.tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr if isinstance(node.func, ast.Attribute) else ""
        place = 2 if name == "hear" else 0
        if name in RAISERS and len(node.args) >= place + 2:
            yield node.lineno, severities(node.args[place]), template(node.args[place + 1])


def spoken(text: str) -> str:
    """As it may sound."""
    return text.replace("{}", "x1")


PLACES = [(file.path, *place) for file in source_files() if file.within("tradebot/core", "tradebot/shell") for place in raised(file)]


def test_the_search_finds_them() -> None:
    assert len(PLACES) > 50


@pytest.mark.parametrize(("path", "line", "graves", "text"), PLACES, ids=[f"{p[0]}:{p[1]}" for p in PLACES])
def test_an_alert_stands_in_the_catalogue(path: str, line: int, graves: set[str], text: str | None) -> None:
    if text is None:
        assert path in PASSED_ON or path.startswith("tradebot/shell/alerts/"), f"{path}:{line} raises a text that cannot be looked up"
        return
    for grave in graves or set(SEVERITIES):
        if graves or any(grave in e.severities for e in CATALOGUE if e.sentence == text):
            assert find(grave, spoken(text)), (
                f"{path}:{line} raises a {grave} '{text}': add it to shell/alerts/catalogue.py and run runbook.py"
            )
    assert any(find(grave, spoken(text)) for grave in SEVERITIES), f"{path}:{line} raises '{text}', which no entry says"


def test_no_entry_is_left_over() -> None:
    said = {find(grave, spoken(text)) for *_, graves, text in PLACES if text is not None for grave in graves or SEVERITIES}
    assert [e.code for e in CATALOGUE if e not in said] == []


@pytest.mark.parametrize("entry", CATALOGUE, ids=[e.code for e in CATALOGUE])
def test_an_alert_finds_its_own_entry(entry: Entry) -> None:
    assert entry.remedy.endswith(".") and set(entry.severities) <= set(SEVERITIES)
    for severity in entry.severities:
        assert find(severity, spoken(entry.sentence)) == entry


def test_codes_and_sentences_are_different() -> None:
    assert len({e.code for e in CATALOGUE}) == len({e.sentence for e in CATALOGUE}) == len(CATALOGUE)


def test_a_text_that_nobody_knows_has_no_entry() -> None:
    assert find("warning", "the moon is full") is None


def test_the_runbook_is_written_from_the_catalogue() -> None:
    assert runbook.README.read_text(encoding="utf-8") == runbook.text(), "run python -m tradebot.shell.alerts.runbook"
