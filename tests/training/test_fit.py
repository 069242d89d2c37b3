import json
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.errors import AuditRefusal, NotAssessable
from features.tables import cohort_of
from models.risk_model import RiskModel
from tests.training.made_up import ASKED, a_plan, daily_courses
from training.audit import AuditReport, audit
from training.audit_rules.finding import Finding
from training.crossfit import nested
from training.fit import fit, flat_metrics, study_key
from training.judging.rows import LINEAR, MODEL, UNTUNED
from training.metrics import auroc
from training.plan import (
    AuditPlan,
    CalibrationPlan,
    EvaluationPlan,
    FoldPlan,
    TreePlan,
    TuningPlan,
)
from training.task import Rows, prepare
from training.verdict import MORE, SIMPLER, USE, verdict


@pytest.fixture(scope="module")
def result():
    plan = a_plan(evaluation=EvaluationPlan(bootstrap=60, conventions=("drop", "censored")))
    return fit(daily_courses(signal=1.5), plan, audit=None)


def with_outcomes(task, y):
    rows = Rows(task.rows.X, y, task.rows.weight, task.rows.patients, task.rows.context)
    labels = task.labels.assign(outcome=y)
    return replace(task, rows=rows, labels=labels)


def test_random_outcomes_are_not_predicted():
    task = prepare(daily_courses(patients=150, events=50, signal=0.0), a_plan())
    found = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        of_patient = dict.fromkeys(task.rows.patients, 0.0)
        of_patient = {patient: float(rng.random() < 0.3) for patient in of_patient}
        y = np.array([of_patient[patient] for patient in task.rows.patients])
        plan = a_plan(seed=seed, tuning=TuningPlan(trials=4, one_standard_error=False))
        cross = nested(with_outcomes(task, y), plan)
        found.append(auroc(y, cross.risks[MODEL][0], np.ones(len(y)))[0])
    assert np.mean(found) == pytest.approx(0.5, abs=0.06)


def test_outcomes_of_an_outer_fold_change_nothing_of_what_predicts_it():
    plan = a_plan(calibration=CalibrationPlan("intercept_slope"))
    task = prepare(daily_courses(), plan)
    clean = nested(task, plan)
    for fold in clean.folds:
        poisoned = task.rows.y.copy()
        poisoned[fold.held_out] = 1.0 - poisoned[fold.held_out]
        # the patients keep their folds only if the poison does not re-deal them
        again = _fold_on(with_outcomes(task, poisoned), plan, fold)
        assert again.tuned == fold.tuned
        for name in (MODEL, UNTUNED, LINEAR, "grade_and_day", "penalised_logistic"):
            assert np.array_equal(again.risks[name], fold.risks[name]), name


def _fold_on(task, plan, fold):
    from training.crossfit import _Work
    from training.fitting import recipe_of
    from training.splits import Fold

    train = np.setdiff1d(np.arange(len(task.rows)), fold.held_out)
    number = int(fold.name.split("f")[1])
    work = _Work(task, plan, recipe_of(plan, task), None)
    return work.do(Fold(fold.repeat, number, train, fold.held_out))


def test_every_row_is_predicted_out_of_fold_once_a_repeat(result):
    for name, risks in result.cross_fit.risks.items():
        assert risks.shape == (1, len(result.task.rows)), name
        assert ((risks > 0) & (risks < 1)).all(), name


@pytest.mark.slow
def test_the_number_of_workers_does_not_change_the_result():
    plan = a_plan(tuning=TuningPlan(trials=2), interval=replace(a_plan().interval, refits=0))
    task = prepare(daily_courses(patients=30, events=12), plan)
    alone, shared = nested(task, plan), nested(task, plan, workers=2)
    for name, risks in alone.risks.items():
        assert np.array_equal(risks, shared.risks[name]), name


def test_the_same_seed_gives_the_same_model_to_the_byte_and_another_seed_does_not():
    cohort = daily_courses(patients=30, events=12)
    plan = a_plan(tuning=TuningPlan(trials=2), folds=FoldPlan(2, 2))
    first, second = (fit(cohort, plan, audit=None) for _ in range(2))
    assert first.model.digest == second.model.digest
    assert first.evaluation == second.evaluation
    assert fit(cohort, plan.changed(seed=4), audit=None).model.digest != first.model.digest


def test_the_evaluation_is_plain_json_with_counts_and_intervals_everywhere(result):
    table = json.loads(json.dumps(result.evaluation, allow_nan=False))
    assert table["n_patients"] == 60
    assert table["n_event_patients"] == 20
    for figures in (table["model"], *table["comparators"].values(), *table["variants"].values()):
        for figure, interval in figures.items():
            assert interval["low"] <= interval["estimate"] <= interval["high"], figure
    for day in table["by_landmark_day"]:
        assert {"landmark_day", "n_rows", "n_event_patients", "model"} <= set(day)
    assert table["subsets"]["grade_0_1"]["n_rows"] < table["n_rows"]
    assert set(table["differences"]) >= {"current_grade", "grade_and_day", "penalised_logistic"}
    assert {"drop", "censored"} == set(table["end_of_record"])


def test_no_patient_and_no_course_is_named_in_what_is_reported(result):
    told = json.dumps([result.evaluation, result.model.manifest])
    for row in result.task.labels.itertuples():
        assert row.patient_id not in told
        assert row.course_id not in told


def test_a_difference_is_that_of_the_figures_themselves(result):
    table = result.evaluation
    for name, gaps in table["differences"].items():
        other = table["comparators"].get(name) or table["variants"][name]
        gap = table["model"]["auroc"]["estimate"] - other["auroc"]["estimate"]
        assert gaps["auroc"]["estimate"] == pytest.approx(gap)


def test_signal_is_found_beyond_the_grade(result):
    gap = result.evaluation["differences"]["grade_and_day"]["auroc"]
    assert gap["low"] > 0
    assert result.verdict.decision in (USE, SIMPLER)


def test_a_model_that_travels_counts_no_product_of_few_patients():
    """Nor does it hold the average risk of a product or a day of few: it would be one patient's."""
    cohort = daily_courses(patients=60, events=20, signal=1.5)
    few = np.where(np.arange(60) < 53, "axi-cel", "tisa-cel")
    rare = replace(cohort, courses=cohort.courses.assign(product=few))
    plan = a_plan(trees=TreePlan(max_rounds=0), tuning=TuningPlan(trials=0))
    model = fit(rare, plan, audit=None).model
    assert model.manifest["products"] == {"axi-cel": None, "tisa-cel": None}
    assert set(model.reference_risks) == {"all", "axi-cel"}
    assert not model.unseen_product("tisa-cel")
    assert model.reference_risk("tisa-cel", 1.0).product == "all"


def test_the_model_says_what_it_learnt_from(result, tmp_path):
    result.model.save(tmp_path / "model")
    model = RiskModel.load(tmp_path / "model")
    assert model.manifest["n_patients"] == 60
    assert model.manifest["events"] == result.evaluation["n_event_rows"]
    assert model.manifest["products"] == {"axi-cel": 60}
    assert model.manifest["plan"]["tuning"]["trials"] == 3
    assert "cohort" not in model.manifest["plan"]["plan"]
    assert len(model.refits) == 10
    X = result.task.rows.X
    assert np.array_equal(model.predict(X), result.model.predict(X))
    assert sum(tier.n for tier in model.tiers.tiers) == len(result.task.rows)


def test_the_metrics_have_flat_finite_names(result):
    metrics = flat_metrics(result.evaluation)
    assert {
        "auroc",
        "auroc_low",
        "grade_and_day.auroc",
        "difference.grade_and_day.log_loss",
    } <= set(metrics)
    assert all(np.isfinite(number) for number in metrics.values())


class Listening:
    """A tracker that remembers what it was told."""

    def __init__(self):
        self.told, self.children = {}, []

    @contextmanager
    def child(self, name, kind):
        self.children.append((name, kind))
        yield self

    def params(self, params):
        self.told.update(params)

    def metrics(self, metrics):
        self.told.update(metrics)

    def figure(self, name, fig):
        raise AssertionError("a fit draws nothing")

    def artifact(self, path):
        raise AssertionError("a fit writes nothing")


def test_the_tracker_hears_of_every_fold_and_trial():
    tracker = Listening()
    plan = a_plan(tuning=TuningPlan(trials=2), folds=FoldPlan(2, 2))
    fit(daily_courses(patients=30, events=10), plan, tracker, audit=None)
    kinds = [kind for _, kind in tracker.children]
    assert kinds.count("fold") == 2
    assert kinds.count("trial") == 3  # the linear margin alone, the default, one more
    assert {"auroc", "cohort_fingerprint", "plan_digest"} <= set(tracker.told)


def test_ten_event_patients_are_enough_to_be_told_that_more_are_needed():
    plan = a_plan(folds=FoldPlan(5, 5))
    fitted = fit(daily_courses(patients=50, events=10), plan, audit=None)
    assert fitted.evaluation["n_event_patients"] == 10
    assert fitted.verdict.decision == MORE
    assert "10 patients have the event" in fitted.verdict.text


def test_two_event_patients_fall_back_to_the_linear_margin():
    fitted = fit(daily_courses(patients=30, events=2), a_plan(), audit=None)
    assert all(fold.tuned.chosen.settings.rounds == 0 for fold in fitted.cross_fit.folds)
    assert any("2 folds instead of 3" in note for note in fitted.evaluation["notes"])
    assert np.isfinite(fitted.model.predict(fitted.task.rows.X)).all()


@pytest.mark.parametrize("events", [0, 1])
def test_one_class_is_refused_clearly(events):
    with pytest.raises(NotAssessable, match=f"{events} patients with the event"):
        fit(daily_courses(patients=20, events=events), a_plan(), audit=None)


def test_an_empty_cohort_is_refused_clearly():
    full = daily_courses(patients=2, events=1)
    empty = cohort_of(full.manifest)
    with pytest.raises(NotAssessable, match="0 courses give 0 rows at risk"):
        fit(empty, a_plan(), audit=None)


def test_a_lab_that_nobody_measured_does_no_harm(result):
    column = "platelets_10e9_l__last"
    X = result.task.rows.X
    assert np.isnan(X.take((column,))).all()
    assert np.isfinite(result.model.predict(X)).all()


def warned(cohort, question, X, rows, asked=None):
    finding = Finding("digits_are_lost", "warn", "In 3 input(s) the digit 0 is missing.")
    few = Finding("too_few_event_patients", "warn", "12 patients with an event among 40.")
    return AuditReport("made up", question.name, len(X), 12, (finding, few))


def test_what_the_audit_warns_of_stands_in_the_model_for_ever():
    fitted = fit(daily_courses(patients=40, events=12), a_plan(), audit=warned)
    said = fitted.model.manifest["limitations"]
    assert "The audit of the training records warns: In 3 input(s) the digit 0 is missing." in said
    assert not any("12 patients" in text for text in said)  # the figures say that themselves


def overridden(cohort, question, X, rows, asked=None):
    finding = Finding("courses_are_duplicated", "refuse", "4 course(s) stand twice.")
    return AuditReport("made up", question.name, len(X), 12, (finding,))


def test_what_was_overridden_stands_among_the_limitations_by_rule_and_reason():
    plan = a_plan(audit=AuditPlan({"courses_are_duplicated": "twins, known to the site"}))
    manifest = fit(daily_courses(patients=40, events=12), plan, audit=overridden).model.manifest
    (said,) = [text for text in manifest["limitations"] if "courses_are_duplicated" in text]
    assert "4 course(s) stand twice." in said
    assert "twins, known to the site" in said


def test_what_the_audit_refuses_stops_the_fit_unless_the_plan_answers_for_it():
    cohort = daily_courses(patients=30, events=4)
    with pytest.raises(AuditRefusal, match="too_few_event_patients"):
        fit(cohort, a_plan(), audit=lambda *asked: audit(*asked))


def test_outcomes_that_are_censored_are_reweighted_within_the_training_part():
    cohort = daily_courses(patients=40, events=15)
    cut = cohort.grades[(cohort.grades["course_id"] > "C030") & (cohort.grades["day"] > 3)].index
    cohort = replace(cohort, grades=cohort.grades.drop(index=cut).reset_index(drop=True))
    cohort = replace(cohort, manifest=replace(cohort.manifest, end_of_record="censored"))
    task = prepare(cohort, a_plan())
    assert task.censored
    assert task.rows.weight.max() > 1.0
    uncut = np.flatnonzero(np.array([p <= "P030" for p in task.rows.patients]))
    assert (task.learning(uncut).weight == 1.0).all()
    assert (task.rows.take(uncut).weight > 1.0).any()


def test_the_oracle_stands_beside_a_synthetic_model():
    cohort = daily_courses(patients=40, events=14)
    plan = a_plan(tuning=TuningPlan(trials=1), folds=FoldPlan(2, 2))
    rows = prepare(cohort, plan).labels
    truth = pd.DataFrame(
        {
            "course_id": rows["course_id"],
            "question": ASKED.name,
            "landmark_day": rows["landmark_day"],
            "true_risk": np.where(rows["outcome"] == 1, 0.9, 0.1),
        }
    )
    fitted = fit(cohort, plan, audit=None, truth=truth.sample(frac=1.0, random_state=0))
    assert fitted.evaluation["oracle"]["auroc"]["estimate"] == 1.0
    assert 0.0 <= fitted.model.manifest["interval_coverage"] <= 1.0
    assert fit(cohort, plan, audit=None).model.manifest["interval_coverage"] is None


def test_a_search_is_shared_only_by_fits_that_would_search_the_same():
    plan = a_plan()
    task = prepare(daily_courses(patients=20, events=6), plan)
    key = study_key(plan, task)
    assert study_key(plan.changed(tuning=TuningPlan(trials=50), name="other"), task) == key
    assert study_key(plan.changed(seed=9), task) != key
    other = prepare(daily_courses(patients=20, events=6, seed=9), plan)
    assert study_key(plan, other) != key


def test_a_killed_fit_goes_on_from_its_finished_trials(tmp_path):
    cohort, plan = daily_courses(patients=30, events=10), a_plan(folds=FoldPlan(2, 2))
    fit(cohort, plan, audit=None, study_dir=tmp_path)
    first = {file.name: file.read_bytes() for file in tmp_path.rglob("*.journal")}
    assert set(first) == {"r0f0.journal", "r0f1.journal", "final.journal"}
    again = fit(cohort, plan, audit=None, study_dir=tmp_path)
    assert again.model.digest == fit(cohort, plan, audit=None).model.digest


def figures(
    loss=-0.02, high_90=0.005, slope=(0.8, 1.2), same_day=0.01, events=40,
    ratio=(0.8, 1.2), unknown=0,
):  # fmt: skip
    return {
        "n_event_patients": events,
        "n_predictors_read": 10,
        "unknown_predictors": [f"predictor_{number}" for number in range(unknown)],
        "model": {
            "calibration_slope": {"estimate": 1.0, "low": slope[0], "high": slope[1]},
            "observed_to_expected": {"estimate": 1.0, "low": ratio[0], "high": ratio[1]},
        },
        "comparators": {
            "grade_and_day": {"log_loss": {"estimate": 0.2}},
            "current_grade": {"log_loss": {"estimate": 0.3}},
        },
        "differences": {
            "grade_and_day": {
                "log_loss": {"estimate": loss, "low_90": loss - 0.02, "high_90": high_90},
                "same_day_auroc": {"estimate": same_day, "low": -0.05, "high": 0.03},
            }
        },
    }


@pytest.mark.parametrize(
    ("changed", "decision", "reason"),
    [
        ({}, USE, "every condition against grade_and_day"),
        (
            {"loss": 0.0129},
            SIMPLER,
            "log loss is higher than that of grade_and_day by 0.0129 (90 %: -0.0071 to",
        ),
        ({"loss": 0.0}, SIMPLER, "log loss is not below that of grade_and_day (90 %"),
        ({"high_90": 0.02}, SIMPLER, "upper 90 % bound"),
        ({"slope": (0.4, 0.9)}, SIMPLER, "does not hold 1"),
        ({"slope": (None, None)}, SIMPLER, "cannot be computed"),
        ({"same_day": -0.01}, SIMPLER, "same-day AUROC is -0.010 (-0.050 to +0.030) from"),
        ({"ratio": (1.1, 1.9)}, SIMPLER, "observed to expected events, 1.10 to 1.90, does not"),
        ({"ratio": (None, None)}, SIMPLER, "ratio of observed to expected events cannot"),
        ({"unknown": 3}, SIMPLER, "3 of the 10 predictors it reads are known for no row here"),
        ({"unknown": 2}, USE, "every condition against grade_and_day"),
        ({"events": 12}, MORE, "12 patients have the event"),
    ],
)
def test_the_verdict_follows_the_rule_and_says_why(changed, decision, reason):
    decided = verdict(figures(**changed), EvaluationPlan())
    assert decided.decision == decision
    assert reason in decided.text
    assert decided.best_comparator == "grade_and_day"
