import json
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.censoring import SMALLEST_SHARE_OBSERVED, fit_censoring
from features.errors import QuestionError
from features.questions import (
    CONVENTIONS,
    QUESTIONS,
    Question,
    labels,
    landmark_instant,
    question,
)
from features.tables import Manifest, cohort_of
from tests.builders import a_cohort, a_grading, an_infusion, gradings

DAILY = Question("q", "CRS", 3, (0.0, 1.0, 2.0, 3.0), horizon_days=3.0)


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_question_survives_json(name: str) -> None:
    asked = QUESTIONS[name]
    assert question(json.loads(json.dumps(asked.to_dict()))) == asked
    assert question(name) is asked
    assert question(asked) is asked


def test_a_question_to_anybody_is_written_as_it_was_before_others_were_possible() -> None:
    assert all("from_grade" not in one.to_dict() for one in QUESTIONS.values())
    of_the_ill = question({**DAILY.to_dict(), "from_grade": 1})
    assert of_the_ill.to_dict()["from_grade"] == 1
    assert question(json.loads(json.dumps(of_the_ill.to_dict()))) == of_the_ill


def test_the_four_that_a_fresh_project_trains_are_there() -> None:
    assert {"severe-crs-30d", "severe-crs-72h", "severe-icans-30d", "severe-icans-72h"} <= set(
        QUESTIONS
    )


def test_an_unknown_question_names_the_legal_ones() -> None:
    with pytest.raises(QuestionError, match="severe-crs-72h"):
        question("severe-crs-73h")


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"toxicity": "IEC-HS"}, "CRS or ICANS"),
        ({"min_grade": 0}, "min_grade"),
        ({"min_grade": 6}, "min_grade"),
        ({"landmark_days": []}, "at least one"),
        ({"landmark_days": [2.0, 1.0]}, "rise"),
        ({"landmark_days": "soon"}, "list of numbers"),
        ({"horizon_days": 0.0}, "above 0"),
        ({"until_day": 30.0}, "not both"),
        ({"horizon_days": None, "until_day": 2.0}, "before until_day"),
        ({"before_infusion": True}, "day 0 or earlier"),
        ({"from_grade": -1}, "from_grade is a whole number, 0 or more and below min_grade"),
        ({"from_grade": 3}, "below min_grade"),
        ({"from_grade": 0.5}, "below min_grade"),
        ({"from_grade": "1"}, "below min_grade"),
        ({"min_grade": "3", "from_grade": 1}, "min_grade is 1"),
        (
            {"before_infusion": True, "landmark_days": [0.0], "from_grade": 1},
            "nobody has a grade to ask from",
        ),
        ({"grade": 3}, "grade"),
    ],
)
def test_parts_that_make_no_question_are_refused(parts: dict[str, object], said: str) -> None:
    with pytest.raises(QuestionError, match=said):
        question({**DAILY.to_dict(), **parts})


def test_a_day_resolved_source_is_read_at_the_end_of_its_day() -> None:
    assert landmark_instant(3.0, "day") == 4.0
    assert landmark_instant(3.0, "instant") == 3.0
    cohort = a_cohort(
        an_infusion(), gradings("A", {0: 0, 1: 1, 2: 0, 3: 3, 4: 0, 5: 0, 6: 0}), resolution="day"
    )
    rows = labels(cohort, DAILY).set_index("landmark_day")
    assert rows["outcome"].to_dict() == {0.0: 1.0, 1.0: 1.0, 2.0: 1.0}
    assert rows.loc[0.0, "instant"] == 1.0
    assert rows.loc[0.0, "event_instant"] == 4.0
    assert rows["current_grade"].tolist() == [0.0, 1.0, 0.0]


def test_before_infusion_nothing_of_day_0_has_been_seen_where_only_days_are_known() -> None:
    cohort = a_cohort(an_infusion(), gradings("A", {0: 3, 1: 0, 29: 0, 30: 0}), resolution="day")
    rows = labels(cohort, QUESTIONS["severe-crs-30d"])
    assert rows["instant"].tolist() == [0.0]
    assert rows["outcome"].tolist() == [1.0]
    assert rows["current_grade"].isna().all()


def test_severe_crs_removes_nobody_from_an_icans_question() -> None:
    cohort = a_cohort(
        an_infusion(),
        gradings("A", {0: 0, 1: 4, 2: 4, 8: 0}),
        gradings("A", {0: 0, 1: 0, 2: 0, 3: 3, 8: 0}, "ICANS"),
    )
    asked = Question("q", "ICANS", 3, (1.0, 2.0), horizon_days=3.0)
    assert labels(cohort, asked)["outcome"].tolist() == [1.0, 1.0]


def test_a_course_never_graded_for_this_toxicity_is_not_a_course_of_grade_0() -> None:
    cohort = a_cohort(an_infusion(follow_up_days=90.0), gradings("A", {0: 0, 8: 0}))
    for name in ("severe-icans-72h", "severe-icans-30d"):
        for convention in CONVENTIONS:
            assert labels(cohort, QUESTIONS[name], convention).empty


def test_reentry_after_recovery_is_flagged_as_recurrent() -> None:
    cohort = a_cohort(an_infusion(), gradings("A", {0: 0, 1: 3, 2: 1, 3: 3, 9: 0}))
    rows = labels(cohort, DAILY).set_index("landmark_day")
    assert rows["recurrent"].to_dict() == {0.0: False, 2.0: True}
    assert rows.loc[2.0, "outcome"] == 1.0


def test_an_event_belongs_to_the_last_dose_before_it_and_is_counted_once() -> None:
    cohort = a_cohort(
        an_infusion("A", second_dose_day=10.0),
        an_infusion("B", second_dose_day=10.0),
        gradings("A", {0: 0, 5: 3, 9: 0, 12: 3, 31: 0}),
        gradings("B", {0: 0, 5: 1, 9: 0, 12: 3, 31: 0}),
    )
    rows = labels(cohort, QUESTIONS["severe-crs-30d"])
    assert rows["event_dose"].tolist() == [1.0, 2.0]
    assert rows["event_instant"].tolist() == [5.0, 12.0]


def test_the_current_grade_is_what_was_known_but_the_risk_set_is_what_was_true() -> None:
    cohort = a_cohort(
        an_infusion(),
        a_grading("A", 0.0, 0),
        a_grading("A", 1.0, 2, known_day=1.5),
        a_grading("A", 1.9, 3, known_day=2.5),
        a_grading("A", 9.0, 0),
    )
    rows = labels(cohort, DAILY).set_index("landmark_day")
    assert rows.loc[1.0, "current_grade"] == 0.0
    assert 2.0 not in rows.index


def test_a_question_from_a_grade_is_asked_where_that_grade_is_known() -> None:
    cohort = a_cohort(
        an_infusion("A"),
        an_infusion("B"),
        a_grading("A", 0.0, 0),
        a_grading("A", 1.0, 1, known_day=1.5),
        a_grading("A", 2.5, 0),
        a_grading("A", 9.0, 0),
        a_grading("B", 1.5, 2),
        a_grading("B", 4.0, 3),
    )
    asked = question({**DAILY.to_dict(), "from_grade": 1})
    rows = labels(cohort, asked)
    assert list(zip(rows["course_id"], rows["landmark_day"], strict=True)) == [
        ("A", 2.0), ("B", 2.0), ("B", 3.0),
    ]  # fmt: skip
    assert rows["outcome"].tolist() == [0.0, 1.0, 1.0]
    from_grade_2 = labels(cohort, question({**DAILY.to_dict(), "from_grade": 2}))
    assert from_grade_2["course_id"].tolist() == ["B", "B"]


def test_the_worst_of_several_gradings_at_one_instant_decides() -> None:
    cohort = a_cohort(
        an_infusion(), a_grading("A", 1.0, 3), a_grading("A", 1.0, 0), a_grading("A", 9.0, 0)
    )
    assert 1.0 not in set(labels(cohort, DAILY)["landmark_day"])


def test_grades_of_another_system_are_not_outcomes() -> None:
    cohort = a_cohort(
        an_infusion(),
        a_grading("A", 0.0, 0, system="ASTCT"),
        a_grading("A", 1.0, 4, system="Penn"),
        a_grading("A", 9.0, 1),
    )
    assert labels(cohort, DAILY)["outcome"].tolist() == [0.0] * 4


def test_a_record_that_may_be_cut_cannot_answer_ever() -> None:
    cohort = a_cohort(an_infusion(), gradings("A", {0: 0, 1: 2}), end_of_record="ended_at_peak")
    ever = Question("ever", "CRS", 2, (0.0,))
    assert labels(cohort, ever)["outcome"].tolist() == [1.0]
    with pytest.raises(QuestionError, match="horizon_days or until_day"):
        labels(cohort, ever, "censored")
    with pytest.raises(QuestionError, match="ended_at_peak"):
        labels(cohort, ever, "at_peak")


def test_an_empty_cohort_has_no_rows_and_all_columns() -> None:
    empty = cohort_of(Manifest("nobody", "test"))
    full = labels(a_cohort(an_infusion(), gradings("A", {0: 0, 9: 0})), DAILY)
    assert list(labels(empty, DAILY).columns) == list(full.columns)
    assert labels(empty, DAILY).empty


def test_weights_follow_the_kaplan_meier_curve_of_censoring() -> None:
    # Horizon 10: one of five lost at 2, an event at 4, one lost at 6, two seen whole.
    last = {"A": 2.0, "B": 4.0, "C": 6.0, "D": 10.0, "E": 12.0}
    cohort = a_cohort(
        *(an_infusion(name) for name in last),
        *(gradings(name, {0.0: 0, day: 3 if name == "B" else 0}) for name, day in last.items()),
    )
    asked = Question("q", "CRS", 3, (0.0,), horizon_days=10.0)
    rows = labels(cohort, asked)
    assert rows["status"].tolist() == ["censored", "event", "censored", "event_free", "event_free"]
    after_first, after_second = 4 / 5, 4 / 5 * 2 / 3
    expected = [0.0, 1 / after_first, 0.0, 1 / after_second, 1 / after_second]
    assert rows["weight"].to_numpy() == pytest.approx(expected)
    assert rows["weight"].sum() == pytest.approx(5.0)


def test_an_event_at_the_time_of_a_loss_comes_first() -> None:
    last = {"A": 4.0, "B": 4.0, "C": 10.0}
    cohort = a_cohort(
        *(an_infusion(name) for name in last),
        *(gradings(name, {0.0: 0, day: 3 if name == "B" else 0}) for name, day in last.items()),
    )
    rows = labels(cohort, Question("q", "CRS", 3, (0.0,), horizon_days=10.0))
    assert rows["weight"].tolist() == [0.0, 1.0, 2.0]


def test_a_curve_learnt_on_some_rows_weighs_others() -> None:
    rows = pd.DataFrame(
        {
            "landmark_day": [0.0, 0.0, 5.0],
            "instant": [0.0, 0.0, 5.0],
            "ended_instant": [1.0, 3.0, 8.0],
            "status": ["censored", "event_free", "event_free"],
        }
    )
    curve = fit_censoring(rows.iloc[:2])
    assert curve.weights(rows).tolist() == [0.0, 2.0, 2.0]
    everyone_lost = fit_censoring(rows.iloc[:1])
    assert everyone_lost.weights(rows).max() == 1 / SMALLEST_SHARE_OBSERVED


def test_ipcw_recovers_the_risk_that_censoring_hides() -> None:
    rng = np.random.default_rng(7)
    n = 4000
    event, lost = rng.exponential(10.0, n), rng.exponential(8.0, n)
    rows = [an_infusion(str(i)) for i in range(n)]
    for i in range(n):
        rows.append(a_grading(str(i), 0.0, 0))
        seen = event[i] < lost[i]
        rows.append(a_grading(str(i), float(min(event[i], lost[i])), 3 if seen else 0))
    answered = labels(a_cohort(*rows), Question("q", "CRS", 3, (0.0,), horizon_days=6.0))
    settled = answered[answered["weight"] > 0]
    truth = 1 - np.exp(-0.6)
    assert np.average(settled["outcome"], weights=settled["weight"]) == pytest.approx(
        truth, abs=0.04
    )
    assert settled["outcome"].mean() > truth + 0.05  # what leaving the lost out would have said


grade_courses = st.dictionaries(
    st.integers(0, 10).map(float), st.integers(0, 5).map(float), min_size=1, max_size=8
)


@settings(deadline=None, max_examples=60)
@given(
    grade_courses,
    st.none() | st.integers(0, 12).map(float),
    st.none() | st.integers(1, 12).map(float),
    st.sampled_from(sorted(CONVENTIONS)),
    st.sampled_from(["instant", "day"]),
)
def test_laws_of_labels(
    grades: dict[float, float],
    discharge: float | None,
    death: float | None,
    convention: str,
    resolution: str,
) -> None:
    facts = {"discharge_day": discharge, "death_day": death}
    cohort = a_cohort(an_infusion(**facts), gradings("A", grades), resolution=resolution)
    rows = labels(cohort, question("severe-crs-72h"), convention)
    undetermined = rows["status"] == "censored"
    assert (rows["outcome"].isna() == undetermined).all()
    assert ((rows["weight"] == 0.0) == undetermined).all()
    assert (rows["weight"][~undetermined] >= 1.0).all()
    assert ((rows["outcome"] == 1.0) == (rows["status"] == "event")).all()
    event = rows[rows["status"] == "event"]
    assert (event["event_instant"] > event["instant"]).all()
    assert (event["event_instant"] <= event["horizon_end"]).all()
    assert not (rows["ended_instant"] > rows["horizon_end"]).where(undetermined, False).any()
    if convention != "censored":
        assert (rows["weight"][~undetermined] == 1.0).all()
    if convention in ("outcome_known", "ended_at_peak", "event_free"):
        assert not undetermined.any()


@settings(deadline=None, max_examples=30)
@given(grade_courses)
def test_a_lower_threshold_or_a_longer_horizon_never_loses_an_event(
    grades: dict[float, float],
) -> None:
    cohort = a_cohort(an_infusion(), gradings("A", grades), end_of_record="outcome_known")

    def outcome(grade: int, horizon: float) -> pd.Series:
        asked = Question("q", "CRS", grade, (0.0, 2.0, 4.0), horizon_days=horizon)
        return labels(cohort, asked).set_index("landmark_day")["outcome"]

    both = outcome(2, 2.0).to_frame("lower").join(outcome(3, 2.0).rename("higher"), how="inner")
    assert (both["lower"] >= both["higher"]).all()
    assert (outcome(3, 5.0) >= outcome(3, 2.0)).all()


@settings(deadline=None, max_examples=30)
@given(grade_courses, st.integers(1, 2))
def test_asking_from_a_grade_leaves_rows_out_and_changes_none(
    grades: dict[float, float], from_grade: int
) -> None:
    cohort = a_cohort(an_infusion(), gradings("A", grades), end_of_record="outcome_known")
    everybody = labels(cohort, DAILY)
    asked = labels(cohort, question({**DAILY.to_dict(), "from_grade": from_grade}))
    kept = everybody[everybody["current_grade"] >= from_grade].reset_index(drop=True)
    pd.testing.assert_frame_equal(asked, kept)


@pytest.mark.slow
def test_a_hundred_thousand_courses_are_labelled_in_seconds() -> None:
    n = 100_000
    rng = np.random.default_rng(0)
    ids = np.arange(n).astype(str).astype(object)
    courses = pd.DataFrame({"course_id": ids, "patient_id": ids, "product": "axi-cel"})
    grades = pd.DataFrame(
        {
            "course_id": np.repeat(ids, 16),
            "day": np.tile(np.arange(16.0), n),
            "toxicity": "CRS",
            "grade": rng.choice([0.0, 0.0, 0.0, 1.0, 2.0, 3.0], n * 16),
        }
    )
    cohort = cohort_of(Manifest("many", "test"), courses=courses, grades=grades)
    start = time.perf_counter()
    rows = labels(cohort, question("severe-crs-72h"))
    assert len(rows) > n
    assert time.perf_counter() - start < 30.0  # about 4 s on an idle machine


def test_a_day_without_any_record_is_no_landmark_in_a_source_of_days() -> None:
    cohort = a_cohort(
        an_infusion("a"),
        gradings("a", {0: 1, 2: 1, 3: 3}),
        resolution="day",
        end_of_record="outcome_known",
    )
    asked = labels(cohort, question("severe-crs-72h"))
    assert asked["landmark_day"].tolist() == [0.0, 2.0]
    assert asked["outcome"].tolist() == [1.0, 1.0]
