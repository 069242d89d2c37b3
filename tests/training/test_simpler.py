"""A comparator as a risk model gives the comparator's risks, elsewhere and when it is served."""

import numpy as np
import pytest

from features.matrix import feature_matrix
from features.predictors import PredictorSet
from models.logistic import sigmoid
from models.risk_model import RiskModel
from tests.training.made_up import a_plan, daily_courses
from training.comparators import CannotBeComputed, fitted, risks_by
from training.crossfit import nested
from training.judging.rows import MODEL
from training.plan import EvaluationPlan
from training.simpler import (
    fitted_comparators,
    margins_from_json,
    margins_to_json,
    simpler_model,
)
from training.task import prepare

NAMES = ("current_grade", "grade_and_day", "penalised_logistic", "easix")


@pytest.fixture(scope="module")
def fit():
    plan = a_plan(evaluation=EvaluationPlan(bootstrap=60, comparators=NAMES))
    cohort = daily_courses(signal=1.5)
    task = prepare(cohort, plan)
    return cohort, plan, task, nested(task, plan)


@pytest.mark.parametrize("name", ["current_grade", "grade_and_day", "penalised_logistic"])
def test_on_the_feature_matrix_it_answers_what_the_comparator_answers(fit, name, tmp_path):
    cohort, plan, task, cross = fit
    model = simpler_model(task, plan, cross, name)
    model.save(tmp_path / "model")
    again = RiskModel.load(tmp_path / "model")
    X = feature_matrix(cohort, task.labels[["course_id", "instant"]], again.predictors)
    own = risks_by(name, fitted(name, task.rows, plan.seed), task.rows)
    assert again.predict(X) == pytest.approx(own, abs=1e-12)
    assert again.trees is None
    assert again.manifest["comparator"] == name
    low, high = again.interval(X).T
    assert (low < high).all()
    assert np.mean((low <= own) & (own <= high)) > 0.9


def test_margins_kept_as_json_give_the_same_risks_of_other_patients(fit):
    _, plan, task, _ = fit
    margins = fitted_comparators(task, plan)
    assert set(margins) == {"current_grade", "grade_and_day", "penalised_logistic"}
    again = margins_from_json(margins_to_json(margins))
    others = daily_courses(signal=1.5, seed=5)
    asked = prepare(others, plan)
    for name, margin in again.items():
        read = PredictorSet(columns=margin.predictors)
        X = feature_matrix(others, asked.labels[["course_id", "instant"]], read)
        expected = risks_by(name, fitted(name, task.rows, plan.seed), asked.rows)
        assert sigmoid(margin.margin(X)) == pytest.approx(expected, abs=1e-12)


def test_a_comparator_that_cannot_be_computed_is_no_model(fit):
    _, plan, task, cross = fit
    with pytest.raises(CannotBeComputed, match="known for 0%"):
        simpler_model(task, plan, cross, "easix")
    assert MODEL in cross.risks
    assert "easix" in cross.left_out
