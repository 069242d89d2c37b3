"""Shapley values of trees from tables: a lookup a leaf instead of a walk a row.

A leaf gives a value to a row that meets every condition on the way to it. With the conditions of
one column taken together there are u of them, and the Shapley values of a leaf depend only on which
of the u a row meets: 2^u cases, all computed when the model is opened. A row then looks up its case
in every leaf. They are the library's own (path-dependent) values, in double precision.

Reference: Lundberg 2020, doi:10.1038/s42256-019-0138-9; tables by case as in Yang 2021,
arXiv:2109.09847.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import factorial, nan
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.columns import Floats

MOST_CONDITIONS = 6  # of one leaf; a table grows with 2^u, and the library answers for the others
_BLOCK = 256  # rows at once, so that memory does not grow with their number


@dataclass(slots=True)
class _Condition:
    """What a leaf asks of one column: ``low <= x < high``, or whether a missing value will do.

    A bound of NaN is none. `share` is the part of the training weight that met it, as the splits
    on the way saw it.
    """

    low: float = nan
    high: float = nan
    missing_will_do: bool = True
    share: float = 1.0


_Path = Mapping[int, _Condition]


class ShapleyTables:
    """The tables of one ensemble.

    Parameters
    ----------
    booster : mapping
        The booster's JSON, of one output and with base score 0 in log-odds.
    """

    def __init__(self, booster: Mapping[str, Any]) -> None:
        self._n_columns = int(booster["learner"]["learner_model_param"]["num_feature"])
        trees = booster["learner"]["gradient_booster"]["model"]["trees"]
        self._n_trees = len(trees)
        leaves = [leaf for tree in trees for leaf in _leaves(tree)]
        self.widest = max(len(path) for path, _ in leaves)
        if self.usable:
            self._fill([path for path, _ in leaves], np.array([value for _, value in leaves]))

    @property
    def usable(self) -> bool:
        """Whether the tables are small enough to be made."""
        return self.widest <= MOST_CONDITIONS

    def _fill(self, paths: Sequence[_Path], values: Floats) -> None:
        # a condition that every row meets fills the narrow leaves up: it changes no other's share
        padding = [(0, _Condition())] * self.widest
        padded = [[*path.items(), *padding][: self.widest] for path in paths]
        self._columns = np.array([[at for at, _ in row] for row in padded], dtype=np.intp)
        conditions = [[one for _, one in row] for row in padded]
        self._low = _each(conditions, "low").astype(np.float32)
        self._high = _each(conditions, "high").astype(np.float32)
        self._missing_fails = _each(conditions, "missing_will_do") == 0.0
        self._bits = 1 << np.arange(self.widest)
        self._all_met = 2**self.widest - 1
        self._leaves = values.astype(np.float32)
        worth = values[:, None] * _left_to_chance(_each(conditions, "share"))
        self.average = float(worth[:, 0].sum())
        cases = np.arange(len(paths))[:, None] << self.widest
        self._cases = cases.ravel()
        tables = np.einsum("ls,msi->lmi", worth, _weights(self.widest))
        self._tables = tables.reshape(len(paths) << self.widest, self.widest)

    def values(self, rows: Floats) -> tuple[Floats, Floats]:
        """Shapley values in log-odds, and the sum of the leaves reached.

        Returns
        -------
        phi : ndarray, shape (n, columns)
            With :attr:`average` they add up to the sum.
        sums : ndarray, shape (n,)
            Added one after another in 32 bits, as the library adds: the same rounding.
        """
        if len(rows) <= _BLOCK:
            return self._of_block(rows)
        starts = range(0, len(rows), _BLOCK)
        blocks = [self._of_block(rows[at : at + _BLOCK]) for at in starts]
        return np.concatenate([phi for phi, _ in blocks]), np.concatenate([s for _, s in blocks])

    def _of_block(self, rows: Floats) -> tuple[Floats, Floats]:
        n = len(rows)
        x = rows.astype(np.float32)[:, self._columns]
        failed = (x < self._low) | (x >= self._high) | (np.isnan(x) & self._missing_fails)
        case = ~failed @ self._bits
        found = self._tables[case + self._cases]
        place = self._columns + self._n_columns * np.arange(n)[:, None, None]
        phi = np.bincount(place.ravel(), found.ravel(), minlength=n * self._n_columns)
        _, reached = np.nonzero(case == self._all_met)  # one leaf of every tree
        by_tree = self._leaves[reached].reshape(n, self._n_trees)
        sums = np.add.accumulate(by_tree, axis=1)[:, -1].astype(np.float64)
        return phi.astype(np.float64, copy=False).reshape(n, self._n_columns), sums


def _leaves(tree: Mapping[str, Any]) -> Iterator[tuple[_Path, float]]:
    """Yield the conditions of each leaf, by column, and its value."""
    left, right, cover = tree["left_children"], tree["right_children"], tree["sum_hessian"]
    waiting: list[tuple[int, _Path]] = [(0, {})]
    left_to_see = len(left)
    while waiting:
        at, path = waiting.pop()
        left_to_see -= 1
        if left_to_see < 0:
            raise ValueError("a node of a tree is reached twice")
        cut = float(tree["split_conditions"][at])
        if left[at] < 0:
            yield path, cut
            continue
        column, missing_left = int(tree["split_indices"][at]), bool(tree["default_left"][at])
        before = path.get(column, _Condition())
        for child, is_left in ((left[at], True), (right[at], False)):
            condition = _Condition(
                before.low if is_left else np.fmax(before.low, cut),
                np.fmin(before.high, cut) if is_left else before.high,
                before.missing_will_do and missing_left == is_left,
                before.share * cover[child] / cover[at],
            )
            waiting.append((child, {**path, column: condition}))


def _each(conditions: Sequence[Sequence[_Condition]], name: str) -> Floats:
    made = [[getattr(one, name) for one in row] for row in conditions]
    return np.array(made, dtype=np.float64).reshape(len(conditions), -1)


def _sets(width: int) -> NDArray[np.bool_]:
    """Return which of `width` conditions are in each of the 2^width sets of them."""
    return (np.arange(2**width)[:, None] >> np.arange(width)) % 2 == 1


def _left_to_chance(share: Floats) -> Floats:
    """Return the share that meets all conditions outside of each set, shape (leaves, sets)."""
    outside = ~_sets(share.shape[1])
    return np.where(outside, share[:, None, :], 1.0).prod(axis=2)


def _weights(width: int) -> Floats:
    """Return how a set counts for a condition where a row meets `case`: (case, set, condition).

    Known conditions are those of the set; where the row does not meet one of them the leaf is not
    reached, and the set counts nothing.
    """
    inside = _sets(width)
    missed = inside[None, :, :] & ~inside[:, None, :]
    reached = np.logical_not(missed.any(axis=2))
    size = inside.sum(axis=1)
    orders = np.array([factorial(k) * factorial(width - 1 - k) for k in range(width)] + [0])
    with_it, without_it = orders[size - 1], -orders[size]
    signed = np.where(inside, with_it[:, None], without_it[:, None]) / factorial(width)
    return reached[:, :, None] * signed[None, :, :]
