"""What a rule is given: the cohort, the question, and the rows the question makes of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.clock import happened_at
from features.inputs import INPUTS
from features.matrix import PredictorSet, feature_matrix
from features.questions import Question
from features.tables import Cohort
from training.metrics import auroc

MIN_EVENT_PATIENTS = 10  # below this no predictive rule is answered
MIN_SITE_PATIENTS = 10  # a smaller site says nothing about its practice
SITE_PRIOR_PATIENTS = 2.0  # of the average rate, added to each site
HONEST_SITES_BELOW = 0.80  # AUROC of the site; above it the site is the answer

FloatArray = npt.NDArray[np.float64]


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
    asked : DataFrame
        The labels of every row at risk, the undetermined among them.
    seed : int
        Seed of folds and bootstraps.
    """

    cohort: Cohort
    question: Question
    X: pd.DataFrame
    rows: pd.DataFrame
    asked: pd.DataFrame = field(default_factory=pd.DataFrame)
    seed: int = 0

    @cached_property
    def columns(self) -> pd.DataFrame:
        """The matrix, and the last reading of every measured input that it leaves out, (n, k).

        What is not among the predictors of a plan today is there for the next.
        """
        measured = self.cohort.measurements["input"].astype(str).unique()
        more = [
            f"{name}__{what}"
            for name in INPUTS
            if name in measured and f"{name}__last" not in self.X
            for what in ("last", "hours_since")
        ]
        if not more or "instant" not in self.rows:
            return self.X
        landmarks = self.rows[["course_id", "instant"]]
        others = feature_matrix(self.cohort, landmarks, PredictorSet(columns=tuple(more)))
        return pd.concat([self.X, others.set_axis(self.X.index)], axis=1)

    @cached_property
    def y(self) -> npt.NDArray[np.bool_]:
        """Outcome of each row, (n,) bool."""
        return self.rows["outcome"].to_numpy(dtype=float) == 1.0

    @cached_property
    def patients(self) -> npt.NDArray[np.int64]:
        """Number of each row's patient, (n,) int."""
        return np.asarray(pd.factorize(self.rows["patient_id"].astype(str))[0])

    @cached_property
    def contrast(self) -> npt.NDArray[np.bool_]:
        """Rows that are held against each other, (n,): of an event, or of a patient without any.

        Other rows of an event patient lie before the window, and a leak that marks the patient
        marks them too.
        """
        return self.y | ~self.patient_table["event"].to_numpy(dtype=bool)[self.patients]

    @cached_property
    def strata(self) -> FloatArray:
        """Number of each row's stratum of current grade and landmark day, (n,)."""
        by = [self.rows["current_grade"].fillna(-1), self.rows["landmark_day"]]
        return _numbered(pd.DataFrame(dict(enumerate(by))))

    @cached_property
    def known(self) -> FloatArray:
        """What is known anyway, (n, m): a column a grade, the day, and the site where it is fair.

        Sites may differ in patients and in practice; what a rule finds has to tell more than that.
        Where nearly every site holds one outcome only, the site is the leak and is not allowed for.
        """
        columns = pd.get_dummies(self.rows["current_grade"].fillna(-1), dtype=float)
        columns["day"] = self.rows["landmark_day"].to_numpy(dtype=float) / 7.0
        if self.sites_are_mixed:
            site = self.patient_table["site"].to_numpy()[self.patients]
            columns = pd.concat([columns, pd.get_dummies(site, prefix="site", dtype=float)], axis=1)
        return columns.to_numpy(dtype=float)

    @cached_property
    def patient_table(self) -> pd.DataFrame:
        """One row a patient, in the order of `patients`: site and whether a row has the event."""
        site = self.rows.get("site", pd.Series("", index=self.rows.index))
        frame = pd.DataFrame(
            {"patient": self.patients, "site": site.fillna("").astype(str), "event": self.y}
        )
        return frame.groupby("patient").agg(site=("site", "first"), event=("event", "any"))

    @cached_property
    def course_table(self) -> pd.DataFrame:
        """One row a course in the question, by id: its patient's number and the first event.

        Columns: patient (int), event (bool, of this course), event_instant (NaN without).
        """
        frame = self.rows[["course_id"]].assign(
            patient=self.patients,
            event=self.y,
            event_instant=self.rows.get("event_instant", pd.Series(np.nan, self.rows.index)),
        )
        return frame.groupby("course_id").agg(
            patient=("patient", "first"),
            event=("event", "any"),
            event_instant=("event_instant", "min"),
        )

    @cached_property
    def before_the_event(self) -> pd.DataFrame:
        """Measurements dated before the day of the first event of their course.

        Courses without one are cut on the day of somebody else's event, drawn at random: a shorter
        record must not tell the outcome.
        """
        courses = self.course_table
        events = courses["event_instant"].dropna().to_numpy(dtype=float)
        if not len(events):
            return self.cohort.measurements
        drawn = np.random.default_rng(self.seed).choice(events, len(courses))
        cut = pd.Series(np.floor(courses["event_instant"].fillna(pd.Series(drawn, courses.index))))
        measured = self.cohort.measurements
        end = measured["course_id"].map(cut).to_numpy(dtype=float)
        return measured[measured["day"].to_numpy(dtype=float) < end]

    @cached_property
    def site_rates(self) -> FloatArray:
        """Event rate of the other patients of each patient's site, (patients,).

        Drawn towards the rate of all, so that a site of one patient tells nothing.
        """
        table = self.patient_table
        event = table["event"].to_numpy(dtype=np.float64)
        of_site = table.assign(event=event).groupby("site")["event"]
        others = of_site.transform("size").to_numpy(dtype=np.float64) - 1.0
        events = of_site.transform("sum").to_numpy(dtype=np.float64) - event
        return (events + event.mean() * SITE_PRIOR_PATIENTS) / (others + SITE_PRIOR_PATIENTS)

    @cached_property
    def sites_are_mixed(self) -> bool:
        """Whether there are sites to allow for, which hold both outcomes as hospitals do."""
        table = self.patient_table
        sizes = table["site"].value_counts()
        if (sizes >= MIN_SITE_PATIENTS).sum() < 2 or not self.both_classes:
            return False
        event = table["event"].to_numpy(dtype=np.float64)
        area = float(auroc(event, self.site_rates, np.ones(len(event)))[0])
        return area < HONEST_SITES_BELOW

    @cached_property
    def last_record(self) -> pd.Series:
        """Instant of the last measurement, grading or treatment of each course, by id."""
        parts = [
            self.cohort.measurements[["course_id", "day"]],
            self.cohort.grades[["course_id", "day"]],
            self.cohort.treatments[["course_id", "start_day"]].rename(columns={"start_day": "day"}),
        ]
        last = pd.concat(parts, ignore_index=True).groupby("course_id")["day"].max()
        instants = happened_at(last.to_numpy(dtype=float), self.cohort.manifest.resolution)
        return pd.Series(instants, index=last.index)

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
        without = len(self.patient_table) - self.event_patients
        if without < MIN_EVENT_PATIENTS:
            return f"{without} patients without an event, at least {MIN_EVENT_PATIENTS} are needed"
        return ""


def _numbered(by: pd.DataFrame) -> FloatArray:
    return np.asarray(by.groupby(list(by.columns)).ngroup(), dtype=np.float64)
