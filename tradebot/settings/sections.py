"""The sections of a profile that belong to no single module, and the whole tree."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Literal

from annotated_types import Ge, Gt, Le, Lt, MinLen

from tradebot.core.config import EngineConfig, PlaybookConfig, RegimeConfig, StrategiesConfig
from tradebot.core.domain.timetable import TimetableConfig
from tradebot.core.execution.exits import ExitsConfig
from tradebot.core.execution.order_type import ExecutionConfig
from tradebot.core.execution.slicing import SlicingConfig
from tradebot.core.portfolio.sizing import SizingConfig
from tradebot.core.risk.breaker import BreakerConfig
from tradebot.core.risk.limits import LimitsConfig
from tradebot.core.selection.config import SelectionConfig
from tradebot.core.selection.entry import EntryConfig
from tradebot.core.strategies.gates import GatesConfig
from tradebot.learning.config import FORWARD_MIN, Kind, LabelName, NetworkConfig, RoundTripCost, TrainingConfig
from tradebot.learning.promotion.config import PromotionConfig
from tradebot.learning.splits.walk_forward import WalkForwardConfig
from tradebot.shell.alerts.config import AlertsConfig
from tradebot.sim.venue_config import VenueConfig

Symbol = Annotated[str, MinLen(1)]
SOCKET_PATH_BYTES_MAX: Final = 100  # sun_path holds 108, less on other systems


@dataclass(frozen=True, slots=True, kw_only=True)
class DataConfig:
    """Where bars come from. Feeds are never mixed: `iex` sees about 2 % of the volume that `sip` sees.

    `refresh`: the nightly training first fetches from Alpaca what `folder` lacks.
    """

    feed: Literal["iex", "sip", "delayed_sip"]
    adjustment: Literal["raw", "split", "dividend", "all"]
    history_days: Annotated[int, Ge(1), Le(3660)]
    folder: Path
    refresh: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UniverseConfig:
    """Named symbols, or the `top` of Alpaca's most active screen (by `screen_by`) within the entry's price bounds."""

    symbols: tuple[Symbol, ...] = ()
    screen: Literal["", "most_active"] = ""
    screen_by: Literal["volume", "trades"] = "volume"
    top: Annotated[int, Ge(1), Le(100)] = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelConfig:
    """What is learned and how. Price bounds, stop, target and threshold of the label are the entry's and the exits' own.

    `kind` "meta_selector" learns which strategy to follow, "regimes" the states of the market (from columns of its own), "none" nothing
    offline; the others are classifiers. `features` is the name of a set or a list of feature names. `symbols_max` 0 keeps all symbols of
    the universe; `jobs` is the number of cores, results don't depend on it.
    """

    features: str | tuple[str, ...]
    label: Literal[LabelName, "next_hour_best_strategy"]
    kind: Literal[Kind, "meta_selector", "regimes", "none"]
    horizon_min: Annotated[int, Ge(1), Le(390)] = FORWARD_MIN
    target_units: Annotated[float, Gt(0)] = 2.0
    stop_units: Annotated[float, Gt(0)] = 1.0
    weighting: Literal["none", "uniqueness"] = "none"
    half_life_sessions: Annotated[float, Ge(0)] = 0.0
    trees: Annotated[int, Ge(1), Le(5000)]
    depth: Annotated[int, Ge(1), Le(30)]
    min_leaf: Annotated[int, Ge(1)]
    learning_rate: Annotated[float, Gt(0), Le(1)]
    watch_fraction: Annotated[float, Ge(0), Lt(0.5)] = 0.15
    early_stopping_rounds: Annotated[int, Ge(0)] = 0
    calibration: Literal["none", "isotonic", "venn_abers"] = "none"
    members: tuple[Kind, ...] = ()
    combine: Literal["stacked", "weighted"] = "stacked"
    network: NetworkConfig = field(default_factory=NetworkConfig)
    device: Literal["auto", "cpu", "cuda"] = "auto"
    test_fraction: Annotated[float, Gt(0), Lt(1)]
    embargo_sessions: Annotated[int, Ge(0)]
    rows_min: Annotated[int, Ge(10)]
    symbols_max: Annotated[int, Ge(0)]
    seed: Annotated[int, Ge(0), Lt(2**32)]
    jobs: Annotated[int, Ge(1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class CostsConfig:
    """What every evaluation charges. `zero` must be true for a run without costs, which then says so in its report."""

    half_spread_bps: Annotated[float, Ge(0)]
    half_spread_usd_min: Annotated[float, Ge(0)]
    sec_fee_usd_per_million: Annotated[float, Ge(0)]
    taf_usd_per_share: Annotated[float, Ge(0)]
    impact_y: Annotated[float, Ge(0)] = 0.0
    borrow_bps_per_year: Annotated[float, Ge(0)] = 0.0
    zero: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationConfig:
    """The simulated account and venue."""

    cash_usd: Annotated[float, Gt(0)] = 100_000.0
    latency_ms: Annotated[int, Ge(0)] = 0
    partial_fill_probability: Annotated[float, Ge(0), Le(1)] = 0.0
    margin_multiplier: Annotated[int, Ge(1), Le(4)] = 4
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerConfig:
    """Where Alpaca is, and how patient we are with it. A simulated Alpaca differs in `url` and nothing else.

    `fuse_*` is what may go out in a minute to open risk, whatever the engine wants: beyond it the daemon halts.
    `account_number` pins the account: the daemon stops when the keys belong to another one; live trading needs it.
    """

    url: Annotated[str, MinLen(1)]
    account_number: str
    poll_s: Annotated[float, Gt(0)]
    reconcile_s: Annotated[float, Ge(10), Le(3600)]
    fuse_orders_per_min: Annotated[int, Gt(0)]
    fuse_usd_per_min: Annotated[float, Gt(0)]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedConfig:
    """`grace_s` after a minute's end the minute closes without the bars that are missing; `stale_s` of silence makes the feed stale.

    `price_jump_max`: a close further than this from the one before and from the quote opens nothing until the next bar confirms it (1.0 is
    the double or the half, 0 believes everything).

    `quotes`: whether the quote at each bar's start is perceived, in training, backtest and live alike. Fills use quotes either way.

    `sources` in order of preference: minutes come from the first that works. Another one takes over after `failover_s` of trouble, and the
    first is gone back to after `failback_min` sound minutes in a row. `polygon_url` is where Massive (formerly Polygon) is.
    """

    grace_s: Annotated[float, Ge(0), Le(50)]
    stale_s: Annotated[float, Gt(0)]
    bar_late_s_max: Annotated[float, Gt(0)]
    price_jump_max: Annotated[float, Ge(0)] = 1.0
    quotes: bool = False
    sources: Annotated[tuple[Literal["alpaca", "polygon"], ...], MinLen(1)] = ("alpaca",)
    failover_s: Annotated[float, Ge(5), Le(600)] = 20.0
    failback_min: Annotated[int, Ge(1), Le(390)] = 10
    polygon_url: Annotated[str, MinLen(1)] = "https://api.massive.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class MacroConfig:
    """Where the dated series come from (domain/bars.py MACRO). Each is `FILE#column` in `folder`, a URL, or empty.

    Empty means the folder's `NAME.csv` or `NAME.parquet`; a series without a source is absent. Without a column it is `value`.
    """

    folder: str = ""
    vix: str = ""
    yield_3m: str = ""
    yield_10y: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalConfig:
    """SQLAlchemy URL; empty means SQLite in the state folder."""

    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One profile, checked: every section is the config of the module that it names."""

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    profile: Annotated[str, MinLen(1)]
    about: str = ""
    state_dir: Path
    models_dir: Path
    trials_path: Path = Path()  # the ledger of trials, one for all profiles; empty means trials.jsonl beside the folder of bars
    data: DataConfig
    universe: UniverseConfig
    model: ModelConfig
    entry: EntryConfig
    sizing: SizingConfig
    exits: ExitsConfig
    limits: LimitsConfig
    breaker: BreakerConfig
    slicing: SlicingConfig = field(default_factory=SlicingConfig)
    execution: ExecutionConfig
    strategies: StrategiesConfig | None = None
    regime: RegimeConfig | None = None
    selection: SelectionConfig | None = None
    gates: GatesConfig | None = None
    costs: CostsConfig
    simulation: SimulationConfig
    timetable: TimetableConfig
    broker: BrokerConfig
    feed: FeedConfig
    journal: JournalConfig
    macro: MacroConfig = MacroConfig()
    alerts: AlertsConfig = field(default_factory=AlertsConfig)
    promotion: PromotionConfig = field(default_factory=PromotionConfig)
    walk_forward: WalkForwardConfig = field(default_factory=WalkForwardConfig)

    @property
    def engine(self) -> EngineConfig:
        return EngineConfig(
            profile=self.profile,
            entry=self.entry,
            sizing=self.sizing,
            exits=self.exits,
            limits=self.limits,
            breaker=self.breaker,
            slicing=self.slicing,
            execution=self.execution,
            bar_late_s_max=self.feed.bar_late_s_max,
            price_jump_max=self.feed.price_jump_max,
            home_feed=self.home_feed,
            playbook=self.playbook,
        )

    @property
    def home_feed(self) -> str:
        """The source that history is fetched from, and models learn from."""
        return "polygon" if self.feed.sources[0] == "polygon" else self.data.feed

    @property
    def playbook(self) -> PlaybookConfig | None:
        """Strategies and what weighs them; None for a classifier's profile."""
        if self.strategies is None or self.regime is None or self.selection is None:
            return None
        return PlaybookConfig(strategies=self.strategies, regime=self.regime, selection=self.selection, gates=self.gates)

    @property
    def venue(self) -> VenueConfig:
        return VenueConfig(
            cash_usd=self.simulation.cash_usd,
            half_spread_bps=self.costs.half_spread_bps,
            latency_ms=self.simulation.latency_ms,
            sec_fee_usd_per_million=self.costs.sec_fee_usd_per_million,
            taf_usd_per_share=self.costs.taf_usd_per_share,
            partial_fill_probability=self.simulation.partial_fill_probability,
            seed=self.simulation.seed,
            margin_multiplier=self.simulation.margin_multiplier,
            impact_y=self.costs.impact_y,
            borrow_bps_per_year=self.costs.borrow_bps_per_year,
        )

    @property
    def training(self) -> TrainingConfig:
        return TrainingConfig(
            target_fraction=self.exits.target_fraction,
            stop_fraction=self.exits.stop_fraction,
            price_usd_min=self.entry.price_usd_min,
            price_usd_max=self.entry.price_usd_max,
            confidence_min=self.entry.confidence_min,
            **{f.name: getattr(self.model, f.name) for f in fields(self.model)},
        )

    @property
    def round_trip(self) -> RoundTripCost:
        costs = asdict(self.costs)
        for name in ("zero", "impact_y", "borrow_bps_per_year"):  # a label is of one share, held for hours
            del costs[name]
        return RoundTripCost(**costs)

    @property
    def journal_url(self) -> str:
        return self.journal.url or f"sqlite:///{self.state_dir / 'journal.sqlite3'}"

    @property
    def features_dir(self) -> Path:
        """The feature store: beside the folder of bars, a folder for each profile."""
        return self.data.folder.parent / "features" / self.profile

    @property
    def walk_forward_dir(self) -> Path:
        """The walk-forward runs of this profile, a folder each."""
        return self.data.folder.parent / "walk_forward" / self.profile

    @property
    def log_path(self) -> Path:
        """What a daemon in the background prints."""
        return self.state_dir / "tradebot.log"

    @property
    def socket_path(self) -> Path:
        """The daemon's control socket: in the state folder, or in /tmp when that path is longer than a Unix socket's may be."""
        path = self.state_dir / "api.sock"
        if len(str(path).encode()) <= SOCKET_PATH_BYTES_MAX:
            return path
        return Path("/tmp") / f"tradebot-{sha256(str(path).encode()).hexdigest()[:16]}.sock"
