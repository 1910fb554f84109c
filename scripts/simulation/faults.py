"""What goes wrong: the catalogue of FIELD.md 4.2 as far as this world can do it. FAULTS is the registry, ELSEWHERE says where the rest is.

A fault begins at an instant that the seed draws, strikes by chance while it lasts, and is taken away again. `begin` gets the scene and
answers with what ends it.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from scripts.simulation import fault_acts as acts
from scripts.simulation import fault_streams as streams
from scripts.simulation.scene import Scene

End = Callable[[], None]
S: Final = 1_000_000_000
MINUTE: Final = 60 * S
ANY, SESSION, OPEN, CLOSE, EVENING = "any", "session", "open", "close", "evening"


@dataclass(frozen=True, slots=True)
class Fault:
    """`when`: the part of the day in which it begins. `lasts`: seconds, at least and at most; 0 = one blow."""

    name: str
    sentence: str
    begin: Callable[[Scene, random.Random], End]
    lasts: tuple[int, int] = (60, 900)
    when: str = SESSION
    weight: int = 1  # how often it is drawn beside the others


FAULTS: Final[tuple[Fault, ...]] = (
    Fault("F1", "SIGKILL at any instant, restart after 5 s to 20 min", acts.kill, (0, 0), ANY, 4),
    Fault("F1p", "SIGKILL at a named crash point, n-th hit", acts.kill_at_point, (60, 3_600), SESSION, 5),
    Fault("F2", "SIGTERM around a tick of the timetable", acts.terminate, (0, 0), CLOSE),
    Fault("F3", "SIGSTOP for 2 to 30 minutes (a laptop sleeps)", acts.sleep, (120, 1_800)),
    Fault("F4", "the trainer is killed for its memory", acts.trainer_killed, (0, 0), EVENING),
    Fault("F5", "the event loop is blocked for 10 s", acts.block, (10, 10)),
    Fault("F8", "no file descriptors: no connection can be opened", acts.no_descriptors, (20, 300)),
    Fault("F9", "the trainer can't start a thread", acts.trainer_crashed, (0, 0), EVENING),
    Fault("F10", "the computer's clock steps by an hour and is set right again", acts.clock_hour, (120, 1_200)),
    Fault("F12", "the computer's clock leaps by 3 s", acts.clock_seconds, (60, 600)),
    Fault("F15", "the disk is full", acts.disk_full, (20, 600)),
    Fault("F16", "the disk answers EIO on sync", acts.disk_broken, (5, 120)),
    Fault("F17", "a crash tears off what was not committed, the disk being slow", acts.kill_on_slow_disk, (5, 60)),
    Fault("F20", "the disk takes 5 s for a sync", acts.disk_slow, (30, 300)),
    Fault("F21", "the database is locked by somebody else", acts.disk_locked, (6, 60)),
    Fault("F25", "requests time out, before or after they were carried out", acts.timeouts, (30, 600), SESSION, 3),
    Fault("F26", "504 after a request was carried out", acts.gateway_504, (30, 600), SESSION, 3),
    Fault("F27", "429, with and without Retry-After", acts.too_many, (30, 600)),
    Fault("F28", "200 with HTML", acts.html, (30, 600), SESSION, 2),
    Fault("F29", "JSON that ends in the middle", acts.truncated, (30, 600), SESSION, 2),
    Fault("F31", "403 for orders: insufficient quantity, wash trade, margin", acts.forbidden, (60, 900)),
    Fault("F34", "a cancel is acknowledged and never carried out", acts.stuck_cancel, (60, 900), SESSION, 2),
    Fault("F36", "lists and look-ups don't show an order for 30 s", acts.inconsistent, (120, 1_200), SESSION, 2),
    Fault("F38", "the position end point is down", acts.no_positions, (60, 1_800), ANY),
    Fault("F40", "a symbol is not tradable for a while", acts.untradable, (120, 1_800)),
    Fault("F41", "a person trades by hand in the web page", acts.by_hand, (0, 0)),
    Fault("F42", "the broker liquidates a position", acts.liquidation, (0, 0)),
    Fault("F43", "the account's equity is NaN, 0, null or negative", acts.strange_equity, (60, 900), ANY),
    Fault("F44", "the keys are refused for a while", acts.revoked, (30, 300)),
    Fault("F46", "a stream is connected and mute", streams.mute, (120, 1_200)),
    Fault("F47", "reconnect storm: streams are cut again and again, the slot is held", streams.storm, (60, 600)),
    Fault("F48", "trade updates come twice, late and out of order", streams.disorder, (120, 1_800)),
    Fault("F49", "trade updates are dropped while the socket is healthy", streams.dropped, (120, 1_800), SESSION, 2),
    Fault("F50", "a gap, then a burst", streams.burst, (60, 400)),
    Fault("F51", "bars come with half their volume and are corrected later", acts.late_volume, (60, 900)),
    Fault("F52", "zero prices and 100-fold spikes on the data stream", streams.spikes, (60, 900)),
    Fault("F53", "a symbol's bars are missing on the stream, or everywhere", acts.missing_bars, (60, 900)),
    Fault("F56", "a promoted model answers no numbers", acts.nan_model, (0, 0), EVENING),
    Fault("F57", "a promoted model says the same to everything", acts.constant_model, (0, 0), EVENING),
    Fault("F59", "a promoted model's files are not what its manifest says", acts.tampered_model, (0, 0), EVENING),
    Fault("F60", "a training exceeds its window", acts.endless_training, (0, 0), EVENING),
    Fault("F66", "a person pauses and resumes with a reason", acts.pause, (60, 900)),
    Fault("F67", "the kill switch, and a resume later", acts.kill_switch, (120, 1_800)),
    Fault("F68", "a person orders flat, and resumes later", acts.flatten, (120, 1_800)),
    Fault("F73", "everything is slow: 4 s on every way", acts.slow_wire, (60, 900)),
    Fault("F74", "nobody answers: REST and streams are unreachable", acts.unreachable, (30, 900), ANY),
)

ELSEWHERE: Final = {
    "F1": "here, and exhaustively in a real process: scripts/prove-kill",
    "F6": "tests/shell/test_daemon.py: a second instance is refused",
    "F7": "here, always: any task that dies of a bug is a violation",
    "F11": "here, by the calendar: worlds lie across both changes to and from daylight saving",
    "F13": "here, by the market: half days and halts; halted symbols as the exchange calls them: tests/shell",
    "F14": "every instant is UTC: tests/unit/core/test_money_and_time.py",
    "F18": "tests/shell/test_chain.py: a flipped bit is named at the start",
    "F19": "as F15: SQLite's word for a read-only file is the same path",
    "F22": "tests/shell/test_journal.py: a newer schema is refused",
    "F23": "nobody tests it: SQLite holds the file open, and its next start finds none",
    "F24": "tests/shell/test_journal.py: a folder that can't be used is the operator's",
    "F30": "here, whenever an order is sent again: 422 means look up",
    "F32": "tests/unit/sim/test_venue_playbook.py and tests/playbook/test_engine.py",
    "F33": "here, by the knobs: partial fills and a slow venue",
    "F35": "tests/contract/sim_alpaca/test_faults.py: a replacement that loses to a fill",
    "F37": "tests/shell/test_broker.py: pages",
    "F39": "tests/unit/shell/test_wire.py",
    "F45": "tests/unit/shell/test_wire.py",
    "F54": "tests/unit/shell/test_assembler.py: a symbol that nobody asked for",
    "F55": "tests/shell/test_reconciling.py and tests/playbook/test_reconciling.py: nothing is held over a night here",
    "F58": "tests/unit/serving/test_store.py",
    "F61": "tests/unit/learning/alarms",
    "F62": "tests/unit/learning/test_drift.py",
    "F63": "scripts/prove-kill: the crash points of a promotion",
    "F64": "tests/unit/core/selection/test_bandit.py",
    "F65": "tests/unit/settings/test_bad_profiles.py",
    "F69": "tests/shell/test_journal.py: a newer schema is refused",
    "F70": "tests/unit/settings/test_secrets.py",
    "F71": "alerts never hold an order up: nothing waits for one",
    "F72": "tests/shell/test_logging.py",
}

BY_NAME: Final = {fault.name: fault for fault in FAULTS}
