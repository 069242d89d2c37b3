"""Smooth calibration: which share of events came at each predicted risk, and how far off it was.

The curve is a lowess of outcome on risk. Eavg, E50, E90 and Emax are the mean, median, 90th
percentile and maximum, over the rows, of the distance between risk and curve: Harrell's measures,
Eavg being the integrated calibration index of Austin and Steyerberg 2019, doi:10.1002/sim.8281.
All four are 0 at best and grow by chance where rows are few, in the draws of patients even more:
all draws can lie above the figure itself. Their intervals lean upward, never reach 0, and are
drawn out to hold the figure.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from training.bootstrap import FloatArray, summarise, summarise_columns
from training.judging.headline import Judged, averaged
from training.judging.lowess import SHARE, lowess
from training.judging.rows import MODEL
from training.judging.weighted_quantile import weighted_quantiles

ERRORS = ("eavg", "e50", "e90", "emax")
CURVE_DRAWS = 200  # of the bootstrap: a curve costs a hundred times what a Brier score does
CURVE_POINTS = 51
ANCHORS = 60  # places at which lines are fitted; between them the curve is drawn straight
MOST_POINTS = 1000  # more distinct risks are joined to their neighbours before smoothing

CALIBRATION_GROUPS = 8
MIN_EVENTS_PER_GROUP = 5  # fewer groups where events are few
INTERVAL_Z = 1.96


@dataclass(frozen=True, eq=False)
class _Points:
    """Rows of equal risk joined: x (m,) ascending, and of which rows (n,) they are made."""

    x: FloatArray
    starts: npt.NDArray[np.int64]
    order: npt.NDArray[np.int64]

    def sums(self, per_row: FloatArray) -> FloatArray:
        """Return the sum over the rows of each point, (b, m)."""
        return np.add.reduceat(per_row[:, self.order], self.starts, axis=1)


def calibration(judged: Judged) -> dict[str, Any]:
    """Return curve and errors of the model and of every comparator, with 95 % intervals."""
    return {
        "method": (
            f"lowess of outcome on risk, share {SHARE:.3g}, no robustness steps; intervals over "
            f"at most {CURVE_DRAWS} draws of patients"
        ),
        MODEL: smooth_calibration(judged, MODEL),
        "comparators": {name: smooth_calibration(judged, name) for name in judged.comparators},
    }


def smooth_calibration(judged: Judged, name: str) -> dict[str, Any]:
    """Return `eavg`, `e50`, `e90`, `emax` and the curve of one risk.

    The curve spans the risks that every repeat of the cross-fitting gave; the band at a place is
    over the draws whose patients have risks on both sides of it.
    """
    y, repeats = judged.rows.y, judged.risks[name]
    grid = _grid(repeats)
    measures = [{"all": partial(errors_and_curve, y, p, grid)} for p in repeats]
    drawn = averaged(judged.bootstrap.first(CURVE_DRAWS), measures)["all"]
    found = {e: summarise(drawn[:, at]).holding().to_dict() for at, e in enumerate(ERRORS)}
    curve = {"risk": grid.tolist(), **summarise_columns(drawn[:, len(ERRORS) :])}
    return {**found, "curve": curve, "reason": _reason(y, repeats, grid)}


def errors_and_curve(
    y: FloatArray, p: FloatArray, grid: FloatArray, weights: FloatArray
) -> FloatArray:
    """Return Eavg, E50, E90, Emax and the curve on a grid under each weighting, (b, 4 + g).

    Parameters
    ----------
    y, p : (n,) outcomes and risks; a row without either is left out.
    grid : (g,) risks at which the curve is wanted; NaN outside the risks that carry weight.
    weights : (b, n).
    """
    w = np.atleast_2d(weights)
    known = np.isfinite(y) & np.isfinite(p)
    if not known.any():
        return np.full((len(w), len(ERRORS) + len(grid)), np.nan)
    y, p, w = y[known], p[known], w[:, known]
    points = _joined(p)
    weight = points.sums(w)
    anchors = _anchors(points.x)
    fitted = lowess(points.x, weight, points.sums(w * y), anchors)
    off = np.abs(fitted @ _straight(anchors, points.x) - points.x)
    curve = fitted @ _straight(anchors, grid)
    curve[~_inside(points.x, weight, grid)] = np.nan
    return np.column_stack([_errors(off, weight), curve])


def _errors(off: FloatArray, weight: FloatArray) -> FloatArray:
    total = weight.sum(axis=1)
    mean = np.divide(
        (weight * off).sum(axis=1), total, out=np.full_like(total, np.nan), where=total > 0
    )
    largest = np.where(weight > 0, off, -np.inf).max(axis=1)
    largest = np.where(total > 0, largest, np.nan)
    return np.column_stack([mean, weighted_quantiles(off, weight, (0.5, 0.9)), largest])


def _inside(x: FloatArray, weight: FloatArray, grid: FloatArray) -> npt.NDArray[np.bool_]:
    """Whether a draw holds risks on both sides of each place, (b, g)."""
    lowest = np.where(weight > 0, x, np.inf).min(axis=1, keepdims=True)
    highest = np.where(weight > 0, x, -np.inf).max(axis=1, keepdims=True)
    return (grid >= lowest - 1e-12) & (grid <= highest + 1e-12)


def _joined(p: FloatArray) -> _Points:
    order = np.argsort(p, kind="stable")
    ascending = p[order]
    starts = np.flatnonzero(np.r_[True, ascending[1:] > ascending[:-1]])
    if len(starts) > MOST_POINTS:
        even = np.linspace(0, len(starts), MOST_POINTS, endpoint=False).astype(np.int64)
        starts = starts[even]
    n = np.diff(np.r_[starts, len(p)])
    return _Points(np.add.reduceat(ascending, starts) / n, starts, order)


def _anchors(x: FloatArray) -> FloatArray:
    """Choose places: every distinct risk, or half of them evenly by row and half evenly by risk."""
    if len(x) <= ANCHORS:
        return x
    by_row = np.quantile(x, np.linspace(0, 1, ANCHORS // 2))
    by_risk = np.linspace(x[0], x[-1], ANCHORS // 2)
    return np.unique(np.r_[by_row, by_risk])


def _straight(anchors: FloatArray, at: FloatArray) -> FloatArray:
    """Return the matrix (anchors, at) of linear interpolation."""
    if len(anchors) == 1:
        return np.ones((1, len(at)))
    right = np.clip(np.searchsorted(anchors, at, side="right"), 1, len(anchors) - 1)
    share = np.clip((at - anchors[right - 1]) / (anchors[right] - anchors[right - 1]), 0.0, 1.0)
    matrix = np.zeros((len(anchors), len(at)))
    column = np.arange(len(at))
    matrix[right - 1, column] = 1.0 - share
    matrix[right, column] += share
    return matrix


def _grid(repeats: FloatArray) -> FloatArray:
    """Return risks from the highest minimum to the lowest maximum of the repeats; empty if none."""
    if repeats.size == 0:
        return np.empty(0)
    low = float(np.nanmin(repeats, axis=1).max())
    high = float(np.nanmax(repeats, axis=1).min())
    return np.linspace(low, high, CURVE_POINTS) if high > low else np.empty(0)


def _reason(y: FloatArray, repeats: FloatArray, grid: FloatArray) -> str | None:
    """Say why there is no curve, or why it shows nothing."""
    if len(y) == 0:
        return "There are no rows."
    if len(grid) == 0:
        return "Predictions are equal, so there is no curve."
    if np.ptp(y) == 0:
        return "All rows have the same outcome, so the curve is flat whatever the risks are."
    return None


def calibration_groups(y: FloatArray, p: FloatArray, weight: FloatArray) -> pd.DataFrame:
    """Return predicted, observed, low, high of groups of similar predicted risk.

    The bounds are 95 % Wilson intervals that treat rows as independent; intervals by patient are
    those of the smooth curve.
    """
    wanted = int(np.clip(y.sum() // MIN_EVENTS_PER_GROUP, 2, CALIBRATION_GROUPS))
    place = np.argsort(np.argsort(p, kind="stable"), kind="stable")
    group = wanted * place // max(len(p), 1)
    frame = pd.DataFrame({"p": p * weight, "y": y * weight, "w": weight, "group": group})
    sums = frame.groupby("group").sum()
    share, n = sums["y"] / sums["w"], sums["w"]
    z2 = INTERVAL_Z**2
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = INTERVAL_Z / (1 + z2 / n) * np.sqrt(share * (1 - share) / n + z2 / (4 * n**2))
    return pd.DataFrame(
        {
            "predicted": sums["p"] / sums["w"],
            "observed": share,
            "low": np.minimum(centre - half, share),
            "high": np.maximum(centre + half, share),
        }
    )
