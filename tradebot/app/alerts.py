"""`alerts`: who is told what, put together from the profile; what is outstanding; one message now; the day's digest."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.units import NS_PER_S, usd_text
from tradebot.settings import Settings, load_settings, read_environment
from tradebot.settings.files import nearest
from tradebot.shell.alerts import policy, store
from tradebot.shell.alerts.alerter import Alerter
from tradebot.shell.alerts.catalogue import CATALOGUE, OTHER, find
from tradebot.shell.alerts.channel import AppriseChannel, Channel
from tradebot.shell.alerts.child import PIECE_CHARS_MIN, Question
from tradebot.shell.alerts.config import AlertsConfig
from tradebot.shell.alerts.notices import Lane, Letter
from tradebot.shell.clock import Report
from tradebot.shell.logging import REDACTED

TRADES_MAX = 40  # in one digest


def alert_urls(config: AlertsConfig, environment: Mapping[str, str]) -> dict[str, str]:
    """Apprise's URL of each channel that has one. `environment` is that of `read_environment`: systemd's credentials and .env are in it."""
    found = {name: environment.get(channel.url_secret, "").strip() for name, channel in config.channels.items()}
    return {name: url for name, url in found.items() if url}


def alerter_for(settings: Settings, urls: Mapping[str, str], secrets: tuple[str, ...], log: Report) -> Alerter:
    """The alerts of one daemon. A channel without a URL is broken, and the others say so: it stops no daemon that may hold positions."""
    channels: dict[str, Channel | str] = {
        name: AppriseChannel(urls[name]) if name in urls else f"{channel.url_secret} is not set"
        for name, channel in settings.alerts.channels.items()
    }
    clean = _cleaner((*secrets, *urls.values()))
    return Alerter(settings.alerts, settings.state_dir, settings.profile, channels, log, clean, lambda day: digest_of(settings, day))


def list_alerts(profile: str, *, everything: bool = False) -> dict[str, Any]:
    """What nobody has acknowledged (`everything`: all that is remembered), and how the channels do. Works with and without a daemon."""
    settings = load_settings(profile, read_environment())
    state, fault = store.load(settings.state_dir, keep=True)
    store.apply_acknowledged(settings.state_dir, state)
    shown = sorted(state.notices.values(), key=lambda n: -n.id) if everything else policy.outstanding(state)
    alerts = [
        {
            "id": n.id,
            "severity": n.severity,
            "first_ns": n.first_ns,
            "last_ns": n.last_ns,
            "times": n.count,
            "step": n.step,
            "alert": n.text,
            "code": (find(n.severity, n.text) or OTHER).code,
            "acknowledged_ns": n.acknowledged_ns,
        }
        for n in shown
    ]
    channels = [
        {
            "channel": name,
            "step": channel.step,
            "severities": list(channel.severities),
            "digest": channel.digest,
            "sent": lane.sent,
            "failed": lane.failed,
            "waiting": len(lane.waiting) + len(lane.flying),
            "state": "broken" if lane.failures >= policy.BROKEN_AT else "failing" if lane.failures else "ok" if lane.sent else "unused",
            "fault": lane.fault,
        }
        for name, channel in settings.alerts.channels.items()
        for lane in (state.lanes.get(name) or Lane(),)
    ]
    report: dict[str, Any] = {
        "outstanding": len(policy.outstanding(state)),
        "dropped": state.dropped,
        "alerts": alerts,
        "channels": channels,
    }
    return report | ({"fault": fault} if fault else {})


def acknowledge_alerts(profile: str, which: str) -> dict[str, Any]:
    """Somebody knows of alert number `which`, or of `all`: nothing escalates any more. Raises OperatorFault when there is none such."""
    settings = load_settings(profile, read_environment())
    state, fault = store.load(settings.state_dir, keep=True)
    if fault:
        raise OperatorFault(fault)
    store.apply_acknowledged(settings.state_dir, state)
    if which != "all" and not which.isdecimal():
        raise OperatorFault(f'"{which}" is no alert: give its number from tradebot alerts list, or all')
    number = None if which == "all" else int(which)
    if number is not None and number not in state.notices:
        raise OperatorFault(f"there is no alert {number}: see tradebot alerts list -p {profile}")
    at_ns = time.time_ns()
    before = {n.id for n in policy.outstanding(state)}
    policy.acknowledge(state, number, at_ns)
    if before:
        store.note_acknowledged(settings.state_dir, number, at_ns)
    after = {n.id for n in policy.outstanding(state)}
    return {"acknowledged": sorted(before - after), "outstanding": len(after)}


def try_channel(profile: str, name: str) -> dict[str, Any]:
    """Send one message through a channel now. Raises OperatorFault with what is wrong, its URL nowhere in it."""
    environment = read_environment()
    settings = load_settings(profile, environment)
    channel = settings.alerts.channels.get(name)
    if channel is None:
        known = list(settings.alerts.channels)
        there = f"{nearest(name, known)} (channels: {', '.join(known)})" if known else ": the profile has no section [alerts.channels.NAME]"
        raise OperatorFault(f'there is no alert channel "{name}"{there}')
    urls = alert_urls(settings.alerts, environment)
    if name not in urls:
        raise OperatorFault(f"{channel.url_secret} is not set: put the Apprise URL of {name} into the environment or into .env")
    words = f"A test of channel {name}, asked for by tradebot alerts test. Nothing has happened."
    asked = Question("", f"tradebot {settings.profile}: a test", words)
    fault = AppriseChannel(urls[name]).ask(asked, settings.alerts.timeout_s)
    if fault:
        raise OperatorFault(f"alert channel {name}: {fault}")
    return {"channel": name, "sent": words}


def alert_runbook() -> list[dict[str, Any]]:
    """What each alert means and what to do."""
    return [{"code": e.code, "severity": ", ".join(e.severities), "alert": e.sentence, "what to do": e.remedy} for e in (*CATALOGUE, OTHER)]


def digest_of(settings: Settings, day: dt.date) -> Letter:
    """The day in a page: P&L, trades, jobs; the day's HTML report is attached where there is one. Raises OperatorFault."""
    from tradebot.shell.calendar import session_table
    from tradebot.shell.store import reads

    session = session_table(day, day).on(day)
    if session is None:
        raise OperatorFault(f"{day} is no session")
    url, begin_ns = settings.journal_url, session.open_ns
    trades = [t for t in reads.trades(url, begin_ns - 14 * 24 * 3600 * NS_PER_S) if t.entry_ns >= begin_ns or t.exit_ns >= begin_ns]
    closed = [t for t in trades if t.status == "CLOSED"]
    pnl_units, won = sum(t.pnl_units for t in trades), sum(t.pnl_units > 0 for t in closed)
    jobs = [job for job in reads.jobs(url) if str(job["session"]) == day.isoformat()]
    lines = [
        f"Realised: {usd_text(pnl_units)} dollars in {len(closed)} closed trades, {won} of them won.",
        f"Orders: {len(reads.orders(url, begin_ns))}, fills: {len(reads.fills(url, begin_ns))}.",
        f"Still open: {', '.join(sorted(t.symbol for t in trades if t.status != 'CLOSED')) or 'nothing'}.",
        "",
    ]
    for trade in closed[:TRADES_MAX]:
        lines.append(f"{trade.symbol} {trade.side.value} {trade.qty}: {usd_text(trade.pnl_units)} ({trade.exit_reason})")
    lines += [f"... and {len(closed) - TRADES_MAX} more"] if len(closed) > TRADES_MAX else []
    lines += ["", *(f"{job['job']}: {job['outcome']}{': ' if job['reason'] else ''}{job['reason']}" for job in jobs)]
    report = _report_of(settings, day)
    title = f"tradebot {settings.profile}, {day}: {usd_text(pnl_units)} dollars, {len(closed)} trades"
    return Letter(title, "\n".join(lines).strip(), "" if report is None else str(report))


def _report_of(settings: Settings, day: dt.date) -> Path | None:
    """The newest HTML report of that day."""
    folder = settings.data.folder.parent / "reports" / settings.profile
    found = sorted(folder.glob(f"*{day}*.html"), key=lambda path: path.stat().st_mtime) if folder.is_dir() else []
    return found[-1] if found else None


def _cleaner(secrets: tuple[str, ...]) -> Callable[[str], str]:
    known = sorted({s for s in secrets if len(s) >= PIECE_CHARS_MIN}, key=len, reverse=True)

    def clean(text: str) -> str:
        for secret in known:
            text = text.replace(secret, REDACTED)
        return text

    return clean
