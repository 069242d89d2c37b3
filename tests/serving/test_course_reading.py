import copy
import json
from math import isnan

import pytest

from features.inputs import INPUTS
from features.sources.records.site_mapping import read_site_mapping
from serving.course_reading import course_so_far, read_request
from serving.errors import RequestProblem
from serving.messages import EXAMPLE_REQUEST

MARKER = "Zweistein-4711"


def a_request(**changes):
    return {**copy.deepcopy(EXAMPLE_REQUEST), **changes}


def read(content):
    return course_so_far(read_request(json.dumps(content).encode()))


def problems_of(content):
    with pytest.raises(RequestProblem) as caught:
        read(content)
    return {one.path: one for one in caught.value.problems}


def a_measurement(**changes):
    return {"input": "crp_mg_l", "value": 12.0, "unit": "mg/L", "day": 1.0, **changes}


def test_the_example_is_a_legal_request():
    course = read(EXAMPLE_REQUEST)
    assert course.landmark == 2.0
    assert course.product is not None
    assert course.product.name == "axicabtagene ciloleucel"
    assert course.current_grade("CRS") == 1
    assert course.current_grade("ICANS") == 0


def test_values_are_turned_into_canonical_units():
    course = read(a_request(measurements=[a_measurement(value=2.5, unit="mg/dL")]))
    assert course.readings[0].value == 25.0


@pytest.mark.parametrize("name", [name for name, one in INPUTS.items() if not one.is_text])
def test_every_numeric_input_is_read_in_every_accepted_unit(name):
    one = INPUTS[name]
    middle = sum(one.plausible) / 2
    for unit, turn in one.accepted.items():
        value = (middle - turn.offset) / turn.factor
        row = a_measurement(input=name, value=value, unit=unit)
        assert read(a_request(measurements=[row])).readings[0].value == pytest.approx(middle)


@pytest.mark.parametrize("name", [name for name, one in INPUTS.items() if one.is_text])
def test_every_level_is_read_and_any_other_refused(name):
    for level in INPUTS[name].levels:
        row = {"input": name, "text": level, "day": 1.0}
        reading = read(a_request(measurements=[row])).readings[0]
        assert reading.text == level
        assert isnan(reading.value)
    found = problems_of(a_request(measurements=[{"input": name, "text": MARKER, "day": 1.0}]))
    assert list(found) == ["measurements[0].text"]
    assert all(level in found["measurements[0].text"].legal for level in INPUTS[name].levels)


def test_a_time_becomes_days_from_the_infusion():
    course = read(EXAMPLE_REQUEST)
    temperature = course.last("temperature_c")
    assert temperature is not None
    assert temperature.day == pytest.approx(2 - 2 / 24)


def test_times_in_other_zones_are_the_same_instant():
    rows = [
        a_measurement(day=None, at="2026-03-04T08:00:00+08:00"),
        a_measurement(
            input="ferritin_ng_ml", unit="ng/mL", day=None, at="2026-03-04T01:00:00+01:00"
        ),
    ]
    course = read(a_request(measurements=rows))
    assert course.readings[0].day == course.readings[1].day


def test_without_a_landmark_the_latest_known_row_is_it():
    content = a_request()
    del content["landmark"]
    content["measurements"].append(a_measurement(day=2.5, known_day=2.75))
    assert read(content).landmark == 2.75


def test_without_any_row_the_landmark_is_the_infusion():
    assert read({"course": {"product": "axi-cel"}}).landmark == 0.0


def test_what_is_known_after_the_landmark_is_left_out_and_counted():
    content = a_request(landmark=1.0)
    course = read(content)
    assert all(one.known_day <= 1.0 for one in course.readings)
    assert course.current_grade("CRS") == 0
    assert course.later_rows == 8


def test_a_result_of_yesterday_known_tomorrow_is_not_known_today():
    content = a_request(measurements=[a_measurement(day=1.0, known_day=3.0)], landmark=2.0)
    assert read(content).readings == ()


def test_days_without_hours_are_known_at_their_end():
    content = a_request(resolution="day", measurements=[a_measurement(day=1)], grades=[])
    assert read(content).readings[0].known_day == 2.0


def test_of_two_results_of_one_moment_the_later_in_the_list_counts_and_it_is_said():
    rows = [a_measurement(value=10.0), a_measurement(value=11.0)]
    course = read(a_request(measurements=rows))
    assert [one.value for one in course.readings] == [11.0]
    assert course.repeated == ("crp_mg_l",)


def test_the_same_result_twice_is_no_contradiction():
    course = read(a_request(measurements=[a_measurement(), a_measurement()]))
    assert len(course.readings) == 1
    assert course.repeated == ()


def test_the_worst_grade_of_a_moment_is_the_current_one():
    grades = [
        {"toxicity": "CRS", "grade": 3, "day": 1.0},
        {"toxicity": "CRS", "grade": 2, "day": 1.5},
        {"toxicity": "CRS", "grade": 1, "day": 1.5},
    ]
    assert read(a_request(grades=grades)).current_grade("CRS") == 2


@pytest.mark.parametrize(
    ("changes", "path", "legal"),
    [
        ({"measurements": [a_measurement(unit=None)]}, "measurements[0].unit", "mg/L"),
        ({"measurements": [a_measurement(unit=MARKER)]}, "measurements[0].unit", "mg/L"),
        ({"measurements": [a_measurement(value=None)]}, "measurements[0].value", "mg/L"),
        ({"measurements": [a_measurement(value=4711.4711)]}, "measurements[0].value", "1000"),
        ({"measurements": [a_measurement(day=None)]}, "measurements[0].day", "at"),
        (
            {"measurements": [a_measurement(at="2026-03-04T08:00:00+08:00")]},
            "measurements[0].day",
            "either",
        ),
        ({"measurements": [a_measurement(known_day=0.5)]}, "measurements[0].known_day", "later"),
        ({"measurements": [a_measurement(day=-401)]}, "measurements[0].day", "-400"),
        ({"measurements": [a_measurement(day=1e5)]}, "measurements[0].day", "10000"),
        ({"measurements": [a_measurement(input=MARKER)]}, "measurements[0].input", "crp_mg_l"),
        ({"measurements": [a_measurement(value=MARKER)]}, "measurements[0].value", "number"),
        (
            {"measurements": [a_measurement(day=None, at="2026-03-04T08:00:00")]},
            "measurements[0].at",
            "offset",
        ),
        (
            {"measurements": [a_measurement(day=None, at="1926-03-04T08:00:00+08:00")]},
            "measurements[0].at",
            "-400",
        ),
        ({"grades": [{"toxicity": "CRS", "grade": 1, "day": -1}]}, "grades[0].day", "0 or more"),
        (
            {"grades": [{"toxicity": "CRS", "grade": 1, "at": "2026-03-01T08:00:00+08:00"}]},
            "grades[0].day",
            "0 or later",
        ),
        ({"grades": [{"toxicity": "CRS", "grade": 6, "day": 1}]}, "grades[0].grade", "5"),
        ({"grades": [{"toxicity": "CRS", "grade": 1.5, "day": 1}]}, "grades[0].grade", "whole"),
        (
            {"treatments": [{"agent": "tocilizumab", "start_day": 2, "stop_day": 1}]},
            "treatments[0].stop_day",
            "start",
        ),
        ({"treatments": [{"agent": MARKER, "start_day": 2}]}, "treatments[0].agent", "tocilizumab"),
        ({"course": {"product": "axi-cel", "age_years": 300}}, "course.age_years", "110"),
        ({"course": {"product": "axi-cel", "sex": MARKER}}, "course.sex", "female"),
        ({"course": {"product": "axi-cel", "death_day": 3}}, "course.death_day", "age_years"),
        ({"unknown": MARKER}, "unknown", "measurements"),
        ({"landmark_at": "2026-03-04T08:00:00+08:00"}, "landmark", "either"),
        ({"resolution": MARKER}, "resolution", "instant"),
    ],
)
def test_what_is_wrong_is_told_by_path_and_what_is_legal_and_never_repeated(changes, path, legal):
    found = problems_of(a_request(**changes))
    assert path in found
    assert legal in found[path].legal
    assert found[path].what_to_do
    told = " ".join(one.model_dump_json() for one in found.values())
    assert MARKER not in told
    assert "4711" not in told


def test_a_value_impossible_in_its_unit_is_refused_with_the_unit_that_fits():
    row = a_measurement(input="creatinine_mg_dl", value=88.0, unit="mg/dL")
    found = problems_of(a_request(measurements=[row]))["measurements[0].value"]
    assert "umol/L" in found.what_to_do
    assert "88" not in found.model_dump_json()


def test_a_value_that_fits_another_unit_better_is_refused_at_the_age_of_the_patient():
    row = a_measurement(input="creatinine_mg_dl", value=18.0, unit="mg/dL")
    course = {"product": "tisa-cel", "age_years": 3}
    found = problems_of(a_request(course=course, measurements=[row]))["measurements[0].value"]
    assert "umol/L" in found.what_to_do
    assert "18" not in found.model_dump_json()
    grown_up = {"product": "axi-cel", "age_years": 60}
    assert read(a_request(course=grown_up, measurements=[row])).readings[0].value == 18.0


def test_a_unit_of_activity_is_refused_with_the_reason():
    row = a_measurement(input="il6_pg_ml", value=5.0, unit="IU/mL")
    found = problems_of(a_request(measurements=[row]))["measurements[0].unit"]
    assert "activity" in found.what_to_do


def test_times_without_an_infusion_are_told_once():
    rows = [a_measurement(day=None, at="2026-03-04T08:00:00+08:00") for _ in range(3)]
    found = problems_of({"course": {"product": "axi-cel"}, "measurements": rows})
    assert list(found) == ["course.infused_at"]


@pytest.mark.parametrize(
    ("name", "code"),
    [(None, "no_product"), ("Zweistein-4711", "unknown_product"), ("blinatumomab", "not_a_car_t")],
)
def test_there_is_a_reason_where_there_is_no_product(name, code):
    course = read({"course": {} if name is None else {"product": name}})
    assert course.product is None
    assert course.no_product_code == code
    assert MARKER not in course.no_product


def test_a_product_is_known_by_its_brand():
    course = read({"course": {"product": "yescarta"}})
    assert course.product is not None
    assert course.product.short == "axi-cel"


def test_units_and_answers_may_be_written_as_the_site_writes_them(tmp_path):
    file = tmp_path / "site.toml"
    file.write_text(
        '[[unit]]\nspelled = "mgProDeziliter"\nucum = "mg/dL"\n'
        '[[answer]]\ninput = "oxygen_device"\nanswer = "Nasenbrille"\nlevel = "nasal_cannula"\n'
    )
    rows = [
        a_measurement(value=2.5, unit="mgProDeziliter"),
        {"input": "oxygen_device", "text": "Nasenbrille", "day": 1.0},
    ]
    body = json.dumps(a_request(measurements=rows)).encode()
    course = course_so_far(read_request(body), read_site_mapping(file))
    crp, device = course.readings
    assert crp.value == 25.0
    assert device.text == "nasal_cannula"
    with pytest.raises(RequestProblem):
        course_so_far(read_request(body))


@pytest.mark.parametrize("name", ["阿基仑赛注射液", "奕凯达", "ＹＥＳＣＡＲＴＡ®"])
def test_a_product_is_read_by_the_names_that_imports_read(name):
    course = {**a_request()["course"], "product": name}
    assert read(a_request(course=course)).product.name == "axicabtagene ciloleucel"
