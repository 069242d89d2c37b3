import json
from dataclasses import replace

import numpy as np
import pytest

from features.errors import LedgerError
from features.matrix import feature_matrix
from models.release import load_release
from serving.bedside import Bedside
from serving.course_reading import course_so_far, read_request
from serving.estimate import Estimator
from serving.messages import EXAMPLE_REQUEST, StandingRequest
from serving.notices import model_notices
from serving.replies import RiskAnswer
from serving.sentences import say
from tests.builders import a_cohort, a_grading, a_measurement, a_treatment, an_infusion
from tests.serving.asking import BEFORE, DAILY, a_request, before_infusion, by_name, codes
from tests.serving.small_release import ASKED, a_release

# --- what is answered -----------------------------------------------------------------------------


def test_every_question_of_the_release_is_answered_or_abstained_from(ask):
    answer = ask(a_request())
    assert list(by_name(answer)) == list(ASKED)
    for one in answer["answers"]:
        assert (one["abstention"] is None) == (one["probability"] is not None)


def test_an_answer_holds_what_is_needed_to_judge_it(ask):
    for name in DAILY:
        one = by_name(ask(a_request()))[name]
        assert 0 < one["probability"] < 1
        assert 0 <= one["interval"]["low"] < one["interval"]["high"] <= 1
        assert "not of this patient's outcome" in one["interval"]["meaning"]
        assert one["compared"]["ratio"] == pytest.approx(one["probability"] / 0.25)
        assert "this product" in one["compared"]["meaning"]
        assert one["tier"]["action"].endswith("Assess by local protocol.")
        assert len(one["model"]["version"]) == 64
        assert one["model"]["n"] == 400
        assert one["model"]["product_in_training"] is True
        assert one["question"]["from_day"] == 2.0
        assert one["question"]["until_day"] == 5.0


def test_base_drivers_and_rest_add_up_to_the_probability(ask):
    for name in DAILY:
        one = by_name(ask(a_request()))[name]
        told = one["explanation"]
        total = told["base"] + told["rest"] + sum(d["contribution"] for d in told["drivers"])
        assert total == pytest.approx(one["probability"], abs=1e-12)
        assert "associations" in told["meaning"]
        sizes = [abs(d["contribution"]) for d in told["drivers"]]
        assert sizes == sorted(sizes, reverse=True)
        assert abs(told["rest"]) < 0.2


def test_a_driver_is_told_in_the_units_and_with_the_age_of_what_was_measured(ask):
    request = a_request(landmark=2.5)
    drivers = by_name(ask(request))[DAILY[0]]["explanation"]["drivers"]
    crp = next(one for one in drivers if one["predictor"] == "crp_mg_l__last")
    assert crp["label"] == "CRP, last"
    assert crp["value"] == pytest.approx(84.0)
    assert crp["shown"] == "84 mg/L"
    assert crp["age_hours"] == pytest.approx(12.0)
    assert crp["direction"] == ("raises" if crp["contribution"] >= 0 else "lowers")


def test_drivers_are_told_in_chinese_where_it_is_preferred(ask):
    drivers = by_name(ask(a_request(), "zh"))[DAILY[0]]["explanation"]["drivers"]
    assert any("C反应蛋白" in one["label"] for one in drivers)


def test_the_question_before_infusion_is_asked_up_to_the_infusion_and_not_after(ask):
    early = by_name(ask(before_infusion()))[BEFORE]
    assert early["abstention"] is None
    assert early["question"]["until_day"] == 30.0
    late = by_name(ask(a_request()))[BEFORE]
    assert late["abstention"]["reason"] == "outside_landmarks"


def test_daily_questions_are_not_asked_before_the_infusion_or_after_their_last_day(ask):
    for landmark in (-1.0, 14.5):
        answers = by_name(ask(before_infusion(landmark=landmark)))
        for name in DAILY:
            assert answers[name]["abstention"]["reason"] == "outside_landmarks"


def test_only_the_questions_that_are_asked_are_answered_each_once(ask):
    answer = ask(a_request(questions=[DAILY[1], DAILY[1]]))
    assert list(by_name(answer)) == [DAILY[1]]


def test_a_known_question_without_a_model_is_abstained_from(ask):
    one = by_name(ask(a_request(questions=["grade-2-crs-24h"])))["grade-2-crs-24h"]
    assert one["abstention"]["reason"] == "no_model"


# --- when there is no answer ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("product", "reason"),
    [("blinatumomab", "not_a_car_t"), ("nobody knows it", "unknown_product"), (None, "no_product")],
)
def test_what_is_no_known_car_t_is_abstained_from(ask, product, reason):
    answer = ask(a_request(course={} if product is None else {"product": product},
                           measurements=[], treatments=[]))  # fmt: skip
    assert {one["abstention"]["reason"] for one in answer["answers"]} == {reason}
    assert answer["product"] is None


def test_a_product_that_is_no_car_t_is_abstained_from_by_its_name(ask):
    answer = ask({"course": {"product": "blinatumomab"}})
    assert "blinatumomab" in answer["answers"][0]["abstention"]["text"]
    assert "bispecific" in answer["answers"][0]["abstention"]["text"]


def test_a_patient_who_has_reached_the_grade_is_not_at_risk_of_it_but_of_the_other(ask):
    grades = [
        {"toxicity": "CRS", "grade": 3, "day": 1.5},
        {"toxicity": "ICANS", "grade": 0, "day": 1.5},
    ]
    answers = by_name(ask(a_request(grades=grades)))
    assert answers["severe-crs-72h"]["abstention"]["reason"] == "not_at_risk"
    assert answers["severe-icans-72h"]["probability"] is not None


def test_without_a_release_everything_is_abstained_from_and_still_recorded(open_desk):
    desk = open_desk(None)
    answer = json.loads(desk.answer(json.dumps(a_request()).encode()))
    assert {one["abstention"]["reason"] for one in answer["answers"]} == {"no_release"}
    assert desk.ledger.answer(answer["ledger_id"]) is not None
    assert desk.ready()  # to grade and to score


def test_a_synthetic_model_is_silent_outside_of_demonstration(open_desk, release):
    desk = open_desk(release, demo=False)
    answer = json.loads(desk.answer(json.dumps(a_request()).encode()))
    assert {one["abstention"]["reason"] for one in answer["answers"]} == {"silent_model"}
    assert all(one["probability"] is None for one in answer["answers"])


def test_in_demonstration_every_answer_is_marked_synthetic(ask):
    for request in (a_request(), before_infusion(), {"course": {}}):
        answer = ask(request)
        assert answer["synthetic_notice"] == say("said.synthetic")
        assert answer["demonstration"] is True
        assert all(one["model"]["synthetic"] for one in answer["answers"])


def test_a_live_model_of_real_patients_answers_without_demonstration_and_without_the_mark(
    open_desk, tmp_path
):
    place = a_release(tmp_path, synthetic=False, asked=("severe-crs-72h",))
    desk = open_desk(load_release(place), demo=False)
    desk.decide("live", "severe-crs-72h", StandingRequest(who="a person", why="limits are met"))
    answer = json.loads(desk.answer(json.dumps(a_request()).encode()))
    assert answer["synthetic_notice"] is None
    assert answer["answers"][0]["probability"] is not None


# --- what is never left unsaid --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("toxicity", "grade", "raised"),
    [("CRS", 1, False), ("CRS", 2, True), ("ICANS", 0, False), ("ICANS", 1, True)],
)
def test_a_current_grade_puts_every_tier_at_the_highest(ask, toxicity, grade, raised):
    levels = {"CRS": 0, "ICANS": 0, toxicity: grade}
    grades = [{"toxicity": one, "grade": level, "day": 2.0} for one, level in levels.items()]
    rows = [{"input": "crp_mg_l", "value": 0.2, "unit": "mg/L", "day": 2.0}]
    answer = ask(a_request(grades=grades, measurements=rows))
    for name in DAILY:
        tier = by_name(answer)[name]["tier"]
        assert (tier["rank"] == tier["of"]) == raised
        assert (f"every tier is highest while {toxicity} grade" in tier["because"]) == raised
        assert (tier["name"] == "high") == raised
    assert (answer["watch"]["rank"] == answer["watch"]["of"]) == raised


def test_the_highest_watch_needs_no_model(open_desk):
    desk = open_desk(None)
    request = a_request(grades=[{"toxicity": "ICANS", "grade": 1, "day": 2.0}])
    answer = json.loads(desk.answer(json.dumps(request).encode()))
    assert answer["watch"]["rank"] == answer["watch"]["of"]
    assert answer["watch"]["name"] == "high"
    assert "ICANS" in answer["watch"]["because"]


def test_a_grade_that_has_passed_no_longer_raises_the_tier(ask):
    grades = [
        {"toxicity": "CRS", "grade": 2, "day": 1.0},
        {"toxicity": "CRS", "grade": 0, "day": 2.0},
    ]
    tier = by_name(ask(a_request(grades=grades)))[DAILY[0]]["tier"]
    assert "grade" not in tier["because"]


def test_missing_old_and_unusual_inputs_are_named(ask):
    rows = [
        {"input": "crp_mg_l", "value": 900, "unit": "mg/L", "day": -3},
        {"input": "temperature_c", "value": 25.5, "unit": "Cel", "day": 2.0},
    ]
    answer = ask(a_request(measurements=rows))
    one = by_name(answer)[DAILY[0]]
    assert "ferritin_ng_ml" in one["inputs_missing"]
    assert "crp_mg_l" not in one["inputs_missing"]
    told = {notice["code"]: notice["inputs"] for notice in one["notices"]}
    assert told["old_inputs"] == ["crp_mg_l"]
    assert "temperature_c" in told["above_training_range"]
    whole = {notice["code"]: notice["inputs"] for notice in answer["notices"]}
    assert sorted(whole["unusual"]) == ["crp_mg_l", "temperature_c"]


def test_a_product_that_training_never_saw_is_said(ask):
    course = {**EXAMPLE_REQUEST["course"], "product": "tisa-cel"}
    one = by_name(ask(a_request(course=course)))[DAILY[0]]
    assert "unseen_product" in codes(one)
    assert one["model"]["product_in_training"] is False
    assert "all products" in one["compared"]["meaning"]
    assert "unseen_product" not in codes(by_name(ask(a_request()))[DAILY[0]])


def test_a_product_is_recognised_under_the_name_that_training_used(release):
    model = release.models[DAILY[0]]
    manifest = {**model.manifest, "products": {"Yescarta": 400}}
    risks = {"all": {2.0: 0.5}, "Yescarta": {2.0: 0.125}}
    named = Estimator(replace(model, manifest=manifest, reference_risks=risks))
    course = course_so_far(read_request(json.dumps(EXAMPLE_REQUEST).encode()))
    answered = named.answer(Bedside(course))
    assert answered.model.product_in_training is True
    assert answered.compared.average == 0.125
    assert named.unseen("tisagenlecleucel")


def test_what_the_audit_found_is_on_every_answer(ask):
    for name in DAILY:
        one = by_name(ask(a_request()))[name]
        assert {"limitation", "audit_override", "unsigned_tiers"} <= set(codes(one))


def test_the_limits_of_a_model_stand_on_its_answers_without_an_estimate_too(ask):
    one = by_name(ask(before_infusion(landmark=-1.0)))[DAILY[0]]
    assert one["abstention"]["reason"] == "outside_landmarks"
    assert {"limitation", "audit_override"} == set(codes(one))


def test_an_override_that_stands_among_the_limitations_is_told_once(release):
    model = release.models[DAILY[0]]
    said = "The audit refused the training records, constant_column: One value. It was overridden."
    manifest = {**model.manifest, "limitations": [said]}
    told = list(model_notices(Estimator(replace(model, manifest=manifest))))
    assert [(one.code, one.text) for one in told] == [("limitation", said)]


def test_grades_of_another_system_do_not_enter_the_estimate_and_that_is_said(ask):
    def by_lee(grade):
        rows = [{"toxicity": "CRS", "grade": grade, "day": 2.0, "system": "Lee"}]
        return by_name(ask(a_request(grades=rows)))[DAILY[0]]

    assert "other_grading_system" in codes(by_lee(1))
    assert by_lee(1)["probability"] == by_lee(0)["probability"]


def test_another_resolution_than_in_training_is_said(ask):
    one = by_name(ask(a_request(resolution="day", landmark=3.0)))[DAILY[0]]
    assert "other_resolution" in codes(one)


def test_what_is_not_covered_is_said(ask):
    assert any("infection" in one for one in ask(a_request())["not_covered"])
    assert any("IEC-HS" in one for one in ask(a_request())["not_covered"])
    assert not any("." in one for one in ask(a_request())["not_covered"])
    assert "never a reason to discharge" in ask(a_request())["caution"]


# --- one truth ------------------------------------------------------------------------------------


def the_same_cohort():
    return a_cohort(
        an_infusion(
            "A", age_years=61.0, sex="female", weight_kg=68.0, ecog=1.0, prior_lines=3.0,
            lymphodepletion="fludarabine_cyclophosphamide",
        ),
        a_measurement("A", -1.0, "crp_mg_l", 21.0),
        a_measurement("A", -1.0, "ferritin_ng_ml", 640.0),
        a_measurement("A", -1.0, "ldh_u_l", 310.0),
        a_measurement("A", -1.0, "platelets_10e9_l", 92.0),
        a_measurement("A", 2 - 2 / 24, "temperature_c", 38.7),
        a_measurement("A", 2.0, "crp_mg_l", 84.0),
        a_measurement("A", 2.0, "ferritin_ng_ml", 1480.0),
        a_measurement("A", 2.0, "oxygen_device", "room_air"),
        a_measurement("A", 2.0, "ice_score", 10.0),
        a_treatment("A", 1.9, "antipyretic"),
        a_grading("A", 1.0, 0, system="ASTCT"),
        a_grading("A", 2.0, 1, system="ASTCT"),
        a_grading("A", 2.0, 0, "ICANS", system="ASTCT"),
    )  # fmt: skip


@pytest.mark.parametrize("name", DAILY)
def test_the_service_gives_what_the_bulk_path_gives(ask, release, name):
    import pandas as pd

    model = release.models[name]
    landmarks = pd.DataFrame({"course_id": ["A"], "instant": [2.0]})
    bulk = model.predict(feature_matrix(the_same_cohort(), landmarks, model.predictors))[0]
    served = by_name(ask(a_request()))[name]["probability"]
    assert served == pytest.approx(bulk, abs=1e-12)


def test_both_paths_read_the_same_predictors(release):
    import pandas as pd

    model = release.models[DAILY[0]]
    landmarks = pd.DataFrame({"course_id": ["A"], "instant": [2.0]})
    bulk = feature_matrix(the_same_cohort(), landmarks, model.predictors).to_numpy()
    course = course_so_far(read_request(json.dumps(EXAMPLE_REQUEST).encode()))
    np.testing.assert_array_equal(Bedside(course).row(model.predictors, "ASTCT"), bulk)


def test_what_becomes_known_later_changes_nothing(ask):
    later = a_request()
    later["measurements"] += [
        {"input": "crp_mg_l", "value": 400, "unit": "mg/L", "day": 2.5},
        {"input": "ferritin_ng_ml", "value": 9000, "unit": "ng/mL", "day": 1.9, "known_day": 2.1},
    ]
    later["grades"] += [{"toxicity": "CRS", "grade": 4, "day": 2.2}]
    later["treatments"] += [{"agent": "tocilizumab", "start_day": 2.1}]
    one, two = by_name(ask(a_request())), by_name(ask(later))
    for name in DAILY:
        assert one[name]["probability"] == two[name]["probability"]
        assert one[name]["tier"] == two[name]["tier"]


# --- the record -----------------------------------------------------------------------------------


def test_every_answer_is_in_the_ledger_as_it_was_given(desk):
    body = json.dumps(a_request()).encode()
    given = [desk.answer(body) for _ in range(3)]
    for one in given:
        assert desk.ledger.answer(json.loads(one)["ledger_id"]) == one
    assert len({json.loads(one)["ledger_id"] for one in given}) == 3
    assert desk.ledger.verify().entries == 3
    assert desk.ledger.verify().holds


def test_the_ledger_holds_what_the_models_read(desk, release):
    given = desk.answer(json.dumps(a_request()).encode())
    recorded = desk.ledger.read(json.loads(given)["ledger_id"])
    assert json.loads(recorded.request) == a_request()
    read = json.loads(recorded.predictors)
    assert sorted(read) == sorted(DAILY)
    vector = np.array([[np.nan if x is None else x for x in read[DAILY[0]]]])
    recomputed = release.models[DAILY[0]].predict(vector)[0]
    assert by_name(json.loads(recorded.answer))[DAILY[0]]["probability"] == recomputed


def test_no_answer_without_its_record(desk):
    desk.ledger.close()
    with pytest.raises(LedgerError):
        desk.answer(json.dumps(a_request()).encode())


def test_an_answer_is_what_the_contract_says(desk):
    given = desk.answer(json.dumps(a_request()).encode())
    read = RiskAnswer.model_validate_json(given, strict=True)
    assert json.loads(read.model_dump_json()) == json.loads(given)
