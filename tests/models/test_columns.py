"""Named matrices: any column order in, the asked order out."""

import numpy as np
import pandas as pd
import pytest

from features.errors import NotAssessable
from models.columns import NamedMatrix, named_matrix


def test_columns_come_in_the_asked_order_and_may_repeat() -> None:
    matrix = NamedMatrix(("a", "b", "c"), np.array([[1.0, 2.0, 3.0]]))
    assert matrix.take(("c", "a")).tolist() == [[3.0, 1.0]]
    assert matrix.take_each(("b", "b")).tolist() == [[2.0, 2.0]]


def test_a_repeated_take_is_a_copy_that_may_be_written() -> None:
    matrix = NamedMatrix(("a",), np.array([[1.0]]))
    matrix.take_each(("a",))[:] = 9.0
    assert matrix.numbers.tolist() == [[1.0]]


def test_an_absent_column_is_named_and_told_from_a_missing_value() -> None:
    with pytest.raises(NotAssessable, match=r"ldh_u_l__last.*NaN, not an absent column"):
        NamedMatrix(("a",), np.zeros((1, 1))).take(("a", "ldh_u_l__last"))


def test_a_data_frame_becomes_float64_with_missing_as_nan() -> None:
    frame = pd.DataFrame({"a": pd.array([1, None], dtype="Int64"), "b": [True, False]})
    numbers = named_matrix(frame).numbers
    assert numbers.dtype == np.float64
    assert np.isnan(numbers[1, 0])
    assert numbers[:, 1].tolist() == [1.0, 0.0]


def test_an_infinite_value_is_refused_by_column() -> None:
    with pytest.raises(NotAssessable, match="crp_mg_l__last"):
        named_matrix(pd.DataFrame({"day": [0.0], "crp_mg_l__last": [np.inf]}))
