"""The whole fit, done again on bootstrap samples of patients: where the interval comes from.

Every refit is a linear margin, trees on its residual and a calibrator of its own. To answer for one
patient in about a millisecond the B refits are joined: the linear margins become one matrix of
coefficients over shared columns, and the B boosters one booster with B outputs, in the library's
own JSON, whose trees each add to the output of their refit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.errors import ModelFormatError
from models.boosted import BoostedTrees, load_booster
from models.calibration import Calibrator
from models.columns import Floats, Matrix, named_matrix
from models.flat_trees import FlatTrees
from models.linear import LinearMargin
from models.linear_stack import LinearStack
from models.logistic import sigmoid

LOWER, UPPER = 2.5, 97.5  # percentiles of the interval


@dataclass(frozen=True)
class Refit:
    """One refit of the whole model."""

    linear: LinearMargin
    trees: BoostedTrees | None
    calibrator: Calibrator


@dataclass(frozen=True)
class Refits:
    """B refits, joined for speed.

    Parameters
    ----------
    linears, calibrators : tuple
        One per refit.
    tree_predictors : tuple of str
        Columns read by the joined booster; empty if no refit has a tree.
    tree_text : str or None
        Native JSON of the joined booster.
    """

    linears: tuple[LinearMargin, ...]
    calibrators: tuple[Calibrator, ...]
    tree_predictors: tuple[str, ...] = ()
    tree_text: str | None = None

    @classmethod
    def join(cls, refits: Sequence[Refit]) -> Refits:
        """Join separate refits; all trees must read the same columns.

        Raises
        ------
        ValueError
            If two refits' trees read different columns.
        """
        ensembles = [refit.trees for refit in refits]
        with_trees = [trees for trees in ensembles if trees is not None]
        names = {trees.predictors for trees in with_trees}
        if len(names) > 1:
            raise ValueError("the trees of all refits must read the same columns, in one order")
        return cls(
            tuple(refit.linear for refit in refits),
            tuple(refit.calibrator for refit in refits),
            with_trees[0].predictors if with_trees else (),
            joined_boosters(ensembles) if with_trees else None,
        )

    def __len__(self) -> int:
        return len(self.linears)

    @cached_property
    def booster(self) -> Any:
        """The joined booster, opened."""
        return load_booster(self.tree_text or "")

    @cached_property
    def flat(self) -> FlatTrees:
        """The same trees for a few rows at once."""
        return FlatTrees(json.loads(self.tree_text or ""), n_outputs=len(self))

    def margins(self, X: Matrix) -> Floats:
        """Calibrated log-odds of every refit, shape (n, B)."""
        matrix = named_matrix(X)
        raw = self._stack.margins(matrix)
        if self.tree_text is not None:
            raw = raw + self._tree_sums(matrix.take(self.tree_predictors))
        return self._calibrated(raw)

    def interval(self, X: Matrix) -> Floats:
        """Percentiles 2.5 and 97.5 of the refits' probabilities, shape (n, 2).

        The uncertainty of this model's risk under resampling of its training patients: neither
        that of the patient's outcome nor that of carrying the model to another hospital.
        """
        at, share = self._percentiles
        p = sigmoid(np.sort(self.margins(X), axis=1)[:, at])
        between: Floats = p[:, :2] + share * (p[:, 2:] - p[:, :2])
        return between

    def to_json(self) -> dict[str, Any]:
        """Return everything but the joined booster, as plain JSON."""
        return {
            "linears": [linear.to_json() for linear in self.linears],
            "calibrators": [calibrator.to_json() for calibrator in self.calibrators],
            "tree_predictors": list(self.tree_predictors),
        }

    @classmethod
    def from_json(cls, saved: Mapping[str, Any], tree_text: str | None) -> Refits:
        """Read what :meth:`to_json` wrote, and the joined booster.

        Raises
        ------
        ModelFormatError
            If the parts do not fit each other.
        """
        refits = cls(
            tuple(LinearMargin.from_json(linear) for linear in saved["linears"]),
            tuple(Calibrator.from_json(calibrator) for calibrator in saved["calibrators"]),
            tuple(saved["tree_predictors"]),
            tree_text,
        )
        if len(refits.calibrators) != len(refits) or bool(tree_text) != bool(
            refits.tree_predictors
        ):
            raise ModelFormatError("the refits' margins, calibrators and trees are not as many.")
        if tree_text is not None:
            refits.flat  # noqa: B018 - read now: a bad text is refused here, the first answer is quick
        return refits

    @cached_property
    def _percentiles(self) -> tuple[NDArray[np.intp], Floats]:
        """Ranks below both percentiles, then above them, and how far between they lie."""
        last = len(self) - 1
        ranks = np.array([LOWER, UPPER]) / 100.0 * last
        below = ranks.astype(np.intp)
        return np.concatenate([below, np.minimum(below + 1, last)]), ranks - below

    @cached_property
    def _stack(self) -> LinearStack:
        return LinearStack(self.linears)

    @cached_property
    def _affine(self) -> tuple[Floats, Floats] | None:
        """Intercepts and slopes, unless some calibrator is isotonic."""
        if any(c.kind == "isotonic" for c in self.calibrators):
            return None
        intercepts = np.array([c.intercept for c in self.calibrators])
        return intercepts, np.array([c.slope for c in self.calibrators])

    def _tree_sums(self, rows: Floats) -> Floats:
        if self.flat.quicker_for(len(rows)):
            return self.flat.sums(rows)
        # base score 0 stands in the joined text itself; see joined_boosters
        sums = self.booster.inplace_predict(rows, predict_type="margin", validate_features=False)
        return np.asarray(sums, dtype=np.float64)[:, : len(self)]

    def _calibrated(self, raw: Floats) -> Floats:
        if self._affine is not None:
            intercepts, slopes = self._affine
            calibrated: Floats = intercepts + slopes * raw
            return calibrated
        return np.column_stack(
            [calibrator.margin(raw[:, b]) for b, calibrator in enumerate(self.calibrators)]
        )


def joined_boosters(ensembles: Sequence[BoostedTrees | None]) -> str:
    """Write boosters of one output each as one booster of ``len(ensembles)`` outputs.

    The trees are the same trees, told by ``tree_info`` which output they add to; what prediction
    does not read (gains, hessians, inner weights) is set to 0, which halves the text.

    Returns
    -------
    str
        Native JSON; the margin of output b is the tree sum of ensemble b.
    """
    n_outputs = max(2, len(ensembles))  # the library's many-output objective wants two
    content: dict[str, Any] = {}
    trees: list[dict[str, Any]] = []
    owners: list[int] = []
    for output, ensemble in enumerate(ensembles):
        if ensemble is None:
            continue
        content = json.loads(ensemble.text)
        own = content["learner"]["gradient_booster"]["model"]["trees"]
        trees += [_slim(tree, len(trees) + position) for position, tree in enumerate(own)]
        owners += [output] * len(own)
    learner = content["learner"]
    learner["objective"] = {
        "name": "multi:softprob",
        "softmax_multiclass_param": {"num_class": str(n_outputs)},
    }
    learner["learner_model_param"]["num_class"] = str(n_outputs)
    learner["learner_model_param"]["base_score"] = "[" + ",".join(["0E0"] * n_outputs) + "]"
    model = learner["gradient_booster"]["model"]
    model["trees"], model["tree_info"] = trees, owners
    model["iteration_indptr"] = [0, len(trees)]
    model["gbtree_model_param"]["num_trees"] = str(len(trees))
    return json.dumps(content, separators=(",", ":"), allow_nan=False)


def _slim(tree: dict[str, Any], number: int) -> dict[str, Any]:
    nothing = [0.0] * len(tree["split_indices"])
    unread = {name: nothing for name in ("base_weights", "loss_changes", "sum_hessian")}
    return {**tree, **unread, "id": number}
