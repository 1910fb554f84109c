"""The alerts of one daemon: `report` from any thread, policy on a thread of its own, messages in processes of their own.

`report` puts a line into a bounded queue and returns: nothing here can hold the trading loop up or stop it (F71).
"""

from __future__ import annotations

import datetime as dt
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from tradebot.core.domain.commands import Command
from tradebot.core.domain.events import Event, JobEnded, Tick, TickKind
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.shell.alerts import policy, store
from tradebot.shell.alerts.channel import Channel
from tradebot.shell.alerts.child import Question
from tradebot.shell.alerts.config import AlertsConfig
from tradebot.shell.alerts.notices import Letter, Notices
from tradebot.shell.alerts.words import body_of, title_of
from tradebot.shell.clock import Report
from tradebot.shell.instance_lock import InstanceLock
from tradebot.shell.store.database import private_folder

LOOK_S: Final = 0.5
CLOSE_S_MAX: Final = 10.0  # for what is still to be told when the daemon ends
Digest = Callable[[dt.date], Letter]


class Alerter:
    """`channels` holds what each name of the config speaks through, or the sentence why it can't. `clean` blanks secrets out of any text.

    `digest` reads the day; it is called on the alerts' thread and may raise OperatorFault. `log` gets what no channel can carry.
    """

    def __init__(
        self,
        config: AlertsConfig,
        folder: Path,
        profile: str,
        channels: Mapping[str, Channel | str],
        log: Report,
        clean: Callable[[str], str] = str,
        digest: Digest | None = None,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._config = config
        self._folder = folder
        self._profile = profile
        self._channels = channels
        self._log = log
        self._clean = clean
        self._digest = digest
        self._now_ns = now_ns
        self._heard: list[tuple[str, str, int]] = []  # severity, text, when
        self._flooded = 0
        self._closed: dt.date | None = None  # the session whose digest is due
        self._digest_ns = 0
        self._door = threading.Lock()  # of what is heard: held for moments only, the trading loop waits for it
        self._lock = threading.Lock()  # of the state
        self._answers: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()  # channel, fault
        self._wake = threading.Event()
        self._over = threading.Event()
        self._lock_file: InstanceLock | None = None
        self._state, self._unsaved = Notices(), ""
        self._acks = 0
        self._saved: bytes | None = None
        self._flying = 0
        self._thread = threading.Thread(target=self._run, name="alerts", daemon=True)

    def __enter__(self) -> Alerter:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """A daemon that ends by an error says so; then whatever is left is told, for at most CLOSE_S_MAX."""
        if isinstance(error, OperatorFault):
            self.report("critical", f"the daemon has stopped: {error}")
        elif isinstance(error, Exception):
            self.report("critical", f"the daemon has died of {type(error).__name__}: {error}")
        self._over.set()
        self._wake.set()
        self._thread.join(CLOSE_S_MAX + 2 * LOOK_S)
        if self._lock_file is not None:
            self._lock_file.release()

    def report(self, severity: str, message: str) -> None:
        """Raise an alert. Returns at once, from any thread."""
        with self._door:
            self._heard.append((severity, message, self._now_ns()))
            if len(self._heard) > self._config.queue_max:
                self._flooded += _squeeze(self._heard, self._config.queue_max)
        if severity != "info":
            self._wake.set()

    def observe(self, event: Event, _commands: Sequence[Command]) -> None:
        """An eye on the daemon's events: a job that failed is an alert, a close is followed by the digest."""
        match event:
            case JobEnded(outcome="failed", job=job, session=session, reason=reason):
                self.report("warning", f"job {job} of {session} failed: {reason}")
            case Tick(kind=TickKind.SESSION_CLOSE, session=session):
                self._closed, self._digest_ns = session, self._now_ns() + round(self._config.digest_after_close_min * NS_PER_MINUTE)
            case _:
                pass

    def counts(self) -> dict[str, Any]:
        """For metrics: what each channel sent, failed and still has to send; what was dropped, by severity; how many are outstanding."""
        with self._lock:
            lanes = {
                name: {
                    "sent": lane.sent,
                    "failed": lane.failed,
                    "waiting": len(lane.waiting),
                    "broken": lane.failures >= policy.BROKEN_AT,
                }
                for name, lane in self._state.lanes.items()
            }
            return {"channels": lanes, "dropped": dict(self._state.dropped), "outstanding": len(policy.outstanding(self._state))}

    def _run(self) -> None:
        try:
            while not self._is_ours():
                if self._over.wait(LOOK_S):
                    return
            self._begin()
            while not self._over.is_set():
                self._step()
                self._wake.wait(LOOK_S)
                self._wake.clear()
            self._end()
        finally:
            if not self._over.is_set():
                self._log("critical", "the thread of the alerts died: nobody is told anything until the next start")

    def _is_ours(self) -> bool:
        """One daemon's alerts at a time: another's may still tell its last ones. A second daemon, which won't live, never gets here."""
        try:
            private_folder(self._folder)
        except OperatorFault:
            return True  # the daemon will die of it, and somebody must hear it
        try:
            self._lock_file = InstanceLock(self._folder / "alerts.lock")
        except OperatorFault:
            return False
        return True

    def _begin(self) -> None:
        now_ns = self._now_ns()
        self._state, self._unsaved = store.load(self._folder)
        with self._lock:
            policy.resume(self._state, self._config, now_ns)
            if self._unsaved:
                policy.hear(self._state, self._config, "warning", f"alerts forget over a restart: {self._unsaved}", now_ns)
            for name, channel in self._channels.items():
                if isinstance(channel, str):
                    self._log("critical", f"alert channel {name} is broken: {channel}")
                    policy.broken(self._state, self._config, name, channel, now_ns)
        for name, channel in self._channels.items():
            if not isinstance(channel, str):
                self._flying += 1
                _go(self._look, name, channel)

    def _look(self, name: str, channel: Channel) -> None:
        """Whether the address is one at all, before anything is to be told."""
        fault = channel.ask(Question(url="", send=False), self._config.timeout_s)
        self._answers.put((name, f"?{self._clean(fault)}"))
        self._wake.set()

    def _step(self, *, closing: bool = False) -> None:
        now_ns = self._now_ns()
        with self._door:
            heard, self._heard, flooded, self._flooded = self._heard, [], self._flooded, 0
        with self._lock:
            for severity, text, ts_ns in heard:
                policy.hear(self._state, self._config, severity, self._clean(text), min(ts_ns, now_ns))
            if flooded:
                policy.hear(
                    self._state, self._config, "critical", "alerts came faster than they are read: the mildest were dropped", now_ns
                )
                self._state.dropped["queue"] = self._state.dropped.get("queue", 0) + flooded
            self._take_answers(now_ns)
            self._acks = store.apply_acknowledged(self._folder, self._state, self._acks)
        if self._closed is not None and (closing or now_ns >= self._digest_ns):
            self._post_digest(self._closed, now_ns)
            self._closed = None
        with self._lock:
            for send in policy.due(self._state, self._config, now_ns, closing=closing):
                self._send(send, now_ns)
        self._keep(now_ns)

    def _take_answers(self, now_ns: int) -> None:
        while not self._answers.empty():
            name, fault = self._answers.get()
            self._flying -= 1
            if fault.startswith("?"):
                if fault != "?":
                    self._log("critical", f"alert channel {name} is broken: {fault[1:]}")
                    policy.broken(self._state, self._config, name, fault[1:], now_ns)
                continue
            if fault:
                self._log("warning", f"alert channel {name}: {fault}")
            policy.answered(self._state, self._config, name, fault, now_ns)

    def _send(self, send: policy.Send, now_ns: int) -> None:
        channel = self._channels.get(send.channel, "it is not set up")
        if isinstance(channel, str):
            self._flying += 1
            self._answers.put((send.channel, channel))
            return
        if send.letter is not None:
            asked = Question("", send.letter.title, send.letter.body, "info", send.letter.attachment)
        else:
            severity = send.lines[0].severity  # the worst comes first
            asked = Question("", title_of(self._profile, send.lines), body_of(self._profile, self._config.zone, send.lines), severity)
        self._flying += 1
        _go(self._speak, send.channel, channel, asked)

    def _speak(self, name: str, channel: Channel, asked: Question) -> None:
        self._answers.put((name, self._clean(channel.ask(asked, self._config.timeout_s))))
        self._wake.set()

    def _post_digest(self, session: dt.date, now_ns: int) -> None:
        if self._digest is None or self._state.digest_of == session.isoformat():
            return
        try:
            letter = self._digest(session)
        except OperatorFault as fault:
            self.report("warning", f"no digest of {session}: {fault}")
            return
        with self._lock:
            self._state.digest_of = session.isoformat()
            policy.post(self._state, self._config, Letter(letter.title, self._clean(letter.body), letter.attachment))

    def _keep(self, now_ns: int) -> None:
        with self._lock:
            encoded = store.encode(self._state)
        if encoded == self._saved:
            return
        fault = store.save(self._folder, encoded)
        self._saved = encoded
        if fault and fault != self._unsaved:
            self.report("warning", f"alerts forget over a restart: {fault}")
        self._unsaved = fault

    def _end(self) -> None:
        """Tell what is left, once each, and wait for the answers."""
        deadline = time.monotonic() + CLOSE_S_MAX
        self._step(closing=True)
        while (self._flying > 0 or self._heard) and time.monotonic() < deadline:
            self._wake.wait(LOOK_S / 5)
            self._wake.clear()
            self._step(closing=True)


def _go(work: Callable[..., None], *given: object) -> None:
    """One thread for one message: a channel has one under way, beside the look at its address. None outlives the process."""
    threading.Thread(target=work, args=given, name="alert", daemon=True).start()


def _squeeze(heard: list[tuple[str, str, int]], most: int) -> int:
    """Drop the oldest info, else the oldest warning; critical ones stay. How many went."""
    for severity in ("info", "warning"):
        for i, (found, _, _) in enumerate(heard):
            if found == severity and len(heard) > most:
                del heard[i]
                return 1
    return 0
