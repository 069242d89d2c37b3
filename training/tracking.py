"""Runs in MLflow: one per fit, one child per trial and per outer fold.

Only names, settings, aggregate numbers, pictures and reports arrive here; no row of a cohort.
A store that goes away half way does not stop a fit: the tracker falls silent, and says at the
end what was not recorded and where the model lies.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from features.errors import TrackingError
from training.tracking_store import TrackingStore, import_mlflow, said_as_tracking_error

MAX_PARAM_LENGTH = 6000  # MLflow refuses longer ones
PARAMS_AT_ONCE = 90  # MLflow takes 100 in one call


class Run:
    """One run of a store. After the first error of the store it keeps silent."""

    def __init__(self, store: TrackingStore, run_id: str, lost: list[TrackingError]) -> None:
        self.store = store
        self.run_id = run_id
        self._lost = lost  # shared between a run and its children

    @property
    def lost(self) -> TrackingError | None:
        """The first error of the store, after which nothing more was sent."""
        return self._lost[0] if self._lost else None

    def params(self, params: Mapping[str, Any]) -> None:
        """Record settings, those of nested tables under dotted names."""
        entities = import_mlflow().entities
        flat = [
            entities.Param(key, str(text)[:MAX_PARAM_LENGTH]) for key, text in flattened(params)
        ]
        for start in range(0, len(flat), PARAMS_AT_ONCE):
            self._send("log_batch", params=flat[start : start + PARAMS_AT_ONCE])

    def metrics(self, metrics: Mapping[str, Any]) -> None:
        """Record numbers; what could not be computed is left out."""
        now = int(time.time() * 1000)
        entities = import_mlflow().entities
        numbers = [
            entities.Metric(key, float(number), now, 0)
            for key, number in flattened(metrics)
            if isinstance(number, int | float) and math.isfinite(number)
        ]
        if numbers:
            self._send("log_batch", metrics=numbers)

    def tags(self, tags: Mapping[str, str]) -> None:
        """Record tags."""
        for key, text in tags.items():
            self._send("set_tag", key, str(text))

    def figure(self, name: str, fig: Any) -> None:
        """Record a matplotlib figure below `plots/`."""
        file = name if name.endswith((".png", ".svg")) else f"{name}.png"
        self._send("log_figure", fig, f"plots/{file}")

    def artifact(self, path: Path) -> None:
        """Record a file, or a directory under its own name."""
        if path.is_dir():
            self._send("log_artifacts", str(path), path.name)
        else:
            self._send("log_artifact", str(path))

    def document(self, name: str, content: str | Mapping[str, Any]) -> None:
        """Record a text, or a mapping as JSON."""
        if isinstance(content, str):
            self._send("log_text", content, name)
        else:
            self._send("log_dict", dict(content), name)

    def end(self, status: str = "FINISHED") -> None:
        """Close the run."""
        self._send("set_terminated", status)

    def _send(self, call: str, *args: Any, **kwargs: Any) -> None:
        if self._lost:
            return
        method: Callable[..., Any] = getattr(self.store.client, call)
        try:
            with said_as_tracking_error(self.store.uri):
                method(self.run_id, *args, **kwargs)
        except TrackingError as error:
            self._lost.append(error)


class MlflowTracker(Run):
    """The run of one fit, and the `Tracker` that a fit talks to.

    Parameters
    ----------
    store : TrackingStore
    experiment : str
        Name of the experiment: the plan's.
    run_name : str
    tags : mapping
        What the run is about; `synthetic` among them.

    Raises
    ------
    TrackingError
        Where the run cannot be opened: then nothing was fitted yet.
    """

    def __init__(
        self, store: TrackingStore, experiment: str, run_name: str, tags: Mapping[str, str]
    ) -> None:
        self._experiment = store.experiment(experiment)
        self._inherited = {key: tags[key] for key in ("synthetic", "cohort") if key in tags}
        super().__init__(store, _open(store, self._experiment, run_name, tags), [])

    @contextmanager
    def child(self, name: str, kind: str) -> Iterator[Run]:
        """Open a child run, a trial or a fold; it ends with the block, failed if that raised."""
        child = Run(self.store, self._open_child(name, kind), self._lost)
        try:
            yield child
        except BaseException:
            child.end("FAILED")
            raise
        child.end()

    def _open_child(self, name: str, kind: str) -> str:
        if self._lost:
            return ""
        tags = {"kind": kind, "mlflow.parentRunId": self.run_id} | self._inherited
        try:
            return _open(self.store, self._experiment, name, tags)
        except TrackingError as error:
            self._lost.append(error)
            return ""

    def raise_if_lost(self, model: Path) -> None:
        """Raise, saying where the model is, if the store went away on the way.

        Raises
        ------
        TrackingError
        """
        if self.lost is not None:
            raise TrackingError(
                f"{self.lost} Nothing is lost: the fit is complete and its model is in {model}. "
                "What was not recorded can be recorded by fitting the same plan again."
            )


def _open(store: TrackingStore, experiment_id: str, name: str, tags: Mapping[str, str]) -> str:
    with said_as_tracking_error(store.uri):
        given = {str(key): str(text) for key, text in tags.items()}
        run = store.client.create_run(experiment_id, tags=given, run_name=name)
    return str(run.info.run_id)


def flattened(nested: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield dotted names and plain entries of nested tables; `None` is left out."""
    for key, entry in nested.items():
        name = f"{prefix}{key}"
        if isinstance(entry, Mapping):
            yield from flattened(entry, f"{name}.")
        elif entry is not None:
            yield name, entry
