import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from features.questions import QUESTIONS
from models.release import build_release, load_release
from models.training_range import NEVER_KNOWN, TrainingRanges
from serving.bedside import Bedside
from serving.course_reading import course_so_far, read_request
from serving.estimate import Estimator, asked_words, refusal
from serving.messages import EXAMPLE_REQUEST
from serving.words_of_drivers import _driver
from tests.serving.asking import BEFORE, DAILY, a_request, before_infusion, by_name, codes
from tests.serving.small_release import a_model

ROOT = Path(__file__).parents[2]

# --- grades that are missing ------------------------------------------------------------------


ICANS_0 = {"toxicity": "ICANS", "grade": 0, "day": 2.0}


@pytest.mark.parametrize("missing", ["CRS", "ICANS"])
def test_a_daily_question_needs_a_grade_of_its_toxicity_and_misses_the_other(ask, missing):
    rows = [one for one in EXAMPLE_REQUEST["grades"] if one["toxicity"] != missing]
    answers = by_name(ask(a_request(grades=rows)))
    silent, given = (f"severe-{one}-72h" for one in ("crs", "icans"))
    if missing == "ICANS":
        silent, given = given, silent
    assert answers[silent]["abstention"]["reason"] == "not_graded"
    assert f"No {missing} grade was given" in answers[silent]["abstention"]["text"]
    assert "0 if looked at and absent" in answers[silent]["abstention"]["text"]
    assert answers[given]["probability"] is not None
    told = [one["text"] for one in answers[given]["notices"] if one["code"] == "not_graded"]
    assert len(told) == 1
    assert f"No {missing} grade" in told[0]


def test_with_both_grades_none_is_missed(ask):
    assert all("not_graded" not in codes(by_name(ask(a_request()))[name]) for name in DAILY)


def test_a_grade_that_is_known_only_later_is_no_grade(ask):
    rows = [{"toxicity": "CRS", "grade": 0, "day": 2.5}, ICANS_0]
    one = by_name(ask(a_request(grades=rows)))[DAILY[0]]
    assert one["abstention"]["reason"] == "not_graded"


def test_before_the_infusion_the_daily_questions_say_which_to_ask(ask):
    answers = by_name(ask(before_infusion()))
    assert "not_graded" not in codes(answers[BEFORE])
    for name in DAILY:
        assert answers[name]["abstention"]["reason"] == "not_graded"
        assert "ask the questions before infusion" in answers[name]["abstention"]["text"]


def test_the_patients_of_the_demonstration_carry_grades_from_the_infusion_on(ask):
    patients = json.loads((ROOT / "training" / "demo_patients.json").read_text())
    assert any(one["landmark"] > 0 for one in patients)
    for one in patients:
        answers = by_name(ask(one))
        asked = DAILY if one["landmark"] > 0 else [BEFORE]
        assert all(answers[name]["probability"] is not None for name in asked)


# --- questions to those who have the toxicity ---------------------------------------------------


COURSE_72H = replace(QUESTIONS["severe-icans-72h"], name="icans-course-72h", from_grade=1)


@pytest.mark.parametrize(
    ("grades", "reason"),
    [
        ([], "not_graded"),
        ([ICANS_0], "below_from_grade"),
        ([{"toxicity": "ICANS", "grade": 2, "day": 1.0}, ICANS_0], "below_from_grade"),
        ([{"toxicity": "ICANS", "grade": 1, "day": 2.0}], None),
        ([{"toxicity": "ICANS", "grade": 1, "day": 2.5}], "not_graded"),
        ([{"toxicity": "ICANS", "grade": 3, "day": 2.0}], "not_at_risk"),
        ([{"toxicity": "CRS", "grade": 2, "day": 2.0}], "not_graded"),
    ],
)
def test_a_question_from_a_grade_is_answered_at_that_grade_only(grades, reason):
    course = course_so_far(read_request(json.dumps(a_request(grades=grades)).encode()))
    objection = refusal(course, COURSE_72H)
    assert (objection.reason if objection else None) == reason
    if reason == "below_from_grade":
        assert "patients with ICANS of grade 1 or more" in objection.text


def test_a_question_from_a_grade_says_whom_it_is_about():
    said = asked_words(COURSE_72H).text
    assert said == "ICANS of grade 3 or more within 72 hours, for a patient at grade 1 or more now"


def test_a_release_answers_a_question_from_a_grade_to_those_who_have_it(open_desk, tmp_path):
    a_model(COURSE_72H).save(tmp_path / "model")
    build_release(
        tmp_path / "release", {COURSE_72H.name: tmp_path / "model"}, "a test", "to have one",
        datetime(2026, 3, 1, tzinfo=UTC),
    )  # fmt: skip
    desk = open_desk(load_release(tmp_path / "release"))

    def asked(grade):
        rows = [{"toxicity": "ICANS", "grade": grade, "day": 2.0}]
        answer = desk.answer(json.dumps(a_request(grades=rows)).encode())
        return by_name(json.loads(answer))[COURSE_72H.name]

    assert asked(0)["abstention"]["reason"] == "below_from_grade"
    assert asked(0)["probability"] is None
    assert 0 < asked(1)["probability"] < 1


# --- in words a clinician reads once ----------------------------------------------------------


def test_the_reason_for_a_tier_names_the_cut_offs_in_percent(ask):
    reasons = set()
    for crp in (0.2, 5, 20, 84, 400):
        rows = [{"input": "crp_mg_l", "value": crp, "unit": "mg/L", "day": 2.0}]
        one = by_name(ask(a_request(measurements=rows)))[DAILY[0]]
        reason = one["tier"]["because"]
        reasons.add(reason)
        assert (one["probability"] < 0.2) == (reason == "the estimate is below 20.0 %")
        assert (one["probability"] >= 0.5) == (reason == "the estimate is 50.0 % or more")
    assert len(reasons) > 1


def test_a_patient_who_was_graded_0_has_no_onset_so_far(release, ask):
    rows = [{"toxicity": "CRS", "grade": 0, "day": 1.0}, ICANS_0]
    bedside = Bedside(course_so_far(read_request(json.dumps(a_request(grades=rows)).encode())))
    names = release.models[DAILY[0]].predictors.names()
    told = {
        name: shown_driver(name, bedside, rows=release.models[DAILY[0]].predictors)
        for name in names
        if name.endswith("_days_since_onset")
    }
    assert set(told.values()) == {"none so far"}
    assert len(told) == 2


def shown_driver(name, bedside, rows):
    values = bedside.row(rows, "ASTCT")[0]
    at = rows.names().index(name)
    return _driver(
        name, float(values[at]), 0.1, 0.1, bedside.course, bedside.latest, "en"
    ).shown  # fmt: skip


@pytest.mark.parametrize(("given", "told"), [("antipyretic", "none so far"), (None, "12 h")])
def test_what_was_never_given_is_none_so_far(release, given, told):
    rows = [{"agent": given or "tocilizumab", "start_day": 1.5}]
    course = course_so_far(read_request(json.dumps(a_request(treatments=rows)).encode()))
    predictors = release.models[DAILY[0]].predictors
    assert shown_driver("hours_since_tocilizumab", Bedside(course), predictors) == told


def test_an_onset_without_any_grade_is_not_known(release):
    course = course_so_far(read_request(json.dumps(a_request(grades=[])).encode()))
    predictors = release.models[DAILY[0]].predictors
    assert shown_driver("crs_days_since_onset", Bedside(course), predictors) == "not known"


def test_what_training_never_knew_is_told_apart_and_no_time_is_out_of_range(release):
    model = release.models[DAILY[0]]
    never = {**model.quantiles, "crp_mg_l__last": NEVER_KNOWN, "day": NEVER_KNOWN}
    named = Estimator(replace(model, quantiles=TrainingRanges(never)))
    request = a_request()
    request["measurements"][0]["day"] = -300
    answered = named.answer(Bedside(course_so_far(read_request(json.dumps(request).encode()))))
    told = {one.code: one.inputs for one in answered.notices}
    assert told["never_known_in_training"] == ["crp_mg_l"]
    seen = [name for code, names in told.items() if "training" in code for name in names]
    assert not [name for name in seen if "since" in name or name == "day"]
