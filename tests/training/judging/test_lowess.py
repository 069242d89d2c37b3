import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.judging.lowess import lowess

REFERENCE = json.loads(
    (Path(__file__).parents[2] / "reference" / "lowess_statsmodels.json").read_text()
)
P, Y = np.array(REFERENCE["p"]), np.array(REFERENCE["y"], dtype=float)
ONCE = np.ones((1, len(P)))


@pytest.mark.parametrize(
    ("share", "theirs"), [(2 / 3, "once_two_thirds"), (0.5, "once_half")], ids=["2/3", "1/2"]
)
def test_it_is_the_lowess_of_statsmodels(share, theirs):
    assert lowess(P, ONCE, ONCE * Y, P, share)[0] == pytest.approx(REFERENCE[theirs], abs=2e-8)


def test_whole_weights_are_rows_written_out_so_often():
    counts = np.array(REFERENCE["counts"], dtype=float)[None]
    fitted = lowess(P, counts, counts * Y, P)[0]
    for ours, theirs in zip(fitted, REFERENCE["written_out_two_thirds"], strict=True):
        assert theirs is None or ours == pytest.approx(theirs, abs=2e-8)


@given(st.integers(0, 10_000), st.floats(-2, 2), st.floats(-2, 2))
@settings(max_examples=40, deadline=None)
def test_a_straight_line_is_returned_as_it_is_under_every_weighting(seed, height, slope):
    rng = np.random.default_rng(seed)
    x = np.sort(rng.uniform(0, 1, 30))
    weight = rng.poisson(1.0, (40, 30)).astype(float)
    weight[:, [0, 15, 29]] += 1
    line = height + slope * x
    fitted = lowess(x, weight, weight * line, x)
    rows_that_weigh = fitted[weight > 0]
    expected = np.broadcast_to(line, weight.shape)[weight > 0]
    assert np.allclose(rows_that_weigh, expected, atol=0.05 * abs(slope) + 1e-9)


@given(st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_many_weightings_give_what_each_gives_alone(seed):
    rng = np.random.default_rng(seed)
    weight = rng.poisson(1.0, (37, len(P))) + 0.5
    together = lowess(P, weight, weight * Y, P)
    alone = np.vstack([lowess(P, w[None], w[None] * Y, P) for w in weight])
    assert np.allclose(together, alone, atol=1e-9)


def test_a_neighbourhood_of_one_place_has_the_mean_of_its_rows():
    x, weight = np.array([0.2, 0.9]), np.array([[3.0, 1.0]])
    fitted = lowess(x, weight, np.array([[2.0, 0.0]]), np.array([0.2]))
    assert fitted[0, 0] == pytest.approx(2 / 3)
