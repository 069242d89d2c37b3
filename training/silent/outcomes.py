"""What came of the answered landmarks, and when each patient's last window had passed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from features.questions import Question, labels
from features.tables import Cohort

ONE_DAY = pd.Timedelta(days=1)
_LANDMARKS_AT_ONCE = 40


def outcomes(cohort: Cohort, asked: Question, answers: pd.DataFrame) -> pd.DataFrame:
    """Return outcome, status and instant of each (course_id, landmark_day) at risk."""
    manifest = cohort.manifest
    # What is cut has no outcome; weights for it are unbounded, and no sequential bet allows that.
    convention = "drop" if manifest.end_of_record == "censored" else manifest.end_of_record
    by_end_of_day = manifest.resolution == "day" and not asked.before_infusion
    shift = 1.0 if by_end_of_day else 0.0
    wanted = answers[["course_id", "landmark_day"]].drop_duplicates()
    instants = np.unique(wanted["landmark_day"].to_numpy())
    parts = [labels(cohort, asked, convention).iloc[:0]]
    for start in range(0, len(instants), _LANDMARKS_AT_ONCE):
        days = tuple(float(day) - shift for day in instants[start : start + _LANDMARKS_AT_ONCE])
        told = labels(cohort, replace(asked, landmark_days=days), convention)
        told["landmark_day"] += shift
        parts.append(told.merge(wanted, on=["course_id", "landmark_day"]))
    columns = [
        "course_id",
        "patient_id",
        "landmark_day",
        "instant",
        "outcome",
        "status",
        "recurrent",
    ]
    return pd.concat(parts, ignore_index=True)[columns]


def entered(
    cohort: Cohort, answers: pd.DataFrame, asked: Question, rows: pd.DataFrame
) -> tuple[pd.DataFrame, list[str]]:
    """Return the patients whose last window has passed, in order, and those who wait for it."""
    resolution = cohort.manifest.resolution
    last = asked.horizon_end(asked.instant(asked.landmark_days[-1], resolution), resolution)
    starts = rows["written_at"] - pd.to_timedelta(rows["landmark_day"], unit="D")
    infused = cohort.courses.set_index("course_id")["infused_at"]
    known = infused.reindex(rows["course_id"]).set_axis(rows.index)
    begun = pd.DataFrame(
        {
            "patient_id": rows["patient_id"],
            "entered_at": known.fillna(starts) + last * ONE_DAY,
        }
    )
    people = begun.groupby("patient_id", sort=False)[["entered_at"]].min()
    over = people["entered_at"] <= _exported_at(cohort, answers)
    return people[over].reset_index(), people.index[~over].tolist()


def with_outcome(passed: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the patients with a determined answer, in order, and whether they had the event."""
    event = rows.groupby("patient_id")["outcome"].max() == 1
    told = passed[passed["patient_id"].isin(event.index)]
    told = told.assign(event=event.reindex(told["patient_id"]).to_numpy(dtype=bool))
    return told.sort_values(["entered_at", "patient_id"]).reset_index(drop=True)


def _exported_at(cohort: Cohort, answers: pd.DataFrame) -> pd.Timestamp:
    """Return the latest instant that the export knows of."""
    infused = cohort.courses.set_index("course_id")["infused_at"]
    known = cohort.grades.groupby("course_id")["known_day"].max().reindex(infused.index)
    instants = (
        answers["written_at"].max(),
        (infused + pd.to_timedelta(known, unit="D")).max(),
        pd.to_datetime(cohort.manifest.created, errors="coerce", utc=True),
    )
    return max(instant for instant in instants if not pd.isna(instant))
