"""Tiers may only add monitoring, and low is said only when it is shown."""

from __future__ import annotations

import json

import numpy as np
import pytest

from features.errors import PlanError
from models.tiers import NOT_SHOWN_LOW, Tier, Tiers, observed_tiers, upper_95_bound, with_cut_offs

CUTS = {"low": 0.0, "intermediate": 0.05, "high": 0.2}


def _tiers(n_low: int, events_low: int, people: int | None = None) -> Tiers:
    outcome = np.array([1.0] * events_low + [0.0] * (n_low - events_low) + [1.0])
    risk = np.array([0.01] * n_low + [0.5])
    owner = np.arange(n_low + 1) % (people or n_low + 1)
    return observed_tiers(CUTS, risk, outcome, np.ones(n_low + 1), owner)


def test_a_risk_on_a_cut_off_belongs_to_the_tier_above() -> None:
    at = _tiers(10, 0).position(np.array([0.0, 0.049999, 0.05, 0.2, 0.999]))
    assert at.tolist() == [0, 0, 1, 2, 2]


def test_a_current_crs_2_or_icans_1_is_always_in_the_highest_tier() -> None:
    at = _tiers(10, 0).position(
        np.full(6, 0.01),
        crs_grade=np.array([0.0, 1.0, 2.0, 4.0, 0.0, np.nan]),
        icans_grade=np.array([0.0, 0.0, 0.0, 0.0, 1.0, np.nan]),
    )
    assert at.tolist() == [0, 0, 2, 2, 2, 0]


@pytest.mark.parametrize(
    ("n", "events", "shown"), [(20, 0, False), (200, 0, True), (200, 4, False), (2000, 40, True)]
)
def test_low_is_shown_only_below_its_cut_off(n: int, events: int, shown: bool) -> None:
    tiers = _tiers(n, events)
    assert tiers.low_is_shown is shown
    assert tiers.shown_name(0) == ("low" if shown else NOT_SHOWN_LOW)
    assert tiers.shown_name(2) == "high"


def test_many_rows_of_few_patients_do_not_show_low() -> None:
    assert _tiers(2000, 0).low_is_shown
    assert not _tiers(2000, 0, people=20).low_is_shown


def test_wilson_bound_of_the_published_example() -> None:
    # Newcombe, Stat Med 1998;17:857 (doi:10.1002/(SICI)1097-0258(19980430)17:8<857), table I:
    # 81/263 -> 0.3662, 15/148 -> 0.1605, 0/20 -> 0.1611, 1/29 -> 0.1718
    for events, n, upper in (
        (81, 263, 0.3662),
        (15, 148, 0.1605),
        (0, 20, 0.1611),
        (1, 29, 0.1718),
    ):
        assert upper_95_bound(events / n, n) == pytest.approx(upper, abs=5e-5)


def test_observed_counts_are_weighted_and_leave_undetermined_rows_out() -> None:
    tiers = observed_tiers(
        CUTS,
        np.array([0.01, 0.02, 0.3, 0.4]),
        np.array([0.0, np.nan, 1.0, 0.0]),
        np.array([2.0, 0.0, 1.5, 1.0]),
        ["a", "b", "c", "c"],
        signed_by="a clinician",
    )
    low, middle, high = tiers.tiers
    assert (low.n, low.events, low.patients) == (2.0, 0.0, 1)
    assert (middle.n, middle.observed_rate, middle.upper_95) == (0.0, None, 1.0)
    assert (high.n, high.events, high.patients) == (2.5, 1.5, 1)
    assert tiers.signed_by == "a clinician"


def test_json_brings_the_same_tiers_back() -> None:
    tiers = _tiers(30, 2)
    assert Tiers.from_json(json.loads(json.dumps(tiers.to_json()))) == tiers


@pytest.mark.parametrize("cuts", [[], [0.1], [0.0, 0.2, 0.2], [0.0, 0.3, 0.1], [0.0, 1.0]])
def test_cut_offs_that_do_not_ascend_from_zero_are_refused(cuts: list[float]) -> None:
    with pytest.raises(PlanError, match="ascend from 0"):
        Tiers(tuple(Tier(str(cut), cut) for cut in cuts))


def test_signed_cut_offs_keep_what_was_observed_only_between_the_same_bounds():
    own = Tiers((Tier("low", 0.0, 2, 100, 80, 0.05), Tier("high", 0.1, 9, 30, 20, 0.5)))
    same = with_cut_offs(own, Tiers((Tier("ward", 0.0), Tier("bay", 0.1)), "a clinician"))
    assert [(one.name, one.events, one.n) for one in same.tiers] == [
        ("ward", 2, 100),
        ("bay", 9, 30),
    ]
    assert same.signed_by == "a clinician"
    finer = with_cut_offs(own, Tiers((Tier("a", 0.0), Tier("b", 0.1), Tier("c", 0.3)), "x"))
    assert [one.n for one in finer.tiers] == [100, 0, 0]
    other = with_cut_offs(own, Tiers((Tier("a", 0.0), Tier("b", 0.2)), "x"))
    assert [one.observed_rate for one in other.tiers] == [None, None]


def test_a_tier_with_nothing_observed_in_it_is_never_called_low():
    own = Tiers((Tier("low", 0.0, 0, 1000, 900, 0.01), Tier("high", 0.1)))
    assert own.low_is_shown
    moved = with_cut_offs(own, Tiers((Tier("low", 0.0), Tier("high", 0.2)), "x"))
    assert moved.shown_name(0) == NOT_SHOWN_LOW
