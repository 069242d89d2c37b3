"""Calibration: scikit-learn where it can answer, never out of (0, 1), never out of order."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from features.errors import ModelFormatError, PlanError
from models.calibration import KINDS, Calibrator, fit_calibrator, pooled_adjacent_violators
from models.logistic import sigmoid


def _margins(n: int = 4000, slope: float = 0.6, intercept: float = 0.4) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(11)
    raw = rng.normal(-1.5, 1.2, n)
    y = (rng.random(n) < sigmoid(intercept + slope * raw)).astype(float)
    return raw, y, rng.uniform(0.5, 2.0, n)


def test_intercept_and_slope_equal_an_unpenalised_logistic_fit_up_to_one_pseudo_patient() -> None:
    raw, y, weight = _margins()
    ours = fit_calibrator(raw, y, weight, "intercept_slope")
    reference = LogisticRegression(C=1e12, tol=1e-10, max_iter=10_000)
    reference.fit(raw[:, None], y, sample_weight=weight)
    assert ours.intercept == pytest.approx(reference.intercept_[0], abs=2e-3)
    assert ours.slope == pytest.approx(reference.coef_[0, 0], abs=2e-3)


def test_the_intercept_makes_the_mean_risk_the_observed_rate() -> None:
    raw, y, weight = _margins()
    p = sigmoid(fit_calibrator(raw, y, weight, "intercept").margin(raw))
    assert np.average(p, weights=weight) == pytest.approx(np.average(y, weights=weight), abs=1e-3)


def test_isotonic_equals_scikit_learn_inside_the_bounds() -> None:
    raw, y, weight = _margins(500)
    ours = fit_calibrator(raw, y, weight, "isotonic")
    reference = IsotonicRegression(out_of_bounds="clip").fit(raw, y, sample_weight=weight)
    total = weight.sum()
    at = np.linspace(raw.min() - 1, raw.max() + 1, 2000)
    fitted = np.clip(reference.y_thresholds_, 1 / (total + 2), (total + 1) / (total + 2))
    expected = np.interp(at, reference.X_thresholds_, fitted)
    assert sigmoid(ours.margin(at)) == pytest.approx(expected, abs=1e-9)


def test_pooling_an_example_done_by_hand() -> None:
    pooled = pooled_adjacent_violators(
        np.array([1.0, 3.0, 2.0, 2.0, 5.0, 4.0]), np.array([1.0, 1.0, 1.0, 2.0, 3.0, 1.0])
    )
    assert pooled == pytest.approx([1.0, 2.25, 2.25, 2.25, 4.75, 4.75])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("event", [0.0, 1.0])
@pytest.mark.parametrize("n", [1, 2, 30])
def test_one_class_keeps_risks_inside_the_open_interval(kind: str, event: float, n: int) -> None:
    raw = np.linspace(-3.0, 1.0, n)
    calibrator = fit_calibrator(raw, np.full(n, event), np.ones(n), kind)
    p = sigmoid(calibrator.margin(np.array([-30.0, 0.0, 30.0])))
    assert ((p > 0) & (p < 1)).all()


@settings(max_examples=60, deadline=None)
@given(kind=st.sampled_from(KINDS), n=st.integers(1, 30), seed=st.integers(0, 10_000))
def test_never_out_of_order_never_out_of_bounds(kind: str, n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    raw = rng.normal(0, 2, n).round(1)
    calibrator = fit_calibrator(raw, rng.integers(0, 2, n).astype(float), np.ones(n), kind)
    p = sigmoid(calibrator.margin(np.linspace(-10, 10, 300)))
    assert ((p > 0) & (p < 1)).all()
    assert (np.diff(p) >= -1e-12).all()


def test_a_steep_slope_never_says_certain_and_its_contributions_still_add_up() -> None:
    steep = Calibrator("intercept_slope", 0.5, 9.0)
    raw = np.array([-50.0, -1.0, 0.3, 50.0])
    margin = steep.margin(raw)
    assert ((sigmoid(margin) > 0) & (sigmoid(margin) < 1)).all()
    average = np.full(4, 0.1)
    assert steep.scaling(raw, average) * (raw - average) == pytest.approx(
        margin - steep.margin(average), abs=1e-9
    )


def test_a_slope_below_zero_becomes_the_same_risk_for_all() -> None:
    raw, y, weight = _margins(slope=-1.0)
    calibrator = fit_calibrator(raw, y, weight, "intercept_slope")
    assert calibrator.slope == 0.0
    rate = np.average(y, weights=weight)
    assert sigmoid(calibrator.margin(raw)) == pytest.approx(np.full(len(raw), rate), abs=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_json_brings_the_same_bits_back(kind: str) -> None:
    raw, y, weight = _margins(300)
    calibrator = fit_calibrator(raw, y, weight, kind)
    again = Calibrator.from_json(json.loads(json.dumps(calibrator.to_json(), allow_nan=False)))
    assert (again.margin(raw) == calibrator.margin(raw)).all()


@pytest.mark.parametrize("kind", KINDS)
def test_scaling_carries_contributions_from_the_average_to_the_row(kind: str) -> None:
    raw, y, weight = _margins(300)
    calibrator = fit_calibrator(raw, y, weight, kind)
    average = np.full(300, -1.2)
    moved = calibrator.margin(average) + calibrator.scaling(raw, average) * (raw - average)
    assert moved == pytest.approx(calibrator.margin(raw), abs=1e-9)


def test_rows_of_weight_zero_and_no_rows_at_all_change_nothing() -> None:
    raw, y, weight = _margins(300)
    half = np.where(np.arange(300) < 150, weight, 0.0)
    kept = fit_calibrator(raw[:150], y[:150], weight[:150], "intercept_slope")
    assert fit_calibrator(raw, y, half, "intercept_slope") == kept
    untouched = fit_calibrator(raw, y, np.zeros(300), "isotonic")
    assert (untouched.margin(raw) == raw).all()


def test_unknown_kinds_are_refused() -> None:
    with pytest.raises(PlanError, match=r"platt.*isotonic"):
        fit_calibrator(np.zeros(1), np.zeros(1), np.ones(1), "platt")  # type: ignore[arg-type]
    with pytest.raises(ModelFormatError, match="beta"):
        Calibrator.from_json({"kind": "beta"})
