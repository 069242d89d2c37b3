import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.judging.weighted_quantile import weighted_quantiles

SHARES = (0.0, 0.25, 0.5, 0.9, 1.0)


@given(st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_whole_weights_are_rows_written_out_so_often(seed):
    rng = np.random.default_rng(seed)
    measured = np.round(rng.uniform(0, 1, 12), 1)
    weights = rng.poisson(1.0, (5, 12))
    for found, w in zip(weighted_quantiles(measured, weights, SHARES), weights, strict=True):
        if w.sum() == 0:
            assert np.isnan(found).all()
        else:
            assert found == pytest.approx(np.quantile(np.repeat(measured, w), SHARES))


@given(st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_quantiles_rise_and_stay_among_the_rows_that_weigh(seed):
    rng = np.random.default_rng(seed)
    measured, weights = rng.uniform(0, 1, 12), rng.uniform(0.1, 3.0, (5, 12))
    found = weighted_quantiles(measured, weights, SHARES)
    assert (np.diff(found, axis=1) >= 0).all()
    assert (found >= measured.min()).all()
    assert (found <= measured.max()).all()


def test_nothing_has_no_quantile():
    assert np.isnan(weighted_quantiles(np.empty(0), np.empty((3, 0)), (0.5,))).all()
