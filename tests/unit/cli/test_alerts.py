"""`tradebot alerts` from outside: one sentence for what is wrong, no URL in any of it, and a list for people and for programs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.shell.alert_sinks import HttpSink, listening
from tests.unit.cli.conftest import Call
from tests.unit.cli.test_cli import is_one_sentence
from tradebot.shell.alerts import policy, store
from tradebot.shell.alerts.config import AlertsConfig, ChannelConfig
from tradebot.shell.alerts.notices import Notices

CANARY = "canary-7e3f"
PROFILE = """extends = "active_stocks"
[alerts.channels.chat]
url_secret = "ALERT_CHAT_URL"
"""


@pytest.fixture
def mine(home: Path) -> Path:
    """The state folder of a profile with one channel."""
    (home / "config" / "mine.toml").write_text(PROFILE, encoding="utf-8")
    state = home / "data" / "state" / "mine"
    state.mkdir(parents=True)
    return state


@pytest.mark.parametrize(
    ("arguments", "environment", "sentence"),
    [
        (("test", "chat"), {}, "ALERT_CHAT_URL is not set: put the Apprise URL of chat into the environment or into .env"),
        (("test", "cat"), {}, 'there is no alert channel "cat"; did you mean "chat"? (channels: chat)'),
        (
            ("test", "chat"),
            {"ALERT_CHAT_URL": f"slackk://{CANARY}"},
            "alert channel chat: its URL is of no kind that Apprise knows, or lacks a part",
        ),
        (("ack", "7"), {}, "there is no alert 7: see tradebot alerts list -p mine"),
        (("ack", "x"), {}, '"x" is no alert: give its number from tradebot alerts list, or all'),
    ],
)
def test_what_is_wrong_is_one_sentence(
    arguments: tuple[str, ...], environment: dict[str, str], sentence: str, mine: Path, tradebot: Call
) -> None:
    done = tradebot("alerts", *arguments, "-p", "mine", **environment)
    assert (done.code, done.err.strip()) == (1, f"tradebot: {sentence}")
    assert is_one_sentence(done.err) and CANARY not in done.out + done.err


def test_a_message_now(mine: Path, tradebot: Call) -> None:
    sink = HttpSink()
    with listening(sink):
        sent = tradebot("alerts", "test", "chat", "-p", "mine", "--json", ALERT_CHAT_URL=sink.url(tail=CANARY))
        sink.status = 500
        refused = tradebot("alerts", "test", "chat", "-p", "mine", ALERT_CHAT_URL=sink.url(tail=CANARY))
    assert (sent.code, json.loads(sent.out)["channel"]) == (0, "chat")
    assert [m["title"] for m in sink.got] == ["tradebot mine: a test"]
    assert refused.code == 1 and "error=500" in refused.err and is_one_sentence(refused.err)
    assert CANARY not in sent.out + sent.err + refused.out + refused.err


def test_a_message_through_a_systemd_credential(mine: Path, tradebot: Call) -> None:
    sink = HttpSink()
    folder = mine / "credentials"
    folder.mkdir()
    (folder / "ALERT_CHAT_URL").write_text(f"{sink.url()}\n", encoding="utf-8")
    with listening(sink):
        assert tradebot("alerts", "test", "chat", "-p", "mine", CREDENTIALS_DIRECTORY=str(folder)).code == 0
    assert len(sink.got) == 1


def test_the_list_and_its_acknowledgement_without_a_daemon(mine: Path, tradebot: Call) -> None:
    state, rules = Notices(), AlertsConfig(channels={"chat": ChannelConfig(url_secret="ALERT_CHAT_URL")})
    policy.hear(state, rules, "critical", "halted: the day's loss", 10**18)
    policy.hear(state, rules, "warning", "no bars: timeout", 10**18)
    assert store.save(mine, store.encode(state)) == ""
    listed = json.loads(tradebot("alerts", "list", "-p", "mine", "--json").out)
    assert [(a["id"], a["code"], a["times"]) for a in listed["alerts"]] == [(1, "halted", 1), (2, "no_bars", 1)]
    assert listed["channels"][0]["waiting"] == 2
    assert json.loads(tradebot("alerts", "ack", "1", "-p", "mine", "--json").out) == {"acknowledged": [1], "outstanding": 1}
    assert json.loads(tradebot("alerts", "ack", "all", "-p", "mine", "--json").out) == {"acknowledged": [2], "outstanding": 0}
    assert json.loads(tradebot("alerts", "list", "-p", "mine", "--json").out)["alerts"] == []
    shown = tradebot("alerts", "list", "--all", "-p", "mine").out
    assert "halted: the day's loss" in shown and "no bars: timeout" in shown


def test_nothing_yet(home: Path, tradebot: Call) -> None:
    assert json.loads(tradebot("alerts", "list", "--json").out)["outstanding"] == 0
    assert json.loads(tradebot("alerts", "ack", "all", "--json").out) == {"acknowledged": [], "outstanding": 0}
    assert len(json.loads(tradebot("alerts", "runbook", "--json").out)) > 50
