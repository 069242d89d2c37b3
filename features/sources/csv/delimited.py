"""Reading one delimited text file: every cell as text, with the line it stands in."""

import csv
import io
from pathlib import Path

import pandas as pd

from features.errors import CohortError

DELIMITERS = (",", ";", "\t")
SOURCE_ROW = "source_row"


def read_delimited(path: Path) -> tuple[pd.DataFrame, str]:
    """Read the file at `path`.

    Returns
    -------
    cells : DataFrame
        Text, stripped; None where empty. ``source_row`` is the line of the file (the header is
        line 1), whatever a column of that name says. Lines without any cell are left out.
    delimiter : str
        The one of `DELIMITERS` that the header line uses.

    Raises
    ------
    CohortError
        The file is empty, is not UTF-8, is no delimited text, names a column twice, or has a line
        with more cells than the header.
    """
    text = _text(path)
    header_line = text.split("\n", maxsplit=1)[0]
    delimiter = delimiter_of(header_line)
    (_, first), *rest = delimited_rows(path.name, text, delimiter)
    header = [name or "" for name in first]
    _refuse_a_bad_header(path, header)
    filled = [(line, row) for line, row in rest if any(row)]
    rows = [_as_wide_as(header, path, line, row) for line, row in filled]
    table = pd.DataFrame(rows, columns=header, dtype=object)
    table[SOURCE_ROW] = [line for line, _ in filled]
    return table, delimiter


def delimiter_of(line: str) -> str:
    """Return the one of `DELIMITERS` that `line` uses most."""
    return max(DELIMITERS, key=line.count)


def delimited_rows(name: str, text: str, delimiter: str) -> list[tuple[int, list[str | None]]]:
    """Return the rows of `text` with the line each begins in; cells are stripped, None if empty."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[tuple[int, list[str | None]]] = []
    begins = 1
    try:
        for row in reader:
            rows.append((begins, [cell.strip() or None for cell in row]))
            begins = reader.line_num + 1
    except csv.Error as error:
        raise CohortError(f"{name}, line {reader.line_num}: no CSV ({error}).") from None
    return rows


def _as_wide_as(
    header: list[str], path: Path, line: int, row: list[str | None]
) -> list[str | None]:
    if len(row) > len(header):
        raise CohortError(
            f"{path.name}, line {line}: {len(row)} cells, but the header names "
            f"{len(header)}. Put cells that hold the delimiter in double quotes."
        )
    return row + [None] * (len(header) - len(row))


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CohortError(f"{path.name} cannot be read: {error.strerror}.") from None
    if not content.strip():
        raise CohortError(f"{path.name} is empty: it needs at least the header line.")
    if content.startswith(b"PK") or b"\0" in content:
        raise CohortError(f"{path.name} is no CSV but a binary file. Save it as 'CSV UTF-8'.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise CohortError(
            f"{path.name}, line {line}: not UTF-8. Save the file as 'CSV UTF-8' and try again."
        ) from None


def _refuse_a_bad_header(path: Path, header: list[str]) -> None:
    repeated = sorted({name for name in header if name and header.count(name) > 1})
    if repeated:
        raise CohortError(f"{path.name} names column {repeated[0]!r} more than once.")
    if "" in header:
        place = header.index("") + 1
        raise CohortError(f"{path.name}: column {place} has no name. Name or remove it.")
