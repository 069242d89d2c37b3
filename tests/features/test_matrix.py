"""Laws of the feature matrix: nothing later enters, no order matters, one course is as many."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.arrays import CourseArrays
from features.blocks import READINGS_PER_BLOCK
from features.columns import COLUMNS
from features.errors import CohortError
from features.inputs import INPUTS
from features.matrix import (
    feature_matrix,
    features_of_course,
)
from features.one_course import course_arrays
from features.tables import Cohort
from tests.builders import (
    Row,
    a_cohort,
    a_grading,
    a_measurement,
    a_treatment,
    an_infusion,
)
from tests.landmarks import EVERYTHING, at, bits, seen_at

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
