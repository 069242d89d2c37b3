import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.judging.an_evaluation import some_judged, some_rows
from training.judging import calibration_curve
from training.judging.calibration_curve import (
    calibration_groups,
    errors_and_curve,
    smooth_calibration,
)

ONE_PLACE = np.array([0.25])


@pytest.mark.parametrize(
    ("p", "y"),
    [
        ([0.1, 0.2, 0.3, 0.4, 0.5], [0, 0, 0, 1, 1]),
        ([0.1, 0.2, 0.3, 0.4, 0.5, np.nan, 0.9], [0, 0, 0, 1, 1, 1, np.nan]),
    ],
    ids=["complete", "rows with a missing value left out"],
)
def test_errors_are_those_of_patient_level_prediction(p, y):
    """The published test case of OHDSI's PatientLevelPrediction, lowess with f 2/3 and iter 0."""
    found = errors_and_curve(np.array(y, float), np.array(p), ONE_PLACE, np.ones((1, len(p))))
    eavg, e50, e90, emax = found[0, :4]
    assert (eavg, e90, emax) == pytest.approx((0.34, 0.56, 0.60))
    assert e50 == pytest.approx(0.3)


def rows_of(seed, n=80):
    rng = np.random.default_rng(seed)
    p = np.round(rng.beta(1.5, 5, n), 2)
    return (rng.random(n) < p).astype(float), p, rng.poisson(1.0, (6, n)).astype(float)


@given(st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_errors_are_in_order_and_never_negative(seed):
    y, p, weights = rows_of(seed)
    eavg, e50, e90, emax = errors_and_curve(y, p, ONE_PLACE, weights)[:, :4].T
    assert (e50 >= 0).all()
    assert (e90 >= e50).all()
    assert (emax >= e90 - 1e-12).all()
    assert (eavg <= emax + 1e-12).all()


@given(st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_the_order_of_rows_decides_nothing_and_weights_are_rows_written_out(seed):
    y, p, weights = rows_of(seed)
    grid = np.linspace(0.1, 0.3, 5)
    found = errors_and_curve(y, p, grid, weights)
    mixed = np.random.default_rng(seed).permutation(len(y))
    np.testing.assert_allclose(
        errors_and_curve(y[mixed], p[mixed], grid, weights[:, mixed]), found, atol=1e-9
    )
    times = weights[0].astype(int)
    once = np.ones((1, times.sum()))
    written = errors_and_curve(np.repeat(y, times), np.repeat(p, times), ONE_PLACE, once)
    np.testing.assert_allclose(written[0, :4], found[0, :4], atol=1e-6)


def test_true_risks_lie_on_their_curve():
    rng = np.random.default_rng(3)
    p = rng.uniform(0.05, 0.6, 20_000)
    y = (rng.random(len(p)) < p).astype(float)
    grid = np.linspace(0.1, 0.55, 10)
    found = errors_and_curve(y, p, grid, np.ones((1, len(p))))[0]
    assert found[0] < 0.01
    assert found[4:] == pytest.approx(grid, abs=0.02)


def test_joining_neighbours_and_few_places_change_little(monkeypatch):
    rng = np.random.default_rng(5)
    p = rng.beta(1.5, 8, 900)
    y, grid = (rng.random(900) < p**1.3).astype(float), np.linspace(0.02, 0.4, 9)
    found = errors_and_curve(y, p, grid, np.ones((1, 900)))[0]
    monkeypatch.setattr(calibration_curve, "ANCHORS", 10_000)
    exact = errors_and_curve(y, p, grid, np.ones((1, 900)))[0]
    assert found == pytest.approx(exact, abs=1e-3)
    monkeypatch.setattr(calibration_curve, "MOST_POINTS", 300)
    joined = errors_and_curve(y, p, grid, np.ones((1, 900)))[0]
    assert joined[:3] == pytest.approx(exact[:3], abs=1e-3)


def test_the_band_holds_the_curve_and_the_curve_is_of_all_repeats():
    judged = some_judged(patients=60, event_patients=20)
    found = smooth_calibration(judged, "model")
    curve = found["curve"]
    low, high = judged.risks["model"].min(axis=1).max(), judged.risks["model"].max(axis=1).min()
    assert (curve["risk"][0], curve["risk"][-1]) == pytest.approx((low, high))
    middle = slice(10, 40)
    for below, at, above in zip(
        curve["low"][middle], curve["estimate"][middle], curve["high"][middle], strict=True
    ):
        assert below <= at <= above
    assert found["reason"] is None


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), patients=st.integers(12, 60))
def test_an_interval_holds_its_own_figure(seed, patients):
    """Distances only grow in draws of patients: plain percentiles can leave the figure outside."""
    rows = some_rows(patients=patients, event_patients=patients // 3, seed=seed)
    rng = np.random.default_rng(seed)
    calibrated = np.full((1, len(rows)), rows.y.mean()) + rng.uniform(-0.02, 0.02, (1, len(rows)))
    found = smooth_calibration(some_judged(rows, {"model": calibrated}), "model")
    for name in calibration_curve.ERRORS:
        assert found[name]["low"] <= found[name]["estimate"] <= found[name]["high"]


def test_equal_predictions_have_errors_and_no_curve():
    rows = some_rows()
    equal = {"model": np.full((2, len(rows)), 0.3)}
    found = smooth_calibration(some_judged(rows, equal), "model")
    assert found["eavg"]["estimate"] == pytest.approx(abs(rows.y.mean() - 0.3))
    assert found["curve"]["risk"] == []
    assert "equal" in found["reason"]


def test_observed_shares_of_true_risks_lie_around_the_diagonal():
    rng = np.random.default_rng(0)
    risk = rng.uniform(0.02, 0.6, 300)
    y = (rng.random(300) < risk).astype(float)
    groups = calibration_groups(y, risk, np.ones(300))
    assert len(groups) == calibration_curve.CALIBRATION_GROUPS
    inside = groups["predicted"].between(groups["low"], groups["high"])
    assert inside.mean() >= 0.75
    assert np.average(groups["observed"]) == pytest.approx(y.mean(), abs=0.02)


def test_few_events_make_few_groups():
    y = np.r_[np.ones(11), np.zeros(200)]
    assert len(calibration_groups(y, np.linspace(0.9, 0.01, 211), np.ones(211))) == 2
