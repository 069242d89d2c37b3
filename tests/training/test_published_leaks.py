"""The report on the published files: its tables are its results, and its steps do what they say."""

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.sources import load
from tests.builders import Row, a_cohort, a_grading, an_infusion
from tests.features.sources.bwh_records import a_workbook, in_first, in_second
from tests.real_data import bwh_path, nulisa_path, unicar_path

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "experiments" / "published_leaks"
README = (FOLDER / "README.md").read_text(encoding="utf-8")
RESULTS = json.loads((FOLDER / "results.json").read_text(encoding="utf-8"))
COHORTS = ("unicar", "bwh", "nulisa")


def found_by_path(name):
    sys.path.insert(0, str(FOLDER))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(FOLDER))


judging, tables, pictures = (found_by_path(name) for name in ("judging", "tables", "pictures"))
unicar, bwh, nulisa = (found_by_path(f"{name}_steps") for name in COHORTS)


def between(mark):
    return re.search(rf"<!-- {mark} -->\n(.*?)\n<!-- /{mark} -->", README, re.S).group(1)


def made_up(n_patients=40, n_days=6, seed=3):
    """Every patient has a number of their own, every day, that has nothing to do with the event."""
    rng = np.random.default_rng(seed)
    patient = pd.Series(np.repeat(np.arange(n_patients), n_days)).map("patient {}".format)
    own = pd.Series(np.repeat(rng.normal(size=n_patients), n_days))
    event = pd.Series(np.repeat(rng.permutation(n_patients) < n_patients // 2, n_days))
    day = pd.Series(np.tile(np.arange(n_days), n_patients))
    return judging.asked_rows(own.to_frame("own"), event, patient, day, pd.Series(0.0, own.index))


def test_the_tables_of_the_readme_are_the_results():
    assert between("summary") == tables.summary(RESULTS)
    for cohort in COHORTS:
        assert between(cohort) == tables.table(cohort, RESULTS)


def test_the_script_prints_the_tables_without_the_files():
    shown = subprocess.run(
        [sys.executable, "experiments/published_leaks/leaks.py", "--table"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for mark in ("summary", *COHORTS):
        assert between(mark) in shown


def test_every_step_has_a_result_and_every_result_a_step():
    for cohort in COHORTS:
        assert {step.key for step in tables.STEPS[cohort]} == set(RESULTS[cohort])


def test_results_are_counts_and_figures():
    legal = {
        "n_rows", "n_patients", "n_event_rows", "n_event_patients", "auroc", "grade_and_day",
        "by_source", "inputs",
    }  # fmt: skip
    for cohort in COHORTS:
        for line in RESULTS[cohort].values():
            assert set(line) <= legal
            if "auroc" in line:
                for figure in (line["auroc"], line["grade_and_day"]):
                    assert 0 <= figure["low"] <= figure["estimate"] <= figure["high"] <= 1


@pytest.mark.parametrize("cohort", COHORTS)
def test_a_picture_is_small_and_shows_every_figure(cohort, tmp_path):
    assert (FOLDER / f"{cohort}.png").stat().st_size < 200_000
    drawn = pictures.draw(cohort, RESULTS, tmp_path / "drawn.png")
    assert drawn.get_figwidth() * pictures.DOTS_PER_INCH == 1400
    shown = [text.get_text() for text in drawn.axes[0].texts]
    for step in tables.STEPS[cohort]:
        assert step.short in shown
        if "auroc" in RESULTS[cohort][step.key]:
            figure = tables.figure_text(RESULTS[cohort][step.key]["auroc"], 2)
            assert figure.replace(" to ", "–") in shown


@pytest.mark.parametrize("cohort", COHORTS)
def test_words_of_a_picture_stay_inside_and_apart(cohort, tmp_path):
    drawn = pictures.draw(cohort, RESULTS, tmp_path / "drawn.png")
    width, height = drawn.get_size_inches() * drawn.dpi
    boxes = [text.get_window_extent() for text in (*drawn.axes[0].texts, *drawn.texts)]
    for box in boxes:
        assert box.x0 >= 0
        assert box.x1 <= width
        assert box.y0 >= 0
        assert box.y1 <= height
    for at, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:at])


def test_a_patient_on_both_sides_is_recognised_and_one_held_out_is_not():
    asked = made_up()
    by_row = judging.held_out_risks(asked, judging.boosted, split_by="row")
    by_patient = judging.held_out_risks(asked, judging.boosted)
    known = judging.estimate(asked.rows, by_row)
    unknown = judging.estimate(asked.rows, by_patient)
    assert known["estimate"] > 0.95
    assert unknown["low"] < 0.5 < unknown["high"]


def test_risks_of_the_rows_learnt_from_are_better_than_held_out_ones():
    asked = made_up()
    apparent = judging.estimate(asked.rows, judging.apparent_risks(asked, judging.logistic))
    held_out = judging.estimate(asked.rows, judging.held_out_risks(asked, judging.logistic))
    assert apparent["estimate"] > held_out["estimate"]


def test_a_figure_of_the_same_day_owes_nothing_to_the_day():
    rows = made_up().rows
    later = rows.context["landmark_day"].to_numpy(dtype=float)[None, :]
    assert judging.estimate(rows, later, same_day=True)["estimate"] == pytest.approx(0.5)


FILL = 77.25


def a_cohort_with_fills():
    """Sixty patients, days 0 to 3; half are severe on the last; ferritin of grade 0 part filled."""
    rng = np.random.default_rng(5)
    rows = []
    for number in range(60):
        course, severe = f"unicar-{number:03}", number % 2
        rows.append(an_infusion(course, product="investigational CD19 CAR-T"))
        for day in range(4):
            grade = 3.0 if severe and day == 3 else 0.0
            filled = grade == 0.0 and rng.random() < 0.4
            value = FILL if filled else round(float(rng.normal(FILL, 20.0)), 3)
            rows.append(a_grading(course, day, grade))
            rows.append(
                Row(
                    "measurements",
                    {
                        "course_id": course, "day": day, "input": "ferritin_ng_ml", "value": value,
                        "source_value": str(value), "source_row": 100 * number + day,
                    },
                )
            )  # fmt: skip
    return a_cohort(*rows)


def test_a_fill_of_the_grade_of_the_day_goes_and_nothing_else():
    published = a_cohort_with_fills()
    values = published.measurements["value"]
    left = unicar.without_fills(published)["value"]
    assert (values == FILL).sum() > 20
    assert sorted(left) == sorted(values[values != FILL])


def test_today_is_told_from_today_and_the_comparator_knows_the_row_before():
    published = a_cohort_with_fills()
    rows = unicar.same_day(published, published.measurements).rows
    assert rows.X.names == unicar.INPUTS_READ
    ferritin = rows.X.take(("ferritin_ng_ml",))[:, 0]
    assert ferritin.tolist() == published.measurements["value"].tolist()
    assert rows.y.sum() == 30
    day = rows.context["landmark_day"].to_numpy()
    before = rows.context["current_grade"].to_numpy()
    assert (np.isnan(before) == (day == 0)).all()
    assert (before[day > 0] == 0).all()
    missing = unicar.missingness(unicar.same_day(published, published.measurements)).rows
    assert set(np.unique(missing.X.take(("ferritin_ng_ml",)))) == {0.0}
    assert set(np.unique(missing.X.take(("crp_mg_l",)))) == {1.0}


@pytest.fixture(scope="module")
def stacked(tmp_path_factory):
    """Two sources: nobody with ICANS in Celsius, everybody in Fahrenheit, one patient in both."""
    rng = np.random.default_rng(1)
    records = [in_first(sid, CRP=float(sid), IL_6=5.0) for sid in range(1, 13)]
    for sid in range(12, 27):
        worst = 3 if sid % 2 else 1
        course = [0, 0, 0, 0, 1, 1, worst, worst]
        crp = [round(float(rng.uniform(200, 900)), 1) for _ in course]
        records.append(
            in_second(sid, range(8), meanscore=course, CRP=crp, **{"CRS Peak Severity": 1})
        )
    return a_workbook(tmp_path_factory.mktemp("stacked"), *records)


@pytest.mark.slow
def test_two_stacked_sources_answer_for_the_patient(stacked):
    found = bwh.steps(stacked)
    assert set(found) == {step.key for step in tables.STEPS["bwh"]}
    for key in ("as_published", "temperature_alone", "source_alone"):
        assert found[key]["auroc"]["estimate"] > 0.95
    assert found["as_published"]["n_patients"] == 27
    assert found["one_unit"]["n_patients"] == 26
    assert found["within_one_source"]["by_source"] == {
        "first": {"n_patients": 11, "n_event_patients": 0},
        "second": {"n_patients": 15, "n_event_patients": 15},
    }
    assert found["course"]["n_patients"] == 15
    assert found["course"]["n_event_patients"] == 7


def test_days_end_with_the_first_icans_and_hold_no_later_one(stacked):
    published = load("bwh", stacked, as_published=True)
    days = bwh.patient_days(published, bwh.sources_of(stacked))
    assert days.loc[days["is_second"], "day"].max() == 3
    assert days.loc[~days["is_second"], "day"].max() == bwh.LAST_DAY
    assert (days["grade"] == 0).all()
    assert days["outcome"].astype(bool).tolist() == days["is_second"].tolist()


def test_one_unit_is_celsius_in_both_sources(stacked):
    published, cleaned = load("bwh", stacked, as_published=True), load("bwh", stacked)
    days = bwh.patient_days(published, bwh.sources_of(stacked))
    kept = days[days["patient_id"].notna()].reset_index(drop=True)
    celsius = bwh.temperature_in_one_unit(published, cleaned, kept)
    assert celsius.between(36, 39).all()


def test_comparable_means_known_about_as_often_in_both_sources():
    known = pd.DataFrame({"a": [0.9, 0.95], "b": [0.9, 0.79], "c": [0.85, 1.0], "d": [0.2, 0.2]})
    assert bwh.comparable(known) == ["a"]


def close(found, key, cohort):
    shown = RESULTS[cohort][key]
    for count in ("n_rows", "n_patients", "n_event_rows", "n_event_patients"):
        assert found[count] == shown[count]
    for figure in ("auroc", "grade_and_day"):
        for part, value in shown[figure].items():
            assert found[figure][part] == pytest.approx(value, abs=0.02)


@pytest.mark.real
@pytest.mark.slow
def test_the_first_steps_of_unicar_come_out_again():
    published = load("unicar", unicar_path(), as_published=True)
    asked = unicar.same_day(published, published.measurements)
    close(judging.judged(asked, split_by="row"), "rows_split", "unicar")
    close(judging.judged(asked), "patients_split", "unicar")


@pytest.mark.real
@pytest.mark.slow
def test_the_steps_of_nulisa_come_out_again():
    for key, found in nulisa.steps(nulisa_path()).items():
        close(found, key, "nulisa")


@pytest.mark.real
@pytest.mark.slow
def test_the_sources_of_bwh_come_out_again():
    path = bwh_path()
    published = load("bwh", path, as_published=True)
    days = bwh.patient_days(published, bwh.sources_of(path))
    kept = days[days["patient_id"].notna()]
    assert bwh.within_one_source(kept) == RESULTS["bwh"]["within_one_source"]
    close(judging.judged(bwh.rows_of(kept, kept[["is_second"]])), "source_alone", "bwh")
