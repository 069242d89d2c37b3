"""Tables of Shapley values: what the library computes, for one row as for many."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
import pytest
import xgboost

from models import shapley_tables
from models.boosted import BoostedTrees
from models.columns import NamedMatrix, named_matrix
from models.growing import fit_trees
from models.shapley_tables import ShapleyTables
from tests.models.conftest import Rows


def grown(rows: Rows, **params: float) -> BoostedTrees:
    made = fit_trees(*rows.truth, np.zeros(len(rows.y)), {"learning_rate": 0.4, **params}, 12)
    assert made is not None
    return made


def by_the_library(trees: BoostedTrees, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    given = xgboost.DMatrix(numbers, nthread=1)
    phi = trees.booster.predict(given, pred_contribs=True, validate_features=False)
    return phi[:, :-1], phi[:, -1]


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 6])
def test_they_are_the_values_of_the_library(rows: Rows, depth: int) -> None:
    trees = grown(rows, max_depth=depth, min_child_weight=0.5)
    numbers = named_matrix(rows.X).numbers
    theirs, average = by_the_library(trees, numbers)
    np.testing.assert_allclose(trees.tables.values(numbers)[0], theirs, rtol=0, atol=1e-6)
    np.testing.assert_allclose(trees.tables.average, average, rtol=0, atol=1e-6)


def test_a_value_on_a_threshold_counts_where_the_library_counts_it(rows: Rows) -> None:
    trees = grown(rows, max_depth=3)
    model = json.loads(trees.text)["learner"]["gradient_booster"]["model"]
    numbers = named_matrix(rows.X).numbers[:1]
    on_cut = []
    for tree in model["trees"]:
        for column, cut, left in zip(
            tree["split_indices"], tree["split_conditions"], tree["left_children"], strict=True
        ):
            if left >= 0:
                on_cut.append(numbers[0].copy())
                on_cut[-1][column] = np.float32(cut)
    theirs, _ = by_the_library(trees, np.array(on_cut))
    np.testing.assert_allclose(trees.tables.values(np.array(on_cut))[0], theirs, rtol=0, atol=1e-6)


def test_one_row_gives_the_same_bits_alone_and_among_many(
    rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables, numbers = grown(rows).tables, named_matrix(rows.X).numbers
    phi, sums = tables.values(numbers)
    for at in range(len(numbers)):
        alone, sum_alone = tables.values(numbers[at : at + 1])
        assert (alone == phi[at]).all()
        assert sum_alone == sums[at]
    monkeypatch.setattr(shapley_tables, "_BLOCK", 7)
    in_blocks, sums_in_blocks = tables.values(numbers)
    assert (in_blocks == phi).all()
    assert (sums_in_blocks == sums).all()
    assert tables.values(numbers[:0])[0].shape == (0, numbers.shape[1])


@pytest.mark.parametrize("depth", [1, 3, 6])
def test_the_leaves_reached_add_up_to_the_bit(rows: Rows, depth: int) -> None:
    trees = grown(rows, max_depth=depth, min_child_weight=0.5)
    numbers = named_matrix(rows.X).numbers.copy()
    numbers[0], numbers[1] = np.inf, -np.inf  # a double may be too large for 32 bits
    _, sums = trees.tables.values(numbers)
    assert (sums == trees.flat.sums(numbers)[:, 0]).all()


def test_they_are_shapley_values_by_their_definition() -> None:
    """Against the sum over all sets, on one tree that asks one column twice."""
    booster = by_hand(
        left=[1, 3, -1, -1, 5, -1, -1], right=[2, 4, -1, -1, 6, -1, -1],
        column=[0, 1, 0, 0, 0, 0, 0], value=[5.0, 2.0, 3.0, 1.0, 1.0, -2.0, 4.0],
        missing_left=[1, 0, 0, 0, 0, 0, 0], cover=[10.0, 7.0, 3.0, 3.0, 4.0, 1.0, 3.0],
    )  # fmt: skip
    tables = ShapleyTables(booster)
    tree = booster["learner"]["gradient_booster"]["model"]["trees"][0]
    for row in ([0.5, 1.0, 9.0], [3.0, np.nan, 9.0], [np.nan, 2.0, 9.0], [7.0, 0.0, 9.0]):
        expected = by_definition(tree, row)
        np.testing.assert_allclose(tables.values(np.array([row]))[0][0], expected, atol=1e-12)
        assert expected[2] == 0.0
    assert tables.average == pytest.approx(expected_value(tree, [np.nan] * 3, frozenset()))


def test_trees_with_many_conditions_are_left_to_the_library(
    rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    trees = grown(rows, max_depth=4)
    monkeypatch.setattr(shapley_tables, "MOST_CONDITIONS", trees.tables.widest - 1)
    deep = BoostedTrees(trees.predictors, trees.text)
    assert not deep.tables.usable
    theirs, average = by_the_library(trees, named_matrix(rows.X).numbers)
    phi, same = deep.contributions(rows.X)
    assert (phi == theirs).all()
    assert (same == average).all()


def test_a_single_leaf_contributes_nothing(rows: Rows) -> None:
    trees = grown(rows, min_child_weight=1e9)
    nowhere = NamedMatrix(trees.predictors, np.full((2, len(trees.predictors)), np.nan))
    phi, average = trees.contributions(nowhere)
    assert (phi == 0).all()
    np.testing.assert_allclose(average, trees.tree_sums(nowhere), atol=1e-6)


def by_hand(**nodes: list[float]) -> dict[str, Any]:
    tree = {
        "left_children": nodes["left"], "right_children": nodes["right"],
        "split_indices": nodes["column"], "split_conditions": nodes["value"],
        "default_left": nodes["missing_left"], "sum_hessian": nodes["cover"],
    }  # fmt: skip
    return {
        "learner": {
            "learner_model_param": {"num_feature": "3"},
            "gradient_booster": {"model": {"trees": [tree]}},
        }
    }


def by_definition(tree: Mapping[str, Any], row: list[float]) -> list[float]:
    """Mean, over all orders of the columns, of what knowing one more changes."""
    n = len(row)
    made = []
    for column in range(n):
        others = [at for at in range(n) if at != column]
        total = 0.0
        for size in range(n):
            for known in combinations(others, size):
                more = expected_value(tree, row, frozenset((*known, column)))
                change = more - expected_value(tree, row, frozenset(known))
                total += change / (n * comb(n - 1, size))
        made.append(total)
    return made


def expected_value(
    tree: Mapping[str, Any], row: list[float], known: frozenset[int], at: int = 0
) -> float:
    """Follow the known columns; where one is not known, both ways by their training weight."""
    left, right = tree["left_children"][at], tree["right_children"][at]
    cut, column = tree["split_conditions"][at], tree["split_indices"][at]
    if left < 0:
        return cut
    below = expected_value(tree, row, known, left)
    above = expected_value(tree, row, known, right)
    if column not in known:
        cover = tree["sum_hessian"]
        return (cover[left] * below + cover[right] * above) / cover[at]
    goes_left = bool(tree["default_left"][at]) if np.isnan(row[column]) else row[column] < cut
    return below if goes_left else above
