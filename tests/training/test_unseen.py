"""Whom a champion has seen is known from its cohort or not at all; only others judge it."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.cohort_files import fingerprint, read_cohort, write_cohort
from features.errors import NotAssessable
from features.tables import Cohort
from tests.training.made_up import a_plan, daily_courses
from training import registry, unseen
from training.elsewhere import evaluate_elsewhere
from training.fit import fit
from training.plan import EvaluationPlan, FoldPlan, IntervalPlan, TreePlan, TuningPlan
from training.references import Referred
from training.unseen import against_champion_on_unseen, unseen_patients

TABLES = ("courses", "measurements", "treatments", "late_events", "grades")


def renamed(cohort: Cohort, prefix: str) -> Cohort:
    """Give every course and patient of a cohort another id."""
    made = {}
    for name in TABLES:
        frame = cohort.table(name).copy()
        for column in ("course_id", "patient_id"):
            if column in frame:
                frame[column] = prefix + frame[column].astype(str)
        made[name] = frame
    return Cohort(**made, manifest=cohort.manifest)


def both(one: Cohort, other: Cohort) -> Cohort:
    made = {
        name: pd.concat([one.table(name), other.table(name)], ignore_index=True) for name in TABLES
    }
    return Cohort(**made, manifest=one.manifest)


def fitted(cohort: Cohort, place) -> Referred:
    write_cohort(cohort, place)
    plan = a_plan(
        trees=TreePlan(max_rounds=0), tuning=TuningPlan(trials=0), folds=FoldPlan(2, 2),
        interval=IntervalPlan(refits=0),
        evaluation=EvaluationPlan(bootstrap=60, min_event_patients=8),
        cohort=str(place),
    )  # fmt: skip
    model = fit(read_cohort(place), plan, audit=None).model
    return Referred(place.name, model, {registry.PLAN: plan.to_dict()})


@pytest.fixture(scope="module")
def early():
    return daily_courses(patients=40, events=14, seed=1)


@pytest.fixture(scope="module")
def late():
    return renamed(daily_courses(patients=40, events=14, seed=2), "late-")


@pytest.fixture(scope="module")
def champion(early, tmp_path_factory):
    return fitted(early, tmp_path_factory.mktemp("early") / "champion")


@pytest.fixture(scope="module")
def challenger(early, late, tmp_path_factory):
    place = tmp_path_factory.mktemp("all") / "challenger"
    return fitted(both(early, late), place)


def test_unseen_is_who_is_new_by_id_and_by_content(early, late):
    assert unseen_patients(both(early, late), early) == set(late.courses["patient_id"])
    assert unseen_patients(early, early) == set()
    assert unseen_patients(renamed(early, "copy-"), early) == set(), "a copy under other ids"
    assert unseen_patients(late, early) == set(late.courses["patient_id"])


def test_a_second_course_of_a_patient_who_was_seen_does_not_make_them_new(early, late):
    again = renamed(late, "")
    again.courses.loc[0, "patient_id"] = early.courses.loc[0, "patient_id"]
    assert early.courses.loc[0, "patient_id"] not in unseen_patients(again, early)
    assert len(unseen_patients(again, early)) == len(late.courses) - 1


def test_a_challenger_that_knows_them_is_cross_fitted_and_the_champion_answers_itself(
    early, late, champion, challenger, monkeypatch
):
    asked = []
    predict = type(champion.model).predict

    def noted(model, X):
        asked.append(model.digest)
        return predict(model, X)

    monkeypatch.setattr(type(champion.model), "predict", noted)
    done = against_champion_on_unseen(both(early, late), challenger, champion)
    assert champion.model.digest in asked
    assert challenger.model.digest not in asked
    assert "cross-fitted by patient" in done.how
    assert f"{late.courses['patient_id'].nunique()} patients it has not seen" in done.how
    assert np.isfinite(done.differences["log_loss"]["high_90"])


def test_where_both_are_strangers_both_finished_models_answer(early, late, champion, tmp_path):
    rival = fitted(renamed(daily_courses(40, 14, seed=3), "other-"), tmp_path / "rival")
    done = against_champion_on_unseen(late, rival, champion)
    assert "new to them too" in done.how
    own = against_champion_on_unseen(late, replace(champion, said="the same"), champion)
    assert own.differences["log_loss"]["estimate"] == 0.0


def test_what_cannot_be_known_is_not_guessed(early, late, champion, challenger, tmp_path):
    changed = fitted(early, tmp_path / "changed")
    write_cohort(both(early, late), tmp_path / "changed")
    lost = fitted(early, tmp_path / "lost")
    lost.documents[registry.PLAN]["plan"]["cohort"] = str(tmp_path / "nowhere")
    for subject, words in (
        (changed, "has changed since"),
        (lost, "not at hand"),
        (replace(champion, documents={}), r"no plan\.json"),
    ):
        with pytest.raises(NotAssessable, match=words):
            against_champion_on_unseen(late, challenger, subject)


def test_too_few_new_patients_with_the_event_are_no_comparison(early, champion, challenger):
    few = renamed(daily_courses(patients=12, events=3, seed=5), "few-")
    with pytest.raises(NotAssessable, match="3 of them with the event; 8 are asked for"):
        against_champion_on_unseen(both(early, few), challenger, champion)


def test_the_fingerprint_decides_whether_a_cohort_is_the_one_learnt_from(early, champion):
    found = unseen.learnt_from(champion)
    assert fingerprint(found) == champion.model.manifest["fingerprint"]


def test_patients_it_learnt_from_are_left_out_of_another_cohort(early, late, champion):
    """The cohort is another one by its fingerprint, but half of its patients were learnt from."""
    on_late = evaluate_elsewhere(champion, late, replicates=60).table
    on_both = evaluate_elsewhere(champion, both(early, late), replicates=60).table
    assert on_both["n_patients"] == on_late["n_patients"]
    assert on_both["model"]["auroc"]["estimate"] == on_late["model"]["auroc"]["estimate"]
    assert "patients it did not learn from" in on_both["method"]
    told = f"{early.courses['patient_id'].nunique()} of 80 patients, whom it learnt from, are left"
    assert any(told in note for note in on_both["notes"])
    assert not any("learnt from" in note for note in on_late["notes"])


def test_a_copy_under_other_ids_proves_nothing(early, champion):
    with pytest.raises(NotAssessable, match="under this or another id"):
        evaluate_elsewhere(champion, renamed(early, "copy-"), replicates=60)


def test_where_it_cannot_be_known_the_table_says_that_it_was_not_checked(late, champion):
    blind = replace(champion, documents={})
    table = evaluate_elsewhere(blind, late, replicates=60).table
    assert any("was not checked" in note for note in table["notes"])
    assert "did not learn from" not in table["method"]
