"""OMOP rows that read like sentences: a database of three persons, and what is added to it."""

from pathlib import Path

import pandas as pd

from features.checks import Failures
from features.sources import read
from features.tables import Cohort
from tests.omop_database import DAY, DAY_0, Database

CRP, AXI_CEL = 3020460, 792844


def read_omop(folder: Path, **options: object) -> tuple[Cohort, Failures]:
    return read("omop", folder, **options)


def a_database(*, with_concepts: bool = True) -> Database:
    """Persons 1 and 2 with an infusion, person 3 without, and a CRP of each."""
    made = Database()
    for person in (1, 2, 3):
        made.add(
            "person", person_id=person, gender_concept_id=8532, year_of_birth=1960,
            month_of_birth=1, day_of_birth=1,
        )  # fmt: skip
        a_result(made, person, day=1.0, value=30.0)
    for person in (1, 2):
        an_infusion(made, person)
    if with_concepts:
        made.concept("LOINC", "1988-5", CRP)
        made.concept("UCUM", "mg/L", 8751)
    return made


def an_infusion(made: Database, person: int, at: pd.Timestamp = DAY_0, **cells: object) -> None:
    made.add(
        "drug_exposure", person_id=person,
        **{"drug_concept_id": AXI_CEL, "drug_exposure_start_date": at.date(),
           "drug_exposure_start_datetime": at} | cells,
    )  # fmt: skip


def a_result(
    made: Database, person: int, *, day: float, value: float | None, **cells: object
) -> None:
    at = DAY_0 + day * DAY
    made.add(
        "measurement", person_id=person,
        **{"measurement_concept_id": CRP, "measurement_date": at.date(),
           "measurement_datetime": at, "value_as_number": value, "unit_concept_id": 8751} | cells,
    )  # fmt: skip


def measured(cohort: Cohort) -> pd.DataFrame:
    return cohort.measurements.sort_values(["course_id", "day"], ignore_index=True)
