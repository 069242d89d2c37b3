"""The penalised logistic fit against scikit-learn, and where nothing else converges."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from models.logistic import fit_logistic, log_loss_of_margin, logit, sigmoid


def _data(n: int = 400, k: int = 5) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    Z = rng.normal(size=(n, k))
    y = (rng.random(n) < sigmoid(Z @ rng.normal(size=k) - 1.0)).astype(float)
    return Z, y, rng.uniform(0.2, 3.0, n)


@pytest.mark.parametrize("penalty", [0.01, 1.0, 100.0])
def test_equals_scikit_learn_ridge_logistic_regression(penalty: float) -> None:
    Z, y, weight = _data()
    design = np.hstack([np.ones((len(Z), 1)), Z])
    precision = np.array([0.0] + [penalty] * Z.shape[1])
    ours = fit_logistic(design, y, weight, np.zeros(len(y)), precision, np.zeros(len(precision)))
    reference = LogisticRegression(C=1 / penalty, tol=1e-10, max_iter=10_000)
    reference.fit(Z, y, sample_weight=weight)
    assert ours[0] == pytest.approx(reference.intercept_[0], abs=1e-5)
    assert ours[1:] == pytest.approx(reference.coef_[0], abs=1e-5)


def test_an_intercept_behind_a_constant_offset_gives_the_observed_rate() -> None:
    y = np.array([1.0] * 3 + [0.0] * 17)
    offset = np.full(20, 2.5)
    one, free = np.ones((20, 1)), np.zeros(1)
    (intercept,) = fit_logistic(one, y, np.ones(20), offset, free, free)
    assert sigmoid(np.array(intercept + 2.5)) == pytest.approx(0.15, abs=1e-10)


def test_an_infinite_penalty_stays_at_the_prior() -> None:
    Z, y, weight = _data()
    prior = np.arange(5.0)
    held = fit_logistic(Z, y, weight, np.zeros(len(y)), np.full(5, 1e12), prior)
    assert held == pytest.approx(prior, abs=1e-6)


def test_perfect_separation_with_a_weak_penalty_converges() -> None:
    Z = np.array([[-2.0], [-1.0], [1.0], [2.0]])
    y = np.array([0.0, 0.0, 1.0, 1.0])
    (slope,) = fit_logistic(Z, y, np.ones(4), np.zeros(4), np.array([1e-4]), np.zeros(1))
    gradient = Z[:, 0] @ (sigmoid(Z[:, 0] * slope) - y) + 1e-4 * slope
    assert abs(gradient) < 1e-6
    assert slope > 5


def test_a_far_start_does_not_diverge() -> None:
    Z, y, weight = _data()
    prior = np.full(5, 30.0)  # Newton's full step from here overshoots
    near = fit_logistic(Z, y, weight, np.zeros(len(y)), np.full(5, 1e-6), prior)
    start_at_zero = fit_logistic(Z, y, weight, np.zeros(len(y)), np.full(5, 1e-6), np.zeros(5))
    assert near == pytest.approx(start_at_zero, abs=1e-3)


def test_probabilities_stay_inside_the_open_interval() -> None:
    p = sigmoid(np.array([-700.0, -36.0, 0.0, 36.0]))
    assert ((p > 0) & (p < 1)).all()
    assert logit(p[1:3]) == pytest.approx([-36.0, 0.0])


def test_log_loss_is_exact_far_out() -> None:
    loss = log_loss_of_margin(np.array([-800.0, 800.0]), np.array([1.0, 1.0]), np.array([1.0, 3.0]))
    assert loss == 200.0
