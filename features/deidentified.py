"""A cohort without what names a person or a place: for sharing outside the hospital.

Left behind: dates and the calendar year, every id, lot numbers, the values and rows as the source
had them, names and notes of the manifest, words that few patients share, and the order of the rows.
Ages over 89 are pooled. What stays can still be rare: groups of few courses are listed, for a
person to decide on.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from features.inputs import INPUTS
from features.tables import TABLES, Cohort, cohort_of

OLDEST_TOLD = 89.0
POOLED_AGE = 90.0
FEW = 5
"""Fewer courses than this in a group, or patients that share a word, are a small cell [A]."""
GROUPED_BY = ("product", "diagnosis", "site", "manufacturing_site", "sex")
_DROPPED = {
    "courses": ("infused_at", "calendar_year", "vector_lot"),
    "measurements": ("source_value", "source_unit", "source_row"),
}
_FREE_WORDS: dict[str, dict[str, str | None]] = {
    "treatments": {"dose_unit": None, "route": None},
    "late_events": {"term": "withheld"},  # an event without a term would be no event
}
_PLACES = {"site": "site", "manufacturing_site": "plant"}


@dataclass(frozen=True)
class SmallCell:
    """A group of fewer than :data:`FEW` courses; how many is not told."""

    column: str
    group: str


def de_identified(cohort: Cohort) -> tuple[Cohort, list[SmallCell]]:
    """Return `cohort` without identifiers, and its small cells.

    The new ids are random, and nothing that could turn them back is kept: two exports of one cohort
    cannot be joined.
    """
    new_courses = _random_ids(cohort.courses["course_id"])
    new_patients = _random_ids(cohort.courses["patient_id"])
    patient_of = cohort.courses.set_index("course_id")["patient_id"]
    made = {}
    for name in TABLES:
        frame = cohort.table(name)
        for column, instead in _FREE_WORDS.get(name, {}).items():
            patients = frame["course_id"].map(patient_of)
            frame = _without_rare_words(frame, column, patients, instead)
        frame = frame.assign(course_id=frame["course_id"].map(new_courses))
        made[name] = frame.drop(columns=list(_DROPPED.get(name, ())))
    courses = made["courses"]
    courses = courses.assign(
        patient_id=courses["patient_id"].map(new_patients),
        age_years=courses["age_years"].mask(courses["age_years"] > OLDEST_TOLD, POOLED_AGE),
        **{column: _pseudonyms(courses[column], word) for column, word in _PLACES.items()},
    )
    made["courses"] = courses
    made["measurements"] = _with_legal_words(made["measurements"])
    manifest = replace(
        cohort.manifest,
        name="de-identified cohort",
        created="",
        notes=[f"De-identified: no dates, no ids, ages over {OLDEST_TOLD:g} pooled."],
        counts={},
    )
    return cohort_of(manifest, **{name: _in_id_order(one) for name, one in made.items()}), (
        small_cells(courses)
    )


def small_cells(courses: pd.DataFrame) -> list[SmallCell]:
    """Return the groups of fewer than :data:`FEW` courses, by the columns of `GROUPED_BY`."""
    return [
        SmallCell(column, str(group))
        for column in GROUPED_BY
        for group, count in courses[column].value_counts().items()
        if count < FEW
    ]


def _random_ids(ids: pd.Series) -> dict[str, str]:
    return {one: secrets.token_hex(8) for one in ids.unique()}


def _pseudonyms(places: pd.Series, word: str) -> pd.Series:
    """Return ``site-1``, ``site-2`` ... for the places, in an order that says nothing of them."""
    names = sorted(places.dropna().unique(), key=lambda _: secrets.randbits(64))
    return places.map({name: f"{word}-{at}" for at, name in enumerate(names, start=1)}).astype(
        "str"
    )


def _without_rare_words(
    frame: pd.DataFrame, column: str, patients: pd.Series, instead: str | None
) -> pd.DataFrame:
    """Empty the cells of a word that fewer than :data:`FEW` patients share, or write `instead`."""
    shared = patients.groupby(frame[column]).nunique()
    common = shared.index[shared >= FEW]
    keep = frame[column].isin(common) | frame[column].isna()
    return frame.assign(**{column: frame[column].where(keep, instead)})


def _with_legal_words(measurements: pd.DataFrame) -> pd.DataFrame:
    """Keep a text only where it is a level of its input."""
    is_level = pd.Series(False, index=measurements.index)
    for name, one in INPUTS.items():
        if one.is_text:
            mine = measurements["input"].eq(name)
            is_level |= mine & measurements["text"].isin(list(one.levels))
    return measurements.assign(text=measurements["text"].where(is_level))


def _in_id_order(frame: pd.DataFrame) -> pd.DataFrame:
    """Order the rows by the random ids, then by time."""
    when: Sequence[str] = [name for name in ("day", "start_day") if name in frame]
    return frame.sort_values(["course_id", *when], kind="stable", ignore_index=True)
