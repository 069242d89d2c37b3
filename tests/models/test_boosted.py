"""Trees: useless without their margin, the same bits after reading, the same as the library."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import xgboost

from features.errors import ModelFormatError, PlanError
from models.boosted import BoostedTrees
from models.columns import NamedMatrix, named_matrix
from models.flat_trees import DEEPEST, FEW_ROWS, MOST_STEPS, FlatTrees
from models.growing import bin_rows, boost_path, fit_trees, grow
from models.linear_fit import fit_linear_margin
from models.logistic import log_loss_of_margin, sigmoid
from tests.models.conftest import SPEC, Rows, made_up_rows

PARAMS = {"max_depth": 3, "learning_rate": 0.3, "min_child_weight": 1.0}


@pytest.fixture(scope="module")
def base(rows: Rows) -> np.ndarray:
    return fit_linear_margin(*rows.truth, SPEC).margin(rows.X)


@pytest.fixture(scope="module")
def trees(rows: Rows, base: np.ndarray) -> BoostedTrees:
    grown = fit_trees(*rows.truth, base, PARAMS, 15, seed=2)
    assert grown is not None
    return grown


def test_the_margin_equals_the_library_given_the_same_base(
    rows: Rows, base: np.ndarray, trees: BoostedTrees
) -> None:
    given = xgboost.DMatrix(rows.X.to_numpy(), base_margin=base)
    theirs = trees.booster.predict(given, output_margin=True, validate_features=False)
    np.testing.assert_allclose(trees.margin(rows.X, base), theirs, rtol=0, atol=2e-6)


def test_without_the_base_margin_the_risk_is_wrong_and_cannot_be_asked(
    rows: Rows, base: np.ndarray, trees: BoostedTrees
) -> None:
    right = sigmoid(trees.margin(rows.X, base))
    omitted = trees.booster.predict(xgboost.DMatrix(rows.X.to_numpy()), validate_features=False)
    assert np.abs(right - omitted).max() > 0.2
    with pytest.raises(TypeError):
        trees.margin(rows.X)  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="base margin of shape"):
        trees.margin(rows.X, base[:3])


def test_no_hidden_intercept_is_added(rows: Rows, trees: BoostedTrees) -> None:
    leaves = json.loads(trees.text)["learner"]["gradient_booster"]["model"]["trees"]
    only_missing = NamedMatrix(trees.predictors, np.full((1, len(trees.predictors)), np.nan))
    by_hand = 0.0
    for tree in leaves:
        at = 0
        while tree["left_children"][at] >= 0:
            side = "left_children" if tree["default_left"][at] else "right_children"
            at = tree[side][at]
        by_hand += tree["split_conditions"][at]
    assert trees.tree_sums(only_missing) == pytest.approx([by_hand], abs=1e-6)


def test_saved_text_gives_the_same_bits(rows: Rows, trees: BoostedTrees) -> None:
    again = BoostedTrees.from_json(json.loads(json.dumps(trees.to_json())), trees.text)
    assert (again.tree_sums(rows.X) == trees.tree_sums(rows.X)).all()
    assert bytes(again.booster.save_raw("json")).decode() == trees.text


def test_contributions_add_up_to_the_tree_sums(rows: Rows, trees: BoostedTrees) -> None:
    phi, average = trees.contributions(rows.X)
    assert phi.shape == (len(rows.X), len(trees.predictors))
    np.testing.assert_allclose(phi.sum(axis=1) + average, trees.tree_sums(rows.X), atol=1e-5)
    assert np.ptp(average) == 0.0


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # raised while shap is imported
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the same
@pytest.mark.filterwarnings("ignore::FutureWarning")  # the same
def test_contributions_equal_those_of_the_shap_library(rows: Rows, trees: BoostedTrees) -> None:
    import shap

    explainer = shap.TreeExplainer(trees.booster, feature_perturbation="tree_path_dependent")
    theirs = explainer.shap_values(rows.X.to_numpy())
    phi, _ = trees.contributions(rows.X)
    np.testing.assert_allclose(phi, theirs, atol=1e-5)


def test_contributions_do_not_depend_on_the_column_order_of_the_frame(
    rows: Rows, trees: BoostedTrees
) -> None:
    turned = rows.X[rows.X.columns[::-1]]
    assert (trees.contributions(turned)[0] == trees.contributions(rows.X)[0]).all()


def test_a_monotone_constraint_holds_everywhere(rows: Rows, base: np.ndarray) -> None:
    noise = np.random.default_rng(0).permutation(rows.y)  # nothing true to find
    grown = fit_trees(
        rows.X, noise, rows.weight, base, PARAMS, 40, monotone={"crs_grade": 1, "day": -1}
    )
    assert grown is not None
    for column, way in (("crs_grade", 1), ("day", -1)):
        swept = [grown.tree_sums(rows.X.assign(**{column: v})) for v in np.arange(0.0, 10.0)]
        assert (way * np.diff(swept, axis=0) >= -1e-6).all()


def test_zero_rounds_is_no_tree(rows: Rows, base: np.ndarray) -> None:
    assert fit_trees(*rows.truth, base, PARAMS, 0) is None


def test_growing_twice_gives_the_same_text(rows: Rows, base: np.ndarray) -> None:
    again = [fit_trees(*rows.truth, base, PARAMS, 5, seed=4) for _ in range(2)]
    assert again[0] == again[1]


def test_binned_rows_can_be_used_again_for_other_weights(rows: Rows, base: np.ndarray) -> None:
    binned = bin_rows(rows.X, tuple(rows.X.columns))
    first = grow(binned, rows.y, rows.weight, base, PARAMS, 5)
    grow(binned, 1 - rows.y, np.ones(len(rows.y)), -base, PARAMS, 5)
    assert grow(binned, rows.y, rows.weight, base, PARAMS, 5) == first


@pytest.mark.parametrize("n", [1, 3])
def test_one_class_and_a_handful_of_rows_are_grown_without_harm(n: int) -> None:
    few = made_up_rows(n)
    grown = fit_trees(few.X, np.zeros(n), np.ones(n), np.full(n, -2.0), PARAMS, 5)
    assert grown is not None
    p = sigmoid(grown.margin(few.X, np.full(n, -2.0)))
    assert ((p > 0) & (p < 1)).all()


def test_unknown_parameters_and_directions_are_refused(rows: Rows, base: np.ndarray) -> None:
    with pytest.raises(PlanError, match=r"eta.*learning_rate"):
        fit_trees(*rows.truth, base, {"eta": 0.1}, 3)
    with pytest.raises(PlanError, match="scale_pos_weight"):
        fit_trees(*rows.truth, base, {"scale_pos_weight": 9.0}, 3)
    with pytest.raises(PlanError, match=r"\+1 or -1"):
        fit_trees(*rows.truth, base, {}, 3, monotone={"day": 2})


def test_text_that_is_no_booster_or_another_one_is_refused(trees: BoostedTrees) -> None:
    with pytest.raises(ModelFormatError, match="cannot be read as an XGBoost model"):
        BoostedTrees.from_json({"predictors": ["day"]}, '{"learner": 3}')
    with pytest.raises(ModelFormatError, match="but 1 predictors are named"):
        BoostedTrees.from_json({"predictors": ["day"]}, trees.text)
    circle = json.loads(trees.text)
    circle["learner"]["gradient_booster"]["model"]["trees"][0]["left_children"][0] = 0
    with pytest.raises(ModelFormatError, match="cannot be read as an XGBoost model"):
        BoostedTrees.from_json(trees.to_json(), json.dumps(circle))


def test_one_answer_needs_no_library(rows: Rows, trees: BoostedTrees) -> None:
    """It costs a second at every start of a service."""
    script = (
        "import json, sys; from models.boosted import BoostedTrees; import numpy as np; "
        "from models.columns import NamedMatrix; said = json.load(sys.stdin); "
        "trees = BoostedTrees.from_json(said, said['text']); "
        "row = NamedMatrix(trees.predictors, np.ones((1, len(trees.predictors)))); "
        "trees.explained(row); trees.tree_sums(row); assert 'xgboost' not in sys.modules"
    )
    said = json.dumps({**trees.to_json(), "text": trees.text})
    subprocess.run([sys.executable, "-c", script], input=said, text=True, check=True)


def test_trees_with_an_intercept_of_their_own_are_refused(trees: BoostedTrees) -> None:
    content = json.loads(trees.text)
    content["learner"]["learner_model_param"]["base_score"] = "[2E-1]"
    with pytest.raises(ModelFormatError, match=r"base score of 0\.2, not 0\.5"):
        BoostedTrees.from_json(trees.to_json(), json.dumps(content))


def test_names_that_the_library_refuses_are_kept() -> None:
    X = pd.DataFrame({"a[b]<c": np.arange(20.0)})
    y = (X.iloc[:, 0] > 9).to_numpy(float)
    grown = fit_trees(X, y, np.ones(20), np.zeros(20), {"min_child_weight": 0.1}, 2)
    assert grown is not None
    assert grown.predictors == ("a[b]<c",)


class TestPath:
    def test_starts_at_the_margin_and_is_the_held_out_loss(
        self, rows: Rows, base: np.ndarray
    ) -> None:
        held_out = made_up_rows(300, seed=8)
        held_base = fit_linear_margin(*rows.truth, SPEC).margin(held_out.X)
        names = tuple(rows.X.columns)
        train = bin_rows(rows.X, names)
        path = boost_path(
            train,
            (rows.y, rows.weight, base),
            bin_rows(held_out.X, names, like=train),
            (held_out.y, held_out.weight, held_base),
            PARAMS,
            12,
            stop_after=None,
            seed=1,
        )
        assert len(path.log_loss) == 13
        for rounds in (0, 1, 12):
            grown = fit_trees(*rows.truth, base, PARAMS, rounds, seed=1)
            margin = held_base if grown is None else grown.margin(held_out.X, held_base)
            by_hand = log_loss_of_margin(margin, held_out.y, held_out.weight)
            assert path.log_loss[rounds] == pytest.approx(by_hand, abs=1e-5)
        assert path.best_round == int(np.argmin(path.log_loss))

    def test_where_nothing_is_to_be_found_zero_trees_win(self) -> None:
        rng = np.random.default_rng(5)
        train, held_out = made_up_rows(150, 1), made_up_rows(4000, 2)
        names = tuple(train.X.columns)
        margin, held_margin = np.full(150, -1.0), np.full(4000, -1.0)
        bins = bin_rows(train.X, names)
        path = boost_path(
            bins,
            ((rng.random(150) < sigmoid(margin)).astype(float), np.ones(150), margin),
            bin_rows(held_out.X, names, like=bins),
            ((rng.random(4000) < sigmoid(held_margin)).astype(float), np.ones(4000), held_margin),
            {"learning_rate": 0.5, "min_child_weight": 1.0},
            30,
            stop_after=5,
        )
        assert path.best_round == 0
        assert len(path.log_loss) < 31


def by_the_library(trees: BoostedTrees, numbers: np.ndarray) -> np.ndarray:
    no_margin = np.zeros(len(numbers), dtype=np.float32)
    return trees.booster.inplace_predict(
        numbers, predict_type="margin", base_margin=no_margin, validate_features=False
    )


class TestFlat:
    @pytest.mark.parametrize("depth", [1, 2, 4, 6])
    def test_equals_the_library_to_the_bit(self, rows: Rows, base: np.ndarray, depth: int) -> None:
        params = {"max_depth": depth, "learning_rate": 0.4, "min_child_weight": 0.5}
        grown = fit_trees(*rows.truth, base, params, 20, seed=depth)
        assert grown is not None
        flat = FlatTrees(json.loads(grown.text), 1)
        numbers = named_matrix(rows.X).numbers
        assert (flat.sums(numbers)[:, 0] == by_the_library(grown, numbers)).all()

    def test_a_value_on_a_threshold_goes_where_the_library_sends_it(
        self, rows: Rows, trees: BoostedTrees
    ) -> None:
        cuts = [
            (column, cut)
            for tree in json.loads(trees.text)["learner"]["gradient_booster"]["model"]["trees"]
            for column, cut, left in zip(
                tree["split_indices"],
                tree["split_conditions"],
                tree["left_children"],
                strict=True,
            )
            if left >= 0
        ]
        numbers = np.repeat(named_matrix(rows.X).numbers[:1], len(cuts), axis=0)
        for row, (column, cut) in enumerate(cuts):
            numbers[row, column] = np.float32(cut)
        assert (trees.flat.sums(numbers)[:, 0] == by_the_library(trees, numbers)).all()

    def test_few_rows_and_many_rows_answer_the_same_bits(
        self, rows: Rows, trees: BoostedTrees
    ) -> None:
        few, many = FEW_ROWS, MOST_STEPS // trees.rounds
        assert len(rows.X) > many  # these are the library's
        together = trees.tree_sums(rows.X)
        for n in (1, few, many):
            assert (trees.tree_sums(rows.X.head(n)) == together[:n]).all()

    def test_a_single_leaf_is_a_tree_too(self, rows: Rows) -> None:
        params = {"min_child_weight": 1e9}
        grown = fit_trees(*rows.truth, np.zeros(len(rows.y)), params, 3)
        assert grown is not None
        flat = FlatTrees(json.loads(grown.text), 1)
        assert flat.depth == 0
        numbers = named_matrix(rows.X).numbers
        assert (flat.sums(numbers)[:, 0] == by_the_library(grown, numbers)).all()

    def test_deeper_trees_are_left_to_the_library(self) -> None:
        many = made_up_rows(3000)
        params = {"max_depth": DEEPEST + 4, "min_child_weight": 0.01, "reg_lambda": 0.0}
        grown = fit_trees(*many.truth, np.zeros(3000), params, 3)
        assert grown is not None
        assert not grown.flat.usable
        assert (grown.tree_sums(many.X.head(1)) == grown.tree_sums(many.X)[:1]).all()
