"""Daily toxicity course of 80 patients with LBCL (repository jcbeer/NULISA-CART-Proteome, MIT).

Where it is: ``data/public/swimmer_plot_data.xlsx``. One sheet: a header row, then one row per
patient and day 0 to 14: CRS and ICANS grade, and whether tocilizumab, siltuximab, steroids or
anakinra were given. The product is the prefix of the id.

What is to know, and what is done here:

- Grades after discharge are empty: not graded, never grade 0 (``end_of_record`` is ``censored``).
  The day of discharge is not in the file; observation is taken to end with the last graded day.
- Some ids carry spaces; one row without any grade repeats the day of another patient.
- Two gradings lack one of the two grades; that grade is left out, the other kept.
- The grading system is not stated in the file.
"""

from collections import Counter
from pathlib import Path

import pandas as pd

from features.errors import CohortError
from features.sources.options import AS_PUBLISHED
from features.sources.spreadsheet import SOURCE_ROW, numbers, read_spreadsheet
from features.tables import Cohort, Manifest, cohort_of

OPTIONS = (AS_PUBLISHED,)
PRODUCTS_BY_PREFIX = {
    "Yes": "axicabtagene ciloleucel",
    "KTE-C19": "axicabtagene ciloleucel",
    "Kym": "tisagenlecleucel",
    "Bre": "lisocabtagene maraleucel",
    "Tec": "brexucabtagene autoleucel",
}
TOXICITY_COLUMNS = {"CRS": "crs_grade", "ICANS": "icans_grade"}
AGENT_COLUMNS = {
    "tocilizumab": "toci",
    "siltuximab": "siltux",
    "corticosteroid": "steroids",
    "anakinra": "anakinra",
}
COLUMNS = ("ID", "therapy_day", *TOXICITY_COLUMNS.values(), *AGENT_COLUMNS.values())
_VALUES = (*TOXICITY_COLUMNS.values(), *AGENT_COLUMNS.values())
_NOTES = (
    "Repository jcbeer/NULISA-CART-Proteome (MIT), data/public/swimmer_plot_data.xlsx.",
    "Grades after discharge are empty and discharge days are not given: observation ends with the "
    "last graded day of a patient.",
    "The file does not say by which system CRS and ICANS were graded.",
    "Whether steroids or anakinra were treatment or prophylaxis is not stated.",
)


def load(path: Path, *, as_published: bool = False) -> Cohort:
    """Read the workbook at `path`.

    Parameters
    ----------
    as_published : bool
        Keep repeated rows of one patient and day and the order of the rows, for the leakage audit.

    Returns
    -------
    Cohort
        Day-resolved: what carries the label of day d is known at d + 1.

    Raises
    ------
    CohortError
        No workbook, another layout, or no patient of a known product in it.
    """
    cells = read_spreadsheet(path, COLUMNS, header_row=1)
    excluded: Counter[str] = Counter()
    days = _patient_days(cells, excluded)
    if not as_published:
        days = days.sort_values(["course_id", "day", SOURCE_ROW], kind="stable")
        days = _one_row_a_day(days, excluded)
    if days.empty:
        known = ", ".join(PRODUCTS_BY_PREFIX)
        raise CohortError(f"{path.name}: no row has a day and an id that begins with {known}.")
    manifest = Manifest(
        name="nulisa as published" if as_published else "nulisa",
        origin="nulisa",
        resolution="day",
        end_of_record="censored",
        grading_system="unknown",
        notes=list(_NOTES),
    )
    cohort = cohort_of(
        manifest,
        courses=_courses(days),
        treatments=_treatments(days, excluded),
        grades=_grades(days, excluded),
    )
    manifest.exclusions.update({rule: count for rule, count in excluded.items() if count})
    return cohort


def _patient_days(cells: pd.DataFrame, excluded: Counter[str]) -> pd.DataFrame:
    words = cells["ID"].map(lambda cell: str(cell).split() if cell is not None else [])
    days = cells.assign(
        course_id=words.map(" ".join),
        product=words.map(lambda parts: PRODUCTS_BY_PREFIX.get(" ".join(parts[:-1]))),
        day=numbers(cells["therapy_day"]),
    )
    known = days["product"].notna()
    excluded["courses.id_begins_with_a_known_product"] += int((~known).sum())
    dated = days["day"].notna()
    excluded["grades.day_is_a_number"] += int((known & ~dated).sum())
    return days[known & dated].reset_index(drop=True)


def _one_row_a_day(days: pd.DataFrame, excluded: Counter[str]) -> pd.DataFrame:
    """Leave out empty and equal repeats of a patient and day, and both where two disagree."""
    key = ["course_id", "day"]
    repeated = days.duplicated(key, keep=False)
    empty = days[list(_VALUES)].isna().all(axis=1)
    again = days.duplicated([*key, *_VALUES], keep="first")
    left = days[~(repeated & (empty | again))]
    left = left[~left.duplicated(key, keep=False)]
    excluded["grades.one_row_per_patient_and_day"] += len(days) - len(left)
    return left.reset_index(drop=True)


def _courses(days: pd.DataFrame) -> pd.DataFrame:
    graded = days[days[list(TOXICITY_COLUMNS.values())].notna().any(axis=1)]
    last_graded_day = graded.groupby("course_id")["day"].max()
    courses = days.drop_duplicates("course_id")[["course_id", "product"]]
    return courses.assign(
        patient_id=courses["course_id"],
        site="nulisa",
        diagnosis="LBCL",
        follow_up_days=courses["course_id"].map(last_graded_day).to_numpy(dtype=float),
    )


def _grades(days: pd.DataFrame, excluded: Counter[str]) -> pd.DataFrame:
    parts = []
    for toxicity, column in TOXICITY_COLUMNS.items():
        grade = numbers(days[column])
        legal = grade.isin(range(6))
        excluded["grades.grade_is_a_whole_number"] += int((days[column].notna() & ~legal).sum())
        part = pd.DataFrame({"course_id": days["course_id"], "day": days["day"], "grade": grade})
        parts.append(part[legal].assign(toxicity=toxicity, system="unknown"))
    return pd.concat(parts, ignore_index=True)


def _treatments(days: pd.DataFrame, excluded: Counter[str]) -> pd.DataFrame:
    parts = []
    for agent, column in AGENT_COLUMNS.items():
        given = numbers(days[column])
        illegal = days[column].notna() & ~given.isin((0, 1))
        excluded["treatments.given_is_0_or_1"] += int(illegal.sum())
        part = pd.DataFrame({"course_id": days["course_id"], "start_day": days["day"]})
        parts.append(part[given == 1].assign(agent=agent))
    return pd.concat(parts, ignore_index=True)
