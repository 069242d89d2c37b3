"""Fitting the margin: scikit-learn where it can answer, what is known where it cannot."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from features.errors import NotAssessable, PlanError
from models.linear_fit import MarginSpec, MarginTerm, fit_linear_margin
from models.logistic import logit, sigmoid
from tests.models.conftest import SPEC, Rows


def _frame(**columns: list[float]) -> pd.DataFrame:
    return pd.DataFrame(columns, dtype="float64")


def test_numbers_without_prior_equal_scikit_learn(rows: Rows) -> None:
    names = ["crs_grade", "day", "prior_logit_crs_3"]
    spec = MarginSpec(tuple(MarginTerm(name) for name in names), penalty=2.0)
    ours = fit_linear_margin(rows.X, rows.y, rows.weight, spec).margin(rows.X)
    scaler = StandardScaler().fit(rows.X[names], sample_weight=rows.weight)
    reference = LogisticRegression(C=0.5, tol=1e-10, max_iter=10_000)
    reference.fit(scaler.transform(rows.X[names]), rows.y, sample_weight=rows.weight)
    theirs = reference.decision_function(scaler.transform(rows.X[names]))
    assert ours == pytest.approx(theirs, abs=1e-5)


@pytest.mark.parametrize("levels_seen", [[2.0], []], ids=["one level", "none known"])
def test_a_factor_with_nothing_to_tell_apart_adds_nothing(levels_seen: list[float]) -> None:
    """A source where every row has the same grade is a legal cohort, not an error."""
    X = _frame(crs_grade=(levels_seen or [np.nan]) * 12)
    y = np.tile([0.0, 0.0, 1.0], 4)
    spec = MarginSpec((MarginTerm("crs_grade", "factor"),))
    fitted = fit_linear_margin(X, y, np.ones(12), spec)
    assert fitted.terms == ()
    assert sigmoid(fitted.margin(X)) == pytest.approx(np.full(12, 1 / 3), abs=1e-6)


def test_a_factor_equals_scikit_learn_on_indicators(rows: Rows) -> None:
    spec = MarginSpec((MarginTerm("crs_grade", "factor"),), penalty=1.0)
    ours = fit_linear_margin(rows.X, rows.y, rows.weight, spec).margin(rows.X)
    indicators = np.column_stack([rows.X["crs_grade"] == 1, rows.X["crs_grade"] == 2]).astype(float)
    reference = LogisticRegression(C=1.0, tol=1e-10, max_iter=10_000)
    reference.fit(indicators, rows.y, sample_weight=rows.weight)
    assert ours == pytest.approx(reference.decision_function(indicators), abs=1e-5)


def test_an_offset_enters_with_coefficient_one_and_the_intercept_moves_to_the_rate() -> None:
    X = _frame(prior=[-2.0] * 50 + [-1.0] * 50)
    y = np.array(([1.0] * 10 + [0.0] * 40) * 2)
    margin = fit_linear_margin(X, y, np.ones(100), MarginSpec((MarginTerm("prior", "offset"),)))
    p = sigmoid(margin.margin(X))
    assert p.mean() == pytest.approx(0.2, abs=1e-9)
    assert logit(p[99:]) - logit(p[:1]) == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("patients", [1.0, 20.0, 500.0])
def test_k_pseudo_patients_count_as_k_patients_with_the_offset_rate(patients: float) -> None:
    rate, n, events = 0.2, 40, 20
    X = _frame(prior=[float(logit(np.array(rate)))] * n)
    y = np.array([1.0] * events + [0.0] * (n - events))
    spec = MarginSpec((MarginTerm("prior", "offset"),), pseudo_patients=patients)
    p = sigmoid(fit_linear_margin(X, y, np.ones(n), spec).margin(X))
    assert p[0] == pytest.approx((events + patients * rate) / (n + patients), abs=1e-9)


def test_without_offset_the_pseudo_patients_have_the_stated_rate() -> None:
    X, y = _frame(day=[1.0] * 10), np.array([1.0] * 5 + [0.0] * 5)
    spec = MarginSpec((), pseudo_patients=10.0, rate=0.1)
    p = sigmoid(fit_linear_margin(X, y, np.ones(10), spec).margin(X))
    assert p[0] == pytest.approx((5 + 1.0) / 20, abs=1e-9)


def test_a_tiny_cohort_falls_back_to_what_was_stated() -> None:
    X = _frame(prior=[-1.5, -3.0], crs_grade=[0.0, 0.0])
    grade = MarginTerm("crs_grade", "factor", prior={0.0: 0.0, 2.0: 1.2})
    spec = MarginSpec((MarginTerm("prior", "offset"), grade), pseudo_patients=50.0)
    fitted = fit_linear_margin(X, np.zeros(2), np.ones(2), spec)
    new = _frame(prior=[-1.5, -1.5], crs_grade=[1.0, 2.0])
    low, high = fitted.margin(new)
    assert low == pytest.approx(-1.5, abs=0.1)
    assert high - low == pytest.approx(1.2, abs=1e-9)


def test_prior_levels_are_relative_to_the_lowest_level_that_is_there() -> None:
    X = _frame(crs_grade=[1.0] * 6 + [2.0] * 6)
    factor = MarginTerm("crs_grade", "factor", prior={1.0: 0.5, 2.0: 2.0}, penalty=1e9)
    fitted = fit_linear_margin(X, np.tile([0.0, 1.0], 6), np.ones(12), MarginSpec((factor,)))
    assert fitted.terms[0].coefficient == pytest.approx(1.5, abs=1e-6)


def test_a_prior_per_unit_is_per_unit_whatever_the_spread() -> None:
    X = _frame(day=[0.0, 10.0, 20.0, 30.0])
    spec = MarginSpec((MarginTerm("day", prior=0.07, penalty=1e9),))
    fitted = fit_linear_margin(X, np.array([0.0, 1.0, 0.0, 1.0]), np.ones(4), spec)
    one, two = fitted.margin(_frame(day=[5.0, 6.0]))
    assert two - one == pytest.approx(0.07, abs=1e-6)


@pytest.mark.parametrize("event", [0.0, 1.0])
def test_one_class_only_gives_a_finite_margin_on_its_side(rows: Rows, event: float) -> None:
    y = np.full(len(rows.y), event)
    p = sigmoid(fit_linear_margin(rows.X, y, rows.weight, SPEC).margin(rows.X))
    assert ((p > 0) & (p < 1)).all()
    assert abs(p.mean() - event) < 0.05


def test_separated_constant_and_wholly_missing_columns_do_no_harm() -> None:
    n = 30
    X = pd.DataFrame(
        {
            "crs_grade": np.repeat([0.0, 3.0], n // 2),  # separates perfectly
            "day": np.ones(n),
            "ecog": np.full(n, np.nan),
        }
    )
    terms = (
        MarginTerm("crs_grade", "factor"),
        MarginTerm("day"),
        MarginTerm("ecog", prior=2.0, missing_flag=True),
    )
    y = (X["crs_grade"] > 0).to_numpy(float)
    fitted = fit_linear_margin(X, y, np.ones(n), MarginSpec(terms))
    assert np.isfinite(fitted.margin(X)).all()
    by_name = {(t.predictor, t.kind): t for t in fitted.terms}
    assert by_name["day", "number"].coefficient == pytest.approx(0.0, abs=1e-9)
    assert by_name["ecog", "number"].coefficient == pytest.approx(0.0, abs=1e-9)
    seen_at_last = X.head(1).assign(ecog=4.0)
    assert np.isfinite(fitted.margin(seen_at_last)).all()


def test_a_missing_number_contributes_nothing(rows: Rows) -> None:
    spec = MarginSpec((MarginTerm("crp_mg_l__last"), MarginTerm("day")))
    fitted = fit_linear_margin(rows.X, rows.y, rows.weight, spec)
    names, phi = fitted.contributions(rows.X)
    missing = rows.X["crp_mg_l__last"].isna().to_numpy()
    assert missing.any()
    assert phi[missing, names.index("crp_mg_l__last")] == pytest.approx(0.0, abs=1e-12)


def test_rows_of_weight_zero_are_as_good_as_absent(rows: Rows) -> None:
    weight = np.where(np.arange(len(rows.y)) < 300, rows.weight, 0.0)
    outcome = np.where(weight > 0, rows.y, np.nan)
    with_them = fit_linear_margin(rows.X, outcome, weight, SPEC)
    without = fit_linear_margin(rows.X[:300], rows.y[:300], rows.weight[:300], SPEC)
    assert with_them == without


@pytest.mark.parametrize(
    ("outcome", "weight", "says"),
    [
        ([0.0, 1.0], [0.0, 0.0], "no row has a determined outcome"),
        ([0.0, 0.5], [1.0, 1.0], "neither 0 nor 1"),
        ([0.0, np.nan], [1.0, 1.0], "neither 0 nor 1"),
        ([0.0, 1.0], [1.0, -1.0], "negative or missing"),
        ([0.0, 1.0], [1.0, np.nan], "negative or missing"),
    ],
)
def test_what_no_fit_can_use_is_refused(
    outcome: list[float], weight: list[float], says: str
) -> None:
    with pytest.raises(NotAssessable, match=says):
        fit_linear_margin(_frame(day=[1.0, 2.0]), np.array(outcome), np.array(weight), SPEC)


def test_illegal_specs_are_refused() -> None:
    with pytest.raises(PlanError, match="penalty = 0"):
        MarginSpec(penalty=0.0)
    with pytest.raises(PlanError, match=r"rate = 1\.0"):
        MarginSpec(rate=1.0)
    with pytest.raises(PlanError, match="a factor's prior is a table"):
        MarginTerm("crs_grade", "factor", prior=1.0)
    with pytest.raises(PlanError, match="a number's is one figure"):
        MarginTerm("day", prior={0.0: 1.0})


@settings(max_examples=40, deadline=None)
@given(n=st.integers(1, 12), seed=st.integers(0, 10_000))
def test_any_tiny_cohort_gives_risks_inside_the_open_interval(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "crs_grade": rng.choice([0.0, 1.0, 4.0, np.nan], n),
            "day": rng.choice([0.0, np.nan, 1e6], n),
            "crp_mg_l__last": rng.choice([0.0, 3.0, np.nan, 900.0], n),
        }
    )
    fitted = fit_linear_margin(X, rng.integers(0, 2, n).astype(float), np.ones(n), SPEC)
    p = sigmoid(fitted.margin(X))
    assert ((p > 0) & (p < 1)).all()
