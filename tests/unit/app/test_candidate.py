"""A training held to account: the first trades, an equal one doesn't, a better one does; what was found stands in the manifest."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from tests.unit.learning.market import market
from tests.unit.serving.tamper import resign
from tradebot.app import candidate
from tradebot.app.candidate import register
from tradebot.app.shelf import Shelf
from tradebot.core.domain.faults import OperatorFault
from tradebot.learning.alarms.alarm import Alarm
from tradebot.learning.dataset import build_dataset
from tradebot.learning.registry import save
from tradebot.learning.training import Trained, fit_dataset
from tradebot.serving.artefacts.forest import ForestArtefact
from tradebot.serving.manifest import read_manifest
from tradebot.serving.promotions import history
from tradebot.serving.store import current_model, promote, versions
from tradebot.settings import Settings, load_settings

GRID = market(count=8)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    asked = {"MODELS_DIR": str(tmp_path / "models"), "MODEL__TREES": "12", "MODEL__DEPTH": "4", "COSTS__HALF_SPREAD_BPS": "0"}
    asked |= {
        "COSTS__HALF_SPREAD_USD_MIN": "0",
        "COSTS__ZERO": "true",
        "MODEL__JOBS": "1",
        "MODEL__TEST_FRACTION": "0.4",
        "PROMOTION__CONFIDENCE": "0.6",
    }
    asked |= {
        "COSTS__SEC_FEE_USD_PER_MILLION": "0",
        "COSTS__TAF_USD_PER_SHARE": "0",
        "COSTS__IMPACT_Y": "0",
        "COSTS__BORROW_BPS_PER_YEAR": "0",
    }
    return load_settings("demo", {f"TRADEBOT__{name}": value for name, value in asked.items()})


def silent(_: str) -> None:
    pass


def contrary(settings: Settings) -> Path:
    """A version that says the opposite of what was learned, and trades."""
    trained: Trained = fit_dataset(
        build_dataset(GRID, settings.training, settings.round_trip), settings.training, settings.round_trip, silent
    )
    assert isinstance(trained.artefact, ForestArtefact)
    forest = trained.artefact.forest
    turned = dataclasses.replace(forest, value=np.where(forest.left < 0, 1.0 - forest.value, 0.0))
    folder = save(dataclasses.replace(trained, artefact=ForestArtefact(turned)), settings.models_dir, "demo")
    promote(folder, "a bad joke", "forced")
    return folder


def test_the_first_trades_and_its_equal_does_not(settings: Settings, tmp_path: Path) -> None:
    lines: list[str] = []
    first = register(settings, GRID, tmp_path / "rows", lines.append)
    assert first.verdict.promote
    assert first.verdict.reason.startswith("no model traded before: flat is the incumbent")
    assert current_model(settings.models_dir, "demo") == first.folder
    manifest = read_manifest(first.folder)
    assert manifest.gate is not None
    assert (manifest.gate.promote, manifest.gate.reason) == (True, first.verdict.reason)
    assert [a.name for a in manifest.alarms] == [a.name for a in first.alarms]
    assert {"future_shift", "label_shuffle", "noise_feature"} <= {a.name for a in manifest.alarms}
    assert not any(alarm.rang for alarm in first.alarms)
    assert (tmp_path / "rows" / "dataset.parquet").is_file()
    assert any("promoted: no model traded before" in line for line in lines)

    second = register(settings, GRID, None, silent)
    assert not second.verdict.promote
    assert second.verdict.figures["incumbent_net_per_session"] == second.verdict.figures["candidate_net_per_session"]
    assert current_model(settings.models_dir, "demo") == first.folder
    assert versions(settings.models_dir, "demo") == [first.folder, second.folder]
    assert [(row.version, row.how) for row in history(settings.models_dir / "demo")] == [(first.folder.name, "gate")]


def test_a_better_one_replaces_the_one_that_trades(settings: Settings) -> None:
    bad = contrary(settings)
    better = register(settings, GRID, None, silent)
    assert better.verdict.promote, better.verdict.reason
    assert better.verdict.reason.startswith("better: ")
    assert better.verdict.figures["incumbent"] == f"demo/{bad.name}"
    assert current_model(settings.models_dir, "demo") == better.folder
    assert history(settings.models_dir / "demo")[-1].previous == bad.name


def test_an_incumbent_that_cannot_be_served_is_none(settings: Settings) -> None:
    bad = contrary(settings)
    resign(bad, format=1)
    found = register(settings, GRID, None, silent)
    assert found.verdict.promote
    assert "the model that traded can't be served" in found.verdict.reason
    assert "manifest format 1 is not 2" in found.verdict.reason


def test_an_alarm_keeps_the_first_one_out_and_the_version_is_there_to_look_at(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    rang = Alarm("future_shift", True, 3.0, 0.0, "3 values change with later bars")
    monkeypatch.setattr(candidate, "run_alarms", lambda *_, **__: (rang,))
    found = register(settings, GRID, None, silent)
    assert (found.verdict.promote, found.verdict.reason) == (False, "leak alarm: 3 values change with later bars")
    assert current_model(settings.models_dir, "demo") is None
    assert read_manifest(found.folder).alarms[0].rang


def test_a_training_that_fails_leaves_everything_as_it_was(settings: Settings) -> None:
    first = contrary(settings)
    too_few = dataclasses.replace(settings, model=dataclasses.replace(settings.model, rows_min=10**6))
    with pytest.raises(OperatorFault, match="rows are too few"):
        register(too_few, GRID, None, silent)
    assert versions(settings.models_dir, "demo") == [first]
    assert current_model(settings.models_dir, "demo") == first


def test_a_daemon_is_told_why_no_model_trades(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OperatorFault, match="demo has no model yet; make one with: tradebot train --profile demo"):
        Shelf(settings.models_dir).current(settings)
    monkeypatch.setattr(candidate, "run_alarms", lambda *_, **__: (Alarm("noise_feature", True, 1.0, 0.5, "noise ranks high"),))
    newest = register(settings, GRID, None, silent).folder.name
    with pytest.raises(OperatorFault, match=rf"no version of demo was promoted, the newest is {newest} \(leak alarm: noise ranks high\)"):
        Shelf(settings.models_dir).current(settings)
