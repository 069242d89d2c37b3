"""Laws of the grading rules; the tables themselves stand in tests/spec/."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import CohortError
from features.grading import (
    CrsFindings,
    IcansFindings,
    IecHsFindings,
    Laboratory,
    Oxygen,
    convert,
    grade_crs,
    grade_icaht,
    grade_icans,
    has_fever,
    ice_of,
    iec_hs_criteria,
    oxygen_of,
    uses_capd,
)
from features.grading.assumptions import FEVER_MASKED_DAYS, LOOK_BACK_DAYS
from features.grading.crs_reading import INPUTS_READ as CRS_INPUTS
from features.grading.icans_reading import INPUTS_READ as ICANS_INPUTS
from features.inputs import INPUTS, OTHER_CAUSE
from features.summaries import FEVER_C, MARKS
from features.tables import AGENTS, GRADING_SYSTEMS

maybe = st.sampled_from([None, False, True])
CRS = st.builds(
    CrsFindings,
    fever=maybe,
    fever_not_required=st.booleans(),
    hypotension=maybe,
    vasopressors=st.sampled_from([None, 0, 1, 2, 3]),
    vasopressin=st.booleans(),
    oxygen=st.sampled_from([None, *Oxygen]),
)
LEVELS = {
    name: tuple(word for word in INPUTS[name].levels if word != OTHER_CAUSE)
    for name in ("consciousness", "seizure", "motor_weakness", "cerebral_oedema")
}
ICANS = st.builds(
    IcansFindings,
    ice=st.none() | st.integers(0, 10).map(lambda score: ice_of(score=score)),
    capd=st.none() | st.integers(0, 32),
    child=maybe,
    **{name: st.sampled_from([None, *words]) for name, words in LEVELS.items()},
)


@given(CRS)
def test_the_grade_of_crs_lies_between_its_bounds(found):
    graded = grade_crs(found)
    assert 0 <= graded.lowest <= graded.highest <= 4
    assert graded.grade is None or graded.grade == graded.lowest
    assert (graded.lowest < graded.highest) == bool(graded.missing)
    assert graded.rule


@given(ICANS)
def test_the_grade_of_icans_lies_between_its_bounds(found):
    graded = grade_icans(found)
    assert 0 <= graded.lowest <= graded.highest <= 4
    assert graded.grade is None or graded.grade == graded.lowest
    assert (graded.lowest < graded.highest) == bool(graded.missing)
    assert graded.rule


@given(CRS, st.data())
def test_a_finding_that_was_missing_stays_within_the_bounds_of_crs(found, data):
    filled = {
        "fever": [False, True], "hypotension": [False, True], "vasopressors": [0, 1, 2],
        "oxygen": list(Oxygen),
    }  # fmt: skip
    missing = [name for name in filled if getattr(found, name) is None]
    more = {name: data.draw(st.sampled_from(filled[name])) for name in missing}
    before, after = grade_crs(found), grade_crs(replace(found, **more))
    assert before.lowest <= after.lowest <= after.highest <= before.highest
    assert before.grade is None or after.grade >= before.grade


@given(ICANS, st.data())
def test_a_finding_that_was_missing_stays_within_the_bounds_of_icans(found, data):
    more = {
        name: data.draw(st.sampled_from(words))
        for name, words in LEVELS.items()
        if getattr(found, name) is None
    }
    before, after = grade_icans(found), grade_icans(replace(found, **more))
    assert before.lowest <= after.lowest
    assert before.grade is None or after.grade >= before.grade


@given(CRS.filter(lambda found: found.fever), CRS)
def test_the_worse_axis_of_crs_wins(found, other):
    pressure = replace(found, oxygen=Oxygen.NONE)
    lungs = replace(other, fever=True, hypotension=False, vasopressors=0, vasopressin=False)
    both = replace(pressure, oxygen=lungs.oxygen)
    assert grade_crs(both).lowest == max(grade_crs(pressure).lowest, grade_crs(lungs).lowest)


@given(ICANS)
def test_the_worst_domain_of_icans_wins(found):
    alone = []
    for name in ("ice", *LEVELS):
        others = {one: None for one in ("ice", *LEVELS) if one != name}
        alone.append(grade_icans(replace(found, child=False, **others)).lowest)
    assert grade_icans(replace(found, child=False)).lowest == max(alone)


@given(CRS, CRS)
def test_worse_support_never_lowers_crs(found, other):
    worse = replace(
        found,
        vasopressors=max(found.vasopressors or 0, other.vasopressors or 0),
        vasopressin=found.vasopressin or other.vasopressin,
        oxygen=max(found.oxygen or Oxygen.NONE, other.oxygen or Oxygen.NONE),
    )
    assert grade_crs(worse).lowest >= grade_crs(found).lowest


@given(ICANS.filter(lambda found: found.ice is not None), st.integers(0, 10))
def test_a_lower_ice_never_lowers_icans(found, score):
    worse = replace(found, child=False, ice=ice_of(score=min(score, found.ice.lowest)))
    assert grade_icans(worse).lowest >= grade_icans(replace(found, child=False)).lowest


@pytest.mark.parametrize("name", LEVELS)
def test_what_has_another_cause_never_raises_icans(name):
    well = IcansFindings(ice=ice_of(score=10), **{one: LEVELS[one][0] for one in LEVELS})
    graded = grade_icans(replace(well, **{name: OTHER_CAUSE}))
    assert graded.grade == 0
    assert any("another cause" in note for note in graded.notes)


@pytest.mark.parametrize("toxicity", ["CRS", "ICANS"])
def test_a_death_due_to_it_is_grade_5(toxicity):
    graded = (
        grade_crs(CrsFindings(died=True)) if toxicity == "CRS" else
        grade_icans(IcansFindings(died=True))
    )  # fmt: skip
    assert graded.grade == graded.lowest == graded.highest == 5
    assert graded.rule == f"death due to {toxicity}"


@pytest.mark.parametrize("device", INPUTS["oxygen_device"].levels)
def test_every_device_has_a_severity_as_its_rank_says(device):
    rank = INPUTS["oxygen_device"].levels[device]
    needed = oxygen_of(device, 3.0)
    assert needed is not None
    found = CrsFindings(fever=True, hypotension=False, vasopressors=0, oxygen=needed)
    assert grade_crs(found).grade == (1, 2, 3, 4)[rank]


@pytest.mark.parametrize(
    ("device", "flow", "needed"),
    [
        (None, None, None),
        (None, 0.0, Oxygen.NONE),
        (None, 6.0, Oxygen.LOW_FLOW),
        (None, 6.1, Oxygen.HIGH_FLOW),
        ("nasal_cannula", 6.1, Oxygen.HIGH_FLOW),
        ("nasal_cannula", None, Oxygen.CANNULA_WITHOUT_FLOW),
        ("blow_by", 10.0, Oxygen.LOW_FLOW),
        ("face_mask", 2.0, Oxygen.HIGH_FLOW),
    ],
)
def test_a_device_and_its_flow(device, flow, needed):
    assert oxygen_of(device, flow) == needed


def test_fever_is_38_degrees_as_everywhere_in_the_project():
    assert has_fever(FEVER_C)
    assert not has_fever(FEVER_C - 0.1)
    assert has_fever((100.4 - 32) / 1.8)
    assert not has_fever(float("nan"))


@pytest.mark.parametrize(
    ("age", "delay", "child"),
    [(11.9, None, True), (12.0, None, False), (30.0, True, True), (None, None, None),
     (None, True, True)],
)  # fmt: skip
def test_who_is_graded_by_capd(age, delay, child):
    assert uses_capd(age, delay) is child


def test_an_unknown_age_is_said():
    graded = grade_icans(IcansFindings(ice=ice_of(score=5), child=None))
    assert graded.grade == 2
    assert any("age is not known" in note for note in graded.notes)


def test_a_score_that_contradicts_its_items_is_said():
    graded = grade_icans(IcansFindings(ice=ice_of((4, 3, 1, 1, 1), 4)))
    assert graded.grade == 0
    assert any("contradicts" in note for note in graded.notes)


def test_an_incomplete_ice_names_the_items_that_could_change_the_grade():
    found = IcansFindings(ice=ice_of((4, 3, None, None, 1)), consciousness="awake")
    graded = grade_icans(found)
    assert (graded.grade, graded.lowest) == (None, 0)
    assert graded.missing[:2] == ("ice_command", "ice_writing")
    sure = grade_icans(replace(found, ice=ice_of((4, 3, 0, None, None))))
    assert sure.grade == 1
    assert not set(sure.missing) & {"ice_writing", "ice_attention"}


def test_crs_without_a_temperature_says_so():
    graded = grade_crs(CrsFindings(vasopressors=1, oxygen=Oxygen.NONE))
    assert graded.grade is None
    assert graded.missing == ("temperature_c",)
    assert (graded.lowest, graded.highest) == (0, 3)


@pytest.mark.parametrize("name", [*CRS_INPUTS, *ICANS_INPUTS])
def test_every_input_that_is_read_has_a_look_back(name):
    assert name in INPUTS
    assert LOOK_BACK_DAYS[name] > 0


def test_a_drug_hides_fever_as_long_as_it_marks_a_temperature():
    marked = {
        drug: days for drug, (days, names) in MARKS.items() if "temperature_c" in names
    }  # fmt: skip
    assert {drug: FEVER_MASKED_DAYS[drug] for drug in marked} == marked
    assert set(FEVER_MASKED_DAYS) <= set(AGENTS)


def test_an_assumption_is_named_where_it_decides():
    alone = grade_crs(CrsFindings(fever=True, vasopressors=0, vasopressin=True))
    low = grade_crs(CrsFindings(fever=True, hypotension=True, vasopressors=0))
    quiet = grade_icans(IcansFindings(ice=ice_of(score=10)))
    for graded in (alone, low, quiet):
        assert graded.tag == "A"
        assert not graded.verified
        assert graded.shown_to_clinicians
        assert any("assumption" in note for note in graded.notes)


# --- other scales ------------------------------------------------------------------------------


@pytest.mark.parametrize("system", GRADING_SYSTEMS)
@pytest.mark.parametrize("grade", range(6))
@pytest.mark.parametrize("toxicity", ["CRS", "ICANS"])
def test_only_none_death_and_the_same_system_convert(system, grade, toxicity):
    converted = convert(grade, system, toxicity=toxicity)
    defined = system == "ASTCT" or (
        toxicity == "CRS" and grade in (0, 5) and system != "unknown"
    )  # fmt: skip
    assert converted.grade == (grade if defined else None)
    assert converted.reason


def test_nothing_converts_from_astct():
    assert convert(3, "ASTCT", "Lee").grade is None
    assert convert(3, "Lee", "Lee").grade == 3


@pytest.mark.parametrize(
    "asked", [(7, "Lee"), (2.5, "Lee"), (2, "Bear"), (2, "Lee", "Bear"), (2, "Lee", "ASTCT", "flu")]
)
def test_a_scale_or_grade_that_does_not_exist_is_refused(asked):
    with pytest.raises(CohortError, match="give one"):
        convert(*asked)


def test_a_difference_whose_source_was_not_seen_is_not_shown():
    assert not convert(3, "CTCAE").shown_to_clinicians
    assert convert(3, "Lee").shown_to_clinicians


# --- ICAHT -------------------------------------------------------------------------------------


def test_neutrophil_cut_offs_are_not_shown_and_platelet_ones_are():
    days = range(31)
    assert not grade_icaht(days, [0.3] * 31, "neutrophils", "early").shown_to_clinicians
    assert grade_icaht(days, [10.0] * 31, "platelets", "early").shown_to_clinicians


def test_a_count_stands_for_three_days_after_it():
    dense = grade_icaht(range(0, 31, 4), [10.0] * 8, "platelets", "early")
    assert (dense.grade, dense.lowest, dense.highest) == (4, 4, 4)


def test_days_far_from_a_count_are_unknown():
    sparse = grade_icaht([0, 30], [160.0, 160.0], "platelets", "early")
    assert sparse.grade is None
    assert (sparse.lowest, sparse.highest) == (0, 4)
    assert sparse.missing == ("platelets_10e9_l",)
    low = grade_icaht([0, 20], [40.0, 160.0], "platelets", "early")
    assert (low.grade, low.highest) == (1, 4)


def test_no_count_is_no_grade():
    assert grade_icaht([], [], "neutrophils", "early").grade is None
    assert grade_icaht([], [], "neutrophils", "late").grade is None


def test_never_above_500_needs_the_whole_phase():
    so_far = grade_icaht(range(5), [0.3] * 5, "neutrophils", "early", until_day=4.9)
    assert so_far.grade == 1
    assert any("So far" in note for note in so_far.notes)


@pytest.mark.parametrize(
    ("counts", "grade"),
    [([0.05], None), ([0.05, 2.0], 0), ([0.05, 1.4], 1), ([0.9, 1.0, 3.0], 2), ([0.4, 0.4], 3),
     ([0.1, 0.1], 4)],
)  # fmt: skip
def test_late_neutropenia_needs_two_counts(counts, grade):
    days = [35 + 7 * at for at in range(len(counts))]
    assert grade_icaht(days, counts, "neutrophils", "late").grade == grade


@pytest.mark.parametrize(
    ("count", "n_days", "grade"), [(120.0, 70, 0), (80.0, 70, 1), (40.0, 70, 2), (10.0, 70, 4)]
)
def test_late_thrombocytopenia(count, n_days, grade):
    days = range(31, 31 + n_days)
    assert grade_icaht(days, [count] * n_days, "platelets", "late").grade == grade


@given(
    st.lists(st.tuples(st.integers(0, 30), st.floats(0, 100)), max_size=40),
    st.sampled_from(["neutrophils", "platelets"]),
    st.floats(0, 1),
)
def test_lower_counts_never_lower_icaht_and_order_does_not_matter(rows, lineage, share):
    days, counts = [day for day, _ in rows], [count for _, count in rows]
    graded = grade_icaht(days, counts, lineage, "early")
    assert graded.lowest <= graded.highest
    assert grade_icaht(days[::-1], counts[::-1], lineage, "early") == graded
    worse = grade_icaht(days, [count * share for count in counts], lineage, "early")
    assert worse.lowest >= graded.lowest


# --- IEC-HS ------------------------------------------------------------------------------------


def test_nothing_known_leaves_every_criterion_open():
    asked = iec_hs_criteria(IecHsFindings())
    assert asked.names(None) == tuple(one.name for one in asked.criteria)
    assert not asked.shown_to_clinicians
    assert not any(one.verified for one in asked.criteria)
    assert asked.advice.endswith("Assess by local protocol.")


@pytest.mark.parametrize(
    ("ferritin", "met"),
    [
        (Laboratory(900, upper_limit=300, baseline=800), True),
        (Laboratory(900, upper_limit=600, baseline=400), True),
        (Laboratory(900, upper_limit=600, baseline=800), False),
        (Laboratory(900, upper_limit=600), None),
        (Laboratory(900), None),
        (Laboratory(), None),
    ],
)
def test_ferritin_against_normal_or_baseline(ferritin, met):
    asked = iec_hs_criteria(IecHsFindings(ferritin=ferritin))
    assert asked.criteria[0].kind == "required"
    assert asked.criteria[0].met is met


@pytest.mark.parametrize(
    ("ast", "met"),
    [
        (Laboratory(210, upper_limit=40), True),
        (Laboratory(190, upper_limit=40), False),
        (Laboratory(210, upper_limit=40, baseline=100), False),
        (Laboratory(510, upper_limit=40, baseline=100), True),
        (Laboratory(210), None),
    ],
)
def test_transaminases_against_normal_or_an_abnormal_baseline(ast, met):
    normal = Laboratory(20, upper_limit=40)
    asked = iec_hs_criteria(IecHsFindings(ast=ast, alt=normal))
    found = {one.name: one.met for one in asked.criteria}
    assert found["AST or ALT above 5 x normal"] is met


def test_what_a_person_judged_is_taken_over():
    asked = iec_hs_criteria(IecHsFindings(judged={"haemophagocytosis": True, "lung_signs": False}))
    assert asked.names(True) == ("haemophagocytosis",)
    assert asked.names(False) == ("lung_signs",)
