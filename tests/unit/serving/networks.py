"""Networks with random weights, and what PyTorch says of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tradebot.core.forecast.model import Answer
from tradebot.serving.artefacts.network import NetworkArtefact, Reading, answers
from tradebot.serving.networks.architecture import Architecture, Kind
from tradebot.serving.networks.reading import standardised

Float = npt.NDArray[np.float64]


def architecture(kind: Kind = "lstm", width: int = 8, layers: int = 1, heads: int = 2, statics: int = 3, outputs: int = 1) -> Architecture:
    return Architecture(kind, ((6, 3), (3, 2)), statics, width, layers, heads, outputs)


def artefact(sizes: Architecture, answer: Answer = "probability", seed: int = 0) -> NetworkArtefact:
    """Weights of all signs, norms that are not 1; it reads its columns in a shuffled order from rows with two more."""
    rng = np.random.default_rng(seed)
    arrays = {name: rng.normal(0.0, 0.4, shape).astype(np.float32) for name, shape in sizes.shapes().items()}
    columns = rng.permutation(sizes.inputs + 2)[: sizes.inputs]
    reading = Reading(sizes.inputs + 2, columns, rng.normal(size=sizes.inputs), rng.uniform(0.5, 2.0, sizes.inputs))
    return NetworkArtefact(sizes, arrays, reading, answer, 0.25 if answer == "position" else 0.0)


def rows_of(made: NetworkArtefact, count: int = 70, seed: int = 1) -> Float:
    return np.random.default_rng(seed).normal(0.0, 2.0, (count, made.inputs))


def torch_answers(made: NetworkArtefact, rows: Float) -> Float:
    import torch

    from tradebot.learning.trainers.network_modules import module_of

    module = module_of(made.architecture, 0.3)
    module.load_state_dict({name: torch.from_numpy(array) for name, array in made.arrays.items()})
    inputs = standardised(rows, made.reading.columns, made.reading.mean, made.reading.scale)
    with torch.no_grad():
        scores = module.eval()(torch.from_numpy(inputs)).numpy().astype(np.float64)
    return answers(scores, made.answer, made.shift)
