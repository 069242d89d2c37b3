"""ICANS grade 2 or more within 72 hours: a small regression, judged ever more strictly.

Five parameters: an intercept, the ICANS grade, the day, the highest CRS grade so far, and whether
the product carries CD28.
"""

from pathlib import Path

from judging import (
    Line,
    apparent_risks,
    asked_question,
    grade_and_day,
    held_out_risks,
    judged,
    line,
    logistic,
)

from features.questions import QUESTIONS
from features.sources import load
from training.plan import PredictorPlan

FIVE = PredictorPlan(columns=("icans_grade", "day", "crs_highest", "costimulation=CD28"))
ASKED = QUESTIONS["grade-2-icans-72h"]


def steps(path: Path) -> dict[str, Line]:
    """Return one line a step, in order."""
    cohort = load("nulisa", path)
    event_free = asked_question(cohort, ASKED, FIVE, "event_free")
    unknown = asked_question(cohort, ASKED, FIVE)
    simple = held_out_risks(unknown, grade_and_day)
    return {
        "same_patients": line(
            event_free,
            apparent_risks(event_free, logistic),
            apparent_risks(event_free, grade_and_day),
        ),
        "rows_split": judged(event_free, logistic, split_by="row"),
        "patients_split": judged(event_free, logistic),
        "discharge_is_unknown": judged(unknown, logistic),
        "no_model": line(unknown, simple, simple),
    }
