"""Rows that risks are held against: what came of them, whose they are, what is known of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.tables import Cohort
from training.bootstrap import FloatArray

MODEL, UNTUNED, LINEAR = "model", "untuned_default", "linear_margin"
VARIANTS = (UNTUNED, LINEAR)

Risks = Mapping[str, FloatArray]
"""Name of a model or comparator -> (repeats, n) risks: one row per repeat of the cross-fitting, one
in all where the patients are others than those learnt from."""

FROM_LABELS = (
    "course_id", "landmark_day", "instant", "event_instant", "current_grade", "recurrent",
    "product", "site",
)  # fmt: skip
FROM_COURSES = ("diagnosis", "sex", "age_years", "calendar_year")


@dataclass(frozen=True, eq=False)
class JudgedRows:
    """n rows with a known outcome, in one order.

    Parameters
    ----------
    y, weight : (n,) outcomes (0 or 1) and weights (inverse probability of censoring, else 1).
    patients : (n,) whose row it is.
    facts : DataFrame of n rows with the columns of FROM_LABELS and FROM_COURSES: what rows are
        grouped and counted by. Days; NaN where unknown.
    """

    y: FloatArray
    weight: FloatArray
    patients: npt.NDArray[np.object_]
    facts: pd.DataFrame

    def __len__(self) -> int:
        return len(self.y)

    def take(self, at: npt.NDArray[np.int64]) -> JudgedRows:
        """Return the rows at these positions."""
        facts = self.facts.iloc[at].reset_index(drop=True)
        return JudgedRows(self.y[at], self.weight[at], self.patients[at], facts)

    @property
    def counts(self) -> dict[str, int]:
        """Rows, patients, event rows and event patients."""
        return {
            "n_rows": len(self),
            "n_patients": len(set(self.patients)),
            "n_event_rows": int((self.y == 1).sum()),
            "n_event_patients": len(set(self.patients[self.y == 1])),
        }

    @property
    def first_time(self) -> npt.NDArray[np.int64]:
        """Positions of rows of patients who have not had the event before."""
        return np.flatnonzero(~self.facts["recurrent"].to_numpy(dtype=bool))


def judged_rows(cohort: Cohort, labels: pd.DataFrame) -> JudgedRows:
    """Make rows of labels (:func:`features.questions.labels`) that all have a known outcome.

    Raises
    ------
    ValueError
        If an outcome is unknown.
    """
    if labels["outcome"].isna().any():
        raise ValueError("rows are judged by their outcome: leave out those without one first")
    return JudgedRows(
        labels["outcome"].to_numpy(dtype=np.float64),
        labels["weight"].to_numpy(dtype=np.float64),
        labels["patient_id"].to_numpy(dtype=object),
        row_facts(cohort, labels),
    )


def row_facts(cohort: Cohort, labels: pd.DataFrame) -> pd.DataFrame:
    """Return what rows of labels are grouped and counted by."""
    courses = cohort.courses.set_index("course_id")[list(FROM_COURSES)]
    return labels[list(FROM_LABELS)].reset_index(drop=True).join(courses, on="course_id")


def at_rows(risks: Risks, at: npt.NDArray[np.int64]) -> dict[str, FloatArray]:
    """Return the risks of the rows at these positions."""
    return {name: repeats[:, at] for name, repeats in risks.items()}
