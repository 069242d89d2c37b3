"""The gradings of the BWH workbook: a daily mean of ICANS, and CRS as a peak and an onset."""

from collections import Counter

import numpy as np
import pandas as pd

from features.sources.bwh_rows import ONCE_A_COURSE
from features.sources.spreadsheet import numbers

HIGHEST_GRADE = 5


def gradings(
    days: pd.DataFrame, courses: pd.DataFrame, excluded: Counter[str], *, as_published: bool
) -> pd.DataFrame:
    """Return the gradings of both toxicities, ordered by course, day and toxicity."""
    made = [_icans(days, excluded, as_published=as_published)]
    made.append(_crs_as_published(courses) if as_published else _crs(courses, excluded))
    every = pd.concat(made, ignore_index=True).assign(system="unknown")
    return every.sort_values(["course_id", "day", "toxicity"], kind="stable", ignore_index=True)


def crs_of_courses(days: pd.DataFrame) -> pd.DataFrame:
    """Return what the file says of a course's CRS: peak, onset_day, peak_day, and its last day."""
    said = days.assign(**{name: numbers(days[name]) for name in ONCE_A_COURSE[:3]})
    made = said.groupby("course_id", sort=False).agg(
        peak=("CRS Peak Severity", "first"),
        onset_day=("CRS Onset Day", "first"),
        peak_day=("CRS Peak Day", "first"),
        last_day=("day", "max"),
    )
    return made.reset_index()


def _icans(days: pd.DataFrame, excluded: Counter[str], *, as_published: bool) -> pd.DataFrame:
    """Return the daily ICANS; half a grade counts as the next whole one: the worse is kept."""
    grade = numbers(days["meanscore"])
    legal = grade.notna() if as_published else grade.between(0, HIGHEST_GRADE)
    excluded["grades.grade_is_0_to_5"] += int((days["meanscore"].notna() & ~legal).sum())
    if not as_published:
        grade = np.ceil(grade)
        before = legal & (days["day"] < 0) & (grade > 0)
        excluded["grades.grade_is_not_before_infusion"] += int(before.sum())
        legal &= ~before
    made = pd.DataFrame({"course_id": days["course_id"], "day": days["day"], "grade": grade})
    return made[legal].assign(toxicity="ICANS")


def _crs(courses: pd.DataFrame, excluded: Counter[str]) -> pd.DataFrame:
    """Return what can be told of CRS on a day.

    The peak on its day; grade 1 at an onset before it; a peak of 1 without a day at the onset. No
    CRS (peak 0) sums up the whole record, so it is grade 0 on its last day and nothing before: left
    out altogether, everybody with a grading would have had CRS. A higher peak without a day is left
    out with its onset, for grade 1 alone would call it mild.
    """
    peak, onset, peak_day = courses["peak"], courses["onset_day"], courses["peak_day"]
    usable = peak.isin(range(HIGHEST_GRADE + 1))
    excluded["grades.crs_peak_is_a_grade"] += int((courses["peak"].notna() & ~usable).sum())
    ill = usable & (peak > 0)
    dated = ill & (peak_day >= 0)
    mild = ill & ~dated & (peak == 1) & (onset >= 0)
    excluded["grades.crs_peak_has_a_day"] += int((ill & ~dated & ~mild).sum())
    free = usable & (peak == 0)
    excluded["grades.crs_onset_has_a_peak"] += int((free & onset.notna()).sum())
    return pd.concat(
        [
            _crs_rows(courses, dated, peak_day, peak),
            _crs_rows(courses, (dated & (onset >= 0) & (onset < peak_day)) | mild, onset, 1.0),
            _crs_rows(courses, free, courses["last_day"], 0.0),
        ]
    )


def _crs_as_published(courses: pd.DataFrame) -> pd.DataFrame:
    """Return the peak on the day that the file names for it, and grade 1 at the onset before it."""
    peak, onset, peak_day = courses["peak"], courses["onset_day"], courses["peak_day"]
    return pd.concat(
        [
            _crs_rows(courses, peak.notna() & peak_day.notna(), peak_day, peak),
            _crs_rows(courses, onset.notna() & ~(onset >= peak_day), onset, 1.0),
        ]
    )


def _crs_rows(
    courses: pd.DataFrame, mask: pd.Series, day: pd.Series, grade: pd.Series | float
) -> pd.DataFrame:
    made = pd.DataFrame({"course_id": courses["course_id"], "day": day, "grade": grade})
    return made[mask].assign(toxicity="CRS")
