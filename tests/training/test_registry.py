"""A registered model is the risk-model directory: same digest, same answers, nobody's row in it."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.errors import TrackingError
from tests.training.tiny_models import a_model_directory, a_risk_model
from training import registry
from training.tracking import MlflowTracker
from training.tracking_store import TrackingStore, import_mlflow, quietly


def registered(store: TrackingStore, directory: Path) -> registry.Version:
    tracker = MlflowTracker(store, "plan", "fit", {})
    version = registry.register(tracker, directory)
    tracker.end()
    return version


def test_the_version_is_the_challenger_and_carries_the_digest(
    store: TrackingStore, tmp_path: Path
) -> None:
    directory = a_model_directory(tmp_path)
    version = registered(store, directory)
    assert version.digest == a_risk_model().digest
    assert registry.at_alias(store, version.question, "challenger") == version
    assert registry.at_alias(store, version.question, "champion") is None
    assert version.question in registry.questions(store)


def test_mlflow_loads_it_by_alias_and_answers_what_the_model_answers(
    store: TrackingStore, tmp_path: Path
) -> None:
    registered(store, a_model_directory(tmp_path, intercept=-1.0))
    mlflow = import_mlflow()
    mlflow.set_tracking_uri(store.uri)
    mlflow.set_registry_uri(store.uri)
    loaded = quietly(mlflow.pyfunc.load_model, "models:/severe-crs-72h@challenger")
    rows = pd.DataFrame({"day": [1.0, 2.0], "crp_mg_l__last": [80.0, np.nan]})
    answer = quietly(loaded.predict, rows)
    np.testing.assert_array_equal(answer["risk"], a_risk_model(intercept=-1.0).predict(rows))
    types = {column.name: column.type.name for column in loaded.metadata.signature.inputs}
    assert types == {"day": "double", "crp_mg_l__last": "double"}


def test_the_input_example_is_of_nobody(store: TrackingStore, tmp_path: Path) -> None:
    version = registered(store, a_model_directory(tmp_path))
    mlflow = import_mlflow()
    root = quietly(
        mlflow.artifacts.download_artifacts,
        f"models:/{version.question}/{version.number}",
        dst_path=str(tmp_path / "download"),
        tracking_uri=store.uri,
    )
    example = json.loads((Path(root) / "input_example.json").read_text())
    assert example["data"] == [[4.0, 40.0]]
    assert {path.suffix for path in Path(root).rglob("*") if path.is_file()} <= {
        ".json", ".yaml", ".txt", "",
    }  # fmt: skip


def test_what_is_fetched_is_what_was_registered(store: TrackingStore, tmp_path: Path) -> None:
    version = registered(store, a_model_directory(tmp_path))
    directory = registry.fetch(store, version, tmp_path / "fetched")
    assert directory.name == version.question
    assert registry.digest(directory) == version.digest


def test_a_model_that_was_changed_in_the_store_is_refused(
    store: TrackingStore, tmp_path: Path
) -> None:
    version = registered(store, a_model_directory(tmp_path, intercept=-3.0))
    assert store.artifacts is not None
    (changed,) = [
        path
        for path in store.artifacts.rglob("linear.json")
        if json.loads(path.read_text())["intercept"] == -3.0
    ]
    changed.write_text(changed.read_text().replace("-3.0", "-9.0"))
    with pytest.raises(TrackingError, match="not what was registered"):
        registry.fetch(store, version, tmp_path / "fetched")


def test_an_alias_moves(store: TrackingStore, tmp_path: Path) -> None:
    version = registered(store, a_model_directory(tmp_path, "severe-icans-72h"))
    registry.point(store, "champion", version)
    registry.unpoint(store, "challenger", version.question)
    assert registry.at_alias(store, version.question, "champion") == version
    assert registry.at_alias(store, version.question, "challenger") is None


def test_a_question_without_any_model_has_no_champion(store: TrackingStore) -> None:
    assert registry.at_alias(store, "severe-crs-30d", "champion") is None
