"""Secrets from $CREDENTIALS_DIRECTORY: environment over credential over .env."""

from __future__ import annotations

from pathlib import Path

import pytest

from tradebot.core.domain.faults import OperatorFault
from tradebot.settings import read_environment
from tradebot.settings.secrets import with_credentials


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "credentials"
    made.mkdir()
    (made / "ALPACA_SECRET_KEY").write_text("from-credential\n")
    (made / "TRADEBOT__MODEL__TREES").write_text("1")
    (made / "notes.txt").write_text("none of ours")
    (made / "FOLDER").mkdir()
    return made


def test_a_file_is_the_variable_of_its_name_and_nothing_else_is(folder: Path) -> None:
    given = {"CREDENTIALS_DIRECTORY": str(folder)}
    assert with_credentials(given) == given | {"ALPACA_SECRET_KEY": "from-credential"}
    assert with_credentials({}) == {}


def test_precedence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = folder.parent
    (home / ".env").write_text("ALPACA_SECRET_KEY=from-dotenv\nALPACA_API_KEY=key-of-dotenv\n")
    monkeypatch.setenv("TRADEBOT_HOME", str(home))
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    read = read_environment()
    assert (read["ALPACA_SECRET_KEY"], read["ALPACA_API_KEY"]) == ("from-credential", "key-of-dotenv")
    monkeypatch.setenv("ALPACA_SECRET_KEY", "  ")
    assert read_environment()["ALPACA_SECRET_KEY"] == "from-credential"
    monkeypatch.setenv("ALPACA_SECRET_KEY", "from-environment")
    assert read_environment()["ALPACA_SECRET_KEY"] == "from-environment"
    monkeypatch.delenv("ALPACA_SECRET_KEY")
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    assert read_environment()["ALPACA_SECRET_KEY"] == "from-dotenv"


def test_what_cannot_be_read_is_one_sentence_without_its_content(folder: Path) -> None:
    with pytest.raises(OperatorFault, match="cannot read the credentials"):
        with_credentials({"CREDENTIALS_DIRECTORY": str(folder / "nowhere")})
    (folder / "ALERT_URL").write_bytes(b"canary\xff\xfe")
    with pytest.raises(OperatorFault, match="no UTF-8 text") as fault:
        with_credentials({"CREDENTIALS_DIRECTORY": str(folder)})
    assert "canary" not in str(fault.value)
