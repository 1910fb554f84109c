"""Alerts through real sockets: what arrives, what a sick endpoint does, what a restart keeps, and that trading never waits."""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import re
import socket
import stat
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.architecture.source_files import ROOT
from tests.shell import scene
from tests.shell.alert_sinks import HttpSink, MailSink, listening
from tradebot.app.alerts import alert_urls, alerter_for, digest_of
from tradebot.core.domain.commands import Command
from tradebot.core.domain.events import Event, JobEnded, Tick, TickKind
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.units import NS_PER_MINUTE, usd_text
from tradebot.settings import Settings, load_settings
from tradebot.settings.sections import JournalConfig
from tradebot.shell.alerts import alerter as alerter_module
from tradebot.shell.alerts import store
from tradebot.shell.alerts.alerter import Alerter
from tradebot.shell.alerts.channel import AppriseChannel, Channel
from tradebot.shell.alerts.child import Question, masked
from tradebot.shell.alerts.config import AlertsConfig, ChannelConfig
from tradebot.shell.alerts.notices import Letter
from tradebot.shell.daemon import run_daemon
from tradebot.shell.instance_lock import InstanceLock
from tradebot.shell.store import reads

CANARY = "canary-7e3f-secret"
CHAT = ChannelConfig(url_secret="ALERT_CHAT_URL", severities=("info", "warning", "critical"), digest=True)
PAGER = ChannelConfig(url_secret="ALERT_PAGER_URL", severities=("critical",))
LATER = ChannelConfig(url_secret="ALERT_LATER_URL", severities=("critical",), step=1)
HELLO = Question(url="", title="a title", body="two\nlines", severity="critical")
LOOK = Question(url="", send=False)


def silent(_severity: str, _message: str) -> None:
    """Nobody reads the log."""


class Ear:
    """A channel that takes everything, or answers with `fault`; it thinks `hang_s` before."""

    def __init__(self, fault: str = "", hang_s: float = 0.0) -> None:
        self.got: list[Question] = []
        self.fault = fault
        self.hang_s = hang_s

    def ask(self, question: Question, timeout_s: float) -> str:
        if not question.send:
            return ""
        time.sleep(self.hang_s)
        self.got.append(question)
        return self.fault


class Wall:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.ns = int(dt.datetime(2026, 3, 2, 17, tzinfo=dt.UTC).timestamp()) * 10**9

    def now_ns(self) -> int:
        return self.ns


def alerter(folder: Path, channels: Mapping[str, Channel | str], **over: Any) -> Alerter:
    known = {"chat": CHAT, "pager": PAGER, "later": LATER}
    given: dict[str, Any] = {"log": silent} | over
    config = AlertsConfig(channels={name: known[name] for name in channels}, interval_s=0.0, timeout_s=given.pop("timeout_s", 20.0))
    return Alerter(config, folder, "mine", channels, **given)


def until(holds: Callable[[], bool], patience_s: float = 20.0) -> None:
    end = time.monotonic() + patience_s
    while not holds():
        assert time.monotonic() < end, "it never came to hold"
        time.sleep(0.02)


def test_a_message_arrives_over_http() -> None:
    sink = HttpSink()
    with listening(sink):
        assert AppriseChannel(sink.url()).ask(HELLO, 20) == ""
    assert [(m["title"], m["message"], m["type"]) for m in sink.got] == [("a title", "two\nlines", "failure")]


def test_a_message_arrives_by_mail_with_its_report(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text("<h1>the day</h1>", encoding="utf-8")
    sink = MailSink()
    with listening(sink):
        assert AppriseChannel(sink.url()).ask(with_page(page), 20) == ""
    (lines,) = sink.got
    assert "Subject: a title" in lines
    assert "To: me@example.com" in lines
    assert base64.b64encode(page.read_bytes()).decode() in "".join(lines)


def with_page(page: Path) -> Question:
    return Question(HELLO.url, HELLO.title, HELLO.body, HELLO.severity, str(page))


def test_a_server_that_fails_is_one_sentence_without_the_url() -> None:
    sink = HttpSink()
    sink.status = 500
    with listening(sink):
        fault = AppriseChannel(sink.url(tail=f"{CANARY}?+X-Token={CANARY}")).ask(HELLO, 20)
    assert "error=500" in fault
    assert CANARY not in fault and "\n" not in fault


def test_a_server_that_hangs_is_left_at_the_deadline() -> None:
    sink = HttpSink()
    sink.hang_s = 30.0
    with listening(sink):
        begin = time.monotonic()
        fault = AppriseChannel(sink.url(tail="?rto=60")).ask(HELLO, 2.0)
    assert fault == "no answer within 2 s"
    assert time.monotonic() - begin < 8


def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        fault = AppriseChannel(f"json://bot:{CANARY}@127.0.0.1:{taken.getsockname()[1]}/").ask(HELLO, 20)
    assert fault and CANARY not in fault


@pytest.mark.parametrize("url", [f"slackk://{CANARY}", f"slack://{CANARY}", CANARY, "", f"mailto://{CANARY}"])
def test_an_address_of_no_known_kind(url: str) -> None:
    assert AppriseChannel(url).ask(LOOK, 20) == "its URL is of no kind that Apprise knows, or lacks a part"


def test_no_piece_of_a_url_passes_the_mask() -> None:
    url = "slack://tokenA11/tok%2FenB22/tokenC33?footer=hidden44"
    said = f"Failed to send to {url} at tokenA11, tok/enB22 tok%2FenB22 hidden44: error=500"
    assert masked(said, url) == "Failed to send to *** at ***, *** *** ***: error=500"
    assert repr(AppriseChannel(url)) == "AppriseChannel(***)"


def test_an_alert_says_what_to_do_and_how_to_acknowledge(tmp_path: Path) -> None:
    chat = Ear()
    with alerter(tmp_path, {"chat": chat}) as alerts:
        alerts.report("critical", "halted: the day's loss")
        until(lambda: len(chat.got) == 1)
    (said,) = chat.got
    assert (said.title, said.severity) == ("tradebot mine, critical: halted: the day's loss", "critical")
    assert said.body.splitlines()[0].startswith("#1 critical, ")
    assert "What to do: Nothing opens until you resume." in said.body
    assert said.body.endswith("I know of it: tradebot alerts ack 1 -p mine")


def test_the_memory_is_private_and_survives_a_restart(tmp_path: Path) -> None:
    chat, later, wall = Ear(), Ear(), Wall()
    with alerter(tmp_path, {"chat": chat, "later": later}, now_ns=wall.now_ns) as alerts:
        alerts.report("critical", "halted: one")
        alerts.report("critical", "halted: two")
        until(lambda: sum(q.body.count("halted: ") for q in chat.got) == 2)
    assert stat.S_IMODE((tmp_path / store.STATE).stat().st_mode) == 0o600
    store.note_acknowledged(tmp_path, 1, wall.ns + 1)
    assert stat.S_IMODE((tmp_path / store.ACKS).stat().st_mode) == 0o600
    wall.ns += 11 * NS_PER_MINUTE
    with alerter(tmp_path, {"chat": chat, "later": later}, now_ns=wall.now_ns):
        until(lambda: len(later.got) == 1)
    assert later.got[0].title == "tradebot mine, critical: halted: two", "the first is known to somebody"


def test_an_acknowledgement_while_it_runs_stops_the_escalation(tmp_path: Path) -> None:
    chat, later, wall = Ear(), Ear(), Wall()
    with alerter(tmp_path, {"chat": chat, "later": later}, now_ns=wall.now_ns) as alerts:
        alerts.report("critical", "halted: one")
        until(lambda: len(chat.got) == 1)
        store.note_acknowledged(tmp_path, None, wall.ns)
        until(lambda: alerts.counts()["outstanding"] == 0)
        wall.ns += 60 * NS_PER_MINUTE
        alerts.report("critical", "halted: two")
        until(lambda: len(chat.got) == 2)
    assert later.got == []


def test_an_unreadable_memory_begins_anew_and_says_so(tmp_path: Path) -> None:
    (tmp_path / store.STATE).write_bytes(b"{half")
    (tmp_path / store.ACKS).write_bytes(b"nonsense\n{}\n")
    chat = Ear()
    with alerter(tmp_path, {"chat": chat}):
        until(lambda: len(chat.got) == 1)
    assert "alerts forget over a restart: alerts.json cannot be read" in chat.got[0].title
    assert (tmp_path / "alerts.unreadable").read_bytes() == b"{half"


def test_a_channel_without_an_address_is_told_elsewhere_and_its_alerts_too(tmp_path: Path) -> None:
    chat = Ear()
    logged: list[str] = []
    with alerter(tmp_path, {"chat": chat, "pager": "ALERT_PAGER_URL is not set"}, log=lambda _, m: logged.append(m)):
        until(lambda: len(chat.got) == 1)
    assert "alert channel pager is broken: ALERT_PAGER_URL is not set" in chat.got[0].title
    assert logged[0] == "alert channel pager is broken: ALERT_PAGER_URL is not set"


def test_secrets_are_blanked_out_of_alerts(tmp_path: Path) -> None:
    chat = Ear()
    with alerter(tmp_path, {"chat": chat}, clean=lambda text: text.replace(CANARY, "[redacted]")) as alerts:
        alerts.report("warning", f"trade stream: {CANARY}")
        until(lambda: len(chat.got) == 1)
    assert "trade stream: [redacted]" in chat.got[0].body
    assert CANARY.encode() not in (tmp_path / store.STATE).read_bytes()


def test_a_daemon_that_dies_says_so_last(tmp_path: Path) -> None:
    chat = Ear()
    with pytest.raises(OperatorFault), alerter(tmp_path, {"chat": chat}):
        raise OperatorFault("the broker cannot be reached")
    with pytest.raises(ZeroDivisionError), alerter(tmp_path, {"chat": chat}):
        raise ZeroDivisionError("division by zero")
    assert [q.title for q in chat.got] == [
        "tradebot mine, critical: the daemon has stopped: the broker cannot be reached",
        "tradebot mine, critical: the daemon has died of ZeroDivisionError: division by zero",
    ]


def test_a_second_daemon_on_the_same_folder_tells_nobody_and_leaves_the_memory_alone(tmp_path: Path) -> None:
    first, second = Ear(), Ear()
    with alerter(tmp_path, {"chat": first}) as alerts:
        alerts.report("critical", "halted: one")
        until(lambda: len(first.got) == 1)
        with pytest.raises(OperatorFault), alerter(tmp_path, {"chat": second}):
            raise OperatorFault("another tradebot runs on it")
        alerts.report("critical", "halted: two")
        until(lambda: len(first.got) == 2)
    assert second.got == []


def test_alerts_wait_while_an_ended_daemon_still_tells_its_last_ones(tmp_path: Path) -> None:
    chat = Ear()
    held = InstanceLock(tmp_path / "alerts.lock")
    with alerter(tmp_path, {"chat": chat}) as alerts:
        alerts.report("critical", "halted: mine")
        time.sleep(2 * alerter_module.LOOK_S)
        assert chat.got == []
        held.release()
        until(lambda: len(chat.got) == 1)


def test_a_hanging_channel_holds_up_neither_reports_nor_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerter_module, "CLOSE_S_MAX", 0.5)
    chat, pager = Ear(), Ear(hang_s=20.0)
    begin = time.monotonic()
    with alerter(tmp_path, {"chat": chat, "pager": pager}) as alerts:
        for i in range(2_000):
            alerts.report("critical" if i % 100 == 0 else "info", f"line {i}")
        took_s = time.monotonic() - begin
        until(lambda: sum(len(re.findall("critical, .*: line", q.body)) for q in chat.got) == 20)
    assert took_s < 1.0, f"2,000 reports took {took_s:.2f} s"
    assert time.monotonic() - begin < 15, "nor the end"


def test_a_flood_is_bounded_and_counted(tmp_path: Path) -> None:
    chat = Ear()
    held = alerter(tmp_path, {"chat": chat})
    for i in range(3_000):  # before anybody reads them
        held.report("info" if i % 3 else "critical", f"line {i}")
    with held:
        until(lambda: sum(q.body.count(": line ") for q in chat.got) == 1_000)
        until(lambda: any("alerts came faster than they are read" in q.body for q in chat.got))
        assert held.counts()["dropped"] == {"queue": 2_000}, "the infos, beyond the bound of 500; no critical one"


def test_a_job_that_failed_is_an_alert(tmp_path: Path) -> None:
    chat = Ear()
    with alerter(tmp_path, {"chat": chat}) as alerts:
        job: Event = JobEnded(ts_event_ns=1, job="retrain", session=scene.DAY, outcome="failed", reason="no memory")
        alerts.observe(job, ())
        until(lambda: len(chat.got) == 1)
    assert chat.got[0].title == "tradebot mine, warning: job retrain of 2013-10-09 failed: no memory"


def test_a_digest_follows_the_close_once_even_over_a_restart(tmp_path: Path) -> None:
    chat, pager, wall = Ear(), Ear(), Wall()
    close: Event = Tick(ts_event_ns=1, kind=TickKind.SESSION_CLOSE, session=scene.DAY, due_ns=1)
    letter = Letter("the day", f"2 trades {CANARY}")
    given: dict[str, Any] = {"digest": lambda day: letter, "now_ns": wall.now_ns, "clean": lambda text: text.replace(CANARY, "***")}
    with alerter(tmp_path, {"chat": chat, "pager": pager}, **given) as alerts:
        alerts.observe(close, ())
        time.sleep(2 * alerter_module.LOOK_S)
        assert chat.got == [], "ten minutes after the close"
        wall.ns += 10 * NS_PER_MINUTE
        until(lambda: len(chat.got) == 1)
    with alerter(tmp_path, {"chat": chat, "pager": pager}, **given) as alerts:
        alerts.observe(close, ())
    assert [(q.title, q.body) for q in chat.got] == [("the day", "2 trades ***")]
    assert pager.got == []


def test_a_digest_that_cannot_be_read_is_an_alert(tmp_path: Path) -> None:
    def digest(_day: dt.date) -> Letter:
        raise OperatorFault("there is no journal")

    chat = Ear()
    with alerter(tmp_path, {"chat": chat}, digest=digest) as alerts:
        alerts.observe(Tick(ts_event_ns=1, kind=TickKind.SESSION_CLOSE, session=scene.DAY, due_ns=1), ())
    assert chat.got[0].title == "tradebot mine, warning: no digest of 2013-10-09: there is no journal"


def settings_of(folder: Path, journal: str) -> Settings:
    """The committed profile with two channels, on a folder of its own."""
    found = load_settings("active_stocks", {"TRADEBOT_HOME": str(ROOT)})
    data = dataclasses.replace(found.data, folder=folder / "bars")
    alerts = dataclasses.replace(found.alerts, channels={"chat": CHAT, "pager": PAGER}, interval_s=0.0, digest_after_close_min=0.0)
    return dataclasses.replace(found, data=data, state_dir=folder / "alerts", journal=JournalConfig(url=journal), alerts=alerts)


async def test_a_session_trades_the_same_while_a_channel_hangs_and_ends_with_its_digest(tmp_path: Path) -> None:
    expected = scene.in_process()
    expected.run("cents")
    chat, pager, before = HttpSink(), HttpSink(), threading.enumerate()
    pager.hang_s = 300.0
    report_page = tmp_path / "reports" / "active_stocks" / f"daily-{scene.DAY}.html"
    report_page.parent.mkdir(parents=True)
    report_page.write_text("<h1>the day</h1>", encoding="utf-8")
    settings = settings_of(tmp_path, f"sqlite:///{tmp_path / 'state'}/journal.db")
    urls = alert_urls(settings.alerts, {"ALERT_CHAT_URL": chat.url(), "ALERT_PAGER_URL": pager.url()})
    with listening(chat, pager), scene.market() as server, alerter_for(settings, urls, (scene.KEYS.secret,), silent) as alerts:

        def observe(event: Event, commands: tuple[Command, ...]) -> None:
            alerts.observe(event, commands)

        alerts.report("critical", f"halted: a test with {scene.KEYS.secret}")
        parts = scene.parts(server.url, tmp_path / "state", observer=observe, report=alerts.report)
        summary = await run_daemon(parts)
        threads = [t for t in threading.enumerate() if t.name == "alert" and t not in before]
        digest = chat.wait(2)
    assert (summary.differences, summary.cash_units) == ((), expected.venue.cash_units)
    assert len(threads) <= 2 * len(urls), "for each channel one message under way, and one look at its address"
    halted = next(m for m in digest if "halted: a test" in m["message"])
    assert scene.KEYS.secret not in str(halted) and "[redacted]" in halted["message"]
    day = next(m for m in digest if str(scene.DAY) in m["title"])
    session = scene.sessions().on(scene.DAY)
    assert session is not None
    trades = reads.trades(settings.journal_url, session.open_ns)
    pnl_units = sum(t.pnl_units for t in trades)
    assert day["title"] == f"tradebot active_stocks, {scene.DAY}: {usd_text(pnl_units)} dollars, {len(trades)} trades"
    assert day["attachments"][0]["filename"] == report_page.name
    for trade in trades[:5]:
        assert f"{trade.symbol} {trade.side.value} {trade.qty}: {usd_text(trade.pnl_units)}" in day["message"]
    assert "rebalance: ran" in day["message"]


def test_no_session_no_digest(tmp_path: Path) -> None:
    with pytest.raises(OperatorFault, match="2013-10-12 is no session"):
        digest_of(settings_of(tmp_path, "sqlite:////nowhere/journal.db"), dt.date(2013, 10, 12))
