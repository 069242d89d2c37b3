"""The champion's own model against a challenger, on patients that the champion has not seen.

Which patients a model has seen is not written in it: that would be a list of patients. It is known
only where the cohort it learnt from is still at hand, unchanged by its fingerprint; then a patient
is unseen whose id is not in that cohort and none of whose courses holds the same results as a
course in it (a copy under another id).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from features.cohort_files import fingerprint
from features.errors import CohortError, NotAssessable, PlanError
from features.matrix import feature_matrix
from features.tables import Cohort
from models.columns import named_matrix
from models.risk_model import RiskModel
from training import registry
from training.bootstrap import FloatArray
from training.crossfit import nested
from training.judging import headline as heads
from training.judging.rows import MODEL, at_rows
from training.plan import Plan, plan_from_dict
from training.progress import Progress, unwatched
from training.recorded_fit import cohort_of_plan
from training.references import Referred
from training.task import Task, prepare

CHAMPION = "champion"
CONTENT = ("day", "input", "value")
LEAST_RESULTS = 5  # fewer are the same by chance


@dataclass(frozen=True)
class OnUnseen:
    """Challenger minus champion on patients the champion has not seen, and how it was done."""

    differences: dict[str, Any]
    how: str


def against_champion_on_unseen(
    cohort: Cohort, challenger: Referred, champion: Referred, progress: Progress = unwatched
) -> OnUnseen:
    """Hold the champion's finished model against the challenger on patients new to the champion.

    The challenger answers by its finished model where these patients are new to it too; otherwise
    its plan is cross-fitted on the cohort, so that nobody is judged by a model that knew them.

    Raises
    ------
    NotAssessable
        Where it cannot be known whom the champion has seen, too few unseen patients had the event,
        or the two ask different questions.
    """
    plan = plan_of(challenger)
    if challenger.model.question.to_dict() != champion.model.question.to_dict():
        raise NotAssessable("the challenger and the champion ask different questions.")
    new = unseen_patients(cohort, learnt_from(champion))
    task = prepare(cohort, plan)
    at = np.flatnonzero(np.isin(task.rows.patients.astype(str), sorted(new)))
    rows = task.judged.take(at)
    first = rows.take(rows.first_time).counts
    if first["n_event_patients"] < plan.evaluation.min_event_patients:
        raise NotAssessable(
            f"{first['n_patients']} patients are new to the champion, {first['n_event_patients']} "
            f"of them with the event; {plan.evaluation.min_event_patients} are asked for. Wait for "
            "more, or leave --unseen out: then both plans are fitted again on the same folds."
        )
    ours, how = _challengers(cohort, task, plan, challenger, new, progress)
    risks = at_rows({MODEL: ours, CHAMPION: _finished(cohort, task, champion.model)}, at)
    daily = not task.question.before_infusion
    judged = heads.judge(rows, risks, plan.evaluation.bootstrap, plan.seed, daily=daily)
    said = (
        f"the champion's own model on {first['n_patients']} patients it has not seen "
        f"({first['n_event_patients']} with the event), against {how}"
    )
    return OnUnseen(heads.differences(judged.draws[MODEL], judged.draws[CHAMPION]), said)


def plan_of(subject: Referred) -> Plan:
    """Return the plan that a model was fitted by.

    Raises
    ------
    NotAssessable
        Where no plan lies beside it.
    """
    if registry.PLAN not in subject.documents:
        raise NotAssessable(f"no {registry.PLAN} lies beside {subject.said}: fit its plan again.")
    return plan_from_dict(subject.documents[registry.PLAN], subject.said)


def learnt_from(subject: Referred) -> Cohort:
    """Return the cohort that a model learnt from, if it is the same to this day.

    Raises
    ------
    NotAssessable
        Where it is not at hand, or has another fingerprint now.
    """
    try:
        cohort = cohort_of_plan(plan_of(subject))
    except (CohortError, PlanError, OSError) as error:
        raise NotAssessable(
            f"whom {subject.said} has seen cannot be known: its cohort is not at hand ({error})"
        ) from None
    if fingerprint(cohort) != subject.model.manifest.get("fingerprint"):
        raise NotAssessable(
            f"whom {subject.said} has seen cannot be known: the cohort that its plan names has "
            "changed since. Keep the cohort directory of every fit, or leave --unseen out."
        )
    return cohort


def unseen_patients(cohort: Cohort, seen: Cohort) -> frozenset[str]:
    """Return the ids of patients who are in `cohort` and, by id and by content, not in `seen`.

    Synthetic cohorts number their patients alike: of these the content alone tells.
    """
    made_up = cohort.manifest.synthetic and seen.manifest.synthetic
    known = set() if made_up else set(seen.courses["patient_id"].astype(str))
    copied = _contents(cohort).isin(set(_contents(seen)))
    courses = set(copied.index[copied].astype(str))
    table = cohort.courses[["patient_id", "course_id"]].astype(str)
    old = table["patient_id"].isin(known) | table["course_id"].isin(courses)
    return frozenset(table["patient_id"]) - frozenset(table.loc[old, "patient_id"])


def _contents(cohort: Cohort) -> pd.Series:
    """Return one number per course of LEAST_RESULTS or more: the same for the same results."""
    frame = cohort.measurements
    rows = pd.util.hash_pandas_object(frame[list(CONTENT)], index=False)
    by_course = rows.groupby(frame["course_id"])
    return by_course.sum()[by_course.size() >= LEAST_RESULTS]


def _challengers(
    cohort: Cohort,
    task: Task,
    plan: Plan,
    challenger: Referred,
    new: frozenset[str],
    progress: Progress,
) -> tuple[FloatArray, str]:
    """Return risks of all rows, (repeats, n), of which those of unseen patients are used."""
    try:
        strangers = new <= unseen_patients(cohort, learnt_from(challenger))
    except NotAssessable:
        strangers = False
    if strangers:
        return _finished(cohort, task, challenger.model), "the challenger's, new to them too"
    cross = nested(task, plan, progress, workers=os.cpu_count() or 1)
    return cross.risks[MODEL], "the challenger's plan cross-fitted by patient"


def _finished(cohort: Cohort, task: Task, model: RiskModel) -> FloatArray:
    keys = task.labels[["course_id", "instant"]]
    risk: FloatArray = model.predict(named_matrix(feature_matrix(cohort, keys, model.predictors)))
    return risk[np.newaxis]
