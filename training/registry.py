"""Registered models: one name per question, versions that carry the digest of their directory.

The registered model is the risk-model directory itself, loaded by `training.pyfunc`. Its input
example is a neutral row (the medians the model was trained around), never a patient's.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from features.errors import TrackingError
from models.risk_model import RiskModel, digest
from training.pyfunc import OUTPUTS
from training.synthetic_mark import mark
from training.tracking import MlflowTracker
from training.tracking_store import TrackingStore, import_mlflow, said_as_tracking_error

CHAMPION, CHALLENGER, SIMPLER = "champion", "challenger", "simpler"
REQUIREMENTS = ["vigicell", "numpy>=2.2", "pandas>=3.0", "xgboost-cpu>=3.2"]
EVALUATION, AUDIT, PLAN = "evaluation.json", "audit.json", "plan.json"
COMPARATORS = "comparators.json"
DRAWS = "draws.json"
CORRECTION = "recalibration.json"
OVERRIDDEN = "gate_overridden"


@dataclass(frozen=True)
class Version:
    """One version of a registered model; `comparator` names it where it is one, else empty."""

    question: str
    number: str
    digest: str
    run_id: str
    synthetic: bool
    comparator: str = ""

    @property
    def name(self) -> str:
        """How a person calls it: question and number, marked where it is of made-up patients."""
        return f"{mark(self.synthetic)}{self.question} version {self.number}"


def register(tracker: MlflowTracker, directory: Path, alias: str = CHALLENGER) -> Version:
    """Log a risk-model directory to a run, register it, and let an alias point to it.

    Raises
    ------
    TrackingError
        Where the store does not take it; the directory stays as it is.
    """
    model = RiskModel.load(directory)
    question, hashed = model.question.name, digest(directory)
    store = tracker.store
    with said_as_tracking_error(store.uri):
        mlflow = import_mlflow()
        mlflow.set_tracking_uri(store.uri)
        mlflow.set_registry_uri(store.uri)
        # MLflow says on stderr that a version was made; the caller says it better.
        with redirect_stderr(StringIO()), mlflow.start_run(run_id=tracker.run_id):
            logged = mlflow.pyfunc.log_model(
                name="simpler_model" if alias == SIMPLER else "risk_model",
                loader_module="training.pyfunc",
                data_path=str(directory),
                signature=signature(model),
                input_example=neutral_row(model),
                pip_requirements=REQUIREMENTS,
                registered_model_name=question,
            )
        number = str(logged.registered_model_version)
        tags = {"digest": hashed, "synthetic": _word(model.synthetic)}
        comparator = model.comparator
        for key, text in {**tags, **({"comparator": comparator} if comparator else {})}.items():
            store.client.set_model_version_tag(question, number, key, text)
        store.client.set_registered_model_alias(question, alias, number)
    return Version(question, number, hashed, tracker.run_id, model.synthetic, comparator)


def neutral_row(model: RiskModel) -> pd.DataFrame:
    """Return a row that belongs to nobody: every predictor that was ever known, at its median."""
    medians = {
        name: model.quantiles[name].median
        for name in model.predictors.names()
        if name in model.quantiles and np.isfinite(model.quantiles[name].median)
    }
    return pd.DataFrame([medians], dtype="float64")


def signature(model: RiskModel) -> Any:
    """Return the signature: every predictor is a float64 that may be missing."""
    mlflow = import_mlflow()
    types = mlflow.types
    inputs = [types.ColSpec("double", name, required=False) for name in model.predictors.names()]
    outputs = [types.ColSpec("double", name) for name in OUTPUTS]
    return mlflow.models.ModelSignature(inputs=types.Schema(inputs), outputs=types.Schema(outputs))


def with_challenger(store: TrackingStore) -> list[str]:
    """Return the questions that have a challenger."""
    return [name for name in questions(store) if at_alias(store, name, CHALLENGER)]


def questions(store: TrackingStore) -> list[str]:
    """Return the names of all registered models."""
    with said_as_tracking_error(store.uri):
        return sorted(str(found.name) for found in store.client.search_registered_models())


def at_alias(store: TrackingStore, question: str, alias: str) -> Version | None:
    """Return the version an alias points to; `None` where it points to none."""
    return _found(store, lambda: store.client.get_model_version_by_alias(question, alias))


def numbered(store: TrackingStore, question: str, number: str) -> Version | None:
    """Return the version of a number; `None` where there is none."""
    return _found(store, lambda: store.client.get_model_version(question, number))


def of_run(store: TrackingStore, run_id: str) -> Version:
    """Return the version that a run registered.

    Raises
    ------
    TrackingError
        Where there is no such run, or it registered no model (a trial, a fold, a broken fit).
    """
    if _asked(store, lambda: store.client.get_run(run_id)) is None:
        raise TrackingError(f"There is no run {run_id} in {store.shown_uri}. `ui` shows the runs.")
    with said_as_tracking_error(store.uri):
        found = list(store.client.search_model_versions(f"run_id = '{run_id}'"))
    if not found:
        raise TrackingError(
            f"Run {run_id} registered no model: it is a trial, a fold, or a fit that did not end."
        )
    # A fit may register a comparator beside its model: the run stands for the model.
    return min(map(_version, found), key=lambda one: bool(one.comparator))


def of_digest(store: TrackingStore, question: str, digest_: str) -> Version | None:
    """Return the newest version of a question with this digest; `None` where there is none."""
    with said_as_tracking_error(store.uri):
        found = store.client.search_model_versions(f"name = '{question}'")
    same = [_version(one) for one in found if one.tags.get("digest") == digest_]
    return max(same, key=lambda version: int(version.number), default=None)


def _found(store: TrackingStore, ask: Callable[[], Any]) -> Version | None:
    found = _asked(store, ask)
    return None if found is None else _version(found)


def _asked(store: TrackingStore, ask: Callable[[], Any]) -> Any:
    """Ask the store for one thing; None where it has no such thing."""
    with said_as_tracking_error(store.uri):
        mlflow = import_mlflow()
        try:
            return ask()
        except mlflow.MlflowException as error:
            if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                return None
            raise


def _version(found: Any) -> Version:
    return Version(
        str(found.name),
        str(found.version),
        str(found.tags["digest"]),
        str(found.run_id),
        str(found.tags["synthetic"]) == _word(True),
        str(found.tags.get("comparator", "")),
    )


def tag(store: TrackingStore, version: Version, tags: Mapping[str, str]) -> None:
    """Write tags of a version."""
    with said_as_tracking_error(store.uri):
        for key, text in tags.items():
            store.client.set_model_version_tag(version.question, version.number, key, text)


def overridden(store: TrackingStore, version: Version) -> dict[str, Any] | None:
    """Return rules with reasons, who and why, where the gate was overridden for a version."""
    with said_as_tracking_error(store.uri):
        found = store.client.get_model_version(version.question, version.number)
    said = found.tags.get(OVERRIDDEN, "")
    loaded: dict[str, Any] | None = json.loads(said) if said else None
    return loaded


def _word(yes: bool) -> str:
    return "true" if yes else "false"


def point(store: TrackingStore, alias: str, version: Version) -> None:
    """Let an alias point to a version."""
    with said_as_tracking_error(store.uri):
        store.client.set_registered_model_alias(version.question, alias, version.number)


def unpoint(store: TrackingStore, alias: str, question: str) -> None:
    """Take an alias away."""
    with said_as_tracking_error(store.uri):
        store.client.delete_registered_model_alias(question, alias)


def fetch(store: TrackingStore, version: Version, destination: Path) -> Path:
    """Download the risk-model directory of a version and check it against its digest.

    Returns
    -------
    Path
        `destination` / the name of the question.

    Raises
    ------
    TrackingError
        Where it cannot be downloaded or is not what was registered.
    """
    with TemporaryDirectory() as folder, said_as_tracking_error(store.uri):
        mlflow = import_mlflow()
        mlflow.set_registry_uri(store.uri)
        uri = f"models:/{version.question}/{version.number}"
        root = mlflow.artifacts.download_artifacts(uri, dst_path=folder, tracking_uri=store.uri)
        inside = [path for path in (Path(root) / "data").iterdir() if path.is_dir()]
        if len(inside) != 1 or digest(inside[0]) != version.digest:
            raise TrackingError(
                f"What is stored as {version.name} is not what was registered: its digest is not "
                f"{version.digest[:12]}. Fit the plan again."
            )
        target = destination / version.question
        destination.mkdir(parents=True, exist_ok=True)
        shutil.copytree(inside[0], target)
    return target


def document(store: TrackingStore, version: Version, name: str) -> dict[str, Any]:
    """Return a JSON document that was recorded with the run of a version.

    Raises
    ------
    TrackingError
        Where the run has none.
    """
    with said_as_tracking_error(store.uri):
        mlflow = import_mlflow()
        mlflow.set_tracking_uri(store.uri)
        loaded: dict[str, Any] = mlflow.artifacts.load_dict(f"runs:/{version.run_id}/{name}")
    return loaded


def documents(store: TrackingStore, version: Version, names: Sequence[str]) -> dict[str, Any]:
    """Return those of the named JSON documents that were recorded with the run of a version."""
    with said_as_tracking_error(store.uri):
        there = {found.path for found in store.client.list_artifacts(version.run_id)}
    return {name: document(store, version, name) for name in names if name in there}
