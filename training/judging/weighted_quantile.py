"""Quantiles of rows that stand for several rows, or for none, under many weightings at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from training.bootstrap import FloatArray


def weighted_quantiles(
    measured: FloatArray, weights: FloatArray, shares: Sequence[float]
) -> FloatArray:
    """Return quantiles, (b, len(shares)); NaN where nothing carries weight.

    Parameters
    ----------
    measured : (n,), or (b, n) where they differ from weighting to weighting.
    weights : (b, n); a whole number is that many equal rows.
    shares : each from 0 to 1.

    Notes
    -----
    With whole weights this is the usual quantile (linear between order statistics, numpy's default)
    of the rows written out as often as they weigh.
    """
    w = np.atleast_2d(weights)
    shown = np.broadcast_to(measured, w.shape)
    if w.shape[1] == 0:
        return np.full((len(w), len(shares)), np.nan)
    order = np.argsort(shown, axis=1, kind="stable")
    shown, w = np.take_along_axis(shown, order, 1), np.take_along_axis(w, order, 1)
    reached = np.cumsum(w, axis=1)
    total = reached[:, -1]
    return np.column_stack([_at_share(shown, reached, total, share) for share in shares])


def _at_share(
    shown: FloatArray, reached: FloatArray, total: FloatArray, share: float
) -> FloatArray:
    place = share * np.maximum(total - 1.0, 0.0)
    whole = np.floor(place + 1e-9)
    lower, upper = _of_rank(shown, reached, whole), _of_rank(shown, reached, whole + 1.0)
    between = lower + np.maximum(place - whole, 0.0) * (upper - lower)
    return np.where(total > 0, between, np.nan)


def _of_rank(shown: FloatArray, reached: FloatArray, rank: FloatArray) -> FloatArray:
    """Return the entry of this rank (0 the smallest) among rows written out by weight."""
    rank = np.minimum(rank, reached[:, -1] - 1e-6)  # the last row's rank at most
    at = np.minimum((reached <= rank[:, None] + 1e-9).sum(axis=1), shown.shape[1] - 1)
    return np.take_along_axis(shown, at[:, None], axis=1)[:, 0]
