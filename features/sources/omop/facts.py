"""Rows of the OMOP tables as the events of :mod:`features.sources.records.events`.

Times of OMOP carry no zone: they are local, and are read as they stand. A time of exactly midnight
is a date without an hour [A]: many databases fill the hour in that way, and read so nothing becomes
known too early.
"""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from features.sources.omop.vocabulary import SYSTEMS_OF_SOURCE_CODES, Vocabulary
from features.sources.records.codes import LOCAL, Coding
from features.sources.records.written_results import censored_results

OPERATORS = {4171756: "<", 4172704: ">", 4171754: "<=", 4171755: ">="}
SEXES = {8507: "male", 8532: "female"}
ADMISSIONS = (9201, 262, 32037)  # inpatient, emergency then inpatient, intensive care
KINDS = {
    "person": "person",
    "measurement": "observation",
    "observation": "observation",
    "drug_exposure": "medication",
    "procedure_occurrence": "procedure",
    "condition_occurrence": "condition",
    "visit_occurrence": "encounter",
    "death": "death",
}
_DAY = pd.Timedelta(days=1)
_RULES = {"start_date_bad": "date_names_its_day", "value_bad": "value_as_number_is_a_number"}


def events_of(rows: pd.DataFrame, table: str, vocabulary: Vocabulary) -> pd.DataFrame:
    """Return the events of `rows`, which are :func:`.tables.typed` rows of `table`."""
    events = {
        "subject": rows["subject"].where(rows["subject"].notna(), ""),
        "kind": pd.Series(KINDS[table], index=rows.index),
        "source_row": rows["row"],
        "left_out": _left_out(rows),
    }
    make = {"person": _person, "visit_occurrence": _visit, "death": _death}.get(table, _clinical)
    return pd.DataFrame(events | make(rows, table, vocabulary), index=rows.index)


_Cells = dict[str, pd.Series]


def _left_out(rows: pd.DataFrame) -> pd.Series:
    """Name the first rule that a row breaks."""
    made = pd.Series(None, index=rows.index, dtype="object")
    for flag, rule in _RULES.items():
        if flag in rows:
            made = made.where(~rows[flag] | made.notna(), rule)
    return made


def _person(rows: pd.DataFrame, table: str, vocabulary: Vocabulary) -> _Cells:
    parts = pd.DataFrame(
        {
            "year": rows["year"],
            "month": rows["month"].fillna(7),  # the middle of the year, of the month [A]
            "day": rows["day"].fillna(rows["month"].isna().map({True: 1, False: 15})),
        }
    )
    born = rows["born_at"].fillna(pd.to_datetime(parts, errors="coerce"))
    said = rows["gender_text"].str.lower().map({"m": "male", "f": "female"})
    sex = rows["gender"].map(SEXES)
    site = rows["site"].map(lambda one: None if np.isnan(one) else str(int(one)))
    return {"start": born, "text": sex.fillna(said), "site": site}


def _death(rows: pd.DataFrame, table: str, vocabulary: Vocabulary) -> _Cells:
    return _when(rows)


def _visit(rows: pd.DataFrame, table: str, vocabulary: Vocabulary) -> _Cells:
    admitted = rows["concept"].isin(ADMISSIONS)
    return _when(rows) | {
        "system": pd.Series("ActCode", index=rows.index),
        "code": admitted.map({True: "IMP", False: "AMB"}),
    }


def _clinical(rows: pd.DataFrame, table: str, vocabulary: Vocabulary) -> _Cells:
    made = _when(rows) | _codes(rows, table, vocabulary)
    if "stop" in made:
        made["stop"] = _of_intervals(made)
    if "value" in rows:
        made |= _result(rows, vocabulary)
    if "dose" in rows:
        made |= _administration(rows, vocabulary)
    return made


def _when(rows: pd.DataFrame) -> _Cells:
    start, date_only = _instants(rows["start_at"], rows["start_date"])
    made = {"start": start, "date_only": date_only}
    if "stop_date" in rows:
        stop, no_hour = _instants(rows["stop_at"], rows["stop_date"])
        made["stop"] = stop.where(~no_hour, stop + _DAY)  # the end of that day
    return made


def _instants(at: pd.Series, date: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Return the instants, and which of them are dates without an hour."""
    has_hour = at.notna() & (at != at.dt.normalize())
    return at.where(has_hour, date.fillna(at)), ~has_hour


def _of_intervals(times: _Cells) -> pd.Series:
    """Return the stops of what went on; the model wants a stop for a single dose, too."""
    at_once = times["start"].where(~times["date_only"], times["start"] + _DAY)
    return times["stop"].mask(times["stop"] <= at_once)


def _codes(rows: pd.DataFrame, table: str, vocabulary: Vocabulary) -> _Cells:
    """Choose one code a row, once for each combination that occurs."""
    keys = ["concept", "source_concept", "source_code"]
    vocabulary.look_up(pd.unique(pd.concat([rows["concept"], rows["source_concept"]])))
    number = rows.groupby(keys, dropna=False, sort=False).ngroup()
    distinct = rows[keys].groupby(number).head(1)
    chosen = [_chosen(table, vocabulary, *row) for row in distinct.itertuples(index=False)]
    told = pd.DataFrame(chosen, columns=["system", "code", "label"], index=number[distinct.index])
    return {name: number.map(told[name]) for name in ("system", "code", "label")}


def _chosen(
    table: str, vocabulary: Vocabulary, concept: float, source_concept: float, source_code: object
) -> tuple[str | None, str | None, str | None]:
    codings: list[Coding] = [*vocabulary.codings(concept), *vocabulary.codings(source_concept)]
    if isinstance(source_code, str):
        codings += [
            (system, source_code)
            for system in SYSTEMS_OF_SOURCE_CODES.get(table, ())
            if vocabulary.codes.meaning(system, source_code) is not None
        ]
        codings.append((f"{LOCAL}{table}", source_code))
    coding, _ = vocabulary.codes.chosen(codings)
    system, code = coding or (None, None)
    return system, code, vocabulary.label(concept) or vocabulary.label(source_concept)


def _result(rows: pd.DataFrame, vocabulary: Vocabulary) -> _Cells:
    vocabulary.look_up(pd.unique(pd.concat([rows["unit_concept"], rows["value_concept"]])))
    unit = _each(rows["unit_concept"], vocabulary.code).fillna(rows["unit_text"])
    comparator, number = _censored(rows)
    coded = _each(rows["value_concept"], lambda one: _answer(vocabulary, one))
    words = rows["answer"] if "answer" in rows else pd.Series(None, index=rows.index, dtype="str")
    text = coded.fillna(words).fillna(rows["value_text"])
    made = {
        "value": number,
        "comparator": comparator,
        "unit": unit,
        "text": text.where(number.isna()),
        "source_value": rows["value_text"],
    }
    if "low" in rows:
        made |= {"reference_low": rows["low"], "reference_high": rows["high"]}
    return made


def _censored(rows: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Read the comparator from the operator, else from the value as the source wrote it."""
    signs, numbers = censored_results(rows["value_text"])
    operator = rows["operator"].map(OPERATORS) if "operator" in rows else signs
    return operator.fillna(signs), rows["value"].fillna(numbers)


def _answer(vocabulary: Vocabulary, concept: float) -> str | None:
    codings = vocabulary.codings(concept)
    return "|".join(codings[0]) if codings else None


def _administration(rows: pd.DataFrame, vocabulary: Vocabulary) -> _Cells:
    vocabulary.look_up(pd.unique(rows["route_concept"]))
    route = rows["route_text"].fillna(_each(rows["route_concept"], vocabulary.label))
    return {"dose": rows["dose"], "dose_unit": rows["dose_unit"], "route": route}


def _each(concepts: pd.Series, of_one: Callable[[float], str | None]) -> pd.Series:
    """Return what each concept id stands for, asked once an id."""
    found: Mapping[float, str | None] = {
        one: of_one(one) for one in concepts.dropna().unique() if one > 0
    }
    return concepts.map(found).astype("str")
