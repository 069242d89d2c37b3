"""A folder of CSV files that any site can fill: courses, measurements, treatments, grades.

The columns are those of :data:`features.tables.TABLES`; ``python -m training example csv`` writes a
template to fill and its dictionary. Files are UTF-8 (with or without byte-order mark), separated by
comma, semicolon or tab; with semicolons a decimal comma is read. Each measurement comes with its
unit and is converted; "<0.1" is read as a censored result. Words in another case or spelling
("crs", "F", "II", "dexamethasone") are read as the column has them, and counted in a note.

What the files cannot say is said in ``cohort.toml`` beside them, or by options: ``resolution``
(there is no default: whether days carry hours decides what a landmark may see), ``end_of_record``
("censored" unless said otherwise), ``grading_system`` ("ASTCT"), ``name`` (the folder's name) and
``[delays]``, days from taken to known by input, for results without a ``known_day``.

With the option ``mapping`` the files are a site's own, in whatever shape and language, and the
mapping file says what they mean (:mod:`features.sources.csv.mapping`).
"""

import difflib
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.checks import Failures, check_tables
from features.errors import CohortError
from features.sources.csv.course_days import Clock
from features.sources.csv.delimited import read_delimited
from features.sources.csv.mapped_site import site_tables
from features.sources.csv.mapping import read_mapping
from features.sources.csv.settings import DEFAULTS, SETTINGS, checked_settings, csv_settings
from features.sources.options import AS_PUBLISHED, Option
from features.sources.records.delays import declared_delays
from features.sources.results import with_canonical_values
from features.sources.site_zone import zone_called
from features.sources.spellings import with_legal_spellings
from features.tables import TABLES, Cohort, Manifest, Table, no_course_in_common

OPTIONS = (
    Option("mapping", "file that says what the columns of your own files mean (see map)"),
    *SETTINGS,
    AS_PUBLISHED,
)
DAY_COLUMNS = {"measurements": "day", "treatments": "start_day", "grades": "day"}


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
        Table, line of the file (the header is line 1) and rule of every row left out; of mapped
        files also the file and the heading.

    Raises
    ------
    CohortError
        The folder, a file or a mandatory column is absent, a file is no CSV or not UTF-8, no course
        is left, it was not said whether days carry hours, or the mapping cannot be used.
    """
    if mapping:
        settings, files = _mapped_site(path, Path(mapping), options)
    else:
        settings = csv_settings(path, options)
        files = {name: _one_table(path, table) for name, table in TABLES.items()}
    if len(files["courses"].rows) == 0:
        raise CohortError(
            f"{path.name}/{files['courses'].label} has no rows: there is no cohort without courses."
        )
    manifest = _manifest(path, settings, files)
    manifest.name += " as published" if as_published else ""
    cohort, by_position = check_tables(
        {name: one.rows for name, one in files.items()},
        manifest,
        {name: one.broken for name, one in files.items()},
        as_published=as_published,
    )
    failures = Failures(_with_lines(by_position.rows, files))
    _refuse_what_cannot_be_meant(path, cohort, failures, files)
    return cohort, failures


def _mapped_site(
    path: Path, mapping: Path, options: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, "_File"]]:
    mapped = read_mapping(mapping)
    said = {key: stated for key, stated in options.items() if stated is not None}
    settings = checked_settings({**mapped.settings, **said}, mapping.name)
    zone = zone_called(mapped.time_zone) if mapped.time_zone else None
    clock = Clock(settings["resolution"], zone, datetime.now(UTC))
    site = site_tables(path, mapped, clock)
    files: dict[str, _File] = {}
    for name, table in TABLES.items():
        rows, respelt = with_legal_spellings(site.rows[name], table)
        files[name] = _File(rows, name, site.broken[name], respelt=respelt)
    digest = hashlib.sha256(mapping.read_bytes()).hexdigest()
    read_by = f"Read by the mapping {mapping.name} (SHA-256 {digest[:16]})."
    files["courses"].remarks += [read_by, *site.remarks]
    return settings, files


def _refuse_what_cannot_be_meant(
    path: Path, cohort: Cohort, failures: Failures, files: Mapping[str, "_File"]
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


@dataclass
class _File:
    """One file as read: its rows, the rules they broke in reading, remarks for the manifest."""

    rows: pd.DataFrame
    label: str
    broken: dict[str, pd.Series] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    respelt: dict[str, int] = field(default_factory=dict)


def _one_table(path: Path, table: Table) -> _File:
    file = path / f"{table.name}.csv"
    if not file.exists():
        if table.name == "courses":
            raise CohortError(f"{path.name} has no courses.csv. `example csv` writes a template.")
        absent = pd.DataFrame({"source_row": np.array([], dtype=np.int64)})
        return _File(absent, file.name, remarks=[f"{file.name} was not there"])
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
        cells, broken = with_canonical_values(cells, decimal_comma=decimal_comma)
    if decimal_comma:
        cells = _with_decimal_points(cells, table)
    cells, respelt = with_legal_spellings(cells, table)
    return _File(cells, file.name, broken, remarks, respelt)


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


def _manifest(path: Path, settings: Mapping[str, Any], files: Mapping[str, _File]) -> Manifest:
    manifest = Manifest(
        name=str(settings.get("name", path.resolve().name)),
        origin="csv",
        resolution=settings["resolution"],
        end_of_record=settings.get("end_of_record", DEFAULTS["end_of_record"]),
        grading_system=settings.get("grading_system", DEFAULTS["grading_system"]),
        synthetic=settings["synthetic"],
        delays=declared_delays(settings.get("delays", {})),
    )
    manifest.notes += [remark for one in files.values() for remark in one.remarks]
    manifest.notes += _remarks_on_spelling(files)
    manifest.notes += _remarks_on_time(manifest.resolution, files)
    return manifest


def _remarks_on_spelling(files: Mapping[str, _File]) -> list[str]:
    counts = {
        f"{name}.{column}": count
        for name, one in files.items()
        for column, count in one.respelt.items()
    }
    if not counts:
        return []
    places = ", ".join(f"{place} {count}" for place, count in counts.items())
    return [f"{sum(counts.values())} cells were respelt as the columns have it: {places}."]


def _remarks_on_time(resolution: str, files: Mapping[str, _File]) -> list[str]:
    remarks = []
    whole = True
    for name, column in DAY_COLUMNS.items():
        rows = files[name].rows
        if column not in rows or rows.empty:
            continue
        days = pd.to_numeric(rows[column], errors="coerce")
        fractions = int((days % 1 != 0).sum() - days.isna().sum())
        whole &= fractions == 0
        if resolution == "day" and fractions:
            raise CohortError(
                f"{files[name].label}: resolution is 'day', but {fractions} of {len(rows)} days "
                'carry hours. Say resolution = "instant", or round the days down.'
            )
        unknown = len(rows) if "known_day" not in rows else int(rows["known_day"].isna().sum())
        if unknown:
            then = "at the end of its day" if resolution == "day" else "at once"
            remarks.append(
                f"{files[name].label}: {unknown} rows without known_day are taken as known {then}, "
                "plus the declared delay of the input."
            )
    if whole and resolution == "instant":
        remarks.append("Every day is a whole number: is resolution 'day' meant?")
    return remarks


def _with_lines(rows: pd.DataFrame, files: Mapping[str, _File]) -> pd.DataFrame:
    """Turn the positions that the checks report into lines, and files and headings if mapped."""
    parts = []
    for name, mine in rows.groupby("table"):
        read_rows = files[str(name)].rows.iloc[mine["row"].to_numpy(dtype=np.int64) - 1]
        found = mine.assign(row=read_rows["source_row"].to_numpy())
        for column, source in (("file", "source_file"), ("column", "source_column")):
            if source in read_rows:
                found[column] = read_rows[source].to_numpy()
        parts.append(found)
    if not parts:
        return rows
    every = pd.concat(parts, ignore_index=True)
    place = ["table", *(["file"] if "file" in every else []), "row"]
    return every.sort_values(place, kind="stable").reset_index(drop=True)
