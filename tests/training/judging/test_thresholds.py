import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.judging.an_evaluation import some_judged, some_risks, some_rows
from training.judging.headline import judge
from training.judging.rows import JudgedRows
from training.judging.thresholds import DEFAULT_THRESHOLDS, PATIENTS_ON_WARD, thresholds


def by_hand():
    """Three patients: Ann is warned on day 1 for day 3, Bea not at all, Cyd is alerted for nothing.

    The window is two days. Ann's alert of day 0 says "within two days" and is wrong.
    """
    table = pd.DataFrame(
        [
            ("Ann", 0.0, 0, np.nan, 0.9),
            ("Ann", 1.0, 1, 3.0, 0.6),
            ("Ann", 2.0, 1, 3.0, 0.7),
            ("Bea", 0.0, 0, np.nan, 0.1),
            ("Bea", 1.0, 1, 2.0, 0.1),
            ("Cyd", 0.0, 0, np.nan, 0.8),
            ("Cyd", 1.0, 0, np.nan, 0.1),
            ("Cyd", 2.0, 0, np.nan, 0.1),
        ],
        columns=["patient", "instant", "y", "event_instant", "risk"],
    )
    facts = pd.DataFrame(
        {
            "course_id": table["patient"],
            "landmark_day": table["instant"],
            "instant": table["instant"],
            "event_instant": table["event_instant"],
            "current_grade": 0.0,
            "recurrent": False,
        }
    )
    rows = JudgedRows(
        table["y"].to_numpy(dtype=float),
        np.ones(len(table)),
        table["patient"].to_numpy(dtype=object),
        facts,
    )
    return judge(rows, {"model": table["risk"].to_numpy()[None]}, 50, seed=1)


def at(table, threshold, name="model"):
    rows = table[name] if name == "model" else table["comparators"][name]
    return next(row for row in rows if row["threshold"] == threshold)


def test_a_worked_example():
    table = thresholds(by_hand())
    row = {key: cell["estimate"] for key, cell in at(table, 0.5).items() if isinstance(cell, dict)}
    assert row == pytest.approx(
        {
            "sensitivity": 2 / 3,
            "specificity": 3 / 5,
            "ppv": 2 / 4,
            "npv": 3 / 4,
            "event_patient_sensitivity": 1 / 2,
            "alerted_patients": 2 / 3,
            "alerts_per_100_patient_days": 50.0,
            "alerts_per_week_on_ward": 7 * PATIENTS_ON_WARD * 0.5,
            "warning_days_q25": 2.0,
            "warning_days_median": 2.0,
            "warning_days_q75": 2.0,
        }
    )
    assert table["n_event_patients"] == 2
    assert table["warning_in_whole_days"] is True


FALLING = (
    "sensitivity",
    "event_patient_sensitivity",
    "alerted_patients",
    "alerts_per_100_patient_days",
)


@given(st.integers(0, 10_000))
@settings(max_examples=15, deadline=None)
def test_a_higher_threshold_finds_fewer_and_alerts_less(seed):
    rows = some_rows(seed=seed)
    judged = judge(rows, some_risks(rows, seed=seed), 0, seed=1)
    table = thresholds(judged)["model"]
    for figure in FALLING:
        found = [row[figure]["estimate"] for row in table]
        assert found == sorted(found, reverse=True), figure
    specificity = [row["specificity"]["estimate"] for row in table]
    assert specificity == sorted(specificity)


def test_tier_bounds_are_among_the_thresholds_and_a_bound_of_zero_is_not():
    table = thresholds(some_judged(), {"low": 0.0, "intermediate": 0.05, "high": 0.234})
    named = {row["threshold"]: row["tier"] for row in table["model"]}
    assert set(named) == {*DEFAULT_THRESHOLDS, 0.234}
    assert {t: name for t, name in named.items() if name} == {0.05: "intermediate", 0.234: "high"}


def test_an_alert_is_at_or_above_the_threshold():
    rows = some_rows()
    equal = {"model": np.full((1, len(rows)), 0.2)}
    table = thresholds(some_judged(rows, equal))
    assert at(table, 0.2)["sensitivity"]["estimate"] == 1
    assert at(table, 0.3)["sensitivity"]["estimate"] == 0
    assert at(table, 0.3)["ppv"]["estimate"] is None


def test_warning_is_never_longer_than_the_horizon():
    table = thresholds(some_judged(patients=60, event_patients=30))
    for row in table["model"]:
        if row["warning_days_q75"]["estimate"] is not None:
            assert 0 < row["warning_days_q25"]["estimate"] <= row["warning_days_q75"]["estimate"]
            assert row["warning_days_q75"]["estimate"] <= 3.0


def test_a_question_before_infusion_has_no_patient_days():
    table = thresholds(some_judged(), daily=False)
    assert not any("days" in key and "warning" not in key for key in table["model"][0])
    assert table["patients_on_ward"] is None


def test_repeats_are_averaged_and_intervals_hold_the_estimate():
    rows = some_rows(patients=60, event_patients=30)
    risks = some_risks(rows, repeats=3)
    together = at(thresholds(some_judged(rows, risks)), 0.2)
    alone = [
        at(thresholds(some_judged(rows, {"model": p[None]})), 0.2)["ppv"]["estimate"]
        for p in risks["model"]
    ]
    assert together["ppv"]["estimate"] == pytest.approx(np.mean(alone))
    for key, cell in together.items():
        if isinstance(cell, dict) and not key.startswith("warning"):
            assert cell["low"] <= cell["estimate"] <= cell["high"], key
