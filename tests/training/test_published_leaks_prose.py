"""The prose on the published files: every figure in it is one of the results."""

import importlib
import json
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "experiments" / "published_leaks"
README = (FOLDER / "README.md").read_text(encoding="utf-8")
RESULTS = json.loads((FOLDER / "results.json").read_text(encoding="utf-8"))


def found_by_path(name):
    sys.path.insert(0, str(FOLDER))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(FOLDER))


judging, bwh = (found_by_path(name) for name in ("judging", "bwh_steps"))


def auroc(cohort, step, who="auroc"):
    return RESULTS[cohort][step][who]["estimate"]


def lost(cohort, before, after):
    return f"{auroc(cohort, before) - auroc(cohort, after):.2f}"


def of_next_door():
    path = ROOT / "experiments" / "severe_crs_unicar" / "results.json"
    return json.loads(path.read_text(encoding="utf-8"))["model"]


def in_sources():
    return RESULTS["bwh"]["within_one_source"]["by_source"]


CLAIMS = {
    "{} is left, and is still no forecast": lambda: f"{auroc('unicar', 'impossible_blanked'):.2f}",
    "yesterday's grade with the day has the higher point estimate ({})": lambda: (
        f"{auroc('unicar', 'impossible_blanked', 'grade_and_day'):.2f}"
    ),
    "for grade and day reaches {} pooled": lambda: f"{of_next_door()['auroc']['estimate']:.3f}",
    "pooled and {} same-day": lambda: f"{of_next_door()['same_day_auroc']['estimate']:.3f}",
    "Whether its {} is fever": lambda: f"{auroc('bwh', 'comparable_alone'):.2f}",
    "gets worse can be asked (9): {},": lambda: f"{auroc('bwh', 'course'):.2f}",
    "current grade with the day gives {}.": lambda: (
        f"{auroc('bwh', 'course', 'grade_and_day'):.2f}"
    ),
    "known on at least {} %": lambda: f"{100 * bwh.LEAST_SHARE_KNOWN:.0f}",
    "more than {} percentage points": lambda: f"{100 * bwh.WIDEST_GAP:.0f}",
    "coefficients on {} patients": lambda: str(
        RESULTS["nulisa"]["same_patients"]["n_event_patients"]
    ),
    "about {} of 0.80 is": lambda: lost("nulisa", "same_patients", "patients_split"),
    "about 0.04 of {} is": lambda: f"{auroc('nulisa', 'same_patients'):.2f}",
    "they add {} easy rows": lambda: str(
        RESULTS["nulisa"]["patients_split"]["n_rows"]
        - RESULTS["nulisa"]["discharge_is_unknown"]["n_rows"]
    ),
    "another {} goes": lambda: lost("nulisa", "patients_split", "discharge_is_unknown"),
    "({} of the 202 patients": lambda: str(RESULTS["unicar"]["rows_split"]["n_patients"]),
    "({} of 205 patients": lambda: str(RESULTS["bwh"]["as_published"]["n_patients"]),
    "boosted trees, {} rounds": lambda: str(judging.ROUNDS),
    "of depth {} at rate": lambda: str(judging.TREES["max_depth"]),
    "at rate {}, all else": lambda: str(judging.TREES["eta"]),
}
"""Sentences of the prose with a hole for the figure -> how the results give it."""

OF_OTHERS = {
    "0.5": "a coin toss",
    "1.0": "a perfect order",
    "0.01": "what a fault mended before these results had moved",
    "0.967": "Amidi et al. 2022",
    "0.932": "Amidi et al. 2022",
    "0.806": "Amidi et al. 2022",
    "4.0": "a licence",
}


def prose():
    tables_out = re.sub(r"<!-- (\w+) -->\n.*?<!-- /\1 -->", "", README, flags=re.S)
    return " ".join(tables_out.split())


@pytest.mark.parametrize("sentence", CLAIMS)
def test_a_figure_in_the_prose_is_the_one_of_the_results(sentence):
    assert sentence.format(CLAIMS[sentence]()) in prose()


def test_every_decimal_in_the_prose_is_of_the_results_or_of_somebody_else():
    without_links = re.sub(r"doi 10\.\S+", "", prose())
    found = set(re.findall(r"(?<![\d.])\d+\.\d+(?![\d.])", without_links))
    ours = {claim() for claim in CLAIMS.values()}
    assert found - ours <= set(OF_OTHERS)


def test_who_had_the_event_in_which_source_is_said_as_it_was_found():
    first, second = in_sources()["first"], in_sources()["second"]
    assert first["n_event_patients"] == 0
    assert second["n_patients"] - second["n_event_patients"] == 1
    assert (
        "All patients of the first are free of ICANS, all but one of the second have it" in prose()
    )


def test_what_the_prose_says_of_the_order_of_steps_holds():
    for one in ("rows_split", "patients_split"):
        assert f"{auroc('unicar', one):.3f}" == "0.996"  # keeping patients apart changes nothing
    assert auroc("unicar", "next_72h") < auroc("unicar", "next_72h", "grade_and_day")
    assert auroc("unicar", "same_day") > auroc("unicar", "same_day", "grade_and_day")
    steps = ("one_unit", "day_0_blanked", "no_crp")
    assert all(abs(auroc("bwh", one) - auroc("bwh", "as_published")) < 0.005 for one in steps)
    assert auroc("bwh", "no_diagnosis") < auroc("bwh", "no_crp") - 0.2
    assert auroc("nulisa", "discharge_is_unknown") > auroc(
        "nulisa", "discharge_is_unknown", "grade_and_day"
    )
