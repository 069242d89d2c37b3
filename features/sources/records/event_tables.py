"""Results, treatments and grades of a cohort from events that were placed in their courses.

Every function takes placed events: those of :data:`.events.EVENT_COLUMNS` with
``meaning``, ``course_id``, ``day_0``, ``day`` and ``known_day``.
"""

from datetime import tzinfo

import pandas as pd

from features.inputs import INPUTS
from features.sources.records.codes import Meaning
from features.sources.records.day_numbers import day_of
from features.sources.records.site_mapping import SiteMapping
from features.sources.results import as_numbers, with_canonical_values
from features.sources.spellings import with_legal_spellings
from features.tables import TABLES

Failed = dict[str, pd.Series]

_CHARTED_WHILE_THEY_RUN = ("vasopressor", "vasopressin")


def measurements_of(placed: pd.DataFrame, mapping: SiteMapping) -> tuple[pd.DataFrame, Failed]:
    """Return results in canonical units, and the rules that some rows broke in the conversion.

    One input after the other, so that what is held on the way is that of one.
    """
    numbers, names = pd.factorize(placed["meaning"].map(lambda one: one.name))
    parts = [_of_inputs(placed[numbers == one], mapping) for one in range(max(len(names), 1))]
    masks = {
        rule: pd.concat([failed[rule] for _, failed in parts]).sort_index() for rule in parts[0][1]
    }
    made = pd.concat([rows for rows, _ in parts])
    del parts
    return made.sort_index(), masks


def _of_inputs(placed: pd.DataFrame, mapping: SiteMapping) -> tuple[pd.DataFrame, Failed]:
    inputs = placed["meaning"].map(lambda one: one.name)
    units = _with_units_of_the_site(placed, inputs, mapping)
    texts = _as_cells(placed["text"])
    answers = [
        mapping.answers.get((name, text), text) for name, text in zip(inputs, texts, strict=True)
    ]
    came = pd.DataFrame(
        {
            "course_id": placed["course_id"],
            "day": placed["day"],
            "known_day": placed["known_day"],
            "input": inputs.astype("object"),
            "comparator": _as_cells(placed["comparator"]),
            "value": _written(placed, texts),
            "text": pd.Series(answers, index=placed.index, dtype="object"),
            "unit": units,
            "reference_low": placed["reference_low"],
            "reference_high": placed["reference_high"],
            "source_row": placed["source_row"],
        }
    )
    came, _ = with_legal_spellings(came, TABLES["measurements"])
    made, failed = with_canonical_values(came, decimal_comma=False)
    worded = inputs.map({name: one.is_text for name, one in INPUTS.items()})
    made = made.assign(
        text=made["text"].where(worded, None),
        source_value=placed["source_value"],
        source_unit=placed["unit"],
    )
    return made, failed


def _written(placed: pd.DataFrame, texts: pd.Series) -> pd.Series:
    """Return values as they came; a result that came as a text ("<0.5") is read as one."""
    values = placed["value"]
    return values.astype("object").where(values.notna(), texts)


def _with_units_of_the_site(
    placed: pd.DataFrame, inputs: pd.Series, mapping: SiteMapping
) -> pd.Series:
    units = _as_cells(placed["unit"])
    silent = placed["unit"].isna() | placed["unit"].str.strip().eq("")
    units[silent] = [one.unit for one in placed.loc[silent, "meaning"]]
    if not mapping.units:
        return units
    meant = [mapping.unit(name, unit) for name, unit in zip(inputs, units, strict=True)]
    return pd.Series(meant, index=placed.index, dtype="object")


def _as_cells(column: pd.Series) -> pd.Series:
    return column.astype("object").where(column.notna(), None)


def treatments_of(placed: pd.DataFrame, resolution: str, zone: tzinfo) -> pd.DataFrame:
    """Return administrations of the agents that a cohort knows.

    A vasopressor without a stop runs until the same drug is charted again: one that is charted
    every hour is one vasopressor, not several.
    """
    ends = placed["stop"].where(~_charted_again(placed), _next_of_its_drug(placed))
    stop = day_of(ends, placed["day_0"], resolution, zone)
    single = ends.isna() | (ends == placed["start"])
    return pd.DataFrame(
        {
            "course_id": placed["course_id"],
            "start_day": placed["day"],
            "stop_day": stop.where(~single).where(~(placed["date_only"] & (stop < placed["day"]))),
            "known_day": placed["known_day"],
            "agent": placed["meaning"].map(lambda one: one.name),
            "dose": placed["dose"],
            "dose_unit": placed["dose_unit"],
            "route": placed["route"],
            "intent": placed["meaning"].map(lambda one: one.intent),
        }
    )


def _charted_again(placed: pd.DataFrame) -> pd.Series:
    """Whether a row is a vasopressor, by the hour, that has no stop."""
    is_pressor = placed["meaning"].map(lambda one: one.name in _CHARTED_WHILE_THEY_RUN).astype(bool)
    no_stop = placed["stop"].isna() | (placed["stop"] == placed["start"])
    return is_pressor & no_stop & ~placed["date_only"]


def _next_of_its_drug(placed: pd.DataFrame) -> pd.Series:
    """Return when the same code is charted next in the course, later than the row itself."""
    drug = ["course_id", "code"]
    moments = placed[[*drug, "start"]].astype(dict.fromkeys(drug, "object"))
    moments = moments.drop_duplicates().sort_values("start", kind="stable")
    moments["next"] = moments.groupby(drug, dropna=False)["start"].shift(-1)
    found = placed[[*drug, "start"]].astype(dict.fromkeys(drug, "object"))
    later = found.merge(moments, on=[*drug, "start"], how="left")["next"]
    return pd.to_datetime(later.set_axis(placed.index), utc=True).astype(placed["stop"].dtype)


def grades_of(placed: pd.DataFrame, mapping: SiteMapping, system: str) -> pd.DataFrame:
    """Return gradings: those a code states, and results whose value is the grade.

    Parameters
    ----------
    system : str
        The grading system of results for which the mapping names none.
    """
    grades = [
        _grade(meaning, value, text, mapping)
        for meaning, value, text in zip(
            placed["meaning"], placed["value"], placed["text"], strict=True
        )
    ]
    return pd.DataFrame(
        {
            "course_id": placed["course_id"],
            "day": placed["day"],
            "known_day": placed["known_day"],
            "toxicity": placed["meaning"].map(lambda one: one.name),
            "grade": pd.Series(grades, index=placed.index, dtype="float64"),
            "system": placed["meaning"].map(lambda one: one.grading_system or system),
        }
    )


def _grade(meaning: Meaning, value: float, text: object, mapping: SiteMapping) -> float:
    if meaning.grade is not None:
        return meaning.grade
    if pd.notna(value) or not isinstance(text, str):
        return value
    said = mapping.answers.get((meaning.name, text), text)
    return float(as_numbers(pd.Series([said]), decimal_comma=False)[0])
