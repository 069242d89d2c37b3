"""Why this risk: contributions of predictors that add up, margin and calibrator included.

Contributions are associations within the model, not causes. In log-odds they are the linear terms
relative to the average training row plus the trees' Shapley values, scaled by the calibrator. On
the probability scale they are *rescaled*, ``phi (p - p0) / (f - f0)``, not Shapley values of p.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from models.boosted import BoostedTrees
from models.calibration import Calibrator
from models.columns import Floats, NamedMatrix
from models.linear import LinearMargin
from models.logistic import sigmoid


@dataclass(frozen=True, eq=False)
class Explanation:
    """Contributions for n rows and k predictors.

    Parameters
    ----------
    predictors : tuple of str
        k names; a predictor that no part reads contributes 0.
    log_odds : ndarray, shape (n, k)
        ``average_margin + log_odds.sum(axis=1) == margin`` within 1e-5.
    average_margin : ndarray, shape (n,)
        Calibrated log-odds of the average patient.
    margin : ndarray, shape (n,)
        Calibrated log-odds of the row, as predicted.
    """

    predictors: tuple[str, ...]
    log_odds: Floats
    average_margin: Floats
    margin: Floats

    @cached_property
    def probability(self) -> Floats:
        """Risk of each row, shape (n,)."""
        return sigmoid(self.margin)

    @cached_property
    def average_probability(self) -> Floats:
        """Risk of the average patient: where the contributions start, shape (n,)."""
        return sigmoid(self.average_margin)

    @cached_property
    def rescaled_to_probability(self) -> Floats:
        """Contributions rescaled to probability, shape (n, k).

        ``average_probability + rescaled_to_probability.sum(axis=1) == probability`` within 1e-5.
        The predictor's share of the way in log-odds is given the same share in probability.
        """
        start, end = self.average_probability, self.probability
        distance = self.margin - self.average_margin
        # next to the average patient the ratio is the derivative
        share = np.divide(
            end - start, distance, out=start * (1.0 - start), where=np.abs(distance) > 1e-9
        )
        scaled: Floats = self.log_odds * share[:, None]
        return scaled


def explain(
    matrix: NamedMatrix, linear: LinearMargin, trees: BoostedTrees | None, calibrator: Calibrator
) -> Explanation:
    """Contributions of every column of the matrix to the calibrated log-odds."""
    phi = np.zeros(matrix.numbers.shape)
    raw, linear_phi = linear.margin_and_contributions(matrix)
    phi[:, matrix.positions(linear.predictors)] += linear_phi
    raw_average = np.full(len(matrix), linear.average_margin)
    if trees is not None:
        tree_phi, tree_average, tree_sums = trees.explained(matrix)
        phi[:, matrix.positions(trees.predictors)] += tree_phi
        raw_average = raw_average + tree_average
        raw = raw + tree_sums
    phi *= calibrator.scaling(raw, raw_average)[:, None]
    return Explanation(matrix.names, phi, calibrator.margin(raw_average), calibrator.margin(raw))
