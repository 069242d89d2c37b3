"""What one column, or one test, of a site means: the meanings that are legal, and the checks."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from features.errors import CohortError, UnitError
from features.inputs import COURSE_FIELDS, INPUTS
from features.sources.csv.headings import BIRTH, GRADES, PERSON
from features.sources.csv.site_dates import LOOKS, STYLES
from features.sources.csv.stated_keys import (
    all_answered,
    answered,
    one_of,
    refuse_unknown,
    table_of,
    texts_of,
)
from features.tables import AGENTS
from features.units import conversion

ROWS = ("patients", "days", "results", "treatments", "ignored")
IGNORED = "ignored"
DATES = (
    "day", "known_day", "start_day", "stop_day", "infused_at", "lymphodepletion_day",
    "second_dose_day", "follow_up_days", "discharge_day", "readmission_day", "death_day", BIRTH,
)  # fmt: skip
"""What may be a date; all but `ALWAYS_DATES` may be a number of days from the infusion instead."""
ALWAYS_DATES = ("infused_at", "known_day", BIRTH)

FACT_UNITS: Mapping[str, Mapping[str, float]] = {
    "dose_car_t_cells": {"{cells}": 1.0, "10*6{cells}": 1e6, "10*7{cells}": 1e7,
                         "10*8{cells}": 1e8},
    "tumour_burden_fraction": {"1": 1.0, "%": 0.01},
    "marrow_blasts_fraction": {"1": 1.0, "%": 0.01},
}  # fmt: skip
_OF_ROWS: Mapping[str, tuple[str, ...]] = {
    "patients": ("clock",),
    "days": ("day", "known_day", "clock", *INPUTS, *GRADES, *AGENTS),
    "results": ("day", "known_day", "clock", "test", "value", "unit", "comparator", "reference",
                "reference_low", "reference_high"),
    "treatments": ("start_day", "stop_day", "known_day", "clock", "agent", "dose", "dose_unit",
                   "route", "intent"),
    "ignored": (),
}  # fmt: skip
TESTS = "tests"
_THE_HEADING = "the heading, as the file has it, instead of the empty quotes"
_TABLES = ("words", "units")
_PLACE_KEYS = ("is", "unit", "dates", "words")
_TEST_KEYS = (*_PLACE_KEYS, "units")


def legal_meanings(rows: str) -> tuple[str, ...]:
    """Return what a column may mean in a file of such rows."""
    return (*COURSE_FIELDS, *PERSON, *_OF_ROWS[rows])


def dates_of(rows: str) -> tuple[str, ...]:
    """Return what a column of dates may mean in a file of such rows."""
    return tuple(one for one in (*_OF_ROWS[rows], *COURSE_FIELDS, BIRTH) if one in DATES)


@dataclass(frozen=True, slots=True)
class Place:
    """What one column or one test means.

    Attributes
    ----------
    heading : str
        As the file has it.
    meaning : str
        The key ``is``.
    unit, dates : str
        Empty where not said.
    words : mapping
        Word of the file -> word of the table.
    units : mapping
        Of a test: unit as written -> legal unit.
    """

    heading: str
    meaning: str
    unit: str = ""
    dates: str = ""
    words: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)


def places(where: str, stated: object, rows: str) -> Iterable[Place]:
    """Read what the columns of a file mean, or its tests where `rows` is "tests".

    Raises
    ------
    CohortError
        A key, meaning, unit or date style that is not legal there, or a question left open.
    """
    for heading, entry in table_of(where, stated).items():
        here = f"{where} {heading!r}"
        answered(where, f'"{heading}" = ...', heading.strip(), _THE_HEADING)
        table = table_of(here, entry)
        refuse_unknown(here, table, _TEST_KEYS if rows == TESTS else _PLACE_KEYS)
        texts = texts_of(here, {key: one for key, one in table.items() if key not in _TABLES})
        words, units = (all_answered(f"{here}, {key}", table.get(key, {})) for key in _TABLES)
        meaning, unit, dates = (texts.get(key, "") for key in ("is", "unit", "dates"))
        place = Place(heading, meaning, unit, dates, words, units)
        if rows == TESTS:
            _check_test(here, place)
        else:
            _check_column(here, place, rows, "dates" in texts)
        yield place


def _check_test(where: str, place: Place) -> None:
    _check_meaning(where, place.meaning, (*INPUTS, *GRADES, IGNORED))
    stated = [*place.units.values(), *([place.unit] if place.unit else [])]
    if stated and (place.meaning not in INPUTS or INPUTS[place.meaning].is_text):
        raise CohortError(f"{where}: {place.meaning!r} has no unit. Leave unit and units out.")
    for unit in stated:
        answered_unit(where, replace(place, unit=unit))


def _check_column(where: str, place: Place, rows: str, dated: bool) -> None:
    _check_meaning(where, place.meaning, legal_meanings(rows))
    if place.meaning in INPUTS or place.meaning in FACT_UNITS:
        answered_unit(where, place)
    elif place.unit:
        raise CohortError(f"{where}: {place.meaning!r} has no unit. Leave the key unit out.")
    if dated and place.meaning not in DATES:
        raise CohortError(f"{where}: {place.meaning!r} is no date. Leave the key dates out.")
    if dated or place.meaning in ALWAYS_DATES:
        looks = "; ".join(f'"{style}" {look}' for style, look in LOOKS.items())
        answered(where, "dates", place.dates, looks)
        one_of(where, "dates", place.dates, STYLES)


def _check_meaning(where: str, meaning: str, legal: tuple[str, ...]) -> None:
    answered(where, "is", meaning, "what the column means, or delete the line")
    if meaning in legal:
        return
    near = difflib.get_close_matches(meaning, legal, n=3, cutoff=0.5)
    hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
    others = [one for one in legal if one not in INPUTS]
    inputs = (
        ", or an input of inputs.csv, which `example csv` writes"
        if len(others) < len(legal)
        else ""
    )
    raise CohortError(
        f"{where}: is = {meaning[:40]!r} is not known.{hint} Legal: {', '.join(others)}{inputs}."
    )


def answered_unit(where: str, place: Place) -> None:
    """Refuse a unit that is left open or is none of the input's."""
    if place.meaning in FACT_UNITS:
        one_of(where, "unit", place.unit, tuple(FACT_UNITS[place.meaning]))
    if place.meaning not in INPUTS or INPUTS[place.meaning].is_text:
        return
    try:
        conversion(place.meaning, place.unit)
    except UnitError as error:
        raise CohortError(f"{where}: unit = {place.unit[:20]!r}: {error}") from None
