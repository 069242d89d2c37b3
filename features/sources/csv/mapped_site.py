"""A site's own files as the tables of a cohort, by its mapping."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.sources.csv.course_days import Clock
from features.sources.csv.mapped_courses import course_rows
from features.sources.csv.mapped_files import BROKEN, names_of, opened_files, remarks_on_files
from features.sources.csv.mapping import Mapped
from features.sources.csv.one_person import remarks_on_people
from features.sources.csv.remarks_on_codes import remarks_on_codes
from features.sources.csv.wide_and_long import parts_of
from features.sources.results import with_canonical_values
from features.tables import TABLES

_NEEDED: Mapping[str, tuple[str, ...]] = {
    "measurements": ("course_id", "day", "input", "value", "unit", "text"),
    "treatments": ("course_id", "start_day", "agent"),
    "grades": ("course_id", "day", "toxicity", "grade"),
    "late_events": ("course_id", "day", "term"),
    "courses": ("course_id", "patient_id", "product"),
}


@dataclass(frozen=True)
class SiteTables:
    """What the files hold.

    Attributes
    ----------
    rows : dict
        Table -> its rows as text or number cells, with ``source_file``, ``source_row`` and
        ``source_column``.
    broken : dict
        Table -> rule -> the rows that broke it in reading.
    """

    rows: dict[str, pd.DataFrame] = field(default_factory=dict)
    broken: dict[str, dict[str, pd.Series]] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


def site_tables(path: Path, mapped: Mapped, clock: Clock) -> SiteTables:
    """Read the files at `path`, one or a folder of them.

    Raises
    ------
    CohortError
        A file of the mapping is absent, cannot be read or lacks a heading of it; the files need a
        time zone, the hour or the date of the infusion and do not tell it.
    """
    files = opened_files(path, mapped)
    courses, infusions = course_rows(files, mapped, clock)
    parts: dict[str, list[pd.DataFrame]] = {name: [] for name in TABLES}
    parts["courses"].append(courses)
    for one in files:
        for table, rows in parts_of(one, infusions, clock):
            parts[table].append(rows)
    made = SiteTables(remarks=list(remarks_on_files(path, mapped, files)))
    made.remarks.extend(remarks_on_people(files))
    for one in files:
        made.remarks.extend(remarks_on_codes(one))
    for name, frames in parts.items():
        _add(made, name, [frame for frame in frames if len(frame)])
    return made


def _add(made: SiteTables, name: str, frames: list[pd.DataFrame]) -> None:
    every = pd.concat([one.astype(object) for one in frames], ignore_index=True) if frames else (
        pd.DataFrame(columns=["source_file", "source_row", "source_column"])
    )  # fmt: skip
    every = every.astype(object).where(every.notna(), None)
    rules = [column for column in names_of(every) if column.startswith(BROKEN)]
    broken = {rule.removeprefix(BROKEN): every[rule].eq(True) for rule in rules}
    rows = every.drop(columns=rules)
    for column in _NEEDED[name]:
        if column not in rows:
            rows[column] = pd.Series(None, index=rows.index, dtype=object)
    rows["source_row"] = rows["source_row"].astype(np.int64)
    if name == "measurements":
        rows, failed = _canonical(rows)
        broken |= failed
    made.rows[name], made.broken[name] = rows, broken


def _canonical(rows: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, Any]]:
    made, failed = with_canonical_values(rows, decimal_comma=False)
    for column, written in (("source_value", "written"), ("source_unit", "written_unit")):
        if written in made:
            made[column] = made[written]
    return made, failed
