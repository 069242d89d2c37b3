"""What a rule is given and what it answers."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd

from features.questions import Question
from features.tables import Cohort

Severity = Literal["note", "warn", "refuse"]

MIN_EVENT_PATIENTS = 10  # below this no predictive rule is answered


@dataclass(frozen=True)
class Finding:
    """What one rule says about a cohort and a question; never a patient's value.

    Parameters
    ----------
    rule : str
        Name of the rule.
    severity : {"note", "warn", "refuse"}
        A note is a clean or unanswerable rule, a refusal stops a fit.
    text : str
        The evidence in one or two sentences.
    way_out : str
        What to do about it; empty for a note.
    statistic, low, high, threshold : float or None
        The figure, its 95 % interval by patient, and what it was held against.
    columns : tuple of str
        Predictors or inputs that show it.
    row_counts : dict
        Counts by what was counted.
    assessable : bool
        False where the data are too few to answer; that is not the same as clean.
    overridden : str
        The reason given in the plan, where a refusal was overridden.
    """

    rule: str
    severity: Severity
    text: str
    way_out: str = ""
    statistic: float | None = None
    low: float | None = None
    high: float | None = None
    threshold: float | None = None
    columns: tuple[str, ...] = ()
    row_counts: dict[str, int] = field(default_factory=dict)
    assessable: bool = True
    overridden: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values; a figure that is not finite becomes null."""
        plain = asdict(self) | {"columns": list(self.columns)}
        for name in ("statistic", "low", "high", "threshold"):
            figure = plain[name]
            if figure is not None:
                plain[name] = round(float(figure), 4) if math.isfinite(figure) else None
        return plain


def not_assessable(rule: str, why: str) -> Finding:
    """Return the note of a rule that these data cannot answer."""
    return Finding(rule, "note", f"Not assessable: {why}.", assessable=False)


@dataclass(frozen=True, eq=False)
class Evidence:
    """Everything a rule may look at.

    Parameters
    ----------
    cohort : Cohort
        The tables as they will be learnt from.
    question : Question
        What will be asked.
    X : DataFrame, shape (n, k)
        The feature matrix of the determined rows.
    rows : DataFrame, length n
        Their labels, in the same order (see `features.questions.labels`).
    seed : int
        Seed of folds and bootstraps.
    """

    cohort: Cohort
    question: Question
    X: pd.DataFrame
    rows: pd.DataFrame
    seed: int = 0

    @cached_property
    def y(self) -> np.ndarray:
        """Outcome of each row, (n,) bool."""
        return self.rows["outcome"].to_numpy(dtype=float) == 1.0

    @cached_property
    def patients(self) -> np.ndarray:
        """Number of each row's patient, (n,) int."""
        return np.asarray(pd.factorize(self.rows["patient_id"].astype(str))[0])

    @cached_property
    def strata(self) -> np.ndarray:
        """Number of each row's stratum of current grade and landmark day, (n,) int."""
        by = [self.rows["current_grade"].fillna(-1), self.rows["landmark_day"]]
        return np.asarray(pd.DataFrame(dict(enumerate(by))).groupby([0, 1]).ngroup())

    @property
    def event_patients(self) -> int:
        """Patients with at least one event row."""
        return len(np.unique(self.patients[self.y]))

    @property
    def both_classes(self) -> bool:
        """Whether there are event rows and event-free rows."""
        return bool(self.y.any() and not self.y.all())

    @property
    def too_few(self) -> str:
        """Why a predictive rule cannot be answered here; empty where it can."""
        if not self.both_classes:
            return "the outcome has one class only"
        if self.event_patients < MIN_EVENT_PATIENTS:
            return f"{self.event_patients} event patients, at least {MIN_EVENT_PATIENTS} are needed"
        return ""
