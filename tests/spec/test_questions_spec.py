"""Who is asked, and what came of it, as a clinician would draw it.

One line is one patient. `course` holds one grade a day from day 0: a digit is the grade, `-` a day
without a grading, `d` discharge on that day, `x` death from infection, `t` death from CRS. Below it
stands one sign a landmark day: `1` severe CRS followed in time, `0` it did not, `?` unknown, `.`
not asked (already severe, dead, or out of sight). Times are instants: a landmark on day 3 sees the
grading of day 3.
"""

from dataclasses import replace

import pandas as pd
import pytest

from features.questions import Question, labels
from features.tables import Cohort
from tests.builders import a_cohort, an_infusion, gradings

SEVERE_72H = Question("severe", "CRS", 3, tuple(float(day) for day in range(8)), horizon_days=3.0)
OF_THE_ILL = replace(SEVERE_72H, from_grade=1)


def drawn(course: str, end_of_record: str = "censored", **facts: float) -> Cohort:
    """Read a drawing of one course."""
    grades = {float(day): float(sign) for day, sign in enumerate(course) if sign.isdigit()}
    if "d" in course:
        facts["discharge_day"] = course.index("d")
    cause = {"x": "infection", "t": "CRS"}
    died = [(day, cause[sign]) for day, sign in enumerate(course) if sign in cause]
    death = {"death_day": died[0][0], "death_cause": died[0][1]} if died else {}
    return a_cohort(
        an_infusion("A", **facts, **death), gradings("A", grades), end_of_record=end_of_record
    )


def answers(rows: pd.DataFrame) -> str:
    """Draw outcomes by landmark day."""
    signs = {0.0: "0", 1.0: "1"}
    by_day = dict(zip(rows["landmark_day"], rows["outcome"], strict=True))
    return "".join(
        signs.get(by_day[day], "?") if day in by_day else "." for day in SEVERE_72H.landmark_days
    )


@pytest.mark.parametrize(
    ("title", "course", "expected"),
    [
        ("never ill, watched long enough", "00000000000", "00000000"),
        ("severe on day 4: asked until day 3", "00124111111", "0111.000"),
        ("severe on days 4 and 5, then well", "0001331100000", "0111..00"),
        ("severe twice: asked again in between", "00300300000", "11.11.00"),
        ("the record ends on day 4", "00000", "00???..."),
        ("discharged on day 4, no contact since", "0000d", "00???..."),
        ("death from infection competes", "00011x", "00000..."),
        ("death from CRS is an event", "00011t", "00111..."),
        ("a day without a grading keeps the last grade", "0-0-0-0-0-0", "00000000"),
        ("severe and then no grading: still severe", "003--------", "11......"),
    ],
)
def test_who_is_asked_and_what_came_of_it(title: str, course: str, expected: str) -> None:
    assert answers(labels(drawn(course), SEVERE_72H)) == expected, title


@pytest.mark.parametrize(
    ("title", "facts", "expected"),
    [
        ("seen at a visit on day 30", {"follow_up_days": 30.0}, "00000..."),
        (
            "readmitted on day 6, never graded there",
            {"follow_up_days": 30.0, "readmission_day": 6.0},
            "0000?.?.",
        ),
    ],
)
def test_discharge_is_event_free_only_up_to_a_contact_that_shows_no_readmission(
    title: str, facts: dict[str, float], expected: str
) -> None:
    assert answers(labels(drawn("0000d", **facts), SEVERE_72H)) == expected, title


@pytest.mark.parametrize(
    ("convention", "expected"),
    [
        ("censored", "00???..."),
        ("drop", "00???..."),
        ("outcome_known", "00000..."),
        ("ended_at_peak", "00000..."),
        ("event_free", "00000..."),
    ],
)
def test_what_the_end_of_a_record_means_is_declared(convention: str, expected: str) -> None:
    assert answers(labels(drawn("00000"), SEVERE_72H, convention)) == expected


@pytest.mark.parametrize(
    ("title", "course", "expected"),
    [
        ("asked while CRS lasts, from its first grade on", "00112300000", "..111..."),
        ("well again: no longer asked", "01100000000", ".00....."),
        ("never had CRS: never asked", "00000000000", "........"),
        ("no grading yet: not known to have it, not asked", "--1--300000", "..111..."),
    ],
)
def test_a_question_from_grade_1_is_asked_of_those_who_have_it(
    title: str, course: str, expected: str
) -> None:
    assert answers(labels(drawn(course), OF_THE_ILL)) == expected, title
