"""Answers meet the outcomes that came later, and what does not count is counted by reason."""

from dataclasses import replace
from datetime import timedelta

import pandas as pd
import pytest

from features.errors import NotAssessable
from features.questions import QUESTIONS, labels
from tests.training.silent.exports import (
    DAYS_BETWEEN,
    MODEL,
    OTHER,
    START,
    an_answer,
    an_export,
    some_limits,
)
from training.silent.joined import join

ASKED = QUESTIONS["severe-crs-72h"]


def joined(export, digest=None, **limits):
    return join(export, some_limits(**limits), ASKED, digest)


def test_the_outcome_is_that_of_the_question_at_exactly_the_answered_instant():
    answers = [an_answer(0, day) for day in (0.0, 1.25, 2.0)] + [an_answer(1, 3.4)]
    export = an_export(patients=12, events={0: 3.1, 1: 6.5}, answers=[*answers, an_answer(11, 0.0)])
    found = joined(export).rows.set_index(["course_id", "landmark_day"])["outcome"]
    expected = {("C0", 0.0): 0, ("C0", 1.25): 1, ("C0", 2.0): 1, ("C1", 3.4): 0}
    assert found.drop("C11", errors="ignore").to_dict() == expected
    daily = labels(export.cohort, ASKED).set_index(["course_id", "landmark_day"])["outcome"]
    assert found["C0", 2.0] == daily["C0", 2.0]


def test_what_comes_after_an_answer_changes_no_other_patient():
    early = joined(an_export(patients=8, events={2: 2.5}))
    late = joined(an_export(patients=8, events={2: 2.5, 6: 2.5}))
    assert early.rows.query("course_id != 'C6'").outcome.tolist() == (
        late.rows.query("course_id != 'C6'").outcome.tolist()
    )


def test_a_patient_enters_when_the_last_window_has_passed_with_an_event_or_without():
    with_event, without = (an_export(patients=6, events=events) for events in ({5: 1.5}, {}))
    for export in (with_event, without):
        graded = START + timedelta(days=5 * DAYS_BETWEEN + 20)
        assert joined(export).patients["entered_at"].max() <= graded
    # Day 16 of the last patient: the event is known, and still the patient waits.
    cut = with_event.cohort.grades
    cut = cut[(cut["course_id"] != "C5") | (cut["known_day"] <= 10)]
    waiting = joined(replace(with_event, cohort=replace(with_event.cohort, grades=cut)))
    assert waiting.waiting == 1
    assert "P5" not in set(waiting.patients["patient_id"])
    assert waiting.patients["event"].sum() == 0
    assert waiting.left_out["window still open"] == 2  # day 2 is after the event


def test_patients_stand_in_the_order_of_their_infusions_whatever_came_of_them():
    found = joined(an_export(patients=9, events={7: 1.2, 3: 2.0}))
    assert found.patients["patient_id"].tolist() == [f"P{number}" for number in range(9)]
    assert found.rows["patient_id"].drop_duplicates().tolist() == [f"P{n}" for n in range(9)]
    assert found.patients_per_month == pytest.approx(30.4375 / DAYS_BETWEEN)


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        ({"shown": True}, "shown to somebody"),
        ({"probability": None, "abstention": "too few inputs"}, "abstained"),
        ({"course_id": "C99"}, "of a course that the cohort lacks"),
        ({"landmark_day": 15.5}, "outside the landmarks of the question"),
        ({"landmark_day": -1.0}, "outside the landmarks of the question"),
        ({"written_at": START - timedelta(days=1)}, "written before its landmark (clock)"),
        ({"written_at": START + timedelta(days=2)}, "written more than a day after its landmark"),
        ({"model": OTHER}, f"of another model ({OTHER[:16]})"),
        ({"landmark_day": 0.5}, "a later answer of the same day"),
        (
            {"landmark_day": 2.6, "written_at": START + timedelta(days=2.6)},
            "not at risk",  # severe from day 2.5 to 2.7
        ),
        (
            {"landmark_day": 3.5, "written_at": START + timedelta(days=3.5)},
            "after an earlier event",
        ),
    ],
)
def test_what_does_not_count_is_left_out_by_reason(cells, why):
    odd = an_answer(0, 0.5, answer_id="odd", written_at=START + timedelta(days=0.5)) | cells
    rows = [odd, *(an_answer(number, day) for number in range(6) for day in (0.0, 1.0))]
    found = joined(an_export(patients=6, events={0: 2.5}, answers=rows), digest=MODEL)
    assert found.left_out == {why: 1}
    assert len(found.rows) == 12


def test_the_first_answer_of_a_day_counts_and_every_tier_of_the_day_is_kept():
    rows = [
        an_answer(0, 1.4, 0.9, answer_id="second"),
        an_answer(0, 1.0, 0.1, answer_id="first"),
        an_answer(5, 0.0),
    ]
    found = joined(an_export(patients=6, answers=rows))
    assert found.rows.query("course_id == 'C0'")["probability"].tolist() == [0.1]
    assert set(found.days.query("patient_id == 'P0'")["tiers"].item()) == {"low", "high"}


def test_what_was_lost_from_sight_has_no_outcome():
    export = an_export(patients=6)
    grades = export.cohort.grades
    grades = grades[(grades["course_id"] != "C0") | (grades["day"] <= 4)]
    found = joined(replace(export, cohort=replace(export.cohort, grades=grades)))
    assert found.left_out["outcome lost from sight"] == 1  # day 2 looks to day 5
    assert len(found.patients) == 6


def test_only_the_first_course_of_a_patient_counts():
    export = an_export(patients=6)
    courses = export.cohort.courses.replace({"patient_id": {"P5": "P0"}})
    found = joined(replace(export, cohort=replace(export.cohort, courses=courses)))
    assert found.left_out == {"of a later course of the patient": 3}
    assert len(found.patients) == 5


def test_of_several_models_the_last_that_answered_is_judged_unless_one_is_named():
    rows = [an_answer(n, 0.0, model=OTHER if n >= 5 else MODEL) for n in range(8)]
    export = an_export(patients=8, answers=rows)
    assert joined(export).model == OTHER
    assert joined(export, model=MODEL[:12]).model == MODEL
    assert joined(export, digest=MODEL).model == MODEL
    with pytest.raises(NotAssessable, match=r"Models that did answer: a{16}, b{16}"):
        joined(export, model="c" * 12)


def test_a_question_that_nobody_answered_names_those_that_were():
    with pytest.raises(NotAssessable, match="Questions it answers: severe-crs-72h"):
        join(an_export(patients=3), some_limits(), QUESTIONS["severe-icans-72h"])


def test_a_day_resolved_export_is_read_at_the_end_of_the_day():
    rows = [an_answer(number, 2.0) for number in range(8)]  # the end of day 1
    export = an_export(patients=8, events={0: 5.0}, answers=rows, resolution="day")
    found = joined(export).rows.set_index("course_id")
    expected = labels(export.cohort, ASKED).query("landmark_day == 1").set_index("course_id")
    assert found["instant"].eq(2.0).all()
    assert found["outcome"].to_dict() == expected["outcome"].reindex(found.index).to_dict()


def test_courses_without_a_date_are_ordered_by_when_their_answers_were_written():
    export = an_export(patients=6)
    bare = export.cohort.courses.assign(
        infused_at=pd.Series(pd.NaT, index=range(6), dtype="datetime64[us, UTC]")
    )
    answers = pd.concat(
        [export.answers, pd.DataFrame([an_answer(9, 0.0, course_id="C99", answer_id="later")])]
    )
    found = joined(replace(export, cohort=replace(export.cohort, courses=bare), answers=answers))
    assert found.patients["patient_id"].tolist() == [f"P{number}" for number in range(6)]
