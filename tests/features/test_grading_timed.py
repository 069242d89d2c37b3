"""Laws of grades at instants: what is known decides, in any order, one course or many."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.errors import CohortError
from features.grading import (
    crs_at,
    grade_cohort,
    icaht_at,
    icans_at,
    iec_hs_at,
    recorded_course,
)
from features.inputs import INPUTS
from tests.builders import (
    a_cohort,
    a_measurement,
    a_treatment,
    an_infusion,
)

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
