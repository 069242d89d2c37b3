"""Figures by group are those of fairlearn; small groups are named and nothing else."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.judging.headline import judge
from training.judging.rows import FROM_COURSES, FROM_LABELS, JudgedRows
from training.judging.small_cells import FEWEST_OF_A_CLASS, FEWEST_PATIENTS, hidden_with
from training.judging.subgroups import grouped, subgroups

STORED = json.loads(
    (Path(__file__).parents[2] / "reference" / "subgroups_fairlearn.json").read_text("utf-8")
)


def judged(y, p, weight=None, **facts):
    n = len(y)
    blank = dict.fromkeys((*FROM_LABELS, *FROM_COURSES), np.nan)
    frame = pd.DataFrame(blank | {"recurrent": False}, index=range(n)).assign(**facts)
    patients = np.array([f"P{i:03d}" for i in range(n)], dtype=object)
    rows = JudgedRows(
        np.asarray(y, float), np.ones(n) if weight is None else np.asarray(weight), patients, frame
    )
    return judge(rows, {"model": np.asarray(p, float)[None, :]}, 20, 0, daily=False)


def test_every_group_is_as_fairlearn_has_it():
    rows = STORED["rows"]
    table = subgroups(judged(rows["y"], rows["p"], rows["weight"], site=rows["group"]))["site"]
    told = {group["group"]: group for group in table if "model" in group}
    assert len(told) >= 2
    for name, group in told.items():
        for figure in ("auroc", "brier", "observed_to_expected"):
            expected = STORED["by_group"][name][figure]
            assert group["model"][figure]["estimate"] == pytest.approx(expected, abs=1e-12)


def made(n, share=0.4, seed=0):
    rng = np.random.default_rng(seed)
    p = rng.uniform(0.05, 0.95, n)
    return (rng.random(n) < share).astype(float), p


def test_a_small_group_and_one_more_are_told_without_a_number():
    y, p = made(80)
    sites = ["north"] * 50 + ["south"] * 24 + ["tiny"] * 6
    table = {g["group"]: g for g in subgroups(judged(y, p, site=sites))["site"]}
    assert table["tiny"]["n_patients"] is None
    assert "model" not in table["tiny"]
    assert table["south"]["n_patients"] is None, "or tiny's could be found by subtraction"
    assert table["north"]["n_patients"] == 50


@pytest.mark.parametrize("events", [0, 1, FEWEST_OF_A_CLASS - 1])
def test_without_enough_of_a_class_there_is_no_figure(events):
    y = np.r_[np.zeros(40), np.ones(events), np.zeros(40 - events)]
    y[:10] = 1.0
    table = subgroups(judged(y, np.linspace(0.01, 0.99, 80), sex=["male"] * 40 + ["female"] * 40))
    assert "model" not in next(g for g in table["sex"] if g["group"] == "female")


@given(st.lists(st.integers(0, 60), min_size=2, max_size=8))
def test_what_is_held_back_cannot_be_found_by_subtraction(counts):
    small = [count < FEWEST_PATIENTS for count in counts]
    hidden = hidden_with(counts, small, FEWEST_PATIENTS)
    back = [count for count, held in zip(counts, hidden, strict=True) if held]
    assert all(held for held, tiny in zip(hidden, small, strict=True) if tiny)
    if back and len(back) < len(counts):
        assert len(back) > 1
        assert sum(back) >= FEWEST_PATIENTS


def test_ages_and_eras_are_cut_where_it_is_said():
    y, p = made(4)
    rows = judged(y, p, age_years=[17.9, 18.0, 64.9, 65.0], calendar_year=[2019, 2020, 2021, 2022])
    found = grouped(rows.rows, era_from_year=2021)
    assert found["age"].tolist() == ["under 18", "18 to 64", "18 to 64", "65 and over"]
    assert found["era"].tolist() == ["before 2021", "before 2021", "from 2021", "from 2021"]


def test_one_group_says_what_the_headline_says_and_is_left_out():
    y, p = made(40)
    assert "sex" not in subgroups(judged(y, p, sex=["male"] * 40))
