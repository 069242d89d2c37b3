"""How many alerts the ward has had, beside how many it can bear."""

from datetime import UTC, datetime, timedelta

import pytest

from serving.feed import AlertBudget
from serving.feed.alerts import WINDOW, alerts_of
from serving.feed.outcomes import record_outcome
from serving.feed.ward_book import CourseInBook
from tests.serving.feed.talking import ID, OTHER_ID, Ward, as_json, grading
from tests.serving.feed.test_acknowledging import START, a_point

NOW = START + timedelta(days=10)


def a_course(*states, begun=START, closed=False):
    """Return a course with a point a day from when it begins."""
    points = [
        a_point(at, *state, hours=24 * at + (begun - START) / timedelta(hours=1))
        for at, state in enumerate(states)
    ]
    outcomes = {"end": {"closes": True}} if closed else {}
    return CourseInBook("id", begun, points=points, outcomes=outcomes)


def found(*courses, **budget):
    return alerts_of(courses, AlertBudget(**budget), NOW)


def test_each_rise_within_the_window_is_an_alert_and_none_before_it():
    up_and_down = [(1,), (2,), (2,), (1,), (2,), (2, 1)]  # days 0 to 5; the window begins on day 3
    told = found(a_course(*up_and_down))
    assert told.count == 2
    assert told.since == NOW - WINDOW
    assert told.patient_days == pytest.approx(7.0)
    assert told.per_100_patient_days == pytest.approx(200 / 7)


def test_an_open_course_counts_until_now_and_a_closed_one_until_its_last_answer():
    begun = NOW - timedelta(days=4)
    told = found(a_course((1,), (1,), begun=begun), a_course((1,), (1,), begun=begun, closed=True))
    assert told.patient_days == pytest.approx(4.0 + 1.0)
    assert told.count == 0


@pytest.mark.parametrize(
    ("budget", "over"),
    [
        ({}, None),
        ({"per_week": 1}, True),
        ({"per_week": 2}, False),
        ({"per_100_patient_days": 28.0}, True),
        ({"per_100_patient_days": 29.0}, False),
    ],
)
def test_over_the_budget_is_more_than_it(budget, over):
    assert found(a_course((1,), (1,), (1,), (1,), (2,), (3,)), **budget).over_budget is over


def test_without_a_course_there_is_no_rate():
    told = found(per_100_patient_days=1.0)
    assert (told.count, told.per_100_patient_days, told.over_budget) == (0, None, None)


def test_the_ward_list_tells_it_and_a_course_that_left_stays_counted(open_desk):
    ward = Ward(open_desk(None), budget=AlertBudget(per_week=1))
    ward.now = datetime.now(UTC) + timedelta(minutes=1)  # entries carry the clock of the machine
    for one in (ID, OTHER_ID):
        ward.put(one)
        ward.send(grading("a", 2), course_id=one)
    record_outcome(ward.feed, as_json({"course_id": ID, "outcome_id": "o", "closes": True}))
    told = ward.list()
    assert len(told["courses"]) == 1
    assert told["alerts"]["count"] == 2
    assert told["alerts"]["budget_per_week"] == 1
    assert told["alerts"]["over_budget"] is True
