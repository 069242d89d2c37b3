"""The synthetic cohort as a cohort: legal, repeatable, the same in memory and on disk."""

import pandas as pd
import pytest

from features.checks import check_cohort
from features.cohort_files import fingerprint, read_cohort
from features.errors import CohortError, QuestionError
from features.questions import QUESTIONS, Question, labels
from features.sources.synthetic import (
    FRESH_QUESTIONS,
    Synthetic,
    product_keys,
    site_names,
    synthesize,
    synthesize_to,
)
from features.sources.synthetic.blocks import BLOCK
from features.tables import TABLES


@pytest.fixture(scope="module")
def small() -> Synthetic:
    return synthesize(BLOCK + 100, seed=11)


def test_every_row_passes_the_checks(small: Synthetic) -> None:
    checked, failures = check_cohort(small.cohort)
    assert failures.counts() == {}
    assert len(checked.courses) == BLOCK + 100
    assert all(len(small.cohort.table(name)) for name in TABLES)


def test_it_says_that_it_is_synthetic(small: Synthetic) -> None:
    manifest = small.cohort.manifest
    assert manifest.synthetic
    assert (manifest.resolution, manifest.end_of_record) == ("instant", "censored")
    assert manifest.grading_system == "ASTCT"


def test_the_same_seed_gives_the_same_cohort(small: Synthetic) -> None:
    again = synthesize(BLOCK + 100, seed=11)
    assert fingerprint(again.cohort) == fingerprint(small.cohort)
    pd.testing.assert_frame_equal(again.truth, small.truth)
    assert fingerprint(synthesize(BLOCK + 100, seed=12).cohort) != fingerprint(small.cohort)


@pytest.mark.parametrize("fewer", [1, 40, BLOCK + 3])
def test_a_course_does_not_depend_on_how_many_are_made(small: Synthetic, fewer: int) -> None:
    part = synthesize(fewer, seed=11)
    ids = part.cohort.courses["course_id"]
    assert len(ids) == fewer
    for name in TABLES:
        whole = small.cohort.table(name)
        expected = whole[whole["course_id"].isin(ids)].reset_index(drop=True)
        pd.testing.assert_frame_equal(part.cohort.table(name), expected)


def test_streamed_to_disk_it_is_the_same(small: Synthetic, tmp_path) -> None:
    directory = synthesize_to(tmp_path / "cohort", BLOCK + 100, seed=11)
    stored = read_cohort(directory)
    assert fingerprint(stored) == fingerprint(small.cohort)
    assert stored.manifest.counts == small.cohort.manifest.counts
    for name in TABLES:
        pd.testing.assert_frame_equal(stored.table(name), small.cohort.table(name))
    pd.testing.assert_frame_equal(pd.read_parquet(directory / "truth.parquet"), small.truth)


def test_a_directory_with_something_else_is_left_alone(tmp_path) -> None:
    (tmp_path / "notes.txt").write_text("keep me")
    with pytest.raises(CohortError, match="not empty"):
        synthesize_to(tmp_path, 5, seed=1)
    assert (tmp_path / "notes.txt").read_text() == "keep me"


@pytest.mark.parametrize("key", product_keys())
def test_every_product_can_be_drawn_alone(key: str) -> None:
    made = synthesize(20, seed=3, products=[key])
    assert made.cohort.courses[["product", "diagnosis"]].drop_duplicates().shape[0] == 1


def test_a_catalogue_name_draws_all_its_indications() -> None:
    made = synthesize(60, seed=3, products=["Kymriah"])
    assert set(made.cohort.courses["diagnosis"]) == {"LBCL", "B-ALL"}


@pytest.mark.parametrize("site", site_names())
def test_every_site_can_be_drawn_alone(site: str) -> None:
    assert set(synthesize(20, seed=3, sites=[site]).cohort.courses["site"]) == {site}


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"n_courses": 0}, "1 or more"),
        ({"n_courses": 5, "products": ["blinatumomab"]}, "axi-cel LBCL"),
        ({"n_courses": 5, "products": ["nonsense"]}, "cannot be drawn"),
        ({"n_courses": 5, "sites": ["site-nowhere"]}, "site-north"),
    ],
)
def test_what_cannot_be_made_is_refused_with_what_can(asked: dict, says: str) -> None:
    with pytest.raises(CohortError, match=says):
        synthesize(seed=1, **asked)


def test_a_window_beyond_the_chain_is_refused() -> None:
    beyond = Question("late", "CRS", 3, (14.0,), until_day=60.0)
    with pytest.raises(QuestionError, match="half days from 0 to 30"):
        synthesize(5, seed=1, questions=[beyond])


def test_sites_differ_in_what_they_measure(small: Synthetic) -> None:
    rows = small.cohort.measurements.merge(small.cohort.courses[["course_id", "site"]])
    by_site = rows.groupby("site")["input"].agg(set)
    assert "il6_pg_ml" in by_site["site-north"]
    assert "il6_pg_ml" not in by_site["site-south"]
    assert "ferritin_ng_ml" not in by_site["site-lake"]


def test_nothing_is_recorded_after_death_or_loss(small: Synthetic) -> None:
    courses = small.cohort.courses.set_index("course_id")
    for name in ("measurements", "grades", "treatments"):
        table = small.cohort.table(name)
        day = table["start_day" if name == "treatments" else "day"]
        ends = courses["death_day"].fillna(courses["follow_up_days"])
        assert (day <= table["course_id"].map(ends) + 1e-9).all()


@pytest.mark.parametrize("name", FRESH_QUESTIONS)
def test_every_labelled_row_has_a_true_risk(small: Synthetic, name: str) -> None:
    rows = labels(small.cohort, QUESTIONS[name])
    truth = small.truth[small.truth["question"] == name]
    both = rows.merge(truth, on=["course_id", "landmark_day"], how="left")
    assert len(both) == len(rows)
    assert both["at_risk"].all()
    assert both["true_risk"].between(0, 1).all()
    grade = both["crs_grade" if "crs" in name else "icans_grade"]
    assert (both["current_grade"].fillna(0) == grade).all()


def test_only_split_products_have_a_second_dose() -> None:
    made = synthesize(400, seed=5, products=["obe-cel", "axi-cel"]).cohort.courses
    second = made["second_dose_day"].notna()
    assert set(made.loc[second, "product"]) == {"obecabtagene autoleucel"}
    assert made.loc[second, "second_dose_day"].between(9.5, 10.5).all()
