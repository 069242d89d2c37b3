"""A correction moves what the number of events can bear; it is judged on other patients."""

from dataclasses import replace

import numpy as np
import pytest

from features.errors import NotAssessable
from features.matrix import feature_matrix
from features.questions import labels
from models.calibration import Calibrator
from models.logistic import logit, sigmoid
from models.risk_model import RiskModel
from tests.training.made_up import a_plan, daily_courses
from training import registry
from training.elsewhere import asked_of, evaluate_elsewhere
from training.fit import fit
from training.plan import EvaluationPlan
from training.recalibrate import (
    _behind,
    _cross_corrected,
    corrected,
    correction_for,
    recalibrate,
)
from training.references import Referred
from training.simpler import margins_to_json

PLAN = a_plan(evaluation=EvaluationPlan(bootstrap=50))


@pytest.fixture(scope="module")
def subject():
    done = fit(daily_courses(signal=1.5), PLAN, audit=None)
    return Referred("made up", done.model, {registry.PLAN: PLAN.to_dict()})


def too_high(subject):
    """The same model, its log-odds 1.5 too high."""
    shifted = corrected(subject.model, Calibrator("intercept", 1.5), {})
    return replace(subject, model=shifted)


@pytest.mark.parametrize(
    ("events", "kind"),
    [(0, "nothing"), (9, "nothing"), (10, "intercept"), (49, "intercept"),
     (50, "intercept_slope"), (199, "intercept_slope"), (200, "refit")],
)  # fmt: skip
def test_the_number_of_event_patients_alone_decides(events, kind):
    assert correction_for(events) == kind


def test_a_model_that_says_too_much_is_brought_down_and_keeps_its_order(subject):
    found = recalibrate(too_high(subject), daily_courses(signal=1.5, seed=4), replicates=50)
    before, after = found.table["before"], found.table["after"]
    assert found.table["correction"] == "intercept"
    assert before["observed_to_expected"]["estimate"] < 0.6
    assert after["observed_to_expected"]["estimate"] == pytest.approx(1.0, abs=0.1)
    assert found.table["difference"]["log_loss"]["estimate"] < 0
    assert found.model is not None
    others = daily_courses(signal=1.5, seed=9)
    keys = labels(others, subject.model.question)[["course_id", "instant"]]
    X = feature_matrix(others, keys, subject.model.predictors)
    order = np.argsort(too_high(subject).model.predict(X), kind="stable")
    assert (np.diff(found.model.predict(X)[order]) >= 0).all()


def test_the_patients_it_was_corrected_on_prove_nothing_more(subject):
    site = daily_courses(signal=1.5, seed=4)
    found = recalibrate(too_high(subject), site, replicates=50)
    assert found.model is not None
    assert found.model.name.endswith("-recalibrated")
    with pytest.raises(NotAssessable, match="was corrected on"):
        evaluate_elsewhere(replace(subject, model=found.model), site, replicates=50)


def test_the_comparators_are_corrected_alike():
    """More had the event here than any of them told: nobody wins by being corrected alone."""
    done = fit(daily_courses(signal=1.5), PLAN, audit=None)
    beside = {
        registry.PLAN: PLAN.to_dict(),
        registry.COMPARATORS: margins_to_json(done.comparators),
    }
    fitted = Referred("made up", done.model, beside)
    site = daily_courses(patients=60, events=40, signal=1.5, seed=4)
    before = evaluate_elsewhere(fitted, site, replicates=50).table["comparators"]
    found = recalibrate(fitted, site, replicates=50)
    assert found.judged is not None
    for name, figures in found.judged.table["comparators"].items():
        assert figures["observed_to_expected"]["estimate"] == pytest.approx(1.0, abs=0.15), name
        assert before[name]["observed_to_expected"]["estimate"] > 1.1, name


def test_few_events_correct_nothing(subject):
    found = recalibrate(subject, daily_courses(events=6, seed=4), replicates=50)
    assert found.table["correction"] == "nothing"
    assert found.model is None
    assert "after" not in found.table
    assert "would be chance" in found.table["because"]


def test_the_patient_judged_was_not_learnt_from(subject):
    """Turning one patient's outcomes round does not move that patient's own corrected risks."""
    asked = asked_of(subject, daily_courses(signal=1.5, seed=4))
    own = asked.rows.patients == "P045"
    turned = replace(asked, rows=replace(asked.rows, weight=np.where(own, 5.0, asked.rows.weight)))
    first, second = _cross_corrected(asked, "intercept"), _cross_corrected(turned, "intercept")
    assert np.array_equal(first[0][own], second[0][own])
    assert not np.array_equal(first[0][~own], second[0][~own])


def test_many_events_are_refitted_on_the_same_rows(subject):
    others = daily_courses(patients=420, events=210, signal=1.5, seed=4)
    found = recalibrate(subject, others, replicates=50)
    assert found.table["correction"] == "refit"
    assert found.model is None
    assert found.table["after"]["auroc"]["estimate"] > 0.5
    without = recalibrate(replace(subject, documents={}), others, replicates=50)
    assert "after" not in without.table
    assert any("cannot be fitted again" in note for note in without.table["notes"])


def test_a_corrected_model_is_saved_and_says_so_and_its_refits_move_with_it(subject, tmp_path):
    moved = corrected(subject.model, Calibrator("intercept_slope", 0.4, 0.8), {"correction": "x"})
    moved.save(tmp_path / "model")
    again = RiskModel.load(tmp_path / "model")
    others = daily_courses(signal=1.5, seed=9)
    keys = labels(others, subject.model.question)[["course_id", "instant"]]
    X = feature_matrix(others, keys, subject.model.predictors)
    expected = sigmoid(0.4 + 0.8 * logit(subject.model.predict(X)))
    assert again.predict(X) == pytest.approx(expected, abs=1e-12)
    ends = sigmoid(0.4 + 0.8 * logit(subject.model.interval(X)))
    assert again.interval(X) == pytest.approx(ends, rel=0.02)
    assert again.manifest["recalibrated"] == {"correction": "x"}
    assert any("Recalibrated" in limit for limit in again.manifest["limitations"])


def test_an_isotonic_calibrator_is_corrected_at_its_knots():
    steps = Calibrator("isotonic", knots=((-2.0, 0.1), (0.0, 0.3), (2.0, 0.6)))
    moved = _behind(steps, Calibrator("intercept_slope", 0.5, 0.9))
    for at, p in steps.knots:
        assert moved.margin(np.array([at]))[0] == pytest.approx(0.5 + 0.9 * logit(np.array([p]))[0])
