"""`models mirror`: what manifests say, copied into MLflow for those who keep their experiments there. Nothing is ever read back."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from tradebot.app.models import all_versions, find_version, flat, home, plain
from tradebot.app.shelf import models_of
from tradebot.core.domain.faults import OperatorFault
from tradebot.serving.manifest import FILE, Manifest, read_manifest

_TEXT_MAX: Final = 500  # of a parameter's value in MLflow
_TAG: Final = "tradebot.manifest_sha256"


def mirror_models(profile: str, version: str, uri: str) -> list[dict[str, Any]]:
    """Log one version ("": all) as runs of the experiment `tradebot/<profile>`: parameters, metrics, the manifest as an artefact.

    A version that is there already, by its manifest's hash, is left alone. Raises OperatorFault without MLflow and where it doesn't answer.
    """
    if find_spec("mlflow") is None:
        raise OperatorFault("the mirror needs MLflow; install it with: pip install 'tradebot[mlflow]'")
    from mlflow.exceptions import MlflowException
    from mlflow.tracking import MlflowClient

    settings, folder = home(profile)
    paths = [find_version(settings, version)] if version else all_versions(settings, folder)
    try:
        client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        name = f"tradebot/{models_of(settings)}"
        known = client.get_experiment_by_name(name)
        experiment = known.experiment_id if known is not None else client.create_experiment(name, _artefacts(uri))
        rows = []
        for path in paths:
            manifest = read_manifest(path)
            there = client.search_runs(
                [experiment], f"tags.`{_TAG}` = '{manifest.sha256}' and attributes.status = 'FINISHED'", max_results=1
            )
            run = there[0].info.run_id if there else _log(client, experiment, manifest, str(path / FILE))
            rows.append({"version": path.name, "experiment": name, "run": run, "done": "was there" if there else "logged"})
    except (MlflowException, OSError) as error:
        words = str(error).splitlines() or [type(error).__name__]
        raise OperatorFault(f"MLflow at {uri} did not take the models ({words[0]})") from error
    return rows


def parameters(manifest: Manifest) -> dict[str, str]:
    """What a training was told, as MLflow's texts."""
    said: Mapping[str, Any] = {
        "kind": manifest.kind, "runtime": manifest.runtime, "answer": manifest.answer, "label": manifest.label, "seed": manifest.seed,
        "features": len(manifest.features), "schema_hash": manifest.schema_hash, "data_sha256": manifest.data_sha256,
        "train": plain(manifest.train), "test": plain(manifest.test), "code": plain(manifest.code),
        "label_parameters": manifest.label_parameters, "training": manifest.training, "libraries": manifest.libraries,
    }  # fmt: skip
    return {name: text[:_TEXT_MAX] for name, text in _texts(said).items()}


def figures(manifest: Manifest) -> dict[str, float]:
    """Every figure that there is: of the held-out rows, the gate and the alarms, by names that MLflow allows."""
    gate = flat(manifest.gate.figures, "gate.") if manifest.gate is not None else {}
    alarms = {f"alarm.{alarm.name}": alarm.figure for alarm in manifest.alarms}
    found = {**flat(manifest.metrics), **gate, **alarms}
    return {_metric_name(name): float(value) for name, value in found.items() if value is not None}


def _metric_name(name: str) -> str:
    return "".join(c if c.isalnum() or c in "_-. /" else "_" for c in name)


def _artefacts(uri: str) -> str | None:
    """Where files go: beside a SQLite file, not into whatever folder this is called from; elsewhere MLflow knows."""
    file = uri.removeprefix("sqlite:///")
    return (Path(file).resolve().parent / "mlartifacts").as_uri() if file != uri else None


def _log(client: Any, experiment: str, manifest: Manifest, file: str) -> str:
    from mlflow.entities import Metric, Param

    tags = {_TAG: manifest.sha256, "tradebot.model_id": manifest.model_id}
    run: str = client.create_run(experiment, run_name=manifest.version, tags=tags, start_time=manifest.created_ns // 1_000_000).info.run_id
    at_ms = manifest.created_ns // 1_000_000
    client.log_batch(
        run,
        metrics=[Metric(name, value, at_ms, 0) for name, value in figures(manifest).items()],
        params=[Param(name, text) for name, text in parameters(manifest).items()],
    )
    client.log_artifact(run, file)
    client.set_terminated(run, end_time=at_ms)
    return run


def _texts(said: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    texts: dict[str, str] = {}
    for key, value in said.items():
        if isinstance(value, Mapping):
            texts |= _texts(value, f"{prefix}{key}.")
        else:
            texts[prefix + key] = str(value)
    return texts
