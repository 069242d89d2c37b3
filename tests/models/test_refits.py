"""Joined refits answer what the separate ones would."""

from __future__ import annotations

import json

import numpy as np
import pytest

from features.errors import ModelFormatError
from models.boosted import BoostedTrees
from models.calibration import Calibrator
from models.flat_trees import FEW_ROWS
from models.growing import fit_trees
from models.linear import LinearMargin
from models.logistic import sigmoid
from models.refits import Refit, Refits, joined_boosters
from tests.models.conftest import Rows, made_up_refit


def _refits(rows: Rows, kind: str = "intercept_slope", n: int = 7) -> list[Refit]:
    rng = np.random.default_rng(5)
    samples = [rows.weight * rng.poisson(1.0, len(rows.y)) for _ in range(n)]
    # refits differ in their number of trees, and one has none
    return [made_up_refit(rows, sample, kind, rounds=b * 3) for b, sample in enumerate(samples)]


def _separately(refits: list[Refit], rows: Rows) -> np.ndarray:
    margins = []
    for refit in refits:
        raw = refit.linear.margin(rows.X)
        if refit.trees is not None:
            raw = refit.trees.margin(rows.X, raw)
        margins.append(refit.calibrator.margin(raw))
    return np.column_stack(margins)


@pytest.mark.parametrize("kind", ["none", "intercept_slope", "isotonic"])
def test_joined_equals_separate(rows: Rows, kind: str) -> None:
    refits = _refits(rows, kind)
    joined = Refits.join(refits).margins(rows.X)
    np.testing.assert_allclose(joined, _separately(refits, rows), rtol=0, atol=1e-9)


@pytest.mark.parametrize("n", [1, 2])
def test_one_or_two_refits_are_joined_too(rows: Rows, n: int) -> None:
    refits = _refits(rows, n=n + 1)[1:]
    joined = Refits.join(refits)
    assert joined.margins(rows.X).shape == (len(rows.X), n)
    few = rows.X.head(2)
    assert (joined.margins(few) == joined.margins(rows.X)[:2]).all()
    np.testing.assert_allclose(joined.margins(rows.X), _separately(refits, rows), atol=1e-9)


def test_few_rows_equal_the_same_rows_among_many_to_the_bit(rows: Rows) -> None:
    joined = Refits.join(_refits(rows))
    together = joined.margins(rows.X)
    assert (joined.margins(rows.X.head(FEW_ROWS)) == together[:FEW_ROWS]).all()
    assert (joined.interval(rows.X.iloc[[9]]) == joined.interval(rows.X)[9]).all()


def test_the_interval_is_the_percentiles_of_the_refits_risks(rows: Rows) -> None:
    joined = Refits.join(_refits(rows))
    risks = sigmoid(joined.margins(rows.X))
    expected = np.percentile(risks, [2.5, 97.5], axis=1).T
    np.testing.assert_allclose(joined.interval(rows.X), expected, atol=1e-12)


def test_the_interval_is_ordered_inside_the_open_interval(rows: Rows) -> None:
    low, high = Refits.join(_refits(rows)).interval(rows.X).T
    assert ((low > 0) & (low <= high) & (high < 1)).all()


def test_refits_without_trees_need_no_booster(rows: Rows) -> None:
    refits = [Refit(r.linear, None, r.calibrator) for r in _refits(rows, n=3)]
    joined = Refits.join(refits)
    assert joined.tree_text is None
    np.testing.assert_allclose(joined.margins(rows.X), _separately(refits, rows), atol=1e-12)


def test_saved_refits_give_the_same_bits(rows: Rows) -> None:
    joined = Refits.join(_refits(rows))
    saved = json.loads(json.dumps(joined.to_json(), allow_nan=False))
    again = Refits.from_json(saved, joined.tree_text)
    assert (again.margins(rows.X) == joined.margins(rows.X)).all()


def test_the_joined_text_is_a_booster_of_the_library(rows: Rows) -> None:
    import xgboost

    refits = _refits(rows, n=4)
    booster = xgboost.Booster()
    booster.load_model(bytearray(joined_boosters([r.trees for r in refits]).encode()))
    theirs = booster.predict(
        xgboost.DMatrix(rows.X.to_numpy()), output_margin=True, validate_features=False
    )
    assert theirs.shape == (len(rows.X), 4)
    for b, refit in enumerate(refits):
        alone = 0.0 if refit.trees is None else refit.trees.tree_sums(rows.X)
        assert (theirs[:, b] == alone).all()


def test_trees_over_different_columns_cannot_be_joined(rows: Rows) -> None:
    parts = [("day", "crs_grade"), ("crs_grade", "day")]
    base = np.zeros(len(rows.y))
    grown: list[BoostedTrees | None] = [
        fit_trees(*rows.truth, base, {}, 2, predictors=names) for names in parts
    ]
    refits = [Refit(LinearMargin(0.0), trees, Calibrator()) for trees in grown]
    with pytest.raises(ValueError, match="the same columns"):
        Refits.join(refits)


def test_parts_that_do_not_fit_each_other_are_refused(rows: Rows) -> None:
    joined = Refits.join(_refits(rows, n=3))
    saved = joined.to_json()
    with pytest.raises(ModelFormatError, match="not as many"):
        Refits.from_json({**saved, "calibrators": saved["calibrators"][:1]}, joined.tree_text)
    with pytest.raises(ModelFormatError, match="not as many"):
        Refits.from_json(saved, None)
