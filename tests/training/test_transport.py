"""A group is judged by what was learnt without it; time only runs forward."""

from dataclasses import replace

import numpy as np
import pytest

from features.errors import NotAssessable
from tests.training.made_up import a_plan, daily_courses
from training.judging.small_cells import TOO_FEW_OF_A_CLASS, TOO_FEW_PATIENTS
from training.plan import EvaluationPlan
from training.task import prepare
from training.transport import _splits, transport

PLAN = a_plan(evaluation=EvaluationPlan(bootstrap=60, comparators=("grade_and_day",)))


def a_cohort(patients=90, events=30, **columns):
    cohort = daily_courses(patients=patients, events=events, signal=1.5)
    named = {name: np.resize(np.array(found), patients) for name, found in columns.items()}
    return replace(cohort, courses=cohort.courses.assign(**named))


def test_every_site_is_judged_once_by_the_other_sites():
    cohort = a_cohort(site=["north", "south", "west"])
    found = transport(cohort, PLAN, "site")
    assert [group["group"] for group in found["groups"]] == ["north", "south", "west"]
    for group in found["groups"]:
        assert group["n_patients"] == 30
        assert group["learnt_from"]["n_patients"] == 60
        assert 0.5 < group["model"]["auroc"]["estimate"] <= 1.0
        assert "grade_and_day" in group["differences"]
    assert found["pooled"]["n_patients"] == 90


def test_a_patient_who_moved_is_not_learnt_from_when_the_other_site_is_judged():
    cohort = a_cohort(site=["north", "south"])
    same = cohort.courses["patient_id"].where(cohort.courses.index != 1, "P000")
    cohort = replace(cohort, courses=cohort.courses.assign(patient_id=same))
    task = prepare(cohort, PLAN)
    for split in _splits(task, "site")[0]:
        learnt = set(task.rows.patients[split.train])
        assert learnt.isdisjoint(task.rows.patients[split.test])
        assert "P000" not in learnt


def test_a_year_is_learnt_from_the_years_before_it():
    cohort = a_cohort(calendar_year=[2021.0, 2022.0, 2023.0])
    task = prepare(cohort, PLAN)
    splits, _ = _splits(task, "year")
    years = task.row_facts["calendar_year"].to_numpy()
    assert [split.group for split in splits] == ["2022", "2023"]
    for split in splits:
        assert years[split.train].max() < years[split.test].min()


def test_what_cannot_be_judged_is_named_with_its_reason():
    # The first thirty courses have the event: south has none of them, tiny is too small.
    sites = ["east"] * 15 + ["north"] * 15 + ["east"] * 8 + ["north"] * 8 + ["south"] * 39
    sites += ["tiny"] * 5
    found = transport(a_cohort(site=sites), PLAN, "site")
    assert found["not_assessable"] == {"south": TOO_FEW_OF_A_CLASS, "tiny": TOO_FEW_PATIENTS}
    assert [group["group"] for group in found["groups"]] == ["east", "north"]


def test_one_site_cannot_be_held_out():
    with pytest.raises(NotAssessable, match="Fill the column site"):
        transport(a_cohort(site=["north"]), PLAN, "site")
