"""Small exports of a ledger: patients infused one after the other, one answer a day."""

from datetime import UTC, date, datetime, timedelta

import pandas as pd

from features.tables import Manifest, cohort_of
from training.silent.joined import Export
from training.silent.limits import Limits, TierLimits

MODEL = "a" * 64
OTHER = "b" * 64
START = datetime(2026, 1, 1, 8, tzinfo=UTC)
DAYS_BETWEEN = 6  # five a month


def an_answer(number, day, probability=0.1, **cells):
    """One answer to the course of patient `number`, written at its landmark."""
    made = {
        "answer_id": f"{number}-{day}",
        "written_at": START + timedelta(days=DAYS_BETWEEN * number + day),
        "course_id": f"C{number}",
        "question": "severe-crs-72h",
        "landmark_day": float(day),
        "probability": probability,
        "low": None,
        "high": None,
        "tier": "high" if (probability or 0.0) >= 0.3 else "low",
        "abstention": "",
        "model": MODEL,
        "release": "r" * 64,
        "shown": False,
    }
    return made | cells


def an_export(patients=10, events=(), days=(0.0, 1.0, 2.0), answers=None, **manifest):
    """`events` maps the number of a patient to the day on which the CRS is severe; a list is day 2.

    Patients are graded daily to day 20. With no answers given, 0.5 is said to those with the event
    and 0.02 to the others.
    """
    severe = dict(events) if isinstance(events, dict) else dict.fromkeys(events, 2.5)
    courses, grades = [], []
    for number in range(patients):
        infused = START + timedelta(days=DAYS_BETWEEN * number)
        courses.append(
            {"course_id": f"C{number}", "patient_id": f"P{number}", "infused_at": infused}
        )
        graded = {float(day): 0.0 for day in range(21)}
        if number in severe:
            graded |= {severe[number]: 3.0, severe[number] + 0.2: 0.0}
        grades += [
            {"course_id": f"C{number}", "day": day, "toxicity": "CRS", "grade": grade}
            for day, grade in graded.items()
        ]
    given = answers or [
        an_answer(number, day, 0.5 if number in severe else 0.02)
        for number in range(patients)
        for day in days
    ]
    cohort = cohort_of(
        Manifest(name="seen", origin="ledger", **manifest),
        courses=pd.DataFrame(courses).assign(product="axi-cel", diagnosis="LBCL"),
        grades=pd.DataFrame(grades),
    )
    return Export(cohort, pd.DataFrame(given).astype({"shown": "boolean"}))


def some_limits(**given):
    made = {
        "written_on": date(2025, 12, 1),
        "signed_by": "safety officer",
        "question": "severe-crs-72h",
        "observed_to_expected": (0.2, 5.0),
    }
    return Limits(**(made | given))


def at_high(**given):
    return TierLimits(names=("high",), **given)
