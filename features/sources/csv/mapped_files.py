"""The files that a mapping names, opened: cells by heading, the course of each row, remarks."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from features.errors import CohortError
from features.sources.csv.as_written import narrow, plain_text
from features.sources.csv.course_days import Clock, Days, days_from_infusion
from features.sources.csv.mapping import FileMapping, Mapped
from features.sources.csv.places import IGNORED, Place
from features.sources.csv.site_dates import Written
from features.sources.csv.site_files import (
    SiteFile,
    files_at,
    is_workbook,
    remarks_on_other_files,
    rows_of,
    site_file,
)

ORIGIN = ("source_file", "source_row", "source_column")
BROKEN = "!"
"""A column of this prefix marks the rows that break the rule of the rest of its name."""

Infusions = dict[str, Written]


@dataclass(frozen=True)
class Opened:
    """One file with its mapping.

    Attributes
    ----------
    course_ids : Series of str or None
        The course of each row: its ``course_id``, or the ``patient_id`` where there is none.
    """

    mapping: FileMapping
    file: SiteFile
    course_ids: pd.Series

    @property
    def label(self) -> str:
        """The name of the file, with its sheet where one was named."""
        return self.mapping.label

    def cells(self, place: Place) -> pd.Series:
        """Return the cells of a column as they came."""
        return self.file.cells[place.heading]

    def of(self, meaning: str) -> pd.Series | None:
        """Return the cells of the column that means `meaning`, None where there is none."""
        place = self.mapping.place(meaning)
        return None if place is None else self.cells(place)

    def words(self, place: Place) -> pd.Series:
        """Return the cells of a column as text, in the words of the mapping."""
        return as_words(self.cells(place), place)

    def origin(self) -> pd.DataFrame:
        """Return course, file and line of each row."""
        return pd.DataFrame(
            {
                "course_id": self.course_ids, "source_file": self.label,
                "source_row": self.file.lines, "source_column": None,
            },
            index=self.file.cells.index,
        )  # fmt: skip


def names_of(frame: pd.DataFrame) -> list[str]:
    """Return the names of the columns, which are all text here."""
    return [str(name) for name in frame.columns]


def columns_of(frame: pd.DataFrame) -> dict[str, pd.Series]:
    """Return the columns by their names."""
    return {name: frame[name] for name in names_of(frame)}


def mapped_cells(cells: pd.Series, made: Callable[[object], object]) -> pd.Series:
    """Apply `made` to each cell and keep None as None."""
    return pd.Series([made(cell) for cell in cells], index=cells.index, dtype=object)


def as_words(cells: pd.Series, place: Place) -> pd.Series:
    """Return cells as text, in the words that the mapping gives for them."""
    known = {narrow(word): meant for word, meant in place.words.items()}

    def meant(cell: object) -> object:
        text = plain_text(cell)
        return None if text is None else known.get(text, text)

    return mapped_cells(cells, meant)


def days_of(
    opened: Opened, place: Place, infusions: Infusions, clock: Clock
) -> tuple[pd.Series, dict[str, pd.Series]]:
    """Return a column of dates or day numbers as days, and what its dates break, by rule."""
    cells = opened.cells(place)
    if not place.dates:
        return mapped_cells(cells, _day_number), {}
    found = _dated(opened, place, infusions, clock)
    days = found.days
    if place.meaning == "known_day" and clock.resolution == "day":
        days = days + 1.0  # known at the end of its date
    if place.meaning == "day":
        days = _before_it_was_known(opened, found, infusions, clock)
    return days, {f"{BROKEN}{place.meaning}{ending}": mask for ending, mask in found.broken.items()}


def _dated(opened: Opened, place: Place, infusions: Infusions, clock: Clock) -> Days:
    hours = opened.of("clock") if place.meaning in ("day", "start_day") else None
    infused = mapped_cells(opened.course_ids, lambda one: infusions.get(str(one)))
    return days_from_infusion(opened.cells(place), place.dates, infused, clock, hours)


def _before_it_was_known(
    opened: Opened, found: Days, infusions: Infusions, clock: Clock
) -> pd.Series:
    """Take a sample that is dated without an hour no later than the report of the same date."""
    report = opened.mapping.place("known_day")
    if report is None or clock.resolution == "day":
        return found.days
    known = _dated(opened, report, infusions, clock).days
    earlier = found.hourless & (known < found.days) & (known >= found.days - 1.0)
    return found.days.mask(earlier, known)


def _day_number(cell: object) -> object:
    """Read "D+3", "day -5" and "第3天" as the numbers they hold."""
    text = plain_text(cell)
    if text is None:
        return None
    bare = text.casefold().removeprefix("day").removeprefix("d").removeprefix("第")
    return bare.removesuffix("天").removesuffix("日").replace(",", ".").strip()


def opened_files(path: Path, mapped: Mapped) -> list[Opened]:
    """Open every file that the mapping places.

    Raises
    ------
    CohortError
        A file is absent or cannot be read, or a heading of the mapping is not in it.
    """
    there = {one.name: one for one in files_at(path)}
    wanted = [one for one in mapped.files if one.rows != IGNORED]
    absent = [one.name for one in wanted if one.name not in there]
    if absent:
        raise CohortError(
            f"the mapping names {absent[0]!r}, which is not there. Files: {', '.join(there)}."
        )
    return _with_courses_of_patients([_opened(there[one.name], one) for one in wanted])


def _with_courses_of_patients(files: list[Opened]) -> list[Opened]:
    """Give rows that name only a patient the course of that patient, where it has just one."""
    courses: dict[str, set[str]] = {}
    for one in files:
        patients = one.of("patient_id")
        if patients is not None and one.mapping.place("course_id"):
            for cell, course in zip(patients, one.course_ids, strict=True):
                courses.setdefault(str(plain_text(cell)), set()).add(str(course))
    only = {patient: next(iter(found)) for patient, found in courses.items() if len(found) == 1}

    def course_of(patient: object) -> object:
        return only.get(str(patient), patient)

    return [
        one
        if one.mapping.place("course_id")
        else replace(one, course_ids=mapped_cells(one.course_ids, course_of))
        for one in files
    ]


def _opened(path: Path, mapping: FileMapping) -> Opened:
    rows = rows_of(path, mapping.encoding, mapping.delimiter, mapping.sheet)
    file = site_file(path.name, rows, mapping.header_row)
    for place in mapping.columns:
        if place.heading not in file.cells:
            raise CohortError(
                f"{path.name} has no heading {place.heading!r}, which the mapping names. Its "
                f"headings: {', '.join(map(repr, names_of(file.cells)))}."
            )
    key = mapping.place("course_id") or mapping.place("patient_id")
    ids = mapped_cells(file.cells[key.heading], plain_text) if key else pd.Series(dtype=object)
    return Opened(mapping, file, ids)


def remarks_on_files(path: Path, mapped: Mapped, files: list[Opened]) -> Iterator[str]:
    """Say how each file was read, and every column and file that was not."""
    for one in files:
        mapping = one.mapping
        how = "" if is_workbook(Path(mapping.name)) else f" as {mapping.encoding}"
        yield f"{one.label}: {len(one.file.lines)} rows of {mapping.rows} were read{how}."
        placed = {place.heading for place in mapping.columns}
        for heading in names_of(one.file.cells):
            filled = int(one.file.cells[heading].notna().sum())
            if heading in placed:
                continue
            if heading in mapping.ignored:
                yield f"{one.label}: column {heading!r} ({filled} filled cells) is ignored."
            else:
                yield (
                    f"{one.label}: column {heading!r} ({filled} filled cells) is not in the "
                    "mapping and was not read."
                )
    yield from remarks_on_other_files(path)
    named = {one.name for one in mapped.files}
    read = {one.name for one in mapped.files if one.rows != IGNORED}
    for file in files_at(path):
        if file.name not in read:
            said = "is ignored" if file.name in named else "is not in the mapping"
            yield f"{file.name} {said} and was not read."
