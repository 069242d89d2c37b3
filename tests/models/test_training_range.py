"""Where a row leaves the training cohort."""

import numpy as np
import pandas as pd
import pytest

from models.columns import named_matrix
from models.training_range import TrainingRanges, training_ranges


def _trained() -> TrainingRanges:
    return training_ranges(
        pd.DataFrame({"crp_mg_l__last": [*map(float, range(101)), np.nan], "ecog": np.nan})
    )


def test_percentiles_are_of_the_known_values() -> None:
    crp = _trained()["crp_mg_l__last"]
    assert (crp.low, crp.median, crp.high) == (1.0, 50.0, 99.0)
    assert crp.missing_share == pytest.approx(1 / 102)


@pytest.mark.parametrize(
    ("crp", "side"), [(0.5, ["below"]), (1.0, []), (99.0, []), (99.5, ["above"]), (np.nan, [])]
)
def test_only_values_beyond_the_percentiles_are_unusual(crp: float, side: list[str]) -> None:
    row = named_matrix(pd.DataFrame({"crp_mg_l__last": [crp]}))
    (found,) = _trained().unusual(row, ("crp_mg_l__last",))
    assert [one.side for one in found] == side


def test_a_value_never_known_in_training_is_said_without_the_value() -> None:
    row = named_matrix(pd.DataFrame({"ecog": [3.0], "crp_mg_l__last": [734.5]}))
    (found,) = _trained().unusual(row, ("ecog", "crp_mg_l__last"))
    texts = {one.predictor: one.text for one in found}
    assert "never known" in texts["ecog"]
    assert "higher than in 99 %" in texts["crp_mg_l__last"]
    assert "734" not in texts["crp_mg_l__last"]


def test_json_brings_the_same_ranges_back() -> None:
    ranges = _trained()
    again = TrainingRanges.from_json(ranges.to_json())
    assert again["crp_mg_l__last"] == ranges["crp_mg_l__last"]
    assert np.isnan(again["ecog"].median)


def test_rows_of_columns_that_were_not_there_are_nan() -> None:
    low, median, high = _trained().rows(("day", "crp_mg_l__last"))
    assert np.isnan([low[0], median[0], high[0]]).all()
    assert (low[1], high[1]) == (1.0, 99.0)
