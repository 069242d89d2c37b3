"""A fit with everything that is kept of it: the model on disk first, then the run in MLflow."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from features.cohort_files import read_cohort
from features.errors import PlanError
from features.questions import Question
from features.sources import load
from features.tables import Cohort
from training import registry
from training.audit import AuditReport, audit
from training.code_version import code_version
from training.fit import FitResult, fit
from training.plan import Plan
from training.progress import Progress, unwatched
from training.registry import Version
from training.run_figures import run_figures
from training.tracking import MlflowTracker
from training.tracking_store import TrackingStore
from training.work_folder import WorkFolder

RISK_MODEL = "risk_model"
AUDIT_PAGE = "audit.html"
TRUTH = "truth.parquet"


@dataclass(frozen=True)
class RecordedFit:
    """A fit, where its model lies, and its registered version where it was tracked."""

    result: FitResult
    directory: Path
    version: Version | None


def cohort_of_plan(plan: Plan, instead: str | Path | None = None) -> Cohort:
    """Read the cohort a plan names, or another directory instead.

    Raises
    ------
    PlanError
        Where the plan names none.
    """
    if instead:
        return read_cohort(instead)
    if not plan.cohort:
        raise PlanError(
            f'The plan {plan.name} names no cohort. Write `cohort = "..."` under [plan], or give '
            "--cohort DIR."
        )
    return load(plan.source, plan.cohort) if plan.source else read_cohort(plan.cohort)


def truth_of_plan(plan: Plan, instead: str | Path | None = None) -> pd.DataFrame | None:
    """Return the true risks that lie beside a synthetic cohort; None where there are none."""
    place = instead or ("" if plan.source else plan.cohort)
    truth = Path(place) / TRUTH
    return pd.read_parquet(truth) if place and truth.is_file() else None


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
    tracker = _tracker(store, plan, cohort) if store else None

    def audited(
        tables: Cohort, question: Question, X: pd.DataFrame, rows: pd.DataFrame
    ) -> AuditReport:
        report = audit(tables, question, X, rows)
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
    result.model.save(directory)
    _write_json(place / registry.EVALUATION, result.evaluation)
    _write_json(place / registry.PLAN, plan.to_dict())
    return RecordedFit(result, directory, _recorded(tracker, result, plan, place))


def _tracker(store: TrackingStore, plan: Plan, cohort: Cohort) -> MlflowTracker:
    manifest = cohort.manifest
    tags = {
        "question": plan.asked.name,
        "cohort": manifest.name,
        "synthetic": str(manifest.synthetic).lower(),
        "code_version": code_version(),
    }
    mark = " (synthetic)" if manifest.synthetic else ""
    return MlflowTracker(store, plan.name, f"{plan.asked.name}{mark}", tags)


def _keep_audit(report: AuditReport, place: Path, tracker: MlflowTracker | None) -> None:
    place.mkdir(parents=True, exist_ok=True)
    _write_json(place / registry.AUDIT, report.to_dict())
    (place / AUDIT_PAGE).write_text(report.to_html(), encoding="utf-8")
    if tracker:
        tracker.tags({"audit": report.verdict})
        for name in (registry.AUDIT, AUDIT_PAGE):
            tracker.artifact(place / name)


def _recorded(
    tracker: MlflowTracker | None, result: FitResult, plan: Plan, place: Path
) -> Version | None:
    if tracker is None:
        return None
    for name in (registry.EVALUATION, registry.PLAN):
        tracker.artifact(place / name)
    tracker.tags({"verdict": result.verdict.decision, "model_digest": result.model.digest})
    for name, figure in run_figures(result):
        tracker.figure(name, figure)
    tracker.raise_if_lost(place / RISK_MODEL)
    version = registry.register(tracker, place / RISK_MODEL)
    tracker.end()
    return version


def _write_json(path: Path, content: dict[str, Any]) -> None:
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")
