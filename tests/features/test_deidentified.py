"""De-identified cohorts: what leaves, what stays, and what is pointed out."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from features.deidentified import FEW, de_identified
from features.matrix import PredictorSet, feature_matrix
from features.questions import QUESTIONS, labels
from features.tables import TABLES, Cohort, cohort_of
from tests.builders import a_cohort, a_measurement, a_treatment, an_infusion
from tests.omop_database import a_cohort_with_dates

SECRETS = ("Anna", "Klinikum Nord", "lot-77", "2024-03-04", "on the ward of Dr. No", "as it came")


def a_telling_cohort() -> Cohort:
    infusions = [
        an_infusion(
            f"{name}-1", patient_id=name, site="Klinikum Nord", vector_lot="lot-77",
            infused_at="2024-03-04T10:00:00Z", calendar_year=2024, age_years=age,
            manufacturing_site="Klinikum Nord",
        )
        for name, age in (("Anna", 93.5), ("Bo", 89.0), ("Cy", 40.0))
    ]  # fmt: skip
    results = [a_measurement("Anna-1", 1.0, "crp_mg_l", 12.0) for _ in range(1)]
    results[0].cells.update(
        text="on the ward of Dr. No", source_value="as it came", source_unit="as it came",
        source_row=7,
    )  # fmt: skip
    level = a_measurement("Cy-1", 1.0, "oxygen_device", "nasal_cannula")
    dose = a_treatment("Anna-1", 2.0, route="on the ward of Dr. No", dose_unit="mg")
    made = a_cohort(*infusions, *results, level, dose)
    made.manifest.name = "Klinikum Nord"
    made.manifest.notes = ["Anna was asked"]
    return made


def everything_said(cohort: Cohort) -> str:
    tables = [cohort.table(name).to_csv() for name in TABLES]
    return "\n".join([*tables, str(dataclasses.asdict(cohort.manifest))])


def test_nothing_that_names_a_person_or_place_stays() -> None:
    before = everything_said(a_telling_cohort())
    after = everything_said(de_identified(a_telling_cohort())[0])
    for secret in SECRETS:
        assert secret in before
        assert secret not in after
    courses = de_identified(a_telling_cohort())[0].courses
    assert courses["infused_at"].isna().all()
    assert courses["calendar_year"].isna().all()
    assert courses["vector_lot"].isna().all()
    assert set(courses["site"]) == {"site-1"}


def test_ages_over_89_are_pooled() -> None:
    ages = de_identified(a_telling_cohort())[0].courses["age_years"]
    assert sorted(ages) == [40.0, 89.0, 90.0]


def test_ids_are_new_each_time_and_hold_together() -> None:
    cohort = a_cohort_with_dates(8)
    first, second = (de_identified(cohort)[0] for _ in range(2))
    for column in ("course_id", "patient_id"):
        seen = [set(one.courses[column]) for one in (cohort, first, second)]
        assert not seen[0] & seen[1]
        assert not seen[1] & seen[2]
        assert len(seen[1]) == len(seen[0])
    for name in TABLES:
        assert len(first.table(name)) == len(cohort.table(name))
        assert set(first.table(name)["course_id"]) <= set(first.courses["course_id"])


def test_a_patient_of_two_courses_stays_one() -> None:
    cohort = a_cohort(an_infusion("A", patient_id="P"), an_infusion("B", patient_id="P"))
    made, _ = de_identified(cohort)
    assert made.courses["course_id"].nunique() == 2
    assert made.courses["patient_id"].nunique() == 1


def test_the_order_of_rows_says_nothing_of_the_old_ids() -> None:
    made, _ = de_identified(a_cohort_with_dates(8))
    assert made.courses["course_id"].is_monotonic_increasing


def test_the_predictors_stay_as_they_were() -> None:
    """Ids are gone, so rows are compared by what they say."""
    cohort = a_cohort_with_dates(8)
    made, _ = de_identified(cohort)
    both = []
    for one in (cohort, made):
        landmarks = labels(one, QUESTIONS["severe-crs-72h"])
        rows = feature_matrix(one, landmarks, PredictorSet()).fillna(-1.0)
        both.append(rows.sort_values(list(rows.columns)).to_numpy())
    np.testing.assert_allclose(*both, rtol=1e-12)


def test_small_groups_are_noted_and_not_counted() -> None:
    rare = an_infusion("X", product="cilta-cel", diagnosis="MM")
    many = [an_infusion(f"C{at}", site="one") for at in range(FEW)]
    _, cells = de_identified(a_cohort(rare, *many))
    noted = {(one.column, one.group) for one in cells}
    assert noted == {("product", "cilta-cel"), ("diagnosis", "MM")}


@pytest.mark.parametrize(("patients", "stays"), [(FEW - 1, False), (FEW, True)])
def test_a_word_stays_where_enough_patients_share_it(patients: int, stays: bool) -> None:
    infusions = [an_infusion(f"C{at}") for at in range(patients)]
    doses = [a_treatment(f"C{at}", 1.0, route="intravenous") for at in range(patients)]
    made, _ = de_identified(a_cohort(*infusions, *doses))
    assert made.treatments["route"].eq("intravenous").all() == stays


def test_a_late_event_of_few_patients_loses_its_term() -> None:
    courses = pd.DataFrame([an_infusion(f"C{at}").cells for at in range(FEW)])
    late = pd.DataFrame({"course_id": ["C0"], "day": [200.0], "term": ["Guillain-Barre"]})
    base = a_cohort(an_infusion())
    made, _ = de_identified(cohort_of(base.manifest, courses=courses, late_events=late))
    assert made.late_events["term"].tolist() == ["withheld"]
