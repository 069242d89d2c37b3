"""The BWH cohort of ICANS: two stacked sources, and what gives the outcome away in them."""

from pathlib import Path

import pandas as pd
import pytest

from features.checks import check_cohort
from features.errors import CohortError
from features.questions import Question, labels
from features.sources import load, read
from tests.features.sources.bwh_records import (
    Row,
    a_workbook,
    crs,
    gradings,
    highest,
    in_first,
    in_second,
    loaded,
    results,
)

# --- two sources ------------------------------------------------------------------------------


def test_the_second_source_begins_with_the_patient_of_the_first_fahrenheit(tmp_path: Path) -> None:
    late = in_second(3, Temp=[None, None, 98.7, 99.0, 98.9, 98.8])
    cohort = loaded(tmp_path, in_first(1), in_first(2), late, in_second(4))
    days = cohort.courses.groupby("site")["follow_up_days"].agg(list).to_dict()
    assert days == {"bwh first source": [14.0, 14.0], "bwh second source": [4.0, 4.0]}


def test_fahrenheit_becomes_celsius_and_the_source_stays(tmp_path: Path) -> None:
    cohort = loaded(tmp_path, in_first(1, Temp=39.9), in_second(2, Temp=103.8))
    rows = results(cohort, "temperature_c")
    assert rows["value"].tolist() == pytest.approx([39.9] * 21, abs=0.03)
    assert set(zip(rows["source_value"], rows["source_unit"], strict=True)) == {
        ("39.9", "Cel"), ("103.8", "[degF]"),
    }  # fmt: skip
    assert set(rows["unit"]) == {"Cel"}
    assert sorted(rows["source_row"]) == list(range(2, 23))


def test_one_source_can_be_read_alone(tmp_path: Path) -> None:
    records = in_first(1), in_first(2), in_second(3)
    first, second = (loaded(tmp_path, *records, part=one) for one in ("first", "second"))
    assert (len(first.courses), len(second.courses)) == (2, 1)
    assert [one.manifest.name for one in (first, second)] == [
        "bwh first source", "bwh second source",
    ]  # fmt: skip
    whole = loaded(tmp_path, *records)
    assert whole.manifest.name == "bwh"
    assert set(whole.courses["course_id"]) == {*first.courses["course_id"],
                                              *second.courses["course_id"]}  # fmt: skip


def test_a_part_that_is_none_or_not_there_is_refused(tmp_path: Path) -> None:
    path = a_workbook(tmp_path, in_first(1))
    with pytest.raises(CohortError, match="option part = 'third' is not one of first, second"):
        load("bwh", path, part="third")
    with pytest.raises(CohortError, match="no row of the second source"):
        load("bwh", path, part="second")
    with pytest.raises(CohortError, match="names no source"):
        load("bwh", path, part="first", as_published=True)


def test_a_patient_in_both_sources_is_no_control_and_case_at_once(tmp_path: Path) -> None:
    records = in_first(1), in_first(166), in_second(166, meanscore=3)
    cohort = loaded(tmp_path, *records)
    assert cohort.courses["patient_id"].is_unique
    assert cohort.manifest.exclusions["courses.patient_is_in_one_source"] == 1
    assert sorted(highest(cohort)) == [0.0, 3.0]
    assert len(loaded(tmp_path, *records, part="first").courses) == 1
    alone = loaded(tmp_path, *records, part="second")
    assert "courses.patient_is_in_one_source" not in alone.manifest.exclusions


def test_two_records_of_one_number_are_two_courses_of_one_patient(tmp_path: Path) -> None:
    cohort = loaded(tmp_path, in_first(107), in_first(107, Ferritin=900), in_first(2))
    assert cohort.courses["course_id"].nunique() == 3
    assert cohort.courses["patient_id"].nunique() == 2
    assert len(cohort.grades) == 45


def test_ids_and_order_tell_neither_place_nor_source(tmp_path: Path) -> None:
    firsts, seconds = [in_first(n) for n in range(20)], [in_second(n) for n in range(20, 40)]
    cohort = loaded(tmp_path, *firsts, *seconds)
    turned = loaded(tmp_path, *firsts[::-1], *seconds[::-1])
    pd.testing.assert_frame_equal(cohort.courses, turned.courses)
    pd.testing.assert_frame_equal(cohort.grades, turned.grades)
    site = cohort.courses["site"].tolist()
    assert site != sorted(site)
    assert cohort.courses["course_id"].str.fullmatch(r"bwh-[0-9a-f]{16}").all()


# --- measurements -----------------------------------------------------------------------------


def test_day_0_of_the_second_source_holds_crs_and_is_left_out(tmp_path: Path) -> None:
    told = {"Procalcitonin": 2, "IL_6": 1, "WBC": 3, "Ferritin": 500, **crs(2, 1, 3)}
    cohort = loaded(tmp_path, in_first(1, **told), in_second(2, **told))
    day_0 = cohort.measurements[cohort.measurements["day"] == 0]
    by_site = day_0.merge(cohort.courses[["course_id", "site"]]).groupby("site")["input"].agg(set)
    whole = {"temperature_c", "ferritin_ng_ml", "procalcitonin_ng_ml", "il6_pg_ml", "wbc_10e9_l"}
    assert by_site["bwh first source"] == whole
    assert by_site["bwh second source"] == {"temperature_c", "ferritin_ng_ml"}
    rule = "measurements.value_is_no_day_or_grade_of_crs"
    for name in ("procalcitonin_ng_ml", "il6_pg_ml", "wbc_10e9_l"):
        assert cohort.manifest.exclusions[f"{rule}: {name}"] == 1
        assert len(results(cohort, name)) == 15 + 5


def test_crp_of_unknown_scale_is_left_out_and_not_guessed(tmp_path: Path) -> None:
    cohort = loaded(tmp_path, in_first(1, CRP=22.9), in_second(2, CRP=229))
    assert set(results(cohort, "crp_mg_l")["value"]) == {22.9}
    assert cohort.manifest.exclusions["measurements.scale_is_known: crp_mg_l"] == 6


def test_impossible_numbers_and_words_are_counted(tmp_path: Path) -> None:
    wrong = in_second(2, Temp=[98.6, 10.2, 98.6, 98.6, 98.6, 98.6],
                      Ferritin=["high", 5, 5, 5, 5, 5])  # fmt: skip
    cohort = loaded(tmp_path, in_first(1), wrong)
    assert cohort.manifest.exclusions["measurements.value_is_possible: temperature_c"] == 1
    assert cohort.manifest.exclusions["measurements.value_is_a_number: ferritin_ng_ml"] == 1
    assert len(results(cohort, "temperature_c")) == 20


def test_days_before_the_infusion_are_measured(tmp_path: Path) -> None:
    cohort = loaded(tmp_path, in_first(1), in_second(2, days=range(-10, 3)))
    assert results(cohort, "temperature_c")["day"].min() == -10


def test_of_repeated_rows_equal_ones_count_once_and_others_not_at_all(tmp_path: Path) -> None:
    equal, other = in_second(2), in_second(3)
    equal.insert(3, dict(equal[3]))
    other.insert(3, {**other[3], "meanscore": 2})
    cohort = loaded(tmp_path, in_first(1), equal, other)
    assert cohort.manifest.exclusions["measurements.one_row_per_patient_and_day"] == 3
    rows = cohort.grades[cohort.grades["toxicity"] == "ICANS"].groupby("course_id")["day"]
    assert sorted(rows.agg(len)) == [5, 6, 15]
    assert rows.agg(lambda days: days.is_unique).all()


def test_rows_without_a_patient_or_a_day_are_counted(tmp_path: Path) -> None:
    record = in_first(1)
    record[14]["HospitalDay"] = "last"
    cohort = loaded(tmp_path, record, in_second(2))
    assert cohort.manifest.exclusions["measurements.patient_and_day_are_there"] == 1
    assert cohort.courses["follow_up_days"].max() == 13


# --- gradings ---------------------------------------------------------------------------------


def test_half_a_grade_counts_as_the_worse_and_an_absent_one_is_not_0(tmp_path: Path) -> None:
    cohort = loaded(tmp_path, in_second(2, meanscore=[0, 0.5, 1, 1.5, None, 2.5]))
    assert gradings(cohort, "ICANS") == [(-1, 0), (0, 1), (1, 1), (2, 2), (4, 3)]
    note = next(one for one in cohort.manifest.notes if "half a grade" in one)
    assert "next whole one" in note


def test_what_is_no_grade_or_cannot_be_before_the_infusion_is_counted(tmp_path: Path) -> None:
    cohort = loaded(tmp_path, in_second(2, meanscore=[1, 7, "?", 0, 0, 0]))
    assert cohort.manifest.exclusions["grades.grade_is_0_to_5"] == 2
    assert cohort.manifest.exclusions["grades.grade_is_not_before_infusion"] == 1
    assert gradings(cohort, "ICANS") == [(2, 0), (3, 0), (4, 0)]


@pytest.mark.parametrize(
    ("title", "said", "expected"),
    [
        ("peak after onset", crs(3, 1, 3), [(1, 1), (3, 3)]),
        ("peak on the day of onset", crs(2, 1, 1), [(1, 2)]),
        ("a peak before its onset", crs(2, 3, 1), [(1, 2)]),
        ("grade 1 without a day of its peak", crs(1, 2), [(2, 1)]),
        ("a higher peak without a day", crs(2, 2), []),
        ("no CRS: known at the end of the record only", crs(0), [(4, 0)]),
        ("no CRS, with the day of a peak", crs(0, None, -1), [(4, 0)]),
        ("nothing said", {}, []),
    ],
)
def test_crs_is_told_where_a_day_is_told(
    tmp_path: Path, title: str, said: Row, expected: list[tuple[float, float]]
) -> None:
    cohort = loaded(tmp_path, in_second(2, **said))
    assert gradings(cohort, "CRS") == expected, title


def test_crs_that_cannot_be_placed_is_counted(tmp_path: Path) -> None:
    cohort = loaded(tmp_path, in_first(1, **crs(2, 2)), in_second(2, **crs(0, 2, -1)))
    assert cohort.manifest.exclusions["grades.crs_peak_has_a_day"] == 1
    assert cohort.manifest.exclusions["grades.crs_onset_has_a_peak"] == 1


@pytest.mark.parametrize("said", [crs(0), crs(3, 2, 3), crs(1, 3)])
def test_no_landmark_knows_a_crs_that_the_file_knew_in_hindsight(tmp_path: Path, said: Row) -> None:
    cohort = loaded(tmp_path, in_second(2, **said))
    rows = labels(cohort, Question("q", "CRS", 2, (0.0, 1.0), horizon_days=1.0), "event_free")
    assert len(rows) == 2
    assert rows["current_grade"].isna().all()
    assert (cohort.grades["known_day"] == cohort.grades["day"] + 1).all()


# --- courses ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subtype", "diagnosis"),
    [
        ("DLBCL", "LBCL"),
        ("DL BCL", "LBCL"),
        ("PMBCL (primary mediastinal B-cell lymphma)", "LBCL"),
        ("primary mediastinal large B cell lymphoma", "LBCL"),
        ("PML", "LBCL"),
        ("FL", "FL"),
        ("Follicular lymphoma", "FL"),
        ("follicular lymphoma", "FL"),
        ("Mantle cell lymphoma", "MCL"),
        ("MCL", "MCL"),
        ("MZL", "MZL"),
        ("CLL", "CLL"),
        ("B-ALL", "B-ALL"),
        ("AML", "other"),
        ("Burkitt", "other"),
        ("NHL", None),
        ("aggressive BNHL", None),
        (None, None),
    ],
)
def test_every_spelling_of_a_subtype_is_a_legal_diagnosis_or_none(
    tmp_path: Path, subtype: str | None, diagnosis: str | None
) -> None:
    course = loaded(tmp_path, in_second(2, Subtype=subtype)).courses.iloc[0]
    assert (course["diagnosis"] if diagnosis else pd.isna(course["diagnosis"])) == (
        diagnosis or True
    )
    assert course["product"] == "investigational CD19 CAR-T"


def test_myeloma_is_taken_as_bcma_and_the_sex_in_any_case(tmp_path: Path) -> None:
    cohort = loaded(tmp_path, in_first(1, Subtype="MM", Sex="F"), in_second(2, Sex="m"))
    facts = cohort.courses.set_index("site")[["product", "diagnosis", "sex"]]
    assert facts.loc["bwh first source"].tolist() == ["investigational BCMA CAR-T", "MM", "female"]
    assert facts.loc["bwh second source", "sex"] == "male"
    assert any("product is not in the file" in note for note in cohort.manifest.notes)


def test_the_manifest_says_what_the_cohort_cannot(tmp_path: Path) -> None:
    manifest = loaded(tmp_path, in_first(1), in_second(2)).manifest
    assert (manifest.resolution, manifest.end_of_record) == ("day", "censored")
    assert manifest.grading_system == "unknown"
    said = " ".join(manifest.notes)
    for words in ("tocilizumab have no day", "peak and an onset only", "CC BY-NC 4.0"):
        assert words in said


def test_the_checks_find_nothing_left_to_mend(tmp_path: Path) -> None:
    records = in_first(1, **crs(1, 2)), in_second(2, meanscore=[1, 0.5, 1, 2, 3, 3], **crs(0))
    assert len(check_cohort(loaded(tmp_path, *records))[1]) == 0


# --- as published -----------------------------------------------------------------------------


def test_as_published_nothing_is_mended(tmp_path: Path) -> None:
    told = {"Procalcitonin": 2, "IL_6": 1, "WBC": 3, "CRP": 2297, **crs(2, 1, 3)}
    second = in_second(166, Temp=98.7, meanscore=[1, 0.5, 1, 3, 3, 3], **told)
    second.insert(3, {**second[3], "meanscore": 2})
    path = a_workbook(tmp_path, in_first(166), in_first(2), second)
    cohort, failures = read("bwh", path, as_published=True)
    assert len(failures) == 0
    assert cohort.manifest.name == "bwh as published"
    assert cohort.manifest.exclusions == {}
    assert set(cohort.courses["site"]) == {"bwh"}
    assert cohort.courses["course_id"].tolist() == ["bwh-001", "bwh-002", "bwh-003"]
    assert cohort.courses["patient_id"].is_unique
    rows = cohort.measurements[cohort.measurements["course_id"] == "bwh-003"]
    assert set(rows.loc[rows["input"] == "temperature_c", "value"]) == {98.7}
    assert set(rows.loc[rows["input"] == "crp_mg_l", "value"]) == {2297}
    assert len(rows) == 7 * 5
    assert cohort.measurements[["unit", "source_unit"]].isna().all().all()
    day_0 = rows[rows["day"] == 0].set_index("input")["value"]
    assert day_0[["procalcitonin_ng_ml", "il6_pg_ml", "wbc_10e9_l"]].tolist() == [2, 1, 3]
    icans = cohort.grades[cohort.grades["toxicity"] == "ICANS"]
    assert icans.loc[icans["course_id"] == "bwh-003", "grade"].tolist() == [1, 0.5, 1, 2, 3, 3, 3]
    assert gradings(cohort, "CRS") == [(1, 1), (3, 2)]


def test_as_published_a_diagnosis_stands_only_where_it_was_filled(tmp_path: Path) -> None:
    cohort = loaded(tmp_path, in_first(1), in_second(2), as_published=True)
    assert cohort.courses["diagnosis"].notna().tolist() == [True, False]


def test_as_published_the_order_of_the_file_stays(tmp_path: Path) -> None:
    records = [in_first(n) for n in (5, 3, 9)] + [in_second(n) for n in (4, 1)]
    cohort = loaded(tmp_path, *records, as_published=True)
    first_rows = cohort.measurements.groupby("course_id", sort=False)["source_row"].min()
    assert first_rows.is_monotonic_increasing
    assert cohort.courses["course_id"].tolist() == first_rows.index.tolist()
