"""Boosted trees as flat arrays: all trees of all rows step down together.

The library's own predictor answers thousands of rows faster, but needs most of a millisecond for
one. This one reads the same JSON, compares the same 32-bit numbers and adds the same leaves in the
same order, so both give the same bits and either may answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.columns import Floats

DEEPEST = 6  # every node is asked, and deeper trees have too many: the library answers those
FEW_ROWS = 4  # so few are answered here, however many the trees
MOST_STEPS = 8192  # rows times trees; above this the library is faster
_INFINITE = np.float32(np.inf)


class FlatTrees:
    """Trees padded to one depth: all their questions are asked at once, and then followed down.

    Parameters
    ----------
    booster : mapping
        The booster's JSON.
    n_outputs : int
        Outputs the trees add to; ``tree_info`` says which tree adds to which.

    Notes
    -----
    A row is laid out twice, missing values as -inf and as +inf: a split that sends missing values
    left reads the first copy, one that sends them right the second, and ``x >= threshold`` is then
    the whole decision.
    """

    def __init__(self, booster: Mapping[str, Any], n_outputs: int) -> None:
        model = booster["learner"]["gradient_booster"]["model"]
        said = booster["learner"]["learner_model_param"]
        self.n_columns = int(said["num_feature"])
        self.base_score = float(said["base_score"].strip("[]").split(",")[0])
        self._n_outputs = n_outputs
        owner = np.array(model["tree_info"], dtype=np.intp)
        nodes = _Nodes(model["trees"])
        self.depth = nodes.depth()
        if self.usable:
            self._fill(nodes, _by_turn(owner, n_outputs, nodes.roots))

    @property
    def usable(self) -> bool:
        """Whether the trees are shallow enough for this layout."""
        return self.depth <= DEEPEST

    def _fill(self, nodes: _Nodes, roots: NDArray[np.intp]) -> None:
        at = roots.reshape(1, -1)
        features, thresholds = [], []
        for _ in range(self.depth):
            features.append(nodes.feature[at] + self.n_columns * nodes.missing_goes_right[at])
            thresholds.append(nodes.condition[at])
            at = np.stack([nodes.left[at], nodes.right[at]], axis=1).reshape(-1, at.shape[1])
        none = np.zeros((0, at.shape[1]))
        self._features = np.vstack([none, *features]).astype(np.intp).ravel()
        self._thresholds = np.vstack([none, *thresholds]).astype(np.float32).ravel()
        self._leaves = nodes.condition[at].astype(np.float32).ravel()
        self._n_trees = roots.size
        # node h of tree t stands at h * n_trees + t, its left child is node 2 h + 1
        self._first = np.arange(self._n_trees)
        self._to_left = self._n_trees - self._first

    def quicker_for(self, n_rows: int) -> bool:
        """Whether these arrays answer so many rows sooner than the library."""
        return self.usable and (n_rows <= FEW_ROWS or n_rows * self._n_trees <= MOST_STEPS)

    def sums(self, rows: Floats) -> Floats:
        """Sum of the leaves reached for each output, shape (n, n_outputs)."""
        n = len(rows)
        x = rows.astype(np.float32)
        missing = np.isnan(x)
        twice = np.concatenate(
            [np.where(missing, -_INFINITE, x), np.where(missing, _INFINITE, x)], axis=1
        )
        goes_right = twice[:, self._features] >= self._thresholds
        further = (goes_right * self._n_trees).ravel()
        begins = len(self._features) * np.arange(n)[:, None]
        at = np.zeros((n, 1), dtype=np.intp) + self._first
        for _ in range(self.depth):
            at = 2 * at + self._to_left + further[at + begins]
        # by turn, one after another, as the library adds: the same rounding
        by_turn = self._leaves[at - len(self._features)].reshape(n, -1, self._n_outputs)
        return np.add.accumulate(by_turn, axis=1)[:, -1].astype(np.float64)


class _Nodes:
    """The nodes of all trees end to end; a leaf is its own child on both sides.

    The last node is of no tree: a leaf that adds nothing.
    """

    def __init__(self, trees: list[Mapping[str, Any]]) -> None:
        sizes = np.array([len(tree["left_children"]) for tree in trees], dtype=np.intp)
        self.roots = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.intp)
        shift = np.append(np.repeat(self.roots, sizes), 0)
        own = np.arange(len(shift))
        left = _joined(trees, "left_children", none=-1).astype(np.intp)
        right = _joined(trees, "right_children", none=-1).astype(np.intp)
        self.leaf = left < 0
        self.left = np.where(self.leaf, own, left + shift)
        self.right = np.where(self.leaf, own, right + shift)
        self.feature = _joined(trees, "split_indices").astype(np.intp)
        self.condition = _joined(trees, "split_conditions").astype(np.float32)
        self.missing_goes_right = _joined(trees, "default_left") == 0

    def depth(self) -> int:
        """Depth of the deepest tree, at most one more than DEEPEST."""
        reached, depth = self.roots, 0
        while depth <= DEEPEST and not self.leaf[reached].all():
            reached = np.concatenate([self.left[reached], self.right[reached]])
            reached, depth = np.unique(reached), depth + 1
        return depth


def _joined(trees: list[Mapping[str, Any]], key: str, none: float = 0.0) -> NDArray[Any]:
    every = [np.asarray(tree[key], dtype=np.float64) for tree in trees]
    return np.concatenate([*every, [none]])


def _by_turn(owner: NDArray[np.intp], n_outputs: int, roots: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the roots, shape (turns, outputs): the first tree of every output, the second, ...

    Where an output has fewer trees than others, the root is the last node, which adds nothing.
    """
    order = np.argsort(owner, kind="stable")
    counts = np.bincount(owner, minlength=n_outputs)
    starts = np.cumsum(counts) - counts
    turn = np.arange(len(owner)) - np.repeat(starts, counts)
    made = np.full((int(counts.max()), n_outputs), -1, dtype=np.intp)
    made[turn, owner[order]] = roots[order]
    return made
