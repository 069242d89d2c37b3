"""One file of the template, read: its rows, what they break in reading, and what to say of them."""

import difflib
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from features.cohort_files import MANIFEST
from features.errors import CohortError
from features.sources.csv.delimited import read_delimited
from features.sources.csv.infusion_times import COLUMN, infusion_times
from features.sources.results import with_canonical_values
from features.sources.spellings import with_legal_spellings
from features.tables import Table


@dataclass
class TableFile:
    """One file as read: its rows, the rules they broke in reading, remarks for the manifest."""

    rows: pd.DataFrame
    label: str
    broken: dict[str, pd.Series] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    respelt: dict[str, int] = field(default_factory=dict)


_UNIT_IN_DOUBT = "value_fits_no_other_unit_better"


def one_table(path: Path, table: Table, zone: ZoneInfo | None) -> TableFile:
    """Read the file of `table` in the folder at `path`.

    Parameters
    ----------
    zone : ZoneInfo or None
        Of infusion times that name none.

    Raises
    ------
    CohortError
        ``courses.csv`` or a mandatory column is absent, or the file cannot be used.
    """
    file = path / f"{table.name}.csv"
    if not file.exists():
        if table.name == "courses":
            raise CohortError(f"{path.name} has no courses.csv. `example csv` writes a template.")
        absent = pd.DataFrame({"source_row": np.array([], dtype=np.int64)})
        return TableFile(absent, file.name, remarks=[f"{file.name} was not there"])
    cells, delimiter = read_delimited(file)
    remarks = _unknown_columns(file.name, cells, table)
    missing = [c.name for c in table.columns if c.required and c.name not in cells]
    if missing:
        raise CohortError(
            f"{file.name} lacks the mandatory column{'s' * (len(missing) > 1)} "
            f"{', '.join(missing)}. Its columns: {', '.join(table.names)}."
        )
    decimal_comma = delimiter == ";"
    broken: dict[str, pd.Series] = {}
    if table.name == "measurements":
        told = cells
        cells, broken = with_canonical_values(cells, decimal_comma=decimal_comma)
        cells = _with_what_is_told_of_the_source(cells, told)
        if (path / MANIFEST).is_file():  # a cohort of ours: its units were settled when it was made
            broken[_UNIT_IN_DOUBT] &= told["unit"].ne(cells["unit"])
    if COLUMN in cells:
        cells[COLUMN], broken, said = infusion_times(cells[COLUMN], zone)
        remarks += said
    if decimal_comma:
        cells = _with_decimal_points(cells, table)
    cells, respelt = with_legal_spellings(cells, table)
    return TableFile(cells, file.name, broken, remarks, respelt)


def _with_what_is_told_of_the_source(made: pd.DataFrame, told: pd.DataFrame) -> pd.DataFrame:
    """Keep the value and unit of an earlier source where a shared file tells them."""
    earlier = {
        name: told[name].where(told[name].notna(), made[name])
        for name in ("source_value", "source_unit")
        if name in told
    }
    return made.assign(**earlier)


def _unknown_columns(file: str, cells: pd.DataFrame, table: Table) -> list[str]:
    """Refuse what looks misspelt; remark on what is merely extra."""
    extra = [name for name in cells.columns if name not in (*table.names, "source_row")]
    absent = [name for name in table.names if name not in cells]
    for name in extra:
        near = difflib.get_close_matches(name.lower(), absent, n=1, cutoff=0.8)
        if near:
            raise CohortError(f"{file}: column {name!r} is not known; did you mean {near[0]!r}?")
    return [f"{file}: column {name!r} is not known and was not read" for name in extra]


def _with_decimal_points(cells: pd.DataFrame, table: Table) -> pd.DataFrame:
    made = cells.copy()
    for column in table.columns:
        if column.kind == "number" and column.name in made and made[column.name].dtype == object:
            made[column.name] = made[column.name].map(
                lambda cell: cell.replace(",", ".") if isinstance(cell, str) else cell
            )
    return made
