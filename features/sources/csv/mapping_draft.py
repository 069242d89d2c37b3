"""A first mapping of a site's files, guessed from headings and values; a person corrects it.

What is written holds headings, codes that several patients share, and counts; never a value of a
patient. What cannot be told is left as an empty text, which the import refuses.
"""

from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from features.errors import CohortError
from features.inputs import COURSE_FIELDS, INPUTS
from features.sources.csv.as_written import plain_text
from features.sources.csv.code_guesses import Codes, Entry, codes_of, unit_to_write, unknown_words
from features.sources.csv.heading_guesses import Guess, guess, of_patients, of_rows
from features.sources.csv.headings import (
    BIRTH,
    COURSE_NAMES,
    INPUT_NAMES,
    PERSON_NAMES,
    ROW_NAMES,
)
from features.sources.csv.mapped_files import mapped_cells, names_of
from features.sources.csv.number_guesses import Numbers, numbers_in
from features.sources.csv.places import (
    ALWAYS_DATES,
    DATES,
    FACT_UNITS,
    IGNORED,
    dates_of,
    legal_meanings,
)
from features.sources.csv.row_kinds import IDS, RowsGuess, rows_guess
from features.sources.csv.site_files import (
    Row,
    SiteFile,
    delimiter_in,
    encodings_of,
    is_workbook,
    rows_of,
    site_file,
    text_of,
)
from features.sources.csv.unit_row import with_units_below
from features.sources.csv.unknown_headings import row_like_headings
from features.sources.csv.value_guesses import (
    are_day_numbers,
    are_whole_days,
    date_style,
    hold_dates,
    hours_in,
)
from features.sources.spreadsheet import sheet_names
from features.tables import AGENTS

_SEARCHED_ROWS = 10
_DAY_OF = {"days": "day", "results": "day", "treatments": "start_day"}
"""Kind of rows -> the column that says when; without it they cannot be read."""


@dataclass
class FileDraft:
    """What is guessed of one file or sheet.

    Attributes
    ----------
    encodings : tuple of str
        All as which the file can be read.
    zoneless_hours : int
        Clock times without a zone.
    infusions_with_hour : bool or None
        Whether infusions carry an hour; None where none is dated here.
    day_numbers : bool
        Whether rows are placed by whole numbers of days.
    """

    name: str
    rows: RowsGuess = field(default_factory=lambda: RowsGuess(IGNORED))
    sheet: str = ""
    header_row: int = 1
    encoding: str = ""
    encodings: tuple[str, ...] = ()
    delimiter: str = ""
    numbers: Numbers = field(default_factory=Numbers)
    entries: list[Entry] = field(default_factory=list)
    codes: Codes = field(default_factory=lambda: Codes([], [], 0))
    ignored: list[tuple[str, str]] = field(default_factory=list)
    size: tuple[int, int] = (0, 0)
    zoneless_hours: int = 0
    infusions_with_hour: bool | None = None
    day_numbers: bool = False

    @property
    def names_patients(self) -> bool:
        """Whether a column says whose each row is."""
        return any(one.meaning in IDS for one in self.entries)

    @property
    def missing_day(self) -> str:
        """The column that has to say when and that no heading is known to be; empty for none."""
        day = _DAY_OF.get(self.rows.drafted, "")
        said = any(one.meaning == day or not one.meaning for one in self.entries)
        return "" if said else day

    @property
    def misses_its_infusions(self) -> bool:
        """Whether it is a list of patients in which no heading is known to say the infusion."""
        told = any(one.meaning == "infused_at" for one in self.entries)
        return self.rows.kind == "patients" and not told


def draft_files(files: list[Path]) -> list[FileDraft]:
    """Look at every file, and every sheet of a workbook, and guess what it holds."""
    made = []
    for path in files:
        if is_workbook(path):
            sheets = sheet_names(path)
            for sheet in sheets:
                rows = rows_of(path, "", "", sheet)
                draft = FileDraft(path.name, sheet=sheet if len(sheets) > 1 else "")
                made.append(_draft(draft, rows))
        else:
            made.append(_text_draft(path))
    return made


def _text_draft(path: Path) -> FileDraft:
    """Read a text file in the encoding that lets most headings be understood."""
    best: tuple[int, FileDraft, list[Row]] | None = None
    possible = encodings_of(path)
    for encoding in possible:
        text = text_of(path, encoding)
        delimiter = delimiter_in(text)
        rows = rows_of(path, encoding, delimiter)
        known = _known(rows[_header_row(rows) - 1]) if rows else 0
        if best is None or known > best[0]:
            draft = FileDraft(
                path.name, encoding=encoding, encodings=tuple(possible), delimiter=delimiter
            )
            best = known, draft, rows
    assert best is not None  # noqa: S101 - a file without any encoding is refused before
    return _draft(best[1], best[2])


def _known(row: Row) -> int:
    names = [str(cell) for cell in row[1] if cell is not None]
    return sum(bool(of_rows(name) or of_patients(name)) for name in names)


def _header_row(rows: list[Row]) -> int:
    searched = rows[:_SEARCHED_ROWS]
    at = max(range(len(searched)), key=lambda place: _known(searched[place]), default=0)
    return at + 1


def _draft(made: FileDraft, rows: list[Row]) -> FileDraft:
    if not rows:
        return made
    made.header_row = _header_row(rows)
    if not _known(rows[made.header_row - 1]):
        return _without_known_headings(made, rows)
    file = site_file(made.name, rows, made.header_row)
    made.size = file.cells.shape
    made.rows = rows_guess(file)
    if made.rows.kind == IGNORED:
        made.ignored = [_unplaced(file, heading) for heading in names_of(file.cells)]
        return made
    placed = _placed(file, made)
    ids = _ids(file, placed)
    placed = with_units_below(file, placed, ids)
    made.numbers = numbers_in(
        file.cells[h]
        for h, one in placed.items()
        if one.meaning in INPUTS or one.meaning in ("value", "dose") or _is_number(one.meaning)
    )
    made.entries = [_entry(file.cells[h], one, h, made, ids) for h, one in placed.items()]
    if made.missing_day or made.misses_its_infusions:
        _ask_what_dates_mean(file, made)
    if made.rows.kind == "results":
        columns = {one.meaning: heading for heading, one in placed.items()}
        units = columns.get("unit")
        made.codes = codes_of(
            mapped_cells(file.cells[columns["test"]], plain_text),
            None if units is None else mapped_cells(file.cells[units], plain_text),
            ids,
        )
    return made


def _without_known_headings(made: FileDraft, rows: list[Row]) -> FileDraft:
    made.size = (len(rows), max(len(row) for _, row in rows))
    made.header_row = row_like_headings(rows[:_SEARCHED_ROWS], rows)
    if made.header_row:
        with suppress(CohortError):  # a heading twice, or none: nothing to list until it is mended
            file = site_file(made.name, rows, made.header_row)
            made.size = file.cells.shape
            made.ignored = [_unplaced(file, heading) for heading in names_of(file.cells)]
    return made


def _unplaced(file: SiteFile, heading: str, why: str = "") -> tuple[str, str]:
    cells = file.cells[heading]
    dates = "; they are dates" if hold_dates(cells) else ""
    return heading, f"{int(cells.notna().sum())} filled cells{why}{dates}"


def _is_number(meaning: str) -> bool:
    return (
        meaning in COURSE_FIELDS
        and COURSE_FIELDS[meaning].kind == "number"
        and meaning not in DATES
    )


def _ask_what_dates_mean(file: SiteFile, made: FileDraft) -> None:
    """Ask what each unplaced column of dates is, where no heading says when it was."""
    for heading, remark in list(made.ignored):
        if hold_dates(file.cells[heading]):
            made.ignored.remove((heading, remark))
            style, why = date_style(file.cells[heading])
            legal = " | ".join(dates_of(made.rows.drafted))
            asked = f"{remark}; fill is: {legal}, or delete the line; dates: {why}"
            made.entries.append(Entry(heading, "", asked, dates=style))


def _placed(file: SiteFile, made: FileDraft) -> dict[str, Guess]:
    """Give each heading the first meaning that is legal in such a file and not yet taken."""
    legal = legal_meanings(made.rows.drafted)
    placed: dict[str, Guess] = {}
    for heading in names_of(file.cells):
        found = [
            _in_treatments(one, made.rows.kind)
            for known in (ROW_NAMES, INPUT_NAMES, COURSE_NAMES, PERSON_NAMES)
            if (one := guess(heading, known)) is not None
        ]
        usable = [one for one in found if one.meaning in legal]
        taken = {one.meaning for one in placed.values()} - {*INPUTS, *AGENTS}
        free = [one for one in usable if one.meaning not in taken]
        if free:
            placed[heading] = free[0]
        else:
            why = ""
            if usable:
                why = f"; {usable[0].meaning} is taken by another column"
            elif found:
                why = f"; {found[0].meaning} has no place in rows of {made.rows.drafted}"
            made.ignored.append(_unplaced(file, heading, why))
    return placed


def _in_treatments(found: Guess, rows: str) -> Guess:
    if rows == "treatments" and found.meaning == "day":
        return Guess("start_day", "", found.reason, found.caution)
    return found


def _ids(file: SiteFile, placed: dict[str, Guess]) -> pd.Series:
    for heading, one in placed.items():
        if one.meaning in IDS:
            return mapped_cells(file.cells[heading], plain_text)
    return pd.Series(None, index=file.cells.index, dtype=object)


def _entry(cells: pd.Series, found: Guess, heading: str, made: FileDraft, ids: pd.Series) -> Entry:
    remark = f"guess: {found.reason}; {int(cells.notna().sum())} filled cells"
    remark += f"; look: {found.caution}" if found.caution else ""
    meaning = found.meaning
    if meaning in DATES and (meaning in ALWAYS_DATES or not are_day_numbers(cells)):
        style, why = date_style(cells)
        hours, zoneless = hours_in(cells, style)
        made.zoneless_hours += zoneless if meaning != BIRTH else 0
        if meaning == "infused_at":
            made.infusions_with_hour = hours > 0
        return Entry(heading, meaning, f"{remark}; dates: {why}", dates=style)
    made.day_numbers |= meaning == "day" and are_whole_days(cells)
    if meaning in INPUTS and not INPUTS[meaning].is_text:
        return Entry(heading, meaning, remark, unit=unit_to_write(found))
    if meaning in FACT_UNITS:
        return Entry(heading, meaning, remark, unit="")
    return Entry(heading, meaning, remark, words=unknown_words(meaning, cells, ids))
