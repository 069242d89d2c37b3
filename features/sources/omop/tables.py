"""The tables of the OMOP common data model that are read, and one query text for every engine.

Names, types and meaning follow CDM 5.4 (OHDSI/CommonDataModel, ``OMOP_CDMv5.4_Field_Level.csv``).
An engine says which of the columns it has; an optional one that it lacks is read as empty.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol

import pandas as pd

from features.errors import CohortError

ID, NUMBER, DATE, INSTANT, TEXT = "BIGINT", "FLOAT8", "DATE", "TIMESTAMP", "VARCHAR"
"""SQL types that DuckDB and PostgreSQL both know by these names."""


@dataclass(frozen=True, slots=True)
class CdmTable:
    """One table: its columns by the name they are read under.

    Attributes
    ----------
    columns : mapping
        Name in the query's result -> (column of the model, SQL type).
    needed : tuple of str
        Columns of the model without which the table cannot be used.
    checked : tuple of str
        Names in the result whose cells may be written so that they cannot be read; the result says
        so in a further column ``<name>_bad``.
    """

    name: str
    columns: Mapping[str, tuple[str, str]]
    needed: tuple[str, ...]
    checked: tuple[str, ...] = ()


class Cdm(Protocol):
    """Where the tables are: a folder or a server.

    Attributes
    ----------
    unread_lines : dict
        Table -> lines that are no rows of it, once it was read.
    """

    unread_lines: dict[str, list[int]]

    def columns_of(self, table: str) -> frozenset[str]:
        """Return the columns of `table` in lower case; empty where the table is absent."""

    def place_of(self, table: str) -> str:
        """Return the name of the file, or of the table on a server."""

    def source_of(self, table: str) -> str:
        """Return what stands after FROM."""

    def cell(self, column: str, sql_type: str) -> str:
        """Return the expression that reads `column` as `sql_type`."""

    def unreadable(self, column: str, sql_type: str) -> str:
        """Return the expression that is true where `column` holds no `sql_type`."""

    def chunks(self, query: str, table: str) -> Iterator[pd.DataFrame]:
        """Return the rows of `query` on `table`, some at a time; others may run in between."""


def _event_table(
    name: str, key: str, concept: str, start: str, stop: str = "", /, **more: tuple[str, str]
) -> CdmTable:
    columns = {
        "row": (key, ID),
        "person": ("person_id", ID),
        "concept": (f"{concept}_concept_id", ID),
        "source_concept": (f"{concept}_source_concept_id", ID),
        "source_code": (f"{concept}_source_value", TEXT),
        "start_date": (f"{start}_date", DATE),
        "start_at": (f"{start}_datetime", INSTANT),
    }
    if stop:
        columns |= {"stop_date": (f"{stop}_date", DATE), "stop_at": (f"{stop}_datetime", INSTANT)}
    return CdmTable(
        name,
        MappingProxyType(columns | more),
        needed=("person_id", f"{concept}_concept_id", f"{start}_date"),
        checked=("person", "start_date", *(("value",) if "value" in more else ())),
    )


_RESULT: dict[str, tuple[str, str]] = {
    "value": ("value_as_number", NUMBER),
    "value_concept": ("value_as_concept_id", ID),
    "value_text": ("value_source_value", TEXT),
    "unit_concept": ("unit_concept_id", ID),
    "unit_text": ("unit_source_value", TEXT),
}

CDM_TABLES: Mapping[str, CdmTable] = MappingProxyType(
    {
        table.name: table
        for table in (
            CdmTable(
                "person",
                {
                    "row": ("person_id", ID),
                    "person": ("person_id", ID),
                    "gender": ("gender_concept_id", ID),
                    "gender_text": ("gender_source_value", TEXT),
                    "year": ("year_of_birth", ID),
                    "month": ("month_of_birth", ID),
                    "day": ("day_of_birth", ID),
                    "born_at": ("birth_datetime", INSTANT),
                    "site": ("care_site_id", ID),
                },
                needed=("person_id",),
                checked=("person",),
            ),
            _event_table(
                "measurement", "measurement_id", "measurement", "measurement",
                **_RESULT,
                operator=("operator_concept_id", ID),
                low=("range_low", NUMBER),
                high=("range_high", NUMBER),
            ),
            _event_table(
                "observation", "observation_id", "observation", "observation",
                **_RESULT,
                answer=("value_as_string", TEXT),
            ),
            _event_table(
                "drug_exposure", "drug_exposure_id", "drug", "drug_exposure_start",
                "drug_exposure_end",
                dose=("quantity", NUMBER),
                dose_unit=("dose_unit_source_value", TEXT),
                route_concept=("route_concept_id", ID),
                route_text=("route_source_value", TEXT),
            ),
            _event_table(
                "procedure_occurrence", "procedure_occurrence_id", "procedure", "procedure",
                "procedure_end",
            ),
            _event_table(
                "condition_occurrence", "condition_occurrence_id", "condition", "condition_start",
                "condition_end",
            ),
            _event_table(
                "visit_occurrence", "visit_occurrence_id", "visit", "visit_start",
                "visit_end",
            ),
            CdmTable(
                "death",
                {
                    "row": ("person_id", ID),
                    "person": ("person_id", ID),
                    "concept": ("cause_concept_id", ID),
                    "source_concept": ("cause_source_concept_id", ID),
                    "source_code": ("cause_source_value", TEXT),
                    "start_date": ("death_date", DATE),
                    "start_at": ("death_datetime", INSTANT),
                },
                needed=("person_id", "death_date"),
                checked=("person", "start_date"),
            ),
            CdmTable(
                "concept",
                {
                    "concept": ("concept_id", ID),
                    "vocabulary": ("vocabulary_id", TEXT),
                    "code": ("concept_code", TEXT),
                    "label": ("concept_name", TEXT),
                },
                needed=("concept_id", "vocabulary_id", "concept_code"),
            ),
            CdmTable(
                "concept_ancestor",
                {
                    "ancestor": ("ancestor_concept_id", ID),
                    "descendant": ("descendant_concept_id", ID),
                },
                needed=("ancestor_concept_id", "descendant_concept_id"),
            ),
        )
    }
)  # fmt: skip


def has(cdm: Cdm, table: str) -> bool:
    """Say whether `table` is there, and refuse it where a needed column is absent.

    Raises
    ------
    CohortError
        The table lacks a column that it cannot be read without.
    """
    there = cdm.columns_of(table)
    missing = [name for name in CDM_TABLES[table].needed if name not in there]
    if there and missing:
        raise CohortError(
            f"OMOP table {table} lacks {', '.join(missing)}. The columns are those of CDM 5.4; "
            "names may be in capitals."
        )
    return bool(there)


def select(cdm: Cdm, table: str, where: str = "") -> str:
    """Return the query that reads `table`, each column under its name here.

    Parameters
    ----------
    where : str
        A condition on the names of the result.
    """
    one, there = CDM_TABLES[table], cdm.columns_of(table)
    empty = "CAST(NULL AS {})".format
    cells = [
        f"{cdm.cell(column, kind) if column in there else empty(kind)} AS {quoted(name)}"
        for name, (column, kind) in one.columns.items()
    ]
    if "person" in one.columns:
        cells.append(f"CAST({cdm.cell('person_id', ID)} AS VARCHAR) AS subject")
    cells += [
        f"{cdm.unreadable(column, kind) if column in there else 'FALSE'} AS {quoted(f'{name}_bad')}"
        for name, (column, kind) in one.columns.items()
        if name in one.checked
    ]
    query = f"SELECT {', '.join(cells)} FROM {cdm.source_of(table)}"  # noqa: S608 - names of the model
    return f"SELECT * FROM ({query}) AS rows_of_it WHERE {where}" if where else query  # noqa: S608


_DTYPES: Mapping[str, Any] = {
    ID: "float64", NUMBER: "float64", TEXT: "str",
    DATE: "datetime64[us]", INSTANT: "datetime64[us]",
}  # fmt: skip


def typed(rows: pd.DataFrame, table: str) -> pd.DataFrame:
    """Return `rows` of :func:`select` with the same types from every engine; ids as float."""
    made = {
        name: rows[name].astype(_DTYPES[kind])
        for name, (_, kind) in CDM_TABLES[table].columns.items()
    }
    flags = [name for name in rows if str(name).endswith("_bad")]
    made |= {str(name): rows[name].fillna(value=False).astype(bool) for name in flags}
    made |= {"subject": rows["subject"].astype("str")} if "subject" in rows else {}
    return pd.DataFrame(made, index=rows.index)


def quoted(name: str) -> str:
    """Return `name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def text_literal(text: str) -> str:
    """Return `text` as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def one_of(name: str, options: Iterable[int] | Iterable[str]) -> str:
    """Return the condition that column `name` of a result is one of `options`; false of none."""
    words = [text_literal(one) if isinstance(one, str) else str(int(one)) for one in options]
    return f"{quoted(name)} IN ({', '.join(words)})" if words else "FALSE"
