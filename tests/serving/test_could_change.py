"""What a missing or old input could change, held against asking again with that input given."""

import json

import numpy as np
import pytest

from features.columns import COLUMNS
from features.inputs import INPUTS
from serving.bedside import Bedside
from serving.could_change import N_VALUES, WhatCouldChange
from serving.course_reading import course_so_far, read_request
from tests.serving.asking import DAILY, a_request, by_name

RATIO = "crp_mg_l"
LEFT_ALONE = ("slope", "fever", "mark", "treatment")


def without(name, **old):
    rows = [row for row in a_request()["measurements"] if row["input"] != name]
    return a_request(measurements=rows + ([{"input": name, **old}] if old else []))


def bedside_of(request):
    return Bedside(course_so_far(read_request(json.dumps(request).encode())))


def asked_again(model, bedside, old=()):
    """Return the rows that are asked about, by input."""
    what = WhatCouldChange(model)
    row = bedside.row(model.predictors, "ASTCT")
    asked = what._asked(row, list(old), bedside.latest)
    rows = what._rows(row[0], asked, bedside)
    return {what._names[at]: (rows[place], what._clinical[at]) for place, at in enumerate(asked)}


@pytest.mark.parametrize("name", ["crp_mg_l", "ice_score", "platelets_10e9_l", "ferritin_ng_ml"])
@pytest.mark.parametrize("old", [None, {"value": 8.0, "day": -1.0}, {"value": 9.0, "day": 0.5}])
def test_the_row_asked_about_is_the_one_of_the_input_measured_now(release, name, old):
    model = release.models[DAILY[0]]
    request = without(name, **(old | {"unit": INPUTS[name].unit} if old else {}))
    rows, values = asked_again(model, bedside_of(request), [name])[name]
    low, high = INPUTS[name].plausible
    possible = [at for at, value in enumerate(values) if low <= value <= high]
    for at in possible:
        now = {"input": name, "value": values[at], "unit": INPUTS[name].unit, "day": 2.0}
        measured = {**request, "measurements": [*request["measurements"], now]}
        real = bedside_of(measured).row(model.predictors, "ASTCT")[0]
        for place, column in enumerate(model.predictors.names()):
            if COLUMNS[column].description.summary not in LEFT_ALONE:
                assert rows[at, place] == pytest.approx(real[place], nan_ok=True, abs=1e-9), column
    assert possible


def test_a_missing_input_is_told_with_the_range_of_the_risk(ask, release):
    one = by_name(ask(without(RATIO)))[DAILY[0]]
    told = {each["input"]: each for each in one["could_change"]["ranges"]}
    assert RATIO in one["inputs_missing"]
    crp = told[RATIO]
    assert crp["why"] == "missing"
    assert crp["age_hours"] is None
    assert 0 < crp["lowest"] < crp["highest"] < 1
    assert crp["label"] == "CRP"
    assert crp["lowest_at"].endswith("mg/L")
    assert crp["changes_tier"] is True
    assert "not a forecast" in one["could_change"]["meaning"]


def test_the_range_holds_what_the_model_says_at_its_ends(release):
    model, bedside = release.models[DAILY[0]], bedside_of(without(RATIO))
    row = bedside.row(model.predictors, "ASTCT")
    told = {one.input: one for one in WhatCouldChange(model).of(row, 0.5, [], bedside)}[RATIO]
    rows, _ = asked_again(model, bedside)[RATIO]
    risks = model.predict(rows)
    assert (told.lowest, told.highest) == (risks.min(), risks.max())


def test_an_old_input_is_told_with_its_age_and_a_fresh_one_is_not(ask):
    old = by_name(ask(without(RATIO, value=3.0, unit="mg/L", day=-2.0)))[DAILY[0]]
    told = {each["input"]: each for each in old["could_change"]["ranges"]}
    assert told[RATIO]["why"] == "old"
    assert told[RATIO]["age_hours"] == pytest.approx(96.0)
    fresh = by_name(ask(a_request()))[DAILY[0]]
    assert RATIO not in {
        each["input"] for each in (fresh["could_change"] or {"ranges": []})["ranges"]
    }


def test_the_widest_range_comes_first_and_what_changes_nothing_is_left_out(ask):
    one = by_name(ask(a_request(measurements=[])))[DAILY[0]]
    wide = [each["highest"] - each["lowest"] for each in one["could_change"]["ranges"]]
    assert wide == sorted(wide, reverse=True)
    assert min(wide) >= 0.001
    assert len(wide) > 1


def test_a_fact_of_the_course_that_is_missing_is_told_too(release):
    model = release.models[DAILY[0]]
    request = a_request()
    del request["course"]["age_years"]
    assert "age_years" in asked_again(model, bedside_of(request))
    assert "age_years" not in asked_again(model, bedside_of(a_request()))


def test_words_are_asked_about_as_words(release):
    model = release.models[DAILY[0]]
    rows, values = asked_again(model, bedside_of(without("oxygen_device")))["oxygen_device"]
    np.testing.assert_array_equal(values, np.round(values))
    assert rows.shape == (N_VALUES, len(model.predictors.names()))


def test_while_a_grade_decides_the_tier_no_input_changes_it(ask):
    grades = [
        {"toxicity": "CRS", "grade": 2, "day": 2.0},
        {"toxicity": "ICANS", "grade": 0, "day": 2.0},
    ]
    one = by_name(ask({**without(RATIO), "grades": grades}))[DAILY[0]]
    assert {each["changes_tier"] for each in one["could_change"]["ranges"]} == {None}
