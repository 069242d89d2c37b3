"""The daily toxicity course of the NULISA cohort: censored grades, products, treatments."""

from pathlib import Path

import pytest
from openpyxl import Workbook

from features.checks import check_cohort
from features.errors import CohortError
from features.sources import load, nulisa
from tests.real_data import nulisa_path

Row = tuple[object, ...]


def a_day(patient: str, day: object, crs: object = 0, icans: object = 0, **given: object) -> Row:
    agents = (given.get(key, 0) for key in ("toci", "siltux"))
    return (patient, day, crs, *agents, icans, given.get("steroids", 0), given.get("anakinra", 0))


def after_discharge(patient: str, day: int) -> Row:
    return (patient, day, *["NA"] * 6)


def a_workbook(path: Path, rows: list[Row], header: tuple[str, ...] = nulisa.COLUMNS) -> Path:
    order = ("ID", "therapy_day", "crs_grade", "toci", "siltux", "icans_grade", "steroids",
             "anakinra")  # fmt: skip
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append([name for name in order if name in header])
    for row in rows:
        sheet.append(row)
    book.save(path)
    return path


def test_the_prefix_names_the_product_and_spaces_do_not_count(tmp_path: Path) -> None:
    ids = ["Yes P05 ", " Kym P01", "Bre P02", "KTE-C19 P01", "Tec P05"]
    cohort = load("nulisa", a_workbook(tmp_path / "a.xlsx", [a_day(one, 0) for one in ids]))
    named = cohort.courses.set_index("course_id")["product"].to_dict()
    assert named == {
        "Yes P05": "axicabtagene ciloleucel",
        "KTE-C19 P01": "axicabtagene ciloleucel",
        "Kym P01": "tisagenlecleucel",
        "Bre P02": "lisocabtagene maraleucel",
        "Tec P05": "brexucabtagene autoleucel",
    }


def test_grades_after_discharge_are_absent_and_end_the_observation(tmp_path: Path) -> None:
    rows = [a_day("Yes P01", 0), a_day("Yes P01", 1, crs=2), after_discharge("Yes P01", 2)]
    cohort = load("nulisa", a_workbook(tmp_path / "a.xlsx", rows))
    assert cohort.grades["day"].max() == 1
    assert cohort.courses["follow_up_days"].tolist() == [1]
    assert cohort.manifest.end_of_record == "censored"


def test_a_day_with_one_grade_keeps_it(tmp_path: Path) -> None:
    rows = [a_day("Yes P01", 0), a_day("Yes P01", 1, crs=4, icans="NA")]
    grades = load("nulisa", a_workbook(tmp_path / "a.xlsx", rows)).grades
    assert grades.loc[grades["day"] == 1, "toxicity"].tolist() == ["CRS"]


def test_an_empty_repeat_of_a_day_is_left_out_and_counted(tmp_path: Path) -> None:
    rows = [after_discharge("Kym P18", 8), a_day("Kym P18", 8, crs=1), a_day("Kym P18", 9)]
    cohort = load("nulisa", a_workbook(tmp_path / "a.xlsx", rows))
    assert cohort.manifest.exclusions == {"grades.one_row_per_patient_and_day": 1}
    assert len(cohort.grades) == 4


def test_of_two_rows_that_disagree_neither_is_kept(tmp_path: Path) -> None:
    rows = [a_day("Kym P18", 8, crs=1), a_day("Kym P18", 8, crs=3), a_day("Kym P18", 9)]
    cohort = load("nulisa", a_workbook(tmp_path / "a.xlsx", rows))
    assert cohort.manifest.exclusions == {"grades.one_row_per_patient_and_day": 2}
    published = load("nulisa", tmp_path / "a.xlsx", as_published=True)
    assert len(published.grades) == len(cohort.grades) + 4


def test_as_published_the_order_of_the_file_stays(tmp_path: Path) -> None:
    rows = [a_day(one, day) for one in ("Yes P02", "Bre P01", "Yes P01") for day in (1, 0)]
    path = a_workbook(tmp_path / "a.xlsx", rows)
    published = load("nulisa", path, as_published=True)
    assert published.courses["course_id"].tolist() == ["Yes P02", "Bre P01", "Yes P01"]
    assert published.grades["day"].tolist() == [1, 0] * 6
    cleaned = load("nulisa", path)
    assert cleaned.courses["course_id"].tolist() == ["Bre P01", "Yes P01", "Yes P02"]


def test_treatments_are_known_at_the_end_of_their_day(tmp_path: Path) -> None:
    rows = [
        a_day("Yes P01", 3, crs=2, toci=1, steroids=1),
        a_day("Yes P01", 4, siltux=1, anakinra=1),
    ]
    given = load("nulisa", a_workbook(tmp_path / "a.xlsx", rows)).treatments
    assert set(zip(given["agent"], given["start_day"], given["known_day"], strict=True)) == {
        ("tocilizumab", 3.0, 4.0), ("corticosteroid", 3.0, 4.0),
        ("siltuximab", 4.0, 5.0), ("anakinra", 4.0, 5.0),
    }  # fmt: skip


def test_what_is_no_grade_day_product_or_flag_is_counted(tmp_path: Path) -> None:
    rows = [
        a_day("Yes P01", 0, crs=2.5),
        a_day("Yes P01", 1, toci=3),
        a_day("Yes P01", "two"),
        a_day("Abc P01", 0),
    ]
    cohort = load("nulisa", a_workbook(tmp_path / "a.xlsx", rows))
    assert cohort.manifest.exclusions == {
        "courses.id_begins_with_a_known_product": 1,
        "grades.day_is_a_number": 1,
        "grades.grade_is_a_whole_number": 1,
        "treatments.given_is_0_or_1": 1,
    }


def test_a_file_without_a_known_product_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CohortError, match="begins with Yes, KTE-C19"):
        load("nulisa", a_workbook(tmp_path / "a.xlsx", [a_day("Abc P01", 0)]))


@pytest.mark.real
def test_the_real_file_has_80_patients_and_the_published_toxicity() -> None:
    cohort = load("nulisa", nulisa_path())
    highest = cohort.grades.groupby(["toxicity", "course_id"])["grade"].max()
    assert len(cohort.courses) == 80
    assert (highest["ICANS"] >= 2).sum() == 17
    assert (highest["ICANS"] >= 3).sum() == 12
    assert (highest["CRS"] >= 3).sum() == 3
    assert cohort.manifest.exclusions == {"grades.one_row_per_patient_and_day": 1}
    assert len(check_cohort(cohort)[1]) == 0


@pytest.mark.real
def test_steroids_came_on_or_before_the_onset_of_12_of_17() -> None:
    cohort = load("nulisa", nulisa_path())
    icans = cohort.grades[(cohort.grades["toxicity"] == "ICANS") & (cohort.grades["grade"] >= 2)]
    onset = icans.groupby("course_id")["day"].min()
    steroids = cohort.treatments[cohort.treatments["agent"] == "corticosteroid"]
    first = steroids.groupby("course_id")["start_day"].min().reindex(onset.index)
    assert (first <= onset).sum() == 12
