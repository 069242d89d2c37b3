"""Wide files of a site: one row a patient and day."""

from pathlib import Path

from features.checks import Failures
from features.sources import read
from features.tables import Cohort
from tests.three_shapes import write_lines

WIDE = """
resolution = "day"
[same_for_all]
product = "Yescarta"
[[file]]
name = "days.csv"
rows = "days"
[file.columns]
"ID" = { is = "patient_id" }
"day" = { is = "day" }
"weight" = { is = "weight_kg" }
"CRP" = { is = "crp_mg_l", unit = "mg/L" }
"CRS" = { is = "crs_grade" }
"toci" = { is = "tocilizumab" }
"""


NOT_THERE = ('"weight"', '"CRS"', '"toci"')


def a_wide_site(tmp_path: Path, *rows: list[object]) -> tuple[Cohort, Failures]:
    file, mapping = tmp_path / "days.csv", tmp_path / "m.toml"
    heading = ["ID", "day", "weight", "CRP", "CRS", "toci", "more"]
    write_lines(file, [heading, *rows], ",", "utf-8")
    mapping.write_text(WIDE)
    return read("csv", file, mapping=mapping)


def test_wide_rows_become_results_grades_and_treatments(tmp_path: Path) -> None:
    cohort, failures = a_wide_site(
        tmp_path, ["A", "D-5", "70", "3", "", "", "x"],
        ["A", "第1天", "70", "4 mg/L", "2级", "是", ""],
        ["A", "2", "70", "", "0", "400", ""], ["A", "3", "", "5", "III", "否", ""],
    )  # fmt: skip
    assert len(failures) == 0
    assert cohort.measurements[["day", "value"]].to_numpy().tolist() == [[-5, 3], [1, 4], [3, 5]]
    assert cohort.grades["grade"].tolist() == [2, 0, 3]
    assert cohort.treatments["start_day"].tolist() == [1, 2]
    assert cohort.courses["product"].tolist() == ["axicabtagene ciloleucel"]
    assert cohort.courses["weight_kg"].tolist() == [70]
    noted = "days.csv: column 'more' (1 filled cells) is not in the mapping and was not read."
    assert noted in cohort.manifest.notes


def test_what_a_wide_row_gets_wrong_is_listed_by_its_heading(tmp_path: Path) -> None:
    cohort, failures = a_wide_site(
        tmp_path, ["A", "1", "70", "high", "7", "maybe", ""], ["A", "2", "80", "3", "0", "", ""],
        ["", "2", "", "3", "", "", ""],
    )  # fmt: skip
    found = set(
        zip(failures.rows["row"], failures.rows["column"], failures.rows["rule"], strict=True)
    )
    assert found == {
        (2, "CRP", "value_is_a_number"), (2, "CRS", "grade_is_within_its_range"),
        (2, "toci", "agent_is_a_flag"), (2, "weight", "weight_kg_is_the_same_in_every_row (cell)"),
        (4, "ID", "course_id_is_present"),
    }  # fmt: skip
    assert cohort.courses["weight_kg"].isna().all()
    assert "maybe" not in failures.rows.to_csv()


def test_days_of_patients_without_any_fact_are_a_cohort_where_the_mapping_says_the_product(
    tmp_path: Path,
) -> None:
    write_lines(tmp_path / "days.csv", [["ID", "day", "CRP"], ["A", "1", "3"]], ",", "utf-8")
    kept = [line for line in WIDE.splitlines() if line.split(" ")[0] not in NOT_THERE]
    (tmp_path / "m.toml").write_text("\n".join(kept))
    cohort, failures = read("csv", tmp_path / "days.csv", mapping=tmp_path / "m.toml")
    assert len(failures) == 0
    assert cohort.courses["product"].tolist() == ["axicabtagene ciloleucel"]
