"""A folder of CSV files that any site can fill: courses, measurements, treatments, grades.

The columns are those of :data:`features.tables.TABLES`; ``python -m training example csv`` writes a
template to fill and its dictionary. Files are UTF-8 (with or without byte-order mark), separated by
comma, semicolon or tab; with semicolons a decimal comma is read. Each measurement comes with its
unit and is converted; "<0.1" is read as a censored result. Words in another case or spelling
("crs", "F", "II", "dexamethasone") are read as the column has them, and counted in a note.

What the files cannot say is said in ``cohort.toml`` beside them, or by options: ``resolution``
(there is no default: whether days carry hours decides what a landmark may see), ``end_of_record``
("censored" unless said otherwise), ``grading_system`` ("ASTCT"), ``name`` (the folder's name),
``time_zone`` of infusion times that name none, and ``[delays]``, days from taken to known by input,
for results without a ``known_day``. A folder that ``share --format csv`` wrote says all this in its
``cohort.json`` and is read back as it is, but for ``source_row``, which is the line of the file.

With the option ``mapping`` the files are a site's own, in whatever shape and language, and the
mapping file says what they mean (:mod:`features.sources.csv.mapping`).
"""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.checks import Failures, check_tables
from features.errors import CohortError
from features.sources.csv.course_days import Clock
from features.sources.csv.declared import manifest_of
from features.sources.csv.mapped_site import site_tables
from features.sources.csv.mapping import Mapped, read_mapping
from features.sources.csv.settings import SETTINGS, checked_settings, csv_settings
from features.sources.csv.table_files import TableFile, one_table
from features.sources.options import AS_PUBLISHED, Option
from features.sources.site_zone import stated_zone
from features.sources.spellings import with_legal_spellings
from features.tables import TABLES, Cohort, no_course_in_common

OPTIONS = (
    Option("mapping", "file that says what the columns of your own files mean (see map)"),
    *SETTINGS,
    AS_PUBLISHED,
)
Headings = dict[str, Callable[[str], str | None]]
"""File -> the heading in it of a column of a cohort's table."""


def load(path: Path, **options: Any) -> Cohort:
    """Read the folder at `path` and leave out the rows that break a rule; see :func:`read`."""
    return read(path, **options)[0]


def read(
    path: Path, *, as_published: bool = False, mapping: Path | str = "", **options: Any
) -> tuple[Cohort, Failures]:
    """Read the folder at `path`; list the rows that break a rule.

    Parameters
    ----------
    as_published : bool
        Leave out only what cannot be read (no number, no known input, unit, course or product), for
        the leakage audit. It is asked for at each reading, so ``cohort.toml`` cannot say it.
    mapping : path, optional
        The mapping file; `path` then is a file or folder of the site's own.
    options
        Override the keys of ``cohort.toml``, or of the mapping.

    Returns
    -------
    cohort : Cohort
        What passed every rule; ``source_row`` is the line of the file.
    failures : Failures
        Table, line of the file (the header is line 1), column and rule of every row left out; of
        mapped files also the file, and the site's heading as the column.

    Raises
    ------
    CohortError
        The folder, a file or a mandatory column is absent, a file is no CSV or not UTF-8, no course
        is left, it was not said whether days carry hours, or the mapping cannot be used.
    """
    headings: Headings = {}
    if mapping:
        mapped = read_mapping(Path(mapping))
        settings, files = _mapped_site(path, Path(mapping), mapped, options)
        headings = {one.label: one.heading for one in mapped.files}
    else:
        settings = csv_settings(path, options)
        zone = stated_zone(settings.get("time_zone"))
        files = {name: one_table(path, table, zone) for name, table in TABLES.items()}
    if len(files["courses"].rows) == 0:
        raise CohortError(
            f"{path.name}/{files['courses'].label} has no rows: there is no cohort without courses."
        )
    manifest = manifest_of(path, settings, files)
    manifest.name += " as published" if as_published else ""
    cohort, by_position = check_tables(
        {name: one.rows for name, one in files.items()},
        manifest,
        {name: one.broken for name, one in files.items()},
        as_published=as_published,
    )
    failures = Failures(_with_lines(by_position.rows, files, headings))
    _refuse_what_cannot_be_meant(path, cohort, failures, files)
    return cohort, failures


def _mapped_site(
    path: Path, mapping: Path, mapped: Mapped, options: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, TableFile]]:
    said = {key: stated for key, stated in options.items() if stated is not None}
    settings = checked_settings({**mapped.settings, **said}, mapping.name)
    clock = Clock(settings["resolution"], stated_zone(settings.get("time_zone")))
    site = site_tables(path, mapped, clock)
    files: dict[str, TableFile] = {}
    for name, table in TABLES.items():
        rows, respelt = with_legal_spellings(site.rows[name], table)
        files[name] = TableFile(rows, name, site.broken[name], respelt=respelt)
    digest = hashlib.sha256(mapping.read_bytes()).hexdigest()
    read_by = f"Read by the mapping {mapping.name} (SHA-256 {digest[:16]})."
    files["courses"].remarks += [read_by, *site.remarks]
    return settings, files


def _refuse_what_cannot_be_meant(
    path: Path, cohort: Cohort, failures: Failures, files: Mapping[str, TableFile]
) -> None:
    """Refuse files of which no course is left, or whose ids are not those of courses.csv."""
    counts = failures.counts()
    if cohort.courses.empty:
        raise CohortError(
            f"{path.name}: every row of {files['courses'].label} breaks a rule; nothing was "
            "written.\n"
            + failures.of_courses(numbered="line")
            + "".join(f"\n  {note}" for note in cohort.manifest.notes if "no CAR-T" in note)
            + f"\nMend {files['courses'].label} (line 1 is the header) and import it again."
        )
    for name, one in files.items():
        strangers = counts.get(f"{name}.course_is_known", 0)
        if strangers and strangers == len(one.rows):
            raise CohortError(f"{one.label}: {no_course_in_common(strangers)}")


def _with_lines(
    rows: pd.DataFrame, files: Mapping[str, TableFile], headings: Headings
) -> pd.DataFrame:
    """Turn the positions that the checks report into lines, and files and headings if mapped."""
    parts = []
    for name, mine in rows.groupby("table"):
        read_rows = files[str(name)].rows.iloc[mine["row"].to_numpy(dtype=np.int64) - 1]
        found = mine.assign(row=read_rows["source_row"].to_numpy())
        if "source_file" in read_rows:
            found["file"] = read_rows["source_file"].to_numpy()
            found["column"] = _headings_of(found, read_rows["source_column"], headings)
        parts.append(found)
    if not parts:
        return rows
    every = pd.concat(parts, ignore_index=True)
    place = ["table", *(["file"] if "file" in every else []), "row"]
    return every.sort_values(place, kind="stable").reset_index(drop=True)


def _headings_of(found: pd.DataFrame, stated: pd.Series, headings: Headings) -> list[str]:
    """Return the heading that holds the column in its file, else that of the row's value, else it.

    A fact of a course may have come from another file than the one its row is listed under.
    """
    return [
        str(headings[file](column) or heading or column) if isinstance(file, str) else column
        for heading, file, column in zip(stated, found["file"], found["column"], strict=True)
    ]
