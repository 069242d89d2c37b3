"""Penalised logistic regression around stated prior coefficients, by Newton's method.

The estimate is the mode of the posterior under independent normal priors,

    minimise  sum_i w_i [log(1 + exp(eta_i)) - y_i eta_i] + 1/2 sum_j penalty_j (b_j - prior_j)^2

with ``eta = intercept + offset + Z b``. Outcomes may be fractions: a *pseudo-patient* is a row
whose outcome is the risk that was believed before. With prior 0 and no offset this is ridge
logistic regression (scikit-learn's ``LogisticRegression`` with ``C = 1 / penalty``).

Reference: Genkin, Lewis, Madigan. Technometrics 2007, doi:10.1198/004017007000000245.
"""

from __future__ import annotations

import numpy as np

from models.columns import Floats

MAX_STEPS = 100
HALVINGS = 40
DECREMENT_TOLERANCE = 1e-13
JITTER = 1e-9  # keeps the Hessian invertible where neither data nor penalty hold a direction


def sigmoid(margin: Floats) -> Floats:
    """Probability of a log-odds, exact in both tails and never 1 below 36."""
    small = np.exp(-np.abs(margin))
    probability: Floats = np.where(margin >= 0, 1.0, small) / (1.0 + small)
    return probability


def logit(probability: Floats) -> Floats:
    """Log-odds of a probability strictly between 0 and 1."""
    odds: Floats = np.log(probability) - np.log1p(-probability)
    return odds


def log_loss_of_margin(margin: Floats, outcome: Floats, weight: Floats) -> float:
    """Weighted mean log loss of log-odds, without rounding at p near 0 or 1."""
    loss = np.logaddexp(0.0, margin) - outcome * margin
    return float(np.average(loss, weights=weight))


def fit_logistic(
    Z: Floats, outcome: Floats, weight: Floats, offset: Floats, penalty: Floats, prior: Floats
) -> Floats:
    """Coefficients of the penalised fit, one per column of Z.

    Parameters
    ----------
    Z : ndarray, shape (n, k)
        Design, an intercept column included where one is wanted. No missing values.
    outcome, weight, offset : ndarray, shape (n,)
        Outcomes in [0, 1], weights of at least 0, log-odds that enter with coefficient 1.
    penalty, prior : ndarray, shape (k,)
        Precision and mean of the normal prior of each coefficient; precision 0 is no prior.

    Returns
    -------
    ndarray, shape (k,)
    """
    beta = prior.astype(np.float64, copy=True)
    loss = _objective(beta, Z, outcome, weight, offset, penalty, prior)
    for _ in range(MAX_STEPS):
        step, decrement = _newton_step(beta, Z, outcome, weight, offset, penalty, prior)
        if decrement < DECREMENT_TOLERANCE * (1.0 + abs(loss)):
            return beta - step  # too small to see in the loss, and quadratically close
        for halving in range(HALVINGS):
            candidate = beta - step * 0.5**halving
            candidate_loss = _objective(candidate, Z, outcome, weight, offset, penalty, prior)
            if candidate_loss <= loss:
                break
        else:
            break  # no descent left above rounding
        beta, loss = candidate, candidate_loss
    return beta


def _objective(
    beta: Floats,
    Z: Floats,
    outcome: Floats,
    weight: Floats,
    offset: Floats,
    penalty: Floats,
    prior: Floats,
) -> float:
    eta = Z @ beta + offset
    loss = weight @ (np.logaddexp(0.0, eta) - outcome * eta)
    return float(loss + 0.5 * penalty @ (beta - prior) ** 2)


def _newton_step(
    beta: Floats,
    Z: Floats,
    outcome: Floats,
    weight: Floats,
    offset: Floats,
    penalty: Floats,
    prior: Floats,
) -> tuple[Floats, float]:
    p = sigmoid(Z @ beta + offset)
    gradient = Z.T @ (weight * (p - outcome)) + penalty * (beta - prior)
    hessian = (Z.T * (weight * p * (1.0 - p))) @ Z
    hessian[np.diag_indices_from(hessian)] += penalty + JITTER
    step: Floats = np.linalg.solve(hessian, gradient).astype(np.float64, copy=False)
    return step, float(gradient @ step)
