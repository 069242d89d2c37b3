"""A site's own file, of any of the kinds they come in: headings, cells, and the line of each row.

Text files are tried as UTF-8 (with or without its mark), UTF-16 and GB18030, in that order. Most
files of the Western code page cp1252 read as GB18030 too, as rare characters: where most characters
are rare, cp1252 comes first. A workbook is read by the rules of
:mod:`features.sources.spreadsheet`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from features.errors import CohortError
from features.sources.csv.delimited import DELIMITERS, delimited_rows, delimiter_of
from features.sources.spreadsheet import sheet_rows

ENCODINGS = ("utf-8", "utf-16", "gb18030", "cp1252")
TEXT_ENDINGS = (".csv", ".tsv", ".txt")
WORKBOOK_ENDINGS = (".xlsx",)
ENDINGS = (*TEXT_ENDINGS, *WORKBOOK_ENDINGS)
OTHER_ENDINGS = (
    ".xls", ".xlsm", ".xlsb", ".ods", ".numbers", ".sav", ".dta", ".sas7bdat", ".mdb", ".accdb",
    ".zip", ".gz",
)  # fmt: skip
"""Of files that may hold tables and are not read."""
HIGHEST_HEADER_ROW = 20
_CODECS = {"utf-8": "utf-8-sig"}

Row = tuple[int, list[Any]]


@dataclass(frozen=True)
class SiteFile:
    """One file as read.

    Attributes
    ----------
    cells : DataFrame
        Text, numbers and dates as they came, None where empty; a column a heading.
    lines : list of int
        The line of the file, or the row of the sheet, of each row.
    """

    name: str
    cells: pd.DataFrame
    lines: list[int]


def is_workbook(path: Path) -> bool:
    """Whether the name of the file is that of a workbook."""
    return path.suffix.lower() in WORKBOOK_ENDINGS


def files_at(path: Path) -> list[Path]:
    """Return the files that may hold records: `path` itself, or those of the folder, by name.

    Raises
    ------
    CohortError
        There is nothing at `path`, or no such file in it.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise CohortError(f"there is no file or folder {path.name}.")
    found = sorted(
        one
        for one in path.iterdir()
        if one.suffix.lower() in ENDINGS and one.stem.lower() != "readme"
    )
    if not found:
        raise CohortError(f"{path.name} holds no file that ends in {', '.join(ENDINGS)}.")
    return found


def remarks_on_other_files(path: Path) -> list[str]:
    """Name the files of the folder that may hold tables of a kind that is not read."""
    if not path.is_dir():
        return []
    return [
        f"{one.name} was not looked at: save it as 'CSV UTF-8' or as .xlsx."
        for one in sorted(path.iterdir())
        if one.suffix.lower() in OTHER_ENDINGS
    ]


def folder_and_files(paths: Sequence[Path]) -> tuple[Path, list[Path]]:
    """Return the file or folder that holds all of `paths`, and the files that may hold records.

    Raises
    ------
    CohortError
        As :func:`files_at`, or several paths that are not files of one folder.
    """
    if len(paths) == 1:
        return paths[0], files_at(paths[0])
    folders = {one.parent for one in paths}
    if len(folders) > 1 or any(one.is_dir() for one in paths):
        raise CohortError(
            "several files are read together where they lie in one folder. Put them into one, and "
            "name the files, or the folder alone."
        )
    return folders.pop(), sorted({found for one in paths for found in files_at(one)})


def encodings_of(path: Path) -> list[str]:
    """Return the encodings as which the file can be read, in the order they are tried.

    UTF-8 and UTF-16 prove themselves and stand alone; the others do not.
    """
    content = _content(path)
    if _reads_as(content, "utf-8"):
        return ["utf-8"]
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) and _reads_as(content, "utf-16"):
        return ["utf-16"]
    found = [one for one in ("gb18030", "cp1252") if _reads_as(content, one)]
    if b"\0" in content or not found:
        raise CohortError(
            f"{path.name} is no text in UTF-8, UTF-16 or GB18030. Save it as 'CSV UTF-8', or as "
            ".xlsx, and try again."
        )
    return found if _is_everyday_chinese(content) else found[::-1]


def _is_everyday_chinese(content: bytes) -> bool:
    """Whether most of what is no ASCII is of GB2312, the everyday part of GB18030."""
    if not _reads_as(content, "gb18030"):
        return False
    foreign = [letter for letter in content.decode("gb18030") if not letter.isascii()]
    everyday = "".join(foreign).encode("gb2312", "ignore").decode("gb2312")
    return 2 * len(everyday) > len(foreign)


def text_of(path: Path, encoding: str) -> str:
    """Return the text of the file; the message names the line that is none in this encoding."""
    content = _content(path)
    try:
        return content.decode(_CODECS.get(encoding, encoding))
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise CohortError(
            f"{path.name}, line {line}: not {encoding}. Say its encoding in the mapping, one of "
            f"{', '.join(ENCODINGS)}."
        ) from None


def _content(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CohortError(f"{path.name} cannot be read: {error.strerror}.") from None
    if not content.strip():
        raise CohortError(f"{path.name} is empty: it needs at least a line of headings.")
    if content.startswith(b"PK"):
        raise CohortError(f"{path.name} is a workbook; its name has to end in .xlsx.")
    return content


def _reads_as(content: bytes, encoding: str) -> bool:
    try:
        content.decode(_CODECS.get(encoding, encoding))
    except UnicodeDecodeError:
        return False
    return "\0" not in content.decode(_CODECS.get(encoding, encoding))


def rows_of(path: Path, encoding: str, delimiter: str, sheet: str = "") -> list[Row]:
    """Return every row of a file with its line or row number."""
    if is_workbook(path):
        return [(number, list(row)) for number, row in enumerate(sheet_rows(path, sheet), start=1)]
    return list(delimited_rows(path.name, text_of(path, encoding), delimiter))


def delimiter_in(text: str) -> str:
    """Return the delimiter of a text that may begin with a title line."""
    lines = text.splitlines()[:HIGHEST_HEADER_ROW]
    return delimiter_of(max(lines, key=lambda line: max(map(line.count, DELIMITERS)), default=""))


def site_file(name: str, rows: list[Row], header_row: int) -> SiteFile:
    """Make the table below the row of headings.

    Raises
    ------
    CohortError
        No such row, a heading twice, or a filled column without one.
    """
    if len(rows) < header_row or not any(rows[header_row - 1][1]):
        raise CohortError(
            f"{name}: row {header_row} holds no headings. Say header_row in the mapping."
        )
    headings = ["" if one is None else str(one).strip() for one in rows[header_row - 1][1]]
    body = [(line, row) for line, row in rows[header_row:] if any(_filled(cell) for cell in row)]
    width = max([len(headings), *(len(row) for _, row in body)])
    headings += [""] * (width - len(headings))
    padded = [row + [None] * (width - len(row)) for _, row in body]
    kept = [at for at, one in enumerate(headings) if one or any(_filled(r[at]) for r in padded)]
    _refuse_bad_headings(name, [headings[at] for at in kept], kept)
    cells = pd.DataFrame(
        {headings[at]: pd.Series([row[at] for row in padded], dtype=object) for at in kept}
    )
    return SiteFile(name, cells, [line for line, _ in body])


def _filled(cell: object) -> bool:
    return cell is not None and cell != ""


def _refuse_bad_headings(name: str, headings: list[str], places: list[int]) -> None:
    if "" in headings:
        place = places[headings.index("")] + 1
        raise CohortError(
            f"{name}: column {place} holds cells and has no heading. Name or empty it."
        )
    repeated = sorted({one for one in headings if headings.count(one) > 1})
    if repeated:
        raise CohortError(f"{name} has the heading {repeated[0]!r} more than once. Rename one.")
