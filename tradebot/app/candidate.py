"""A training held to account: learn, ring the leak alarms, compare with the model that trades, save, and promote only past the gate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tradebot.app.learn import Say, learn_regimes, no_dataset, selector_rows, train_on_hours
from tradebot.app.shelf import load, models_of
from tradebot.core.domain.bars import MarketGrid
from tradebot.core.domain.faults import OperatorFault
from tradebot.core.features.catalogue import scan_features
from tradebot.core.features.sets import feature_names
from tradebot.learning.alarms.alarm import Alarm, AlarmConfig
from tradebot.learning.alarms.run import run_alarms
from tradebot.learning.alarms.truncation import future_shift
from tradebot.learning.dataset import build_dataset, write_dataset
from tradebot.learning.promotion.contests import Incumbent, Regimes, classifier_contest, regime_contest, rows_at, selector_contest
from tradebot.learning.promotion.gate import Contest, Verdict, judge
from tradebot.learning.regimes.registry import save_regimes
from tradebot.learning.regimes.training import RegimeColumns
from tradebot.learning.registry import Findings, save
from tradebot.learning.training import TRAINERS, fit_dataset
from tradebot.serving.artefacts.forest import ForestArtefact
from tradebot.serving.manifest import AlarmRow, GateRow, read_manifest
from tradebot.serving.regime_store import RegimeModel
from tradebot.serving.store import current_model, promote
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
        case _:
            return _register_classifier(settings, grid, dataset, say)


def incumbent_of(settings: Settings) -> tuple[Path, Incumbent] | str:
    """The version that trades and its model, or why there is none to compare with."""
    try:
        folder = current_model(settings.models_dir, models_of(settings))
        if folder is None:
            return "no model traded before"
        return folder, Incumbent(load(folder), read_manifest(folder).test.first_ns)
    except OperatorFault as fault:
        return f"the model that traded can't be served ({fault})"


def _register_classifier(settings: Settings, grid: MarketGrid, dataset: Path | None, say: Say) -> Registered:
    config = settings.training
    rows = build_dataset(grid, config, settings.round_trip)
    if dataset is not None:
        write_dataset(rows, dataset)
    trained = fit_dataset(rows, config, settings.round_trip, say)
    predict = trained.artefact.predictor()
    alarms = run_alarms(rows, grid, config, settings.round_trip, TRAINERS[config.kind], predict=predict, say=say)
    incumbent = incumbent_of(settings)
    contest = classifier_contest(
        rows, predict, trained.test.first_ns, incumbent if isinstance(incumbent, str) else incumbent[1],
        lambda features: rows_at(grid, rows.minute_ns, rows.symbol_of, features), settings.entry.confidence_min,
    )  # fmt: skip
    findings, verdict = _heard(settings, contest, alarms, say)
    folder = save(trained, settings.models_dir, settings.profile, findings=findings)
    return _registered(folder, alarms, verdict)


def _register_selector(settings: Settings, grid: MarketGrid, dataset: Path | None, say: Say) -> Registered:
    no_dataset(settings, dataset)
    rows = selector_rows(settings, grid, feature_names(settings.model.features))
    trained = train_on_hours(settings, rows, say)
    alarms = (future_shift(rows, grid, lambda part: scan_features(part, rows.features)[0], AlarmConfig()),)
    incumbent = incumbent_of(settings)
    contest = selector_contest(
        rows, trained.artefact.predictor(), trained.test.first_ns, incumbent if isinstance(incumbent, str) else incumbent[1],
        lambda features: selector_rows(settings, grid, features),
    )  # fmt: skip
    findings, verdict = _heard(settings, contest, alarms, say)
    folder = save(trained, settings.models_dir, settings.profile, findings=findings)
    return _registered(folder, alarms, verdict)


def _register_regimes(settings: Settings, grid: MarketGrid, dataset: Path | None, say: Say) -> Registered:
    trained = learn_regimes(settings, grid, dataset, say)
    config = trained.config
    values, ready = scan_features(grid, config.features)
    columns = RegimeColumns(grid.minute_ns, grid.session_of, values, ready & grid.present)
    candidate = Regimes(trained.clusters, ForestArtefact(trained.forest).predictor(), trained.test.first_ns)
    old, why, name = None, "", ""
    match incumbent_of(settings):
        case (_, Incumbent(RegimeModel() as model, unseen_from_ns)) if model.features == config.features:
            old, name = Regimes(model.clusters, model.predict, unseen_from_ns), model.model_id
        case (_, Incumbent(model, _)):
            why = f"{model.model_id} reads other columns"
        case str(why):
            pass
    contest = regime_contest(columns, config, candidate, old, why, name)
    findings, verdict = _heard(settings, contest, (), say)
    folder = save_regimes(trained, settings.models_dir, settings.profile, findings=findings)
    return _registered(folder, (), verdict)


def _heard(settings: Settings, contest: Contest, alarms: Sequence[Alarm], say: Say) -> tuple[Findings, Verdict]:
    verdict = judge(contest, [alarm.sentence for alarm in alarms if alarm.rang], settings.promotion)
    say(f"{'promoted' if verdict.promote else 'kept out'}: {verdict.reason}")
    rows = tuple(AlarmRow(**asdict(alarm)) for alarm in alarms)
    return Findings(rows, GateRow(verdict.promote, verdict.reason, verdict.figures)), verdict


def _registered(folder: Path, alarms: Sequence[Alarm], verdict: Verdict) -> Registered:
    if verdict.promote:
        promote(folder, verdict.reason, "gate")
    return Registered(folder, tuple(alarms), verdict)
