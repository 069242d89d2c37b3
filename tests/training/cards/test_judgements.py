"""The signalling questions are answered as a harsh reviewer who sees only the run would."""

from dataclasses import replace

import pytest

from tests.training.cards.made_evidence import (
    COHORT,
    a_plan,
    an_audit,
    an_evaluation,
    evidence,
)
from training.cards.filling import fill, items_of
from training.cards.judgements import domain_rating


def answers(e):
    return {one.item.number: one.answer for one in fill(items_of("probast_ai"), e)}


def cohort(**changed):
    return evidence(an_evaluation(cohort=COHORT | changed))


@pytest.mark.parametrize(
    ("number", "answer", "e"),
    [
        ("D1.1", "PY", evidence()),
        ("D1.1", "N", cohort(synthetic=True)),
        ("D1.1", "PN", evidence(audit=an_audit("overridden"))),
        ("D1.1", "NI", evidence(audit=None)),
        ("D1.2", "NI", evidence()),
        ("D1.2", "PN", cohort(end_of_record="ended_at_peak")),
        ("D2.4", "Y", evidence()),
        ("D2.4", "PY", evidence(audit=an_audit(
            "warned", rule="result_times_are_not_recorded", severity="warn"))),
        ("D3.1", "Y", evidence()),
        ("D3.1", "PN", cohort(grading_system="Lee")),
        ("D3.2", "N", evidence(audit=an_audit(
            "warned", rule="the_grading_system_changes", severity="warn"))),
        ("D3.4", "Y", evidence()),
        ("D4.1", "NI", evidence()),
        ("D4.1", "N", evidence(settings=a_plan(min_event_patients=31).to_dict())),
        ("D4.5", "Y", evidence()),
        ("D4.5", "NI", evidence(settings=None)),
        ("E4.1", "Y", evidence()),
        ("E4.2", "PN", evidence()),
        ("E4.2", "PY", evidence(an_evaluation(n_event_patients=100))),
        ("E4.4", "NA", evidence()),
        ("E4.5", "Y", evidence()),
        ("E4.5", "PY", evidence(audit=an_audit("warned"))),
        ("E4.5", "N", evidence(audit=an_audit("overridden"))),
        ("E4.7", "PN", evidence()),
        ("E4.7", "Y", evidence(an_evaluation(calibration={"e": 0.1}, decision_curve=[0.1]))),
    ],
)  # fmt: skip
def test_the_run_decides(number, answer, e):
    assert answers(e)[number] == answer


def test_a_question_without_a_horizon_is_doubted():
    asked = dict(an_evaluation()["question"], horizon_days=None)
    assert answers(evidence(an_evaluation(question=asked)))["D3.4"] == "PN"


def test_a_missing_convention_leaves_missing_data_open():
    e = cohort(end_of_record=None)
    assert answers(e)["D4.3"] == "NI"
    bare = replace(e, evaluation={**e.evaluation, "cohort": None})
    assert bare.cohort_name == "ward records"


@pytest.mark.parametrize(
    ("given", "rating"),
    [(["Y", "PY"], "low"), (["Y", "NI"], "unclear"), (["NI", "PN"], "high"), (["NA", "Y"], "low")],
)
def test_a_domain_is_as_good_as_its_worst_answer(given, rating):
    assert domain_rating(given) == rating
