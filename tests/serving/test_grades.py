"""Grades from raw findings stand on every answer, also without any model."""

import json

import pytest

from serving.ledger import Kind
from serving.messages import EXAMPLE_GRADE_REQUEST, EXAMPLE_REQUEST
from serving.replies import GradeAnswer
from tests.serving.asking import DAILY, a_request, before_infusion, by_name, codes


def a_finding(name, found, day=2.0):
    row = {"input": name, "day": day}
    units = {"temperature_c": "Cel", "sbp_mmhg": "mm[Hg]", "platelets_10e9_l": "10*9/L"}
    if isinstance(found, str):
        return {**row, "text": found}
    return {**row, "value": found, "unit": units.get(name, "{score}")}


def by_toxicity(answer):
    return {one["toxicity"] + one["about"][:9]: one for one in answer["grades"]}


ILL = [
    a_finding("temperature_c", 39.0),
    a_finding("sbp_mmhg", 82.0),
    a_finding("oxygen_device", "room_air"),
    a_finding("ice_score", 5.0),
]


@pytest.fixture
def grade(open_desk):
    desk = open_desk(None)

    def grading(request, language="en"):
        return json.loads(desk.grade(json.dumps(request).encode(), language))

    grading.desk = desk
    return grading


def test_without_a_model_an_answer_grades_and_scores_and_abstains_from_risk(open_desk):
    desk = open_desk(None)
    request = a_request(measurements=ILL, grades=[])
    answer = json.loads(desk.answer(json.dumps(request).encode()))
    assert {one["abstention"]["reason"] for one in answer["answers"]} == {"no_release"}
    graded = by_toxicity(answer)
    assert (graded["CRS"]["grade"], graded["ICANS"]["grade"]) == (2, 2)
    assert graded["CRS"]["rule"] == "hypotension without vasopressor"
    assert graded["CRS"]["tag"] == "A"
    assert "assumption" in graded["CRS"]["notes"][0]
    assert graded["ICANS"]["missing_words"][0] == "Level of consciousness"
    assert {one["name"] for one in answer["scores"]} >= {"easix", "car_hematotox", "hscore"}
    assert answer["watch"]["name"] == "high"
    assert answer["monitoring"]["level"] == "highest"


def test_grades_and_scores_stand_beside_an_estimate_too(ask):
    answer = ask(a_request())
    assert by_name(answer)[DAILY[0]]["probability"] is not None
    assert by_toxicity(answer)["CRS"]["grade"] == 1
    assert by_toxicity(answer)["CRS"]["by_hand"]["kind"] == "agrees"
    assert answer["scores"]


def test_what_is_not_charted_is_not_gradable_and_never_grade_0(grade):
    one = by_toxicity(grade({"course": {}, "landmark": 2.0}))["CRS"]
    assert one["grade"] is None
    assert one["lowest"] == 0
    assert one["highest"] == 4
    assert one["rule"].startswith("not gradable without: Temperature")


def test_treatments_left_out_are_not_known_and_an_empty_list_says_none(grade):
    told = {}
    for name, more in (("left out", {}), ("empty", {"treatments": []})):
        request = {"course": {}, "measurements": ILL, "landmark": 2.0, **more}
        told[name] = by_toxicity(grade(request))["CRS"]
    assert told["left out"]["highest"] == 4
    assert any("circulation" in one for one in told["left out"]["missing_words"])
    assert told["empty"]["highest"] == 2


def test_oxygen_and_intent_of_a_treatment_reach_the_grade(grade):
    rows = [{"agent": "oxygen", "start_day": 1.9, "dose": 10, "dose_unit": "L/min"}]
    request = {"course": {}, "measurements": ILL[:1], "treatments": rows, "landmark": 2.0}
    assert by_toxicity(grade(request))["CRS"]["grade"] == 3
    home = [{"agent": "positive_pressure_ventilation", "start_day": 1.9, "intent": "chronic"}]
    assert by_toxicity(grade({**request, "treatments": home}))["CRS"]["grade"] == 1


@pytest.mark.parametrize(
    ("by_hand", "kind"), [(2, "agrees"), (1, "findings_higher"), (4, "findings_lower")]
)
def test_a_grade_by_hand_that_differs_is_flagged_and_not_changed(grade, by_hand, kind):
    rows = [{"toxicity": "CRS", "grade": by_hand, "day": 2.0}]
    request = {"course": {}, "measurements": ILL, "treatments": [], "grades": rows, "landmark": 2.5}
    answer = grade(request)
    one = by_toxicity(answer)["CRS"]
    assert one["by_hand"]["grade"] == by_hand
    assert one["by_hand"]["kind"] == kind
    assert one["grade"] == 2
    assert ("grade_by_hand_differs" in codes(answer)) == (kind != "agrees")


def test_a_grade_by_hand_is_held_against_what_was_known_when_it_was_given(grade):
    rows = [{"toxicity": "CRS", "grade": 1, "day": 1.0}]
    early = [a_finding("temperature_c", 38.5, 0.9), a_finding("sbp_mmhg", 120.0, 0.9)]
    early.append(a_finding("oxygen_device", "room_air", 0.9))
    request = {
        "course": {}, "measurements": [*early, *ILL], "treatments": [], "grades": rows,
        "landmark": 2.0,
    }  # fmt: skip
    one = by_toxicity(grade(request))["CRS"]
    assert one["grade"] == 2
    assert one["by_hand"]["kind"] == "agrees"


def test_death_without_a_cause_leaves_room_for_grade_5_by_hand(grade):
    rows = [{"toxicity": "CRS", "grade": 5, "day": 2.0}]
    request = {"course": {}, "measurements": ILL, "treatments": [], "grades": rows, "landmark": 2.0}
    assert by_toxicity(grade(request))["CRS"]["by_hand"]["kind"] == "unsupported"


def test_the_model_reads_the_grade_by_hand_not_the_one_by_rule(ask):
    hand = [
        {"toxicity": "CRS", "grade": 0, "day": 2.0},
        {"toxicity": "ICANS", "grade": 0, "day": 2.0},
    ]
    answer = ask(a_request(measurements=ILL, grades=hand))
    one = by_name(answer)[DAILY[0]]
    grades = [d for d in one["explanation"]["drivers"] if d["predictor"] == "crs_grade"]
    assert all(d["value"] == 0 for d in grades)
    assert by_toxicity(answer)["CRS"]["grade"] == 2
    assert "from the findings" in one["tier"]["because"]
    assert one["tier"]["rank"] == one["tier"]["of"]


def test_what_rests_on_a_source_that_nobody_read_is_named_and_not_shown(grade):
    counts = [
        {"input": "anc_10e9_l", "value": 0.05, "unit": "10*9/L", "day": day} for day in range(20)
    ]
    ferritin = [{"input": "ferritin_ng_ml", "value": 90_000, "unit": "ng/mL", "day": 18.0}]
    platelets = [a_finding("platelets_10e9_l", 15.0, float(day)) for day in range(20)]
    request = {"course": {}, "measurements": counts + ferritin + platelets, "landmark": 19.0}
    answer = grade(request)
    assert [one["about"] for one in answer["grades"] if one["toxicity"] == "ICAHT"] == [
        "platelets, days 0 to 30"
    ]
    assert by_toxicity(answer)["ICAHTplatelets"]["grade"] == 4
    assert all(one["tag"] in ("L", "L2", "A") for one in answer["grades"])
    assert "neutrophils" not in json.dumps(answer["grades"]).lower()
    assert [one.split(":")[0] for one in answer["not_shown"]] == [
        "ICAHT of the neutrophils", "IEC-HS"
    ]  # fmt: skip


def test_nothing_is_graded_before_the_infusion(ask):
    answer = ask(before_infusion(landmark=-1.0))
    assert answer["grades"] == []
    assert answer["not_shown"] == ["Nothing is graded before the infusion."]


def test_what_becomes_known_later_changes_no_grade(grade):
    late = [
        a_finding("sbp_mmhg", 60.0, 2.5),
        {**a_finding("ice_score", 0.0, 1.9), "known_day": 3.0},
    ]
    request = {"course": {}, "measurements": ILL, "treatments": [], "landmark": 2.0}
    later = {**request, "measurements": [*ILL, *late]}
    assert grade(request)["grades"] == grade(later)["grades"]


def test_days_are_read_at_their_end(grade):
    request = {
        "course": {}, "resolution": "day", "measurements": [{**one, "day": 1} for one in ILL],
        "treatments": [], "grades": [{"toxicity": "CRS", "grade": 2, "day": 1}], "landmark": 2.0,
    }  # fmt: skip
    one = by_toxicity(grade(request))["CRS"]
    assert (one["grade"], one["by_hand"]["kind"]) == (2, "agrees")


def test_grades_are_told_in_chinese(grade):
    answer = grade(EXAMPLE_GRADE_REQUEST, "zh")
    one = by_toxicity(answer)["CRS"]
    assert one["rule"] == "低血压，未用血管活性药；低流量吸氧"
    assert "人工分级" in one["by_hand"]["text"]
    assert answer["language"] == "zh"
    assert "绝不是出院的理由" in answer["caution"]


# --- POST /v1/grade -------------------------------------------------------------------------------


def test_a_grading_is_recorded_like_an_answer(grade):
    answer = grade(EXAMPLE_GRADE_REQUEST)
    recorded = grade.desk.ledger.read(answer["ledger_id"])
    assert json.loads(recorded.answer) == answer
    assert json.loads(recorded.request) == EXAMPLE_GRADE_REQUEST
    assert recorded.kind is Kind.GRADE
    assert recorded.predictors == b""


def test_a_grading_is_what_the_contract_says(grade):
    answer = grade(EXAMPLE_GRADE_REQUEST)
    read = GradeAnswer.model_validate_json(json.dumps(answer), strict=True)
    assert json.loads(read.model_dump_json()) == answer


def test_the_route_grades_and_refuses_questions_and_bad_units(client):
    headers = {"content-type": "application/json", "accept-language": "zh"}

    def post(content):
        return client.request(
            "POST", "/v1/grade", content=json.dumps(content).encode(), headers=headers
        )

    good = post(EXAMPLE_GRADE_REQUEST)
    assert good.status_code == 200
    assert good.json()["language"] == "zh"
    asked = post({**EXAMPLE_GRADE_REQUEST, "questions": ["severe-crs-72h"]})
    assert asked.status_code == 422
    assert "questions" not in asked.json()["problems"][0]["legal"].split(", ")
    rows = [{"input": "temperature_c", "value": 38.5, "unit": "mg/L", "day": 1}]
    wrong = post({"course": {}, "measurements": rows})
    assert wrong.status_code == 422
    assert wrong.json()["problems"][0]["path"] == "measurements[0].unit"


def test_the_contract_shows_the_route_with_an_example(client):
    contract = client.get("/v1/openapi.json").json()
    body = contract["paths"]["/v1/grade"]["post"]["requestBody"]["content"]["application/json"]
    assert body["schema"]["$ref"].endswith("/GradeRequest")
    assert contract["components"]["schemas"]["GradeRequest"]["examples"] == [EXAMPLE_GRADE_REQUEST]
    assert contract["components"]["schemas"]["RiskRequest"]["examples"] == [EXAMPLE_REQUEST]
    told = contract["components"]["schemas"]["RiskAnswer"]["properties"]
    assert {"grades", "scores", "monitoring", "not_shown", "language"} <= set(told)
