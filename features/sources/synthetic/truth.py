"""The true risk of each course at each landmark, looked up in exact tables."""

from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from features.errors import QuestionError
from features.questions import Question
from features.sources.synthetic import oracle
from features.sources.synthetic.columns import Columns, filled
from features.sources.synthetic.oracle import Passage
from features.sources.synthetic.parameters import Floats, solved
from features.sources.synthetic.paths import Paths
from features.sources.synthetic.states import (
    CRS_GRADE,
    CRS_TREATED,
    DAYS,
    ICANS_GRADE,
    STEPS_PER_DAY,
    Fate,
)
from features.sources.synthetic.stay import Stay


def true_risks(paths: Paths, stay: Stay, questions: Sequence[Question]) -> Columns:
    """Return one row per course, question and landmark.

    The risk is the probability, under usual treatment, that the grade is reached within the
    question's window, given the latent variables and the state at the landmark. Death of another
    cause competes. It is NaN where the patient is dead or already at that grade.

    Parameters
    ----------
    paths, stay : Paths, Stay
        Of one block.
    questions : sequence of Question
        Their landmarks lie on whole or half days from 0 to 30.

    Raises
    ------
    QuestionError
        A landmark or window that the chain does not cover.
    """
    parts = []
    for number, question in enumerate(questions):
        for day in question.landmark_days:
            parts.append(_at_landmark(paths, stay, question, number, day))
    stacked = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = np.argsort(stacked["course"], kind="stable")
    return {name: column[order] for name, column in stacked.items()}


def _at_landmark(paths: Paths, stay: Stay, question: Question, number: int, day: float) -> Columns:
    step = steps_of(question, day)[0]
    crs, icans, fate = (part[:, step] for part in (paths.crs, paths.icans, paths.fate))
    grade = CRS_GRADE[crs] if question.toxicity == "CRS" else ICANS_GRADE[icans]
    possible = (fate == Fate.ALIVE) & (grade < question.min_grade)
    n = len(crs)
    risk = np.full(n, np.nan)
    for row in np.unique(paths.row):
        mine = possible & (paths.row == row)
        table = risk_table(int(row), question)[day]
        risk[mine] = table[paths.cell[mine], crs[mine], icans[mine]]
    return {
        "course": np.arange(n),
        "question": filled(n, number, np.int8),
        "landmark_day": filled(n, day, float),
        "true_risk": risk,
        "at_risk": possible & (stay.follow_up_days >= day),
        "crs_grade": CRS_GRADE[crs],
        "icans_grade": ICANS_GRADE[icans],
        "after_tocilizumab": CRS_TREATED[crs],
        "alive": fate == Fate.ALIVE,
    }


def steps_of(question: Question, day: float) -> tuple[int, int]:
    """Return the steps at which the window of a landmark starts and ends.

    Raises
    ------
    QuestionError
        They are not on the grid of half days from 0 to 30.
    """
    start = question.instant(day) * STEPS_PER_DAY
    end = question.horizon_end(question.instant(day)) * STEPS_PER_DAY
    if start < 0 or end > DAYS * STEPS_PER_DAY or start % 1 or end % 1:
        raise QuestionError(
            f"question {question.name!r}, landmark day {day:g}: the true risk of a synthetic "
            f"course is known for windows that begin and end on half days from 0 to {DAYS}."
        )
    return int(start), int(end)


@cache
def risk_table(row: int, question: Question) -> Mapping[float, NDArray[np.float32]]:
    """Return landmark day -> true risk by frailty cell, CRS state and ICANS state."""
    passages: list[Passage] = [
        oracle.first_reaching(question.toxicity, question.min_grade, *steps_of(question, day))
        for day in question.landmark_days
    ]
    values: list[Floats] = oracle.solve_passages(solved()[row], passages)
    return {
        day: np.clip(one, 0.0, 1.0).astype(np.float32)
        for day, one in zip(question.landmark_days, values, strict=True)
    }
