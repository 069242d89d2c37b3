"""Every block that a fit writes is told in sentences that hold its figures."""

import copy

import pytest

from tests.training.made_up import a_plan, daily_courses
from training.block_words import WORDS, shown, words_of
from training.fit import fit
from training.plan import EvaluationPlan


@pytest.fixture(scope="module")
def evaluation():
    plan = a_plan(evaluation=EvaluationPlan(bootstrap=60))
    cohort = daily_courses(signal=1.5)
    sexes = ["female", "male"] * 30
    cohort.courses["sex"] = sexes
    return fit(cohort, plan, audit=None).evaluation


@pytest.mark.parametrize("name", WORDS)
def test_every_block_of_a_fit_is_told(evaluation, name):
    sentences = words_of(evaluation, name)
    assert sentences
    assert all(one.endswith(".") and "None" not in one and "nan" not in one for one in sentences)


def test_figures_are_those_of_the_block(evaluation):
    alert = evaluation["thresholds"]["model"]
    tiers = [row for row in alert if row["tier"]]
    for row, sentence in zip(tiers, words_of(evaluation, "thresholds"), strict=True):
        assert shown(row["sensitivity"], percent=True) in sentence
        assert shown(row["alerts_per_100_patient_days"], 0) in sentence


def test_a_subgroup_that_is_held_back_gives_no_number(evaluation):
    held = copy.deepcopy(evaluation["subgroups"])
    for group in held["sex"]:
        group.pop("model", None)
        group |= {"n_patients": None, "n_event_patients": None, "note": "fewer than 10 patients"}
    for sentence in words_of({"subgroups": held}, "subgroups"):
        assert "fewer than 10 patients" in sentence
        assert not any(character.isdigit() for character in sentence.replace("10", ""))


def test_what_was_not_computed_is_not_told():
    assert [words_of({}, name) for name in WORDS] == [[] for _ in WORDS]
