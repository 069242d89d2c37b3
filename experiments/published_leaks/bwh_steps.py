"""Who gets ICANS, in a file stacked from two sources; and the question that one source answers.

One row per patient and day 0 to 5 on which the patient has had no ICANS so far; the outcome is
grade 1 or more later in the record. Predictors are the values of that day as the file holds them,
age, sex and the diagnosis. What the file says of CRS and tocilizumab is known in hindsight only and
is given to no step.
"""

from collections import Counter
from pathlib import Path

import pandas as pd
from judging import Asked, Line, asked_question, asked_rows, judged

from features.questions import Question
from features.sources import load
from features.sources.bwh import CRS_ON_DAY_0_OF_SECOND, LABS
from features.sources.bwh_rows import TEMPERATURE, one_course_a_patient, published_days
from features.tables import Cohort
from training.plan import PredictorPlan

LAST_DAY = 5
LEAST_SHARE_KNOWN, WIDEST_GAP = 0.8, 0.1  # of an input in the two sources, to be comparable
DIAGNOSIS = "diagnosis"
MEASURED = tuple(name for name, _ in LABS.values())
TEMPERATURE_INPUT, CRP = LABS[TEMPERATURE][0], LABS["CRP"][0]
ON_DAY_0 = [LABS[header][0] for header in CRS_ON_DAY_0_OF_SECOND]
COURSE = Question(
    "severe-icans-course-72h", "ICANS", 3, tuple(float(day) for day in range(15)),
    horizon_days=3.0, from_grade=1,
)  # fmt: skip
AHEAD = PredictorPlan(
    columns=(
        "day", "icans_grade", "icans_highest", "icans_days_since_onset", "icans_change_24h",
        *(f"{name}__last" for name in MEASURED if name != CRP),
    )
)  # fmt: skip


def steps(path: Path) -> dict[str, Line]:
    """Return one line a step, in order; a question that cannot be asked has counts only."""
    published, cleaned = load("bwh", path, as_published=True), load("bwh", path)
    days = patient_days(published, sources_of(path))
    counted_once = days[days["patient_id"].notna()].reset_index(drop=True)
    read = predictors(published, days)
    X = predictors(published, counted_once)
    found = {
        "as_published": judged(rows_of(days, read)),
        "temperature_alone": judged(rows_of(days, read[[TEMPERATURE_INPUT]])),
        "measured_alone": judged(rows_of(days, read[list(MEASURED)].isna())),
    }
    X[TEMPERATURE_INPUT] = temperature_in_one_unit(published, cleaned, counted_once)
    found["one_unit"] = judged(rows_of(counted_once, X))
    X.loc[counted_once["day"] == 0, ON_DAY_0] = float("nan")
    found["day_0_blanked"] = judged(rows_of(counted_once, X))
    X = X.drop(columns=CRP)
    found["no_crp"] = judged(rows_of(counted_once, X))
    X = X.drop(columns=[name for name in X if name.startswith(DIAGNOSIS)])
    found["no_diagnosis"] = judged(rows_of(counted_once, X))
    found["comparable_alone"] = comparable_alone(counted_once, X)
    found["source_alone"] = judged(rows_of(counted_once, counted_once[["is_second"]]))
    found["within_one_source"] = within_one_source(counted_once)
    found["course"] = judged(asked_question(load("bwh", path, part="second"), COURSE, AHEAD))
    return found


def sources_of(path: Path) -> pd.DataFrame:
    """Return patient and source of every published course.

    The copy in the first source of a patient who stands in both has no patient: it is left out
    once patients are counted once.
    """
    published = published_days(path, Counter(), as_published=True)
    counted_once = one_course_a_patient(
        published_days(path, Counter(), as_published=False), Counter()
    )
    patient_of_row = counted_once.set_index("source_row")["patient_id"]
    found = published.assign(patient_id=published["source_row"].map(patient_of_row))
    return found.drop_duplicates("course_id").set_index("course_id")[["patient_id", "is_second"]]


def patient_days(published: Cohort, sources: pd.DataFrame) -> pd.DataFrame:
    """Return the days 0 to 5 before any ICANS, with outcome, patient and source."""
    grades = published.grades[published.grades["toxicity"] == "ICANS"]
    so_far = grades.groupby("course_id")["grade"].cummax()
    ever = grades.groupby("course_id")["grade"].transform("max") >= 1
    days = grades.assign(outcome=ever)[(so_far == 0) & grades["day"].between(0, LAST_DAY)]
    days = days.drop_duplicates(["course_id", "day"])
    return days.assign(
        patient_id=days["course_id"].map(sources["patient_id"]),
        is_second=days["course_id"].map(sources["is_second"]),
    ).reset_index(drop=True)


def predictors(published: Cohort, days: pd.DataFrame) -> pd.DataFrame:
    """Return the values of each day as published, age, sex, and the diagnosis where filled."""
    facts = published.courses.set_index("course_id").loc[days["course_id"]].reset_index()
    diagnosis = pd.get_dummies(facts["diagnosis"], prefix=DIAGNOSIS, dtype=float)
    return pd.concat(
        [
            _at(published.measurements, days).reset_index(drop=True),
            facts[["age_years"]],
            (facts["sex"] == "female").astype(float),
            diagnosis,
        ],
        axis=1,
    )


def _at(measurements: pd.DataFrame, days: pd.DataFrame) -> pd.DataFrame:
    """Return the value of each input on each day; the first where a day is there twice."""
    once = measurements.drop_duplicates(["course_id", "day", "input"])
    wide = once.pivot(index=["course_id", "day"], columns="input", values="value")
    wanted = pd.MultiIndex.from_frame(days[["course_id", "day"]])
    return wide.reindex(index=wanted, columns=MEASURED)


def temperature_in_one_unit(published: Cohort, cleaned: Cohort, days: pd.DataFrame) -> pd.Series:
    """Return the temperature of each day in Celsius."""
    cell = ["source_row", "input"]
    one_unit = published.measurements.drop(columns="value").merge(
        cleaned.measurements[[*cell, "value"]], on=cell
    )
    return _at(one_unit, days)[TEMPERATURE_INPUT].reset_index(drop=True)


def rows_of(days: pd.DataFrame, X: pd.DataFrame) -> Asked:
    """Return rows; a course that only the published file holds is a patient of its own."""
    return asked_rows(
        X,
        outcome=days["outcome"],
        patients=days["patient_id"].fillna(days["course_id"]),
        day=days["day"],
        grade=days["grade"],
    )


def comparable_alone(days: pd.DataFrame, X: pd.DataFrame) -> Line:
    """Keep what both sources measure about as often, in rows that have all of it."""
    carried = X[list(X.columns.intersection(MEASURED))].groupby(days["course_id"]).ffill()
    kept = comparable(carried.notna().groupby(days["is_second"]).mean())
    whole = carried[kept].notna().all(axis=1)
    left = pd.concat([carried[kept], X[["age_years", "sex"]]], axis=1)[whole]
    return {**judged(rows_of(days[whole], left)), "inputs": kept}


def comparable(known: pd.DataFrame) -> list[str]:
    """Return the inputs of `known` (share of rows by source) that are about as often known."""
    gap = known.max() - known.min()
    return [
        name for name in known if known[name].min() >= LEAST_SHARE_KNOWN and gap[name] <= WIDEST_GAP
    ]


def within_one_source(days: pd.DataFrame) -> Line:
    """Count patients and those with the event by source: one class cannot be told apart."""
    ever = days.groupby(["is_second", "patient_id"])["outcome"].max()
    return {
        "by_source": {
            name: {"n_patients": len(ever.loc[second]), "n_event_patients": int(ever[second].sum())}
            for name, second in (("first", False), ("second", True))
        }
    }
