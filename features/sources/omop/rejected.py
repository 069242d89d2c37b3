"""Where a row that was left out is wrong: the table and column of CDM 5.4 beside its id."""

from collections.abc import Mapping
from types import MappingProxyType

import pandas as pd

from features.sources.omop.tables import CDM_TABLES, Cdm

_CELL_OF_RULE: Mapping[str, str] = MappingProxyType(
    {
        "record_is_dated": "start_date", "record_is_not_in_the_future": "start_date",
        "date_names_its_day": "start_date", "value_as_number_is_a_number": "value",
        "person_id_is_a_number": "person", "patient_id_is_one_person": "person",
        "infusion_names_its_product": "concept", "infusion_names_one_product": "concept",
    }
)  # fmt: skip
_CELL_OF_COLUMN: Mapping[str, str] = MappingProxyType(
    {
        "course_id": "person", "patient_id": "person", "day": "start_date",
        "start_day": "start_date", "known_day": "start_date", "infused_at": "start_date",
        "stop_day": "stop_date", "input": "concept", "agent": "concept", "product": "concept",
        "toxicity": "concept", "value": "value", "grade": "value", "text": "value_concept",
        "unit": "unit_concept", "reference_low": "low", "reference_high": "high", "dose": "dose",
        "dose_unit": "dose_unit", "route": "route_concept",
    }
)  # fmt: skip
"""Column of a cohort's table -> the cell, as ``CDM_TABLES`` names it, that it is read from."""


def with_cdm_columns(rows: pd.DataFrame, cdm: Cdm) -> pd.DataFrame:
    """Return `rows` of failures with ``column`` as "table.column" of CDM 5.4.

    It stays as it is where the fact was brought together from several tables.
    """
    there = [table for table in CDM_TABLES if cdm.columns_of(table)]
    table_at = {cdm.place_of(table): table for table in there}
    told = zip(rows["file"], rows["column"], rows["rule"], strict=True)
    named = [_named(table_at.get(file), column, rule) for file, column, rule in told]
    return rows.assign(column=pd.Series(named, index=rows.index, dtype="object"))


def _named(table: str | None, column: str, rule: str) -> str:
    if table is None:
        return column
    cell = _CELL_OF_RULE.get(rule) or _CELL_OF_COLUMN.get(column, "")
    found = CDM_TABLES[table].columns.get(cell)
    return f"{table}.{found[0]}" if found else column or table
