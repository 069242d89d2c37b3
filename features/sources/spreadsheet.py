"""Reading a published spreadsheet as it is: cells, with the row each one stands in.

A workbook from elsewhere is not trusted: it is refused when it is no workbook, when it unpacks to
more than it may, when it declares XML entities, or when a cell holds a formula instead of a value.
"""

import warnings
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from openpyxl import load_workbook
from openpyxl.utils import get_column_letter

from features.errors import CohortError

MAX_FILE_BYTES = 50_000_000
MAX_UNPACKED_BYTES = 400_000_000
MAX_ROWS = 500_000
SHOWN_FORMULAS = 20
SOURCE_ROW = "source_row"
_PROLOGUE_BYTES = 4096
_EMPTY_WORDS = ("", "NA", "N/A", "NaN")


def read_spreadsheet(path: Path, columns: Sequence[str], header_row: int) -> pd.DataFrame:
    """Read the first sheet of the workbook at `path`, whose layout is known.

    Parameters
    ----------
    columns : sequence of str
        The headers that must be there; others are ignored.
    header_row : int
        The 1-based row that holds the headers.

    Returns
    -------
    DataFrame
        The columns asked for, cells as they are (object; None where empty, "NA" or an error), and
        ``source_row``, the 1-based row of the sheet. Rows empty in all these columns are left out.

    Raises
    ------
    CohortError
        The file is absent, empty, no workbook, too large, of another layout, or holds a formula.
    """
    return _table(path.name, sheet_rows(path), columns, header_row)


def sheet_rows(path: Path, sheet: str = "") -> list[tuple[Any, ...]]:
    """Return the rows of one sheet, the first one where none is named; refuse as said above.

    A date without a time of day comes as a date, any other as an instant.
    """
    with _opened(path) as book:
        return list(_rows_of(book, path.name, sheet))


def sheet_names(path: Path) -> list[str]:
    """Return the names of the sheets that hold cells; refuse as said above."""
    with _opened(path) as book:
        return [one.title for one in book.worksheets]


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    _refuse_what_is_no_workbook(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl warns of styles and extensions it does not read
        try:
            book = load_workbook(path, read_only=True, data_only=False)
        except Exception as problem:  # openpyxl raises half a dozen classes for broken files
            raise CohortError(f"{path.name} is no workbook that can be read: {problem}") from None
        try:
            yield book
        finally:
            book.close()


def _refuse_what_is_no_workbook(path: Path) -> None:
    if not path.is_file():
        raise CohortError(f"there is no file {path.name}.")
    if path.stat().st_size > MAX_FILE_BYTES:
        raise CohortError(
            f"{path.name} is larger than {MAX_FILE_BYTES // 10**6} MB; is it the one?"
        )
    if not zipfile.is_zipfile(path):
        raise CohortError(f"{path.name} is no .xlsx workbook. Save it as .xlsx and try again.")
    with zipfile.ZipFile(path) as parts:
        if sum(part.file_size for part in parts.infolist()) > MAX_UNPACKED_BYTES:
            limit = MAX_UNPACKED_BYTES // 10**6
            raise CohortError(f"{path.name} would unpack to more than {limit} MB and is refused.")
        for part in parts.infolist():
            if part.filename.endswith((".xml", ".rels")) and _declares_a_document_type(parts, part):
                raise CohortError(f"{path.name} declares XML entities and is refused.")


def _declares_a_document_type(parts: zipfile.ZipFile, part: zipfile.ZipInfo) -> bool:
    with parts.open(part) as file:
        return b"<!DOCTYPE" in file.read(_PROLOGUE_BYTES).upper()


def _rows_of(book: Any, name: str, sheet: str) -> Iterator[tuple[Any, ...]]:
    sheets = {one.title: one for one in book.worksheets}
    if not sheets:
        raise CohortError(f"{name} holds no sheet with cells.")
    if sheet and sheet not in sheets:
        raise CohortError(f"{name} has no sheet {sheet!r}; its sheets: {', '.join(sheets)}.")
    chosen = sheets[sheet] if sheet else book.worksheets[0]
    formulas: list[str] = []
    for number, row in enumerate(chosen.iter_rows(), start=1):
        if number > MAX_ROWS:
            raise CohortError(f"{name} has more than {MAX_ROWS} rows and is refused.")
        formulas += [_where(cell) for cell in row if cell.data_type == "f"]
        if not formulas:
            yield tuple(_value(cell) for cell in row)
    if formulas:
        raise CohortError(_of_formulas(f"{name}[{chosen.title}]", formulas))


def _where(cell: Any) -> str:
    return f"{get_column_letter(cell.column)}{cell.row}"


def _of_formulas(sheet: str, cells: list[str]) -> str:
    shown = ", ".join(cells[:SHOWN_FORMULAS])
    more = len(cells) - SHOWN_FORMULAS
    return (
        f"{sheet}: {len(cells)} cell{'s' * (len(cells) > 1)} "
        f"hold{'s' * (len(cells) == 1)} a formula instead of a value: {shown}"
        f"{f' and {more} more' if more > 0 else ''}. Store values (copy, then paste as values) and "
        "try again."
    )


def _value(cell: Any) -> Any:
    empty = isinstance(cell.value, str) and cell.value.strip() in _EMPTY_WORDS
    if isinstance(cell.value, datetime) and "h" not in str(cell.number_format).lower():
        return cell.value if cell.value.time() != time() else cell.value.date()
    return None if empty or cell.data_type == "e" else cell.value


def _table(
    name: str, cells: list[tuple[Any, ...]], columns: Sequence[str], header_row: int
) -> pd.DataFrame:
    if len(cells) <= header_row:
        raise CohortError(f"{name} has no rows below its header (row {header_row}).")
    header = [str(cell).strip() if cell is not None else "" for cell in cells[header_row - 1]]
    missing = [column for column in columns if column not in header]
    if missing:
        raise CohortError(
            f"{name}: row {header_row} should hold the headers, and lacks "
            f"{', '.join(map(repr, missing[:5]))}{' and others' if len(missing) > 5 else ''}."
        )
    repeated = [column for column in columns if header.count(column) > 1]
    if repeated:
        raise CohortError(f"{name}: column {repeated[0]!r} is there more than once.")
    places = [header.index(column) for column in columns]
    body = [[row[at] if at < len(row) else None for at in places] for row in cells[header_row:]]
    table = pd.DataFrame(body, columns=list(columns), dtype=object)
    table[SOURCE_ROW] = np.arange(header_row + 1, header_row + 1 + len(body))
    kept = table[table[list(columns)].notna().any(axis=1)].reset_index(drop=True)
    if kept.empty:
        raise CohortError(f"{name} has no rows below its header (row {header_row}).")
    return kept


def numbers(cells: pd.Series) -> pd.Series:
    """Return the cells as float; NaN for dates, flags and text that is no number."""
    plain = [
        cell if isinstance(cell, int | float | str) and not isinstance(cell, bool) else None
        for cell in cells
    ]
    made = pd.to_numeric(pd.Series(plain, index=cells.index, dtype=object), errors="coerce")
    return made.astype(float).replace([np.inf, -np.inf], np.nan)
