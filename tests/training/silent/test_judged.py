"""The whole reading: met, not met, or cannot tell yet, and never a crash on bad input."""

import json
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from features.answers import write_answers
from features.cohort_files import write_cohort
from features.errors import CohortError, NotAssessable, PlanError, QuestionError
from features.matrix import feature_matrix
from features.questions import labels
from models.columns import named_matrix
from tests.training.made_up import ASKED, a_plan, daily_courses
from tests.training.silent.exports import MODEL, START, an_answer, an_export, at_high, some_limits
from tests.training.tiny_models import a_risk_model
from training import registry
from training.__main__ import main
from training.fit import fit
from training.plan import EvaluationPlan
from training.references import Referred
from training.silent.joined import Export, read_export
from training.silent.judged import judge_silence
from training.silent.words import sentence, silence_lines
from training.simpler import margins_to_json

GOOD = an_export(patients=150, events=range(0, 150, 5))


def states(table):
    return {one["name"]: one["state"] for one in table["readings"]}


def test_good_answers_to_enough_patients_meet_every_limit():
    limits = some_limits(
        least_patients=100,
        least_event_patients=20,
        observed_to_expected=(0.3, 6.0),
        tier=at_high(
            least_sensitivity=0.6,
            least_positive_predictive_value=0.5,
            most_alerts_per_100_patient_days=50.0,
        ),
    )
    table = judge_silence(GOOD, limits)
    assert set(states(table).values()) == {"met"}
    assert len(table["readings"]) == 7
    assert (table["n_patients"], table["n_event_patients"]) == (150, 30)
    assert table["verdict"] == "met"
    assert sentence(table) == "met: a person with the admin role may turn it on."
    json.dumps(table, allow_nan=False)


def test_figures_are_of_answers_and_their_n_is_of_patients():
    rows = [
        an_answer(0, 0.0, 0.5), an_answer(0, 1.0, 0.1), an_answer(0, 2.0, 0.5),  # severe on 2.5
        an_answer(1, 0.0, 0.5), an_answer(1, 1.0, 0.1), an_answer(1, 2.0, 0.1),
        an_answer(2, 0.0, 0.1), an_answer(5, 0.0, 0.1),
    ]  # fmt: skip
    limits = some_limits(
        tier=at_high(
            least_sensitivity=0.5,
            least_positive_predictive_value=0.5,
            most_alerts_per_100_patient_days=50.0,
        )
    )
    table = judge_silence(an_export(patients=6, events=[0], answers=rows), limits)
    found = {one["name"]: (one["estimate"], one["n"]) for one in table["readings"]}
    assert found["least_sensitivity"] == (1.0, 1)
    assert found["least_positive_predictive_value"] == (pytest.approx(2 / 3), 2)
    assert found["most_alerts_per_100_patient_days"] == (pytest.approx(100 * 3 / 8), 4)
    assert found["observed_to_expected, lowest"] == (pytest.approx(3 / 2.0), 4)


def test_answers_that_find_nobody_break_the_limits():
    blind = GOOD.answers.assign(probability=0.02, tier="low")
    table = judge_silence(
        Export(GOOD.cohort, blind),
        some_limits(observed_to_expected=(0.5, 2.0), tier=at_high(least_sensitivity=0.5)),
    )
    assert states(table)["least_sensitivity"] == "not met"
    assert states(table)["observed_to_expected, highest"] == "not met"
    assert table["verdict"] == "not met"


def test_too_few_patients_say_how_many_more_and_how_long():
    table = judge_silence(
        an_export(patients=12, events=[0, 5]),
        some_limits(least_patients=60, tier=at_high(least_sensitivity=0.5)),
    )
    assert table["verdict"] == "cannot tell yet"
    counted = table["readings"][0]
    assert counted["more_patients"] == 48
    assert counted["more_months"] == pytest.approx(48 * 6 / 30.4375)
    found = next(one for one in table["readings"] if one["name"] == "least_sensitivity")
    assert found["more_patients"] % 6 == 0  # two of twelve have the event
    assert any("patients more" in line for line in silence_lines(table))


def test_before_any_outcome_is_determined_it_cannot_tell():
    export = an_export(patients=1)
    early = export.cohort.grades[export.cohort.grades["day"] <= 2]
    export = replace(export, cohort=replace(export.cohort, grades=early))
    table = judge_silence(export, some_limits(tier=at_high(least_sensitivity=0.5)))
    assert (table["n_patients"], table["patients_waiting"]) == (0, 1)
    assert table["verdict"] == "cannot tell yet"
    assert silence_lines(table)


@pytest.mark.parametrize("probability", [0.0, 1.0])
def test_risks_of_exactly_0_and_1_are_judged(probability):
    answers = GOOD.answers.assign(probability=probability)
    table = judge_silence(Export(GOOD.cohort, answers), some_limits(observed_to_expected=(0.5, 2)))
    assert table["verdict"] == "not met"
    json.dumps(table, allow_nan=False)


def test_limits_written_after_the_first_answer_and_unknown_questions_are_refused():
    with pytest.raises(PlanError, match="prove nothing"):
        judge_silence(GOOD, some_limits(written_on=date(2026, 1, 2)))
    with pytest.raises(QuestionError, match="no question 'severe-cough'"):
        judge_silence(GOOD, some_limits(question="severe-cough"))
    with pytest.raises(NotAssessable, match="by it"):
        judge_silence(GOOD, some_limits(model="f" * 10))


def test_answers_of_strangers_only_are_refused(tmp_path):
    write_cohort(GOOD.cohort, tmp_path / "export")
    write_answers(GOOD.answers.assign(course_id="nobody"), tmp_path / "export")
    with pytest.raises(CohortError, match="course_id of the courses table"):
        read_export(tmp_path / "export")


def test_every_clock_before_its_infusion_leaves_nobody_to_judge():
    early = GOOD.answers.assign(written_at=START - pd.Timedelta(days=400))
    table = judge_silence(Export(GOOD.cohort, early), some_limits())
    assert table["first_answer"] is None
    assert silence_lines(table)
    assert table["left_out"] == {"written before its landmark (clock)": len(early)}
    assert table["verdict"] == "cannot tell yet"


def test_without_the_model_a_log_loss_cannot_be_compared():
    table = judge_silence(GOOD, some_limits(worst_log_loss_difference=0.02))
    found = next(one for one in table["readings"] if one["name"] == "worst_log_loss_difference")
    assert "needs --model" in found["because"]
    assert table["verdict"] == "cannot tell yet"


def test_alerts_by_day_cannot_be_counted_before_infusion():
    answers = GOOD.answers[GOOD.answers["landmark_day"] == 0].assign(question="severe-crs-30d")
    limits = some_limits(
        question="severe-crs-30d", tier=at_high(most_alerts_per_100_patient_days=50.0)
    )
    cohort = replace(GOOD.cohort, courses=GOOD.cohort.courses.assign(follow_up_days=40.0))
    table = judge_silence(Export(cohort, answers), limits)
    assert "not asked by day" in table["readings"][-1]["because"]
    assert table["n_patients"] > 140


@pytest.fixture(scope="module")
def silent_fit():
    """A real fit, asked about other patients in silence."""
    plan = a_plan(evaluation=EvaluationPlan(bootstrap=50))
    done = fit(daily_courses(signal=1.5), plan, audit=None)
    subject = Referred(
        "made up", done.model, {registry.COMPARATORS: margins_to_json(done.comparators)}
    )
    others = daily_courses(patients=80, signal=1.5, seed=7)
    infused = START + pd.to_timedelta(np.arange(80) * 6, unit="D")
    others.courses["infused_at"] = pd.Series(infused).astype("datetime64[us, UTC]")
    rows = labels(others, ASKED)
    risks = done.model.predict(
        named_matrix(feature_matrix(others, rows[["course_id", "instant"]], done.model.predictors))
    )
    answers = pd.DataFrame(
        [
            an_answer(int(course[1:]), day, risk, course_id=course, model=done.model.digest)
            for course, day, risk in zip(
                rows["course_id"], rows["landmark_day"], risks, strict=True
            )
        ]
    ).astype({"shown": "boolean"})
    return subject, Export(others, answers)


def test_the_log_loss_is_held_against_the_comparator_on_the_same_rows(silent_fit):
    subject, export = silent_fit
    limits = some_limits(worst_log_loss_difference=0.2, model=subject.model.digest[:16])
    found = next(
        one
        for one in judge_silence(export, limits, subject)["readings"]
        if one["name"] == "worst_log_loss_difference"
    )
    assert not found["because"]
    assert found["n"] > 70
    assert found["estimate"] < 0  # CRP runs ahead of the grade here, and the model reads it
    absent = judge_silence(export, replace(limits, comparator="easix"), subject)
    assert any("no easix lies beside" in one["because"] for one in absent["readings"])


def test_limits_for_another_question_than_the_models_are_refused(silent_fit):
    subject, export = silent_fit
    with pytest.raises(QuestionError, match="No question has that name"):
        judge_silence(export, some_limits(question="severe-cough"), subject)


def test_a_synthetic_model_opens_nothing():
    model = a_risk_model()
    answers = GOOD.answers.assign(model=model.digest)
    table = judge_silence(Export(GOOD.cohort, answers), some_limits(), Referred("tiny", model, {}))
    assert table["synthetic"]
    assert "opens nothing" in sentence(table)


LIMITS = """\
written_on = 2025-12-01
signed_by = "safety officer"
question = "severe-crs-72h"
observed_to_expected = [0.3, 6.0]
"""


@pytest.fixture
def files(tmp_path):
    write_cohort(GOOD.cohort, tmp_path / "export")
    write_answers(GOOD.answers, tmp_path / "export")
    (tmp_path / "limits.toml").write_text(LIMITS)
    return tmp_path


def typed(files, *more):
    return main(
        ["evaluate", "--answers", str(files / "export"), "--limits", str(files / "limits.toml")]
        + [str(one) for one in more]
    )


def test_the_exit_code_says_whether_it_is_met_and_the_json_which(files, capsys):
    assert typed(files, "--json", files / "out.json") == 0
    said = capsys.readouterr().out
    assert "150 patients, 30 with the event" in said
    assert said.strip().endswith("met: a person with the admin role may turn it on.")
    assert "C0" not in said
    assert "P1" not in said
    told = json.loads((files / "out.json").read_text())
    assert told["verdict"] == "met"
    assert len(told["limits"]["digest"]) == 64
    (files / "limits.toml").write_text(LIMITS.replace("[0.3, 6.0]", "[0.01, 0.3]"))
    assert typed(files) == 4
    assert "LimitsNotMet: not met: it stays silent." in capsys.readouterr().err
    (files / "limits.toml").write_text(LIMITS + "least_patients = 1000\n")
    assert typed(files) == 4
    assert "cannot tell yet" in capsys.readouterr().err


def test_what_is_typed_wrongly_is_said(files, capsys):
    assert main(["evaluate"]) == 2
    assert "needs --model MODEL, or --answers" in capsys.readouterr().err
    assert main(["evaluate", "--limits", str(files / "limits.toml")]) == 2
    assert typed(files, "--cohort", files / "export") == 2
    (files / "export" / "answers.parquet").unlink()
    assert typed(files) == 2
    assert "has no answers.parquet" in capsys.readouterr().err


def test_a_draft_of_limits_is_written(files, capsys):
    assert main(["evaluate", "--draft-limits", str(files / "draft.toml")]) == 0
    assert "sign it before" in capsys.readouterr().out
    assert main(["evaluate", "--draft-limits", str(files / "draft.toml")]) == 2
    assert MODEL not in (files / "draft.toml").read_text()
