"""Laws of taking note: what worsens asks for notice, and a snooze does not outlast it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.feed.acknowledging import PointAt, attention, last_rise
from serving.feed.points import is_worse
from serving.feed.told import Act, Point

START = datetime(2026, 3, 4, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)


def a_point(number, rank=1, crs=0, icans=0, *, hours=None):
    level = ("lowest", "between", "highest")[rank - 1]
    point = Point(
        answer_id=f"answer-{number}", landmark_day=float(number), level=level, tier=level,
        rank=rank, of=3, because="", raised_by="", grades={"CRS": crs, "ICANS": icans},
        estimates=[], silent=[], last_day={},
    )  # fmt: skip
    return PointAt(number + 1, START + HOUR * (number if hours is None else hours), point)


def an_act(kind, number, **more):
    said = {"who": "somebody", "reason": "why", "at": START, **more}
    return Act(kind=kind, answer_id=f"answer-{number}", **said)


def points_of(states):
    return [a_point(number, *state) for number, state in enumerate(states)]


_STATES = st.lists(
    st.tuples(st.integers(1, 3), st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=8
)


@settings(deadline=None)
@given(states=_STATES, data=st.data())
def test_a_snoozed_course_that_worsens_comes_back(states, data):
    points = points_of(states)
    at = data.draw(st.integers(0, len(points) - 1))
    snooze = an_act("snooze", at, until=START + 24 * HOUR)
    found = attention(points, [snooze], START + HOUR)
    worsened = any(is_worse(one.point, points[at].point) for one in points[at + 1 :])
    assert (found.snooze is None) == worsened
    assert found.snooze_ended == ("worse" if worsened else None)


@settings(deadline=None)
@given(states=_STATES, data=st.data())
def test_what_became_worse_is_unacknowledged_until_an_answer_from_then_on_is_acknowledged(
    states, data
):
    points = points_of(states)
    at = data.draw(st.integers(0, len(points) - 1))
    found = attention(points, [an_act("acknowledge", at)], START)
    rises = [
        index
        for index in range(1, len(points))
        if is_worse(points[index].point, points[index - 1].point)
    ]
    assert found.unacknowledged == any(rise > at for rise in rises)


@settings(deadline=None)
@given(states=_STATES)
def test_acknowledging_the_latest_answer_is_always_enough(states):
    points = points_of(states)
    assert not attention(points, [an_act("acknowledge", len(points) - 1)], START).unacknowledged


@settings(deadline=None)
@given(states=_STATES)
def test_no_point_is_worse_than_itself_and_never_both_ways_by_the_tier_alone(states):
    points = [one.point for one in points_of(states)]
    for one in points:
        assert not is_worse(one, one)
        for other in points:
            if one.grades == other.grades:
                assert not (is_worse(one, other) and is_worse(other, one))


@pytest.mark.parametrize(
    ("state", "asks"), [((1, 0, 0), False), ((2, 0, 0), True), ((1, 1, 0), True), ((1, 0, 1), True)]
)
def test_a_first_answer_asks_for_notice_when_there_is_something_to_notice(state, asks):
    assert (last_rise(points_of([state])) == 0) == asks


def test_getting_better_asks_for_nothing_and_getting_worse_again_does():
    down = points_of([(3, 2, 0), (2, 1, 0)])
    again = points_of([(3, 2, 0), (2, 1, 0), (2, 2, 0)])
    acknowledged = [an_act("acknowledge", 0)]
    assert not attention(down, acknowledged, START).unacknowledged
    assert attention(again, acknowledged, START).unacknowledged


def test_a_snooze_ends_at_its_time_even_if_the_clock_goes_back():
    snooze = an_act("snooze", 0, until=START + 2 * HOUR)
    points = points_of([(2, 0, 0)])
    assert attention(points, [snooze], START + HOUR).snooze == snooze
    assert attention(points, [snooze], START + 2 * HOUR).snooze_ended == "time"
    later = [*points, a_point(1, 2, hours=3)]
    assert attention(later, [snooze], START + HOUR).snooze_ended == "time"


def test_a_snooze_of_an_answer_that_was_outdated_does_not_hold():
    points = points_of([(1, 0, 0), (3, 0, 0)])
    snooze = an_act("snooze", 0, until=START + 24 * HOUR)
    assert attention(points, [snooze], START).snooze_ended == "worse"


def test_a_clinicians_own_level_stands_until_it_is_taken_back():
    points = points_of([(1, 0, 0)])
    own = an_act("override", 0, level="highest")
    assert attention(points, [own], START).override == own
    assert attention(points, [own, an_act("override", 0)], START).override is None


def test_only_the_latest_answer_counts_as_seen():
    points = points_of([(1, 0, 0), (1, 0, 0)])
    acts = [an_act("seen", 0, who="early"), an_act("seen", 1), an_act("seen", 1)]
    assert attention(points, acts, START).seen_by == ["somebody"]
