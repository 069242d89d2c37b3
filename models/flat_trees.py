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

DEEPEST = 8  # deeper trees would need more than 256 leaves each; the library answers those
FEW_ROWS = 4  # so few are answered here, however many the trees
MOST_STEPS = 8192  # rows times trees; above this the library is faster


class FlatTrees:
    """Trees padded to one depth, level by level.

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
        self._n_columns = int(said["num_feature"])
        self.base_score = float(said["base_score"].strip("[]").split(",")[0])
        self._n_outputs = n_outputs
        owner = np.array(model["tree_info"], dtype=np.intp)
        nodes = _Nodes(model["trees"])
        self.depth = nodes.depth()
        if self.usable:
            # by turn, then by output: the first tree of every output, then the second, ...
            turn = _turns(owner)
            self._slots = turn * n_outputs + owner
            self._turns = int(turn.max()) + 1
            self._fill(nodes)

    @property
    def usable(self) -> bool:
        """Whether the trees are shallow enough for this layout."""
        return self.depth <= DEEPEST

    def _fill(self, nodes: _Nodes) -> None:
        at = nodes.roots[None, :]
        features, thresholds = [], []
        for _ in range(self.depth):
            features.append(nodes.feature[at] + self._n_columns * nodes.missing_goes_right[at])
            thresholds.append(nodes.condition[at])
            at = np.stack([nodes.left[at], nodes.right[at]], axis=1).reshape(-1, at.shape[1])
        none = np.zeros((0, at.shape[1]))
        self._features = np.vstack([none, *features]).astype(np.intp).ravel()
        self._thresholds = np.vstack([none, *thresholds]).astype(np.float32).ravel()
        self._leaves = nodes.condition[at].astype(np.float32).ravel()
        self._n_trees = at.shape[1]

    def quicker_for(self, n_rows: int) -> bool:
        """Whether these arrays answer so many rows sooner than the library."""
        return self.usable and (n_rows <= FEW_ROWS or n_rows * self._n_trees <= MOST_STEPS)

    def sums(self, rows: Floats) -> Floats:
        """Sum of the leaves reached for each output, shape (n, n_outputs)."""
        n = len(rows)
        copies = self._two_copies(rows.astype(np.float32))
        begins = 2 * self._n_columns * np.arange(n)[:, None]
        trees = np.arange(self._n_trees)
        position = np.zeros((n, self._n_trees), dtype=np.intp)
        for level in range(self.depth):
            at = (position + (2**level - 1)) * self._n_trees + trees
            right = copies[self._features[at] + begins] >= self._thresholds[at]
            position = 2 * position + right
        leaves = np.zeros((n, self._turns * self._n_outputs), dtype=np.float32)
        leaves[:, self._slots] = self._leaves[position * self._n_trees + trees]
        by_turn = leaves.reshape(n, self._turns, self._n_outputs)
        # one after another, as the library adds: the same rounding
        return np.add.accumulate(by_turn, axis=1)[:, -1].astype(np.float64)

    def _two_copies(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        missing = np.isnan(rows)
        copies = np.stack([rows, rows], axis=1)
        copies[:, 0][missing] = -np.inf
        copies[:, 1][missing] = np.inf
        return copies.ravel()


class _Nodes:
    """The nodes of all trees end to end; a leaf is its own child on both sides."""

    def __init__(self, trees: list[Mapping[str, Any]]) -> None:
        sizes = np.array([len(tree["left_children"]) for tree in trees], dtype=np.intp)
        self.roots = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.intp)
        shift = np.repeat(self.roots, sizes)
        own = np.arange(len(shift))
        left = _joined(trees, "left_children").astype(np.intp)
        right = _joined(trees, "right_children").astype(np.intp)
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


def _joined(trees: list[Mapping[str, Any]], key: str) -> NDArray[Any]:
    return np.concatenate([np.asarray(tree[key], dtype=np.float64) for tree in trees])


def _turns(owner: NDArray[np.intp]) -> NDArray[np.intp]:
    """How many trees of the same output come before each tree."""
    order = np.argsort(owner, kind="stable")
    counts = np.bincount(owner)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    turn = np.empty(len(owner), dtype=np.intp)
    turn[order] = np.arange(len(owner)) - np.repeat(starts, counts)
    return turn
