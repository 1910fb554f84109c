"""What may be wrong between a profile's kind of model, its label and its features."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tradebot.learning.kinds import ANSWERS, LEARNS, MEMBERS, MOVES
from tradebot.settings.sections import Settings

Contradiction = Callable[[Settings], str | None]
_INSTITUTIONAL: Final = ("institutional", "forward_return")  # features and label


def _wrong_label(settings: Settings) -> str | None:
    kind, label = settings.model.kind, settings.model.label
    if kind not in LEARNS:
        return None
    answer, learns = ANSWERS.get(label), LEARNS[kind]
    if answer is None:
        return f'model.label "{label}" is for a meta_selector'
    if answer not in learns:
        fitting = ", ".join(name for name, what in ANSWERS.items() if what in learns)
        return f'model.label "{label}" is not for model.kind "{kind}" (labels: {fitting})'
    if answer == "classes":
        return f'model.label "{label}" tells classes apart, and a profile trades on one number: it is for the specialists of institutional'
    if "dollar_profit" in (kind, *settings.model.members) and label not in MOVES:
        return f'model.label "{label}" is no move that dollar_profit could earn (labels: {", ".join(sorted(MOVES))})'
    return None


def _wrong_members(settings: Settings) -> str | None:
    kind, members, label = settings.model.kind, settings.model.members, settings.model.label
    if kind != "ensemble":
        return f'model.members are for model.kind "ensemble", and this is "{kind}"' if members else None
    strange = next((name for name in members if name not in MEMBERS), None)
    if strange is not None:
        return f'model.members: "{strange}" can\'t be a member (members: {", ".join(sorted(MEMBERS))})'
    if len(members) < 2 or len(set(members)) != len(members):
        return "model.members: an ensemble has at least two kinds, each once"
    unfit = next((name for name in members if ANSWERS.get(label) not in LEARNS[name]), None)
    return None if unfit is None else f'model.members: "{unfit}" doesn\'t learn the label "{label}"'


def _wrong_specialists(settings: Settings) -> str | None:
    model = settings.model
    if model.kind != "institutional" or (model.features, model.label) == _INSTITUTIONAL:
        return None
    return 'model.kind "institutional" needs model.features = "{}" and model.label = "{}"'.format(*_INSTITUTIONAL)


def _nothing_to_calibrate(settings: Settings) -> str | None:
    model = settings.model
    if model.calibration == "none" or model.kind not in LEARNS:
        return None
    if ANSWERS.get(model.label) != "probability":
        return f'model.calibration "{model.calibration}" is for labels of yes and no, and "{model.label}" is none'
    return None if model.watch_fraction else "model.calibration needs rows to be fitted on: model.watch_fraction is 0"


MODEL_CONTRADICTIONS: Final[tuple[tuple[str, Contradiction], ...]] = (
    ("model.label", _wrong_label),
    ("model.members", _wrong_members),
    ("model.kind", _wrong_specialists),
    ("model.calibration", _nothing_to_calibrate),
)
