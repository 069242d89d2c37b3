import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features import product_facts
from features.arrays import CourseArrays, course_arrays
from features.blocks import READINGS_PER_BLOCK
from features.columns import COLUMNS, CONCEPTS, GROUPS
from features.errors import CohortError, ModelFormatError, PlanError
from features.inputs import COURSE_FIELDS, INPUTS
from features.matrix import (
    PredictorSet,
    default_predictors,
    describe,
    feature_matrix,
    features_of_course,
)
from features.predictors import SURVEILLANCE_EXCLUDED
from features.questions import QUESTIONS
from features.scores import easix
from features.tables import Cohort
from tests.builders import (
    Row,
    a_cohort,
    a_grading,
    a_measurement,
    a_treatment,
    an_infusion,
    gradings,
)

EVERYTHING = PredictorSet()


def at(*pairs: tuple[str, float]) -> pd.DataFrame:
    """Return landmarks."""
    return pd.DataFrame(list(pairs), columns=["course_id", "instant"])


def seen_at(instant: float, *rows: Row | list[Row], **manifest: Any) -> pd.Series:
    """Return everything known of course A at `instant`."""
    cohort = a_cohort(*rows, **manifest)
    return feature_matrix(cohort, at(("A", instant)), EVERYTHING).iloc[0]


def bits(matrix: pd.DataFrame | np.ndarray) -> bytes:
    """Return the bytes, so that equal means equal to the bit (NaN included)."""
    return np.ascontiguousarray(np.asarray(matrix, dtype=np.float64)).tobytes()


# --- What a column says -------------------------------------------------------------------------


def test_summaries_of_a_linear_input() -> None:
    readings = {-2.0: 36.5, 0.0: 36.8, 1.0: 38.0, 2.0: 39.0, 2.5: 38.5}
    rows = [a_measurement("A", day, "temperature_c", one) for day, one in readings.items()]
    row = seen_at(3.0, an_infusion(), rows)
    assert row["temperature_c__last"] == 38.5
    assert row["temperature_c__max"] == 39.0
    assert row["temperature_c__min"] == 36.8
    assert row["temperature_c__change"] == pytest.approx(1.7)
    assert row["temperature_c__hours_since"] == 12.0
    expected = np.polyfit([0.0, 1.0, 2.0, 2.5], [36.8, 38.0, 39.0, 38.5], 1)[0]
    assert row["temperature_c__slope"] == pytest.approx(expected)


def test_an_input_read_as_ratios_is_in_log2() -> None:
    rows = [a_measurement("A", day, "crp_mg_l", one) for day, one in {-1.0: 7, 1.0: 31}.items()]
    row = seen_at(2.0, an_infusion(), rows)
    assert row["crp_mg_l__last"] == 5.0
    assert row["crp_mg_l__change"] == 2.0
    assert describe("crp_mg_l__last").transform == "log2(1+x)"
    assert describe("crp_mg_l__hours_since").transform == ""


def test_what_cannot_be_said_is_missing() -> None:
    one = seen_at(5.0, an_infusion(), a_measurement("A", 4, "spo2_percent", 96))
    assert math.isnan(one["spo2_percent__slope"])  # needs two instants
    assert math.isnan(one["spo2_percent__change"])  # no baseline
    before = seen_at(5.0, an_infusion(), a_measurement("A", -1, "spo2_percent", 96))
    assert math.isnan(before["spo2_percent__max"])
    assert math.isnan(before["spo2_percent__change"])  # nothing since
    assert before["spo2_percent__last"] == 96
    twice = [a_measurement("A", 4, "spo2_percent", one) for one in (96, 97)]
    assert math.isnan(seen_at(5.0, an_infusion(), twice)["spo2_percent__slope"])


def test_a_flat_series_has_a_slope_of_exactly_zero() -> None:
    flat = [a_measurement("A", day, "sodium_mmol_l", 139.1) for day in (1.1, 2.3, 2.7)]
    assert seen_at(3.0, an_infusion(), flat)["sodium_mmol_l__slope"] == 0.0


def test_an_amended_result_replaces_the_first_one_once_it_is_known() -> None:
    rows = (
        a_measurement("A", 1.0, "sodium_mmol_l", 120, known_day=1.1),
        a_measurement("A", 1.0, "sodium_mmol_l", 140, known_day=2.0),
    )
    assert seen_at(1.5, an_infusion(), *rows)["sodium_mmol_l__last"] == 120
    assert seen_at(2.0, an_infusion(), *rows)["sodium_mmol_l__last"] == 140


def test_texts_are_read_by_their_rank() -> None:
    row = seen_at(2.0, an_infusion(), a_measurement("A", 1, "oxygen_device", "cpap"))
    assert row["oxygen_device__last"] == INPUTS["oxygen_device"].levels["cpap"]


def test_grade_course() -> None:
    row = seen_at(4.0, an_infusion(), gradings("A", {0: 0, 1: 1, 2: 2, 2.5: 3, 3.25: 1}))
    assert row["crs_grade"] == 1
    assert row["crs_highest"] == 3
    assert row["crs_days_since_onset"] == 3.0
    assert row["crs_change_24h"] == -1  # against the grading of day 2, the last a day earlier
    assert row["crs_hours_since_grading"] == 18.0
    assert math.isnan(row["icans_grade"])


def test_fever_course() -> None:
    temperatures = {-1.0: 39.0, 1.0: 38.0, 2.0: 39.1, 2.75: 37.2}
    rows = [a_measurement("A", day, "temperature_c", one) for day, one in temperatures.items()]
    row = seen_at(3.0, an_infusion(), rows)
    assert row["days_since_fever_onset"] == 2.0
    assert row["hours_since_fever"] == 24.0
    assert row["fever_24h"] == 1.0
    assert seen_at(3.5, an_infusion(), rows)["fever_24h"] == 0.0
    assert math.isnan(seen_at(5.0, an_infusion(), rows)["fever_24h"])


def test_treatments_so_far() -> None:
    row = seen_at(
        4.0,
        an_infusion(),
        a_treatment("A", 2.0),
        a_treatment("A", 2.5),
        a_treatment("A", 2.5),  # the same dose, entered twice
        a_treatment("A", 2.2, "corticosteroid", stop_day=3.4),
        a_treatment("A", 3.0, "vasopressin"),
        a_treatment("A", 1.0, "intubation", stop_day=2.0),
    )
    assert row["tocilizumab_doses"] == 2
    assert row["hours_since_tocilizumab"] == 36.0
    assert row["corticosteroid_days"] == 2  # days 2 and 3
    assert row["corticosteroid_now"] == 0
    assert row["vasopressor_now"] == 1
    assert row["ventilation_now"] == 0
    assert row["oxygen_days"] == 2
    assert row["siltuximab_doses"] == 0


def test_readings_taken_under_a_treatment_are_marked() -> None:
    rows = (
        an_infusion(),
        a_treatment("A", 2.0),
        a_treatment("A", 1.0, "oxygen", stop_day=1.5),
        a_measurement("A", 1.9, "crp_mg_l", 90),
        a_measurement("A", 2.1, "il6_pg_ml", 900),
        a_measurement("A", 1.2, "spo2_percent", 97),
    )
    row = seen_at(3.0, *rows)
    assert row["il6_pg_ml__after_tocilizumab"] == 1
    assert row["crp_mg_l__after_tocilizumab"] == 0
    assert math.isnan(row["temperature_c__after_tocilizumab"])
    assert row["spo2_percent__after_oxygen"] == 1
    later = seen_at(3.0, *rows, a_measurement("A", 2.9, "spo2_percent", 95))
    assert later["spo2_percent__after_oxygen"] == 0


def test_scores_use_the_last_readings_and_car_hematotox_the_baseline() -> None:
    before = {
        "ldh_u_l": 200, "creatinine_mg_dl": 1.0, "platelets_10e9_l": 180, "anc_10e9_l": 3.0,
        "haemoglobin_g_dl": 10.0, "crp_mg_l": 5.0, "ferritin_ng_ml": 300,
    }  # fmt: skip
    row = seen_at(
        3.0,
        an_infusion(),
        [a_measurement("A", -1, name, one) for name, one in before.items()],
        a_measurement("A", 2.5, "platelets_10e9_l", 25),
    )
    assert row["easix"] == pytest.approx(float(np.log2(easix(200, 1.0, 25))))
    assert row["car_hematotox"] == 0


def test_split_dosing_is_seen_once_it_has_happened() -> None:
    assert seen_at(9.0, an_infusion(second_dose_day=10.0))["days_since_last_dose"] == 9.0
    assert seen_at(12.0, an_infusion(second_dose_day=10.0))["days_since_last_dose"] == 2.0


def test_product_facts_and_an_unknown_product() -> None:
    known = seen_at(0.0, an_infusion(product="Kymriah", diagnosis="B-ALL"))
    assert known["prior_logit_crs_3"] == pytest.approx(math.log(0.164 / 0.836))
    assert known["costimulation=4-1BB"] == 1.0
    unknown = seen_at(0.0, an_infusion(product="something new"))
    assert unknown[[name for name in unknown.index if name.startswith("prior_")]].isna().all()
    assert math.isnan(unknown["target=CD19"])


def test_facts_of_the_course() -> None:
    row = seen_at(0.0, an_infusion(age_years=61.0, bridging=True, sex="male", dose_car_t_cells=1e8))
    assert row["age_years"] == 61.0
    assert row["bridging"] == 1.0
    assert row["sex=male"] == 1.0
    assert row["sex=female"] == 0.0
    assert row["dose_car_t_cells"] == 8.0
    assert math.isnan(row["weight_kg"])
    assert math.isnan(row["lymphodepletion=none"])


# --- Laws ---------------------------------------------------------------------------------------

INSTANTS = st.sampled_from([-1.0, 0.0, 0.5, 1.0, 2.0, 2.75, 3.0, 4.0, 6.0])
DAYS = st.sampled_from([-3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 2.75, 3.0, 3.5, 4.0, 5.0, 6.5])
DELAYS = st.sampled_from([0.0, 0.0, 0.25, 1.0, 3.0])
NUMBERS = st.sampled_from([0.0, 1.0, 20.0, 36.5, 38.0, 39.5, 41.0])
MEASURED = st.sampled_from(
    ["crp_mg_l", "temperature_c", "platelets_10e9_l", "ldh_u_l", "creatinine_mg_dl", "il6_pg_ml",
     "spo2_percent", "anc_10e9_l", "haemoglobin_g_dl", "ferritin_ng_ml"]
)  # fmt: skip
AGENTS = st.sampled_from(
    [
        "tocilizumab",
        "corticosteroid",
        "oxygen",
        "vasopressor",
        "transfusion_platelets",
        "intubation",
    ]
)


@st.composite
def a_row(draw: st.DrawFn, course_id: str, after: float | None = None) -> Row:
    """Draw a measurement, grading or treatment; known only after `after` where it is given."""
    day = draw(DAYS)
    known = day + draw(DELAYS)
    if after is not None:
        known = max(known, after + draw(st.sampled_from([1e-6, 0.5, 4.0])))
    kind = draw(st.sampled_from(["measurement", "grading", "treatment"]))
    if kind == "measurement":
        return a_measurement(course_id, day, draw(MEASURED), draw(NUMBERS), known_day=known)
    if kind == "grading":
        toxicity = draw(st.sampled_from(["CRS", "ICANS"]))
        return a_grading(course_id, day, draw(st.integers(0, 4)), toxicity, known_day=known)
    stop = draw(st.none() | st.sampled_from([0.0, 0.5, 2.0, 20.0]))
    stop_day = None if stop is None else day + stop
    return a_treatment(course_id, day, draw(AGENTS), stop_day=stop_day, known_day=known)


def courses(**later: Any) -> list[Row]:
    """Return two courses of different products."""
    return [
        an_infusion("A", age_years=60.0, **later),
        an_infusion("B", product="Carvykti", diagnosis="MM", **later),
    ]


ROWS = st.lists(st.sampled_from("AB").flatmap(a_row), max_size=25)


@settings(deadline=None, max_examples=80)
@given(st.data(), INSTANTS, st.sampled_from(["instant", "day"]))
def test_what_becomes_known_after_the_landmark_changes_nothing(
    data: st.DataObject, instant: float, resolution: str
) -> None:
    rows = data.draw(ROWS)
    future = data.draw(st.lists(a_row("A", after=instant), min_size=1, max_size=10))
    fate = {
        "follow_up_days": 3.0, "discharge_day": 2.0, "readmission_day": 5.0, "death_day": 9.0,
        "death_cause": "CRS", "second_dose_day": 6.5 if instant < 6.5 else None,
    }  # fmt: skip
    landmarks = at(("A", instant), ("B", instant))
    plain = feature_matrix(a_cohort(courses(), rows, resolution=resolution), landmarks, EVERYTHING)
    with_future = feature_matrix(
        a_cohort(courses(**fate), rows, future, resolution=resolution), landmarks, EVERYTHING
    )
    assert bits(plain) == bits(with_future)


@settings(deadline=None, max_examples=40)
@given(st.data(), INSTANTS)
def test_how_long_a_running_treatment_will_go_on_is_not_known(
    data: st.DataObject, instant: float
) -> None:
    agent = data.draw(AGENTS)
    start = data.draw(DAYS.filter(lambda day: day <= instant))
    reading = a_measurement("A", start, "spo2_percent", 95.0)
    made = [
        seen_at(instant, an_infusion(), reading, a_treatment("A", start, agent, stop_day=stop))
        for stop in (instant + 1e-3, instant + 0.7, instant + 9.0)
    ]
    assert bits(made[0]) == bits(made[1]) == bits(made[2])


@pytest.mark.parametrize("agent", ["corticosteroid", "vasopressor", "oxygen", "anakinra"])
def test_nor_where_only_days_are_known(agent: str) -> None:
    """Read at the end of day 3, a stop on day 3, 4 or 9 is one: it still ran."""
    made = [
        seen_at(4.0, an_infusion(), a_treatment("A", 2.0, agent, stop_day=stop), resolution="day")
        for stop in (3.0, 4.0, 9.0)
    ]
    assert bits(made[0]) == bits(made[1]) == bits(made[2])
    assert made[0].filter(like=f"{agent}_days").tolist() == [2.0]


@settings(deadline=None, max_examples=60)
@given(ROWS, st.randoms(use_true_random=False))
def test_row_order_changes_nothing(rows: list[Row], random: Any) -> None:
    landmarks = at(("B", 3.0), ("A", 2.0), ("A", 4.0))
    shuffled = random.sample(rows, len(rows))
    first = feature_matrix(a_cohort(courses(), rows), landmarks, EVERYTHING)
    second = feature_matrix(a_cohort(courses()[::-1], shuffled), landmarks, EVERYTHING)
    assert bits(first) == bits(second)


def test_the_order_of_readings_of_one_instant_changes_nothing() -> None:
    """The one known last is the last; among those known together, the largest."""
    rows = [
        a_measurement("A", 1.0, "sodium_mmol_l", value, known_day=known)
        for value, known in ((150, 1.0), (131, 1.5), (137, 1.5), (140, 1.25))
    ]
    for turn in range(4):
        row = seen_at(2.0, an_infusion(), rows[turn:] + rows[:turn])
        assert row["sodium_mmol_l__last"] == 137


def as_request(cohort: Cohort, course_id: str) -> CourseArrays:
    """Return one course as the service would read it."""

    def rows(table: str, *columns: str) -> list[tuple[Any, ...]]:
        frame = cohort.table(table)
        mine = frame[frame["course_id"] == course_id][list(columns)].astype(object)
        plain = mine.where(mine.notna(), None)
        return list(plain.itertuples(index=False, name=None))

    facts = cohort.courses[cohort.courses["course_id"] == course_id].iloc[0]
    return course_arrays(
        {name: None if pd.isna(one) else one for name, one in facts.items()},
        rows("measurements", "input", "day", "known_day", "value"),
        rows("treatments", "agent", "start_day", "stop_day", "known_day"),
        rows("grades", "toxicity", "day", "known_day", "grade"),
        resolution=cohort.manifest.resolution,
    )


@settings(deadline=None, max_examples=50)
@given(ROWS, st.sampled_from(["instant", "day"]))
def test_one_by_one_equals_all_at_once_to_the_bit(rows: list[Row], resolution: str) -> None:
    cohort = a_cohort(courses(second_dose_day=2.5), rows, resolution=resolution)
    instants = [0.0, 2.0, 3.0, 6.0]
    landmarks = at(*((name, one) for one in instants for name in "BA"))
    together = feature_matrix(cohort, landmarks, EVERYTHING)
    for name in "AB":
        alone = features_of_course(as_request(cohort, name), instants, EVERYTHING)
        assert bits(alone) == bits(together[landmarks["course_id"] == name])


def random_rows(n_courses: int, per_course: int, seed: int) -> Cohort:
    rng = np.random.default_rng(seed)
    names = [f"course {i}" for i in range(n_courses)]
    cohort = a_cohort([an_infusion(name) for name in names])
    n = n_courses * per_course
    day = rng.uniform(-5, 14, n)
    measured = rng.choice([name for name, one in INPUTS.items() if not one.is_text][:20], n)
    cohort.measurements = cohort.measurements.reindex(range(n)).assign(
        course_id=rng.choice(names, n),
        day=day,
        known_day=day + rng.exponential(0.2, n),
        input=measured,
        value=rng.lognormal(2, 1.5, n),
    )
    return cohort


@pytest.mark.slow
def test_blocks_do_not_show() -> None:
    """Courses in several blocks, at unlike instants, equal the same courses one by one."""
    cohort = random_rows(300, 1500, seed=1)
    assert len(cohort.measurements) > 2 * READINGS_PER_BLOCK
    rng = np.random.default_rng(2)
    names = cohort.courses["course_id"].to_numpy(dtype=object)
    landmarks = pd.DataFrame(
        {"course_id": rng.choice(names, 900), "instant": np.round(rng.uniform(0, 14, 900), 3)}
    )
    together = feature_matrix(cohort, landmarks, EVERYTHING)
    for name in names[::23]:
        mine = landmarks["course_id"] == name
        instants = landmarks.loc[mine, "instant"].tolist()
        alone = features_of_course(as_request(cohort, name), instants, EVERYTHING)
        assert bits(alone) == bits(together[mine])


def test_more_or_fewer_readings_of_the_same_values_are_not_counted() -> None:
    """No column tells how many rows there are, apart from the doses and days of treatments."""
    days = np.linspace(1.0, 2.0, 40)
    once = [a_measurement("A", day, "crp_mg_l", 15.0) for day in (1.0, 2.0)]
    often = [a_measurement("A", day, "crp_mg_l", 15.0) for day in days]
    assert bits(seen_at(2.0, an_infusion(), once)) == bits(seen_at(2.0, an_infusion(), often))


def test_a_cohort_that_has_none_of_an_input_gets_missing_columns() -> None:
    matrix = feature_matrix(a_cohort(an_infusion()), at(("A", 3.0)), EVERYTHING)
    assert tuple(matrix.columns) == EVERYTHING.names()
    readings = [name for name, column in COLUMNS.items() if column.input is not None]
    assert matrix[readings].isna().all(axis=None)


def test_order_and_index_of_landmarks_are_kept() -> None:
    cohort = a_cohort(courses(), a_measurement("B", 1.0, "sodium_mmol_l", 140))
    landmarks = at(("B", 2.0), ("A", 2.0), ("B", 0.0)).set_axis([7, 3, 5])
    matrix = feature_matrix(cohort, landmarks, EVERYTHING)
    assert matrix.index.tolist() == [7, 3, 5]
    assert matrix["sodium_mmol_l__last"].tolist()[0] == 140
    assert matrix["sodium_mmol_l__last"].isna().tolist() == [False, True, True]
    assert (matrix.dtypes == "float64").all()


def test_no_landmarks_give_an_empty_matrix_with_its_columns() -> None:
    empty = at().astype({"course_id": "str", "instant": "float64"})
    assert feature_matrix(a_cohort(courses()), empty, EVERYTHING).shape == (
        0, len(EVERYTHING.names())
    )  # fmt: skip
    assert features_of_course(course_arrays({}), [], EVERYTHING).shape[0] == 0


def test_a_landmark_of_a_stranger_is_refused_without_naming_them() -> None:
    with pytest.raises(CohortError, match="1 landmarks") as refused:
        feature_matrix(a_cohort(courses()), at(("Mrs Doe", 1.0)), EVERYTHING)
    assert "Doe" not in str(refused.value)


def test_a_request_with_an_unknown_input_or_level_is_refused_without_its_value() -> None:
    with pytest.raises(CohortError, match="not known"):
        course_arrays({}, [("crp", 1.0, None, 3.0)])
    with pytest.raises(CohortError, match="room_air") as refused:
        course_arrays({}, [("oxygen_device", 1.0, None, "iron lung")])
    assert "iron lung" not in str(refused.value)


# --- Sets and words -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", COLUMNS)
def test_every_column_is_described_in_english_and_chinese(name: str) -> None:
    words = describe(name)
    assert words.name == name
    assert words.label
    assert words.label != name
    assert any("一" <= sign <= "鿿" for sign in words.label_zh)
    assert words.input is None or words.input in INPUTS


def test_no_fact_learnt_after_infusion_and_no_identifier_is_a_column() -> None:
    roles = {name: one.role for name, one in COURSE_FIELDS.items()}
    used = {column.static for column in COLUMNS.values()} - {None}
    assert {roles[name] for name in used} == {"predictor"}


def test_the_surveillance_reference_sees_no_product_and_nothing_after_infusion() -> None:
    names = PredictorSet(without=SURVEILLANCE_EXCLUDED).names()
    assert {"age_years", "tumour_burden_fraction", "ldh_u_l__last", "diagnosis=LBCL"} <= set(names)
    stems = (
        "prior_logit", "target", "costimulation", "dose", "lymphodepletion", "day", "crs_",
        "icans_", "fever", "tocilizumab", "corticosteroid",
    )  # fmt: skip
    assert not [name for name in names if name.startswith(stems)]
    assert not [name for name in names if name.endswith(("__max", "__min", "__change", "__slope"))]


@pytest.mark.parametrize("concept", CONCEPTS)
def test_leaving_a_concept_out_leaves_out_every_column_that_carries_it(concept: str) -> None:
    left = set(PredictorSet(without=(concept,)).names())
    assert left == {name for name, one in COLUMNS.items() if concept not in one.concepts}


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_can_stand_alone(group: str) -> None:
    alone = PredictorSet(inputs=(), statics=(), groups=(group,))
    assert alone.names()
    assert {COLUMNS[name].group for name in alone.names()} == {group}
    whole = seen_at(3.0, an_infusion(), gradings("A", {1: 2}), a_treatment("A", 1.0))
    cohort = a_cohort(an_infusion(), gradings("A", {1: 2}), a_treatment("A", 1.0))
    part = feature_matrix(cohort, at(("A", 3.0)), alone).iloc[0]
    assert bits(part) == bits(whole[list(alone.names())])


@pytest.mark.parametrize("name", QUESTIONS)
def test_default_predictors_survive_json_with_their_columns(name: str) -> None:
    chosen = default_predictors(QUESTIONS[name])
    again = PredictorSet.from_dict(json.loads(json.dumps(chosen.to_dict())))
    assert again.names() == chosen.names()
    assert len(set(chosen.names())) == len(chosen.names())
    if QUESTIONS[name].before_infusion:
        after = [one for one in chosen.names() if "after_infusion" in COLUMNS[one].concepts]
        assert not after


def test_a_stored_set_of_another_version_or_with_unknown_columns_is_refused() -> None:
    stored = PredictorSet(inputs=("crp_mg_l",)).to_dict()
    with pytest.raises(ModelFormatError, match="version 99"):
        PredictorSet.from_dict({**stored, "version": 99})
    with pytest.raises(ModelFormatError, match="columns"):
        PredictorSet.from_dict({**stored, "columns": ["shoe_size"]})
    with pytest.raises(ModelFormatError, match="unknown keys"):
        PredictorSet.from_dict({**stored, "colour": []})


def test_a_set_of_names_that_do_not_exist_is_refused() -> None:
    with pytest.raises(PlanError, match="crp_mg_l"):
        PredictorSet(inputs=("crp",))
    with pytest.raises(PlanError, match="hours_since"):
        PredictorSet(summaries=("median",))
    with pytest.raises(PlanError, match="no predictor"):
        describe("shoe_size")


def test_a_stored_set_keeps_the_published_rates_of_its_day(monkeypatch: pytest.MonkeyPatch) -> None:
    live = PredictorSet(inputs=(), statics=(), groups=("product",))
    stored = PredictorSet.from_dict(json.loads(json.dumps(live.to_dict())))
    cohort = a_cohort(an_infusion("a", product="tisa-cel", diagnosis="B-ALL"))
    at = pd.DataFrame({"course_id": ["a"], "instant": [0.0]})
    before = feature_matrix(cohort, at, live)
    pd.testing.assert_frame_equal(feature_matrix(cohort, at, stored), before)

    monkeypatch.setattr(product_facts, "_catalogue_row", lambda name, what: product_facts.UNKNOWN)
    pd.testing.assert_frame_equal(feature_matrix(cohort, at, stored), before)
    assert feature_matrix(cohort, at, live).isna().all().all()
