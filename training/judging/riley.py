"""How many patients a prediction model needs: the criteria of Riley and colleagues, binary outcome.

Development: Riley et al. 2019, doi:10.1002/sim.7992; Cox-Snell R2 from a C-statistic as in Riley et
al. 2021, doi:10.1002/sim.8806. Validation: Riley et al. 2021, doi:10.1002/sim.9025. All of them
take independent observations, and the development ones a regression without penalty: trees want
more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import expit
from scipy.stats import norm

from training.bootstrap import FloatArray

Z = 1.96  # as the criteria are published
SHRINKAGE = 0.9
OPTIMISM_IN_R2 = 0.05
RISK_MARGIN = 0.05
OE_WIDTH, SLOPE_WIDTH, C_WIDTH, NET_BENEFIT_WIDTH = 0.2, 0.2, 0.1, 0.2  # of 95 % intervals
_GRID = np.linspace(-12.0, 12.0, 6001)  # standard deviations


@dataclass(frozen=True)
class Criterion:
    """One criterion and the number of independent observations that it asks for."""

    name: str
    n: int


def largest_r2(prevalence: float) -> float:
    """Return the Cox-Snell R2 of perfect prediction, 1 - exp(2 lnL_null / n)."""
    null = prevalence * math.log(prevalence) + (1 - prevalence) * math.log(1 - prevalence)
    return 1.0 - math.exp(2.0 * null)


def cox_snell_r2(c_statistic: float, prevalence: float) -> float:
    """Return the Cox-Snell R2 of a model with this C-statistic.

    The linear predictor is taken as normal with equal variance in events and non-events; then a
    logistic regression on it is exact, and R2 follows from its mean log-likelihood (by quadrature,
    where the paper simulates).

    Parameters
    ----------
    c_statistic : above 0.5, below 1.
    prevalence : share of events, above 0, below 1.
    """
    gap = math.sqrt(2.0) * float(norm.ppf(c_statistic))
    intercept = math.log(prevalence / (1 - prevalence)) - gap**2 / 2
    density = norm.pdf(_GRID)
    step = float(_GRID[1] - _GRID[0])
    event_logit = intercept + gap * (_GRID + gap)
    other_logit = intercept + gap * _GRID
    loss_events = float(np.sum(density * np.logaddexp(0.0, -event_logit)) * step)
    loss_others = float(np.sum(density * np.logaddexp(0.0, other_logit)) * step)
    mean = -prevalence * loss_events - (1 - prevalence) * loss_others
    null = prevalence * math.log(prevalence) + (1 - prevalence) * math.log(1 - prevalence)
    return 1.0 - math.exp(2.0 * (null - mean))


def to_develop(r2: float, prevalence: float, parameters: int) -> tuple[Criterion, ...]:
    """Return what development asks for, three criteria.

    Parameters
    ----------
    r2 : anticipated Cox-Snell R2, corrected for optimism.
    prevalence : anticipated share of events.
    parameters : candidate predictor parameters, at least 1.

    Raises
    ------
    ValueError
        If R2 is not above 0 and below the largest that this prevalence allows.
    """
    most = largest_r2(prevalence)
    if not 0.0 < r2 < most or r2 >= SHRINKAGE:
        raise ValueError(f"a Cox-Snell R2 of {r2:.3g} is not between 0 and {most:.3g}")
    at_optimism = r2 / (r2 + OPTIMISM_IN_R2 * most)
    return (
        Criterion("shrinkage of 10 % at the most", _for_shrinkage(r2, parameters, SHRINKAGE)),
        Criterion("optimism in R2 of 0.05", _for_shrinkage(r2, parameters, at_optimism)),
        Criterion(
            "overall risk within 0.05",
            math.ceil((Z / RISK_MARGIN) ** 2 * prevalence * (1 - prevalence)),
        ),
    )


def _for_shrinkage(r2: float, parameters: int, shrinkage: float) -> int:
    return math.ceil(parameters / ((shrinkage - 1) * math.log(1 - r2 / shrinkage)))


def parameters_supported(n: int, r2: float) -> int:
    """Return how many parameters n observations can carry at a shrinkage of 10 %."""
    return math.floor(n * (SHRINKAGE - 1) * math.log(1 - r2 / SHRINKAGE))


def oe_standard_error(width: float = OE_WIDTH) -> float:
    """Return the standard error of ln(O/E) with which the interval around 1 has this width."""
    return math.asinh(width / 2) / Z


def for_observed_to_expected(prevalence: float, standard_error: float) -> int:
    """Return n for O/E of 1 to have this standard error on the log scale."""
    return math.ceil((1 - prevalence) / (prevalence * standard_error**2))


def for_slope(
    linear_predictor: FloatArray, weight: FloatArray, width: float = SLOPE_WIDTH
) -> int | None:
    """Return n for a calibration slope of 1; None where all linear predictors are equal.

    Parameters
    ----------
    linear_predictor, weight : (n,) log-odds as they will be met, and how much each counts.
    width : of the 95 % interval.
    """
    p = expit(linear_predictor)
    curve = p * (1 - p)
    share = weight / weight.sum()
    i00 = float(share @ curve)
    i01 = float(share @ (curve * linear_predictor))
    i11 = float(share @ (curve * linear_predictor**2))
    determinant = i00 * i11 - i01**2
    if determinant <= 1e-12 * max(i00 * i11, 1e-300):
        return None
    return math.ceil(i00 / ((width / (2 * Z)) ** 2 * determinant))


def c_standard_error(c_statistic: float, prevalence: float, n: int) -> float:
    """Return the standard error of a C-statistic (Newcombe 2006, doi:10.1002/sim.2324)."""
    half = n / 2 - 1
    spread = 1 + half * (1 - c_statistic) / (2 - c_statistic)
    spread += half * c_statistic / (1 + c_statistic)
    variance = c_statistic * (1 - c_statistic) * spread
    return math.sqrt(variance / (n * n * prevalence * (1 - prevalence)))


def for_c_statistic(c_statistic: float, prevalence: float, width: float = C_WIDTH) -> int:
    """Return the smallest n with which the 95 % interval of C is no wider."""
    low, high = 1, 2
    while 2 * Z * c_standard_error(c_statistic, prevalence, high) > width:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if 2 * Z * c_standard_error(c_statistic, prevalence, middle) > width:
            low = middle
        else:
            high = middle
    return high


def for_net_benefit(
    sensitivity: float,
    specificity: float,
    prevalence: float,
    threshold: float,
    width: float = NET_BENEFIT_WIDTH,
) -> int:
    """Return n for the standardised net benefit at a threshold to have an interval of this width.

    Parameters
    ----------
    sensitivity, specificity : at the threshold.
    threshold : risk at or above which one acts, above 0, below 1.
    """
    odds = (1 - prevalence) / prevalence * threshold / (1 - threshold)
    false_alarms = 1 - specificity
    spread = sensitivity * (1 - sensitivity) / prevalence
    spread += odds**2 * specificity * false_alarms / (1 - prevalence)
    spread += odds**2 * false_alarms**2 / (prevalence * (1 - prevalence))
    return math.ceil(spread / (width / (2 * Z)) ** 2)
