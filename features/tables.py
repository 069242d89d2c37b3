"""The cohort: five tables and a manifest. What a column means and what may stand in it is here.

Time is in days from the first infusion (day 0), negative before. ``day`` is when something
happened, ``known_day`` when it became available: a landmark may only see what is known by then.
A source that knows days but no hours stores the day's number as ``day`` and its end, ``day + 1``,
as ``known_day``.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
import pandas as pd

from features.errors import CohortError
from features.inputs import COURSE_FIELDS, INPUTS

Kind = Literal["text", "number", "flag", "timestamp"]
_DTYPES: dict[str, Any] = {
    "text": "str",
    "number": "float64",
    "flag": "boolean",
    "timestamp": "datetime64[us, UTC]",
}

TOXICITIES = ("CRS", "ICANS", "IEC-HS", "ICAHT")
GRADING_SYSTEMS = ("ASTCT", "Lee", "Penn", "CTCAE", "MSKCC", "CARTOX", "unknown")
CONTACTS = ("inpatient", "visit", "phone")
COMPARATORS = ("<", ">", "<=", ">=")
INTENTS = ("treatment", "prophylaxis", "airway_protection", "chronic")
"""The last two are reasons for positive pressure without hypoxia: a tube for the airway, CPAP at
home."""
AGENTS = (
    "tocilizumab", "siltuximab", "anakinra", "corticosteroid", "vasopressor", "vasopressin",
    "oxygen", "positive_pressure_ventilation", "intubation", "antipyretic", "antibiotic",
    "antiepileptic", "transfusion_platelets", "transfusion_red_cells", "g_csf", "ruxolitinib",
    "emapalumab", "etoposide", "dialysis", "other",
)  # fmt: skip
RESOLUTIONS = ("instant", "day")
END_OF_RECORD = ("censored", "outcome_known", "ended_at_peak")
KNOWN_FAULTS = MappingProxyType(
    {
        "row_order": "the source was put together by outcome; ids and order no longer tell it",
        "number_format": "the source writes the numbers of some patients in another way",
    }
)
"""What a loader may know to be wrong with its source without being able to mend it."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its kind, what is legal, and what it means."""

    name: str
    kind: Kind
    meaning: str
    required: bool = False
    legal: tuple[str, ...] = ()
    low: float = -np.inf
    high: float = np.inf


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a cohort: what one row is, and its columns in order."""

    name: str
    one_row_is: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        """The column names, in order."""
        return [column.name for column in self.columns]


def _course_columns() -> tuple[Column, ...]:
    kinds: Mapping[str, Kind] = {
        "text": "text", "category": "text", "number": "number", "flag": "flag",
        "timestamp": "timestamp",
    }  # fmt: skip
    required = ("course_id", "patient_id", "product")
    columns = []
    for one in COURSE_FIELDS.values():
        meaning = f"{one.label} ({one.unit})" if one.unit else one.label
        words = tuple(str(word) for word in one.legal) if one.kind == "category" else ()
        low, high = (-np.inf, np.inf)
        if one.kind == "number" and one.legal:
            low, high = float(one.legal[0]), float(one.legal[1])
        columns.append(
            Column(one.name, kinds[one.kind], meaning, one.name in required, words, low, high)
        )
    return tuple(columns)


_COURSE_ID = Column("course_id", "text", "the course this belongs to", required=True)
_EARLIEST, _LATEST = -400.0, 10000.0


def _day(name: str, meaning: str, *, required: bool = False) -> Column:
    return Column(name, "number", meaning, required, low=_EARLIEST, high=_LATEST)


TABLES: Mapping[str, Table] = MappingProxyType(
    {
        table.name: table
        for table in (
            Table("courses", "a planned CAR-T course", _course_columns()),
            Table(
                "measurements",
                "one result",
                (
                    _COURSE_ID,
                    _day("day", "when it was taken", required=True),
                    _day("known_day", "when it was available"),
                    Column("input", "text", "canonical input", True, tuple(INPUTS)),
                    Column("comparator", "text", "censored result", legal=COMPARATORS),
                    Column("value", "number", "in the unit of the input"),
                    Column("text", "text", "for inputs with levels"),
                    Column("unit", "text", "canonical unit"),
                    Column("reference_low", "number", "lower limit of normal"),
                    Column("reference_high", "number", "upper limit of normal"),
                    Column("source_value", "text", "as it came"),
                    Column("source_unit", "text", "as it came"),
                    Column("source_row", "number", "row of the source, from 1"),
                ),
            ),
            Table(
                "treatments",
                "one administration or interval",
                (
                    _COURSE_ID,
                    _day("start_day", "start", required=True),
                    _day("stop_day", "stop; empty for a single dose or while it goes on"),
                    _day("known_day", "when the start was known"),
                    Column("agent", "text", "class of agent", True, AGENTS),
                    Column("dose", "number", "dose", low=0.0),
                    Column("dose_unit", "text", "unit of the dose"),
                    Column("route", "text", "route"),
                    Column("intent", "text", "why", legal=INTENTS),
                ),
            ),
            Table(
                "late_events",
                "one event after day 30",
                (
                    _COURSE_ID,
                    _day("day", "when it began", required=True),
                    Column("term", "text", "preferred term", required=True),
                    Column("grade", "number", "grade", low=0, high=5),
                    Column("serious", "flag", "serious"),
                ),
            ),
            Table(
                "grades",
                "one grading; grade 0 means looked at and absent",
                (
                    _COURSE_ID,
                    _day("day", "when it held", required=True),
                    _day("known_day", "when it was known"),
                    Column("toxicity", "text", "toxicity", True, TOXICITIES),
                    Column("grade", "number", "grade", True, low=0, high=5),
                    Column("system", "text", "grading system", legal=GRADING_SYSTEMS),
                    Column("contact", "text", "how it was seen", legal=CONTACTS),
                ),
            ),
        )
    }
)


@dataclass
class Manifest:
    """What is known about a cohort as a whole.

    Attributes
    ----------
    origin : str
        The source that made it (``csv``, ``unicar``, ``nulisa``, ``synthetic`` ...).
    resolution : {"instant", "day"}
        Whether ``day`` holds hours, or only the number of the day.
    end_of_record : {"censored", "outcome_known", "ended_at_peak"}
        What it means that a record ends.
    counts : dict
        Rows by table.
    exclusions : dict
        Rows or values left out, by named rule.
    known_faults : list of str
        Of :data:`KNOWN_FAULTS`; only a loader that was written for one source declares them, and
        they stand on every result.
    delays : dict
        Declared days from taken to known, by input, where the source had no result times.
    """

    name: str
    origin: str
    resolution: str = "instant"
    end_of_record: str = "censored"
    grading_system: str = "ASTCT"
    synthetic: bool = False
    created: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    exclusions: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    known_faults: list[str] = field(default_factory=list)
    delays: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for key, legal in (
            ("resolution", RESOLUTIONS),
            ("end_of_record", END_OF_RECORD),
            ("grading_system", GRADING_SYSTEMS),
        ):
            if getattr(self, key) not in legal:
                raise CohortError(
                    f"manifest: {key} = {getattr(self, key)!r} is not one of {', '.join(legal)}."
                )
        unknown = sorted(set(self.known_faults) - set(KNOWN_FAULTS))
        if unknown:
            legal_faults = ", ".join(KNOWN_FAULTS)
            raise CohortError(f"manifest: known_faults {unknown} are not among {legal_faults}.")

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for ``cohort.json``."""
        return asdict(self)


@dataclass
class Cohort:
    """Five tables with exactly the columns of :data:`TABLES`, and the manifest."""

    courses: pd.DataFrame
    measurements: pd.DataFrame
    treatments: pd.DataFrame
    late_events: pd.DataFrame
    grades: pd.DataFrame
    manifest: Manifest

    def table(self, name: str) -> pd.DataFrame:
        """Return one table by its name."""
        frame: pd.DataFrame = getattr(self, name)
        return frame


def no_course_in_common(rows: int) -> str:
    """Say that not one of the `rows` of a table belongs to a course."""
    return (
        f"not one of {rows} rows has a course_id of the courses table. Write ids the same in every "
        "file: 1, 1.0, 001 and C1 are four different ids."
    )


def conform(frame: pd.DataFrame | None, table: Table) -> tuple[pd.DataFrame, dict[str, pd.Series]]:
    """Give `frame` the columns and dtypes of `table`.

    Absent columns are added empty, unknown ones are left out. Cells that cannot take their
    column's kind become missing.

    Returns
    -------
    frame : DataFrame
    unreadable : dict
        Rule name -> boolean mask of the rows in which a cell could not be read.

    Raises
    ------
    CohortError
        A required column is absent.
    """
    source = pd.DataFrame() if frame is None else frame.reset_index(drop=True)
    absent = [c.name for c in table.columns if c.required and c.name not in source.columns]
    if absent and len(source):
        raise CohortError(
            f"table {table.name} lacks {', '.join(absent)}. Its columns: {', '.join(table.names)}."
        )
    columns: dict[str, pd.Series] = {}
    unreadable: dict[str, pd.Series] = {}
    for column in table.columns:
        if column.name not in source.columns:
            columns[column.name] = pd.Series(
                pd.NA if column.kind == "flag" else None,
                index=source.index,
                dtype=_DTYPES[column.kind],
            )
            continue
        made, bad = _as_kind(source[column.name], column.kind)
        columns[column.name] = made
        if bad.any():
            unreadable[f"{column.name}_is_a_{column.kind}"] = bad
    return pd.DataFrame(columns, index=source.index, columns=table.names), unreadable


_FLAG_WORDS = {
    "true": True, "yes": True, "1": True, "1.0": True, "y": True,
    "false": False, "no": False, "0": False, "0.0": False, "n": False,
}  # fmt: skip


def _as_kind(series: pd.Series, kind: Kind) -> tuple[pd.Series, pd.Series]:
    never = pd.Series(False, index=series.index)
    if kind == "text":
        if isinstance(series.dtype, pd.CategoricalDtype | pd.StringDtype):
            return series, never
        return series.astype("object").where(series.notna(), None).map(_as_text).astype(
            "str"
        ), never
    made = _READERS[kind](series)
    if pd.api.types.is_numeric_dtype(series.dtype):
        return made, made.isna() & series.notna()
    empty = series.isna() | series.astype("object").map(lambda cell: cell == "").astype(bool)
    return made, made.isna() & ~empty


def _as_number(series: pd.Series) -> pd.Series:
    made = pd.to_numeric(series, errors="coerce").astype("float64")
    return made.where(np.isfinite(made))


def _as_flag(series: pd.Series) -> pd.Series:
    if series.dtype == "boolean":
        return series
    words = series.astype("object").map(lambda cell: _FLAG_WORDS.get(str(cell).lower()))
    return words.astype("boolean")


def _as_timestamp(series: pd.Series) -> pd.Series:
    instants = pd.to_datetime(series, errors="coerce", utc=True, format="ISO8601")
    return instants.astype("datetime64[us, UTC]")


_READERS = {"number": _as_number, "flag": _as_flag, "timestamp": _as_timestamp}


def _as_text(cell: object) -> object:
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def cohort_of(
    manifest: Manifest,
    courses: pd.DataFrame | None = None,
    measurements: pd.DataFrame | None = None,
    treatments: pd.DataFrame | None = None,
    late_events: pd.DataFrame | None = None,
    grades: pd.DataFrame | None = None,
) -> Cohort:
    """Build a cohort, adding absent tables and columns; missing ``known_day`` is filled.

    A missing ``known_day`` is the day itself, or its end where the manifest says that the source
    resolves days only; a declared delay of the input is added.

    Raises
    ------
    CohortError
        A required column is absent or a cell cannot be read as its column's kind (use
        :func:`features.checks.check_tables` to have such rows listed instead).
    """
    given = dict(
        courses=courses, measurements=measurements, treatments=treatments,
        late_events=late_events, grades=grades,
    )  # fmt: skip
    made: dict[str, pd.DataFrame] = {}
    for name, table in TABLES.items():
        made[name], unreadable = conform(given[name], table)
        if unreadable:
            rule, mask = next(iter(unreadable.items()))
            raise CohortError(f"table {name}: {int(mask.sum())} rows break {rule}.")
    return finished(made, manifest)


def finished(tables: Mapping[str, pd.DataFrame], manifest: Manifest) -> Cohort:
    """Fill ``known_day``, count the rows, and make the cohort from conforming tables."""
    made = dict(tables)
    for name, start in (("measurements", "day"), ("treatments", "start_day"), ("grades", "day")):
        made[name] = _with_known_day(made[name], start, manifest)
    manifest.counts = {name: len(frame) for name, frame in made.items()}
    return Cohort(**made, manifest=manifest)


def _with_known_day(frame: pd.DataFrame, start: str, manifest: Manifest) -> pd.DataFrame:
    if not frame["known_day"].isna().any():
        return frame
    known = frame[start].copy()
    if manifest.resolution == "day":
        known = np.floor(known) + 1.0
    if manifest.delays and "input" in frame:
        known = known + frame["input"].astype("object").map(manifest.delays).fillna(0.0).astype(
            float
        )
    return frame.assign(known_day=frame["known_day"].fillna(known))
