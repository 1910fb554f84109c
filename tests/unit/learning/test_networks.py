"""Networks from bars to a promoted folder: trained, measured, written, read back and served as they were."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.unit.learning.market import market
from tradebot.core.features.lags import lag_name
from tradebot.learning.config import NetworkConfig, RoundTripCost, TrainingConfig
from tradebot.learning.dataset import build_dataset
from tradebot.learning.registry import save
from tradebot.learning.training import train
from tradebot.serving.manifest import file_sha256, read_manifest
from tradebot.serving.store import load_model

GRID = market()
LONGER = market(8, ("AAA",))
FEATURES = ("minutes_to_close", *(lag_name("1m", "ret", lag) for lag in range(5)), *(lag_name("5m", "range", lag) for lag in range(3)))
NETWORK = NetworkConfig(width=8, heads=2, dropout=0.1, epochs=4, batch_rows=128, learning_rate=0.01)
CONFIG = TrainingConfig(kind="lstm", features=FEATURES, label="forward_15m_beats_cost", network=NETWORK, trees=10, depth=3)


@pytest.mark.parametrize("kind", ["lstm", "attention"])
def test_what_a_walk_that_leans_on_its_last_move_tells(kind: Any) -> None:
    trained = train(GRID, replace(CONFIG, kind=kind))
    assert trained.metrics.roc_auc > 0.53  # type: ignore[union-attr]
    assert trained.artefact.runtime == "network"
    assert trained.test.rows == trained.metrics.rows


@pytest.mark.parametrize(
    ("kind", "label"), [("lstm", "dollar_profit"), ("ensemble", "dollar_profit"), ("ensemble", "forward_15m_beats_cost")]
)
def test_a_saved_network_answers_as_the_trained_one(tmp_path: Path, kind: Any, label: Any) -> None:
    tree = "dollar_profit" if label == "dollar_profit" else "xgboost"
    config = replace(CONFIG, kind=kind, label=label, members=(tree, "lstm", "attention"), network=replace(NETWORK, epochs=1))
    trained = train(LONGER, config)
    folder = save(trained, tmp_path, "nets")
    served = load_model(folder)
    rows = build_dataset(LONGER, config, RoundTripCost()).rows[:300]
    assert served.predict(rows).tobytes() == trained.artefact.predictor()(rows).tobytes()
    assert served.answer == ("position" if label == "dollar_profit" else "probability")
    one = np.concatenate([served.predict(rows[i : i + 1]) for i in range(20)])
    assert one.tobytes() == served.predict(rows[:20]).tobytes()
    files = read_manifest(folder).files
    assert {path.removeprefix("lstm/") for path in files if "network" in path and "attention" not in path} == {
        "network.json",
        "network.safetensors",
    }
    assert all(file_sha256(folder / name) == digest for name, digest in files.items())
