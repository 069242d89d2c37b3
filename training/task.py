"""A question asked of a cohort, as numbers: predictors, outcomes, weights and patients."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.censoring import fit_censoring
from features.cohort_files import fingerprint
from features.columns import PRIORS
from features.errors import NotAssessable
from features.matrix import feature_matrix
from features.predictors import PredictorSet
from features.questions import Question, labels
from features.tables import Cohort
from models.columns import NamedMatrix, named_matrix
from training.bootstrap import FloatArray
from training.judging.rows import JudgedRows, row_facts
from training.plan import Plan
from training.splits import IntArray, patient_outcomes

SCORE_NAMES = ("easix", "s_easix", "m_easix", "car_hematotox")
GRADE, DAY, PUBLISHED = "current_grade", "landmark_day", "published_logit"


@dataclass(frozen=True, eq=False)
class Rows:
    """Rows that a fit sees: n of them, in one order.

    Parameters
    ----------
    X : NamedMatrix, (n, predictors); NaN where missing.
    y, weight : (n,) outcomes (0 or 1) and weights.
    patients : (n,) whose row it is.
    context : DataFrame of n rows: what comparators read (GRADE, DAY, PUBLISHED and the bedside
        scores).
    """

    X: NamedMatrix
    y: FloatArray
    weight: FloatArray
    patients: npt.NDArray[np.object_]
    context: pd.DataFrame

    def __len__(self) -> int:
        return len(self.y)

    def take(self, at: IntArray) -> Rows:
        """Return the rows at these positions."""
        return Rows(
            NamedMatrix(self.X.names, self.X.numbers[at]),
            self.y[at],
            self.weight[at],
            self.patients[at],
            self.context.iloc[at].reset_index(drop=True),
        )


@dataclass(frozen=True)
class CohortFacts:
    """What a model says about the patients it learnt from; no patient in it."""

    name: str
    fingerprint: str
    synthetic: bool
    resolution: str
    grading_system: str
    end_of_record: str
    products: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Task:
    """A question asked of a cohort.

    Parameters
    ----------
    question, predictors, facts : what was asked, of which columns, in which cohort.
    rows : the rows with an outcome.
    labels : DataFrame, the labels of these rows.
    row_facts : DataFrame, what these rows are grouped and counted by.
    asked : DataFrame, the labels of all rows at risk, those without an outcome among them.
    censored : whether weights stand in for rows without an outcome.
    """

    question: Question
    predictors: PredictorSet
    facts: CohortFacts
    rows: Rows
    labels: pd.DataFrame
    row_facts: pd.DataFrame
    asked: pd.DataFrame
    censored: bool
    notes: tuple[str, ...] = field(default=())

    @cached_property
    def event_patients(self) -> int:
        """Count the patients with an event."""
        return patient_outcomes(self.rows.patients, self.rows.y).events

    @property
    def frame(self) -> pd.DataFrame:
        """The predictors of the rows as a table."""
        return pd.DataFrame(self.rows.X.numbers, columns=list(self.rows.X.names))

    @property
    def judged(self) -> JudgedRows:
        """The same rows as risks are held against."""
        return JudgedRows(self.rows.y, self.rows.weight, self.rows.patients, self.row_facts)

    @property
    def counts(self) -> dict[str, int]:
        """Rows, patients, event rows and event patients."""
        return self.judged.counts

    def learning(self, at: IntArray) -> Rows:
        """Return rows to learn from, their censoring weights learnt from their patients alone."""
        part = self.rows.take(at)
        if not self.censored:
            return part
        mine = self.asked["patient_id"].isin(set(part.patients))
        curve = fit_censoring(self.asked[mine])
        weight = curve.weights(self.labels.iloc[at])
        return Rows(part.X, part.y, weight, part.patients, part.context)


def prepare(cohort: Cohort, plan: Plan, convention: str | None = None) -> Task:
    """Turn a cohort and a plan into rows.

    Parameters
    ----------
    cohort : Cohort
    plan : Plan
    convention : what the end of a record means, in place of the plan's.

    Raises
    ------
    NotAssessable
        If no course is at risk at any landmark, or no outcome is known.
    """
    used = convention or plan.end_of_record or cohort.manifest.end_of_record
    asked = labels(cohort, plan.asked, used)
    known = asked["outcome"].notna() & (asked["weight"] > 0)
    chosen = asked[known].reset_index(drop=True)
    if len(chosen) == 0:
        raise NotAssessable(
            f"{plan.asked.name}: {len(cohort.courses)} courses give {len(asked)} rows at risk, and "
            "none has a known outcome. Check the grades table and the days of follow-up."
        )
    predictors = plan.predictor_set
    X = named_matrix(feature_matrix(cohort, chosen[["course_id", "instant"]], predictors))
    rows = Rows(
        X,
        chosen["outcome"].to_numpy(dtype=np.float64),
        chosen["weight"].to_numpy(dtype=np.float64),
        chosen["patient_id"].to_numpy(dtype=object),
        _context(cohort, plan.asked, chosen),
    )
    return Task(
        question=plan.asked,
        predictors=predictors,
        facts=_facts(cohort, used),
        rows=rows,
        labels=chosen,
        row_facts=row_facts(cohort, chosen),
        asked=asked,
        censored=used == "censored",
    )


def _facts(cohort: Cohort, convention: str) -> CohortFacts:
    manifest = cohort.manifest
    return CohortFacts(
        name=manifest.name,
        fingerprint=fingerprint(cohort),
        synthetic=manifest.synthetic,
        resolution=manifest.resolution,
        grading_system=manifest.grading_system,
        end_of_record=convention,
        products=tuple(sorted(cohort.courses["product"].dropna().unique())),
    )


def _context(cohort: Cohort, asked: Question, chosen: pd.DataFrame) -> pd.DataFrame:
    """Build what comparators read, whether or not the model may see it."""
    columns = context_columns(asked)
    wanted = PredictorSet(columns=tuple(columns.values()))
    context = feature_matrix(cohort, chosen[["course_id", "instant"]], wanted)
    return context.rename(columns={column: role for role, column in columns.items()})


def context_columns(asked: Question) -> dict[str, str]:
    """Return what comparators read -> the column of the feature matrix that holds it.

    Without a published rate of this toxicity and grade, PUBLISHED is not among them.
    """
    toxicity = asked.toxicity.lower()
    columns = {name: name for name in SCORE_NAMES}
    columns |= {GRADE: f"{toxicity}_grade", DAY: "day"}
    if (asked.toxicity, asked.min_grade) in PRIORS:
        columns[PUBLISHED] = f"prior_logit_{toxicity}_{asked.min_grade}"
    return columns
