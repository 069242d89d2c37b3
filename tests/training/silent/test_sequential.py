"""The reading is valid however often one looks, and it ends when the truth is clear."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import binom

from training.silent.sequential import FRACTIONS, Ratio, log_wealth, read_bound

SHARES = np.linspace(0, 1, 201)
RATIOS = np.r_[0.0, np.geomspace(0.02, 50, 200)]
MOST = 500
ERROR = 0.05


def share(top):
    top = np.asarray(top, dtype=float)
    return Ratio(top, np.ones(len(top)), (0.0, 1.0), (1.0, 1.0), SHARES)


def ever(shares, error=ERROR):
    """Of (simulations, patients) shares: which ever say "met", looking after every patient."""
    return log_wealth(shares).max(axis=1) >= -np.log(error)


def most_by_chance(simulations, error=ERROR):
    return binom.ppf(0.999, simulations, error) / simulations


def shares_of(top, bottom, top_range, bottom_range, value, *, above):
    ratio = Ratio(top, bottom, top_range, bottom_range, SHARES)
    return ratio.shares(value, above=above)


@pytest.mark.parametrize("limit", [0.1, 0.5, 0.8])
@pytest.mark.parametrize("above", [True, False])
def test_a_share_exactly_at_its_limit_is_rarely_ever_met(limit, above):
    random = np.random.default_rng(1)
    top = (random.random((1000, MOST)) < limit).astype(float)
    shares = shares_of(top, np.ones_like(top), (0, 1), (1, 1), limit, above=above)
    assert ever(shares).mean() <= most_by_chance(1000)


@pytest.mark.parametrize("above", [True, False])
def test_risks_exactly_at_the_edge_of_their_calibration_are_rarely_ever_met(above):
    """Risks differ between patients, and outcomes are means over each patient's days."""
    random = np.random.default_rng(2)
    limit = 0.5 if above else 2.0
    risk = random.beta(0.5, 4.5, (1000, MOST)) / 4.0
    event = random.random((1000, MOST)) < 2.0 * limit * risk  # whose days are half of them events
    top = 0.5 * event
    shares = shares_of(top, risk, (0, 1), (0, 1), limit, above=above)
    assert ever(shares).mean() <= most_by_chance(1000)


def test_alerts_exactly_as_many_as_are_allowed_are_rarely_ever_met():
    random = np.random.default_rng(3)
    days = random.integers(3, 16, (1000, MOST)) / 15.0
    alerts = days * 100.0 * (random.random((1000, MOST)) < 0.25)  # a patient always or never
    shares = shares_of(alerts, days, (0, 100), (0, 1), 25.0, above=False)
    assert ever(shares).mean() <= most_by_chance(1000)


def test_a_log_loss_exactly_as_much_worse_as_is_allowed_is_rarely_ever_met():
    """A rare patient costs much, the many gain a little: the mean difference is +0.02."""
    random = np.random.default_rng(4)
    rare = random.random((1000, MOST)) < 0.04
    gap = np.where(rare, 2.0, (0.02 - 0.04 * 2.0) / 0.96)
    shares = shares_of(gap, np.ones_like(gap), (-4.6, 4.6), (1, 1), 0.02, above=False)
    assert ever(shares).mean() <= most_by_chance(1000)


def test_the_whole_is_rarely_met_where_one_limit_of_three_does_not_hold():
    """Each limit is read at the whole error: all have to be met, so none need be split."""
    random = np.random.default_rng(5)
    shares = [
        shares_of(
            (random.random((600, MOST)) < true).astype(float), np.ones((600, MOST)),
            (0, 1), (1, 1), limit, above=True,
        )
        for true, limit in ((0.9, 0.5), (0.9, 0.6), (0.5, 0.5))
    ]  # fmt: skip
    whole = np.logical_and.reduce([ever(one) for one in shares])
    assert 0 < whole.mean() <= most_by_chance(600)


def test_looking_as_if_once_after_every_patient_would_be_wrong_far_more_often():
    """What the sequential reading is for: the usual one-sided test, repeated, breaks its error."""
    random = np.random.default_rng(6)
    found = (random.random((600, MOST)) < 0.5).cumsum(axis=1)
    n = np.arange(1, MOST + 1)
    naive = (binom.sf(found - 1, n, 0.5) <= ERROR)[:, 19:].any(axis=1)
    assert naive.mean() > 3 * ERROR


@pytest.mark.parametrize(
    ("true", "limit", "within"), [(0.9, 0.5, 30), (0.8, 0.5, 50), (0.3, 0.1, 60)]
)
def test_a_clearly_good_share_is_met_within_so_many_patients(true, limit, within):
    random = np.random.default_rng(7)
    top = (random.random((400, within)) < true).astype(float)
    shares = shares_of(top, np.ones_like(top), (0, 1), (1, 1), limit, above=True)
    assert ever(shares).mean() >= 0.8


def test_the_running_interval_covers_the_truth_at_every_look():
    random = np.random.default_rng(8)
    misses = 0
    for _ in range(60):
        found = read_bound(share(random.random(150) < 0.3), 0.1, 0.05, 0.05, at_least=True)
        misses += not found.low - 0.005 <= 0.3 <= found.high + 0.005
    assert misses <= binom.ppf(0.999, 60, 0.1)


def test_the_interval_only_narrows_and_holds_the_verdict():
    random = np.random.default_rng(9)
    top = (random.random(200) < 0.7).astype(float)
    readings = [read_bound(share(top[:n]), 0.5, 0.05, 0.05, at_least=True) for n in (20, 80, 200)]
    assert all(a.low <= b.low and b.high <= a.high for a, b in pairwise(readings))
    assert readings[-1].state == "met"
    assert readings[-1].low >= 0.49
    assert read_bound(share(top), 0.9, 0.05, 0.05, at_least=True).state == "not met"
    assert read_bound(share(top), 0.5, 0.05, 0.05, at_least=False).state == "not met"


def test_one_bet_is_the_mean_of_its_products():
    shares = np.array([0.5, -1.0, 2.0])
    expected = np.mean([np.prod(1 + fraction * shares) for fraction in FRACTIONS])
    assert np.exp(log_wealth(shares)[-1]) == pytest.approx(expected)


def test_without_patients_nothing_is_said():
    found = read_bound(share([]), 0.5, 0.05, 0.05, at_least=True)
    assert (found.state, found.n, found.more) == ("cannot tell yet", 0, None)
    assert (found.low, found.high) == (0.0, 1.0)


def test_what_is_met_once_is_not_met_while_the_figure_breaks_the_limit():
    top = np.r_[np.ones(30), np.zeros(40)]
    assert read_bound(share(top[:30]), 0.5, 0.05, 0.05, at_least=True).state == "met"
    assert read_bound(share(top), 0.5, 0.05, 0.025, at_least=True).state != "met"


def test_patients_ahead_are_those_after_which_it_is_met_if_all_goes_on():
    top = np.tile([1.0, 1.0, 1.0, 0.0], 4)
    found = read_bound(share(top), 0.5, 0.05, 0.05, at_least=True)
    more = np.tile([1.0, 1.0, 1.0, 0.0], 40)[: 16 + found.more + 3]
    assert read_bound(share(more), 0.5, 0.05, 0.05, at_least=True).state == "met"
    fewer = np.tile([1.0, 1.0, 1.0, 0.0], 40)[: 16 + found.more - 8]
    assert read_bound(share(fewer), 0.5, 0.05, 0.05, at_least=True).state == "cannot tell yet"
    assert read_bound(share([0.0, 1.0] * 8), 0.5, 0.05, 0.05, at_least=True).more is None


def test_risks_of_nought_without_events_say_nothing_wrong():
    none = Ratio(np.zeros(40), np.zeros(40), (0, 1), (0, 1), RATIOS)
    found = read_bound(none, 0.5, 0.05, 0.05, at_least=True)
    assert found.state == "cannot tell yet"
    assert np.isnan(found.estimate)
