"""How every step is judged: one learner at one setting, folds, and an interval over patients.

Nothing is tuned. The five draws of folds are averaged inside every draw of patients, so that the
interval is that of the averaged figure.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import xgboost
from sklearn.linear_model import LogisticRegression

from features.questions import Question
from features.tables import Cohort
from models.columns import NamedMatrix
from training.bootstrap import FloatArray, PatientBootstrap, summarise
from training.comparators import WEAK_PENALTY_C, compare
from training.metrics import auroc, stratified_auroc
from training.plan import Plan, PredictorPlan
from training.splits import IntArray, patient_folds
from training.task import Rows, prepare

FOLDS, REPEATS, DRAWS, SEED = 5, 5, 1000, 20261101
ROUNDS = 100
TREES = {"objective": "binary:logistic", "max_depth": 3, "eta": 0.1, "nthread": 1, "seed": SEED}

Learner = Callable[[Rows, Rows], FloatArray]
Line = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Asked:
    """Rows of one step; `learning` gives the rows at some positions to learn from."""

    rows: Rows
    learning: Callable[[IntArray], Rows]


def asked_rows(
    X: pd.DataFrame, outcome: pd.Series, patients: pd.Series, day: pd.Series, grade: pd.Series
) -> Asked:
    """Make rows of equal weight; `day` and `grade` are what the comparator reads."""
    context = pd.DataFrame(
        {
            "current_grade": grade.to_numpy(dtype=float),
            "landmark_day": day.to_numpy(dtype=float),
        }
    )
    rows = Rows(
        NamedMatrix(tuple(map(str, X.columns)), X.to_numpy(dtype=np.float64)),
        outcome.to_numpy(dtype=np.float64),
        np.ones(len(X)),
        patients.to_numpy(dtype=object),
        context,
    )
    return Asked(rows, rows.take)


def asked_question(
    cohort: Cohort, asked: Question, predictors: PredictorPlan, convention: str | None = None
) -> Asked:
    """Ask a question of a cohort; patients who had the event before are left out."""
    plan = Plan(asked.name, asked.to_dict(), predictors=predictors)
    task = prepare(cohort, plan, convention)
    at = task.judged.first_time
    return Asked(task.rows.take(at), lambda part: task.learning(at[part]))


def columns_of(asked: Asked, X: pd.DataFrame) -> Asked:
    """Return the same rows with other predictors."""
    rows = asked.rows
    matrix = NamedMatrix(tuple(map(str, X.columns)), X.to_numpy(dtype=np.float64))
    changed = Rows(matrix, rows.y, rows.weight, rows.patients, rows.context)
    return Asked(changed, changed.take)


def boosted(train: Rows, held_out: Rows) -> FloatArray:
    """Boosted trees: 100 rounds of depth 3 at rate 0.1, all else as XGBoost has it."""
    learnt = xgboost.DMatrix(train.X.numbers, label=train.y, weight=train.weight)
    model = xgboost.train(TREES, learnt, ROUNDS)
    return np.asarray(model.predict(xgboost.DMatrix(held_out.X.numbers)), dtype=np.float64)


def logistic(train: Rows, held_out: Rows) -> FloatArray:
    """Logistic regression, hardly penalised; what is not known counts as 0."""
    model = LogisticRegression(C=WEAK_PENALTY_C, max_iter=1000)
    model.fit(np.nan_to_num(train.X.numbers), train.y, sample_weight=train.weight)
    risks = model.predict_proba(np.nan_to_num(held_out.X.numbers))[:, 1]
    return np.asarray(risks, dtype=np.float64)


def grade_and_day(train: Rows, held_out: Rows) -> FloatArray:
    """What is known without a laboratory: the grade as a factor, and the day."""
    found = compare("grade_and_day", train, held_out)
    if found.risks is None:
        raise ValueError(f"grade + day cannot be computed here: {found.reason}.")
    return found.risks


def held_out_risks(asked: Asked, learner: Learner, *, split_by: str = "patient") -> FloatArray:
    """Return out-of-fold risks, (repeats, n); `split_by` is "patient" or "row"."""
    rows = asked.rows
    units = rows.patients if split_by == "patient" else np.arange(len(rows)).astype(object)
    risks = np.full((REPEATS, len(rows)), np.nan)
    for fold in patient_folds(units, rows.y, FOLDS, REPEATS, SEED).folds:
        train = asked.learning(fold.train)
        risks[fold.repeat, fold.test] = learner(train, rows.take(fold.test))
    return risks


def apparent_risks(asked: Asked, learner: Learner) -> FloatArray:
    """Return risks of the very rows that were learnt from, (1, n)."""
    return learner(asked.rows, asked.rows)[None, :]


def estimate(rows: Rows, risks: FloatArray, *, same_day: bool = False) -> Mapping[str, Any]:
    """Return the AUROC with its 95 % interval over draws of patients."""
    draws = PatientBootstrap(rows.patients, rows.weight, DRAWS, SEED)
    day = rows.context["landmark_day"].to_numpy(dtype=np.float64)

    def measure(p: FloatArray, weights: FloatArray) -> FloatArray:
        if same_day:
            return stratified_auroc(rows.y, p, weights, day)
        return auroc(rows.y, p, weights)

    drawn = [draws.replicate({"auroc": partial(measure, p)})["auroc"] for p in risks]
    return summarise(np.mean(drawn, axis=0)).to_dict()


def line(asked: Asked, risks: FloatArray, simple: FloatArray, *, same_day: bool = False) -> Line:
    """Return one row of a table: counts, the figure, and that of grade + day on the same rows."""
    rows = asked.rows
    return {
        **counts(rows),
        "auroc": estimate(rows, risks, same_day=same_day),
        "grade_and_day": estimate(rows, simple, same_day=same_day),
    }


def judged(asked: Asked, learner: Learner = boosted, *, split_by: str = "patient") -> Line:
    """Cross-fit the learner and grade + day on the same folds, and return the row of the table."""
    return line(
        asked,
        held_out_risks(asked, learner, split_by=split_by),
        held_out_risks(asked, grade_and_day, split_by=split_by),
    )


def counts(rows: Rows) -> Line:
    """Count rows and patients, and those with the event."""
    return {
        "n_rows": len(rows),
        "n_patients": len(set(rows.patients)),
        "n_event_rows": int((rows.y == 1).sum()),
        "n_event_patients": len(set(rows.patients[rows.y == 1])),
    }
