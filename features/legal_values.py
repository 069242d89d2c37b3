"""What a rule would have accepted, in words for the list of what was left out; never a value."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from features.inputs import INPUTS, Input
from features.products import PRODUCTS
from features.tables import TABLES, Column
from features.units import suggested_units

_KINDS = {
    "number": "a number",
    "flag": "true or false",
    "timestamp": "a date and time, as 2026-01-31T09:30",
    "text": "a text",
}
_ANY_INPUT = "an input of inputs.csv, which `example csv` writes"


def catalogue_words() -> str:
    """Return every product by its name, with its short name where it has another."""
    return " | ".join(
        one.name if one.short == one.name else f"{one.name} ({one.short})"
        for one in PRODUCTS.values()
    )


def legal_of_column(column: Column) -> str:
    """Return the words or the range that `column` accepts; empty where it takes anything."""
    if column.name == "product":
        return catalogue_words()
    if column.name == "input":
        return _ANY_INPUT
    if column.legal:
        return " | ".join(column.legal)
    if np.isinf(column.low) and np.isinf(column.high):
        return ""
    if np.isinf(column.high):
        return f"{column.low:g} or more"
    return f"{column.low:g} to {column.high:g}"


def units_of(one: Input) -> str:
    """Return the units a result may come in."""
    return " | ".join(one.accepted)


def _words_of(one: Input) -> str:
    return " | ".join(one.levels)


def _range_of(one: Input) -> str:
    return f"{one.hard[0]:g} to {one.hard[1]:g} {one.unit}"


def _usual_range_of(one: Input) -> str:
    low, high = one.plausible_at_any_age
    return f"usually {low:g} to {high:g} {one.unit}; one of {units_of(one)}"


def _number_or_words_of(one: Input) -> str:
    return _words_of(one) if one.is_text else _range_of(one)


_OF_INPUT: Mapping[str, Callable[[Input], str]] = {
    "unit_is_one_of_its_input": units_of,
    "level_is_legal": _words_of,
    "value_is_possible": _range_of,
    "value_is_possible_in_its_unit": _range_of,
    "value_fits_no_other_unit_better": _usual_range_of,
    "number_or_level_is_present": _number_or_words_of,
    "value_is_a_number": _range_of,
}
_OF_UNITS = ("value_is_possible_in_its_unit", "value_fits_no_other_unit_better")
_OF_ROW = {
    "course_id_is_unique": "each course_id once",
    "patient_id_is_one_person": "one name and one birth date for each patient_id",
    "unit_is_the_one_stated_for_its_test": "the unit that the mapping states for the test, or one "
    "that its units = { ... } explains",
    "patient_belongs_to_one_site": "one site for each patient_id",
    "product_is_in_the_catalogue": catalogue_words(),
    "product_is_a_car_t": catalogue_words(),
    "death_is_not_before_infusion": "death_day 0 or more",
    "death_is_within_follow_up": "death_day up to the day of follow_up_days",
    "readmission_is_after_discharge": "readmission_day from discharge_day on",
    "course_is_known": "a course_id of the courses table",
    "course_was_kept": "a course that breaks no rule itself",
    "row_is_not_repeated": "each row once",
    "day_is_within_follow_up": "days up to follow_up_days of the course",
    "known_is_not_before_it_happened": "known_day from the day itself on",
    "stop_is_not_before_start": "stop_day from start_day on",
    "grade_is_a_whole_number": "0 | 1 | 2 | 3 | 4 | 5",
    "grade_is_not_before_infusion": "grade 0 before day 0",
    "input_is_known": _ANY_INPUT,
    "agent_is_a_flag": "yes | no | 1 | 0 | a dose",
    "infusion_is_present": "the date of the infusion",
    "day_is_not_in_the_future": "days up to now, by infused_at",
    "infusion_is_not_in_the_future": "an infusion that was given: infused_at up to now",
}
LEGAL_OF_ENDING = {
    "_is_a_date": "a date in the style that the mapping declares",
    "_is_a_whole_date": "a date with its year, month and day",
    "_is_a_date_with_its_hour": "a date with the time of day",
    "_is_an_hour_that_exists": "no hour that the change to summer time leaves out",
    "_is_an_hour_that_exists_once": "an hour with its zone, as 2026-10-25T02:30+02:00",
    "_is_the_same_in_every_row": "one value in every row of a course",
}


def legal_for_rows(table: str, rule: str, rows: pd.DataFrame) -> list[str]:
    """Return, for each of `rows` of `table` that break `rule`, what would have been accepted.

    A rule about results tells it for the input of each row.
    """
    if rule in _OF_INPUT and "input" in rows:
        told = {name: _OF_INPUT[rule](one) for name, one in INPUTS.items()}
        names = rows["input"].astype("object")
        legal = [told.get(name, _ANY_INPUT) or "a number" for name in names]
        return _with_units_that_fit(legal, rows) if rule in _OF_UNITS else legal
    if rule in _OF_ROW:
        return [_OF_ROW[rule]] * len(rows)
    ending = rule[rule.rfind("_is_") :]
    return [LEGAL_OF_ENDING.get(ending) or _of_a_column(table, rule)] * len(rows)


def _with_units_that_fit(legal: list[str], rows: pd.DataFrame) -> list[str]:
    """Add in which other unit the number would be a usual one; the number itself is not told."""
    if not {"source_value", "source_unit"} <= set(rows.columns):
        return legal
    said = zip(legal, rows["input"], rows["source_value"], rows["source_unit"], strict=True)
    return [f"{one}{_did_you_mean(*came)}" for one, *came in said]


def _did_you_mean(name: object, number: object, unit: object) -> str:
    value = pd.to_numeric(pd.Series([number]), errors="coerce").iloc[0]
    one = INPUTS.get(str(name))
    if one is None or one.is_text or pd.isna(value) or not isinstance(unit, str):
        return ""
    fitting = suggested_units(one, float(value), unit)
    return f"; did you mean {' or '.join(fitting)}?" if fitting else ""


def _of_a_column(table: str, rule: str) -> str:
    name = rule.rpartition("_is_")[0]
    column = next(one for one in TABLES[table].columns if one.name == name)
    words = legal_of_column(column)
    if rule.endswith("_is_present"):
        return f"not empty; {words}" if words else "not empty"
    return words or _KINDS[column.kind]
