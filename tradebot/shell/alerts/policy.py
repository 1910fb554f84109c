"""Who is told what and when, as a pure function of what was heard and the time: no thread, no clock, no wire.

    hear(state, config, "critical", "halted: ...", now_ns)
    for send in due(state, config, now_ns): ...     # each answered later:
    answered(state, config, send.channel, "", now_ns)

A channel has one message under way at a time. What failed goes out again after a growing pause; after `BROKEN_AT` failures in a row the
channel is broken (F71): the others are told so, and a critical alert that only broken channels would carry goes to those that work.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from tradebot.core.domain.units import NS_PER_S
from tradebot.shell.alerts.config import SEVERITIES, AlertsConfig
from tradebot.shell.alerts.notices import Lane, Letter, Line, Notice, Notices

BROKEN_AT: Final = 3  # failures in a row
BACKOFF_S_MIN: Final = 10.0
BACKOFF_S_MAX: Final = 900.0
LINES_MAX: Final = 30  # in one message
LETTERS_MAX: Final = 5  # digests that wait for a broken channel
NOTICES_MAX: Final = 1_000
_RANK: Final = {severity: i for i, severity in enumerate(SEVERITIES)}
_PAUSE: Final = re.compile(r"again in \d+(\.\d+)? s")  # a pause drawn by chance makes no other text of it


@dataclass(frozen=True, slots=True)
class Send:
    """One message for one channel: lines, or a digest."""

    channel: str
    lines: tuple[Line, ...] = ()
    letter: Letter | None = None


def is_quiet(config: AlertsConfig, now_ns: int) -> bool:
    """Whether only critical alerts pass now."""
    now, first, end = dt.datetime.fromtimestamp(now_ns // NS_PER_S, ZoneInfo(config.zone)).time(), config.quiet_from, config.quiet_until
    return first <= now < end if first <= end else now >= first or now < end


def hear(state: Notices, config: AlertsConfig, severity: str, text: str, now_ns: int, not_by: str = "") -> Notice | None:
    """An alert was raised: told at once, or counted where the same was told within `dedupe_min`. None where no channel wants it."""
    severity = severity if severity in _RANK else "critical"
    if severity == "info" and not not_by and not any("info" in c.severities for c in config.channels.values()):
        return None
    notice = _same(state, severity, text)
    if notice is None:
        notice = Notice(state.next_id, severity, text, now_ns, now_ns, not_by=not_by)
        state.notices[notice.id] = notice
        state.next_id += 1
    else:
        notice.count, notice.last_ns, notice.text = notice.count + 1, now_ns, text
    if _may_tell(notice, config, now_ns):
        _tell(state, config, notice, now_ns)
    _forget(state)
    return notice


def acknowledge(state: Notices, which: int | None, at_ns: int) -> int:
    """Somebody knows of this one, or (None) of all raised until then. How many were outstanding. Saying it twice changes nothing."""
    seen = [
        n for n in state.notices.values() if which in (None, n.id) and n.first_ns <= at_ns and not n.acknowledged_ns and n.told_ns <= at_ns
    ]
    for notice in seen:
        notice.acknowledged_ns = at_ns
        for lane in state.lanes.values():
            lane.waiting = [line for line in lane.waiting if line.id != notice.id]
    return len(seen)


def post(state: Notices, config: AlertsConfig, letter: Letter) -> None:
    """A digest for the channels that want one."""
    for name, channel in config.channels.items():
        if channel.digest:
            lane = _lane(state, name)
            lane.letters = [*lane.letters, letter][-LETTERS_MAX:]


def due(state: Notices, config: AlertsConfig, now_ns: int, *, closing: bool = False) -> list[Send]:
    """What goes out now; each send must be `answered`. `closing`: the last call of a life, which waits for no interval."""
    quiet = is_quiet(config, now_ns)
    for notice in list(state.notices.values()):
        if notice.count > notice.told_count and _may_tell(notice, config, now_ns):
            _tell(state, config, notice, now_ns)
        _escalate(state, config, notice, quiet, now_ns)
    _forget_told_infos(state, config, now_ns)
    sends = []
    for name in config.channels:
        lane = _lane(state, name)
        if lane.is_flying or 0 < lane.retry_ns - now_ns <= BACKOFF_S_MAX * NS_PER_S:
            continue
        lines = [line for line in lane.waiting if line.severity == "critical" or not quiet]
        is_urgent = closing or any(line.severity == "critical" for line in lines)
        if not is_urgent and 0 <= now_ns - lane.last_ns < config.interval_s * NS_PER_S:
            continue
        lines = sorted(lines, key=lambda line: -_RANK[line.severity])[:LINES_MAX]
        if lines:
            taken = {line.id for line in lines}
            lane.flying, lane.waiting = lines, [line for line in lane.waiting if line.id not in taken]
            sends.append(Send(name, tuple(lines)))
        elif lane.letters and not quiet:
            lane.flying_letter = lane.letters.pop(0)
            sends.append(Send(name, letter=lane.flying_letter))
        else:
            continue
        lane.is_flying, lane.last_ns = True, now_ns
    return sends


def answered(state: Notices, config: AlertsConfig, name: str, fault: str, now_ns: int) -> None:
    """The channel took its message (`fault` empty), or did not."""
    lane = _lane(state, name)
    lane.is_flying = False
    if not fault:
        before, lane.failures, lane.retry_ns, lane.fault = lane.failures, 0, 0, ""
        lane.sent, lane.flying, lane.flying_letter = lane.sent + 1, [], None
        if before >= BROKEN_AT:
            hear(state, config, "info", f"alert channel {name} works again after {before} failures", now_ns, not_by=name)
        return
    take_back(lane, config, state)
    lane.failures, lane.failed, lane.fault = lane.failures + 1, lane.failed + 1, fault
    lane.retry_ns = now_ns + round(min(BACKOFF_S_MIN * 2 ** (lane.failures - 1), BACKOFF_S_MAX) * NS_PER_S)
    if lane.failures == BROKEN_AT:
        _break(state, config, name, fault, now_ns)


def broken(state: Notices, config: AlertsConfig, name: str, fault: str, now_ns: int) -> None:
    """A channel that cannot work as it is set up: no address, or one of no known kind."""
    lane = _lane(state, name)
    was_whole = lane.failures < BROKEN_AT
    lane.failures, lane.fault = max(lane.failures, BROKEN_AT), fault
    lane.retry_ns = now_ns + round(BACKOFF_S_MAX * NS_PER_S)
    if was_whole:
        _break(state, config, name, fault, now_ns)


def resume(state: Notices, config: AlertsConfig, now_ns: int) -> None:
    """A new life with an earlier one's memory: what was under way goes again; a channel that is no more hands over what was critical."""
    for name in list(state.lanes):
        lane = state.lanes[name]
        lane.is_flying, lane.retry_ns = False, 0
        lane.last_ns = min(lane.last_ns, now_ns)
        take_back(lane, config, state)
        if name not in config.channels:
            del state.lanes[name]
            _hand_over(state, config, lane.waiting)
    for notice in state.notices.values():  # a clock that was set back must not silence anything for longer than its window
        notice.told_ns, notice.escalates_ns = min(notice.told_ns, now_ns), min(notice.escalates_ns, now_ns)


def take_back(lane: Lane, config: AlertsConfig, state: Notices) -> None:
    """What was under way waits again, before all else."""
    if lane.flying_letter is not None:
        lane.letters = [lane.flying_letter, *lane.letters][:LETTERS_MAX]
    newer = {line.id for line in lane.waiting}
    known = {n.id for n in state.notices.values() if n.acknowledged_ns}
    lane.waiting = [line for line in lane.flying if line.id not in newer | known] + lane.waiting
    lane.flying, lane.flying_letter = [], None
    squeeze(lane.waiting, config.queue_max, state.dropped)


def squeeze(lines: list[Line], most: int, dropped: dict[str, int]) -> None:
    """Drop the oldest infos, then the oldest warnings, until at most `most` are left; critical ones stay, however many. In place."""
    for severity in ("info", "warning"):
        excess = len(lines) - most
        if excess <= 0:
            return
        doomed = {id(line) for line in [line for line in lines if line.severity == severity][:excess]}
        lines[:] = [line for line in lines if id(line) not in doomed]
        if doomed:
            dropped[severity] = dropped.get(severity, 0) + len(doomed)


def is_broken(state: Notices, name: str) -> bool:
    return _lane(state, name).failures >= BROKEN_AT


def outstanding(state: Notices) -> list[Notice]:
    """What nobody has acknowledged, the worst first, then the newest."""
    left = [n for n in state.notices.values() if not n.acknowledged_ns and n.severity != "info"]
    return sorted(left, key=lambda n: (-_RANK[n.severity], -n.last_ns, -n.id))


def _same(state: Notices, severity: str, text: str) -> Notice | None:
    spelled = _spelled(text)
    return next((n for n in reversed(state.notices.values()) if n.severity == severity and _spelled(n.text) == spelled), None)


def _spelled(text: str) -> str:
    return _PAUSE.sub("again soon", text) if "again in " in text else text


def _may_tell(notice: Notice, config: AlertsConfig, now_ns: int) -> bool:
    """A clock that was set back silences nothing."""
    return not notice.told_ns or not 0 <= now_ns - notice.told_ns < config.dedupe_min * 60 * NS_PER_S


def _tell(state: Notices, config: AlertsConfig, notice: Notice, now_ns: int) -> None:
    """To every channel of the notice's step or an earlier one. What was acknowledged and came again is outstanding again."""
    if notice.acknowledged_ns:
        notice.acknowledged_ns, notice.step, notice.escalates_ns = 0, 0, 0
    notice.escalates_ns = notice.escalates_ns or now_ns
    line = Line(notice.id, notice.severity, notice.text, notice.count - notice.told_count, notice.first_ns)
    notice.told_count, notice.told_ns = notice.count, now_ns
    for name in _route(state, config, notice):
        _queue(state, config, name, line, is_more=True)


def _route(state: Notices, config: AlertsConfig, notice: Notice) -> list[str]:
    if notice.not_by:  # about a channel: to all others, at once
        return [name for name in config.channels if name != notice.not_by]
    names = [name for name, c in config.channels.items() if notice.severity in c.severities and c.step <= notice.step]
    if notice.severity == "critical" and all(is_broken(state, name) for name in names):
        names += [name for name in config.channels if name not in names and not is_broken(state, name)]
    return names


def _escalate(state: Notices, config: AlertsConfig, notice: Notice, quiet: bool, now_ns: int) -> None:
    if notice.acknowledged_ns or not notice.told_ns or notice.not_by:
        return
    if quiet and notice.severity != "critical":
        notice.escalates_ns = now_ns  # nobody was told yet
        return
    steps = {c.step for c in config.channels.values() if notice.severity in c.severities and c.step > notice.step}
    following = min(steps, default=None)
    if following is not None and now_ns - notice.escalates_ns >= following * config.escalate_min * 60 * NS_PER_S:
        notice.step = following
        line = Line(notice.id, notice.severity, notice.text, notice.count, notice.first_ns)
        for name, channel in config.channels.items():
            if channel.step == following and notice.severity in channel.severities:
                _queue(state, config, name, line)


def _break(state: Notices, config: AlertsConfig, name: str, fault: str, now_ns: int) -> None:
    severity = max(config.channels[name].severities, key=SEVERITIES.index)  # as grave as what it would have carried
    hear(state, config, severity, f"alert channel {name} is broken: {fault}", now_ns, not_by=name)
    _hand_over(state, config, _lane(state, name).waiting)


def _hand_over(state: Notices, config: AlertsConfig, lines: Iterable[Line]) -> None:
    """Critical lines that no working channel has got go to all working ones."""
    for line in list(lines):
        notice = state.notices.get(line.id)
        if line.severity != "critical" or (notice is not None and notice.not_by):
            continue
        severe = [n for n, c in config.channels.items() if "critical" in c.severities and c.step <= (notice.step if notice else 0)]
        if all(is_broken(state, name) for name in severe):
            for name in config.channels:
                if not is_broken(state, name):
                    _queue(state, config, name, line)


def _queue(state: Notices, config: AlertsConfig, name: str, line: Line, *, is_more: bool = False) -> None:
    """`is_more`: the count comes on top of what waits already."""
    lane = _lane(state, name)
    for i, waiting in enumerate(lane.waiting):
        if waiting.id == line.id:
            count = waiting.count + line.count if is_more else max(waiting.count, line.count)
            lane.waiting[i] = Line(line.id, line.severity, line.text, count, line.first_ns)
            return
    lane.waiting.append(line)
    squeeze(lane.waiting, config.queue_max, state.dropped)


def _lane(state: Notices, name: str) -> Lane:
    return state.lanes.setdefault(name, Lane())


def _forget_told_infos(state: Notices, config: AlertsConfig, now_ns: int) -> None:
    old = [n.id for n in state.notices.values() if n.severity == "info" and n.count == n.told_count and _may_tell(n, config, now_ns)]
    for number in old:
        del state.notices[number]


def _forget(state: Notices) -> None:
    """The list of a person stays readable: what was acknowledged goes first, then the mildest and oldest. Lines that wait stay."""
    excess = len(state.notices) - NOTICES_MAX
    if excess > 0:
        by_worth = sorted(state.notices.values(), key=lambda n: (not n.acknowledged_ns, _RANK[n.severity], n.last_ns, n.id))
        for notice in by_worth[:excess]:
            del state.notices[notice.id]
