"""Switches for what goes wrong in the real world, each armed with a count (WIRE.md section 8, last line).

`POST /sim/faults {"name": NAME, "count": N, ...}` arms; every time the fault strikes one is used up. `POST /sim/storm` lets them
strike at a rate (`storm`). What each does:

| name | strikes | options |
|---|---|---|
| http_504_after_accept | the request is carried out, the answer is 504 | method, path |
| http_429 | not carried out; 429 with rate-limit headers | method, path |
| http_503_html | not carried out; 503 with an HTML page | method, path |
| http_hang | not carried out, never answered | method, path |
| http_abort, http_abort_after_accept | not carried out, or carried out; the connection is reset instead of an answer | method, path |
| http_cut_json | carried out; the answer ends in the middle | method, path |
| data_406 | authentication on the data stream answers 406; with `hold_s` so does every one within that many wall seconds | hold_s |
| data_405, data_409 | 405 answers a subscribe, 409 answers an authentication | |
| data_407 | instead of a data frame: "slow client", then close | |
| data_mute, trade_mute | a frame is swallowed, the socket stays open | |
| data_close, trade_close, data_abort, trade_abort | instead of a frame the socket closes (cleanly, or by a TCP reset) | |
| trade_drop, trade_duplicate, trade_reorder | a trade update is lost, sent twice, or sent after its successor | event |
| unknown_enum | an enum that no client knows | where: order, account, position, trade_update |
| positions_lag | positions as they were `lag_s` simulated seconds ago | lag_s (10) |
| stuck_pending_cancel | a cancel is taken and carried out `for_s` simulated seconds later, without that never | for_s |
| replace_lost_to_fill | PATCH answers 200, but the old order fills and the new one is rejected | |
| late_updated_bar | a bar is streamed with part of its volume; the rest follows as an updated bar half a minute later | symbol |
| data_bar_drop | a bar is not streamed, but stands in the history | symbol |
| massive_mute, massive_close, massive_abort | as data_*, on the simulated Massive's socket | |
| massive_auth_failed, massive_max_connections | an authentication on that socket is refused | |
| massive_429 | an aggregates request answers 429 | symbol |
| massive_missing_minute | a minute has no bar at Massive, neither on the socket nor over REST | symbol |
| massive_late_bar | a bar is streamed half a minute late | symbol |
| missing_minute | a minute has no bar, neither on the stream nor in the history (the venue still trades it) | symbol |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tradebot.sim.alpaca_server.storm import Storm, fits

NAMES = frozenset(
    {
        "http_504_after_accept",
        "http_429",
        "http_503_html",
        "http_hang",
        "http_abort",
        "http_abort_after_accept",
        "http_cut_json",
        "data_405",
        "data_406",
        "data_407",
        "data_409",
        "data_mute",
        "data_close",
        "data_abort",
        "data_bar_drop",
        "trade_mute",
        "trade_close",
        "trade_abort",
        "trade_drop",
        "trade_duplicate",
        "trade_reorder",
        "unknown_enum",
        "positions_lag",
        "stuck_pending_cancel",
        "replace_lost_to_fill",
        "late_updated_bar",
        "missing_minute",
        "massive_mute",
        "massive_close",
        "massive_abort",
        "massive_auth_failed",
        "massive_max_connections",
        "massive_429",
        "massive_missing_minute",
        "massive_late_bar",
    }
)


@dataclass(slots=True)
class Fault:
    """An armed switch: how often it still strikes, how often it did, and where."""

    name: str
    count: int
    options: dict[str, Any] = field(default_factory=dict)
    struck: int = 0


@dataclass(slots=True)
class Faults:
    """All armed faults, and the storm where there is one. `take` asks whether one strikes here and uses it up."""

    armed: list[Fault] = field(default_factory=list)
    storm: Storm | None = None

    def arm(self, name: str, count: int = 1, **options: Any) -> None:
        """Raises KeyError for a name that does not exist."""
        if name not in NAMES:
            raise KeyError(name)
        self.armed.append(Fault(name, count, options))

    def take(self, name: str, **here: str) -> Mapping[str, Any] | None:
        """The options of the first armed fault of this name whose options do not contradict `here`; None when none strikes."""
        for fault in self.armed:
            if fault.name == name and fault.count > 0 and fits(fault.options, here):
                fault.count -= 1
                fault.struck += 1
                return fault.options
        return None if self.storm is None else self.storm.take(name, here)

    def clear(self) -> None:
        self.armed.clear()
        self.storm = None

    def as_json(self) -> list[dict[str, Any]]:
        armed = [{"name": f.name, "count": f.count, "struck": f.struck, **f.options} for f in self.armed]
        return armed + ([] if self.storm is None else self.storm.as_json())
