"""Two models of a profile over the same bars, by what the profile's kind is measured in."""

from __future__ import annotations

from tradebot.app.learn import regimes_config, selector_rows
from tradebot.app.shelf import load, models_of
from tradebot.core.domain.bars import MarketGrid
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.features.catalogue import scan_features
from tradebot.learning.dataset import Dataset, build_dataset
from tradebot.learning.promotion.contests import Contender, classifier_contest, regime_contest, rows_at, selector_contest
from tradebot.learning.promotion.gate import Contest
from tradebot.learning.regimes.training import RegimeColumns
from tradebot.learning.selector.dataset import SelectorDataset
from tradebot.serving.manifest import read_manifest
from tradebot.serving.store import current_model
from tradebot.settings import Settings


def incumbent_of(settings: Settings) -> Contender | str:
    """The model that trades, or why there is none to compare with."""
    try:
        folder = current_model(settings.models_dir, models_of(settings))
        if folder is None:
            return "no model traded before"
        return Contender(load(folder), read_manifest(folder).test.first_ns)
    except OperatorFault as fault:
        return f"the model that traded can't be served ({fault})"


def contest_between(
    settings: Settings,
    grid: MarketGrid,
    candidate: Contender,
    incumbent: Contender | str,
    rows: Dataset | SelectorDataset | None = None,
) -> Contest:
    """What both come to on the grid's rows that neither has learned from. `rows` are the grid's, where they are there already."""
    match settings.model.kind:
        case "regimes":
            config = regimes_config(settings)
            values, ready = scan_features(grid, config.features)
            columns = RegimeColumns(grid.minute_ns, grid.session_of, values, ready & grid.present)
            return regime_contest(columns, config, candidate, incumbent)
        case "meta_selector":
            hours = rows if isinstance(rows, SelectorDataset) else selector_rows(settings, grid, candidate.model.features)
            return selector_contest(hours, candidate, incumbent, lambda features: selector_rows(settings, grid, features))
        case _:
            minutes = rows if isinstance(rows, Dataset) else build_dataset(grid, settings.training, settings.round_trip)
            return classifier_contest(
                minutes, candidate, incumbent, lambda features: rows_at(grid, minutes.minute_ns, minutes.symbol_of, features),
                settings.entry.confidence_min,
            )  # fmt: skip
