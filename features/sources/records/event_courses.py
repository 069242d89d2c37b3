"""What events tell of a course beside its results: age, disease, discharge, death."""

from collections.abc import Callable
from datetime import tzinfo
from typing import Any

import pandas as pd

from features.inputs import COURSE_FIELDS
from features.sources.records.day_numbers import day_of

INPATIENT = ("IMP", "ACUTE", "NONAC")
"""HL7 ActCode of encounters in which a patient is in hospital."""
_TRANSFER = pd.Timedelta(days=1)  # a stay that goes on within this is the same stay [A]
_LYMPHODEPLETION_DAYS = 14.0  # how long before day 0 such a drug is lymphodepletion [A]
_WEIGHT_DAYS = 30.0  # how old a weight may be [A]
_REGIMENS = {
    frozenset({"fludarabine", "cyclophosphamide"}): "fludarabine_cyclophosphamide",
    frozenset({"bendamustine"}): "bendamustine",
    frozenset({"cyclophosphamide"}): "cyclophosphamide",
}


def course_facts(
    courses: pd.DataFrame,
    persons: pd.DataFrame,
    placed: pd.DataFrame,
    diagnoses: pd.DataFrame,
    measurements: pd.DataFrame,
    resolution: str,
    zone: tzinfo,
) -> pd.DataFrame:
    """Return the rows of the courses table.

    Parameters
    ----------
    courses : DataFrame
        Of :func:`features.sources.records.infusions.courses_of`.
    persons : DataFrame
        Person events, one a subject.
    placed : DataFrame
        Events with a meaning, deaths and encounters, placed in their courses.
    diagnoses : DataFrame
        Diagnosis events of these subjects, at whatever time.
    measurements : DataFrame
        Results in canonical units.
    """
    zoned = courses["day_0"].dt.tz_convert(zone)
    persons = persons.drop_duplicates("subject", keep="last").set_index("subject")
    of_courses = persons.reindex(courses["subject"].to_numpy())
    born = of_courses["start"].reset_index(drop=True)
    sex = of_courses["text"].reset_index(drop=True)
    made = courses.assign(
        site=courses["site"]
        .astype("object")
        .where(courses["site"].notna(), of_courses["site"].to_numpy()),
        infused_at=courses["day_0"],
        calendar_year=zoned.dt.year.astype(float),
        age_years=_completed_years(born, courses["day_0"], zone),
        sex=sex.where(sex.isin(COURSE_FIELDS["sex"].legal)),
        second_dose_day=day_of(courses["second_dose"], courses["day_0"], resolution, zone),
    ).set_index("course_id", drop=False)
    made["diagnosis"] = _diagnoses(courses, diagnoses)
    made["death_day"] = placed[placed["kind"].eq("death")].groupby("course_id")["day"].min()
    stays = _stays(placed, resolution, zone)
    made["discharge_day"], made["readmission_day"] = stays["discharge"], stays["readmission"]
    made["lymphodepletion_day"], made["lymphodepletion"] = _lymphodepletion(placed)
    before = made["lymphodepletion_day"].fillna(0.0)
    made["weight_kg"] = _last_weight(measurements, before)
    for name, told in _fields(placed, before).items():
        made[name] = told
    return made.reset_index(drop=True)


def _completed_years(birth: pd.Series, at: pd.Series, zone: tzinfo) -> pd.Series:
    born, then = birth.dt.tz_convert(zone), at.dt.tz_convert(zone)
    before_birthday = (then.dt.month * 100 + then.dt.day) < (born.dt.month * 100 + born.dt.day)
    return (then.dt.year - born.dt.year - before_birthday.astype(float)).astype("float64")


def _diagnoses(courses: pd.DataFrame, diagnoses: pd.DataFrame) -> pd.Series:
    """Return the diagnosis told last before day 0; none where two were told at once."""
    said = diagnoses.assign(name=diagnoses["meaning"].map(lambda one: one.name))
    said = said.merge(courses[["subject", "course_id", "day_0"]], on="subject")
    said = said[said["start"].isna() | (said["start"] <= said["day_0"])]
    when = said["start"].fillna(pd.Timestamp(0, tz="UTC"))
    said = said.assign(when=when)
    last = said[said["when"] == said.groupby("course_id")["when"].transform("max")]
    names = last.groupby("course_id")["name"]
    return names.first().where(names.nunique() == 1)


def _stays(placed: pd.DataFrame, resolution: str, zone: tzinfo) -> pd.DataFrame:
    """Return the day each course left the stay of its infusion, and when the next stay began."""
    inside = placed[placed["kind"].eq("encounter") & placed["code"].isin(INPATIENT)]
    rows = {}
    for course_id, mine in inside.groupby("course_id"):
        left, back = _discharge(mine.sort_values("start"))
        rows[course_id] = (left, back, mine["day_0"].iloc[0])
    told = pd.DataFrame.from_dict(rows, orient="index", columns=["left", "back", "day_0"])
    for name in told:
        told[name] = pd.to_datetime(told[name], utc=True).astype("datetime64[us, UTC]")
    return pd.DataFrame(
        {
            "discharge": day_of(told["left"], told["day_0"], resolution, zone),
            "readmission": day_of(told["back"], told["day_0"], resolution, zone),
        }
    )


def _discharge(stays: pd.DataFrame) -> tuple[Any, Any]:
    day_0 = stays["day_0"].iloc[0]
    left = None
    for start, stop in zip(stays["start"], stays["stop"], strict=True):
        if left is None:
            if start <= day_0 and (pd.isna(stop) or stop > day_0):
                left = stop
        elif pd.isna(left) or start - left <= _TRANSFER:
            left = stop if pd.isna(stop) or pd.isna(left) or stop > left else left
        else:
            return left, start
    return left, None


def _lymphodepletion(placed: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    drugs = _meaning(placed, "lymphodepletion")
    drugs = drugs[(drugs["day"] < 0) & (drugs["day"] >= -_LYMPHODEPLETION_DAYS)]
    by_course = drugs.groupby("course_id")
    regimens = by_course["name"].agg(lambda names: _REGIMENS.get(frozenset(names), "other"))
    return by_course["day"].min(), regimens


def _last_weight(measurements: pd.DataFrame, before: pd.Series) -> pd.Series:
    weights = measurements[measurements["input"].eq("body_weight_kg")]
    limit = weights["course_id"].map(before).astype("float64")
    known = weights["known_day"].fillna(weights["day"])
    inside = (known <= limit) & (weights["day"] >= -_WEIGHT_DAYS) & weights["value"].notna()
    return _last(weights[inside], lambda rows: rows["value"])


def _fields(placed: pd.DataFrame, before: pd.Series) -> dict[str, pd.Series]:
    """Return course facts that are results: the last one known before lymphodepletion, or day 0."""
    told = _meaning(placed, "field")
    known = told["known_day"].fillna(told["day"])
    told = told[(known <= told["course_id"].map(before).astype("float64")) & told["value"].notna()]
    return {str(name): _last(rows, lambda one: one["value"]) for name, rows in told.groupby("name")}


def _meaning(placed: pd.DataFrame, what: str) -> pd.DataFrame:
    mine = placed[placed["what"].eq(what)]
    return mine.assign(name=mine["meaning"].map(lambda one: one.name))


def _last(rows: pd.DataFrame, cells: Callable[[pd.DataFrame], pd.Series]) -> pd.Series:
    ordered = rows.sort_values(["day", "source_row"], kind="stable")
    return cells(ordered.drop_duplicates("course_id", keep="last").set_index("course_id"))
