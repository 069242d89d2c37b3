import errno
import json

import pandas as pd
import pytest

from features.cohort_files import REJECTED, fingerprint, read_cohort, write_cohort
from features.errors import CohortError
from features.tables import TABLES, Manifest, cohort_of
from tests.builders import a_cohort, a_grading, an_infusion


def a_small_cohort(value=5.0):
    return cohort_of(
        Manifest(name="small", origin="test", resolution="day"),
        courses=pd.DataFrame(
            {
                "course_id": ["001", "2"],
                "patient_id": ["p1", "p2"],
                "product": ["axi-cel", "tisa-cel"],
                "bridging": [True, None],
                "infused_at": ["2026-01-05T09:30:00+01:00", None],
            }
        ),
        measurements=pd.DataFrame(
            {"course_id": ["001"], "day": [1.0], "input": ["crp_mg_l"], "value": [value]}
        ),
    )


@pytest.mark.parametrize("fmt", ["parquet", "csv"])
def test_a_cohort_comes_back_as_it_was(tmp_path, fmt):
    cohort = a_small_cohort()
    back = read_cohort(write_cohort(cohort, tmp_path / "cohort", fmt))
    for name in TABLES:
        pd.testing.assert_frame_equal(back.table(name), cohort.table(name))
    assert fingerprint(back) == fingerprint(cohort)
    assert back.courses["course_id"].tolist() == ["001", "2"]


def test_the_fingerprint_notices_a_value_and_ignores_the_order():
    cohort, other = a_small_cohort(), a_small_cohort(value=6.0)
    shuffled = a_small_cohort()
    shuffled.courses = shuffled.courses.iloc[::-1].reset_index(drop=True)
    assert fingerprint(cohort) != fingerprint(other)
    assert fingerprint(cohort) == fingerprint(shuffled)


def test_a_write_that_fails_leaves_the_old_cohort_whole(tmp_path, monkeypatch):
    write_cohort(a_small_cohort(), tmp_path / "cohort")
    before = fingerprint(read_cohort(tmp_path / "cohort"))

    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, "no space left")

    monkeypatch.setattr(pd.DataFrame, "to_parquet", full)
    with pytest.raises(CohortError, match=r"No space left.*before is unchanged"):
        write_cohort(a_small_cohort(value=6.0), tmp_path / "cohort")
    assert fingerprint(read_cohort(tmp_path / "cohort")) == before
    assert [path.name for path in tmp_path.iterdir()] == ["cohort"]


def test_a_directory_that_is_no_cohort_is_never_replaced(tmp_path):
    (tmp_path / "thesis.docx").write_text("years of work")
    with pytest.raises(CohortError, match="not empty"):
        write_cohort(a_small_cohort(), tmp_path)
    assert (tmp_path / "thesis.docx").read_text() == "years of work"


def test_a_file_in_the_place_of_a_cohort_is_said_to_be_one(tmp_path):
    (tmp_path / "courses.csv").write_text("course_id")
    with pytest.raises(CohortError, match="is a file"):
        write_cohort(a_small_cohort(), tmp_path / "courses.csv")
    with pytest.raises(CohortError, match="is a file"):
        read_cohort(tmp_path / "courses.csv")
    assert (tmp_path / "courses.csv").read_text() == "course_id"


def test_the_list_of_rejected_rows_is_written_with_the_cohort(tmp_path):
    rows = pd.DataFrame(
        {"table": ["grades"], "row": [3], "rule": ["day_is_present"], "legal": ["not empty"]}
    )
    write_cohort(a_small_cohort(), tmp_path / "cohort", rejected=rows)
    listed = pd.read_csv(tmp_path / "cohort" / REJECTED)
    pd.testing.assert_frame_equal(listed, rows, check_dtype=False)


@pytest.mark.parametrize("content", ["[]", "{}", '{"name": 3, "origin": "csv"}'])
def test_a_manifest_that_is_none_is_refused(tmp_path, content):
    (tmp_path / "cohort.json").write_text(content)
    with pytest.raises(CohortError, match=r"cohort\.json"):
        read_cohort(tmp_path)


def test_a_directory_without_manifest_says_how_to_make_one(tmp_path):
    with pytest.raises(CohortError, match="python -m training import"):
        read_cohort(tmp_path)


def test_an_unknown_manifest_key_is_named(tmp_path):
    write_cohort(a_small_cohort(), tmp_path / "cohort")
    path = tmp_path / "cohort" / "cohort.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"colour": "red"}))
    with pytest.raises(CohortError, match="unknown colour"):
        read_cohort(tmp_path / "cohort")


def test_a_damaged_table_is_named(tmp_path):
    write_cohort(a_small_cohort(), tmp_path / "cohort")
    (tmp_path / "cohort" / "courses.parquet").write_bytes(b"not a table")
    with pytest.raises(CohortError, match="table courses cannot be read"):
        read_cohort(tmp_path / "cohort")


@pytest.mark.parametrize(("courses", "grades"), [("007", "7"), ("12", "12.0"), ("7", "007")])
def test_a_table_whose_ids_are_all_written_otherwise_is_refused(tmp_path, courses, grades):
    cohort = a_cohort(an_infusion(courses), a_grading(courses, 1, 1))
    write_cohort(cohort, tmp_path / "c", fmt="csv")
    file = tmp_path / "c" / "grades.csv"
    file.write_text(file.read_text().replace(f"\n{courses},", f"\n{grades},"))
    with pytest.raises(CohortError, match="table grades: not one of 1 rows has a course_id"):
        read_cohort(tmp_path / "c")


def test_ids_that_are_numbers_in_one_table_and_text_in_another_are_one(tmp_path):
    cohort = a_cohort(an_infusion("12"), a_grading("12", 1, 1))
    write_cohort(cohort, tmp_path / "c")
    cohort.grades.assign(course_id=12.0).to_parquet(tmp_path / "c" / "grades.parquet", index=False)
    cohort.courses.assign(course_id=12).to_parquet(tmp_path / "c" / "courses.parquet", index=False)
    read = read_cohort(tmp_path / "c")
    assert read.courses["course_id"].tolist() == read.grades["course_id"].tolist() == ["12"]
