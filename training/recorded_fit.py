"""A fit with everything that is kept of it: the model on disk first, then the run in MLflow."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from features.cohort_files import read_cohort
from features.errors import PlanError
from features.questions import Question
from features.sources import load
from features.sources.synthetic import Synthetic, synthesize
from features.tables import Cohort
from training import registry
from training.audit import AuditReport, audit
from training.code_version import code_version
from training.fit import FitResult, fit
from training.paired_draws import paired_draws, pairing_key
from training.plan import Plan
from training.progress import Progress, unwatched
from training.registry import Version
from training.run_description import NOTE, note_of, tags_of
from training.run_figures import run_figures
from training.simpler import margins_to_json
from training.synthetic_mark import mark
from training.tracking import MlflowTracker
from training.tracking_store import TrackingStore
from training.whole_file import whole_file
from training.work_folder import WorkFolder

RISK_MODEL = "risk_model"
SIMPLER_MODEL = "simpler_model"
AUDIT_PAGE = "audit.html"
TRUTH = "truth.parquet"
SYNTHETIC = "synthetic"
MOST_IN_MEMORY = 20000


@dataclass(frozen=True)
class RecordedFit:
    """A fit, where its model lies, and its registered version where it was tracked.

    `named_store` is the store of the run where MLFLOW_TRACKING_URI named it, without password.
    """

    result: FitResult
    directory: Path
    version: Version | None
    named_store: str = ""


def cohort_of_plan(plan: Plan, instead: str | Path | None = None) -> Cohort:
    """Read the cohort a plan names, or another directory instead.

    With ``source = "synthetic"`` the plan's cohort is a number of courses, made from its seed.

    Raises
    ------
    PlanError
        Where the plan names none.
    """
    if instead:
        return read_cohort(instead)
    if plan.source == SYNTHETIC:
        return _synthetic(plan).cohort
    if not plan.cohort:
        raise PlanError(
            f'The plan {plan.name} names no cohort. Write `cohort = "..."` under [plan], or give '
            "--cohort DIR."
        )
    return load(plan.source, plan.cohort) if plan.source else read_cohort(plan.cohort)


def truth_of_plan(plan: Plan, instead: str | Path | None = None) -> pd.DataFrame | None:
    """Return the true risks of a synthetic cohort, those beside a directory or of the plan."""
    if not instead and plan.source == SYNTHETIC:
        return _synthetic(plan).truth
    place = instead or ("" if plan.source else plan.cohort)
    truth = Path(place) / TRUTH
    return pd.read_parquet(truth) if place and truth.is_file() else None


@lru_cache(maxsize=1)
def _made(courses: int, seed: int) -> Synthetic:
    return synthesize(courses, seed)


def _synthetic(plan: Plan) -> Synthetic:
    if not plan.cohort.isdecimal() or not 10 <= int(plan.cohort) <= MOST_IN_MEMORY:
        raise PlanError(
            f'{plan.name}: with source = "synthetic", cohort is a number of courses from 10 to '
            f'{MOST_IN_MEMORY}, such as "1500"; larger ones are written by `synthesize`.'
        )
    return _made(int(plan.cohort), plan.seed)


def fit_and_record(
    plan: Plan,
    cohort: Cohort,
    folder: WorkFolder,
    store: TrackingStore | None = None,
    progress: Progress = unwatched,
    truth: pd.DataFrame | None = None,
    workers: int = 1,
) -> RecordedFit:
    """Fit a plan, write model, evaluation and audit below `folder.models`, and record the run.

    Parameters
    ----------
    store : TrackingStore or None
        None records no run.
    truth : DataFrame or None
        True risks of a synthetic cohort.

    Raises
    ------
    TrackingError
        Before anything is fitted where the run cannot be opened; after everything is written
        where the store went away on the way.
    """
    place = folder.models / plan.name
    key = pairing_key(folder.pairing_key)
    tracker = _tracker(store, plan, cohort) if store else None

    def audited(
        tables: Cohort,
        question: Question,
        X: pd.DataFrame,
        rows: pd.DataFrame,
        asked: pd.DataFrame | None = None,
    ) -> AuditReport:
        report = audit(tables, question, X, rows, asked)
        _keep_audit(report.with_overrides(plan.audit.override), place, tracker)
        return report

    try:
        result = fit(
            cohort,
            plan,
            tracker,
            progress,
            audit=audited,
            truth=truth,
            study_dir=folder.studies,
            workers=workers,
        )
    except BaseException:
        if tracker:
            tracker.end("FAILED")
        raise
    directory = place / RISK_MODEL
    draws = paired_draws(result.task, plan, result.cross_fit, key)
    # What is known of the model is written before it is, and takes its place after it: a full disk
    # leaves the old model beside its own figures.
    with (
        _whole_json(place / registry.EVALUATION, result.evaluation),
        _whole_json(place / registry.PLAN, plan.to_dict()),
        _whole_json(place / registry.COMPARATORS, margins_to_json(result.comparators)),
        _whole_json(place / registry.DRAWS, draws.to_json()),
    ):
        result.model.save(directory)
    _keep_simpler(result, place)
    named_store = store.shown_uri if store and store.artifacts is None else ""
    return RecordedFit(result, directory, _recorded(tracker, result, plan, place), named_store)


def _keep_simpler(result: FitResult, place: Path) -> None:
    """Write the simpler model beside the model where it wins; an older one there goes."""
    if result.simpler is not None:
        result.simpler.save(place / SIMPLER_MODEL)
    elif (place / SIMPLER_MODEL).is_dir():
        shutil.rmtree(place / SIMPLER_MODEL)


def _tracker(store: TrackingStore, plan: Plan, cohort: Cohort) -> MlflowTracker:
    manifest = cohort.manifest
    tags = {
        "question": plan.asked.name,
        "cohort": manifest.name,
        "synthetic": str(manifest.synthetic).lower(),
        "code_version": code_version(),
    }
    name = f"{mark(manifest.synthetic)}{plan.asked.name}"
    return MlflowTracker(store, plan.name, name, tags)


def _keep_audit(report: AuditReport, place: Path, tracker: MlflowTracker | None) -> None:
    place.mkdir(parents=True, exist_ok=True)
    with _whole_json(place / registry.AUDIT, report.to_dict()):
        pass
    with whole_file(place / AUDIT_PAGE) as fresh:
        fresh.write_text(report.to_html(), encoding="utf-8")
    if tracker:
        tracker.tags({"audit": report.verdict})
        for name in (registry.AUDIT, AUDIT_PAGE):
            tracker.artifact(place / name)


def _recorded(
    tracker: MlflowTracker | None, result: FitResult, plan: Plan, place: Path
) -> Version | None:
    if tracker is None:
        return None
    for name in (registry.EVALUATION, registry.PLAN, registry.COMPARATORS, registry.DRAWS):
        tracker.artifact(place / name)
    table = result.evaluation
    note = {NOTE: note_of(table, plan, result.audit), "model_digest": result.model.digest}
    tracker.tags(tags_of(table, plan) | note)
    for name, figure in run_figures(result):
        tracker.figure(name, figure)
    tracker.raise_if_lost(place / RISK_MODEL)
    version = registry.register(tracker, place / RISK_MODEL)
    if result.simpler is not None:
        registry.register(tracker, place / SIMPLER_MODEL, registry.SIMPLER)
    elif registry.at_alias(tracker.store, version.question, registry.SIMPLER) is not None:
        registry.unpoint(tracker.store, registry.SIMPLER, version.question)
    tracker.end()
    return version


@contextmanager
def _whole_json(path: Path, content: dict[str, Any]) -> Iterator[None]:
    """Write JSON beside `path`, where it goes when the block ends well."""
    with whole_file(path) as fresh:
        text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
        fresh.write_text(text + "\n", encoding="utf-8")
        yield
