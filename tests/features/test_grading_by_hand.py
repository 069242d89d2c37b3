"""Grades given by hand beside the findings: who is higher, and what nobody can decide."""

import pandas as pd
import pytest

from features.grading import KINDS, beside_one, beside_the_hand, crs_at, recorded_course
from features.sources.synthetic import synthesize
from features.tables import Cohort
from tests.builders import (
    a_cohort,
    a_grading,
    a_measurement,
    a_treatment,
    an_infusion,
)


def by_hand(*grades, **manifest) -> Cohort:
    return a_cohort(
        an_infusion("A", age_years=61.0),
        a_measurement("A", 2.0, "temperature_c", 39.0),
        a_measurement("A", 2.0, "sbp_mmhg", 120.0),
        a_measurement("A", 2.0, "oxygen_device", "cpap"),
        a_treatment("A", 0.0, "g_csf"),
        list(grades),
        **manifest,
    )


def test_a_grade_by_hand_is_held_against_the_findings_and_the_table_is_left_alone():
    cohort = by_hand(a_grading("A", 2.0, 3, system="ASTCT"))
    before = cohort.grades.copy()
    compared = beside_the_hand(cohort)
    assert compared[["by_hand", "computed", "kind"]].to_numpy().tolist() == [
        [3.0, 4.0, "findings_higher"]
    ]
    assert compared["rule"].tolist() == ["positive pressure for hypoxia"]
    pd.testing.assert_frame_equal(cohort.grades, before)


@pytest.mark.parametrize(
    ("cells", "manifest", "compared"),
    [
        ({"system": "ASTCT"}, {}, True),
        ({}, {"grading_system": "ASTCT"}, True),
        ({}, {"grading_system": "Lee"}, False),
        ({"system": "Lee"}, {"grading_system": "ASTCT"}, False),
        ({"system": "unknown"}, {"grading_system": "ASTCT"}, False),
    ],
)
def test_only_gradings_in_astct_are_compared(cells, manifest, compared):
    rows = beside_the_hand(by_hand(a_grading("A", 2.0, 3, **cells), **manifest))
    assert len(rows) == compared


def test_what_would_decide_is_named_a_cause_of_death_among_it():
    cohort = by_hand(a_grading("A", 3.5, 2, system="ASTCT"), a_grading("A", 2.0, 5, system="ASTCT"))
    compared = beside_the_hand(cohort).set_index("by_hand")
    assert compared["kind"].tolist() == ["unsupported", "unsupported"]
    assert compared.loc[5.0, "missing"] == "death_cause"
    assert compared.loc[2.0, "missing"] == "temperature_c, sbp_mmhg, oxygen_device"


def test_a_death_of_another_cause_does_not_support_grade_5():
    cohort = a_cohort(
        an_infusion("A", death_day=2.5, death_cause="infection", follow_up_days=2.5),
        a_measurement("A", 2.0, "temperature_c", 39.0),
        a_grading("A", 2.5, 5, system="ASTCT"),
    )
    assert beside_the_hand(cohort)["kind"].tolist() == ["findings_lower"]


@pytest.fixture(scope="module")
def synthetic() -> Cohort:
    return synthesize(60, seed=5).cohort


def test_the_synthetic_grades_agree_with_their_own_findings(synthetic):
    compared = beside_the_hand(synthetic)
    assert set(compared["kind"]) == set(KINDS)
    assert len(compared) == (synthetic.grades["day"] >= 0).sum()
    differs = compared["kind"].isin(["findings_higher", "findings_lower"])
    assert differs.mean() < 0.06
    severe = compared[compared["by_hand"] >= 3]
    assert len(severe) > 30
    assert (severe["computed"] < 3).mean() < 0.1


@pytest.mark.parametrize("hand", range(6))
@pytest.mark.parametrize("device", ["room_air", "nasal_cannula", "cpap", None])
def test_one_grade_is_held_against_the_findings_as_in_a_whole_cohort(hand, device):
    found = [("temperature_c", 39.0), *([("oxygen_device", device)] if device else [])]
    rows = [a_measurement("A", 2.0, name, value) for name, value in found]
    treated = a_treatment("A", 0.0, "g_csf")
    infused = an_infusion("A", age_years=61.0)
    graded = a_grading("A", 2.0, hand, system="ASTCT")
    whole = beside_the_hand(a_cohort(infused, *rows, treated, graded))
    recorded = recorded_course({"age_years": 61.0}, [(name, 2.0, None, v) for name, v in found])
    assert [beside_one(hand, crs_at(recorded, 2.0))] == whole["kind"].tolist()
