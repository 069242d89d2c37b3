"""Reach MLflow, quickly or with an error that says what to do.

MLflow is imported here and only here, inside functions: it takes seconds, and its telemetry is
switched off before.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from features.errors import TrackingError
from features.telemetry import switch_off_telemetry
from training.work_folder import WorkFolder

# A store that does not answer is given up after one retry; MLflow's own limits are minutes.
QUICK = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "3",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "0",
    "MLFLOW_HTTP_REQUEST_BACKOFF_JITTER": "0",
}
QUIET = {
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    # An example is validated by our own tests; MLflow would start a server environment for it.
    "MLFLOW_REQUIREMENTS_INFERENCE_RAISE_ERRORS": "false",
}


@cache
def import_mlflow() -> Any:
    """Import MLflow once, silent towards its makers and without its own warnings."""
    switch_off_telemetry()
    for key, value in (QUICK | QUIET).items():
        os.environ.setdefault(key, value)
    with warnings.catch_warnings():
        # MLflow 3.17 uses a loader strategy that SQLAlchemy 2.1 calls deprecated.
        warnings.simplefilter("ignore")
        import mlflow
        import mlflow.pyfunc
        import mlflow.store.tracking.sqlalchemy_store
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    logging.getLogger("alembic").setLevel(logging.ERROR)
    return mlflow


@dataclass(frozen=True)
class TrackingStore:
    """A store that answered when it was opened."""

    uri: str
    client: Any
    artifacts: Path | None

    @property
    def shown_uri(self) -> str:
        """The address without its password."""
        return _without_password(self.uri)

    def experiment(self, name: str) -> str:
        """Return the id of an experiment, made where it does not exist."""
        with said_as_tracking_error(self.uri):
            found = self.client.get_experiment_by_name(name)
            if found is not None:
                return str(found.experiment_id)
            location = (self.artifacts / _folder_name(name)).as_uri() if self.artifacts else None
            return str(self.client.create_experiment(name, artifact_location=location))


def open_store(folder: WorkFolder, environment: Mapping[str, str] | None = None) -> TrackingStore:
    """Open MLFLOW_TRACKING_URI, or the SQLite file of the work folder where it is not set.

    Raises
    ------
    TrackingError
        Where the store does not answer within some seconds.
    """
    environment = os.environ if environment is None else environment
    uri = environment.get("MLFLOW_TRACKING_URI", "").strip()
    artifacts = None
    if not uri:
        _make(folder.root)
        uri, artifacts = f"sqlite:///{folder.tracking_database}", folder.artifacts
    with said_as_tracking_error(uri):
        mlflow = import_mlflow()
        client = mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri)
        client.search_experiments(max_results=1)
    return TrackingStore(uri, client, artifacts)


@contextmanager
def said_as_tracking_error(uri: str) -> Iterator[None]:
    """Turn whatever MLflow raises into a `TrackingError` that says what to do."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # MLflow warns of pandas, SQLAlchemy and pip
            yield
    except TrackingError:
        raise
    except Exception as error:  # MLflow passes errors of requests, SQLAlchemy and the disk on
        raise TrackingError(
            f"The tracking store {_without_password(uri)} cannot be used "
            f"({type(error).__name__}). {_way_out(uri)}"
        ) from error


def _way_out(uri: str) -> str:
    if uri.startswith("sqlite:"):
        return (
            "Check that the disk has room, that the file and its folder can be written, and that "
            "no other program holds it locked. MLFLOW_TRACKING_URI names another store."
        )
    return (
        "Start the server or correct MLFLOW_TRACKING_URI; without that variable a file in the "
        "work folder is used."
    )


def quietly(call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call something of MLflow's without its warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return call(*args, **kwargs)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrackingError(
            f"The work folder {folder} cannot be made ({type(error).__name__}). "
            "Set VIGICELL_WORK to a folder that can be written."
        ) from error


def _folder_name(name: str) -> str:
    return "".join(c if c.isalnum() or c in "-_." else "_" for c in name)


def _without_password(uri: str) -> str:
    scheme, separator, rest = uri.partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}" if separator else uri
