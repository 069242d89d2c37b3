import json

import pytest

from features.errors import PlanError
from features.questions import QUESTIONS
from training.default_plans import default_plan
from training.plan import FoldPlan, plan_from_dict, read_plan
from training.plan_sections import TierPlan

HEADER = {"name": "a plan", "question": "severe-crs-72h"}


def refused(**sections):
    with pytest.raises(PlanError) as refusal:
        plan_from_dict({"plan": HEADER, **sections}, "my.toml")
    return str(refusal.value)


@pytest.mark.parametrize("name", sorted(QUESTIONS))
def test_every_question_has_a_default_plan_that_survives_json(name):
    plan = default_plan(QUESTIONS[name])
    again = plan_from_dict(json.loads(json.dumps(plan.to_dict())))
    assert again == plan
    assert again.digest() == plan.digest()
    assert again.asked == QUESTIONS[name]


def test_a_plan_file_is_read_with_everything_it_leaves_out_at_its_default(tmp_path):
    file = tmp_path / "plan.toml"
    file.write_text(
        """
        [plan]
        name = "ever severe"
        cohort = "somewhere"
        end_of_record = "ended_at_peak"
        question = {name = "ever", toxicity = "CRS", min_grade = 3, landmark_days = [0, 1, 2]}
        [predictors]
        inputs = ["crp_mg_l"]
        summaries = ["last"]
        [margin]
        penalty = 2
        [[margin.terms]]
        predictor = "crs_grade"
        kind = "factor"
        prior = {1 = 0.5, 2 = 1.5}
        [trees.search]
        max_depth = {low = 1, high = 3}
        [folds]
        repeats = 5
        [audit.override]
        too_few_event_patients = "an example, never to be served"
        """
    )
    plan = read_plan(file)
    assert plan.asked.landmark_days == (0.0, 1.0, 2.0)
    assert plan.margin.penalty == 2.0
    assert plan.margin.terms[0].prior == {1.0: 0.5, 2.0: 1.5}
    assert set(plan.trees.search) == {"max_depth"}
    assert plan.folds == FoldPlan(outer=5, inner=5, repeats=5)
    assert plan_from_dict(plan.to_dict()) == plan


def test_an_unknown_key_is_named_with_the_file_the_legal_keys_and_what_was_meant():
    said = refused(folds={"outter": 5})
    assert "my.toml" in said
    assert "[folds] has no key 'outter'. Did you mean outer?" in said
    assert "Legal keys: outer, inner, repeats" in said


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ({"fold": {}}, "Did you mean folds?"),
        ({"folds": {"outer": "5"}}, "[folds] outer = '5' is not a whole number"),
        ({"folds": {"outer": True}}, "[folds] outer = True is not a whole number"),
        ({"folds": {"outer": 1}}, "[folds] outer = 1: 2 to 50"),
        ({"folds": 5}, "[folds] is not a table"),
        ({"predictors": {"inputs": "crp_mg_l"}}, "[predictors] inputs"),
        ({"predictors": {"inputs": ["crp"]}}, "crp"),
        ({"margin": {"terms": [{"kind": "factor"}]}}, "[margin] terms[0] lacks predictor"),
        ({"margin": {"terms": [{"predictor": "crs_grad"}]}}, "Did you mean crs_grade"),
        ({"margin": {"terms": [{"predictor": "day", "kind": "x"}]}}, "is not one of number"),
        ({"trees": {"search": {"max_dept": {"low": 1, "high": 2}}}}, "Did you mean max_depth?"),
        ({"trees": {"search": {"max_depth": {"low": 1}}}}, "low and high, or choices"),
        ({"trees": {"search": {"max_depth": {"low": 4, "high": 6}}}}, "default inside its range"),
        ({"trees": {"search": {"gamma": {"low": 0, "high": 1, "log": True}}}}, "log needs low > 0"),
        ({"tuning": {"objective": "auroc"}}, "is not one of log_loss"),
        ({"calibration": {"kind": "platt"}}, "[calibration] kind = 'platt'"),
        ({"evaluation": {"comparators": ["grade"]}}, "current_grade"),
        ({"evaluation": {"conventions": ["known"]}}, "ended_at_peak"),
        ({"tiers": {"lower_bounds": [0.1, 0.2, 0.3]}}, "from 0 upward"),
        ({"interval": {"refits": 3}}, "0, or 10 to 5000"),
        ({"audit": {"override": {"some_rule": "ok"}}}, "'some_rule', which does not exist"),
        ({"audit": {"override": {"digits_are_lost": "ok"}}}, "say the reason in words"),
        ({"evaluation": {"subgroup_observed_to_expected": 1.0}}, "subgroup_observed_to_expected"),
        ({"evaluation": {"subgroup_auroc": 1.5}}, "subgroup_auroc"),
        ({"evaluation": {"subgroup_min_event_patients": 0}}, "subgroup_min_event_patients"),
    ],
)
def test_what_is_illegal_is_refused_by_section_and_key(sections, said):
    assert said in refused(**sections)


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ({"question": "severe-crs-72h"}, "[plan] lacks name"),
        ({"name": "x", "question": "severe-crs"}, "no question 'severe-crs'"),
        ({**HEADER, "sed": 1}, "Did you mean seed?"),
        ({**HEADER, "seed": -1}, "[plan] seed = -1"),
        ({**HEADER, "end_of_record": "unknown"}, "outcome_known"),
    ],
)
def test_an_illegal_header_is_refused(header, said):
    with pytest.raises(PlanError, match=r"plan: ") as refusal:
        plan_from_dict({"plan": header})
    assert said in str(refusal.value)


def test_a_file_that_is_absent_or_no_toml_is_named(tmp_path):
    with pytest.raises(PlanError, match=r"absent\.toml: cannot be read"):
        read_plan(tmp_path / "absent.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("[plan\n")
    with pytest.raises(PlanError, match=r"broken\.toml is not TOML"):
        read_plan(broken)


def test_the_digest_changes_with_any_setting():
    plan = default_plan(QUESTIONS["severe-crs-72h"])
    other = plan.changed(folds=FoldPlan(outer=4))
    assert plan.digest() != other.digest()
    assert plan.digest() != plan.changed(seed=2).digest()


@pytest.mark.parametrize(
    ("event_patients", "kind"),
    [
        (5, "none"),
        (99, "none"),
        (100, "intercept_slope"),
        (200, "intercept_slope"),
        (201, "isotonic"),
    ],
)
def test_the_number_of_event_patients_decides_the_calibrator(event_patients, kind):
    plan = default_plan(QUESTIONS["severe-crs-72h"])
    assert plan.calibration.resolved(event_patients) == kind


def test_unsigned_cut_offs_are_proposed_from_the_average_risk_of_the_question():
    proposed = TierPlan().cut_offs(0.04)
    assert list(proposed) == ["low", "intermediate", "high"]
    assert list(proposed.values()) == pytest.approx([0.0, 0.04, 0.111], abs=0.001)
    assert TierPlan(lower_bounds=(0.0, 0.05, 0.2)).cut_offs(0.04)["high"] == 0.2


def test_nobody_signs_cut_offs_that_are_not_written_down():
    with pytest.raises(PlanError, match="written down"):
        TierPlan(signed_by="the head of the unit")
