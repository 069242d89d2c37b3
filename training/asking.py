"""Smaller use cases of the command line: ask a cohort or a model one thing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from features.cohort_files import read_cohort
from features.errors import CohortError, NotAssessable
from features.matrix import feature_matrix
from features.questions import labels, question
from features.tables import Cohort
from models.risk_model import RiskModel
from training import registry
from training.audit import AuditReport, audit
from training.crossfit import learn, one_thread
from training.default_plans import default_plan
from training.elsewhere import evaluate_elsewhere
from training.fit import study_key
from training.fitting import recipe_of
from training.plan import Plan, read_plan
from training.progress import Progress, unwatched
from training.recalibrate import recalibrate
from training.recorded_fit import cohort_of_plan
from training.references import OpenStore, referred
from training.silent.joined import read_export
from training.silent.judged import judge_silence
from training.silent.limits import read_limits
from training.splits import patient_outcomes, possible_folds
from training.task import prepare
from training.transport import By, transport
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


def evaluate_on(
    reference: str,
    cohort_directory: Path | None,
    store: OpenStore,
    json_file: Path | None = None,
) -> dict[str, Any]:
    """Return the evaluation of a model on a cohort, or without one its own cross-fitted one.

    Parameters
    ----------
    reference : directory, run id, QUESTION@ALIAS or QUESTION/NUMBER.
    cohort_directory : patients it did not learn from; None for the evaluation of its fit.
    store : opens the tracking store.
    json_file : where to write the evaluation too.

    Raises
    ------
    NotAssessable
        As :func:`training.elsewhere.evaluate_elsewhere`; without a cohort where the fit left no
        evaluation.
    """
    subject = referred(reference, store)
    if cohort_directory is not None:
        table = evaluate_elsewhere(subject, read_cohort(cohort_directory)).table
    elif registry.EVALUATION in subject.documents:
        table = dict(subject.documents[registry.EVALUATION])
    else:
        raise NotAssessable(
            f"No {registry.EVALUATION} lies beside {reference}. Give --cohort DIR to judge it on "
            "other patients, or fit the plan again."
        )
    _keep(table, json_file)
    return table


def recalibrate_on(
    reference: str,
    cohort_directory: Path | None,
    store: OpenStore,
    json_file: Path | None = None,
    out: Path | None = None,
    progress: Progress = unwatched,
    workers: int = 1,
) -> dict[str, Any]:
    """Correct a model on a cohort; write the corrected one where `out` names a directory.

    Raises
    ------
    NotAssessable
        As :func:`training.recalibrate.recalibrate`; without a cohort, or where `out` is given and
        there is no corrected model to write.
    """
    if cohort_directory is None:
        raise NotAssessable("--recalibrate needs --cohort DIR: the patients it is corrected on.")
    subject = referred(reference, store)
    done = recalibrate(subject, read_cohort(cohort_directory), progress, workers)
    _keep(done.table, json_file)
    if out is not None:
        if done.model is None:
            raise NotAssessable(
                f"Nothing to write to {out}: {done.table['because']} "
                + " ".join(done.table["notes"])
            )
        done.model.save(out)
    return done.table


def evaluate_silence(
    export: Path,
    limits_file: Path,
    reference: str | None,
    store: OpenStore,
    json_file: Path | None = None,
) -> dict[str, Any]:
    """Say whether the answers that a service gave in silence meet the limits written beforehand.

    Raises
    ------
    PlanError, CohortError, NotAssessable, QuestionError
        As :func:`training.silent.judged.judge_silence` and the reading of its files.
    """
    limits, digest = read_limits(limits_file)
    subject = None if reference is None else referred(reference, store)
    table = judge_silence(read_export(export), limits, subject)
    table["limits"]["digest"] = digest
    _keep(table, json_file)
    return table


def transport_of(
    plan: Plan,
    instead: str | None,
    by: By,
    json_file: Path | None = None,
    progress: Progress = unwatched,
    workers: int = 1,
) -> dict[str, Any]:
    """Judge a plan on each group of its cohort by what the other groups teach."""
    table = transport(cohort_of_plan(plan, instead), plan, by, progress, workers)
    _keep(table, json_file)
    return table


def _keep(table: dict[str, Any], json_file: Path | None) -> None:
    if json_file is not None:
        with whole_file(json_file) as fresh:
            fresh.write_text(json.dumps(table, indent=1, ensure_ascii=False) + "\n", "utf-8")


def _asked_of(model: RiskModel, cohort: Cohort) -> tuple[pd.DataFrame, pd.DataFrame]:
    rows = labels(cohort, model.question)
    return rows, feature_matrix(cohort, rows[["course_id", "instant"]], model.predictors)
