"""Gradient-boosted trees on what the linear margin leaves unexplained.

The trees are grown from a *base margin* and mean nothing without it: it is a required argument
wherever they answer. They are kept as the library's own JSON, verbatim, and always used through
that text, so that a model answers the same bits before it is saved and after it is loaded.
Growing them is in :mod:`models.growing`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from features.errors import ModelFormatError
from models.columns import Floats, Matrix, named_matrix
from models.flat_trees import FlatTrees
from models.shapley_tables import ShapleyTables

OBJECTIVE = "binary:logistic"
EVEN_ODDS = 0.5  # base score: 0 in log-odds, so the base margin alone says where trees start


def load_booster(text: str) -> Any:
    """Open a booster for one-thread prediction.

    Raises
    ------
    ModelFormatError
        If the text is not a booster in the library's JSON.
    """
    import xgboost  # costs seconds where scikit-learn is installed; a model may have no trees

    try:
        booster = xgboost.Booster()
        booster.load_model(bytearray(text.encode()))
    except (xgboost.core.XGBoostError, ValueError, TypeError) as failure:
        first_line = str(failure).strip().splitlines()[0][:200]
        raise ModelFormatError(f"the trees cannot be read as an XGBoost model: {first_line}") from (
            None
        )
    booster.set_param({"nthread": 1})
    return booster


@dataclass(frozen=True)
class BoostedTrees:
    """A boosted ensemble with at least one tree.

    Parameters
    ----------
    predictors : tuple of str
        The columns the trees read, in the booster's order.
    text : str
        The native JSON of the booster.
    """

    predictors: tuple[str, ...]
    text: str

    @cached_property
    def booster(self) -> Any:
        """The opened booster."""
        return load_booster(self.text)

    @cached_property
    def flat(self) -> FlatTrees:
        """The same trees for a few rows at once."""
        return FlatTrees(json.loads(self.text), n_outputs=1)

    @cached_property
    def tables(self) -> ShapleyTables:
        """Their Shapley values, case by case."""
        return ShapleyTables(json.loads(self.text))

    @property
    def rounds(self) -> int:
        """Number of trees."""
        return int(self.booster.num_boosted_rounds())

    def tree_sums(self, X: Matrix) -> Floats:
        """Sum of the leaves reached, in log-odds, shape (n,), without any base margin."""
        rows = named_matrix(X).take(self.predictors)
        if self.flat.quicker_for(len(rows)):
            return self.flat.sums(rows)[:, 0]
        sums = self.booster.inplace_predict(
            rows,
            predict_type="margin",
            base_margin=np.zeros(len(rows), dtype=np.float32),
            validate_features=False,
        )
        return np.asarray(sums, dtype=np.float64)

    def margin(self, X: Matrix, base_margin: Floats) -> Floats:
        """Log-odds, shape (n,): the trees on top of the base margin they were grown from."""
        if np.shape(base_margin) != (len(X),):
            raise ValueError(f"{len(X)} rows, base margin of shape {np.shape(base_margin)}")
        return np.asarray(base_margin, dtype=np.float64) + self.tree_sums(X)

    def contributions(self, X: Matrix) -> tuple[Floats, Floats]:
        """Shapley values of the trees in log-odds (Lundberg 2020, doi:10.1038/s42256-019-0138-9).

        Returns
        -------
        phi : ndarray, shape (n, len(predictors))
        average : ndarray, shape (n,)
            What the trees add for the average training row, without any base margin;
            ``phi.sum(axis=1) + average == tree_sums(X)`` up to float32 rounding.
        """
        phi, average, _ = self.explained(X)
        return phi, average

    def explained(self, X: Matrix) -> tuple[Floats, Floats, Floats]:
        """Return what :meth:`contributions` and :meth:`tree_sums` do, for the work of one."""
        rows = named_matrix(X).take(self.predictors)
        if not self.tables.usable:
            return *self._contributions_by_the_library(rows), self.tree_sums(X)
        phi, sums = self.tables.values(rows)
        return phi, np.full(len(rows), self.tables.average), sums

    def _contributions_by_the_library(self, rows: Floats) -> tuple[Floats, Floats]:
        import xgboost  # see load_booster

        # no margin is given: the base score of even odds adds 0 (from_json asks for it), and
        # saying zero would cost as much time again
        given = xgboost.DMatrix(rows, nthread=1)
        phi = self.booster.predict(given, pred_contribs=True, validate_features=False)
        phi = np.asarray(phi, dtype=np.float64)
        return phi[:, :-1], phi[:, -1]

    def to_json(self) -> dict[str, Any]:
        """Return what stands beside the booster's own file."""
        return {"predictors": list(self.predictors)}

    @classmethod
    def from_json(cls, saved: Mapping[str, Any], text: str) -> BoostedTrees:
        """Join the two files again; the trees are read now, so that bad ones are refused now.

        The library is opened where these trees need it, else when many rows first do: a service
        starts a second sooner.

        Raises
        ------
        ModelFormatError
            If the text is no booster, not one over as many columns, or one with an intercept.
        """
        trees = cls(tuple(saved["predictors"]), text)
        try:
            columns, base_score = trees.flat.n_columns, trees.flat.base_score
            answered_here = trees.tables.usable and trees.flat.usable
        except (KeyError, TypeError, ValueError, IndexError, ZeroDivisionError):
            raise ModelFormatError(
                "the trees cannot be read as an XGBoost model of the layout that is known here."
            ) from None
        if not answered_here:
            trees.booster  # noqa: B018 - opened now, as above
        if columns != len(trees.predictors):
            raise ModelFormatError(
                f"the trees read {columns} columns, "
                f"but {len(trees.predictors)} predictors are named."
            )
        if base_score != EVEN_ODDS:
            raise ModelFormatError(
                f"the trees start from a base score of {base_score}, not {EVEN_ODDS}: where they "
                "start is the linear margin's to say."
            )
        return trees
