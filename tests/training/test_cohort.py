"""The use cases around a cohort: import, check, template, example."""

from pathlib import Path

import pandas as pd
import pytest
from openpyxl import Workbook

from features.cohort_files import REJECTED, fingerprint, read_cohort
from features.errors import CohortError
from features.sources import nulisa
from training.__main__ import main
from training.cohort import (
    check_directory,
    import_cohort,
    write_csv_example,
    write_csv_template,
)


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_csv_example(tmp_path_factory.mktemp("example") / "csv", courses=120, seed=3)


def test_the_example_is_imported_whole_and_called_synthetic(example: Path, tmp_path: Path) -> None:
    report = import_cohort("csv", example, tmp_path / "cohort")
    assert report.exclusions == {}
    assert report.counts["courses"] == report.patients == 120
    assert report.synthetic
    assert report.lines()[0].startswith("SYNTHETIC cohort 'example'")
    assert "  nothing was left out" in report.lines()


def test_the_example_holds_events_of_both_toxicities_and_both_laboratories(example: Path) -> None:
    report = check_directory(example)
    assert report.toxicities["CRS"]["grade >= 3"] >= 5
    assert report.toxicities["ICANS"]["grade >= 3"] >= 3
    units = pd.read_csv(example / "measurements.csv").groupby("input")["unit"].nunique()
    assert (units == 2).sum() >= 5


def test_one_seed_writes_one_example(example: Path, tmp_path: Path) -> None:
    again = write_csv_example(tmp_path / "again", courses=120, seed=3)
    other = write_csv_example(tmp_path / "other", courses=120, seed=4)
    first = (example / "measurements.csv").read_bytes()
    assert (again / "measurements.csv").read_bytes() == first
    assert (other / "measurements.csv").read_bytes() != first


def test_what_was_rejected_is_counted_in_the_cohort_and_listed_beside_it(
    example: Path, tmp_path: Path
) -> None:
    folder = write_csv_example(tmp_path / "csv", courses=20, seed=3)
    with (folder / "grades.csv").open("a") as file:
        file.write("C0001,-2,-2,CRS,3,ASTCT,inpatient\n")
    report = import_cohort("csv", folder, tmp_path / "cohort")
    assert report.exclusions == {"grades.grade_is_not_before_infusion": 1}
    assert read_cohort(tmp_path / "cohort").manifest.exclusions == report.exclusions
    listed = pd.read_csv(tmp_path / "cohort" / REJECTED)
    assert listed["rule"].tolist() == ["grade_is_not_before_infusion"]
    assert listed["row"].tolist() == [len(pd.read_csv(folder / "grades.csv")) + 1]


def test_a_cohort_that_is_replaced_is_named_with_its_rows(tmp_path: Path) -> None:
    first = write_csv_example(tmp_path / "first", courses=20, seed=3)
    second = write_csv_example(tmp_path / "second", courses=10, seed=3)
    fresh = import_cohort("csv", first, tmp_path / "cohort", name="spring")
    again = import_cohort("csv", second, tmp_path / "cohort")
    assert not any("replaced" in line for line in fresh.lines())
    told = [line for line in again.lines() if "replaced an earlier cohort" in line]
    assert len(told) == 1
    assert "'spring' from csv (20 courses, " in told[0]
    (tmp_path / "cohort" / "cohort.json").write_text("[]")
    assert "could not be read" in import_cohort("csv", first, tmp_path / "cohort").replaced


def test_a_wrong_sex_keeps_the_course_and_says_so(tmp_path: Path) -> None:
    folder = write_csv_example(tmp_path / "csv", courses=20, seed=3)
    courses = pd.read_csv(folder / "courses.csv", dtype="str")
    courses.loc[0, "sex"] = "woman"
    courses.to_csv(folder / "courses.csv", index=False)
    report = import_cohort("csv", folder, tmp_path / "cohort")
    assert report.exclusions == {"courses.sex_is_legal (cell)": 1}
    assert report.counts["courses"] == 20
    assert any("(cell): one value, the row stays" in line for line in report.lines())
    listed = pd.read_csv(tmp_path / "cohort" / REJECTED)
    assert listed.to_dict("records") == [
        {
            "table": "courses",
            "row": 2,
            "column": "sex",
            "rule": "sex_is_legal (cell)",
            "legal": "female | male",
        }
    ]


def test_a_cohort_is_checked_as_csv_and_as_imported_alike(example: Path, tmp_path: Path) -> None:
    imported = import_cohort("csv", example, tmp_path / "cohort")
    checked = check_directory(tmp_path / "cohort")
    assert check_directory(example).fingerprint == imported.fingerprint == checked.fingerprint


def test_checking_what_is_no_cohort_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(CohortError, match="is no cohort"):
        check_directory(tmp_path)


def test_an_input_nobody_was_measured_for_is_wholly_missing(example: Path) -> None:
    missing = check_directory(example).missing
    assert missing["crp_mg_l"] == 0
    assert missing["sil2r_pg_ml"] == 1


def test_a_published_cohort_is_imported_with_what_is_wrong_with_it(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(list(nulisa.COLUMNS))
    for grade in (1, 3):
        sheet.append(["Yes P01", 2, grade, 0, 0, 0, 0, 0])
    book.save(tmp_path / "a.xlsx")
    published = import_cohort("nulisa", tmp_path / "a.xlsx", tmp_path / "raw", as_published=True)
    assert published.counts["grades"] == 4
    with pytest.raises(CohortError):
        import_cohort("nulisa", tmp_path / "a.xlsx", tmp_path / "clean")
    assert not (tmp_path / "clean").exists()


@pytest.mark.parametrize(("word", "grades"), [("true", 4), ("false", 2)])
def test_the_command_line_says_as_published_as_a_word(
    tmp_path: Path, word: str, grades: int
) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(list(nulisa.COLUMNS))
    for row in (["Yes P01", 2, 1], ["Yes P01", 2, 1]):
        sheet.append([*row, 0, 0, 0, 0, 0])
    book.save(tmp_path / "a.xlsx")
    said = ["import", "nulisa", str(tmp_path / "a.xlsx"), str(tmp_path / "made")]
    assert main([*said, "--option", f"as_published={word}"]) == 0
    made = read_cohort(tmp_path / "made")
    assert len(made.grades) == grades
    assert made.manifest.name == ("nulisa as published" if word == "true" else "nulisa")


def test_what_a_site_has_filled_is_never_replaced(tmp_path: Path) -> None:
    write_csv_template(tmp_path / "site")
    for write in (write_csv_template, write_csv_example):
        with pytest.raises(CohortError, match="is not empty"):
            write(tmp_path / "site")
    assert (tmp_path / "site" / "courses.csv").exists()


def test_an_example_of_nobody_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CohortError, match="ask for 1 or more"):
        write_csv_example(tmp_path / "none", courses=0)


def test_a_cohort_is_written_as_csv_where_that_is_asked_for(tmp_path):
    source = write_csv_example(tmp_path / "records", 20)
    import_cohort("csv", source, tmp_path / "a", fmt="csv")
    import_cohort("csv", source, tmp_path / "b")
    assert (tmp_path / "a" / "measurements.csv").is_file()
    assert (tmp_path / "b" / "measurements.parquet").is_file()
    assert fingerprint(read_cohort(tmp_path / "a")) == fingerprint(read_cohort(tmp_path / "b"))


def test_a_cohort_is_synthesized_over_only_where_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = tmp_path / "cohort"
    asked = ["synthesize", str(place), "--courses", "5"]
    assert main([*asked, "--seed", "1"]) == 0
    first = fingerprint(read_cohort(place))
    assert main([*asked, "--seed", "2"]) == 2
    assert "holds a cohort already: 'synthetic-5-seed-1'" in capsys.readouterr().err
    assert fingerprint(read_cohort(place)) == first
    assert main([*asked, "--seed", "2", "--replace"]) == 0
    assert "replaced an earlier cohort in this place" in capsys.readouterr().out
    assert fingerprint(read_cohort(place)) != first
