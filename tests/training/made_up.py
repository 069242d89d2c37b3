"""Made-up courses for the tests of a fit: grades day by day, two labs, known truth."""

import numpy as np
import pandas as pd

from features.questions import Question
from features.tables import Manifest, cohort_of
from models.linear_fit import MarginSpec, MarginTerm
from training.plan import (
    EvaluationPlan,
    FoldPlan,
    IntervalPlan,
    Plan,
    PredictorPlan,
    TreePlan,
    TuningPlan,
)

DAYS = 6
ASKED = Question("severe-crs-72h", "CRS", 3, (0.0, 1.0, 2.0, 3.0), horizon_days=3.0)
INPUTS = ("crp_mg_l", "ferritin_ng_ml", "platelets_10e9_l")


def daily_courses(patients=60, events=20, signal=1.0, seed=0, **facts):
    """Make courses graded on days 0 to 6; the first `events` of them become severe on day 3 to 6.

    CRP runs ahead of the grade where `signal` is 1 and says nothing where it is 0; ferritin is
    noise; platelets are never measured.
    """
    rng = np.random.default_rng(seed)
    courses, grades, measurements = [], [], []
    for number in range(patients):
        course = f"C{number:03d}"
        severe_day = rng.integers(3, DAYS + 1) if number < events else None
        courses.append({"course_id": course, "patient_id": f"P{number:03d}", **facts})
        for day in range(DAYS + 1):
            severe = severe_day is not None and day >= severe_day
            grade = 3 if severe else int(rng.integers(0, 3) if day else 0)
            ahead = signal * (severe_day is not None) * (1.0 + 0.3 * day)
            grades.append({"course_id": course, "day": day, "toxicity": "CRS", "grade": grade})
            for name, reading in (
                ("crp_mg_l", np.exp(3.0 + ahead + rng.normal(0, 0.7))),
                ("ferritin_ng_ml", np.exp(6.0 + rng.normal())),
            ):
                measurements.append(
                    {"course_id": course, "day": day, "input": name, "value": min(reading, 900.0)}
                )
    manifest = Manifest(
        name="made up", origin="test", resolution="instant", end_of_record="outcome_known"
    )
    return cohort_of(
        manifest,
        courses=pd.DataFrame(courses).assign(product="axi-cel", diagnosis="LBCL"),
        grades=pd.DataFrame(grades),
        measurements=pd.DataFrame(measurements),
    )


def a_plan(**sections):
    """Return a plan that fits in a second or two."""
    made = {
        "predictors": PredictorPlan(
            inputs=INPUTS, summaries=("last", "change"), statics=(), groups=("course", "grades")
        ),
        "margin": MarginSpec(terms=(MarginTerm("crs_grade", "factor"), MarginTerm("day"))),
        "trees": TreePlan(max_rounds=40, stop_after=8, increasing=("crs_grade",)),
        "tuning": TuningPlan(trials=3),
        "folds": FoldPlan(outer=3, inner=3),
        "interval": IntervalPlan(refits=10),
        "evaluation": EvaluationPlan(bootstrap=50),
        "seed": 3,
    }
    return Plan(name="a plan", question=ASKED.to_dict(), **(made | sections))
