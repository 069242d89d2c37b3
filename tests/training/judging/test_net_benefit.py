import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.judging.an_evaluation import some_judged
from training.judging.headline import judge
from training.judging.net_benefit import decision_curve, net_benefit
from training.judging.rows import JudgedRows

FOLDER = Path(__file__).parents[2] / "reference"
DCURVES = json.loads((FOLDER / "dcurves_net_benefit.json").read_text())


@pytest.fixture(scope="module")
def curve():
    rows = pd.read_csv(FOLDER / "dcurves_df_binary.csv")
    n = len(rows)
    facts = pd.DataFrame({"recurrent": np.zeros(n, dtype=bool)})
    judged_rows = JudgedRows(
        rows["cancer"].to_numpy(dtype=float), np.ones(n), np.arange(n).astype(object), facts
    )
    risks = {"model": rows["cancerpredmarker"].to_numpy()[None]}
    judged = judge(judged_rows, risks, 200, seed=1, daily=False)
    return decision_curve(judged, DCURVES["thresholds"])


def test_the_published_figures_at_a_quarter_come_out(curve):
    at = curve["threshold"].index(0.25)
    assert curve["treat_all"]["net_benefit"]["estimate"][at] == pytest.approx(-0.1466667, abs=1e-7)
    assert curve["model"]["net_benefit"]["estimate"][at] == pytest.approx(0.0640, abs=1e-9)


def test_every_threshold_agrees_with_dcurves(curve):
    ours = curve["model"]["net_benefit"]["estimate"]
    assert ours == pytest.approx(DCURVES["cancerpredmarker"], abs=1e-9)
    assert curve["treat_all"]["net_benefit"]["estimate"] == pytest.approx(
        DCURVES["treat_all"], abs=1e-9
    )
    avoided = curve["model"]["interventions_avoided_per_100_rows"]["estimate"]
    assert avoided == pytest.approx(100 * np.array(DCURVES["interventions_avoided"]), abs=1e-6)


def test_intervals_hold_the_estimate_and_differences_are_paired(curve):
    table = curve["model"]["net_benefit"]
    for low, at, high in zip(table["low"], table["estimate"], table["high"], strict=True):
        assert low <= at <= high
    gap = curve["differences"]["treat_all"]
    alone = curve["treat_all"]["net_benefit"]
    assert gap["estimate"] == pytest.approx(np.subtract(table["estimate"], alone["estimate"]))
    at = curve["threshold"].index(0.5)
    wide = table["high"][at] - alone["low"][at] - (table["low"][at] - alone["high"][at])
    assert gap["high"][at] - gap["low"][at] < wide


THRESHOLDS = np.linspace(0.02, 0.9, 12)


def rows_of(seed, n=60):
    rng = np.random.default_rng(seed)
    p = np.round(rng.uniform(0, 1, n), 2)
    return (rng.random(n) < p).astype(float), p, rng.poisson(1.0, (5, n)) + 0.1


@given(st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_net_benefit_is_at_most_the_event_rate_which_a_perfect_risk_reaches(seed):
    y, p, weights = rows_of(seed)
    rate = (weights @ y / weights.sum(axis=1))[:, None]
    assert (net_benefit(y, p, THRESHOLDS, weights) <= rate + 1e-12).all()
    perfect = net_benefit(y, y, THRESHOLDS, weights)
    assert perfect == pytest.approx(np.broadcast_to(rate, perfect.shape))


@given(st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_a_risk_of_one_treats_all_and_a_risk_of_zero_none(seed):
    y, _, weights = rows_of(seed)
    rate = (weights @ y / weights.sum(axis=1))[:, None]
    odds = THRESHOLDS / (1 - THRESHOLDS)
    everybody = net_benefit(y, np.ones(len(y)), THRESHOLDS, weights)
    assert everybody == pytest.approx(rate - (1 - rate) * odds)
    assert (net_benefit(y, np.zeros(len(y)), THRESHOLDS, weights) == 0).all()


def test_only_the_side_of_the_threshold_counts():
    y, p, weights = rows_of(2)
    moved = np.where(p >= 0.3, 0.3 + (p - 0.3) * 0.5, p * 0.9)
    at = np.array([0.3])
    assert net_benefit(y, moved, at, weights) == pytest.approx(net_benefit(y, p, at, weights))


def test_the_standardised_curve_of_the_model_is_its_net_benefit_over_the_event_rate():
    judged = some_judged()
    curve = decision_curve(judged)
    rate = judged.rows.y.mean()
    plain = np.array(curve["model"]["net_benefit"]["estimate"])
    assert curve["model"]["standardised_net_benefit"]["estimate"] == pytest.approx(plain / rate)
    assert set(curve["differences"]) == {"current_grade", "treat_all"}
