"""A finished model on other patients: the whole table, or a clear reason why there is none."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from features.errors import NotAssessable
from tests.training.made_up import a_plan, daily_courses
from training import registry
from training.elsewhere import asked_of, evaluate_elsewhere
from training.evaluation_page import evaluation_page
from training.figures_in_words import interval
from training.fit import fit
from training.plan import EvaluationPlan, PredictorPlan
from training.references import Referred
from training.simpler import margins_to_json


@pytest.fixture(scope="module")
def subject():
    plan = a_plan(evaluation=EvaluationPlan(bootstrap=60))
    done = fit(daily_courses(signal=1.5), plan, audit=None)
    beside = {
        registry.COMPARATORS: margins_to_json(done.comparators),
        registry.PLAN: plan.to_dict(),
    }
    return Referred("made up", done.model, beside)


def of_tables(cohort, **tables):
    """The same cohort with some tables changed."""
    return replace(cohort, **tables)


def test_the_figures_are_those_of_the_model_on_the_other_patients(subject):
    others = daily_courses(signal=1.5, seed=7)
    found = evaluate_elsewhere(subject, others, replicates=60)
    asked = asked_of(subject, others)
    p = asked.risks["model"][0]
    assert found.table["model"]["auroc"]["estimate"] == pytest.approx(
        roc_auc_score(asked.rows.y, p), abs=1e-12
    )
    assert found.table["n_patients"] == 60
    assert {"current_grade", "grade_and_day", "penalised_logistic"} <= set(
        found.table["comparators"]
    )
    assert (
        "easix" in found.table["left_out"] or "easix" not in subject.documents[registry.COMPARATORS]
    )
    for name, gap in found.table["differences"].items():
        own, other = found.table["model"]["auroc"], found.table["comparators"][name]["auroc"]
        assert gap["auroc"]["estimate"] == pytest.approx(own["estimate"] - other["estimate"])


def test_outcomes_of_the_other_patients_do_not_move_their_risks(subject):
    others = daily_courses(signal=1.5, seed=7)
    later = others.grades.assign(
        grade=np.where(others.grades["day"] > 3, 0.0, others.grades["grade"].astype(float))
    )
    early = asked_of(subject, others)
    changed = asked_of(subject, of_tables(others, grades=later))
    at = early.rows.facts["landmark_day"] <= 3
    keyed = [
        pd.Series(a.risks["model"][0], index=pd.MultiIndex.from_frame(
            a.rows.facts[["course_id", "landmark_day"]]))
        for a in (early, changed)
    ]  # fmt: skip
    shared = keyed[0].index[at].intersection(keyed[1].index)
    assert len(shared) > 100
    assert np.array_equal(keyed[0][shared], keyed[1][shared])


def test_the_patients_it_learnt_from_prove_nothing(subject):
    with pytest.raises(NotAssessable, match="proves nothing"):
        evaluate_elsewhere(subject, daily_courses(signal=1.5))


@pytest.mark.parametrize(
    ("patients", "events", "said"),
    [(20, 0, "0 of them with the event"), (1, 1, "one patient")],
)
def test_without_two_classes_or_two_patients_it_says_so(subject, patients, events, said):
    with pytest.raises(NotAssessable, match=said):
        evaluate_elsewhere(subject, daily_courses(patients=patients, events=events, seed=3))


def test_one_event_patient_is_judged_and_no_model_is_used_on_that(subject):
    found = evaluate_elsewhere(subject, daily_courses(events=1, seed=3), replicates=60)
    assert found.table["n_event_patients"] == 1
    assert found.table["verdict"]["decision"] == "more patients needed"


def test_a_cohort_that_lacks_half_of_what_the_model_reads_is_refused_by_name():
    labs = [f"{name}__{way}" for name in ("crp_mg_l", "ferritin_ng_ml") for way in ("last", "max")]
    columns = PredictorPlan(columns=("crs_grade", "day", *labs))
    plan = a_plan(predictors=columns, evaluation=EvaluationPlan(bootstrap=50))
    subject = Referred("made up", fit(daily_courses(signal=1.5), plan, audit=None).model)
    others = daily_courses(signal=1.5, seed=7)
    bare = of_tables(others, measurements=others.measurements.iloc[:0])
    with pytest.raises(NotAssessable, match=r"4 of the 6 predictors that .* reads .*crp_mg_l"):
        evaluate_elsewhere(subject, bare)


def test_a_predictor_that_nobody_has_here_is_noted(subject):
    others = daily_courses(signal=1.5, seed=7)
    fewer = others.measurements[others.measurements["input"] != "ferritin_ng_ml"]
    found = evaluate_elsewhere(subject, of_tables(others, measurements=fewer), replicates=60)
    assert any("ferritin" in note for note in found.table["notes"])


def test_a_product_that_no_training_patient_had_is_noted(subject):
    others = daily_courses(signal=1.5, seed=7)
    other = of_tables(others, courses=others.courses.assign(product="cilta-cel"))
    found = evaluate_elsewhere(subject, other, replicates=60)
    assert any("60 of 60 patients had a product" in note for note in found.table["notes"])


def test_a_model_without_comparators_beside_it_says_so(subject):
    others = daily_courses(signal=1.5, seed=7)
    found = evaluate_elsewhere(replace(subject, documents={}), others, replicates=60)
    assert found.table["comparators"] == {}
    assert found.table["verdict"]["decision"] == "more patients needed"
    assert "No comparator was held against it" in found.table["verdict"]["text"]
    assert any("nothing was held against it here" in note for note in found.table["notes"])


def test_the_page_holds_the_figures_the_pictures_and_no_patient(subject):
    found = evaluate_elsewhere(subject, daily_courses(signal=1.5, seed=7), replicates=60)
    page = evaluation_page(found.table, found.judged)
    assert interval(found.table["model"], "auroc") in page
    assert found.table["verdict"]["text"].split(":")[0] in page
    assert page.count("data:image/png") == 5
    assert "P001" not in page
    assert "C001" not in page
    assert "http:" not in page
    assert "https:" not in page
    assert evaluation_page(found.table).count("data:image/png") == 0
