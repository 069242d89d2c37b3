"""Laws of the linear margin: sums, missing values, levels, JSON."""

import json

import numpy as np
import pandas as pd
import pytest

from models.columns import NamedMatrix, named_matrix
from models.linear import LinearMargin, Term, TermEncoder
from models.linear_fit import fit_linear_margin
from models.linear_stack import LinearStack
from tests.models.conftest import SPEC, Rows, made_up_rows

EVERY_KIND = LinearMargin(
    -1.0,
    (
        Term("age", "number", 0.7, center=50.0, scale=10.0, missing_value=50.0, mean=0.1),
        Term("crp", "number", -0.3, 3.0, 0.5, 3.0, transform="log1p"),
        Term("day", "number", 0.2, 4.0, 2.0, 4.0, transform="square"),
        Term("grade", "level", 0.5, mean=0.3, lower=1.0, upper=3.0),
        Term("grade", "level", 2.0, mean=0.1, lower=3.0),
        Term("crp", "missing", 0.4, mean=0.2),
        Term("prior", "offset", 1.0, missing_value=-2.0, mean=-1.5),
    ),
)
NAMES = ("age", "crp", "day", "grade", "prior")


def _rows(*rows: tuple[float, ...]) -> NamedMatrix:
    return NamedMatrix(NAMES, np.array(rows))


def test_the_margin_is_the_sum_written_by_hand() -> None:
    margin = EVERY_KIND.margin(_rows((60.0, np.expm1(4.0), 3.0, 2.0, -1.0)))
    by_hand = -1.0 + 0.7 * 1.0 - 0.3 * 2.0 + 0.2 * (9.0 - 4.0) / 2.0 + 0.5 - 1.0
    assert margin == pytest.approx([by_hand], abs=1e-12)


def test_missing_values_count_as_the_stored_ones() -> None:
    nan = np.nan
    margin = EVERY_KIND.margin(_rows((nan, nan, nan, nan, nan)))
    assert margin == pytest.approx([-1.0 + 0.4 - 2.0], abs=1e-12)


@pytest.mark.parametrize(
    ("grade", "added"), [(0.0, 0.0), (1.0, 0.5), (2.0, 0.5), (3.0, 2.0), (4.0, 2.0)]
)
def test_an_unseen_level_counts_as_the_nearest_lower_seen_one(grade: float, added: float) -> None:
    low = EVERY_KIND.margin(_rows((50.0, 0.0, 2.0, 0.0, 0.0)))
    assert EVERY_KIND.margin(_rows((50.0, 0.0, 2.0, grade, 0.0))) - low == pytest.approx(added)


def test_contributions_add_up_to_the_margin() -> None:
    matrix = _rows((60.0, 7.0, 1.0, 3.0, -1.0), (np.nan, np.nan, 2.0, np.nan, np.nan))
    names, phi = EVERY_KIND.contributions(matrix)
    assert names == ("age", "crp", "day", "grade", "prior")
    total = phi.sum(axis=1) + EVERY_KIND.average_margin
    assert total == pytest.approx(EVERY_KIND.margin(matrix), abs=1e-12)


def test_terms_together_equal_terms_one_by_one_to_the_bit() -> None:
    matrix = _rows((60.0, 7.0, 1.0, 3.0, -1.0), (np.nan, np.nan, 2.0, np.nan, np.nan))
    together = TermEncoder(EVERY_KIND.terms).encode(matrix)
    for column, term in enumerate(EVERY_KIND.terms):
        alone = term.z(matrix.take_each((term.predictor,))[:, 0])
        assert (together[:, column] == alone).all()


def test_one_row_equals_the_same_row_among_many_to_the_bit(rows: Rows) -> None:
    linear = fit_linear_margin(*rows.truth, SPEC)
    matrix = named_matrix(rows.X)
    together = linear.margin(matrix)
    alone = [linear.margin(NamedMatrix(matrix.names, row[None]))[0] for row in matrix.numbers]
    assert together.tolist() == alone


def test_json_brings_the_same_bits_back(rows: Rows) -> None:
    for linear in (EVERY_KIND, fit_linear_margin(*rows.truth, SPEC)):
        again = LinearMargin.from_json(json.loads(json.dumps(linear.to_json(), allow_nan=False)))
        assert again == linear


def test_no_terms_is_the_intercept_for_everyone() -> None:
    assert LinearMargin(0.3).margin(pd.DataFrame({"day": [1.0, 2.0]})).tolist() == [0.3, 0.3]


def test_reading_does_not_change_the_rows(rows: Rows) -> None:
    matrix = named_matrix(rows.X)
    before = matrix.numbers.copy()
    fit_linear_margin(matrix, rows.y, rows.weight, SPEC).contributions(matrix)
    np.testing.assert_array_equal(matrix.numbers, before)


def test_a_stack_equals_its_margins_one_by_one(rows: Rows) -> None:
    margins = [fit_linear_margin(*made_up_rows(200, seed).truth, SPEC) for seed in range(5)]
    margins.append(LinearMargin(0.25))
    stack = LinearStack(margins)
    together = stack.margins(rows.X)
    alone = np.column_stack([margin.margin(rows.X) for margin in margins])
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-12)
    assert (stack.margins(rows.X.iloc[[3]]) == together[3]).all()


def test_a_stack_of_every_kind_of_term_equals_the_margin() -> None:
    nan = np.nan
    matrix = _rows((60.0, 7.0, 1.0, 2.0, -1.0), (nan, nan, nan, nan, nan), (1.0, -2.0, 0.0, 9.0, 3))
    stacked = LinearStack([EVERY_KIND, EVERY_KIND]).margins(matrix)
    for column in stacked.T:
        assert column == pytest.approx(EVERY_KIND.margin(matrix), abs=1e-12)
