"""Bring log-odds in line with how often the event came, on rows the model had not seen.

The kind is fixed in the plan by the number of events (fewer than 100: none or intercept; 100 to
200: intercept and slope; more: isotonic), never by looking. Fits are shrunk towards "no change" as
if one pseudo-patient had behaved exactly as predicted, which keeps them finite with one class only.
Reference: Steyerberg, Clinical Prediction Models (2019), ch. 15; isotonic by pooling adjacent
violators (Ayer 1955, doi:10.1214/aoms/1177728423).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from features.errors import ModelFormatError, PlanError
from models.columns import Floats
from models.logistic import fit_logistic, logit, sigmoid

CalibrationKind = Literal["none", "intercept", "intercept_slope", "isotonic"]
KINDS: tuple[CalibrationKind, ...] = ("none", "intercept", "intercept_slope", "isotonic")
PSEUDO_PATIENTS = 1.0


MOST_LOG_ODDS = 36.0
"""Beyond it a float cannot tell a risk from 1."""


@dataclass(frozen=True)
class Calibrator:
    """A non-decreasing map from raw to calibrated log-odds.

    Parameters
    ----------
    kind : {"none", "intercept", "intercept_slope", "isotonic"}
    intercept, slope : float
        Of the linear kinds; the slope is never negative.
    knots : tuple of (raw log-odds, calibrated probability)
        Of the isotonic kind; between knots the probability is interpolated, outside it is flat.
    """

    kind: CalibrationKind = "none"
    intercept: float = 0.0
    slope: float = 1.0
    knots: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ModelFormatError(f"calibrator kind {self.kind!r}; legal are {', '.join(KINDS)}.")

    def margin(self, raw: Floats) -> Floats:
        """Calibrated log-odds of raw log-odds of any shape, never a certainty."""
        if self.kind != "isotonic":
            return np.clip(self.intercept + self.slope * raw, -MOST_LOG_ODDS, MOST_LOG_ODDS)
        at, probability = self._knot_columns
        return logit(np.interp(raw, at, probability))

    @cached_property
    def _knot_columns(self) -> Floats:
        return np.array(self.knots).T

    def scaling(self, raw: Floats, raw_average: Floats) -> Floats:
        """Factor by which contributions grow when the calibrator is put behind them, shape (n,).

        It is the slope, or for the isotonic kind, and where a margin is at its bound, the secant
        from the average patient to this one:
        ``scaling * (raw - raw_average) == margin(raw) - margin(raw_average)``.
        """
        here, average = self.margin(raw), self.margin(raw_average)
        within = (np.abs(here) < MOST_LOG_ODDS) & (np.abs(average) < MOST_LOG_ODDS)
        if self.kind != "isotonic" and within.all():
            return np.full(np.shape(raw), self.slope)
        distance, rise = raw - raw_average, here - average
        return np.divide(rise, distance, out=np.zeros_like(rise), where=distance != 0)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON, exact to the bit."""
        if self.kind == "isotonic":
            return {"kind": self.kind, "knots": [list(knot) for knot in self.knots]}
        return {"kind": self.kind, "intercept": self.intercept, "slope": self.slope}

    @classmethod
    def from_json(cls, saved: Mapping[str, Any]) -> Calibrator:
        """Read what :meth:`to_json` wrote."""
        knots = tuple((float(at), float(p)) for at, p in saved.get("knots", ()))
        intercept, slope = float(saved.get("intercept", 0.0)), float(saved.get("slope", 1.0))
        return cls(saved["kind"], intercept, slope, knots)


def fit_calibrator(
    raw: Floats, outcome: Floats, weight: Floats, kind: CalibrationKind
) -> Calibrator:
    """Fit a calibrator on out-of-fold log-odds.

    Parameters
    ----------
    raw : ndarray, shape (n,)
        Log-odds of models that had not seen the row's patient.
    outcome, weight : ndarray, shape (n,)
        0 or 1, and at least 0.
    kind : {"none", "intercept", "intercept_slope", "isotonic"}

    Notes
    -----
    A negative slope would turn the order of patients round on the word of few events; it is set to
    0, which predicts the same risk for all. An isotonic probability stays within
    [1/(W+2), (W+1)/(W+2)] of total weight W, Laplace's bounds after W equal outcomes.
    """
    if kind not in KINDS:
        raise PlanError(f"calibration kind = {kind!r}; legal are {', '.join(KINDS)}.")
    used = np.asarray(weight) > 0
    if kind == "none" or not used.any():
        return Calibrator(kind if kind == "none" else "intercept")
    raw, outcome, weight = (np.asarray(a, dtype=np.float64)[used] for a in (raw, outcome, weight))
    if kind == "isotonic":
        return Calibrator("isotonic", knots=_isotonic_knots(raw, outcome, weight))
    if kind == "intercept_slope":
        intercept, slope = _shrunk_fit(
            np.column_stack([np.ones_like(raw), raw]), raw, outcome, weight
        )
        if slope > 0:
            return Calibrator(kind, float(intercept), float(slope))
        (constant,) = _shrunk_fit(np.ones((len(raw), 1)), raw, outcome, weight)
        return Calibrator(kind, float(constant), 0.0)
    (intercept,) = _shrunk_fit(np.ones((len(raw), 1)), raw, outcome, weight, offset=raw)
    return Calibrator(kind, float(intercept))


def _shrunk_fit(
    Z: Floats, raw: Floats, outcome: Floats, weight: Floats, offset: Floats | None = None
) -> Floats:
    """Logistic fit with one pseudo-patient, spread over the rows, that behaved as predicted."""
    believed = PSEUDO_PATIENTS * weight / weight.sum()
    total = weight + believed
    target = (weight * outcome + believed * sigmoid(raw)) / total
    free = np.zeros(Z.shape[1])
    start = np.zeros(len(raw)) if offset is None else offset
    return fit_logistic(Z, target, total, start, penalty=free, prior=free)


def _isotonic_knots(
    raw: Floats, outcome: Floats, weight: Floats
) -> tuple[tuple[float, float], ...]:
    at, group = np.unique(raw, return_inverse=True)
    block_weight = np.bincount(group, weights=weight).astype(np.float64)
    block_mean = np.bincount(group, weights=weight * outcome) / block_weight
    probability = pooled_adjacent_violators(block_mean, block_weight)
    total = float(weight.sum())
    probability = np.clip(probability, 1.0 / (total + 2.0), (total + 1.0) / (total + 2.0))
    # inside a flat stretch only its two ends matter to the interpolation
    inner = np.zeros(len(at), dtype=bool)
    inner[1:-1] = (probability[1:-1] == probability[:-2]) & (probability[1:-1] == probability[2:])
    return tuple(zip(at[~inner].tolist(), probability[~inner].tolist(), strict=True))


def pooled_adjacent_violators(mean: Floats, weight: Floats) -> Floats:
    """Weighted least-squares non-decreasing fit to ``mean`` in its given order."""
    means: list[float] = []
    weights: list[float] = []
    lengths: list[int] = []
    for value, mass in zip(mean.tolist(), weight.tolist(), strict=True):
        length = 1
        while means and means[-1] >= value:
            earlier, before = weights.pop(), means.pop()
            value = (before * earlier + value * mass) / (earlier + mass)
            mass += earlier
            length += lengths.pop()
        means.append(value)
        weights.append(mass)
        lengths.append(length)
    return np.repeat(np.array(means), lengths)
