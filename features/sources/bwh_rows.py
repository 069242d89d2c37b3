"""The rows of the BWH workbook: which course each belongs to, and from which source it came.

A course is a run of rows of one SID whose days do not fall. The second source begins with the first
course that holds a temperature above `HIGHEST_CELSIUS`: nobody has one, so it is in Fahrenheit.
"""

from collections import Counter
from pathlib import Path

import pandas as pd

from features.errors import CohortError
from features.sources.course_ids import hashed_ids, ids_by_position
from features.sources.spreadsheet import numbers, read_spreadsheet

HIGHEST_CELSIUS = 60.0
SID, DAY, TEMPERATURE = "SID", "HospitalDay", "Temp"
DAILY = (TEMPERATURE, "CRP", "Ferritin", "meanscore", "Procalcitonin", "IL_6", "WBC")
ONCE_A_COURSE = ("CRS Peak Severity", "CRS Onset Day", "CRS Peak Day", "Toci doses", "From DR")
COLUMNS = (
    SID, "Age", "Sex", "Diagnosis", "Subtype", "Aggressive", DAY, *DAILY, *ONCE_A_COURSE,
)  # fmt: skip
PARTS = ("first", "second")
_KEY = ["course_id", "day"]


def published_days(path: Path, excluded: Counter[str], *, as_published: bool) -> pd.DataFrame:
    """Read the workbook at `path`.

    Returns
    -------
    DataFrame
        The cells of `COLUMNS` as they came, ``source_row``, ``day``, ``is_second`` (source),
        ``course_id`` and ``patient_id``; ordered by course and day. As published an id is the
        position in the file and every course a patient; else ids are hashes, and courses of one SID
        are of one patient.

    Raises
    ------
    CohortError
        No workbook, another layout, or no row with a SID and a day.
    """
    cells = read_spreadsheet(path, COLUMNS, header_row=1)
    days = cells.assign(day=numbers(cells[DAY]))
    dated = days["day"].notna() & days[SID].notna()
    excluded["measurements.patient_and_day_are_there"] += int((~dated).sum())
    days = days[dated]
    if days.empty:
        raise CohortError(f"{path.name}: no row has a SID and a HospitalDay.")
    course = ((days[SID] != days[SID].shift()) | (days["day"] < days["day"].shift())).cumsum()
    days["is_second"] = _is_second(days, course)
    if as_published:
        days["course_id"] = ids_by_position(course, "bwh")
        days["patient_id"] = days["course_id"]
    else:
        days["course_id"] = hashed_ids(days[list(COLUMNS)], course, "bwh")
        sids = days[SID].drop_duplicates()
        days["patient_id"] = days[SID].map(
            dict(zip(sids, hashed_ids(sids.to_frame(), sids, "bwh-patient"), strict=True))
        )
    return days.sort_values(_KEY, kind="stable").reset_index(drop=True)


def _is_second(days: pd.DataFrame, course: pd.Series) -> pd.Series:
    in_fahrenheit = numbers(days[TEMPERATURE]) > HIGHEST_CELSIUS
    if not in_fahrenheit.any():
        return in_fahrenheit
    return course >= course[in_fahrenheit].iloc[0]


def one_course_a_patient(days: pd.DataFrame, excluded: Counter[str]) -> pd.DataFrame:
    """Leave the first source's copy of a patient out who stands in the second too.

    One patient would be a control there and a case here.
    """
    in_second = days.loc[days["is_second"], "patient_id"].unique()
    copied = ~days["is_second"] & days["patient_id"].isin(in_second)
    excluded["courses.patient_is_in_one_source"] += days.loc[copied, "course_id"].nunique()
    return days[~copied].reset_index(drop=True)


def one_row_a_day(days: pd.DataFrame, excluded: Counter[str]) -> pd.DataFrame:
    """Leave out equal repeats of a course and day, and both where two disagree."""
    left = days[~days.duplicated([*_KEY, *DAILY], keep="first")]
    left = left[~left.duplicated(_KEY, keep=False)]
    excluded["measurements.one_row_per_patient_and_day"] += len(days) - len(left)
    return left.reset_index(drop=True)


def of_part(days: pd.DataFrame, part: str) -> pd.DataFrame:
    """Return the rows of one source, or of both where `part` is empty."""
    return days[days["is_second"] == (part == "second")] if part else days
