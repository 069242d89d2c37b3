import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.judging.an_evaluation import some_judged
from training.judging.brier_parts import GROUPS, PARTS, brier_parts, parts, risk_groups
from training.metrics import brier


def rows_of(seed, decimals, n=70):
    rng = np.random.default_rng(seed)
    p = np.round(rng.uniform(0, 1, n), decimals)
    return (rng.random(n) < p).astype(float), p, rng.poisson(1.0, (5, n)) * rng.uniform(0.5, 2, n)


def named(y, p, weights):
    return dict(zip(PARTS, parts(y, p, risk_groups(p), weights).T, strict=True))


@given(st.integers(0, 10_000), st.sampled_from([1, 6]))
@settings(max_examples=50, deadline=None)
def test_the_parts_add_up_exactly_to_the_brier_score(seed, decimals):
    y, p, weights = rows_of(seed, decimals)
    found = named(y, p, weights)
    total = found["reliability"] - found["resolution"] + found["uncertainty"] + found["remainder"]
    assert total == pytest.approx(brier(y, p, weights), abs=1e-12)
    assert found["brier"] == pytest.approx(total, abs=1e-12)


@given(st.integers(0, 10_000))
@settings(max_examples=30, deadline=None)
def test_what_is_a_square_is_not_negative_and_resolution_is_at_most_uncertainty(seed):
    found = named(*rows_of(seed, 6))
    assert (found["reliability"] >= 0).all()
    assert (found["resolution"] >= 0).all()
    assert (found["resolution"] <= found["uncertainty"] + 1e-12).all()


def test_risks_that_are_equal_within_groups_leave_no_remainder():
    y, p, weights = rows_of(1, 6)
    p = np.round(p * 4) / 4
    found = dict(zip(PARTS, parts(y, p, (4 * p).astype(int), weights).T, strict=True))
    assert found["remainder"] == pytest.approx(0, abs=1e-12)


def test_a_forecast_of_the_base_rate_scales_to_zero_and_a_perfect_one_to_one():
    y = np.array([0.0, 0.0, 0.0, 1.0])
    once = np.ones((1, 4))
    base = named(y, np.full(4, 0.25), once)
    assert base["scaled_brier"][0] == pytest.approx(0)
    assert base["reliability"][0] == pytest.approx(0)
    assert base["resolution"][0] == pytest.approx(0)
    perfect = named(y, y, once)
    assert perfect["scaled_brier"][0] == 1
    assert perfect["resolution"][0] == pytest.approx(perfect["uncertainty"][0])


def test_a_worked_example():
    """Two forecasts, 0.2 for five rows (one event) and 0.6 for five (two events), by hand."""
    p = np.repeat([0.2, 0.6], 5)
    y = np.array([1, 0, 0, 0, 0, 1, 1, 0, 0, 0], dtype=float)
    found = named(y, p, np.ones((1, 10)))
    assert found["reliability"][0] == pytest.approx(0.5 * 0.2**2)
    assert found["resolution"][0] == pytest.approx(0.1**2)
    assert found["uncertainty"][0] == pytest.approx(0.3 * 0.7)


def test_groups_are_of_like_size_and_never_split_equal_risks():
    p = np.random.default_rng(0).uniform(0, 1, 200)
    assert set(np.bincount(risk_groups(p))) == {200 // GROUPS}
    tied = np.r_[np.full(90, 0.1), np.linspace(0.2, 0.9, 10)]
    assert len(set(risk_groups(tied)[:90])) == 1


def test_the_table_holds_the_headline_brier_score():
    judged = some_judged()
    table = brier_parts(judged)
    assert table["model"]["brier"]["estimate"] == pytest.approx(judged.draws["model"]["brier"][0])
    assert set(table["comparators"]) == {"current_grade"}


@given(st.integers(0, 10_000))
@settings(max_examples=10, deadline=None)
def test_an_interval_holds_its_own_figure(seed):
    """Squares only grow in draws of patients: plain percentiles can leave the figure outside."""
    table = brier_parts(some_judged(patients=20, event_patients=6, seed=seed))
    for found in (table["model"], table["comparators"]["current_grade"]):
        for part in PARTS:
            assert found[part]["low"] <= found[part]["estimate"] <= found[part]["high"], part
