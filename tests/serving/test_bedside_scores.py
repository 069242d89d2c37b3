"""Bedside scores: units checked, read when they were made to be read, refused with the reason."""

import json

import pytest

from features.score_reading import read_score
from features.scores import SCORES

LABS = {
    "ldh_u_l": (410.0, "U/L"), "creatinine_mg_dl": (97.2, "umol/L"),
    "platelets_10e9_l": (44.0, "10*9/L"), "crp_mg_l": (8.4, "mg/dL"),
    "anc_10e9_l": (2.0, "10*9/L"), "haemoglobin_g_dl": (9.5, "g/dL"),
    "ferritin_ng_ml": (700.0, "ng/mL"),
}  # fmt: skip
WHOLE_HSCORE = {
    "temperature_c": (39.0, "Cel"), "wbc_10e9_l": (1.0, "10*9/L"),
    "triglycerides_mg_dl": (200.0, "mg/dL"), "fibrinogen_mg_dl": (140.0, "mg/dL"),
    "ast_u_l": (60.0, "U/L"),
}  # fmt: skip


def labs(day, of=LABS):
    return [
        {"input": name, "value": value, "unit": unit, "day": day}
        for name, (value, unit) in of.items()
    ]


@pytest.fixture
def scores(open_desk):
    desk = open_desk(None)

    def asking(rows, landmark, language="en", **course):
        request = {"course": course, "measurements": rows, "landmark": landmark}
        request |= {"findings": course.pop("findings")} if "findings" in course else {}
        answer = json.loads(desk.grade(json.dumps(request).encode(), language))
        return {(one["name"], one["when"]): one for one in answer["scores"]}

    return asking


def test_units_are_turned_before_a_score_is_computed(scores):
    told = scores(labs(3.0), 3.25)
    easix = SCORES["easix"].of(
        {"ldh_u_l": 410, "creatinine_mg_dl": 97.2 / 88.4, "platelets_10e9_l": 44}
    )
    assert told["easix", "now"]["points"] == pytest.approx(float(easix), rel=1e-3)
    m_easix = 410 * 8.4 / 44  # CRP of 8.4 mg/dL, as the formula wants it
    assert told["m_easix", "now"]["points"] == pytest.approx(m_easix)


def test_a_score_is_what_its_own_reader_says(scores):
    told = scores(labs(3.0), 3.25, diagnosis="MM", age_years=12)
    values = {"ldh_u_l": 410.0, "platelets_10e9_l": 44.0}
    own = read_score("s_easix", 3.0, values, diagnosis="MM", age_years=12)
    one = told["s_easix", "now"]
    assert one["points"] == pytest.approx(own.points)
    assert set(own.cautions) <= set(one["cautions"])


def test_outside_of_its_days_a_score_is_refused_with_the_reason(scores):
    told = scores(labs(5.0), 5.25)
    assert told["easix", "now"]["points"] is not None
    for name in ("s_easix", "m_easix", "car_hematotox"):
        assert told[name, "now"]["points"] is None
        assert "this is another day" in told[name, "now"]["refused"]


def test_a_reading_of_yesterday_is_not_one_of_now(scores):
    told = scores(labs(3.0), 4.5)
    assert told["easix", "now"]["points"] is None
    assert "ldh_u_l" in told["easix", "now"]["missing"]
    assert told["easix", "now"]["missing_words"][0] == "LDH"


def test_what_was_read_before_lymphodepletion_stands_on_later_answers(scores):
    told = scores(labs(-6.0) + labs(2.0), 2.25, lymphodepletion_day=-5.0, diagnosis="LBCL")
    before = told["easix", "before lymphodepletion"]
    assert before["day"] == -6.0
    assert before["cut_off"] == 4.67
    assert before["high"] is True
    assert told["easix", "now"]["cut_off"] is None
    assert told["car_hematotox", "before lymphodepletion"]["points"] is not None
    assert "before lymphodepletion" not in {when for _, when in scores(labs(2.0), 2.25)}


def test_a_formula_whose_source_nobody_read_shows_no_cut_off(scores):
    told = scores(labs(-6.0), 2.0, lymphodepletion_day=-5.0)
    one = told["car_hematotox", "before lymphodepletion"]
    assert one["verified"] is False
    assert one["points"] == 4
    assert one["cut_off"] is one["high"] is one["means"] is None
    assert any("not verified" in caution for caution in one["cautions"])
    assert scores(labs(3.0), 3.0)["m_easix", "now"]["verified"] is False


def test_hscore_needs_the_findings_that_no_table_holds(scores):
    rows = labs(4.0) + labs(4.0, WHOLE_HSCORE)
    assert scores(rows, 4.0)["hscore", "now"]["missing"] == [
        "immunosuppressed", "enlarged_organs", "haemophagocytosis"
    ]  # fmt: skip
    found = {"immunosuppressed": True, "enlarged_organs": 1, "haemophagocytosis": False}
    one = scores(rows, 4.0, findings=found)["hscore", "now"]
    assert one["points"] == 18 + 33 + 23 + 24 + 0 + 44 + 30 + 19
    assert one["cut_off"] is None


def test_days_without_hours_are_read_as_their_day(open_desk):
    rows = [{**one, "day": 3} for one in labs(3.0)]
    request = {"course": {}, "measurements": rows, "landmark": 4.0, "resolution": "day"}
    answer = json.loads(open_desk(None).grade(json.dumps(request).encode()))
    told = {one["name"]: one for one in answer["scores"]}
    assert told["s_easix"]["points"] is not None
    assert told["s_easix"]["day"] == 3.0


def test_a_score_is_told_in_chinese(scores):
    one = scores(labs(5.0), 5.25, "zh")["s_easix", "当前"]
    assert one["label"] == "简化EASIX评分"
    assert "现在不是该时段" in one["refused"]


def test_scores_stand_on_an_answer_that_abstains(ask):
    answer = ask(
        {"course": {"product": "blinatumomab"}, "measurements": labs(1.0), "landmark": 1.5}
    )
    assert all(one["abstention"] for one in answer["answers"])
    told = {one["name"]: one["points"] for one in answer["scores"]}
    assert set(told) == set(SCORES)
    assert told["easix"] is not None
