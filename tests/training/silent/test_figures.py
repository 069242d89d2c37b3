"""Each patient's numbers: within the ranges that a bet needs, and right risks look right."""

import numpy as np
import pandas as pd
import pytest

from features.questions import QUESTIONS
from tests.training.silent.exports import at_high, some_limits
from training.silent.figures import TIMES_LOWER, bounds
from training.silent.joined import Joined

LIMITS = some_limits(
    observed_to_expected=(0.5, 2.0),
    worst_log_loss_difference=0.02,
    tier=at_high(
        least_sensitivity=0.5,
        least_positive_predictive_value=0.1,
        most_alerts_per_100_patient_days=25.0,
    ),
)
DAYS = 15


def joined(rows, asked="severe-crs-72h"):
    patients = rows.groupby("patient_id", sort=False)["outcome"].max().eq(1).rename("event")
    days = pd.DataFrame(
        {
            "patient_id": rows["patient_id"],
            "day": rows["landmark_day"],
            "tiers": [frozenset([tier]) for tier in rows["tier"]],
        }
    )
    start = pd.Timestamp("2026-01-01", tz="UTC")
    entered = patients.reset_index().assign(entered_at=start)
    return Joined(QUESTIONS[asked], rows, days, entered, "", start, len(rows))


def watched(patients, random, hazards):
    """Patients asked daily while free of an event whose true three-day risk is known."""
    made = []
    for number in range(patients):
        hazard = random.choice(hazards)
        event = random.geometric(hazard)  # on the day after that many landmarks
        for day in range(min(event, DAYS)):
            made.append(
                {
                    "patient_id": f"P{number}",
                    "landmark_day": float(day),
                    "outcome": float(event <= day + 3),
                    "probability": 1.0 - (1.0 - hazard) ** 3,
                }
            )
    return pd.DataFrame(made)


def of(found, risk, compared, name):
    rows = found.assign(probability=risk, tier=np.where(np.asarray(risk) > 0.3, "high", "low"))
    return next(b for b in bounds(joined(rows), LIMITS, compared) if b.name.startswith(name)).ratio


def test_the_true_risk_is_calibrated_although_patients_with_the_event_have_few_answers():
    """Means by patient would say far more than 1; also where few answers count (risks add up)."""
    random = np.random.default_rng(1)
    for hazards in ((0.01, 0.05), (0.05, 0.6)):
        rows = watched(4000, random, hazards)
        true = rows["probability"].to_numpy()
        assert of(rows, true, true, "observed").estimate == pytest.approx(1.0, abs=0.06)
        by_patient = rows.groupby("patient_id")[["outcome", "probability"]].mean().mean()
        assert by_patient["outcome"] / by_patient["probability"] > 1.15


def test_no_wrong_risk_has_a_lower_log_loss_than_the_true_one():
    random = np.random.default_rng(2)
    rows = watched(4000, random, (0.01, 0.05, 0.15))
    true = rows["probability"].to_numpy()
    flat = np.full(len(true), rows["outcome"].mean())
    gaps = [of(rows, risk, flat, "worst").estimate for risk in (true, true**1.4, true**0.7, flat)]
    assert gaps[0] == min(gaps)
    assert gaps[-1] == 0.0


@pytest.mark.parametrize("asked", ["severe-crs-72h", "severe-crs-24h", "severe-crs-to-day-30"])
def test_no_patient_brings_more_than_the_range_that_is_bet_on(asked):
    random = np.random.default_rng(3)
    window = {"severe-crs-72h": 3, "severe-crs-24h": 1, "severe-crs-to-day-30": 30}[asked]
    made = []
    for number in range(300):
        event = random.uniform(0, 20) if number % 2 else np.inf
        instants = [day + random.random() for day in range(DAYS)]
        made += [
            {"patient_id": number, "landmark_day": at, "outcome": float(event <= at + window)}
            for at in instants
            if at < event
        ]
    rows = pd.DataFrame(made)
    extremes = np.array([0.0, 1.0, 0.01, 0.5, 0.99])
    risk, compared = (random.choice(extremes, len(rows)) for _ in range(2))
    rows = rows.assign(probability=risk, tier=np.where(risk > 0.3, "high", "low"))
    for bound in bounds(joined(rows, asked), LIMITS, compared):
        ratio = bound.ratio
        for numbers, (low, high) in (
            (ratio.top, ratio.top_range),
            (ratio.bottom, ratio.bottom_range),
        ):
            assert numbers.min() >= low - 1e-12, bound.name
            assert numbers.max() <= high + 1e-12, bound.name
        for above in (True, False):
            assert ratio.shares(bound.limit, above=above).min() >= -1.0


def test_a_missed_event_costs_a_bounded_loss_and_is_still_seen():
    rows = pd.DataFrame(
        {"patient_id": ["A"] * 4, "landmark_day": [0.0, 1.0, 2.0, 3.0], "outcome": 1.0}
    )
    found = of(rows, np.zeros(4), np.full(4, 0.5), "worst")
    assert found.estimate == pytest.approx(np.log(TIMES_LOWER))
