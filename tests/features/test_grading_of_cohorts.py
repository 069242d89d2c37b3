"""Grades of a cohort from its tables: what was given, who died, which days are read."""

import pytest

from features.grading import (
    beside_the_hand,
    grade_cohort,
    recorded_cohort,
)
from features.inputs import INPUTS
from features.sources.synthetic import synthesize
from features.tables import INTENTS, Cohort
from tests.builders import (
    a_cohort,
    a_measurement,
    a_treatment,
    an_infusion,
)

TEXTS = {name: list(INPUTS[name].levels) for name in INPUTS if INPUTS[name].is_text}


def fever_and(*rows, **facts):
    return a_cohort(
        an_infusion("A", age_years=61.0, **facts),
        a_measurement("A", 2.0, "temperature_c", 39.0),
        a_measurement("A", 2.0, "sbp_mmhg", 120.0),
        a_measurement("A", 2.0, "oxygen_device", "room_air"),
        list(rows),
    )


def crs_of(cohort):
    rows = grade_cohort(cohort)
    rows = rows[rows["toxicity"] == "CRS"]
    return dict(zip(rows["known_day"], rows["grade"], strict=True))


def test_a_grading_stands_at_each_instant_at_which_a_finding_changes():
    rows = [
        a_treatment("A", 2.25, "vasopressor", stop_day=2.5),
        a_measurement("A", 2.75, "oxygen_device", "nasal_cannula"),
    ]
    assert crs_of(fever_and(*rows)) == {2.0: 1, 2.25: 3, 2.5: 1, 2.75: 2}


@pytest.mark.parametrize("intent", INTENTS)
@pytest.mark.parametrize("device", TEXTS["oxygen_device"])
def test_only_an_intent_excuses_positive_pressure_and_only_that(intent, device):
    rows = [
        a_treatment("A", 2.25, "positive_pressure_ventilation", intent=intent),
        a_measurement("A", 2.5, "oxygen_device", device),
    ]
    rank = INPUTS["oxygen_device"].levels[device]
    excused = {"chronic": ("cpap", "bipap"), "airway_protection": ("cpap", "bipap", "ventilator")}
    grade = 1 if device in excused.get(intent, ()) else (1, 2, 3, 4)[rank]
    assert crs_of(fever_and(*rows))[2.5] == grade


def test_the_number_of_agents_may_stand_as_a_dose():
    several = a_treatment("A", 2.25, "vasopressor", dose=2.0, dose_unit="{agents}")
    assert crs_of(fever_and(several))[2.25] == 4
    dose = a_treatment("A", 2.25, "vasopressor", dose=2.0, dose_unit="ug")
    assert crs_of(fever_and(dose))[2.25] == 3


def test_rows_of_vasopressors_that_overlap_are_said_to_be_counted():
    rows = [a_treatment("A", 2.25, "vasopressor"), a_treatment("A", 2.5, "vasopressor")]
    graded = grade_cohort(fever_and(*rows))
    assert graded["grade"].tolist()[-1] == 4
    assert "{agents}" in graded["notes"].tolist()[-1]


def test_without_any_treatment_in_the_cohort_vasopressors_are_not_known():
    graded = grade_cohort(fever_and()).iloc[0]
    assert (graded["grade"], graded["highest"]) == (1, 4)
    assert graded["missing"] == "vasopressor"


def test_a_death_due_to_crs_is_grade_5_and_the_last_grading():
    late = a_measurement("A", 4.0, "temperature_c", 39.0)
    died = {"death_day": 3.0, "death_cause": "CRS", "follow_up_days": 3.0}
    assert crs_of(fever_and(late, **died)) == {2.0: 1, 3.0: 5}
    other = {**died, "death_cause": "infection"}
    assert crs_of(fever_and(late, **other)) == {2.0: 1}


def test_nothing_before_the_infusion_is_graded_or_read():
    early = a_cohort(
        an_infusion("A"),
        a_measurement("A", -0.25, "temperature_c", 39.0),
        a_measurement("A", 0.25, "oxygen_device", "ventilator"),
    )
    graded = grade_cohort(early)
    assert graded["known_day"].tolist() == [0.25]
    assert graded["grade"].isna().all()
    assert graded["missing"].tolist()[0].startswith("temperature_c")


def test_a_day_without_hours_is_read_at_its_end():
    cohort = a_cohort(
        an_infusion("A"),
        a_measurement("A", 2.0, "temperature_c", 39.0),
        a_treatment("A", 2.0, "vasopressor", stop_day=2.0),
        a_measurement("A", 3.0, "temperature_c", 38.5),
        a_measurement("A", 3.0, "sbp_mmhg", 120.0),
        resolution="day",
    )
    graded = grade_cohort(cohort)
    by_day = dict(zip(graded["day"], graded["grade"], strict=True))
    assert by_day[2.0] == 3
    assert by_day[3.0] == 1
    assert graded["known_day"].tolist()[0] == 3.0


def test_the_youngest_have_another_limit_of_pressure():
    for age, grade in ((4.0, 1), (61.0, 2)):
        rows = [a_measurement("A", 2.0, "temperature_c", 39.0)]
        rows += [a_measurement("A", 2.0, "sbp_mmhg", 85.0)]
        rows += [a_measurement("A", 2.0, "oxygen_device", "room_air")]
        cohort = a_cohort(an_infusion("A", age_years=age), rows)
        assert crs_of(cohort)[2.0] == grade


def test_an_empty_cohort_is_graded_with_no_rows():
    cohort = a_cohort(an_infusion("A"))
    assert grade_cohort(cohort).empty
    assert beside_the_hand(cohort).empty


@pytest.fixture(scope="module")
def synthetic() -> Cohort:
    return synthesize(60, seed=5).cohort


def test_every_course_is_in_order_and_once_an_instant(synthetic):
    graded = grade_cohort(synthetic)
    keys = graded[["course_id", "toxicity", "known_day"]]
    assert not keys.duplicated().any()
    assert graded["course_id"].drop_duplicates().is_monotonic_increasing
    assert (graded.groupby(["course_id", "toxicity"], observed=True)["known_day"].diff() > 0)[
        graded.groupby(["course_id", "toxicity"], observed=True).cumcount() > 0
    ].all()


def test_a_cohort_keeps_only_rows_of_its_courses():
    cohort = a_cohort(
        an_infusion("A"),
        a_measurement("Z", 1.0, "temperature_c", 39.0),
        a_treatment("Z", 1.0, "vasopressor"),
    )
    recorded = recorded_cohort(cohort)
    assert len(recorded.findings("temperature_c").day) == 0
    assert len(recorded.given.agent) == 0
