"""The BWH cohort as it was published: what it holds, and what tells the outcome in it."""

from functools import cache
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from features.checks import check_cohort
from features.questions import Question, labels
from features.sources import load
from features.tables import Cohort
from tests.features.sources.bwh_records import highest, results
from tests.real_data import bwh_path

COURSE_72H = Question(
    "severe-icans-course-72h",
    "ICANS",
    3,
    tuple(float(day) for day in range(15)),
    horizon_days=3.0,
    from_grade=1,
)


@cache
def real(**options: Any) -> Cohort:
    return load("bwh", bwh_path(), **options)


def ever(cohort: Cohort) -> list[int]:
    """Count the courses ever at ICANS 1, 2 and 3 or more."""
    return [int((highest(cohort) >= least).sum()) for least in (1, 2, 3)]


@pytest.mark.real
def test_the_real_cohort_has_137_courses_of_136_patients() -> None:
    cohort = real()
    assert cohort.courses.groupby("site").size().to_dict() == {
        "bwh first source": 68, "bwh second source": 69,
    }  # fmt: skip
    assert cohort.courses["patient_id"].nunique() == 136
    assert ever(cohort) == [68, 59, 41]
    assert len(check_cohort(cohort)[1]) == 0
    left_out = cohort.manifest.exclusions
    assert left_out["courses.patient_is_in_one_source"] == 1
    assert left_out["measurements.one_row_per_patient_and_day"] == 10
    assert left_out["measurements.scale_is_known: crp_mg_l"] == 1513


@pytest.mark.real
def test_all_real_patients_with_icans_are_of_one_source() -> None:
    assert ever(real(part="first")) == [0, 0, 0]
    assert ever(real(part="second")) == ever(real())


@pytest.mark.real
def test_the_real_temperatures_tell_the_source_as_published_and_no_longer() -> None:
    def separates(cohort: Cohort) -> float:
        mean = results(cohort, "temperature_c").groupby("course_id")["value"].mean()
        severe = highest(cohort).reindex(mean.index) >= 1
        return float(roc_auc_score(severe, mean))

    assert separates(real(as_published=True)) > 0.98
    assert separates(real()) < 0.75


@pytest.mark.real
def test_the_real_ids_do_not_tell_who_had_icans_and_the_published_order_does() -> None:
    def in_order(cohort: Cohort) -> float:
        worst = highest(cohort).reindex(cohort.courses["course_id"]) >= 1
        return float(roc_auc_score(worst, np.arange(len(worst))))

    assert 0.35 < in_order(real()) < 0.65
    assert in_order(real(as_published=True)) > 0.98


@pytest.mark.real
def test_the_real_file_as_published_has_138_patients_at_one_site() -> None:
    cohort = real(as_published=True)
    assert len(cohort.courses) == cohort.courses["patient_id"].nunique() == 138
    assert ever(cohort) == [68, 55, 40]
    assert results(cohort, "temperature_c")["value"].max() == 104.8
    assert (cohort.grades["grade"] % 1 == 0.5).sum() == 233


@pytest.mark.real
def test_the_course_of_icans_can_be_asked_of_those_who_have_it() -> None:
    rows = labels(real(part="second"), COURSE_72H)
    assert rows["course_id"].nunique() > 50
    assert rows["current_grade"].between(1, 2).all()
    assert (rows["outcome"] == 1).any()
