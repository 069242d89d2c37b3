"""Named rules of the rows of a cohort: each marks the rows that break it.

A rule takes a table (and the courses) and its name is its message; see :mod:`features.checks`.
"""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from features.errors import ProductError
from features.inputs import INPUTS
from features.products import product

_UNCERTAIN = pd.Timedelta(days=1)

Mask = pd.Series
Rule = Callable[[pd.DataFrame, pd.DataFrame], Mask]


def no_row(frame: pd.DataFrame) -> Mask:
    """Return a mask that marks nothing."""
    return pd.Series(False, index=frame.index)


def _of_course(frame: pd.DataFrame, courses: pd.DataFrame, column: str) -> pd.Series:
    values = courses.drop_duplicates("course_id").set_index("course_id")[column]
    return frame["course_id"].map(values)


# --- courses ---------------------------------------------------------------------------------


def course_id_is_unique(frame: pd.DataFrame, courses: pd.DataFrame) -> Mask:
    """Both of two courses with one id are left out: nobody knows which is meant."""
    return frame["course_id"].duplicated(keep=False) & frame["course_id"].notna()


def patient_belongs_to_one_site(frame: pd.DataFrame, courses: pd.DataFrame) -> Mask:
    """One patient id at two sites is two people, or one counted twice; either is unsafe."""
    sites = frame.groupby("patient_id")["site"].nunique()
    return frame["patient_id"].map(sites).fillna(0).astype(float) > 1


def product_is_in_the_catalogue(frame: pd.DataFrame, courses: pd.DataFrame) -> Mask:
    """The product is known, by any of its names."""
    return _product_refused_as(frame, "unknown")


def product_is_a_car_t(frame: pd.DataFrame, courses: pd.DataFrame) -> Mask:
    """The product is no bispecific antibody, TCR-T or other relative of CAR-T."""
    return _product_refused_as(frame, "not_car_t")


def _product_refused_as(frame: pd.DataFrame, kind: str) -> Mask:
    refused = {name: product_refusal(name) == kind for name in frame["product"].dropna().unique()}
    return frame["product"].astype("object").map(refused).fillna(value=False).astype(bool)


def product_refusal(name: str) -> str | None:
    """Return why a product has no answer, None where it has one."""
    try:
        product(name)
    except ProductError as refusal:
        return refusal.kind
    return None


def infusion_is_not_in_the_future(frame: pd.DataFrame, courses: pd.DataFrame) -> Mask:
    """What was not given has no outcome; a time of an untold zone is a day uncertain."""
    return frame["infused_at"] > latest_infusion()


def latest_infusion() -> pd.Timestamp:
    """Return the latest instant at which an infusion can have been given."""
    return pd.Timestamp.now("UTC") + _UNCERTAIN


def death_is_not_before_infusion(frame: pd.DataFrame, courses: pd.DataFrame) -> Mask:
    """A patient who died before day 0 had no infusion."""
    return frame["death_day"] < 0


def death_is_within_follow_up(frame: pd.DataFrame, courses: pd.DataFrame) -> Mask:
    """Follow-up goes on to the death at least (whole days: that day still counts)."""
    return frame["death_day"] > np.floor(frame["follow_up_days"]) + 1.0


def readmission_is_after_discharge(frame: pd.DataFrame, courses: pd.DataFrame) -> Mask:
    """Nobody returns before leaving."""
    return frame["readmission_day"] < frame["discharge_day"]


# --- rows that belong to a course --------------------------------------------------------------


def course_was_kept(frame: pd.DataFrame, courses: pd.DataFrame) -> Mask:
    """The row's course was not left out itself."""
    return ~frame["course_id"].isin(courses["course_id"])


def course_is_known(frame: pd.DataFrame, every_course: pd.DataFrame) -> Mask:
    """The row's course is in the courses table as it came."""
    return ~frame["course_id"].isin(every_course["course_id"])


def row_is_not_repeated(frame: pd.DataFrame, courses: pd.DataFrame) -> Mask:
    """The same row twice is counted once; where it came from does not make it another."""
    again = frame.duplicated([c for c in frame.columns if c != "source_row"], keep="first")
    start = "start_day" if "start_day" in frame else "day"
    return again & frame[start].notna()  # a row without a day cannot be compared


def day_is_within_follow_up(frame: pd.DataFrame, courses: pd.DataFrame) -> Mask:
    """Nothing happens after the end of follow-up (whole days: that day still counts)."""
    start = "start_day" if "start_day" in frame else "day"
    return frame[start] > np.floor(_of_course(frame, courses, "follow_up_days")) + 1.0


def day_is_not_in_the_future(frame: pd.DataFrame, courses: pd.DataFrame) -> Mask:
    """Nothing is recorded before it happens, or the time up to it would count as watched."""
    today = (latest_infusion() - courses["infused_at"]).dt.total_seconds() / 86_400.0
    start = "start_day" if "start_day" in frame else "day"
    return frame[start] > _of_course(frame, courses.assign(today=today), "today").astype(float)


def known_is_not_before_it_happened(frame: pd.DataFrame, courses: pd.DataFrame) -> Mask:
    """A result cannot be known before it was taken."""
    start = "start_day" if "start_day" in frame else "day"
    return frame["known_day"] < frame[start]


def number_or_level_is_present(frame: pd.DataFrame, courses: pd.DataFrame) -> Mask:
    """A number for numeric inputs, a word for inputs with levels."""
    texts = [name for name, one in INPUTS.items() if one.is_text]
    is_text = frame["input"].isin(texts)
    return (is_text & frame["text"].isna()) | (~is_text & frame["value"].isna())


def level_is_legal(frame: pd.DataFrame, courses: pd.DataFrame) -> Mask:
    """The word of an input with levels is one of them."""
    bad = no_row(frame)
    for name, one in INPUTS.items():
        if one.is_text:
            mine = frame["input"].eq(name) & frame["text"].notna()
            bad |= mine & ~frame["text"].isin(list(one.levels))
    return bad


def value_is_possible(frame: pd.DataFrame, courses: pd.DataFrame) -> Mask:
    """The value lies in the hard range of its input."""
    names = frame["input"].astype("object")
    low = names.map({name: one.hard[0] for name, one in INPUTS.items()}).astype(float)
    high = names.map({name: one.hard[1] for name, one in INPUTS.items()}).astype(float)
    return (frame["value"] < low) | (frame["value"] > high)


def stop_is_not_before_start(frame: pd.DataFrame, courses: pd.DataFrame) -> Mask:
    """An interval ends after it began."""
    return frame["stop_day"] < frame["start_day"]


def grade_is_a_whole_number(frame: pd.DataFrame, courses: pd.DataFrame) -> Mask:
    """Grades are 0 to 5."""
    return frame["grade"].notna() & (frame["grade"] % 1 != 0)


def grade_is_not_before_infusion(frame: pd.DataFrame, courses: pd.DataFrame) -> Mask:
    """CRS and ICANS follow the infusion; a grade above 0 before it is an error."""
    return (frame["day"] < 0) & (frame["grade"] > 0)


RULES: Mapping[str, tuple[Rule, ...]] = {
    "courses": (
        course_id_is_unique,
        patient_belongs_to_one_site,
        product_is_in_the_catalogue,
        product_is_a_car_t,
        infusion_is_not_in_the_future,
        death_is_not_before_infusion,
        death_is_within_follow_up,
        readmission_is_after_discharge,
    ),
    "measurements": (
        course_was_kept,
        row_is_not_repeated,
        day_is_within_follow_up,
        day_is_not_in_the_future,
        known_is_not_before_it_happened,
        number_or_level_is_present,
        level_is_legal,
        value_is_possible,
    ),
    "treatments": (
        course_was_kept,
        row_is_not_repeated,
        day_is_within_follow_up,
        day_is_not_in_the_future,
        known_is_not_before_it_happened,
        stop_is_not_before_start,
    ),
    "late_events": (course_was_kept, row_is_not_repeated, day_is_not_in_the_future),
    "grades": (
        course_was_kept,
        row_is_not_repeated,
        grade_is_not_before_infusion,
        day_is_within_follow_up,
        day_is_not_in_the_future,
        known_is_not_before_it_happened,
        grade_is_a_whole_number,
    ),
}
