"""The ICANS cohort of Brigham and Women's Hospital (Amidi et al., J Immunother Cancer 2022).

Where it is: J Immunother Cancer 2022;10:e005459, dataset doi 10.60508/4f5c-0z25, CC BY-NC 4.0. One
sheet: a header row, then one row per patient and day; what is said once a course stands on its
day 0.

What is wrong with it, and what is done here:

- Two sources are stacked (:mod:`features.sources.bwh_rows`): the first in Celsius, days 0 to 14,
  nobody with ICANS; the second in Fahrenheit, nearly everybody with ICANS. Whatever differs between
  the sources tells the outcome. ``site`` names the source; units are made one. Who gets ICANS
  cannot be learnt from both together; the course of ICANS can, from the second alone (`part`).
- One patient stands in both, free of ICANS in the first and with grade 3 in the second. The copy in
  the first is left out.
- On day 0 of the second source procalcitonin repeats the CRS peak, WBC its day (0 where that is
  negative) and IL-6 the day of onset. The whole day-0 column of the three is left out there: an
  IL-6 without an onset could be a result, but nothing in the file says so.
- CRP of the second source is on another scale (up to 3,000), which the file does not name, so it is
  left out. The patient in both sources has there ten times the CRP of the first on most days.
- ICANS is the mean of gradings and holds halves. The next whole grade is taken: the worse is kept.
- CRS is a peak, its day and the onset, known in hindsight; see :mod:`features.sources.bwh_grades`.
- Diagnosis is filled in the first source alone, so the diagnosis is read from Subtype.

Units are not in the file. Temperatures show theirs; for the others the usual ones of laboratories
in the United States are assumed and fit the values.
"""

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

from features.errors import CohortError
from features.inputs import INPUTS
from features.sources.bwh_grades import crs_of_courses, gradings
from features.sources.bwh_rows import (
    PARTS,
    TEMPERATURE,
    of_part,
    one_course_a_patient,
    one_row_a_day,
    published_days,
)
from features.sources.options import AS_PUBLISHED, Option
from features.sources.spreadsheet import SOURCE_ROW, numbers
from features.tables import Cohort, Manifest, cohort_of
from features.units import conversion

OPTIONS = (
    AS_PUBLISHED,
    Option("part", "one of the two stacked sources alone", PARTS, "", unsaid="default both"),
)
LABS: dict[str, tuple[str, str]] = {
    TEMPERATURE: ("temperature_c", "Cel"),
    "CRP": ("crp_mg_l", "mg/L"),
    "Ferritin": ("ferritin_ng_ml", "ng/mL"),
    "Procalcitonin": ("procalcitonin_ng_ml", "ng/mL"),
    "IL_6": ("il6_pg_ml", "pg/mL"),
    "WBC": ("wbc_10e9_l", "10*3/uL"),
}
UNITS_OF_SECOND = {TEMPERATURE: "[degF]", "CRP": ""}
CRS_ON_DAY_0_OF_SECOND = ("Procalcitonin", "IL_6", "WBC")
SITES = ("bwh first source", "bwh second source")
DIAGNOSES_BY_SUBTYPE = {
    "dlbcl": "LBCL",
    "pmbcl": "LBCL",
    "pml": "LBCL",
    "primarymediastinallargebcelllymphoma": "LBCL",
    "fl": "FL",
    "follicularlymphoma": "FL",
    "mcl": "MCL",
    "mantlecelllymphoma": "MCL",
    "mzl": "MZL",
    "cll": "CLL",
    "ball": "B-ALL",
    "mm": "MM",
    "aml": "other",
    "burkitt": "other",
}
_SEXES = {"f": "female", "m": "male"}
_NOTES = (
    "Amidi et al., J Immunother Cancer 2022;10:e005459, dataset doi 10.60508/4f5c-0z25, "
    "CC BY-NC 4.0; layout as published.",
    "Two sources are stacked, and nearly all patients with ICANS are of the second: who gets ICANS "
    "cannot be learnt from both together.",
    "The first source has ICANS 0 on each of days 0 to 14 of everybody, also where nothing else "
    "was recorded: filled, not graded.",
    "CRS was recorded as a peak and an onset only, in hindsight: there is no daily course of it.",
    "Doses of tocilizumab have no day and are not read.",
    "The product is not in the file: myeloma is taken as investigational BCMA CAR-T, all else as "
    "investigational CD19 CAR-T (AML too, for which that is doubtful).",
    "PML is taken for primary mediastinal lymphoma; 'NHL' and 'aggressive BNHL' name no diagnosis.",
    "The file names no units and no grading system.",
)
_NOTES_ON_CLEANING = (
    "ICANS is a daily mean of gradings; half a grade is taken up to the next whole one.",
    "No CRS stands as grade 0 on the last day of a record, since it sums the record up.",
    "CRP of the second source is on a scale that the file does not name, and was left out.",
    "Two courses of one SID that are not copies of each other count as one patient.",
)


def load(path: Path, *, as_published: bool = False, part: str = "") -> Cohort:
    """Read the workbook at `path`.

    Parameters
    ----------
    as_published : bool
        For the leakage audit: numbers unconverted in the columns of their inputs, one site, courses
        in the order of the file with ids that carry it, every copy and repeat, day 0 as it stands,
        half grades, and a diagnosis only where Diagnosis is filled. Where the file names no day
        for a grade there is none.
    part : {"", "first", "second"}
        One source alone; not with `as_published`, for the file names no source.

    Returns
    -------
    Cohort
        Day-resolved: what carries the label of day d is known at d + 1.

    Raises
    ------
    CohortError
        No workbook, another layout, an unknown part, or no row in it.
    """
    if as_published and part:
        raise CohortError("part is for the cleaned cohort: as published the file names no source.")
    excluded: Counter[str] = Counter()
    days = published_days(path, excluded, as_published=as_published)
    if not as_published:
        days = days if part == "second" else one_course_a_patient(days, excluded)
        days = of_part(days, part)
    if days.empty:
        raise CohortError(f"{path.name} has no row of the {part} source.")
    manifest = Manifest(
        name="bwh as published" if as_published else f"bwh {part} source" if part else "bwh",
        origin="bwh",
        resolution="day",
        end_of_record="censored",
        grading_system="unknown",
        notes=[*_NOTES, *(() if as_published else _NOTES_ON_CLEANING)],
    )
    crs = crs_of_courses(days)
    courses = _courses(days, as_published=as_published)
    days = days if as_published else one_row_a_day(days, excluded)
    cohort = cohort_of(
        manifest,
        courses=courses,
        measurements=_measurements(days, excluded, as_published=as_published),
        grades=gradings(days, crs, excluded, as_published=as_published),
    )
    manifest.exclusions.update({rule: count for rule, count in excluded.items() if count})
    return cohort


def _courses(days: pd.DataFrame, *, as_published: bool) -> pd.DataFrame:
    first = days.drop_duplicates("course_id").reset_index(drop=True)
    key = first["Subtype"].map(_subtype_key)
    diagnosis = key.map(DIAGNOSES_BY_SUBTYPE)
    if as_published:
        diagnosis = diagnosis.where(first["Diagnosis"].notna())
    last_day = days.groupby("course_id")["day"].max()
    bcma, cd19 = "investigational BCMA CAR-T", "investigational CD19 CAR-T"
    return pd.DataFrame(
        {
            "course_id": first["course_id"],
            "patient_id": first["patient_id"],
            "site": "bwh" if as_published else np.where(first["is_second"], *SITES[::-1]),
            "age_years": numbers(first["Age"]),
            "sex": first["Sex"].astype(str).str.strip().str.lower().map(_SEXES),
            "diagnosis": diagnosis,
            "product": np.where(key == "mm", bcma, cd19),
            "follow_up_days": first["course_id"].map(last_day),
        }
    )


def _subtype_key(subtype: object) -> str:
    """Return a subtype without what its spellings differ in: case, spaces, hyphens, brackets."""
    before_bracket = str(subtype).casefold().partition("(")[0]
    return before_bracket.translate(str.maketrans("", "", " -_"))


def _measurements(
    days: pd.DataFrame, excluded: Counter[str], *, as_published: bool
) -> pd.DataFrame:
    if as_published:
        parts = [_as_published(days, header) for header in LABS]
    else:
        parts = [
            _results(rows, header, excluded, is_second=bool(is_second))
            for header in LABS
            for is_second, rows in days.groupby("is_second")
        ]
    every = pd.concat(parts, ignore_index=True)
    return every.sort_values(["course_id", "day", "input"], kind="stable", ignore_index=True)


def _as_published(days: pd.DataFrame, header: str) -> pd.DataFrame:
    """Return the numbers of a column as they stand; no unit, for the file names none."""
    return _rows(days, header, numbers(days[header]), unit=None, source_unit=None)


def _results(
    rows: pd.DataFrame, header: str, excluded: Counter[str], *, is_second: bool
) -> pd.DataFrame:
    """Return the results of a column of one source in the unit of its input."""
    name, unit = LABS[header]
    unit = UNITS_OF_SECOND.get(header, unit) if is_second else unit
    source = numbers(rows[header])
    excluded[f"measurements.value_is_a_number: {name}"] += int(
        (source.isna() & rows[header].notna()).sum()
    )
    if not unit:
        excluded[f"measurements.scale_is_known: {name}"] += int(source.notna().sum())
        return _rows(rows, header, source * np.nan, unit=None, source_unit=None)
    turn = conversion(name, unit)
    value = source * turn.factor + turn.offset
    broken = {"value_is_possible": value.notna() & ~value.between(*INPUTS[name].hard)}
    if is_second and header in CRS_ON_DAY_0_OF_SECOND:
        broken = {"value_is_no_day_or_grade_of_crs": rows["day"] == 0} | broken
    for rule, mask in broken.items():
        excluded[f"measurements.{rule}: {name}"] += int((mask & value.notna()).sum())
        value = value.mask(mask)
    return _rows(rows, header, value, unit=INPUTS[name].unit, source_unit=unit)


def _rows(
    days: pd.DataFrame, header: str, value: pd.Series, *, unit: str | None, source_unit: str | None
) -> pd.DataFrame:
    made = pd.DataFrame(
        {
            "course_id": days["course_id"],
            "day": days["day"],
            "input": LABS[header][0],
            "value": value,
            "unit": unit,
            "source_value": days[header].map(str),
            "source_unit": source_unit,
            "source_row": days[SOURCE_ROW],
        }
    )
    return made[value.notna()]
