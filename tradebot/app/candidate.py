"""A training held to account: learn, ring the leak alarms, compare with the model that trades, save, and promote only past the gate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tradebot.app.contest import contest_between, incumbent_of
from tradebot.app.learn import (
    Say,
    learn_institutional,
    learn_regimes,
    no_dataset,
    playbook_of,
    selector_config,
    selector_rows,
    train_on_hours,
)
from tradebot.core.domain.bars import MarketGrid
from tradebot.core.features.catalogue import schema_hash
from tradebot.core.features.sets import feature_names
from tradebot.core.regime.learned import LEARNED_LABELS
from tradebot.learning.alarms.alarm import Alarm
from tradebot.learning.alarms.regimes import run_regime_alarms
from tradebot.learning.alarms.run import run_alarms
from tradebot.learning.alarms.selector import run_selector_alarms
from tradebot.learning.dataset import build_dataset, write_dataset
from tradebot.learning.institutional.alarms import specialist_alarms
from tradebot.learning.promotion.contests import Contender
from tradebot.learning.promotion.gate import Contest, Verdict, judge
from tradebot.learning.regimes.registry import save_regimes
from tradebot.learning.registry import Findings, save
from tradebot.learning.training import TRAINERS, fit_dataset
from tradebot.serving.artefacts.artefact import Artefact
from tradebot.serving.artefacts.forest import ForestArtefact
from tradebot.serving.manifest import AlarmRow, GateRow
from tradebot.serving.model import StoredModel
from tradebot.serving.regime_store import RegimeModel
from tradebot.serving.store import promote
from tradebot.settings import Settings


@dataclass(frozen=True, slots=True)
class Registered:
    """A new version, the leak alarms of its training, and whether it trades now and why."""

    folder: Path
    alarms: tuple[Alarm, ...]
    verdict: Verdict


def register(settings: Settings, grid: MarketGrid, dataset: Path | None, say: Say) -> Registered:
    """Train what the profile names, save it as a new version, and make it the one that trades if the gate lets it pass.

    The version says in its manifest what the alarms and the gate said. Raises OperatorFault for what can't be learned from.
    """
    match settings.model.kind:
        case "regimes":
            return _register_regimes(settings, grid, dataset, say)
        case "meta_selector":
            return _register_selector(settings, grid, dataset, say)
        case "institutional":
            return _register_institutional(settings, grid, dataset, say)
        case _:
            return _register_classifier(settings, grid, dataset, say)


def _register_classifier(settings: Settings, grid: MarketGrid, dataset: Path | None, say: Say) -> Registered:
    config = settings.training
    rows = build_dataset(grid, config, settings.round_trip)
    if dataset is not None:
        write_dataset(rows, dataset)
    trained = fit_dataset(rows, config, settings.round_trip, say)
    trainer, predict = TRAINERS[config.kind], trained.artefact.predictor()
    alarms = run_alarms(rows, grid, config, settings.round_trip, trainer, predict=predict, say=say)
    model = _stored(trained.features, trained.artefact, rows.classes)
    contest = contest_between(settings, grid, Contender(model, trained.test.first_ns), incumbent_of(settings), rows)
    return _settled(settings, contest, alarms, say, lambda found: save(trained, settings.models_dir, settings.profile, findings=found))


def _register_institutional(settings: Settings, grid: MarketGrid, dataset: Path | None, say: Say) -> Registered:
    trained = learn_institutional(settings, grid, dataset, say)
    alarms = specialist_alarms(grid, settings.training, settings.round_trip, say)
    model = _stored(trained.features, trained.artefact, ())
    contest = contest_between(settings, grid, Contender(model, trained.test.first_ns), incumbent_of(settings))
    return _settled(settings, contest, alarms, say, lambda found: save(trained, settings.models_dir, settings.profile, findings=found))


def _register_selector(settings: Settings, grid: MarketGrid, dataset: Path | None, say: Say) -> Registered:
    no_dataset(settings, dataset)
    rows = selector_rows(settings, grid, feature_names(settings.model.features))
    trained = train_on_hours(settings, rows, say)
    predict = trained.artefact.predictor()
    alarms = run_selector_alarms(rows, grid, playbook_of(settings), selector_config(settings), predict=predict, say=say)
    model = _stored(trained.features, trained.artefact, trained.classes)
    contest = contest_between(settings, grid, Contender(model, trained.test.first_ns), incumbent_of(settings), rows)
    return _settled(settings, contest, alarms, say, lambda found: save(trained, settings.models_dir, settings.profile, findings=found))


def _register_regimes(settings: Settings, grid: MarketGrid, dataset: Path | None, say: Say) -> Registered:
    trained = learn_regimes(settings, grid, dataset, say)
    artefact = ForestArtefact(trained.forest)
    alarms = run_regime_alarms(grid, trained.config, predict=artefact.predictor(), say=say)
    forecast = _stored(trained.config.features, artefact, LEARNED_LABELS)
    model = RegimeModel(trained.clusters, trained.hmm, forecast)
    contest = contest_between(settings, grid, Contender(model, trained.test.first_ns), incumbent_of(settings))
    return _settled(
        settings, contest, alarms, say, lambda found: save_regimes(trained, settings.models_dir, settings.profile, findings=found)
    )


def _stored(features: tuple[str, ...], artefact: Artefact, classes: tuple[str, ...]) -> StoredModel:
    """The model as it will serve, before it has a name."""
    return StoredModel("the new version", features, schema_hash(features), artefact, classes=classes)


def _settled(settings: Settings, contest: Contest, alarms: Sequence[Alarm], say: Say, keep: Callable[[Findings], Path]) -> Registered:
    """Judge, save with what was found, and promote what passed."""
    verdict = judge(contest, [alarm.sentence for alarm in alarms if alarm.rang], settings.promotion)
    say(f"{'promoted' if verdict.promote else 'kept out'}: {verdict.reason}")
    rows = tuple(AlarmRow(**asdict(alarm)) for alarm in alarms)
    folder = keep(Findings(rows, GateRow(verdict.promote, verdict.reason, verdict.figures)))
    if verdict.promote:
        promote(folder, verdict.reason, "gate")
    return Registered(folder, tuple(alarms), verdict)
