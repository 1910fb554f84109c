"""The file of learned regimes beside the forest's: clusters and a hidden Markov model as arrays in safetensors.

The folder is a model folder like any other (manifest with hashes, `forest.safetensors` = the next hour's regime), so it is promoted and
found by `serving.store` under the profile "<profile>/regimes".
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tradebot.core.domain.faults import OperatorFault
from tradebot.core.forecast.model import Answer
from tradebot.core.regime.hmm import Hmm, new_beliefs, step_beliefs
from tradebot.core.regime.learned import LEARNED_LABELS, Clusters, cluster_labels
from tradebot.serving.manifest import read_manifest
from tradebot.serving.model import StoredModel
from tradebot.serving.store import load_model

FILE: Final = "regimes.safetensors"
FOLDER: Final = "regimes"
KIND: Final = "regimes"
"""What a manifest says of such a folder."""
_CLUSTERS: Final[dict[str, type[np.generic]]] = {"mean": np.float64, "scale": np.float64, "centroids": np.float64, "label": np.int8}
_HMM: Final[dict[str, type[np.generic]]] = {"start": np.float64, "transition": np.float64, "mean": np.float64, "std": np.float64}


@dataclass(frozen=True, slots=True)
class RegimeModel:
    """Clusters and a filtered HMM label the bar that is there; `forecast` (core.regime.learned.RegimeForecast) the hour that comes.

    It is a `core.opinions.regimes.RegimeModel`: as a model it is its forecast.
    """

    clusters: Clusters
    hmm: Hmm
    forecast: StoredModel

    @property
    def model_id(self) -> str:
        return self.forecast.model_id

    @property
    def features(self) -> tuple[str, ...]:
        return self.forecast.features

    @property
    def schema_hash(self) -> str:
        return self.forecast.schema_hash

    @property
    def answer(self) -> Answer:
        return self.forecast.answer

    @property
    def classes(self) -> tuple[str, ...]:
        return self.forecast.classes

    @property
    def manifest_sha256(self) -> str:
        return self.forecast.manifest_sha256

    def predict(self, rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Probability of each regime in the next hour, (N, C); NaN for a row that is not finite."""
        return self.forecast.predict(rows)


def load_regimes(folder: Path) -> RegimeModel:
    """The regime models of a folder, ready to serve (their loops are compiled). Raises OperatorFault unless everything matches."""
    forecast = load_model(folder)  # the manifest's own hash, every file's, and the features
    if FILE not in read_manifest(folder).files:
        raise OperatorFault(f"{folder}: the manifest names no {FILE}: this is no regime model")
    clusters, hmm = read_regimes(folder / FILE)
    foreign = [name for name in clusters.inputs + hmm.inputs if name not in forecast.features]
    if foreign or forecast.classes != LEARNED_LABELS:
        raise OperatorFault(f"{folder}: the regimes and the manifest don't belong together: train again")
    cluster_labels(clusters, np.zeros((1, len(clusters.inputs))))
    step_beliefs(hmm, new_beliefs(1, hmm), np.zeros((1, len(hmm.inputs))))
    return RegimeModel(clusters, hmm, forecast)


def write_regimes(path: Path, clusters: Clusters, hmm: Hmm) -> None:
    """Write the arrays; the names of columns and states go into the file's metadata."""
    from safetensors.numpy import save_file

    arrays = {f"clusters.{name}": np.ascontiguousarray(getattr(clusters, name), kind) for name, kind in _CLUSTERS.items()}
    arrays |= {f"hmm.{name}": np.ascontiguousarray(getattr(hmm, name), kind) for name, kind in _HMM.items()}
    names = {"clusters.inputs": clusters.inputs, "hmm.inputs": hmm.inputs, "hmm.labels": hmm.labels}
    save_file(arrays, path, metadata={"names": json.dumps(names)})  # one key: the library writes several in any order


def read_regimes(path: Path) -> tuple[Clusters, Hmm]:
    """What `write_regimes` wrote, checked. Raises OperatorFault."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        data = path.read_bytes()
        arrays = load(data)
        said = json.loads(json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]["names"])
        clusters = Clusters(_names(said, "clusters.inputs"), **{n: _array(arrays, f"clusters.{n}", k) for n, k in _CLUSTERS.items()})
        hmm = Hmm(_names(said, "hmm.inputs"), _names(said, "hmm.labels"), **{n: _array(arrays, f"hmm.{n}", k) for n, k in _HMM.items()})
    except FileNotFoundError:
        raise OperatorFault(f"{path}: the model's file is missing") from None
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise OperatorFault(f"{path}: these are no regimes of ours ({error})") from error
    return clusters, hmm


def _names(said: dict[str, Any], key: str) -> tuple[str, ...]:
    names = said[key]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError(f"{key} is no list of names")
    return tuple(names)


def _array(arrays: dict[str, npt.NDArray[Any]], name: str, kind: type[np.generic]) -> npt.NDArray[Any]:
    array = arrays[name]
    if array.dtype != kind:
        raise ValueError(f"{name} is {array.dtype}")
    return array
