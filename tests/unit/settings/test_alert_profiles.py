"""[alerts]: what a profile can say of them, and the one sentence for what it can't."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from tests.unit.settings.conftest import WriteProfile
from tradebot.core.domain.faults import OperatorFault
from tradebot.settings import as_tree, load_settings
from tradebot.shell.alerts.config import AlertsConfig, ChannelConfig

PARENT = 'extends = "active_stocks"\n'
SLACK = '[alerts.channels.slack]\nurl_secret = "ALERT_SLACK_URL"\n'

BAD = [
    ("[alerts]\ndedupe = 1", 'unknown key alerts.dedupe; did you mean "dedupe_min"?'),
    ("[alerts]\ntimeout_s = 0", "alerts.timeout_s = 0 is not possible: it must be greater than or equal to 1"),
    ('[alerts]\nquiet_from = "25:00"', 'alerts.quiet_from = "25:00" is not possible: it must be in a valid time format'),
    ('[alerts]\nzone = "Mars/Olympus"', 'alerts.zone "Mars/Olympus" is no time zone, e.g. "America/New_York"'),
    (f"{SLACK}severity = []", "unknown key alerts.channels.slack.severity"),
    (f"{SLACK}severities = []", "alerts.channels.slack.severities = [] is not possible: "),
    (f'{SLACK}severities = ["bad"]', 'alerts.channels.slack.severities.0 = "bad" is not possible: '),
    ("[alerts.channels.slack]\nstep = 0", "missing key alerts.channels.slack.url_secret"),
    (f"{SLACK}step = 1", "alerts.channels: none has step 0, so nobody would be told at once"),
    (SLACK.replace("slack", '"a b"'), 'alerts.channels: "a b" is no name, e.g. "slack" or "phone-2"'),
    (
        SLACK.replace("ALERT_SLACK_URL", "slack://canary-7e3f/B/C"),
        "alerts.channels.slack.url_secret is the name of a variable such as ALERT_SLACK_URL, not the URL itself",
    ),
]


@pytest.mark.parametrize(("text", "sentence"), BAD, ids=[text.replace("\n", " ") for text, _ in BAD])
def test_bad_value(text: str, sentence: str, write_profile: WriteProfile, home: Path) -> None:
    write_profile(PARENT + text)
    with pytest.raises(OperatorFault) as caught:
        load_settings("mine", {"TRADEBOT_HOME": str(home)})
    said = str(caught.value)
    assert said.startswith(f"mine.toml: {sentence}"), said
    assert "canary" not in said and "\n" not in said


def test_channels_from_a_profile_and_the_base_under_it(write_profile: WriteProfile, home: Path) -> None:
    write_profile(f'{PARENT}[alerts]\nquiet_from = "22:00"\nquiet_until = "07:00"\n{SLACK}severities = ["critical"]\ndigest = true')
    settings = load_settings("mine", {"TRADEBOT_HOME": str(home)})
    slack = ChannelConfig(url_secret="ALERT_SLACK_URL", severities=("critical",), digest=True)
    assert settings.alerts == AlertsConfig(channels={"slack": slack}, quiet_from=dt.time(22), quiet_until=dt.time(7))
    assert as_tree(settings)["alerts"]["channels"]["slack"]["url_secret"] == "ALERT_SLACK_URL"
