"""How good probabilities are, in discrimination and calibration, under many weightings at once.

Every figure takes outcomes y (n,), probabilities p (n,) and weights (b, n) or (n,), and returns
(b,): one number per weighting, NaN where it is not defined (one class only, equal predictions).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from training.bootstrap import FloatArray, Measure

SMALLEST_P = float(np.finfo(np.float64).eps)  # as scikit-learn clips for its log loss
NEWTON_STEPS = 60
NEWTON_TOLERANCE = 1e-8


@dataclass(frozen=True)
class _Ties:
    """Rows in order of stratum and score, cut into groups of equal stratum and score."""

    order: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    stratum_starts: npt.NDArray[np.int64]  # positions among the groups


def _ties(p: FloatArray, strata: FloatArray) -> _Ties:
    order = np.lexsort((p, strata))
    score, stratum = p[order], strata[order]
    new_stratum = np.r_[True, stratum[1:] != stratum[:-1]]
    new_group = new_stratum | np.r_[True, score[1:] != score[:-1]]
    starts = np.flatnonzero(new_group)
    return _Ties(order, starts, np.flatnonzero(new_stratum[starts]))


def _grouped(weights: FloatArray, mask: FloatArray, ties: _Ties) -> FloatArray:
    return np.add.reduceat((weights * mask)[:, ties.order], ties.starts, axis=1)


def auroc(y: FloatArray, p: FloatArray, weights: FloatArray) -> FloatArray:
    """Area under the ROC curve; a tie between an event and a non-event counts one half."""
    return stratified_auroc(y, p, weights, np.zeros(len(y)))


def stratified_auroc(
    y: FloatArray, p: FloatArray, weights: FloatArray, strata: FloatArray
) -> FloatArray:
    """Share of (event, non-event) pairs in the right order, among pairs within one stratum.

    Strata are landmark days for the same-day AUROC and current grades for the within-grade one.
    A row whose stratum is NaN enters no pair.
    """
    w = np.atleast_2d(weights)
    known = np.isfinite(strata)
    if not known.any():
        return np.full(len(w), np.nan)
    y, p, strata, w = y[known], p[known], strata[known], w[:, known]
    ties = _ties(p, strata)
    events, others = _grouped(w, y, ties), _grouped(w, 1.0 - y, ties)
    below = np.cumsum(others, axis=1) - others
    lengths = np.diff(np.r_[ties.stratum_starts, len(ties.starts)])
    below -= np.repeat(below[:, ties.stratum_starts], lengths, axis=1)
    concordant = (events * (below + 0.5 * others)).sum(axis=1)
    pairs = (
        np.add.reduceat(events, ties.stratum_starts, axis=1)
        * np.add.reduceat(others, ties.stratum_starts, axis=1)
    ).sum(axis=1)
    return _ratio(concordant, pairs)


def auprc(y: FloatArray, p: FloatArray, weights: FloatArray) -> FloatArray:
    """Average precision: precision at each distinct score, weighted by the recall it adds."""
    w = np.atleast_2d(weights)
    if len(p) == 0:
        return np.full(len(w), np.nan)
    ties = _ties(-p, np.zeros(len(p)))
    events, others = _grouped(w, y, ties), _grouped(w, 1.0 - y, ties)
    found = np.cumsum(events, axis=1)
    called = found + np.cumsum(others, axis=1)
    precision = np.divide(found, called, out=np.zeros_like(found), where=called > 0)
    total = found[:, -1]
    return np.where(total < called[:, -1], _ratio((events * precision).sum(axis=1), total), np.nan)


def brier(y: FloatArray, p: FloatArray, weights: FloatArray) -> FloatArray:
    """Mean squared difference between probability and outcome."""
    return _mean((p - y) ** 2, weights)


def log_loss(y: FloatArray, p: FloatArray, weights: FloatArray) -> FloatArray:
    """Mean negative log-likelihood, probabilities kept off 0 and 1 by one machine epsilon."""
    return _mean(row_log_loss(y, p), weights)


def row_log_loss(y: FloatArray, p: FloatArray) -> FloatArray:
    """Negative log-likelihood of each row, (n,)."""
    kept = np.clip(p, SMALLEST_P, 1 - SMALLEST_P)
    return -(y * np.log(kept) + (1.0 - y) * np.log1p(-kept))


def observed_to_expected(y: FloatArray, p: FloatArray, weights: FloatArray) -> FloatArray:
    """Weighted events divided by weighted sum of probabilities."""
    w = np.atleast_2d(weights)
    return _ratio(w @ y, w @ p)


def calibration_intercept(y: FloatArray, p: FloatArray, weights: FloatArray) -> FloatArray:
    """Calibration in the large: a in logit P(y) = a + logit(p); 0 is perfect.

    Raises nothing; NaN where only one class carries weight. Van Calster et al. 2019,
    doi:10.1186/s12916-019-1466-7.
    """
    coefficients = _recalibrate(y, p, weights, free_slope=False)
    return coefficients[:, 0]


def calibration_slope(y: FloatArray, p: FloatArray, weights: FloatArray) -> FloatArray:
    """Slope b in logit P(y) = a + b logit(p); 1 is perfect, below 1 is overfitted.

    NaN where only one class carries weight, where predictions are equal, or where they separate
    the classes completely. Van Calster et al. 2019, doi:10.1186/s12916-019-1466-7.
    """
    coefficients = _recalibrate(y, p, weights, free_slope=True)
    return coefficients[:, 1]


def _recalibrate(
    y: FloatArray, p: FloatArray, weights: FloatArray, *, free_slope: bool
) -> FloatArray:
    """Newton's method for (intercept, slope), one pair per weighting, (b, 2)."""
    w = np.atleast_2d(weights)
    kept = np.clip(p, SMALLEST_P, 1 - SMALLEST_P)
    score = np.log(kept) - np.log1p(-kept)
    both = (w @ y > 0) & (w @ (1.0 - y) > 0)
    if not free_slope:
        return _newton(y, np.zeros(len(y)), w, both, offset=score)
    spread = float(score.std()) if len(score) else 0.0
    if spread < 1e-9:
        return np.full((len(w), 2), np.nan)
    center = float(score.mean())
    found = _newton(y, (score - center) / spread, w, both, offset=np.zeros(len(y)))
    slope = found[:, 1] / spread
    return np.column_stack([found[:, 0] - slope * center, slope])


def _newton(
    y: FloatArray,
    z: FloatArray,
    w: FloatArray,
    solvable: npt.NDArray[np.bool_],
    offset: FloatArray,
) -> FloatArray:
    """Maximum-likelihood (a, b) of logit P(y) = offset + a + b z; NaN where there is none."""
    coefficients = np.zeros((len(w), 2))
    if len(w) > 1:  # most weightings of one block end near their mean: a few steps less for each
        mean = w.mean(axis=0, keepdims=True)
        coefficients += np.nan_to_num(_newton(y, z, mean, np.array([solvable.any()]), offset))
    coefficients[~solvable] = np.nan
    active = np.flatnonzero(solvable)
    for _ in range(NEWTON_STEPS):
        if len(active) == 0:
            return coefficients
        step = _newton_step(y, z, w[active], coefficients[active], offset)
        coefficients[active] += step
        bad = ~np.isfinite(step).all(axis=1)
        coefficients[active[bad]] = np.nan
        active = active[~bad & (np.abs(step).max(axis=1) > NEWTON_TOLERANCE)]
    coefficients[active] = np.nan
    return coefficients


def _newton_step(
    y: FloatArray, z: FloatArray, w: FloatArray, now: FloatArray, offset: FloatArray
) -> FloatArray:
    fitted = 1.0 / (1.0 + np.exp(-np.clip(offset + now[:, :1] + now[:, 1:] * z, -500, 500)))
    gap = w * (y - fitted)
    curve = w * fitted * (1.0 - fitted)
    g0, h00 = gap.sum(axis=1), curve.sum(axis=1)
    if not z.any():
        return _kept_small(np.column_stack([_ratio(g0, h00), np.zeros(len(w))]))
    g1, h01, h11 = gap @ z, curve @ z, curve @ z**2
    determinant = h00 * h11 - h01**2
    return _kept_small(
        np.column_stack(
            [
                _ratio(h11 * g0 - h01 * g1, determinant),
                _ratio(h00 * g1 - h01 * g0, determinant),
            ]
        )
    )


def _kept_small(step: FloatArray) -> FloatArray:
    """Shorten a step to length 2 at most: far from the solution Newton overshoots."""
    length = np.abs(step).max(axis=1, keepdims=True)
    return step / np.maximum(1.0, length / 2.0)


def _mean(per_row: FloatArray, weights: FloatArray) -> FloatArray:
    w = np.atleast_2d(weights)
    return _ratio(w @ per_row, w.sum(axis=1))


def _ratio(top: FloatArray, bottom: FloatArray) -> FloatArray:
    return np.divide(top, bottom, out=np.full_like(top, np.nan), where=np.abs(bottom) > 1e-300)


Figure = Callable[[FloatArray, FloatArray, FloatArray], FloatArray]

FIGURES: dict[str, Figure] = {
    "auroc": auroc,
    "auprc": auprc,
    "brier": brier,
    "log_loss": log_loss,
    "calibration_intercept": calibration_intercept,
    "calibration_slope": calibration_slope,
    "observed_to_expected": observed_to_expected,
}


def measures_of(
    y: FloatArray, p: FloatArray, strata: dict[str, FloatArray] | None = None
) -> dict[str, Measure]:
    """Bind outcomes and predictions to every figure, leaving only the weights to be given.

    Parameters
    ----------
    y, p : (n,) outcomes and probabilities.
    strata : name of a stratified AUROC ("same_day_auroc") -> (n,) stratum of each row.
    """
    measures: dict[str, Measure] = {name: partial(figure, y, p) for name, figure in FIGURES.items()}
    for name, stratum in (strata or {}).items():
        measures[name] = partial(_within, y, p, stratum)
    return measures


def _within(y: FloatArray, p: FloatArray, strata: FloatArray, weights: FloatArray) -> FloatArray:
    return stratified_auroc(y, p, weights, strata)
