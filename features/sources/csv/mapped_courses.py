"""The courses of a mapped site: facts of all its files, brought together by course.

Facts that are repeated in many rows have to agree. Rows of one id that contradict each other in
what does not change (:data:`IDENTITY`) are two patients with one id, or one patient with two
courses and no course id: nobody can say whose the results are, so both are left out. Any other
contradiction costs the fact, not the course.
"""

from collections.abc import Mapping

import pandas as pd

from features.errors import CohortError, ProductError
from features.inputs import COURSE_FIELDS
from features.products import product
from features.row_rules import latest_infusion
from features.sources.csv.as_written import plain_number, plain_text
from features.sources.csv.course_days import Clock, infusions, instant_of
from features.sources.csv.headings import BIRTH
from features.sources.csv.mapped_files import (
    BROKEN,
    ORIGIN,
    Infusions,
    Opened,
    columns_of,
    days_of,
    mapped_cells,
    names_of,
)
from features.sources.csv.mapping import Mapped
from features.sources.csv.one_person import ONE_PERSON, ids_of_two_people
from features.sources.csv.places import DATES, FACT_UNITS, Place
from features.sources.spellings import with_legal_spellings
from features.tables import TABLES

IDENTITY = ("sex", "product", "infused_at", "age_years")
NO_NUMBER = "no number"
SAME = "_is_the_same_in_every_row"
_AGES_OF_ONE_YEARS = 1.0  # a birthday may lie between two rows
_YEARS = ("岁", "years", "year", "yrs", "y", "a")
_IDS = ("course_id", "patient_id", "clock")


def infusions_of(files: list[Opened], clock: Clock) -> tuple[Infusions, dict[str, pd.DataFrame]]:
    """Read when each course was infused, from every file that says it.

    Returns
    -------
    infusions : dict
        Course -> its infusion, the first that could be read and is not in the future.
    by_file : dict
        Label of the file -> ``infused_at`` as text, and what its cells break.
    """
    latest = latest_infusion()
    found: Infusions = {}
    by_file: dict[str, pd.DataFrame] = {}
    for one in files:
        place = one.mapping.place("infused_at")
        if place is None:
            continue
        hours = one.of("clock") if one.mapping.rows == "patients" else None
        written, broken = infusions(one.cells(place), place.dates, hours, clock)
        made = {f"{BROKEN}{rule}": mask for rule, mask in broken.items()}
        texts = [None if at is None else instant_of(at, clock).isoformat() for at in written]
        made["infused_at"] = pd.Series(texts, index=one.course_ids.index, dtype=object)
        by_file[one.label] = pd.DataFrame(made)
        for course, at in zip(one.course_ids, written, strict=True):
            if at is not None and course is not None and instant_of(at, clock) <= latest:
                found.setdefault(str(course), at)
    return found, by_file


def needs_infusions(files: list[Opened]) -> bool:
    """Whether any column is dated, so that days have to be counted from the infusion."""
    dated = [p for one in files for p in one.mapping.columns if p.dates]
    return any(place.meaning not in ("infused_at", BIRTH) for place in dated)


def course_rows(
    files: list[Opened], mapped: Mapped, clock: Clock
) -> tuple[pd.DataFrame, Infusions]:
    """Return one row a course, text cells in the words of the table, with what it breaks.

    Raises
    ------
    CohortError
        Dates are to be read and no column says when the infusion was, or no file holds courses.
    """
    needed = needs_infusions(files)
    if needed and not any(one.mapping.place("infused_at") for one in files):
        raise CohortError(
            "the mapping reads dates, and no column is infused_at: days are counted from the "
            "infusion. Map the column that holds its date."
        )
    found, by_file = infusions_of(files, clock)
    defining = (
        [one for one in files if one.mapping.rows == "patients"]
        or [one for one in files if _facts_in(one)]
        or [one for one in files if one.mapping.rows == "days"]
    )
    if not defining:
        raise CohortError('no file holds facts of courses. Map the list of patients as "patients".')
    telling = [one for one in files if _facts_in(one)] or defining
    facts = [_facts(one, by_file, found, clock) for one in telling]
    defined = {str(one) for opened in defining for one in opened.course_ids.dropna()}
    every = pd.concat(facts, ignore_index=True)
    lists = [one.label for one in files if one.mapping.rows == "patients"]
    known = every["course_id"].isin(defined) | every["source_file"].isin(lists)
    rows = _by_course(every[known].reset_index(drop=True))
    rows[f"{BROKEN}{ONE_PERSON}"] = rows["patient_id"].isin(ids_of_two_people(files))
    for column, stated in mapped.same_for_all.items():
        mine = rows[column] if column in rows else pd.Series(None, index=rows.index, dtype=object)
        rows[column] = mine.where(mine.notna(), stated)
    return _with_rules_of_infusion(rows, needed), found


def _facts_in(one: Opened) -> list[Place]:
    return [
        place
        for place in one.mapping.columns
        if place.meaning in COURSE_FIELDS
        and (place.meaning not in _IDS or one.mapping.rows == "patients")
    ]


def _facts(
    one: Opened, by_file: Mapping[str, pd.DataFrame], found: Infusions, clock: Clock
) -> pd.DataFrame:
    made: dict[str, pd.Series] = columns_of(one.origin())
    patient = one.of("patient_id")
    made["patient_id"] = made["course_id"] if patient is None else mapped_cells(patient, plain_text)
    for place in _facts_in(one):
        if place.meaning in _IDS:
            continue
        if place.meaning == "infused_at":
            made |= columns_of(by_file[one.label])
        elif place.meaning in DATES:
            days, broken = days_of(one, place, found, clock)
            made[place.meaning] = days.astype(object).where(days.notna(), None)
            made |= broken
        else:
            made[place.meaning] = _fact(one, place)
    frame = pd.DataFrame(made, index=one.file.cells.index)
    return frame.drop_duplicates([name for name in names_of(frame) if name not in ORIGIN])


def _fact(one: Opened, place: Place) -> pd.Series:
    words = one.words(place)
    if COURSE_FIELDS[place.meaning].kind != "number":
        return words
    factor = FACT_UNITS.get(place.meaning, {}).get(place.unit, 1.0)
    suffixes = _YEARS if place.meaning == "age_years" else (place.unit,)

    def number(cell: object) -> object:
        if cell is None:
            return None
        plain = plain_number(cell, one.mapping.signs, suffixes)
        return float(plain) * factor if plain and plain[0] not in "<>≤≥" else NO_NUMBER

    cells = one.cells(place)
    return mapped_cells(words if place.words else cells, number)


def _product_named(cell: object) -> object:
    """Return the product by its name in the catalogue: two of its names are no contradiction."""
    try:
        return None if cell is None else product(str(cell)).name
    except ProductError:
        return cell


def _by_course(facts: pd.DataFrame) -> pd.DataFrame:
    """Bring the rows of a course together; leave those apart that cannot be of one course."""
    nameless = facts[facts["course_id"].isna()]
    named = facts[facts["course_id"].notna()]
    compared, _ = with_legal_spellings(named, TABLES["courses"])
    if "product" in compared:
        compared["product"] = mapped_cells(compared["product"], _product_named)
    rules = [name for name in names_of(named) if name.startswith(BROKEN)]
    values = [
        n for n in names_of(named) if n in COURSE_FIELDS and n not in ("course_id", "patient_id")
    ]
    groups = compared.groupby("course_id", sort=False)
    two: dict[str, pd.Series] = {name: groups[name].nunique() > 1 for name in values}
    if "age_years" in two:
        ages = pd.to_numeric(compared["age_years"], errors="coerce").groupby(compared["course_id"])
        two["age_years"] = ages.max() - ages.min() > _AGES_OF_ONE_YEARS
    two["patient_id"] = groups["patient_id"].nunique() > 1
    unlike = pd.Series(False, index=groups.size().index)
    for name in (*IDENTITY, "patient_id"):
        unlike = unlike | two[name] if name in two else unlike
    apart = named[named["course_id"].map(unlike).astype(bool)]
    alike = named[~named["course_id"].map(unlike).astype(bool)]
    merged = alike.groupby("course_id", sort=False).first().reset_index()
    for rule in rules:
        broken = alike[rule].eq(True).groupby(alike["course_id"]).any()
        merged[rule] = merged["course_id"].map(broken)
    for name in values:
        if name not in IDENTITY:
            merged[f"{BROKEN}{name}{SAME}"] = merged["course_id"].map(two[name])
    different = [name for name in (*IDENTITY, "patient_id") if name in named]
    apart = apart.drop_duplicates(["course_id", *different])
    return pd.concat([merged, apart, nameless], ignore_index=True)


def _with_rules_of_infusion(rows: pd.DataFrame, needed: bool) -> pd.DataFrame:
    """Keep a rule of the infusion only where no row of the course told it.

    Where no column is dated a course needs no infusion, and a bad one costs the cell alone.
    """
    made = rows.copy()
    if "infused_at" not in made:
        return made
    absent = made["infused_at"].isna()
    for rule in [name for name in names_of(rows) if name.startswith(f"{BROKEN}infusion")]:
        mask = made[rule].eq(True) & absent
        name = rule
        if not needed:
            name = rule.replace("infusion", "infused_at")
            mask &= not rule.endswith("_is_present")
            made = made.drop(columns=rule)
        made[name] = mask
    return made
