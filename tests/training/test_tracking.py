"""Runs arrive in MLflow as a tree; a store that is away is said quickly and loses nothing."""

import socket
import time
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from features.errors import TrackingError
from training.tracker import Tracker
from training.tracking import MlflowTracker, flattened
from training.tracking_store import TrackingStore, open_store
from training.work_folder import WorkFolder


def children(store: TrackingStore, tracker: MlflowTracker) -> list[object]:
    experiment = store.experiment("plan")
    found = store.client.search_runs(
        [experiment], f"tags.`mlflow.parentRunId` = '{tracker.run_id}'"
    )
    return sorted(found, key=lambda run: run.info.run_name)


def test_a_fit_is_one_run_with_a_child_for_each_trial_and_fold(store: TrackingStore) -> None:
    tracker = MlflowTracker(store, "plan", "fit", {"synthetic": "true"})
    as_protocol: Tracker = tracker
    with as_protocol.child("fold r0f0", "fold") as fold:
        fold.params({"trees": {"max_depth": 2}})
        fold.metrics({"log_loss": 0.25, "auroc": float("nan")})
    with as_protocol.child("trial 1", "trial") as trial:
        trial.metrics({"log_loss": 0.5})
    tracker.end()
    fold_run, trial_run = children(store, tracker)
    assert fold_run.data.metrics == {"log_loss": 0.25}
    assert fold_run.data.params == {"trees.max_depth": "2"}
    assert fold_run.data.tags["kind"] == "fold"
    assert trial_run.data.tags["synthetic"] == "true"
    assert {run.info.status for run in (fold_run, trial_run)} == {"FINISHED"}
    assert store.client.get_run(tracker.run_id).info.status == "FINISHED"


def test_pictures_documents_and_files_are_artefacts(store: TrackingStore, tmp_path: Path) -> None:
    tracker = MlflowTracker(store, "plan", "artefacts", {})
    figure = Figure()
    figure.subplots().plot([0, 1])
    tracker.figure("roc", figure)
    tracker.document("audit.json", {"verdict": "clean"})
    tracker.document("plan.toml", "[plan]")
    (tmp_path / "evaluation.json").write_text("{}")
    tracker.artifact(tmp_path / "evaluation.json")
    tracker.params({f"p{number}": number for number in range(250)})
    assert tracker.lost is None
    top = {entry.path for entry in store.client.list_artifacts(tracker.run_id)}
    assert top == {"audit.json", "evaluation.json", "plan.toml", "plots"}
    assert len(store.client.get_run(tracker.run_id).data.params) == 250


def test_a_child_that_fails_is_marked_and_the_error_goes_on(store: TrackingStore) -> None:
    tracker = MlflowTracker(store, "plan", "failing", {})
    with pytest.raises(ZeroDivisionError), tracker.child("trial 1", "trial"):
        raise ZeroDivisionError
    (child,) = children(store, tracker)
    assert child.info.status == "FAILED"


def test_a_store_that_goes_away_half_way_does_not_stop_the_fit(
    store: TrackingStore, folder: WorkFolder
) -> None:
    tracker = MlflowTracker(store, "plan", "fit", {})
    tracker.store.client.delete_run(tracker.run_id)  # what is sent to it now is refused
    tracker.metrics({"auroc": 0.8})
    with tracker.child("trial 1", "trial") as trial:
        trial.metrics({"log_loss": 0.5})
    tracker.figure("roc", Figure())
    tracker.end()
    with pytest.raises(TrackingError, match=r"its model is in .*models/plan"):
        tracker.raise_if_lost(folder.models / "plan")


def test_nothing_is_said_of_a_run_that_arrived(store: TrackingStore, tmp_path: Path) -> None:
    tracker = MlflowTracker(store, "plan", "fit", {})
    tracker.raise_if_lost(tmp_path)
    assert tracker.lost is None


def closed_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def silent_server() -> socket.socket:
    """A server that accepts and never answers."""
    server = socket.socket()
    server.bind(("127.0.0.1", 0))
    server.listen()
    return server


def test_a_server_that_is_not_there_is_said_within_ten_seconds(tmp_path: Path) -> None:
    uri = f"http://user:secret@127.0.0.1:{closed_port()}"
    started = time.monotonic()
    with pytest.raises(TrackingError, match="MLFLOW_TRACKING_URI") as raised:
        open_store(WorkFolder(tmp_path), {"MLFLOW_TRACKING_URI": uri})
    assert time.monotonic() - started < 10
    assert "secret" not in str(raised.value)


def test_a_server_that_never_answers_is_given_up_within_ten_seconds(tmp_path: Path) -> None:
    with silent_server() as server:
        uri = f"http://127.0.0.1:{server.getsockname()[1]}"
        started = time.monotonic()
        with pytest.raises(TrackingError, match="cannot be used"):
            open_store(WorkFolder(tmp_path), {"MLFLOW_TRACKING_URI": uri})
        assert time.monotonic() - started < 10


def test_a_work_folder_that_cannot_be_made_says_which_variable_to_set(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TrackingError, match="VIGICELL_WORK"):
        open_store(WorkFolder(tmp_path / "file" / "work"), {})


def test_nested_settings_get_dotted_names() -> None:
    nested = {"trees": {"search": {"depth": 2}, "monotone": None}, "seed": 1}
    assert dict(flattened(nested)) == {"trees.search.depth": 2, "seed": 1}


def test_the_work_folder_is_named_by_the_environment(tmp_path: Path) -> None:
    assert WorkFolder.from_environment({"VIGICELL_WORK": str(tmp_path)}).root == tmp_path
    assert WorkFolder.from_environment({}).root == Path("work").absolute()
