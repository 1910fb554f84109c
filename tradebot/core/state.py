"""All memory of the engine, to and from bytes."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from tradebot.core.domain.book import Book
from tradebot.core.domain.events import decode_hook, encode_hook
from tradebot.core.domain.trade import TradeLedger
from tradebot.core.execution.closing import Closing
from tradebot.core.execution.protection import Plan
from tradebot.core.execution.ranges import Ranges
from tradebot.core.execution.reconcile import Dispute
from tradebot.core.execution.slicing import Parent
from tradebot.core.execution.volume_curve import BINS, new_curve, volume_step
from tradebot.core.features.catalogue import ALL_FAMILIES, FEATURE_COUNT, FEATURES, STATE_WIDTH, new_state, schema_hash
from tradebot.core.portfolio.memory import SizingState
from tradebot.core.regime import persistence
from tradebot.core.risk.history import RiskHistory
from tradebot.core.risk.limits.numbers import HALTED, NO_STATUS, NOT_SHORTABLE, UNTRADABLE
from tradebot.core.selection.memory import SelectionState, new_selection
from tradebot.core.selection.performance import LEDGER_WIDTH

LAYOUT: Final = f"{schema_hash(tuple(f.name for f in FEATURES))}-{STATE_WIDTH}"
"""What the memory of the features means; another version's is of no use."""


_PLACES: Final[list[tuple[tuple[str, ...], dict[str, int]]]] = [((), {})]  # of the universe that was asked about last


class Safety(StrEnum):
    """Only a person loosens it (I8)."""

    ACTIVE = "active"
    REDUCING = "reducing"  # nothing new, exits go on
    HALTED = "halted"  # nothing new, working entries cancelled


class State(msgspec.Struct):
    """One portfolio and one market's memory. Arrays are aligned with `symbols`."""

    symbols: tuple[str, ...] = ()
    memory: npt.NDArray[np.float64] = np.zeros((0, STATE_WIDTH))  # (N, S) of the feature steps
    features: npt.NDArray[np.float64] = np.zeros((0, FEATURE_COUNT))  # (N, F) of the last minute
    layout: str = ""  # of `memory` and `features`; see LAYOUT
    families: int = ALL_FAMILIES  # those that `memory` keeps
    seen: npt.NDArray[np.int64] = np.zeros(0, np.int64)  # (N,)
    jumped: npt.NDArray[np.bool_] = np.zeros(0, np.bool_)  # (N,) whose last close is not confirmed yet (core/selection/price_jump.py)
    jumped_from: npt.NDArray[np.int64] = np.zeros(0, np.int64)  # (N,) the closes before
    feed: str = ""  # the source of bars that `memory` is of (core/conduct/feeds.py)
    marks: npt.NDArray[np.int64] = np.zeros(0, np.int64)  # (N,) last close in units, 0 before the first
    now_ns: int = 0
    minute_ns: int = -1  # the last minute perceived
    decided_minute_ns: int = -1  # the last minute decided on
    session: dt.date | None = None  # the day that `day_start_equity_units` belongs to
    day_start_equity_units: int = 0
    high_water_units: int = 0  # core/risk/breaker.py; 0 before the first session
    model_id: str = ""
    safety: Safety = Safety.ACTIVE
    safety_reason: str = ""
    resuming: str = ""  # a person's reason to resume, until the books have been compared
    stale_feeds: dict[str, str] = {}
    locked: dict[str, str] = {}  # symbol -> unexplained difference with the broker
    disputes: dict[str, Dispute] = {}  # of the locked symbols, those in which our books and the broker's differ
    frozen: dict[str, str] = {}  # symbols without new entries until a person resumes, why
    filled_ns: dict[str, int] = {}  # when a symbol was last filled, of this session
    outsiders: list[str] = []  # broker ids of orders that were not ours
    adopting: str = ""  # a person's reason to take the broker's books for ours, until they have been read
    halted: dict[str, int] = {}  # symbol -> since when (core/conduct/statuses.py)
    untradable: tuple[str, ...] = ()  # by the broker's list of assets
    unshortable: tuple[str, ...] = ()
    closing: dict[str, Closing] = {}
    parents: dict[str, Parent] = {}  # entries that go out in slices
    volumes: npt.NDArray[np.float64] = np.zeros((0, BINS))  # (N, BINS) of core/execution/volume_curve.py, kept where a profile reads it
    ranges: Ranges = msgspec.field(default_factory=Ranges)  # only where exits are adaptive
    plans: dict[str, Plan] = {}  # where the stops and targets of positions belong, once somebody has asked
    playbook: tuple[str, ...] = ()  # detector, regimes and strategies that the next three remember for
    regimes: npt.NDArray[np.int64] = np.zeros((0, persistence.STATE_WIDTH), np.int64)  # (N, 4)
    beliefs: npt.NDArray[np.float64] = np.zeros((0, 0))  # (N, L) of a hidden Markov model in each regime, 0 before the first bar
    selection: SelectionState = msgspec.field(default_factory=SelectionState)
    sizing: SizingState = msgspec.field(default_factory=SizingState)
    risk: RiskHistory = msgspec.field(default_factory=RiskHistory)  # kept where a limit looks at it
    unfilled: dict[str, int] = {}  # symbol -> entries in a row that were cancelled unfilled, of this session
    last_entry_ns: int | None = None  # when the last entry was decided, for the throttle
    spent: list[tuple[int, str, int]] = []  # orders that opened risk lately: when, symbol, worst value (core/risk/exposure.py)
    book: Book = msgspec.field(default_factory=Book)
    config: str = ""  # what the engine decides by, as the journal recorded it (core/config_text.py); "": what it was made with
    trades: TradeLedger = msgspec.field(default_factory=TradeLedger)

    def place(self, symbol: str) -> int:
        """Where the symbol stands in `symbols`, -1 where it does not."""
        symbols, places = _PLACES[0]
        if symbols is not self.symbols:
            places = {name: n for n, name in enumerate(self.symbols)}
            _PLACES[0] = (self.symbols, places)
        return places.get(symbol, -1)

    def mark(self, symbol: str) -> int:
        """Last close in units; the average entry price where no bar has come yet."""
        n = self.place(symbol)
        if n >= 0:
            units = int(self.marks[n])
            if units:
                return units
        position = self.book.positions.get(symbol)
        return position.entry_units if position is not None else 0

    def status(self, symbol: str) -> int:
        """As the limits see it (core/risk/limits/numbers.py), the heaviest first."""
        if symbol in self.halted:
            return HALTED
        if symbol in self.untradable:
            return UNTRADABLE
        return NOT_SHORTABLE if symbol in self.unshortable else NO_STATUS

    def equity_units(self) -> int:
        """Cash and positions at their marks."""
        return self.book.cash_units + sum(p.qty * self.mark(s) for s, p in self.book.positions.items() if p.qty)

    def select(self, symbols: tuple[str, ...]) -> None:
        """Watch these symbols from now on; what is known of those that stay is kept."""
        old = {s: n for n, s in enumerate(self.symbols)}
        kept = np.array([old.get(s, -1) for s in symbols], np.int64)
        stays = kept >= 0
        memory, features = new_state(len(symbols), self.families), np.full((len(symbols), FEATURE_COUNT), np.nan)
        seen, marks = np.zeros(len(symbols), np.int64), np.zeros(len(symbols), np.int64)
        for new, past in ((memory, self.memory), (features, self.features), (seen, self.seen), (marks, self.marks)):
            new[stays] = past[kept[stays]]
        self.symbols, self.memory, self.features, self.seen, self.marks = symbols, memory, features, seen, marks
        self.sizing.watch(kept)
        self.ranges.watch(kept)
        self.risk.watch(kept)
        if len(self.volumes):
            volumes = new_curve(len(symbols))
            volumes[stays] = self.volumes[kept[stays]]
            self.volumes = volumes
        if self.playbook:
            regimes, beliefs = persistence.new_state(len(symbols)), np.zeros((len(symbols), self.beliefs.shape[1]))
            for new, past in ((regimes, self.regimes), (beliefs, self.beliefs)):
                new[stays] = past[kept[stays]]
            self.regimes, self.beliefs = regimes, beliefs
            self.selection.watch(kept)

    def keep(self, families: int) -> None:
        """Keep the memory of these families of features, or of more; what none of the profile's columns needs costs nothing.

        A memory of another version, or one that lacks a family, is dropped: columns are not valid until they have warmed up anew. The
        books stay.
        """
        if self.layout != LAYOUT or families & ~self.families or not self.symbols:
            count, self.families = len(self.symbols), families
            self.memory, self.features = new_state(count, families), np.full((count, FEATURE_COUNT), np.nan)
            self.seen, self.layout = np.zeros(count, np.int64), LAYOUT

    def see_volume(self, minute_index: int, volume: npt.NDArray[np.int64]) -> None:
        """Move the curves of volume on by one minute's (N,) shares."""
        if len(self.volumes) != len(self.symbols):
            self.volumes = new_curve(len(self.symbols))
        volume_step(self.volumes, minute_index, volume)

    def forget_features(self) -> None:
        """As if no bar had come yet: columns are not valid until they have warmed up anew. All else stays."""
        count = len(self.symbols)
        self.memory, self.features = new_state(count, self.families), np.full((count, FEATURE_COUNT), np.nan)
        self.seen = np.zeros(count, np.int64)
        if len(self.volumes):
            self.volumes = new_curve(count)

    def remember(self, strategies: tuple[str, ...], detector: str, regimes: tuple[str, ...]) -> None:
        """Have room for these strategies and regimes; what was remembered for others is dropped."""
        playbook = (detector, *regimes, *strategies)
        if self.playbook != playbook or self.selection.ledger.shape[-1] != LEDGER_WIDTH:
            self.playbook = playbook
            self.regimes = persistence.new_state(len(self.symbols))
            self.beliefs = np.zeros((len(self.symbols), len(regimes)))
            self.selection = new_selection(len(self.symbols), len(strategies), len(regimes))
            self.sizing.forget_strategies()


_ENCODER = msgspec.msgpack.Encoder(enc_hook=encode_hook)
_DECODER = msgspec.msgpack.Decoder(State, dec_hook=decode_hook)


def state_to_bytes(state: State) -> bytes:
    return _ENCODER.encode(state)


def state_from_bytes(data: bytes) -> State:
    """Raises msgspec.ValidationError or msgspec.DecodeError on bytes that are no state."""
    return _DECODER.decode(data)
