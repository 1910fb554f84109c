"""`check lookahead`: the future of any bars is changed, and no past decision may change with it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from tradebot.app.features import new_york, sentence
from tradebot.app.kernels import ready_kernels
from tradebot.app.market import Market, load_market
from tradebot.app.shelf import Shelf, models_of
from tradebot.app.watched import Subject, engine_tracks, scan_tracks
from tradebot.core.domain.bars import Float
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.domain.session import Session
from tradebot.core.domain.units import NS_PER_MINUTE
from tradebot.core.strategies.catalogue import STRATEGIES
from tradebot.learning.lookahead.futures import FUTURES, changed_after
from tradebot.learning.lookahead.track import Track
from tradebot.learning.proofs.difference import Difference
from tradebot.serving.store import current_model
from tradebot.settings import Settings, load_settings, read_environment
from tradebot.settings.files import nearest
from tradebot.shell.store.macro import Macro

Progress = Callable[[str, int, int], None]
Watch = Callable[[Market], Sequence[Track]]
"""Everything that is watched, over a market. It must be a pure function of the market's bars."""
SESSIONS: Final = 5  # the last of the bars, unless they are named
_FUTURES_A_CUT: Final = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one track: minutes of symbols compared over all cuts, and the first difference."""

    kind: str
    name: str
    minutes: int
    difference: Difference | None
    warm_up_bars: int

    @property
    def verdict(self) -> str:
        if self.difference is not None:
            return sentence(self.difference)
        if self.minutes:
            return "ok"
        return f"never spoke: its columns are absent or warming up (over {self.warm_up_bars} bars)" if self.warm_up_bars else "never spoke"


def check_lookahead(
    profile: str,
    *,
    bars: Path | None,
    first: dt.date | None = None,
    last: dt.date | None = None,
    cuts: int = len(FUTURES),
    seed: int = 7,
    strategies: Sequence[str] = (),
    everything: bool = False,
    progress: Progress,
) -> dict[str, Any]:
    """Features, strategies, the model that trades and the engine's decisions on bars with changed futures.

    `strategies` adds strategies of the catalogue to the profile's own, `everything` all of them. The report's `difference` is None when no
    past value changed. Raises OperatorFault for too little data and for names that there aren't.
    """
    settings = load_settings(profile, read_environment())
    asked = _strategies(settings, strategies, everything)
    folder = bars or settings.data.folder
    ready_kernels(lambda line: progress(line, 0, 0))
    progress("reading bars", 0, 0)
    market = load_market(settings, bars)
    sessions = _sessions(market, folder, first, last)
    root, name = settings.models_dir, models_of(settings)
    model = Shelf(root).current(settings) if settings.model.kind != "none" and current_model(root, name) is not None else None
    subject = Subject(settings, model, asked, sessions)
    cut_ns = choose_cuts(market, sessions, cuts, seed)
    scans = prove(market, lambda m: scan_tracks(subject, m), cut_ns, seed, _FUTURES_A_CUT, progress, "features, strategies and model")
    _refuse_silence(scans, market, folder, cut_ns)
    traded = prove(market, lambda m: engine_tracks(subject, m), cut_ns, seed, 1, progress, "the engine's decisions", trades=True)
    found = [*scans, *traded]
    wrong = [f for f in found if f.difference is not None]
    return {
        "profile": settings.profile,
        "folder": str(folder),
        "symbols": tuple(market.histories),
        "sessions": len(sessions),
        "first": sessions[0].date,
        "last": sessions[-1].date,
        "model": model.model_id if model is not None else _no_model(settings),
        "cuts": tuple(new_york(ns) for ns in cut_ns),
        "futures": tuple(FUTURES),
        "seed": seed,
        "universe": _universe(settings),
        "rows": [{"kind": f.kind, "name": f.name, "minutes": f.minutes, "verdict": f.verdict} for f in found],
        "difference": _first(wrong),
        "verdict": f"no past value changes with the future of the bars ({sum(f.minutes for f in found)} compared)"
        if not wrong
        else f"{wrong[0].kind} {wrong[0].name} looks ahead: {wrong[0].verdict}",
    }


def _refuse_silence(scans: Sequence[Finding], market: Market, folder: Path, cut_ns: Sequence[int]) -> None:
    """Raise OperatorFault when no strategy and no model spoke before any cut, or, where there are none, no column did."""
    asked = [f for f in scans if f.kind != "features"] or scans
    if any(f.minutes for f in asked):
        return
    bars = max(int(np.searchsorted(b.minute_ns, cut_ns[-1])) for b in market.histories.values())
    least = min((f.warm_up_bars for f in asked), default=0)
    raise OperatorFault(f"{folder}: {bars} bars before {new_york(cut_ns[-1])} are too few: nothing speaks before it has seen {least}")


def _first(wrong: Sequence[Finding]) -> dict[str, Any] | None:
    """The first difference in plain values, and whose it is."""
    if not wrong or wrong[0].difference is None:
        return None
    return {"kind": wrong[0].kind, "name": wrong[0].name} | asdict(wrong[0].difference)


def prove(
    market: Market,
    watch: Watch,
    cut_ns: Sequence[int],
    seed: int,
    futures_a_cut: int,
    progress: Progress,
    what: str,
    *,
    trades: bool = False,
) -> list[Finding]:
    """Watch the market as it is and with other futures after each cut; the futures take turns. A finding for each track.

    `trades` is for what trades on the way: sessions after the cut's own are left out, and the minute of the cut is not judged: it is
    decided at the instant of the next bar's first price, at which the venue has already filled what rests there. Raises OperatorFault when
    no future changed anything that is watched after its cut: then nothing would be proved.
    """
    names = list(FUTURES)
    total, done, alive = len(cut_ns) * futures_a_cut, 0, False
    base = list(watch(market))
    minutes = [0] * len(base)
    differences: list[Difference | None] = [None] * len(base)
    for k, at_ns in enumerate(cut_ns):
        until_ns = at_ns - NS_PER_MINUTE if trades else at_ns
        for i, track in enumerate(base):
            minutes[i] += track.said(until_ns)
        for j in range(futures_a_cut):
            progress(f"{what}: {total} other futures", done, total)
            name = names[(k * futures_a_cut + j) % len(names)]
            other = list(watch(other_future(market, at_ns, name, seed + done, trades)))
            check = f"future {name} after {new_york(at_ns)}"
            for i, (ours, theirs) in enumerate(zip(base, other, strict=True)):
                found = ours.parts_from(theirs, until_ns, check)
                known = differences[i]
                if found is not None and (known is None or found.minute_ns < known.minute_ns):
                    differences[i] = found
                alive = alive or trades or ours.changes_after(theirs, at_ns)
            done += 1
    progress(f"{what}: {total} other futures", total, total)
    if any(minutes) and not alive:
        raise OperatorFault("none of the other futures changed anything that is watched: the bars after the cuts don't reach it")
    return [Finding(t.kind, t.name, m, d, t.warm_up_bars) for t, m, d in zip(base, minutes, differences, strict=True)]


def other_future(market: Market, cut_ns: int, name: str, seed: int, until_cut: bool = False) -> Market:
    """The market whose bars after `cut_ns`, and dated series after its day, are others. The past is the same arrays' values."""
    random = np.random.default_rng(seed)
    histories = {symbol: changed_after(bars, cut_ns, FUTURES[name], random) for symbol, bars in market.histories.items()}
    session = next(s for s in market.table.sessions if s.contains(cut_ns))
    traded = tuple(s for s in market.traded if not until_cut or s.date <= session.date)
    macro = None if market.macro is None else _OtherMacro(market.macro, session.date)
    return replace(market, histories=histories, traded=traded, macro=macro)


def choose_cuts(market: Market, sessions: Sequence[Session], count: int, seed: int) -> tuple[int, ...]:
    """Minutes of the sessions with a bar, drawn by the seed, in order; the last two of all are left for the future."""
    bars = np.unique(np.concatenate([b.minute_ns for b in market.histories.values()]))
    minutes = np.concatenate([bars[(bars >= s.open_ns) & (bars < s.close_ns)] for s in sessions])[:-2]
    if not len(minutes):
        raise OperatorFault("three minutes with a bar are the least: one to judge, one that it is known in, and one to change")
    drawn = np.random.default_rng(seed).choice(minutes, min(count, len(minutes)), replace=False)
    return tuple(int(ns) for ns in np.sort(drawn))


class _OtherMacro(Macro):
    """The known series up to and including a day; then other values."""

    def __init__(self, known: Macro, last: dt.date) -> None:
        super().__init__({})
        self._known, self._last = known, last

    def on(self, date: dt.date) -> Float:
        row = self._known.on(date)
        return row if date <= self._last else row * 1.7 + 1.0


def _sessions(market: Market, folder: Path, first: dt.date | None, last: dt.date | None) -> tuple[Session, ...]:
    """The asked sessions, or the last few: those whose minutes are cut."""
    within = market.between(first or dt.date.min, last or dt.date.max)
    there = f"{folder} has sessions from {market.traded[0].date} to {market.traded[-1].date}"
    if not within:
        raise OperatorFault(f"no session from {first or 'the first'} to {last or 'the last'} has bars: {there}")
    chosen = within if first else within[-SESSIONS:]
    if len(market.traded) < 2:
        raise OperatorFault(f"one session is too little: something must be past and something future; {there}")
    return chosen


def _strategies(settings: Settings, names: Sequence[str], everything: bool) -> tuple[str, ...]:
    """Strategies of the catalogue that are checked beside the profile's own."""
    known = [s.name for s in STRATEGIES]
    strange = next((n for n in names if n not in known), None)
    if strange is not None:
        raise OperatorFault(f"there is no strategy {strange}{nearest(strange, known)} (strategies: {', '.join(known)})")
    own = settings.strategies.names if settings.strategies is not None else ()
    return tuple(n for n in (known if everything else dict.fromkeys(names)) if n not in own)


def _no_model(settings: Settings) -> str:
    return "none: it learns while it trades" if settings.model.kind == "none" else "none trained yet: decisions without a model are checked"


def _universe(settings: Settings) -> str:
    if settings.universe.symbols:
        return "named by the profile"
    return "screened once, by volume and price over all bars of the folder: held fixed here"
