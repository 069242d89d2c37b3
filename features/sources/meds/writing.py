"""A cohort as a MEDS data set (Medical Event Data Standard, schema 0.4), for others to rerun on.

One event a row of the cohort, with a public code where there is one (LOINC, RxNorm) and
``VIGICELL//...`` else. What the standard has no column for goes into further columns, which it
allows: the unit, the comparator, when it was known, and whatever else the row of the cohort has. So
nothing is lost on the way back, and who knows MEDS alone still finds code, time and number.

MEDS wants instants. A cohort without ``infused_at`` is laid on a made-up calendar that begins at
:data:`EPOCH`; ``metadata/vigicell.json`` says so, and importing it brings no date back.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from features.inputs import COURSE_FIELDS, INPUTS
from features.products import product
from features.tables import TABLES, Cohort

EPOCH = pd.Timestamp("2000-01-01")
DATA_FILE = Path("data") / "0.parquet"
MANIFEST_FILE = Path("metadata") / "vigicell.json"
ETL_NAME = "vigicell"
OWN = "VIGICELL"
BIRTH, DEATH = "MEDS_BIRTH", "MEDS_DEATH"
MEDS_VERSION = "0.4.1"
_DAY = pd.Timedelta(days=1)
_DAYS_A_YEAR = 365.25
_BETWEEN_COURSES = 400.0
_STANDARD = {
    "subject_id": pa.int64(),
    "time": pa.timestamp("us"),
    "code": pa.string(),
    "numeric_value": pa.float32(),
    "text_value": pa.large_string(),
}
_OWN_COLUMNS = {
    "unit": pa.string(),
    "comparator": pa.string(),
    "value": pa.float64(),
    "known_time": pa.timestamp("us"),
    "stop_time": pa.timestamp("us"),
    "table": pa.string(),
    "course_id": pa.string(),
    "patient_id": pa.string(),
    **{
        name: pa.string()
        for name in (
            "route", "intent", "system", "contact", "serious", "source_value", "source_unit",
        )
    },
    **{name: pa.float64() for name in ("reference_low", "reference_high", "source_row")},
}  # fmt: skip
SCHEMA = pa.schema([*_STANDARD.items(), *_OWN_COLUMNS.items()])


def write_meds(cohort: Cohort, folder: Path) -> None:
    """Write `cohort` into `folder`: ``data/``, ``metadata/codes.parquet`` and the rest of it."""
    events = meds_events(cohort)
    for part in ("data", "metadata"):
        (folder / part).mkdir(parents=True)
    pq.write_table(pa.Table.from_pandas(events, SCHEMA, preserve_index=False), folder / DATA_FILE)
    _write_codes(events, folder / "metadata" / "codes.parquet")
    _write_json(
        folder / "metadata" / "dataset.json",
        {
            "dataset_name": cohort.manifest.name,
            "etl_name": ETL_NAME,
            "meds_version": MEDS_VERSION,
            "code_modifier_columns": ["unit", "comparator"],
            "raw_source_id_columns": ["course_id", "patient_id"],
            "other_extension_columns": [
                name
                for name in _OWN_COLUMNS
                if name not in ("unit", "comparator", "course_id", "patient_id")
            ],
        },
    )
    dated = bool(cohort.courses["infused_at"].notna().all())
    _write_json(folder / MANIFEST_FILE, {"dated": dated, "manifest": cohort.manifest.to_dict()})


def meds_events(cohort: Cohort) -> pd.DataFrame:
    """Return the events of `cohort`, of one subject after the other and each in order of time."""
    places = _places(cohort.courses)
    parts = [*_course_events(cohort.courses, places)]
    parts += [_table_events(cohort, name, places) for name in TABLES if name != "courses"]
    events = pd.concat([part for part in parts if len(part)], ignore_index=True)
    events = events.assign(
        subject_id=events["course_id"].map(places["subject_id"]),
        patient_id=events["course_id"].map(places["patient_id"]),
        numeric_value=events["value"].astype("float32"),
    )
    events = events.sort_values(["subject_id", "time"], kind="stable", ignore_index=True)
    whole = events.reindex(columns=SCHEMA.names)
    times = [one.name for one in SCHEMA if pa.types.is_timestamp(one.type)]
    return whole.assign(**{name: pd.to_datetime(whole[name]) for name in times})


def _places(courses: pd.DataFrame) -> pd.DataFrame:
    """Return, by course, the subject's number, the patient and the instant of day 0."""
    dated = courses["infused_at"].dt.tz_localize(None)
    if not dated.notna().all():
        dated = _made_up_instants(courses)
    numbers, _ = pd.factorize(courses["patient_id"])
    return pd.DataFrame(
        {
            "subject_id": numbers.astype("int64") + 1,
            "patient_id": courses["patient_id"],
            "day_0": dated.astype("datetime64[us]"),
        }
    ).set_index(courses["course_id"])


def _made_up_instants(courses: pd.DataFrame) -> pd.Series:
    """Put the courses of a patient one after the other, as far apart as their ages say."""
    follow_up = courses["follow_up_days"].fillna(0.0).clip(lower=0.0) + _BETWEEN_COURSES
    days = np.zeros(len(courses))
    for _, mine in courses.groupby("patient_id"):
        at, first = 0.0, mine["age_years"].iloc[0]
        for place, age in zip(mine.index, mine["age_years"], strict=True):
            apart = (age - first) * _DAYS_A_YEAR if np.isfinite(age - first) else 0.0
            at = max(at, apart)
            days[courses.index.get_loc(place)] = at
            at += follow_up[place]
    return EPOCH + pd.Series(days * _DAY, index=courses.index)


def _course_events(courses: pd.DataFrame, places: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Yield one event a fact of a course, each at the time from which it may be known."""
    day_0 = courses["course_id"].map(places["day_0"])
    for name, one in COURSE_FIELDS.items():
        told = courses[name].notna()
        if name in ("course_id", "patient_id", "infused_at"):
            continue
        day = courses["death_day"] if name == "death_cause" else courses[name]
        at = day_0 + day * _DAY if one.unit == "d" or name == "death_cause" else day_0
        yield _event_rows(
            courses[told],
            f"{OWN}//COURSE//{name}",
            at[told],
            number=courses.loc[told, name].astype("float64") if _is_number(name) else None,
            text=None if _is_number(name) else courses.loc[told, name].astype("str"),
            table="courses",
        )
    yield _event_rows(
        courses, courses["product"].map(_product_code), day_0, table="infusion",
        number=courses["dose_car_t_cells"], unit="{cells}",
    )  # fmt: skip
    first = ~courses["patient_id"].duplicated()
    aged = first & courses["age_years"].notna()
    born = day_0 - courses["age_years"] * _DAYS_A_YEAR * _DAY
    yield _event_rows(courses[aged], BIRTH, born[aged], table="person")
    dead = courses["death_day"].notna() & ~courses["patient_id"].duplicated(keep="last")
    died = day_0 + courses["death_day"] * _DAY
    yield _event_rows(courses[dead], DEATH, died[dead], table="person")


def _is_number(name: str) -> bool:
    return COURSE_FIELDS[name].kind in ("number", "flag")


def _product_code(name: str) -> str:
    one = product(name)
    return f"RxNorm//{one.rxnorm}" if one.rxnorm else f"{OWN}//PRODUCT//{one.short}"


def _event_rows(
    courses: pd.DataFrame, code: str | pd.Series, at: pd.Series, *, table: str,
    number: pd.Series | None = None, text: pd.Series | None = None, unit: str | None = None,
) -> pd.DataFrame:  # fmt: skip
    made = pd.DataFrame({"course_id": courses["course_id"], "time": at, "code": code})
    return made.assign(table=table, value=number, text_value=text, unit=unit)


def _table_events(cohort: Cohort, name: str, places: pd.DataFrame) -> pd.DataFrame:
    rows = cohort.table(name)
    day_0 = rows["course_id"].map(places["day_0"])
    start = "start_day" if "start_day" in rows else "day"
    made = rows.assign(table=name, code=_codes_of(name, rows), time=day_0 + rows[start] * _DAY)
    if "known_day" in rows:
        made["known_time"] = day_0 + rows["known_day"] * _DAY
    if "stop_day" in rows:
        made["stop_time"] = day_0 + rows["stop_day"] * _DAY
    if name == "measurements":
        made["unit"] = rows["input"].map({one: INPUTS[one].unit for one in INPUTS})
    if "dose_unit" in rows:
        made["unit"] = rows["dose_unit"]
    made["value"] = made[{"treatments": "dose", "measurements": "value"}.get(name, "grade")]
    if "text" in rows:
        made["text_value"] = rows["text"]
    if "serious" in rows:
        made["serious"] = rows["serious"].astype("str")
    return made.reindex(columns=[one for one in SCHEMA.names if one in made])


def _codes_of(name: str, rows: pd.DataFrame) -> pd.Series:
    if name == "measurements":
        return rows["input"].map({one: input_code(one) for one in INPUTS})
    column, word = {
        "treatments": ("agent", "TREATMENT"),
        "grades": ("toxicity", "GRADE"),
        "late_events": ("term", "LATE_EVENT"),
    }[name]
    return f"{OWN}//{word}//" + rows[column]


def input_code(name: str) -> str:
    """Return the MEDS code of an input: its first LOINC code, or its own name."""
    loinc = INPUTS[name].loinc
    return f"LOINC//{loinc[0]}" if loinc else f"{OWN}//INPUT//{name}"


def _write_codes(events: pd.DataFrame, path: Path) -> None:
    """Write every code once, with what it is in words."""
    words = {input_code(name): f"{one.label} ({one.unit})" for name, one in INPUTS.items()}
    words |= {f"{OWN}//COURSE//{name}": one.label for name, one in COURSE_FIELDS.items()}
    words |= {_product_code(name): f"infusion of {name}" for name in events_products(events)}
    codes = sorted(events["code"].unique())
    table = pa.table(
        {
            "code": pa.array(codes, pa.string()),
            "description": pa.array([words.get(one) for one in codes], pa.string()),
            "parent_codes": pa.array([None] * len(codes), pa.list_(pa.string())),
        }
    )
    pq.write_table(table, path)


def events_products(events: pd.DataFrame) -> list[str]:
    """Return the products that the events of courses name."""
    told = events["code"].eq(f"{OWN}//COURSE//product")
    return sorted(events.loc[told, "text_value"].unique())


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(
        json.dumps(content, indent=2, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8"
    )
