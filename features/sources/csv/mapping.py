"""The mapping file: which file of a site is which table, and which column means what.

It is TOML, drafted by ``python -m training map`` and corrected by a person. Its keys:

- ``resolution``, ``end_of_record``, ``grading_system``, ``name``, ``synthetic``, ``time_zone`` and
  ``[delays]``: as in ``cohort.toml`` (:mod:`features.sources.csv.settings`);
- ``[same_for_all]``: facts of every course that stand in no column, for instance ``product``;
- ``[[file]]``, one a file: ``name``, ``rows`` (of :mod:`features.sources.csv.places`), ``sheet``,
  ``header_row``, ``encoding``, ``delimiter``, ``decimal``, ``thousands``, ``ignored`` (a list of
  headings), and

  - ``[file.columns]``: heading = ``{ is = ..., unit = ..., dates = ..., words = {...} }``;
  - ``[file.tests]``: name of a test = the same, for ``rows = "results"``; ``is = "ignored"`` leaves
    a test out. Beside a column of units, ``units = { unit as written = legal unit }`` says what the
    units of this test mean, and ``unit`` is the one unit of all its rows: a row that names another
    is left out, a row that names none is read in it;
  - ``[file.units]``: unit as written = legal unit, for the tests that do not say it themselves.

An empty text is a question to the person: the import refuses until it is answered, or until the
line is deleted where nothing has to be said.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from features.errors import CohortError
from features.inputs import COURSE_FIELDS, INPUTS
from features.sources.csv.as_written import DECIMALS, THOUSANDS, Signs
from features.sources.csv.delimited import DELIMITERS
from features.sources.csv.places import IGNORED, ROWS, TESTS, Place, answered_unit, places
from features.sources.csv.settings import KEYS
from features.sources.csv.site_files import ENCODINGS, HIGHEST_HEADER_ROW
from features.sources.csv.stated_keys import (
    all_answered,
    answered,
    one_of,
    refuse_repeated,
    refuse_unknown,
    table_of,
    texts_of,
)
from features.tables import AGENTS

_NEEDED: Mapping[str, tuple[str, ...]] = {
    "patients": (), "days": ("day",), "results": ("day", "test", "value"),
    "treatments": ("start_day", "agent"), "ignored": (),
}  # fmt: skip
_ALSO: Mapping[str, str] = {
    "course_id": "patient_id", "input": "test", "toxicity": "test", "start_day": "day",
}  # fmt: skip
"""Column of a cohort's table -> the column of a site's file that it is read from as well."""
_NO_THOUSANDS = ", or delete the line where nothing stands between thousands"
_MAPPING_KEYS = (*KEYS, "same_for_all", "file")
_FILE_KEYS = (
    "name", "rows", "sheet", "header_row", "encoding", "delimiter", "decimal", "thousands",
    "ignored", "columns", "tests", "units",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FileMapping:
    """How one file is read."""

    name: str
    rows: str
    columns: tuple[Place, ...] = ()
    tests: Mapping[str, Place] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    sheet: str = ""
    header_row: int = 1
    encoding: str = "utf-8"
    delimiter: str = ","
    signs: Signs = field(default_factory=Signs)

    @property
    def label(self) -> str:
        """The name of the file, with its sheet where one was named."""
        return f"{self.name}[{self.sheet}]" if self.sheet else self.name

    def heading(self, column: str) -> str | None:
        """Return the heading that holds `column` of a cohort's table, None where there is none."""
        place = self.place(column) or self.place(_ALSO.get(column, ""))
        return None if place is None else place.heading

    def place(self, meaning: str) -> Place | None:
        """Return the column that means `meaning`, None where there is none."""
        return next((one for one in self.columns if one.meaning == meaning), None)


@dataclass(frozen=True, slots=True)
class Mapped:
    """A whole mapping file."""

    settings: Mapping[str, Any]
    files: tuple[FileMapping, ...]
    same_for_all: Mapping[str, str] = field(default_factory=dict)


def read_mapping(path: Path) -> Mapped:
    """Read the mapping file at `path`.

    Raises
    ------
    CohortError
        No such file, no TOML, a key or value that is not legal, or a question not yet answered; the
        message names file, key and value and says what is legal.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise CohortError(
            f"{path.name} cannot be read: {error.strerror}. "
            "`python -m training map FILE_OR_FOLDER --out mapping.toml` drafts one."
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CohortError(f"{path.name} cannot be read: {error}.") from None
    return _mapped(path.name, content)


def _mapped(file: str, content: Mapping[str, Any]) -> Mapped:
    refuse_unknown(file, content, _MAPPING_KEYS)
    files = content.get("file", [])
    if not isinstance(files, list) or not files:
        raise CohortError(f"{file}: there is no [[file]]: name at least the list of patients.")
    made = tuple(_file_mapping(f"{file}, [[file]] {at}", one) for at, one in enumerate(files, 1))
    refuse_repeated(file, "name", [(one.name, one.sheet) for one in made])
    shared = texts_of(f"{file}, [same_for_all]", content.get("same_for_all", {}))
    refuse_unknown(f"{file}, [same_for_all]", shared, COURSE_FIELDS)
    for key, stated in shared.items():
        answered(f"{file}, [same_for_all]", key, stated, f"the {key} of every course")
    settings = {key: content[key] for key in KEYS if key in content}
    if not isinstance(settings.get("time_zone", ""), str):
        raise CohortError(f'{file}: time_zone is a text, for instance "Asia/Shanghai".')
    if "time_zone" in content:
        answered(file, "time_zone", content["time_zone"], "that of the site, or delete the line")
    return Mapped(settings, made, shared)


def _file_mapping(where: str, stated: object) -> FileMapping:
    table = table_of(where, stated)
    refuse_unknown(where, table, _FILE_KEYS)
    name, rows = str(table.get("name", "")), table.get("rows", "")
    answered(where, "name", name, "the name of the file")
    where = f"{where} ({name})"
    one_of(where, "rows", rows, ROWS)
    if rows == IGNORED:
        return FileMapping(name, rows, sheet=str(table.get("sheet", "")))
    header_row = table.get("header_row", 1)
    if not isinstance(header_row, int) or not 1 <= header_row <= HIGHEST_HEADER_ROW:
        raise CohortError(f"{where}: header_row is a whole number, 1 to {HIGHEST_HEADER_ROW}.")
    made = FileMapping(
        name=name,
        rows=rows,
        columns=tuple(places(f"{where}, [file.columns]", table.get("columns", {}), rows)),
        tests={
            one.heading: one
            for one in places(f"{where}, [file.tests]", table.get("tests", {}), TESTS)
        },
        units=all_answered(f"{where}, [file.units]", table.get("units", {})),
        ignored=tuple(map(str, table.get("ignored", []))),
        sheet=str(table.get("sheet", "")),
        header_row=header_row,
        encoding=one_of(where, "encoding", table.get("encoding", "utf-8"), ENCODINGS),
        delimiter=one_of(where, "delimiter", table.get("delimiter", ","), DELIMITERS),
        signs=_signs(where, table),
    )
    _refuse_what_cannot_be_read(where, made)
    return made


def _signs(where: str, table: Mapping[str, Any]) -> Signs:
    decimal = one_of(where, "decimal", table.get("decimal", "."), DECIMALS)
    thousands = ""
    if "thousands" in table:
        thousands = one_of(where, "thousands", table["thousands"], THOUSANDS, _NO_THOUSANDS)
    if decimal == thousands:
        raise CohortError(f"{where}: decimal and thousands are both {decimal!r}; say which it is.")
    return Signs(decimal, thousands)


def _refuse_what_cannot_be_read(where: str, made: FileMapping) -> None:
    meanings = [one.meaning for one in made.columns]
    single = [one for one in meanings if one not in (*INPUTS, *AGENTS)]
    refuse_repeated(where, "is", single)
    if not {"patient_id", "course_id"} & set(meanings):
        raise CohortError(f"{where}: no column is patient_id, nor course_id. Say which one is.")
    for needed in _NEEDED[made.rows]:
        if needed not in meanings:
            raise CohortError(
                f"{where}: rows = {made.rows!r} needs a column that is {needed!r}. Name it in "
                "[file.columns]."
            )
    if made.rows == "results" and "unit" not in meanings:
        for one in made.tests.values():
            here = f"{where}, [file.tests] {one.heading!r}"
            if one.units:
                raise CohortError(f"{here}: units needs a column that is 'unit'. Say unit = ...")
            answered_unit(here, one)
