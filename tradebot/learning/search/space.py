"""What a search may turn, by the kind of model: each knob a key of the profile's [model], with its range.

Only what the model is, never what it is asked: another label or horizon has another score, and scores of different questions can't be
compared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from tradebot.core.domain.faults import OperatorFault

if TYPE_CHECKING:
    import optuna

Value = int | float


@dataclass(frozen=True, slots=True)
class Knob:
    """A key (`trees`, `network.width`) and its range; `choices` in place of a range; `log` draws orders of magnitude evenly."""

    key: str
    low: float = 0.0
    high: float = 0.0
    whole: bool = True
    log: bool = False
    choices: tuple[int, ...] = ()

    def around(self, value: Value) -> Knob:
        """The same knob, wide enough for a value."""
        if self.choices:
            return self if value in self.choices else replace(self, choices=tuple(sorted({*self.choices, int(value)})))
        return replace(self, low=min(self.low, value), high=max(self.high, value))

    def drawn(self, trial: optuna.Trial) -> Value:
        if self.choices:
            return int(trial.suggest_categorical(self.key, self.choices))
        if self.whole:
            return trial.suggest_int(self.key, int(self.low), int(self.high), log=self.log)
        return trial.suggest_float(self.key, self.low, self.high, log=self.log)


_FOREST: Final = (Knob("trees", 50, 600), Knob("depth", 2, 16), Knob("min_leaf", 5, 500, log=True))
_BOOSTED: Final = (
    Knob("trees", 20, 600, log=True),
    Knob("depth", 2, 8),
    Knob("min_leaf", 5, 500, log=True),
    Knob("learning_rate", 0.01, 0.3, whole=False, log=True),
)
_NETWORK: Final = (
    Knob("network.width", choices=(16, 32, 64, 128)),
    Knob("network.layers", 1, 3),
    Knob("network.dropout", 0.0, 0.5, whole=False),
    Knob("network.learning_rate", 1e-4, 1e-2, whole=False, log=True),
    Knob("network.weight_decay", 1e-6, 1e-2, whole=False, log=True),
)

SPACES: Final[Mapping[str, tuple[Knob, ...]]] = MappingProxyType(
    {
        "random_forest": _FOREST,
        "gradient_boosting": _BOOSTED,
        "xgboost": _BOOSTED,
        "xgboost_regression": _BOOSTED,
        "dollar_profit": _BOOSTED,
        "lstm": _NETWORK,
        "attention": _NETWORK,
        "ensemble": _BOOSTED,
        "meta_selector": (Knob("trees", 50, 400), Knob("depth", 2, 16), Knob("min_leaf", 2, 200, log=True)),
    }
)


def space_of(kind: str, value_of: Callable[[str], Value]) -> tuple[Knob, ...]:
    """The knobs of a kind, each wide enough for the profile's own value. Raises OperatorFault for a kind that isn't searched."""
    if kind not in SPACES:
        raise OperatorFault(f'a model of kind "{kind}" isn\'t searched (kinds: {", ".join(SPACES)})')
    return tuple(knob.around(value_of(knob.key)) for knob in SPACES[kind])


def turned(config: Any, values: Mapping[str, Value]) -> Any:
    """A frozen config with some of its keys at other values; `network.width` reaches into the part of that name."""
    flat = {key: value for key, value in values.items() if "." not in key}
    parts: dict[str, dict[str, Value]] = {}
    for key, value in values.items():
        part, dot, name = key.partition(".")
        if dot:
            parts.setdefault(part, {})[name] = value
    return replace(config, **flat, **{part: replace(getattr(config, part), **inside) for part, inside in parts.items()})


def value_in(config: Any, key: str) -> Value:
    """What a config says of a key."""
    found = config
    for name in key.split("."):
        found = getattr(found, name)
    value: Value = found
    return value


def as_toml(values: Mapping[str, Value]) -> str:
    """Lines to paste into a profile, [model] first."""
    lines = ["[model]", *(f"{key} = {_plain(value)}" for key, value in values.items() if "." not in key)]
    for part in dict.fromkeys(key.partition(".")[0] for key in values if "." in key):
        lines += ["", f"[model.{part}]"]
        lines += [f"{key.partition('.')[2]} = {_plain(value)}" for key, value in values.items() if key.startswith(f"{part}.")]
    return "\n".join(lines)


def _plain(value: Value) -> str:
    """TOML wants a point in a float: 1e-05 is one, 1 is none."""
    return str(value) if isinstance(value, int) else repr(float(value))
