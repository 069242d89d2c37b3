"""The three searches by course and instant, against the plain way."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from features.grading.timed import LastNoted, RunningNow, visible_after

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
