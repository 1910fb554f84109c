"""Models that the engine may serve, loaded and verified before they are asked for."""

from __future__ import annotations

from pathlib import Path

from tradebot.core.domain.faults import OperatorFault
from tradebot.serving.manifest import read_manifest
from tradebot.serving.model import StoredModel
from tradebot.serving.regime_store import FOLDER, KIND, RegimeModel, load_regimes
from tradebot.serving.store import current_model, latest_model, load_model
from tradebot.settings import Settings

Served = StoredModel | RegimeModel


class Shelf(dict[str, Served]):
    """By model id (`profile/version`, `profile/regimes/version`). The engine reads it; only the shell fills it."""

    def __init__(self, models_dir: Path) -> None:
        super().__init__()
        self._models_dir = models_dir

    def put(self, folder: Path) -> Served:
        """Load a version and keep it. Raises OperatorFault when it doesn't prove itself."""
        model = load(folder)
        self[model.model_id] = model
        return model

    def fetch(self, model_id: str) -> Served:
        """The model of an id, from the shelf or from its folder."""
        return self[model_id] if model_id in self else self.put(self._models_dir / model_id)

    def current(self, settings: Settings) -> Served:
        """The version that trades. Raises OperatorFault when none was trained yet, or none was promoted."""
        folder = current_model(self._models_dir, models_of(settings))
        if folder is None:
            raise OperatorFault(_no_model(settings, latest_model(self._models_dir, models_of(settings))))
        return self.put(folder)


def _no_model(settings: Settings, newest: Path | None) -> str:
    profile = settings.profile
    if newest is None:
        return f"{profile} has no model yet; make one with: tradebot train --profile {profile}"
    gate = read_manifest(newest).gate
    why = f" ({gate.reason})" if gate is not None and not gate.promote else ""
    return f"no version of {profile} was promoted, the newest is {newest.name}{why}; see: tradebot models list --profile {profile}"


def load(folder: Path) -> Served:
    """The model of a folder, whatever its kind. Raises OperatorFault when it doesn't prove itself."""
    learned = folder.is_dir() and read_manifest(folder).kind == KIND
    return load_regimes(folder) if learned else load_model(folder)


def models_of(settings: Settings) -> str:
    """What a profile's versions are kept under: its name, for learned regimes a folder of theirs in it."""
    return f"{settings.profile}/{FOLDER}" if settings.model.kind == "regimes" else settings.profile
