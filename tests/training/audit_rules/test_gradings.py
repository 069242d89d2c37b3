"""Gradings that stop while the patient is still in hospital: the days after count as event-free."""

import numpy as np
import pandas as pd

from features.questions import Question, labels
from features.tables import Cohort, Manifest, cohort_of
from training.audit_rules.evidence import Evidence
from training.audit_rules.gradings import gradings_stop_before_the_stay_ends

ASKED = Question("severe-crs-72h", "CRS", 3, tuple(range(11)), horizon_days=3.0)
N = 20


def a_cohort(last_graded: int, discharge: float | None, follow_up: float = 30.0) -> Cohort:
    """Twenty courses graded 0 every day up to `last_graded`."""
    ids = [f"c{n}" for n in range(N)]
    courses = pd.DataFrame(
        {
            "course_id": ids, "patient_id": ids, "product": "axicabtagene ciloleucel",
            "discharge_day": np.nan if discharge is None else discharge,
            "follow_up_days": follow_up,
        }
    )  # fmt: skip
    days = np.arange(last_graded + 1) + 0.4
    grades = pd.DataFrame(
        {
            "course_id": np.repeat(ids, len(days)), "day": np.tile(days, N),
            "known_day": np.tile(days, N), "toxicity": "CRS", "grade": 0.0,
        }
    )  # fmt: skip
    manifest = Manifest("made", "test", "instant", "censored", "ASTCT")
    return cohort_of(manifest, courses=courses, grades=grades)


def finding_of(cohort: Cohort):
    rows = labels(cohort, ASKED)
    rows = rows[rows["outcome"].notna()].reset_index(drop=True)
    nothing = pd.DataFrame(index=rows.index)
    return gradings_stop_before_the_stay_ends(Evidence(cohort, ASKED, nothing, rows, rows))


def test_gradings_up_to_discharge_are_a_note() -> None:
    assert finding_of(a_cohort(last_graded=14, discharge=14.5)).severity == "note"


def test_gradings_that_stop_on_day_3_of_14_in_hospital_are_a_warning() -> None:
    found = finding_of(a_cohort(last_graded=3, discharge=14.5))
    assert found.severity == "warn"
    assert found.figure > 0.5
    assert "up to discharge" in found.way_out


def test_where_no_discharge_is_known_the_end_of_follow_up_counts() -> None:
    found = finding_of(a_cohort(last_graded=3, discharge=None))
    assert found.severity == "warn"
    assert found.row_counts["courses_without_discharge"] == N


def test_days_after_discharge_need_no_grading() -> None:
    assert finding_of(a_cohort(last_graded=3, discharge=4.5)).figure == 0.0


def test_a_record_that_ends_at_the_last_grading_is_a_note() -> None:
    cohort = a_cohort(last_graded=3, discharge=None, follow_up=3.4)
    assert finding_of(cohort).severity == "note"
