"""Lowess without robustness steps, for many weightings of the same points at once.

At every place asked for, a line is fitted to the nearest share of the points by least squares with
tricube weights. A weight of 2 is two equal points, a weight of 0 none, so that with whole weights
this is the plain lowess of the points written out. Cleveland 1979, doi:10.2307/2286407.
"""

from __future__ import annotations

import numpy as np

from training.bootstrap import FloatArray

SHARE = 2 / 3
NEAR, FAR = 0.001, 0.999  # of the radius: nearer weighs 1, farther 0, as in R and statsmodels
DRAWS_AT_ONCE = 16  # a block that stays in the cache of a processor
LEAST_SPREAD = 0.001  # of the range of x: narrower neighbourhoods get a mean instead of a line


def lowess(
    x: FloatArray, weight: FloatArray, weight_y: FloatArray, at: FloatArray, share: float = SHARE
) -> FloatArray:
    """Return the fit at each place under each weighting, (b, g); NaN where nothing weighs.

    Parameters
    ----------
    x : (n,) points, each once.
    weight : (b, n) how many rows each point stands for.
    weight_y : (b, n) sum of the outcomes of these rows.
    at : (g,) places to fit at, inside the range of x.
    share : of all rows that make a neighbourhood (`frac`, `f`, `span` elsewhere).
    """
    least = LEAST_SPREAD * float(np.ptp(x)) if len(x) else 0.0
    fitted = np.empty((len(weight), len(at)))
    for start in range(0, len(weight), DRAWS_AT_ONCE):
        block = slice(start, start + DRAWS_AT_ONCE)
        rows, rows_y = weight[block].T.copy(), weight_y[block].T.copy()
        total = rows.sum(axis=0)
        wanted = np.minimum(np.maximum(np.floor(share * total + 1e-10), 2.0), total)
        for place, x_place in enumerate(at):
            fitted[block, place] = _fit_at(x - x_place, rows, rows_y, wanted, least)
    return fitted


def _fit_at(
    offset: FloatArray, rows: FloatArray, rows_y: FloatArray, wanted: FloatArray, least: float
) -> FloatArray:
    """Fit at offset 0: offset (n,), rows and rows_y (n, b), wanted (b,)."""
    order = np.argsort(np.abs(offset), kind="stable")
    near = rows[order]
    last = (np.cumsum(near, axis=0) < wanted - 1e-9).sum(axis=0)
    order = order[: int(last.max()) + 1]
    offset = offset[order]
    distance = np.abs(offset)
    kernel = _tricube(distance, distance[last])
    powers = np.vstack([np.ones_like(offset), offset, offset**2])
    sums = powers @ (near[: len(order)] * kernel)
    sums_y = powers[:2] @ (rows_y[order] * kernel)
    return _line_at_zero(sums, sums_y, least)


def _tricube(distance: FloatArray, radius: FloatArray) -> FloatArray:
    """Weigh points by distance, (n, b); a radius of 0 leaves the points at the place itself."""
    scaled = distance[:, None] / np.where(radius > 0, radius, 1.0)
    scaled[distance[:, None] <= NEAR * radius] = 0.0
    scaled[distance[:, None] > FAR * radius] = 1.0
    kernel: FloatArray = 1.0 - scaled * scaled * scaled
    return kernel * kernel * kernel


def _line_at_zero(sums: FloatArray, sums_y: FloatArray, least: float) -> FloatArray:
    """Fit a line to sums of 1, x, x^2 and y, xy; return its height at x = 0."""
    n = np.where(sums[0] > 0, sums[0], np.nan)
    x_mean, y_mean = sums[1] / n, sums_y[0] / n
    spread = sums[2] / n - x_mean**2
    steep = spread > max(least, 1e-12) ** 2
    tilt = sums_y[1] / n - x_mean * y_mean
    slope = np.divide(tilt, spread, out=np.zeros_like(n), where=steep)
    return y_mean - slope * x_mean
