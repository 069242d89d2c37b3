"""Grades at instants: what is known decides, in any order, one course or many."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.errors import CohortError
from features.grading import (
    crs_at,
    disagreements,
    grade_cohort,
    icaht_at,
    icans_at,
    iec_hs_at,
    recorded_cohort,
    recorded_course,
)
from features.grading.timed import LastNoted, RunningNow, visible_after
from features.inputs import INPUTS
from features.sources.synthetic import synthesize
from features.tables import INTENTS, Cohort
from tests.builders import (
    a_cohort,
    a_grading,
    a_measurement,
    a_treatment,
    an_infusion,
)

# --- the three searches against the plain way ------------------------------------------------

quarter_days = st.integers(0, 12).map(lambda quarters: quarters / 4)
rows_of_courses = st.lists(
    st.tuples(st.integers(0, 2), quarter_days, quarter_days, st.integers(0, 3)), max_size=25
)


def columns(rows, n):
    made = np.array(rows, dtype=np.float64).reshape(-1, n)
    return made[:, 0].astype(np.int64), *(made[:, at] for at in range(1, n))


@given(rows_of_courses, st.integers(0, 2), quarter_days, st.sampled_from([0.5, 1.0, np.inf]))
def test_the_last_noted_is_the_latest_day_of_what_is_visible(rows, course, at, within):
    of, day, delay, severity = columns(rows, 4)
    visible = day + delay
    found = LastNoted(of, day, visible, severity).at(np.array([course]), np.array([at]), within)[0]
    seen = [
        (day[row], severity[row])
        for row in range(len(of))
        if of[row] == course and visible[row] <= at
    ]
    if not seen or max(seen)[0] < at - within:
        assert found == -1
    else:
        assert (day[found], severity[found]) == max(seen)
        assert of[found] == course


@given(rows_of_courses, st.integers(0, 2), quarter_days)
def test_what_runs_now_is_what_began_and_has_not_stopped(rows, course, at):
    of, begin, length, weight = columns(rows, 4)
    end = np.where(length > 2, np.inf, begin + length - 0.25)
    running = RunningNow(of, begin, end, weight).at(np.array([course]), np.array([at]))[0]
    assert running == weight[(of == course) & (begin <= at) & (end > at)].sum()


@given(rows_of_courses, st.integers(0, 2), quarter_days)
def test_the_first_visible_of_what_was_made_later(rows, course, start):
    of, day, delay, _ = columns(rows, 4)
    found = visible_after(of, day, day + delay, np.array([course]), np.array([start]))[0]
    later = (of == course) & (day > start)
    assert found == min((day + delay)[later], default=np.inf)


# --- laws --------------------------------------------------------------------------------------

TEXTS = {name: list(INPUTS[name].levels) for name in INPUTS if INPUTS[name].is_text}
NUMBERS = {
    "temperature_c": (36.5, 37.9, 38.0, 39.5),
    "sbp_mmhg": (80.0, 120.0),
    "map_mmhg": (60.0, 80.0),
    "oxygen_flow_l_min": (0.0, 4.0, 9.0),
    "ice_score": (0.0, 5.0, 10.0),
    "ice_orientation": (2.0, 4.0),
    "ice_naming": (3.0,),
    "ice_command": (1.0,),
    "ice_writing": (0.0, 1.0),
    "ice_attention": (1.0,),
    "capd_score": (4.0, 12.0),
}
GRADED_BY = {"CRS": crs_at, "ICANS": icans_at}


@st.composite
def a_result(draw):
    name = draw(st.sampled_from([*NUMBERS, *TEXTS]))
    day = draw(st.integers(-2, 24)) / 4
    found = draw(st.sampled_from(NUMBERS.get(name) or TEXTS[name]))
    return a_measurement("A", day, name, found, known_day=day + draw(st.sampled_from([0, 0, 0.5])))


@st.composite
def a_drug(draw):
    start = draw(st.integers(-2, 24)) / 4
    agents = (
        "vasopressor", "vasopressin", "oxygen", "intubation", "positive_pressure_ventilation",
        "tocilizumab", "corticosteroid", "antipyretic",
    )  # fmt: skip
    return a_treatment(
        "A", start, draw(st.sampled_from(agents)),
        stop_day=draw(st.sampled_from([None, start + 0.5, start + 2.0])),
        known_day=start + draw(st.sampled_from([0, 0, 0.5])),
        dose=draw(st.sampled_from([None, 2.0, 8.0])),
        dose_unit=draw(st.sampled_from([None, "L/min", "{agents}"])),
        intent=draw(st.sampled_from([None, "treatment", "chronic", "airway_protection"])),
    )  # fmt: skip


records = st.tuples(st.lists(a_result(), max_size=14), st.lists(a_drug(), max_size=6))
instants = st.integers(0, 28).map(lambda quarters: quarters / 4)


def as_one(cells_of_results, cells_of_drugs, facts=None, resolution="instant"):
    """Read builder rows as a request would send them."""
    results = [
        (row["input"], row["day"], row["known_day"], row.get("text", row.get("value")))
        for row in cells_of_results
    ]
    drugs = [
        tuple(
            row[name]
            for name in (
                "agent", "start_day", "stop_day", "known_day", "dose", "dose_unit", "intent",
            )
        )
        for row in cells_of_drugs
    ]  # fmt: skip
    return recorded_course(facts or {"age_years": 61.0}, results, drugs, resolution=resolution)


@pytest.mark.parametrize("toxicity", GRADED_BY)
@settings(deadline=None, max_examples=80)
@given(records, instants)
def test_what_becomes_known_later_changes_nothing(toxicity, record, at):
    results, drugs = ([row.cells for row in rows] for rows in record)
    known = [row for row in results if row["known_day"] <= at]
    so_far = [
        {**row, "stop_day": row["stop_day"] if (row["stop_day"] or 0.0) <= at else None}
        for row in drugs
        if row["known_day"] <= at
    ]
    grade = GRADED_BY[toxicity]
    assert grade(as_one(results, drugs), at) == grade(as_one(known, so_far), at)


@pytest.mark.parametrize("toxicity", GRADED_BY)
@settings(deadline=None, max_examples=80)
@given(records, instants, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(toxicity, record, at, random):
    results, drugs = ([row.cells for row in rows] for rows in record)
    grade = GRADED_BY[toxicity]
    before = grade(as_one(results, drugs), at)
    random.shuffle(results)
    random.shuffle(drugs)
    assert grade(as_one(results, drugs), at) == before


@settings(deadline=None, max_examples=40)
@given(records, records)
def test_a_course_in_a_cohort_is_graded_as_it_is_alone(one, other):
    def rows(name, record):
        drawn = [*record[0], *record[1]]
        return [type(row)(row.table, {**row.cells, "course_id": name}) for row in drawn]

    cohort = a_cohort(
        an_infusion("A", age_years=61.0),
        an_infusion("B", age_years=61.0),
        rows("A", one),
        rows("B", other),
    )
    graded = grade_cohort(cohort)
    recorded = bool(one[1] or other[1])
    for name, record in (("A", one), ("B", other)):
        alone = as_one(*([row.cells for row in rows] for rows in record))
        alone = replace(alone, treatments_recorded=recorded)
        for row in graded[graded["course_id"] == name].itertuples():
            expected = GRADED_BY[row.toxicity](alone, row.known_day)
            assert (row.lowest, row.highest, row.rule) == (
                expected.lowest, expected.highest, expected.rule,
            )  # fmt: skip
            assert row.missing == ", ".join(expected.missing)


# --- what the tables tell ------------------------------------------------------------------------


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
    assert disagreements(cohort).empty


# --- gradings by hand ---------------------------------------------------------------------------


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


def test_a_grade_by_hand_is_flagged_and_the_table_is_left_alone():
    cohort = by_hand(a_grading("A", 2.0, 3, system="ASTCT"))
    before = cohort.grades.copy()
    flagged = disagreements(cohort)
    assert flagged[["by_hand", "computed", "kind"]].to_numpy().tolist() == [
        [3.0, 4.0, "contradicted"]
    ]
    assert flagged["rule"].tolist() == ["positive pressure for hypoxia"]
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
    flagged = disagreements(by_hand(a_grading("A", 2.0, 3, **cells), **manifest))
    assert len(flagged) == compared


def test_a_grade_that_the_findings_allow_and_do_not_decide_is_not_flagged():
    cohort = a_cohort(
        an_infusion("A", age_years=61.0),
        a_measurement("A", 2.0, "oxygen_device", "nasal_cannula"),
        a_grading("A", 2.0, 2, system="ASTCT"),
    )
    assert disagreements(cohort).empty


@pytest.fixture(scope="module")
def synthetic() -> Cohort:
    return synthesize(60, seed=5).cohort


def test_the_synthetic_grades_agree_with_their_own_findings(synthetic):
    flagged = disagreements(synthetic)
    compared = (synthetic.grades["day"] >= 0).sum()
    assert len(flagged) < 0.06 * compared
    severe = synthetic.grades[(synthetic.grades["grade"] >= 3) & (synthetic.grades["day"] >= 0)]
    missed = flagged[(flagged["by_hand"] >= 3) & (flagged["computed"] < 3)]
    assert len(severe) > 30
    assert len(missed) < 0.1 * len(severe)


def test_every_course_is_in_order_and_once_an_instant(synthetic):
    graded = grade_cohort(synthetic)
    keys = graded[["course_id", "toxicity", "known_day"]]
    assert not keys.duplicated().any()
    assert graded["course_id"].drop_duplicates().is_monotonic_increasing
    assert (graded.groupby(["course_id", "toxicity"], observed=True)["known_day"].diff() > 0)[
        graded.groupby(["course_id", "toxicity"], observed=True).cumcount() > 0
    ].all()


# --- one course: ICAHT, IEC-HS, and what is refused -----------------------------------------------


def test_icaht_at_an_instant_knows_nothing_later():
    rows = [("platelets_10e9_l", float(day), None, 12.0) for day in range(31)]
    recorded = recorded_course({}, rows)
    assert icaht_at(recorded, 5.5)["platelets", "early"].grade == 3
    assert icaht_at(recorded, 20.5)["platelets", "early"].grade == 4
    assert ("platelets", "late") not in icaht_at(recorded, 20.5)
    assert icaht_at(recorded, 33.5)["platelets", "late"].grade == 3


def test_iec_hs_at_an_instant():
    rows = [
        ("ferritin_ng_ml", -1.0, None, 400.0),
        ("ferritin_ng_ml", 9.0, None, 5000.0),
        ("fibrinogen_mg_dl", 9.0, None, 120.0),
        ("ast_u_l", 9.0, None, 300.0, 10.0, 40.0),
        ("ldh_u_l", 2.0, None, 900.0, 100.0, 250.0),
    ]
    asked = iec_hs_at(recorded_course({}, rows), 10.0, {"haemophagocytosis": True})
    assert asked.names(True) == (
        "ferritin above 2 x normal or baseline",
        "AST or ALT above 5 x normal",
        "fibrinogen below 150 mg/dL or normal",
        "haemophagocytosis",
    )
    assert "LDH above normal" in asked.names(None)
    assert iec_hs_at(recorded_course({}, rows), 8.0).names(True) == ()


@pytest.mark.parametrize(
    ("results", "drugs"),
    [
        ([("temperature", 1.0, None, 39.0)], []),
        ([("temperature_c", 1.0, None, "hot")], []),
        ([("oxygen_device", 1.0, None, "snorkel")], []),
        ([("oxygen_device", 1.0, None, 2.0)], []),
        ([], [("aspirin", 1.0, None, None)]),
        ([], [("oxygen", 1.0, None, None, None, None, "fun")]),
    ],
)
def test_words_that_do_not_exist_are_refused_without_repeating_them(results, drugs):
    with pytest.raises(CohortError) as refused:
        recorded_course({}, results, drugs)
    for word in ("hot", "snorkel", "aspirin", "fun"):
        assert word not in str(refused.value).split()


def test_a_cohort_keeps_only_rows_of_its_courses():
    cohort = a_cohort(
        an_infusion("A"),
        a_measurement("Z", 1.0, "temperature_c", 39.0),
        a_treatment("Z", 1.0, "vasopressor"),
    )
    recorded = recorded_cohort(cohort)
    assert len(recorded.findings("temperature_c").day) == 0
    assert len(recorded.given.agent) == 0
