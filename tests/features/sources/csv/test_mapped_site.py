"""A site's own files by a mapping: what is read, and what is left out by which rule."""

from pathlib import Path

import pandas as pd
import pytest

from features.errors import CohortError
from tests.mapped_folder import MAPPING, P1, P2, Site, a_result, rejected


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_results_come_in_days_from_infusion_with_limits_and_their_source(site: Site) -> None:
    cohort, failures = site.read(
        [["P1", "2025-03-05 22:00", "CRP", "＜０．５", "mg/dl", "0～5"],
         ["P1", "2025-03-04 04:00", "WBC", "3.5 H", "", "3.5-9.5"],
         ["P1", "2025-03-05 10:00", "O2", "鼻导管", "", ""],
         ["P2", "2025-03-06 10:00", "CRP", "7", "mg pro Liter", "<5"],
         ["P2", "2025-03-06 10:00", "CRS", "Ⅱ级", "", ""],
         ["P2", "2025-03-06 10:00", "junk", "x", "", ""]]
    )  # fmt: skip
    assert len(failures) == 0
    rows = cohort.measurements.set_index("source_row").sort_index()
    assert rows["day"].tolist() == pytest.approx([1.5, -0.25, 1.0, 1.0])
    assert rows.loc[2, ["comparator", "value", "reference_high"]].tolist() == ["<", 5.0, 50.0]
    assert rows.loc[2, ["source_value", "source_unit"]].tolist() == ["<0.5", "mg/dl"]
    assert rows.loc[3, ["value", "reference_low", "reference_high"]].tolist() == [3.5, 3.5, 9.5]
    assert rows.loc[4, "text"] == "nasal_cannula"
    assert rows.loc[5, ["value", "reference_high"]].tolist() == [7.0, 5.0]
    assert pd.isna(rows.loc[5, "reference_low"])
    assert cohort.grades[["course_id", "day", "grade"]].to_numpy().tolist() == [["P2", 1.0, 2.0]]
    assert cohort.courses["infused_at"].iloc[0] == pd.Timestamp("2025-03-04T09:00Z")
    assert "results.csv: test 'junk' (1 rows) is ignored." in cohort.manifest.notes


@pytest.mark.parametrize(
    ("row", "rule", "column"),
    [
        (a_result(at="2025-03"), "day_is_a_whole_date", "at"),
        (a_result(at="04.03.2025"), "day_is_a_date", "at"),
        (a_result(at="2025-03-30 02:30"), "day_is_an_hour_that_exists", "at"),
        (a_result(at=""), "day_is_present", "at"),
        (a_result(at="2025-08-05 10:00"), "day_is_within_follow_up", "at"),
        (a_result(value="阴性"), "value_is_a_number", "result"),
        (a_result(value="negative"), "value_is_a_number", "result"),
        (a_result(value="1,5"), "value_is_a_number", "result"),
        (a_result(unit="stones"), "unit_is_one_of_its_input", "unit"),
        (a_result(unit=""), "unit_is_one_of_its_input", "unit"),
        (["P1", "2025-03-05 10:00", "blood group", "A", "", ""], "input_is_known", "test"),
        (["P9", "2025-03-05 10:00", "CRP", "3", "mg/L", ""], "course_is_known", "ID"),
        (["P1", "2025-03-05 10:00", "O2", "snorkel", "", ""], "level_is_legal", "result"),
    ],
)
def test_a_bad_result_is_listed_by_file_line_and_rule(
    site: Site, row: list[object], rule: str, column: str
) -> None:
    cohort, failures = site.read([a_result(at="2025-03-06 10:00"), row])
    assert rejected(failures) == {("measurements", "results.csv", 3, rule)}
    assert set(failures.rows["column"]) == {column}
    assert failures.rows["legal"].ne("").all()
    assert len(cohort.measurements) == 1


def test_the_hour_that_happens_twice_is_left_out_unless_its_zone_is_written(site: Site) -> None:
    facts = [["P1", "2025-10-20 10:00", "女", "61", "Yescarta", "2025-12-01"]]
    cohort, failures = site.read(
        [a_result(at="2025-10-26 02:30"), a_result(at="2025-10-26T02:30+02:00"),
         a_result(at="2025-10-26T02:30+01:00", value="13"), a_result(at="2025-10-27 09:00")],
        facts,
    )  # fmt: skip
    assert rejected(failures) == {
        ("measurements", "results.csv", 2, "day_is_an_hour_that_exists_once")
    }
    days = cohort.measurements["day"].tolist()
    assert days[1] - days[0] == pytest.approx(1 / 24)
    assert days[2] == pytest.approx(7.0), "the day of the change has 25 hours"


def test_clock_times_without_a_zone_stop_the_import_where_hours_count(site: Site) -> None:
    with pytest.raises(CohortError, match='Say time_zone = "Asia/Shanghai"'):
        site.read([a_result()], zone="")
    assert len(site.read([a_result()], zone="", resolution="day")[0].measurements) == 1
    with pytest.raises(CohortError, match="'Mars' is no time zone"):
        site.read([a_result()], zone="Mars")


def test_days_are_differences_of_dates_of_the_calendar(site: Site) -> None:
    rows = [a_result(at="2025-03-05 00:01"), a_result(at="2025-03-04 23:59")]
    cohort, _ = site.read(rows, resolution="day")
    assert cohort.measurements["day"].tolist() == [1.0, 0.0]
    assert cohort.measurements["known_day"].tolist() == [2.0, 1.0]


def test_a_date_without_its_hour_is_taken_at_the_end_of_the_date(site: Site) -> None:
    cohort, _ = site.read([a_result(at="2025-03-05")])
    assert cohort.measurements["day"].tolist() == pytest.approx([1 + 14 / 24])
    assert cohort.courses["follow_up_days"].iloc[0] == pytest.approx(92 + 14 / 24, abs=0.05)


WITH_REPORTS = MAPPING.replace(
    '"range" = {{ is = "reference" }}', '"range" = {{ is = "known_day", dates = "iso" }}'
)


def test_what_was_reported_on_a_date_is_known_at_its_end(site: Site) -> None:
    rows = [["P1", "2025-03-05", "CRP", "3", "mg/L", "2025-03-06"]]
    for resolution, day, known in (("day", 1.0, 3.0), ("instant", 1 + 14 / 24, 2 + 14 / 24)):
        cohort, failures = site.read(rows, resolution=resolution, mapping=WITH_REPORTS)
        assert len(failures) == 0
        found = cohort.measurements[["day", "known_day"]].to_numpy().tolist()
        assert found == [pytest.approx([day, known])]


def test_a_sample_without_its_hour_is_no_later_than_its_report(site: Site) -> None:
    rows = [["P1", "2025-03-05", "CRP", "3", "mg/L", "2025-03-05 16:00"],
            ["P1", "2025-03-05", "CRP", "4", "mg/L", "2025-03-04 16:00"]]  # fmt: skip
    cohort, failures = site.read(rows, mapping=WITH_REPORTS)
    assert cohort.measurements[["day", "known_day"]].to_numpy().tolist() == [[1.25, 1.25]]
    assert rejected(failures) == {
        ("measurements", "results.csv", 3, "known_is_not_before_it_happened")
    }


def test_an_infusion_without_its_hour_has_no_hours_to_count_from(site: Site) -> None:
    by_day = [P1[0], "2025-03-04", *P1[2:]]
    _, failures = site.read([a_result()], [by_day, P2])
    assert ("courses", "patients.csv", 2, "infusion_is_a_date_with_its_hour") in rejected(failures)
    with pytest.raises(CohortError, match='Say resolution = "day"'):
        site.read([a_result()], [by_day])


@pytest.mark.parametrize(
    ("infused", "rule"),
    [
        ("2099-03-04 10:00", "infusion_is_not_in_the_future"),
        ("2025-03", "infusion_is_a_whole_date"),
        ("", "infusion_is_present"),
        ("soon", "infusion_is_a_date"),
    ],
)
@pytest.mark.parametrize("resolution", ["instant", "day"])
def test_a_course_without_a_usable_infusion_is_left_out_with_its_rows(
    site: Site, infused: str, rule: str, resolution: str
) -> None:
    bad = [P1[0], infused, *P1[2:]]
    cohort, failures = site.read([a_result()], [bad, P2], resolution=resolution)
    assert rejected(failures) == {
        ("courses", "patients.csv", 2, rule),
        ("measurements", "results.csv", 2, "course_was_kept"),
    }
    assert cohort.courses["course_id"].tolist() == ["P2"]


def test_a_negative_age_costs_the_cell(site: Site) -> None:
    cohort, failures = site.read([a_result()], [[*P1[:3], "-3", *P1[4:]], P2])
    assert rejected(failures) == {
        ("courses", "patients.csv", 2, "age_years_is_within_its_range (cell)")
    }
    assert cohort.courses["age_years"].isna().tolist() == [True, False]


@pytest.mark.parametrize(
    "other",
    [
        ["P1", "2025-04-04 10:00", *P1[2:]], [*P1[:2], "男", *P1[3:]], [*P1[:3], "34", *P1[4:]],
        [*P1[:4], "Kymriah", P1[5]],
    ],
    ids=["infusion", "sex", "age", "product"],
)  # fmt: skip
def test_two_patients_of_one_id_are_both_left_out(site: Site, other: list[object]) -> None:
    cohort, failures = site.read([a_result()], [P1, P2, other])
    assert rejected(failures) == {
        ("courses", "patients.csv", 2, "course_id_is_unique"),
        ("courses", "patients.csv", 4, "course_id_is_unique"),
        ("measurements", "results.csv", 2, "course_was_kept"),
    }
    assert cohort.courses["course_id"].tolist() == ["P2"]


def test_a_row_that_is_repeated_or_a_birthday_is_no_contradiction(site: Site) -> None:
    cohort, failures = site.read([a_result()], [P1, P1, [*P1[:3], "62", *P1[4:]], P2])
    assert len(failures) == 0
    assert len(cohort.courses) == 2


def test_rows_that_name_a_patient_find_its_only_course(site: Site) -> None:
    with_courses = MAPPING.replace(
        '"ID" = {{ is = "patient_id" }}',
        '"ID" = {{ is = "patient_id" }}\n"sex" = {{ is = "course_id" }}', 1,
    ).replace('"sex" = {{ is = "sex" }}\n', "", 1)  # fmt: skip
    facts = [["P1", P1[1], "C7", *P1[3:]], ["P2", P2[1], "C8", *P2[3:]],
             ["P2", "2025-05-05 10:00", "C9", *P2[3:]]]  # fmt: skip
    rows = [a_result(), ["P2", "2025-05-06 10:00", "CRP", "3", "mg/L", ""]]
    cohort, failures = site.read(rows, facts, mapping=with_courses)
    assert sorted(cohort.courses["course_id"]) == ["C7", "C8", "C9"]
    assert cohort.measurements[["course_id", "day"]].to_numpy().tolist() == [["C7", 1.0]]
    assert rejected(failures) == {("measurements", "results.csv", 3, "course_is_known")}


def test_a_list_without_patients_is_refused(site: Site) -> None:
    with pytest.raises(CohortError, match="there is no cohort without courses"):
        site.read([a_result()], [["", "", "", "", "", ""]])


def test_codes_are_shown_only_where_several_patients_share_them(site: Site) -> None:
    at = "2025-03-07 10:00"
    facts = [[f"P{n}", *P1[1:]] for n in range(1, 5)]
    rows = [[f"P{n}", at, "Troponin", n, "ng/L", ""] for n in range(1, 4)]
    rows += [[f"P{n}", at, "CRP", n, "mg%", ""] for n in range(1, 5)]
    rows += [["P1", at, "Zaphod", 1, "", ""], ["P1", at, "CRP", 1, "Zaphod", ""]]
    cohort, failures = site.read(rows, facts)
    notes = "\n".join(cohort.manifest.notes)
    assert "test 'Troponin' (3 rows) is not in the mapping; add it to [file.tests]" in notes
    assert "test 'CRP': unit 'mg%' (4 rows) is no unit of crp_mg_l. Say what it means for " in notes
    assert 'units = { "mg%" = "..." }; legal: mg/L | ug/mL | ' in notes
    assert "1 rows hold a unit that is not in the mapping and that fewer than 3" in notes
    assert "1 rows hold a test that is not in the mapping and that fewer than 3" in notes
    assert "Zaphod" not in notes + failures.rows.to_csv()


def test_a_mapping_that_does_not_fit_its_files_is_refused(site: Site, tmp_path: Path) -> None:
    with pytest.raises(CohortError, match="has no heading 'Sex', which the mapping names"):
        site.read([a_result()], mapping=MAPPING.replace('"sex" =', '"Sex" ='))
    with pytest.raises(CohortError, match=r"the mapping names 'labs\.csv', which is not there"):
        site.read([a_result()], mapping=MAPPING.replace("results.csv", "labs.csv"))
    without = MAPPING.replace('"infused" = {{ is = "infused_at", dates = "iso" }}\n', "")
    with pytest.raises(CohortError, match="no column is infused_at"):
        site.read([a_result()], mapping=without)
    with pytest.raises(CohortError, match="not one of 1 rows has a course_id"):
        site.read([["P01", *a_result()[1:]]])


def test_as_published_leaves_out_only_what_cannot_be_read(site: Site) -> None:
    rows = [a_result(value="5000"), a_result(at="2025-03"), a_result(value="negative")]
    cohort, failures = site.read(rows, as_published="true")
    assert cohort.measurements["value"].tolist() == [5000]
    assert set(failures.rows["rule"]) == {"day_is_a_whole_date", "value_is_a_number"}


def test_options_override_the_mapping(site: Site) -> None:
    cohort, _ = site.read([a_result()], resolution="instant", synthetic="true", name="made up")
    assert (cohort.manifest.synthetic, cohort.manifest.name) == (True, "made up")
    assert cohort.manifest.origin == "csv"


def test_two_names_of_one_product_are_no_contradiction(site: Site) -> None:
    again = [*P1[:4], "阿基仑赛注射液（奕凯达）", P1[5]]
    cohort, failures = site.read([a_result()], [P1, again, P2])
    assert len(failures) == 0
    assert cohort.courses["product"].tolist() == ["axicabtagene ciloleucel"] * 2


def test_a_product_nobody_knows_is_listed_by_its_heading(site: Site) -> None:
    _, failures = site.read([], [[*P1[:4], "没有的药", P1[5]], P2])
    (row,) = failures.rows.to_dict("records")
    assert (row["row"], row["column"]) == (2, "product")
    assert row["rule"] == "product_is_in_the_catalogue"


def test_an_infusion_in_the_future_is_listed_by_its_heading(site: Site) -> None:
    _, failures = site.read([], [[P1[0], "2099-03-04 10:00", *P1[2:]], P2])
    (row,) = failures.rows.to_dict("records")
    assert (row["column"], row["rule"]) == ("infused", "infusion_is_not_in_the_future")
