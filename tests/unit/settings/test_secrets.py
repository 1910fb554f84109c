from __future__ import annotations

from pathlib import Path

import pytest

from tradebot.core.domain.faults import OperatorFault
from tradebot.settings import load_credentials
from tradebot.settings.secrets import environment_with_dotenv

KEYS = {"ALPACA_API_KEY": "PKTEST", "ALPACA_SECRET_KEY": "s3cretS3CRET"}


def test_both_names_of_the_keys_are_known() -> None:
    ours = load_credentials(KEYS)
    assert (ours.key.reveal(), ours.secret.reveal()) == ("PKTEST", "s3cretS3CRET")
    assert load_credentials({"APCA_API_KEY_ID": " PKTEST\n", "APCA_API_SECRET_KEY": "s3cretS3CRET"}) == ours
    assert load_credentials(KEYS | {"APCA_API_KEY_ID": "other"}) == ours


def test_keys_never_show() -> None:
    credentials = load_credentials(KEYS)
    for text in (repr(credentials), str(credentials), f"{credentials}", f"{credentials.key} {credentials.secret!s}"):
        assert "PKTEST" not in text
        assert "s3cretS3CRET" not in text


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({}, "ALPACA_API_KEY and ALPACA_SECRET_KEY not set"),
        ({"ALPACA_API_KEY": "PKTEST"}, "ALPACA_SECRET_KEY not set"),
        ({"ALPACA_SECRET_KEY": "s", "ALPACA_API_KEY": "  "}, "ALPACA_API_KEY not set"),
        (KEYS | {"ALPACA_API_KEY": "PK TEST"}, "ALPACA_API_KEY holds a character that no Alpaca key has"),
        (KEYS | {"ALPACA_SECRET_KEY": "s3cret\x00S3CRET"}, "ALPACA_SECRET_KEY holds a character"),
        (KEYS | {"ALPACA_SECRET_KEY": "s3cretS3CRET\u2026"}, "ALPACA_SECRET_KEY holds a character"),
    ],
)
def test_bad_keys_are_named_and_not_shown(environment: dict[str, str], named: str) -> None:
    with pytest.raises(OperatorFault) as caught:
        load_credentials(environment)
    assert str(caught.value).startswith(named)
    assert "s3cret" not in str(caught.value)


def test_dotenv_lies_under_the_environment(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("# keys\n\nexport ALPACA_API_KEY='PK1'\nALPACA_SECRET_KEY=\"a=b\"\n")
    assert environment_with_dotenv({}, dotenv) == {"ALPACA_API_KEY": "PK1", "ALPACA_SECRET_KEY": "a=b"}
    assert environment_with_dotenv({"ALPACA_API_KEY": "PK2"}, dotenv)["ALPACA_API_KEY"] == "PK2"
    assert environment_with_dotenv({"A": "1"}, tmp_path / "none") == {"A": "1"}


def test_bad_dotenv(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("ALPACA_API_KEY=PK1\ns3cretS3CRET\n")
    with pytest.raises(OperatorFault, match=r"\.env, line 2: expected NAME=value") as caught:
        environment_with_dotenv({}, dotenv)
    assert "s3cret" not in str(caught.value)
    dotenv.write_bytes(b"\xff")
    with pytest.raises(OperatorFault, match="cannot read"):
        environment_with_dotenv({}, dotenv)
