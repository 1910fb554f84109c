"""A plain tree to Settings, or the one sentence that says what is wrong with it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from types import UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson
from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from tradebot.core.domain.faults import OperatorFault
from tradebot.core.execution.adaptive import NEAREST
from tradebot.core.features.sets import SETS
from tradebot.core.risk.limits import LimitsConfig, self_test
from tradebot.settings.alerts import ALERT_CONTRADICTIONS
from tradebot.settings.files import Place, Source, nearest
from tradebot.settings.models import MODEL_CONTRADICTIONS
from tradebot.settings.playbook import PLAYBOOK_CONTRADICTIONS
from tradebot.settings.sections import Settings
from tradebot.settings.sizing import SIZING_CONTRADICTIONS
from tradebot.shell.broker.endpoints import endpoints
from tradebot.shell.feeds.polygon_host import ADJUSTMENTS, polygon_host

_ADAPTER: Final = TypeAdapter(Settings)
LIMIT_KEYS: Final = tuple(f.name for f in dataclasses.fields(LimitsConfig) if f.name not in ("sectors", "groups"))
"""What a profile must say, itself or through base.toml: the defaults of LimitsConfig are for tests."""
_UNKNOWN: Final = "unexpected_keyword_argument"
_MISSING: Final = frozenset({"missing", "missing_argument", "missing_keyword_only_argument"})

Contradiction = Callable[[Settings], str | None]


def check(source: Source) -> Settings:
    """Settings from a merged tree. Raises OperatorFault with file, dotted key and the nearest valid name."""
    _refuse_values_without_json(source)
    try:
        settings = _ADAPTER.validate_json(orjson.dumps(source.tree), strict=True)
    except ValidationError as error:
        raise OperatorFault(_sentence(source, error.errors(include_url=False))) from error
    missing = next((key for key in LIMIT_KEYS if key not in source.tree["limits"]), None)
    if missing is not None:
        raise OperatorFault(f"{source.profile.name}: missing key limits.{missing}")
    for key, contradiction in CONTRADICTIONS:
        reason = contradiction(settings)
        if reason is not None:
            raise OperatorFault(f"{source.origin(tuple(key.split('.')))}: {reason}")
    return settings


def as_tree(settings: Settings) -> dict[str, Any]:
    """Settings as plain JSON values; a password inside a URL is hidden."""
    tree: dict[str, Any] = _ADAPTER.dump_python(settings, mode="json")
    scheme, found, rest = settings.journal.url.partition("://")
    credentials, at, host = rest.rpartition("@")
    if found and at:
        tree["journal"]["url"] = f"{scheme}://{credentials.split(':', 1)[0]}:***@{host}"
    return tree


def _sentence(source: Source, errors: list[ErrorDetails]) -> str:
    """The first error, misspelt names before missing ones before bad values, and how many more there are."""
    rank = {_UNKNOWN: 0} | dict.fromkeys(_MISSING, 1)
    errors = sorted(_one_per_union(errors), key=lambda e: rank.get(e["type"], 2))
    first, place = errors[0], tuple(str(part) for part in errors[0]["loc"])
    dotted, file = ".".join(place), source.origin(_as_set(source, place))
    if first["type"] == _UNKNOWN:
        text = f"{file}: unknown key {dotted}{nearest(place[-1], _names_beside(place))}"
    elif first["type"] in _MISSING:
        text = f"{source.profile.name}: missing key {dotted}"
    else:
        text = f"{file}: {dotted} = {_shown(first['input'])} is not possible: {_reason(first)}"
    rest = len(errors) - 1
    return text if not rest else f"{text} (and {rest} more)"


def _one_per_union(errors: list[ErrorDetails]) -> list[ErrorDetails]:
    """A value that may be of several kinds has an error for each: keep what went deepest into it, or all reasons as one."""
    kept: list[ErrorDetails] = []
    for error in errors:
        branch = _union_branch(error["loc"])
        if branch is None:
            kept.append(error)
            continue
        error["loc"] = (*error["loc"][:branch], *error["loc"][branch + 1 :])
        rival = kept[-1] if kept and kept[-1]["loc"][:branch] == error["loc"][:branch] else None
        if rival is None:
            kept.append(error)
        elif len(error["loc"]) > len(rival["loc"]):
            kept[-1] = error
        elif len(error["loc"]) == len(rival["loc"]):
            rival["msg"] = f"{rival['msg']} or {error['msg'].removeprefix('Input should be ')}"
    return kept


def _union_branch(loc: tuple[int | str, ...]) -> int | None:
    """Where in a place the checker names the kind that it tried, None for a value of one kind."""
    kind: Any = Settings
    for i, part in enumerate(loc):
        if isinstance(kind, UnionType) or get_origin(kind) is Union:
            return i
        if not dataclasses.is_dataclass(kind):
            return None
        kind = _inside_optional(get_type_hints(kind).get(str(part)))  # `X | None` has no branches of its own
    return None


def _reason(error: ErrorDetails) -> str:
    text = error["msg"]
    return (text[:1].lower() + text[1:]).replace("input should be", "it must be").replace("an object", "a table")


def _shown(value: Any) -> str:
    return orjson.dumps(value, default=str).decode()[:60]


def _as_set(source: Source, place: Place) -> Place:
    """The longest part of `place` that a file set: an element of a list is set with its list."""
    while place and place not in source.origins:
        deeper = next((known for known in source.origins if known[: len(place)] == place), None)
        if deeper is not None:
            return deeper
        place = place[:-1]
    return place


def _names_beside(place: Place) -> list[str]:
    """The valid names at the level of `place`, [] inside a value."""
    kind: Any = Settings
    for part in place[:-1]:
        kind = _inside_optional(get_type_hints(kind).get(part))
        if not dataclasses.is_dataclass(kind):
            return []
    return [f.name for f in dataclasses.fields(kind)]


def _inside_optional(kind: Any) -> Any:
    """`X` of `X | None`, else the type itself."""
    inside = [option for option in get_args(kind) if option is not type(None)]
    return inside[0] if type(None) in get_args(kind) and len(inside) == 1 else kind


def _refuse_values_without_json(source: Source) -> None:
    for place, origin in source.origins.items():
        value: Any = source.tree
        for key in place:
            value = value[key] if isinstance(value, dict) and key in value else None
        if isinstance(value, float) and not math.isfinite(value):
            raise OperatorFault(f"{origin}: {'.'.join(place)} = {value} is not possible: it must be a finite number")


def _no_universe(settings: Settings) -> str | None:
    universe = settings.universe
    if not universe.symbols and not universe.screen:
        return 'the universe is empty: name universe.symbols or set universe.screen = "most_active"'
    if universe.symbols and universe.screen:
        return "universe.symbols and universe.screen exclude each other"
    return None


def _same_symbol_twice(settings: Settings) -> str | None:
    symbols = settings.universe.symbols
    twice = sorted({s for s in symbols if symbols.count(s) > 1})
    return f"universe.symbols names {twice[0]} twice" if twice else None


def _strange_symbol(settings: Settings) -> str | None:
    strange = [s for s in settings.universe.symbols if not s.replace(".", "").isalnum() or s != s.upper()]
    return f"universe.symbols: {strange[0]!r} is no symbol" if strange else None


def _crossed_prices(settings: Settings) -> str | None:
    low, high = settings.entry.price_usd_min, settings.entry.price_usd_max
    return f"entry.price_usd_min {low:g} > entry.price_usd_max {high:g}" if high and low > high else None


def _crossed_limit_prices(settings: Settings) -> str | None:
    low, high = settings.limits.price_usd_min, settings.limits.price_usd_max
    if low == "off" or high == "off" or low <= high:
        return None
    return f"limits.price_usd_min {low:g} > limits.price_usd_max {high:g}"


def _blind_limit(settings: Settings) -> str | None:
    """Each limit must refuse an order crafted for it, and nothing smaller, with this profile's figures."""
    return next(iter(self_test(settings.limits)), None)


def _unasked_zero_cost(settings: Settings) -> str | None:
    costs = settings.costs
    free = settings.round_trip.is_zero and not (costs.impact_y or costs.borrow_bps_per_year)
    if free and not costs.zero:
        return "all costs are 0: a run without costs must be asked for with costs.zero = true"
    if costs.zero and not free:
        return "costs.zero is true, but costs are set"
    return None


def _band_beyond_target(settings: Settings) -> str | None:
    """A bracket's entry may cost no more than a cent below its target (WIRE.md 2.2)."""
    band_bps, target, name = settings.execution.limit_band_bps, settings.exits.target_fraction, "exits.target_fraction"
    if settings.exits.mode == "adaptive":
        target, name = target * NEAREST, "the nearest target,"
    if settings.execution.entry_order == "market" or band_bps < target * 10_000:
        return None
    return f"execution.limit_band_bps {band_bps:g} reaches beyond {name} {target:g} ({target * 10_000:g} bps)"


def _unknown_zone(settings: Settings) -> str | None:
    try:
        ZoneInfo(settings.timetable.zone)
    except (ZoneInfoNotFoundError, ValueError):
        return f'timetable.zone "{settings.timetable.zone}" is no time zone, e.g. "America/New_York"'
    return None


def _timetable_backwards(settings: Settings) -> str | None:
    table = settings.timetable
    if table.rebalance < table.retrain:
        return None
    return f"timetable.rebalance {table.rebalance:%H:%M} is not before timetable.retrain {table.retrain:%H:%M}"


def _unknown_feature(settings: Settings) -> str | None:
    chosen = settings.model.features
    if isinstance(chosen, str):
        known = "" if chosen in SETS else nearest(chosen, list(SETS))
        return None if chosen in SETS else f'model.features: there is no set "{chosen}"{known} (sets: {", ".join(SETS)})'
    if not chosen:
        return "model.features names no feature"
    twice = next((name for name in chosen if chosen.count(name) > 1), None)
    return f"model.features names {twice} twice" if twice else _not_in_catalogue(chosen)


def _not_in_catalogue(names: tuple[str, ...]) -> str | None:
    from tradebot.core.features.catalogue import FEATURES  # compiled kernels: only a profile that spells out names pays for them

    known = [f.name for f in FEATURES]
    strange = next((name for name in names if name not in known), None)
    return None if strange is None else f'model.features: there is no feature "{strange}"{nearest(strange, known)}'


def _not_an_address(settings: Settings) -> str | None:
    try:
        endpoints(settings.broker.url)
    except OperatorFault as fault:
        return f"broker.url: {fault}"
    return None


def _source_twice(settings: Settings) -> str | None:
    sources = settings.feed.sources
    twice = next((name for name in sources if sources.count(name) > 1), None)
    return None if twice is None else f"feed.sources names {twice} twice"


def _not_massives_address(settings: Settings) -> str | None:
    try:
        polygon_host("", settings.feed.polygon_url)
    except OperatorFault as fault:
        return f"feed.polygon_url: {fault}"
    return None


def _adjustment_that_massive_lacks(settings: Settings) -> str | None:
    if "polygon" not in settings.feed.sources or settings.data.adjustment in ADJUSTMENTS:
        return None
    return f'data.adjustment = "{settings.data.adjustment}" is not what Massive gives ({" or ".join(ADJUSTMENTS)})'


CONTRADICTIONS: Final[tuple[tuple[str, Contradiction], ...]] = (
    ("universe.symbols", _no_universe),
    ("universe.symbols", _same_symbol_twice),
    ("universe.symbols", _strange_symbol),
    ("entry.price_usd_min", _crossed_prices),
    ("limits.price_usd_min", _crossed_limit_prices),
    ("limits.order_usd_max", _blind_limit),
    ("model.features", _unknown_feature),
    ("costs.half_spread_bps", _unasked_zero_cost),
    ("execution.limit_band_bps", _band_beyond_target),
    ("timetable.zone", _unknown_zone),
    ("timetable.retrain", _timetable_backwards),
    ("broker.url", _not_an_address),
    ("feed.sources", _source_twice),
    ("feed.polygon_url", _not_massives_address),
    ("data.adjustment", _adjustment_that_massive_lacks),
    *PLAYBOOK_CONTRADICTIONS,
    *MODEL_CONTRADICTIONS,
    *SIZING_CONTRADICTIONS,
    *ALERT_CONTRADICTIONS,
)
"""(the key whose file a fault names, what may be wrong between keys that are each possible)"""
