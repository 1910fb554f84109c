"""Models that the engine may serve, loaded and verified before they are asked for."""

from __future__ import annotations

from pathlib import Path

from tradebot.core.domain.faults import OperatorFault
from tradebot.serving.forest import ForestModel
from tradebot.serving.store import current_model, load_model


class Shelf(dict[str, ForestModel]):
    """By model id (`profile/version`). The engine reads it; only the shell fills it."""

    def __init__(self, models_dir: Path) -> None:
        super().__init__()
        self._models_dir = models_dir

    def put(self, folder: Path) -> ForestModel:
        """Load a version and keep it. Raises OperatorFault when it doesn't prove itself."""
        model = load_model(folder)
        self[model.model_id] = model
        return model

    def fetch(self, model_id: str) -> ForestModel:
        """The model of an id, from the shelf or from its folder."""
        return self[model_id] if model_id in self else self.put(self._models_dir / model_id)

    def current(self, profile: str) -> ForestModel:
        """The version that trades. Raises OperatorFault when none was trained yet."""
        folder = current_model(self._models_dir, profile)
        if folder is None:
            raise OperatorFault(f"{profile} has no model yet; make one with: tradebot train --profile {profile}")
        return self.put(folder)
