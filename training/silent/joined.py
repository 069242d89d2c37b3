"""Answers that were given silently, joined with the outcomes that came later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from features.answers import read_answers
from features.cohort_files import read_cohort
from features.errors import CohortError, NotAssessable
from features.questions import Question
from features.tables import Cohort, no_course_in_common
from training.silent.limits import Limits
from training.silent.outcomes import ONE_DAY, entered, outcomes, with_outcome

CLOCK_TOLERANCE_DAYS = 1.0 / 24.0
LATEST_AFTER_LANDMARK_DAYS = 1.0


@dataclass(frozen=True, eq=False)
class Export:
    """What a ledger gave out: the cohort it saw and the answers it gave."""

    cohort: Cohort
    answers: pd.DataFrame


@dataclass(frozen=True, eq=False)
class Joined:
    """Answers of one model to one question, each with what came of it.

    Parameters
    ----------
    asked : the question.
    rows : DataFrame
        One counted answer a row, in the order of `patients`: patient_id, course_id, landmark_day,
        instant, probability, tier, outcome (0 or 1).
    days : DataFrame
        One patient and day at risk a row, determined or not: patient_id, day, tiers (frozenset of
        the tiers of all answers of that day).
    patients : DataFrame
        patient_id, entered_at (when their last window had passed), event; in the order in which
        they entered, which is that of their infusions whatever came of them.
    model : digest of the model that is judged.
    first_answer : when its first answer was written; NaT where no clock can be believed.
    answers : how many answers of the question the export holds.
    left_out : named reason -> answers.
    waiting : patients whose last window is still open.
    """

    asked: Question
    rows: pd.DataFrame
    days: pd.DataFrame
    patients: pd.DataFrame
    model: str
    first_answer: pd.Timestamp
    answers: int
    left_out: dict[str, int] = field(default_factory=dict)
    waiting: int = 0

    @property
    def longest_days(self) -> int:
        """How many days a patient can be asked on at most; 0 where the question sets no limit."""
        if self.asked.before_infusion:
            return 0
        first, last = self.asked.landmark_days[0], self.asked.landmark_days[-1]
        return int(np.floor(last) - np.floor(first)) + 1

    @property
    def most_events(self) -> float:
        """Largest share of those days whose windows can hold one event."""
        horizon, most = self.asked.horizon_days, self.longest_days
        if horizon is None or not most:
            return 1.0
        return min(most, int(np.floor(horizon)) + 1) / most

    @property
    def patients_per_month(self) -> float:
        """How fast patients entered so far; NaN with fewer than two."""
        entered = self.patients["entered_at"]
        months = (entered.max() - entered.min()) / ONE_DAY / 30.4375 if len(entered) else 0.0
        return (len(entered) - 1) / months if months > 0 else float("nan")


def read_export(directory: str | Path) -> Export:
    """Read the export of a ledger.

    Raises
    ------
    CohortError
        It is no cohort, holds no answers, or not one answer belongs to a course of the cohort.
    """
    cohort, answers = read_cohort(directory), read_answers(directory)
    if len(answers) and not answers["course_id"].isin(cohort.courses["course_id"]).any():
        raise CohortError(f"{directory}: table answers: {no_course_in_common(len(answers))}")
    return Export(cohort, answers)


def join(export: Export, limits: Limits, asked: Question, digest: str | None = None) -> Joined:
    """Give every silent answer of the judged model the outcome of its question.

    The outcome is that of :func:`features.questions.labels` at exactly the instant of the answer;
    windows that a lost patient leaves open have none and are left out. Of several answers to a
    course on one day the first counts. A patient enters when the *last* window of the question has
    passed, with an event or without: patients who had it early would otherwise come first.

    Parameters
    ----------
    digest : judge this model; without, of those that the limits are for what answered last.

    Raises
    ------
    NotAssessable
        The export holds no answer to the question, the limits are for a model that gave none, or
        the question has no end.
    """
    if not np.isfinite(asked.horizon_end(0.0)):
        raise NotAssessable(f"{asked.name} asks for the rest of the record: no window ever passes.")
    answers = _of_question(export.answers, asked)
    model = _judged_model(answers, limits, digest)
    sieve = _Sieve(answers)
    others = answers["model"].fillna("").astype("str")
    for name in sorted(set(others) - {model, ""}):
        sieve.drop(f"of another model ({name[:16]})", others == name)
    courses = _first_courses(export.cohort)
    _outside_time(sieve, export.cohort, asked, courses)
    first_answer = sieve.left["written_at"].min()
    sieve.drop("shown to somebody", lambda left: left["shown"].astype(bool))
    sieve.drop("abstained", lambda left: left["probability"].isna())
    everyone = export.cohort.courses["course_id"]
    sieve.drop("of a course that the cohort lacks", lambda left: ~left["course_id"].isin(everyone))
    sieve.drop(
        "of a later course of the patient", lambda left: ~left["course_id"].isin(courses.index)
    )
    told = outcomes(export.cohort, asked, sieve.left)
    rows = sieve.left.merge(told, on=["course_id", "landmark_day"], how="left")
    sieve = _Sieve(rows.sort_values(["written_at", "answer_id"], kind="stable"), sieve.dropped)
    sieve.drop("not at risk", lambda left: left["status"].isna())
    sieve.drop("after an earlier event", lambda left: left["recurrent"].astype(bool))
    at_risk = sieve.left.assign(day=np.floor(sieve.left["landmark_day"]))
    sieve.drop(
        "a later answer of the same day",
        at_risk.duplicated(["course_id", "day"]).reindex(sieve.left.index),
    )
    passed, waiting = entered(export.cohort, export.answers, asked, sieve.left)
    sieve.drop("window still open", lambda left: left["patient_id"].isin(waiting))
    sieve.drop("outcome lost from sight", lambda left: left["outcome"].isna())
    patients = with_outcome(passed, sieve.left)
    return Joined(
        asked=asked,
        rows=_in_order(sieve.left, patients),
        days=_days(at_risk),
        patients=patients,
        model=model,
        first_answer=first_answer,
        answers=len(answers),
        left_out=sieve.dropped,
        waiting=len(waiting),
    )


class _Sieve:
    """Rows that are left out one reason after the other, and how many went for each."""

    def __init__(self, rows: pd.DataFrame, dropped: dict[str, int] | None = None) -> None:
        self.left = rows
        self.dropped = dict(dropped or {})

    def drop(
        self, why: str, which: pd.Series[bool] | Callable[[pd.DataFrame], pd.Series[bool]]
    ) -> None:
        mask = which(self.left) if callable(which) else which.reindex(self.left.index)
        mask = mask.fillna(value=False).astype(bool)
        if mask.any():
            self.dropped[why] = int(mask.sum())
            self.left = self.left[~mask]


def _of_question(answers: pd.DataFrame, asked: Question) -> pd.DataFrame:
    chosen = answers[answers["question"] == asked.name].reset_index(drop=True)
    if chosen.empty:
        there = ", ".join(sorted(answers["question"].unique())) or "none"
        raise NotAssessable(
            f"The export holds no answer to {asked.name}. Questions it answers: {there}."
        )
    return chosen


def _judged_model(answers: pd.DataFrame, limits: Limits, digest: str | None) -> str:
    """Return the digest of the model that the limits are for; of several, what answered last."""
    named = answers[answers["model"].fillna("") != ""]
    fits = [limits.is_for(str(one)) and digest in (None, one) for one in named["model"]]
    fitting = named[fits]
    if fitting.empty:
        there = ", ".join(sorted({str(one)[:16] for one in named["model"]})) or "none"
        asked = f" and --model is {digest[:16]}" if digest else ""
        raise NotAssessable(
            f"The limits are for model {limits.model[:16]}{asked}: no answer here is by it. Models "
            f"that did answer: {there}. Limits count for the model they were written for."
        )
    return str(fitting.sort_values("written_at", kind="stable")["model"].iloc[-1])


def _first_courses(cohort: Cohort) -> pd.DataFrame:
    """Return the first course of each patient, by its id; one of several without dates."""
    ordered = cohort.courses.sort_values("infused_at", kind="stable", na_position="last")
    return ordered.drop_duplicates("patient_id").set_index("course_id")


def _outside_time(sieve: _Sieve, cohort: Cohort, asked: Question, courses: pd.DataFrame) -> None:
    """Leave out what was asked outside the question, and what the clock contradicts.

    None of these rules knows the outcome: to leave out what was written after the event would keep
    the late answers of the others.
    """
    resolution = cohort.manifest.resolution
    first, last = (asked.instant(asked.landmark_days[at], resolution) for at in (0, -1))
    first = -np.inf if asked.before_infusion else first
    sieve.drop(
        "outside the landmarks of the question",
        lambda left: ~left["landmark_day"].between(first, last),
    )
    infused = courses["infused_at"].reindex(sieve.left["course_id"]).set_axis(sieve.left.index)
    written_day = (sieve.left["written_at"] - infused).dt.total_seconds() / ONE_DAY.total_seconds()
    late = written_day - sieve.left["landmark_day"]
    earliest = -CLOCK_TOLERANCE_DAYS - (1.0 if resolution == "day" else 0.0)
    sieve.drop("written before its landmark (clock)", late < earliest)
    sieve.drop("written more than a day after its landmark", late > LATEST_AFTER_LANDMARK_DAYS)


def _in_order(rows: pd.DataFrame, patients: pd.DataFrame) -> pd.DataFrame:
    order = pd.Index(patients["patient_id"]).get_indexer(pd.Index(rows["patient_id"]))
    columns = [
        "patient_id", "course_id", "landmark_day", "instant", "probability", "tier", "outcome",
    ]  # fmt: skip
    made = rows.assign(order=order).sort_values(["order", "landmark_day"], kind="stable")
    return made[columns].reset_index(drop=True)


def _days(at_risk: pd.DataFrame) -> pd.DataFrame:
    told = at_risk.assign(tier=at_risk["tier"].fillna(""))
    tiers = told.groupby(["patient_id", "day"], sort=False)["tier"].agg(frozenset)
    return tiers.rename("tiers").reset_index()
