"""Smaller use cases of the command line: ask a cohort or a model one thing."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from features.cohort_files import read_cohort
from features.errors import CohortError
from features.matrix import feature_matrix
from features.questions import labels, question
from features.tables import Cohort
from models.risk_model import RiskModel
from training.audit import AuditReport, audit
from training.crossfit import learn, one_thread
from training.default_plans import default_plan
from training.fit import study_key
from training.fitting import recipe_of
from training.plan import Plan, read_plan
from training.progress import Progress, unwatched
from training.recorded_fit import cohort_of_plan
from training.references import OpenStore, referred
from training.splits import patient_outcomes, possible_folds
from training.task import prepare
from training.tune import Tuned
from training.whole_file import whole_file
from training.work_folder import WorkFolder

KEYS = ["course_id", "patient_id", "landmark_day", "outcome", "weight"]


def plan_asked_for(file: Path | None, asked: str | None) -> Plan:
    """Read the plan of a file, or make the default plan of a question."""
    return read_plan(file) if file else default_plan(question(asked or ""))


def audit_plan(
    plan: Plan, instead: Path | None = None, html: Path | None = None, json_file: Path | None = None
) -> AuditReport:
    """Audit the cohort of a plan, or another, for its question; write the report where asked for.

    Refusals that the plan overrides by name and reason do not stand.
    """
    cohort = read_cohort(instead) if instead else cohort_of_plan(plan)
    task = prepare(cohort, plan)
    found = audit(cohort, task.question, task.frame, task.labels, task.asked)
    report = found.with_overrides(plan.audit.override)
    for place, text in (
        (html, report.to_html()),
        (json_file, json.dumps(report.to_dict(), indent=1) + "\n"),
    ):
        if place:
            with whole_file(place) as fresh:
                fresh.write_text(text, encoding="utf-8")
    return report


def write_matrix(directory: Path, asked: str, out: Path) -> tuple[int, int]:
    """Write labels and predictors of every determined landmark; return rows and predictors.

    Raises
    ------
    CohortError
        Where `out` is neither Parquet nor CSV.
    """
    if out.suffix not in (".parquet", ".csv"):
        raise CohortError(f"{out.name}: a matrix is written as .parquet or .csv.")
    task = prepare(read_cohort(directory), default_plan(question(asked)))
    X = task.frame
    whole = pd.concat([task.labels[KEYS].reset_index(drop=True), X], axis=1)
    with whole_file(out) as fresh:
        if out.suffix == ".parquet":
            whole.to_parquet(fresh, index=False)
        else:
            whole.to_csv(fresh, index=False)
    return X.shape


def tune_plan(
    plan: Plan, instead: str | None, folder: WorkFolder, progress: Progress = unwatched
) -> Tuned:
    """Search the tree parameters of a plan on all patients; a killed search goes on.

    Raises
    ------
    NotAssessable
        With fewer than two patients of a class.
    """
    task = prepare(cohort_of_plan(plan, instead), plan)
    possible_folds(patient_outcomes(task.rows.patients, task.rows.y), plan.folds.inner)
    journal = folder.studies / study_key(plan, task) / "final.journal"
    with one_thread():
        learnt = learn(
            task.rows,
            recipe_of(plan, task),
            plan,
            task.event_patients,
            plan.seed,
            journal,
            progress,
        )
    return learnt.tuned


def predict_to(reference: str, cohort_directory: Path, out: Path, store: OpenStore) -> int:
    """Write the risk of every landmark at risk as CSV; return how many."""
    model = referred(reference, store).model
    rows, X = _asked_of(model, read_cohort(cohort_directory))
    interval = model.interval(X)
    table = rows[["course_id", "patient_id", "landmark_day"]].assign(
        question=model.question.name,
        risk=model.predict(X),
        low=interval[:, 0],
        high=interval[:, 1],
        model=model.digest[:16],
        synthetic_model=model.synthetic,
    )
    with whole_file(out) as fresh:
        table.to_csv(fresh, index=False)
    return len(table)


def _asked_of(model: RiskModel, cohort: Cohort) -> tuple[pd.DataFrame, pd.DataFrame]:
    rows = labels(cohort, model.question)
    return rows, feature_matrix(cohort, rows[["course_id", "instant"]], model.predictors)
