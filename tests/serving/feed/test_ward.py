"""The ward list: who stands in front, what is due, what changed; and the book it is made of."""

import secrets
import time as clock
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.answer import Desk
from serving.feed import Shifts
from serving.feed.acting import act
from serving.feed.due import due_items
from serving.feed.examples import EXAMPLE_COURSE
from serving.feed.outcomes import record_outcome
from serving.feed.service_ids import turn_id
from serving.feed.told import Point, Turn
from serving.ledger import Entry, Kind, Ledger
from serving.monitoring_plan import ROWS
from tests.serving.feed.talking import ID, NOW, OTHER_ID, Ward, as_json, crp, grading

THIRD_ID = "aB3dE5fG7hI9jK1lM2nO4p"


@pytest.fixture
def graded(open_desk):
    """A ward without a model: levels come from the grades."""
    return Ward(open_desk(None))


def do(ward, name, course_id=ID, **said):
    answer_id = ward.row(course_id)["now"]["answer_id"]
    body = {"who": "doctor on duty", "reason": "at the bedside", **said}
    return act(ward.feed, answer_id, name, as_json(body))


def order(ward):
    return [one["course_id"] for one in ward.list()["courses"]]


def test_without_a_model_a_current_grade_ranks_and_says_why(graded):
    graded.put(ID)
    graded.put(OTHER_ID)
    graded.send(grading("a", 2), course_id=OTHER_ID)
    first, second = graded.list()["courses"]
    assert (first["course_id"], first["level"], first["model"]) == (OTHER_ID, "highest", "none")
    assert "CRS" in first["now"]["because"]
    assert (second["level"], second["now"]["because"]) == ("lowest", "")


def test_unacknowledged_stands_before_acknowledged_of_one_level(graded):
    for one in (ID, OTHER_ID):
        graded.put(one)
        graded.send(grading("a", 2), course_id=one)
    first = order(graded)[0]
    do(graded, "acknowledge", first)
    assert order(graded)[1] == first


def test_snoozed_stands_behind_and_comes_back_when_it_worsens_or_is_over(graded):
    graded.put(ID)
    graded.send(grading("a", 2))
    graded.put(OTHER_ID)
    graded.now = datetime.now(UTC)  # entries are written by the clock of the machine
    until = (graded.now + timedelta(hours=6)).isoformat()
    do(graded, "snooze", until=until)
    assert order(graded) == [OTHER_ID, ID]
    graded.send(grading("b", 2, day=2.5))
    assert order(graded) == [OTHER_ID, ID], "not worse"
    graded.send(grading("c", 3, day=2.6))
    assert order(graded) == [ID, OTHER_ID]
    assert graded.row()["attention"]["snooze_ended"] == "worse"
    do(graded, "snooze", until=until)
    assert order(graded) == [OTHER_ID, ID]
    graded.later(hours=7)
    assert order(graded) == [ID, OTHER_ID]


def test_a_clinicians_own_level_raises_the_list_and_the_plan_and_not_the_record(graded):
    graded.put(ID)
    graded.put(OTHER_ID)
    do(graded, "override", OTHER_ID, level="highest")
    first = graded.list()["courses"][0]
    assert (first["course_id"], first["level"]) == (OTHER_ID, "highest")
    assert first["now"]["level"] == "lowest"
    assert first["attention"]["override"]["who"] == "doctor on duty"
    assert next(one["every_hours"] for one in first["due"] if one["item"] == "ice") < 12
    do(graded, "override", OTHER_ID, level="lowest")
    graded.send(grading("a", 2), course_id=OTHER_ID)
    assert graded.row(OTHER_ID)["level"] == "highest", "it only adds"


def test_a_closed_course_leaves_the_list_and_may_come_back(graded):
    graded.put(ID)
    for number, closes in enumerate((True, False)):
        said = {"course_id": ID, "outcome_id": f"o-{number}", "closes": closes}
        record_outcome(graded.feed, as_json(said))
        assert (order(graded) == []) == closes
    assert graded.course()["open"]


def test_age_and_day_count_from_the_infusion(graded):
    graded.put(ID)
    graded.send(crp("a", 50, day=2.0))
    row = graded.row()
    infused = datetime.fromisoformat(EXAMPLE_COURSE["course"]["infused_at"])
    assert row["day"] == pytest.approx((NOW - infused) / timedelta(days=1))
    assert row["data_age_hours"] == pytest.approx((row["day"] - 2.0) * 24)
    assert row["clock"] == "infusion"


def test_without_a_time_of_infusion_the_day_goes_on_from_the_last_result(open_desk):
    ward = Ward(open_desk(None))
    ward.put(ID, course={"product": "axicabtagene ciloleucel"})
    ward.send(crp("a", 50, day=2.0))
    ward.now = datetime.now(UTC) + timedelta(hours=12)
    row = ward.row()
    assert row["clock"] == "received"
    assert row["day"] == pytest.approx(2.5, abs=0.01)
    ward.now -= timedelta(days=3)
    assert ward.row()["data_age_hours"] == 0.0, "a clock that went back makes nothing younger"


def a_point(**last_day):
    return Point(
        answer_id="a", landmark_day=2.0, level="lowest", tier=None, rank=None, of=None, because="",
        raised_by="",
        grades={}, estimates=[], silent=[], last_day=last_day,
    )  # fmt: skip


def test_ice_is_due_twice_a_day_and_overdue_after_that():
    def ice(day, **last):
        found = due_items(ROWS, "lowest", a_point(**last), day)
        return next(one for one in found if one.item == "ice")

    assert ice(2.25, ice=2.0).due_in_hours == pytest.approx(6.0)
    assert not ice(2.25, ice=2.0).overdue
    assert ice(2.75, ice=2.0).overdue
    assert ice(2.75, ice=2.0).last_hours_ago == pytest.approx(18.0)
    assert ice(0.75).overdue, "none was ever sent"
    assert ice(0.75).last_hours_ago is None


@settings(deadline=None)
@given(day=st.floats(0, 13), ice=st.floats(0, 13), laboratory=st.floats(0, 13))
def test_a_higher_level_is_never_due_later(day, ice, laboratory):
    point = a_point(ice=ice, laboratory=laboratory)
    due = [
        {one.item: one.due_in_hours for one in due_items(ROWS, level, point, day)}
        for level in ("lowest", "between", "highest")
    ]
    for lower, higher in pairwise(due):
        assert all(higher[item] <= hours for item, hours in lower.items() if item in higher)
        assert set(lower) <= set(higher)


def test_nothing_is_due_before_the_infusion_nor_after_the_window_of_the_lowest_level():
    assert due_items(ROWS, "lowest", a_point(), -1.0) == []
    assert due_items(ROWS, "lowest", a_point(), 40.0) == []
    assert due_items(ROWS, "highest", a_point(), 40.0)


@pytest.mark.parametrize(
    ("now", "began"),
    [
        ("2026-03-05T09:30:00+00:00", "2026-03-05T07:00:00+00:00"),
        ("2026-03-05T07:00:00+00:00", "2026-03-05T07:00:00+00:00"),
        ("2026-03-05T03:00:00+00:00", "2026-03-04T19:00:00+00:00"),
    ],
)
def test_the_shift_that_is_on_began_at_its_last_start(now, began):
    assert Shifts().began(datetime.fromisoformat(now)) == datetime.fromisoformat(began)


def test_shifts_follow_the_clock_of_the_ward_over_a_change_of_the_clocks():
    berlin = Shifts((time(6), time(22)), "Europe/Berlin")
    night = datetime(2026, 3, 29, 3, 30, tzinfo=UTC)  # 05:30 in summer time, begun in winter time
    assert berlin.began(night) == datetime(2026, 3, 28, 21, tzinfo=UTC)
    morning = datetime(2026, 3, 29, 4, 0, tzinfo=UTC)
    assert berlin.began(morning) == datetime(2026, 3, 29, 4, tzinfo=UTC)


_START = datetime(2020, 1, 1, tzinfo=UTC)


@settings(deadline=None)
@given(now=st.integers(0, 10 * 365 * 24 * 60).map(lambda at: _START + timedelta(minutes=at)))
def test_a_shift_never_begins_later_than_now_nor_more_than_a_day_before(now):
    began = Shifts((time(6), time(14), time(22)), "Europe/Berlin").began(now)
    assert now - timedelta(hours=10) < began <= now


def filled(ledger, points, written=()):
    """Append a course whose answers came at some points, without asking a model."""
    row = {"course": EXAMPLE_COURSE["course"]}
    course_id = secrets.token_urlsafe(16)
    for number, point in enumerate(points):
        turn = Turn(course_id=course_id, ledger_id="x", accepted=[], now=point)
        ledger.append(
            Entry(
                turn_id(course_id, number + 1), request=as_json({"events": []} if number else row),
                answer=turn.model_dump_json().encode(), subject=course_id,
                kind=Kind.EVENT if number else Kind.COURSE,
            )
        )  # fmt: skip
    return course_id


def test_the_change_is_told_since_the_shift_began(graded):
    graded.put(ID)
    graded.send(grading("a", 1))
    wall = datetime.now(UTC)  # entries are written by the clock of the machine
    graded.now = wall
    graded.feed.shifts = Shifts(((wall - timedelta(hours=1)).time(),))
    assert graded.row()["since_last_shift"] == "new"
    graded.feed.shifts = Shifts((datetime.now(UTC).time(),))
    graded.now = datetime.now(UTC) + timedelta(seconds=1)
    assert graded.row()["since_last_shift"] == "same"
    graded.send(grading("b", 3, day=2.5))
    row = graded.row()
    assert row["since_last_shift"] == "higher"
    assert row["before"]["grades"]["CRS"] == 1
    graded.send(grading("c", 0, day=2.6))
    assert graded.row()["since_last_shift"] == "lower"


def test_the_clock_of_the_machine_may_go_back_the_ledger_tells_the_order(graded, monkeypatch):
    graded.put(ID)
    graded.send(grading("a", 1))

    class Earlier(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime(2020, 1, 1, tzinfo=tz)

    monkeypatch.setattr("serving.ledger.writing.datetime", Earlier)
    told = graded.send(grading("b", 3, day=2.5))
    monkeypatch.undo()
    assert graded.row()["now"] == told["now"]
    assert graded.course()["answer"]["ledger_id"] == told["now"]["answer_id"]
    assert graded.row()["attention"]["unacknowledged"]
    assert graded.feed.desk.ledger.verify().holds


def test_a_book_that_is_made_again_says_the_same(graded):
    graded.put(ID)
    graded.put(OTHER_ID)
    graded.send(grading("a", 2))
    do(graded, "acknowledge")
    do(graded, "override", OTHER_ID, level="between")
    other = Ward(graded.feed.desk)
    assert other.list() == graded.list()
    assert other.course() == graded.course()


def test_an_erasure_takes_whole_courses_from_a_book_that_is_open(graded):
    graded.put(ID)
    assert order(graded) == [ID]
    graded.feed.desk.ledger.erase(datetime.now(UTC), "over", "archive")
    graded.put(THIRD_ID)
    assert order(graded) == [THIRD_ID]
    assert Ward(graded.feed.desk).list() == graded.list()


def test_two_hundred_courses_are_listed_in_fifty_milliseconds(tmp_path):
    desk = Desk(None, Ledger(tmp_path / "ledger.sqlite"))
    ward = Ward(desk)
    for _ in range(200):
        points = [
            a_point(ice=2.0).model_copy(update={"answer_id": secrets.token_urlsafe(8)})
            for _ in range(20)
        ]
        filled(desk.ledger, points)
    assert len(ward.list()["courses"]) == 200
    took = []
    for _ in range(7):
        started = clock.perf_counter()
        ward.feed.ward().model_dump_json()
        took.append(clock.perf_counter() - started)
    desk.close()
    assert min(took) < 0.05
