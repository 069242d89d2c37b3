"""What happened to each course, and how long one knows: arrays behind every label.

Everything here is truth in hindsight, for labels only. Nothing of it may become a predictor.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.clock import MOMENT, happened_at
from features.tables import Cohort

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Gradings:
    """Gradings of one toxicity, ordered by course, instant and grade.

    Attributes
    ----------
    course : ndarray of int
        Row number of the course in ``cohort.courses``.
    instant : ndarray of float
        When the finding was made (end of its day where only days are known).
    day, known_day, grade : ndarray of float
        As in the table.
    """

    course: npt.NDArray[np.int64]
    instant: Floats
    day: Floats
    known_day: Floats
    grade: Floats
    n_courses: int

    def keep(self, mask: Bools) -> "Gradings":
        """Return the gradings where `mask` holds."""
        return Gradings(
            self.course[mask],
            self.instant[mask],
            self.day[mask],
            self.known_day[mask],
            self.grade[mask],
            self.n_courses,
        )

    def first(self, mask: Bools) -> Floats:
        """Return each course's first instant where `mask` holds, NaN without one."""
        found = np.full(self.n_courses, np.nan)
        course, instant = self.course[mask], self.instant[mask]
        starts = np.ones(len(course), dtype=bool)
        starts[1:] = course[1:] != course[:-1]
        found[course[starts]] = instant[starts]
        return found

    def last(self, mask: Bools, what: Floats) -> Floats:
        """Return each course's last value of `what` where `mask` holds, NaN without one."""
        found = np.full(self.n_courses, np.nan)
        course, chosen = self.course[mask], what[mask]
        ends = np.ones(len(course), dtype=bool)
        ends[:-1] = course[1:] != course[:-1]
        found[course[ends]] = chosen[ends]
        return found


@dataclass(frozen=True, slots=True)
class Days:
    """The days on which a course has a grading or a reading, in a source that resolves only days.

    Attributes
    ----------
    course : ndarray of int
        Row number of the course in ``cohort.courses``.
    day : ndarray of float
        Number of the day.
    """

    course: npt.NDArray[np.int64]
    day: Floats
    n_courses: int

    def recorded(self, day: float) -> Bools:
        """Return which courses have a record on `day`."""
        found = np.zeros(self.n_courses, dtype=bool)
        found[self.course[self.day == np.floor(day)]] = True
        return found


@dataclass(frozen=True, slots=True)
class FollowUp:
    """The follow-up of every course for one toxicity.

    Attributes
    ----------
    gradings : Gradings
        Of this toxicity.
    observed_until : ndarray of shape (n_courses,)
        Last instant up to which the course is known to be free of what was not recorded; -inf where
        this toxicity was never graded. An absent grading is not a grade 0.
    discharge, readmission, second_dose : ndarray of shape (n_courses,)
        Instants, NaN where there was none.
    death_of_toxicity, death_of_other : ndarray of shape (n_courses,)
        Instants, NaN where the patient did not die of that.
    days : Days or None
        Which days hold a record, where the source resolves only days; else None.
    """

    gradings: Gradings
    observed_until: Floats
    discharge: Floats
    readmission: Floats
    second_dose: Floats
    death_of_toxicity: Floats
    death_of_other: Floats
    days: "Days | None" = None

    @property
    def graded(self) -> Bools:
        """Which courses were ever graded for this toxicity."""
        return self.observed_until > -np.inf

    def alive_at(self, instant: float) -> Bools:
        """Return which courses have no death up to `instant`."""
        return ~((self.death_of_toxicity <= instant) | (self.death_of_other <= instant))

    def in_sight_at(self, instant: float) -> Bools:
        """Return which courses are watched at `instant`.

        The record reaches the instant, and a discharged patient counts only after a readmission or
        with a grading within the last 24 hours. A source that resolves only days is read at the end
        of a day: a day without any record was not watched.
        """
        gradings = self.gradings
        recent = (gradings.instant > instant - 1.0) & (gradings.instant <= instant)
        contact = ~np.isnan(gradings.first(recent))
        away = (self.discharge < instant) & ~(self.readmission <= instant)
        watched = (self.observed_until >= instant - MOMENT) & (~away | contact)
        return watched if self.days is None else watched & self.days.recorded(instant - 1.0)


def follow_up(cohort: Cohort, toxicity: str) -> FollowUp:
    """Read the follow-up of every course of `cohort` for `toxicity` ("CRS" or "ICANS").

    Returns
    -------
    FollowUp
        In the order of ``cohort.courses``.
    """
    courses = cohort.courses
    resolution = cohort.manifest.resolution
    gradings = _gradings(cohort, toxicity)
    when = {
        name: happened_at(_numbers(courses[f"{name}_day"]), resolution)
        for name in ("discharge", "readmission", "death")
    }
    followed = happened_at(_numbers(courses["follow_up_days"]), resolution)
    of_toxicity = (courses["death_cause"] == toxicity).fillna(False).to_numpy(dtype=bool)
    last_grading = gradings.last(np.ones(len(gradings.course), dtype=bool), gradings.instant)
    return FollowUp(
        gradings=gradings,
        observed_until=_observed_until(last_grading, followed, when),
        discharge=when["discharge"],
        readmission=when["readmission"],
        second_dose=_numbers(courses["second_dose_day"]),
        death_of_toxicity=np.where(of_toxicity, when["death"], np.nan),
        death_of_other=np.where(of_toxicity, np.nan, when["death"]),
        days=_days(cohort) if resolution == "day" else None,
    )


def _days(cohort: Cohort) -> Days:
    records = pd.concat(
        [cohort.grades[["course_id", "day"]], cohort.measurements[["course_id", "day"]]]
    )
    course = pd.Index(cohort.courses["course_id"]).get_indexer(pd.Index(records["course_id"]))
    day = np.floor(_numbers(records["day"]))
    known = course >= 0
    return Days(course[known].astype(np.int64), day[known], len(cohort.courses))


def _observed_until(last_grading: Floats, followed: Floats, when: dict[str, Floats]) -> Floats:
    # A readmission without a grading since then leaves open what it was for.
    unexplained = when["readmission"] > last_grading
    contact = np.where(unexplained, np.fmin(followed, when["readmission"]), followed)
    until = np.fmax(np.fmax(last_grading, contact), np.fmax(when["discharge"], when["death"]))
    return np.where(np.isnan(last_grading), -np.inf, until)


def grades_of_one_system(cohort: Cohort) -> pd.DataFrame:
    """Return the gradings made in the grading system that the cohort declares.

    Gradings that name no system count as the declared one. Scales are not converted here: the same
    59 patients hold 5 severe by Lee and 12 by ASTCT.
    """
    declared = cohort.manifest.grading_system
    if declared == "unknown":
        return cohort.grades
    system = cohort.grades["system"]
    return cohort.grades[system.isna() | (system == declared)]


def _gradings(cohort: Cohort, toxicity: str) -> Gradings:
    grades = grades_of_one_system(cohort)
    rows = grades[(grades["toxicity"] == toxicity) & grades["grade"].notna()]
    course = pd.Index(cohort.courses["course_id"]).get_indexer(pd.Index(rows["course_id"]))
    day = _numbers(rows["day"])
    instant = happened_at(day, cohort.manifest.resolution)
    grade, known_day = _numbers(rows["grade"]), _numbers(rows["known_day"])
    order = np.lexsort((grade, known_day, day, instant, course))
    order = order[course[order] >= 0]
    return Gradings(
        course=course[order].astype(np.int64),
        instant=instant[order],
        day=day[order],
        known_day=known_day[order],
        grade=grade[order],
        n_courses=len(cohort.courses),
    )


def _numbers(column: "pd.Series[float]") -> Floats:
    return pd.to_numeric(column).to_numpy(dtype=np.float64, na_value=np.nan)
