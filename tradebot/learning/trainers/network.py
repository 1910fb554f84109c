"""LSTM and multi-head attention over several timeframes, trained with PyTorch and served without it.

The label says what the score is for: yes or no, a number, or with label dollar_profit the position that earns the most after cost.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from tradebot.core.domain.bars import Float
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.features.sets import feature_names
from tradebot.learning.config import TrainingConfig
from tradebot.learning.trainers.network_rows import order_of, reading_of
from tradebot.learning.trainers.trainer import Fitted, Rows
from tradebot.serving.artefacts.network import NetworkArtefact, Reading, answers
from tradebot.serving.networks.architecture import Architecture, Kind
from tradebot.serving.networks.reading import standardised

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradebot.learning.trainers.network_objectives import Purpose
    from tradebot.learning.trainers.network_training import Lesson

TOLERANCE: Final = 1e-4
"""How far the compiled loops may be from PyTorch in double precision. They are within 1e-6, and within 1e-5 where a network has learned
scores so steep that PyTorch's own single precision is further off; more than this is a fault."""


def fit_lstm(train: Rows, watch: Rows, config: TrainingConfig, say: Callable[[str], None]) -> Fitted:
    """An LSTM for each timeframe. Raises OperatorFault as `_fit` does."""
    return _fit("lstm", train, watch, config, say)


def fit_attention(train: Rows, watch: Rows, config: TrainingConfig, say: Callable[[str], None]) -> Fitted:
    """Self-attention within each timeframe, and attention among them. Raises OperatorFault as `_fit` does."""
    return _fit("attention", train, watch, config, say)


def _fit(kind: Kind, train: Rows, watch: Rows, config: TrainingConfig, say: Callable[[str], None]) -> Fitted:
    """Raises OperatorFault without sequences, for sizes that don't fit, numbers that are not finite, and a loss that diverges."""
    purpose = _purpose(kind, train, config)
    order = order_of(feature_names(config.features), kind, train.values.shape[1])
    if not (np.isfinite(train.values).all() and np.isfinite(train.target).all()):
        raise OperatorFault(f"the {kind} network can't learn from a number that is not finite")
    sizes = config.network
    try:
        architecture = Architecture(kind, order.sequences, order.statics, sizes.width, sizes.layers, sizes.heads, 1)
    except ValueError as error:
        raise OperatorFault(f"model.network: {error}") from error
    say(f"{kind}: {len(train)} rows of {len(order.sequences)} sequences and {order.statics} plain columns; loading PyTorch")
    from tradebot.learning.trainers import network_training
    from tradebot.learning.trainers.network_objectives import LOSSES

    reading = reading_of(train.values, order)
    centre = float(np.average(train.target, weights=train.weight)) if purpose == "number" else 0.0
    unit = float(train.target.std()) if purpose != "probability" else 1.0
    module = network_training.train_network(
        architecture,
        _lesson(train, reading, centre, unit),
        _lesson(watch, reading, centre, unit),
        LOSSES[purpose],
        sizes,
        config.seed,
        network_training.torch_device(config.device),
        say,
    )
    arrays = {name: tensor.numpy().copy() for name, tensor in module.state_dict().items()}
    exact = module.double()
    shift = centre / unit
    artefact = NetworkArtefact(architecture, arrays, reading, "probability" if purpose == "probability" else "position", shift)

    def reference(rows: Float) -> Float:
        inputs = standardised(rows, reading.columns, reading.mean, reading.scale)
        return answers(network_training.scores(exact, inputs), artefact.answer, shift)

    raw = artefact.scorer()
    return Fitted(artefact, reference, TOLERANCE, (lambda rows: unit * (raw(rows)[:, 0] + shift)) if purpose == "number" else None)


def _purpose(kind: Kind, train: Rows, config: TrainingConfig) -> Purpose:
    if train.classes:
        raise OperatorFault(f"a model of kind {kind} learns yes or no, a number or dollar profit, and label {config.label} has classes")
    if config.label == "dollar_profit":
        assert train.cost is not None, "the dollar-profit objective needs each row's cost"
        return "profit"
    return "probability" if np.isin(train.target, (0.0, 1.0)).all() else "number"


def _lesson(rows: Rows, reading: Reading, centre: float, unit: float) -> Lesson:
    from tradebot.learning.trainers.network_training import Lesson

    inputs = standardised(rows.values, reading.columns, reading.mean, reading.scale)
    cost = np.zeros(len(rows)) if rows.cost is None else rows.cost / unit
    return Lesson(inputs, (rows.target - centre) / unit, cost, rows.weight)
