"""Grades by rule beside those by hand: counted, written whole, never overwritten."""

from pathlib import Path

import pandas as pd
import pytest

from features.cohort_files import read_cohort, write_cohort
from tests.builders import a_cohort, a_grading, a_measurement, a_treatment, an_infusion
from training.__main__ import main
from training.cohort import import_cohort, write_csv_example
from training.grades import grade_to


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    cohort = a_cohort(
        an_infusion("A", follow_up_days=10.0),
        a_measurement("A", 2.0, "temperature_c", 39.2, known_day=2.0),
        a_measurement("A", 2.0, "oxygen_device", "room_air", known_day=2.0),
        a_measurement("A", 2.0, "sbp_mmhg", 120.0, known_day=2.0),
        a_treatment("A", 2.1, "vasopressor", stop_day=3.0, known_day=2.1),
        a_grading("A", 2.2, 1, known_day=2.2, system="ASTCT"),
        a_grading("A", 2.3, 3, known_day=2.3, system="ASTCT"),
    )
    return write_cohort(cohort, tmp_path / "cohort")


def test_a_grade_by_hand_below_the_findings_is_counted_and_kept(mine: Path) -> None:
    report = grade_to(mine)
    assert report.count("CRS") == 2
    assert report.count("CRS", "findings_higher") == report.count("CRS", "agrees") == 1
    assert sorted(read_cohort(mine).grades["grade"]) == [1.0, 3.0]
    assert "3: 1" in report.lines()[0]
    assert any("another cause" in line for line in report.lines())


def test_a_grade_that_agrees_only_as_far_as_was_looked_is_said_to(tmp_path: Path) -> None:
    cohort = a_cohort(
        an_infusion("A", follow_up_days=10.0),
        a_measurement("A", 2.0, "temperature_c", 39.2, known_day=2.0),
        a_grading("A", 2.2, 1, known_day=2.2, system="ASTCT"),
    )
    report = grade_to(write_cohort(cohort, tmp_path / "cohort"))
    assert report.count("CRS", "agrees") == report.undecided["CRS"] == 1
    assert "  1 of these only as far as was looked" in "\n".join(report.lines())


def test_what_was_looked_at_is_not_called_open(mine: Path) -> None:
    assert grade_to(mine).undecided.get("ICANS", 0) == 0


def test_grade_0_by_hand_with_fever_is_told_apart_from_other_differences(tmp_path: Path) -> None:
    cohort = a_cohort(
        an_infusion("A", follow_up_days=10.0),
        a_measurement("A", 2.0, "temperature_c", 39.2, known_day=2.0),
        a_grading("A", 2.2, 0, known_day=2.2, system="ASTCT"),
    )
    said = "\n".join(grade_to(write_cohort(cohort, tmp_path / "cohort")).lines())
    assert "findings_higher 1 (1 of grade 0 by hand)" in said
    assert "contradict" not in said


def test_gradings_are_written_with_the_rule_that_decided(mine: Path, tmp_path: Path) -> None:
    out, differing = tmp_path / "grades.csv", tmp_path / "differing.csv"
    assert main(["grade", str(mine), "--out", str(out), "--disagreements", str(differing)]) == 0
    graded = pd.read_csv(out)
    assert graded.loc[graded["toxicity"] == "CRS", "grade"].max() == 3
    assert graded["rule"].notna().all()
    assert pd.read_csv(differing)["by_hand"].tolist() == [1]


def test_no_findings_are_not_grade_0(tmp_path: Path) -> None:
    cohort = a_cohort(an_infusion("A", follow_up_days=10.0), a_grading("A", 1.0, 0, system="ASTCT"))
    report = grade_to(write_cohort(cohort, tmp_path / "bare"))
    assert 0.0 not in report.gradings["grade"].to_list()
    assert report.count("CRS", "unsupported") == 1


def test_what_is_missing_is_counted_with_what_to_record(tmp_path: Path) -> None:
    cohort = a_cohort(
        an_infusion("A", age_years=61.0, follow_up_days=10.0),
        a_measurement("A", 2.0, "temperature_c", 39.2, known_day=2.0),
        a_grading("A", 2.2, 2, known_day=2.2, system="ASTCT"),
        a_grading("A", 2.4, 2, known_day=2.4, system="ASTCT"),
        a_grading("A", 2.2, 1, "ICANS", known_day=2.2, system="ASTCT"),
    )
    report = grade_to(write_cohort(cohort, tmp_path / "cohort"))
    crs = report.missing[report.missing["toxicity"] == "CRS"]
    assert dict(zip(crs["finding"], crs["times"], strict=True)) == {
        "sbp_mmhg": 2,
        "oxygen_device": 2,
        "vasopressor": 2,
    }
    said = "\n".join(report.lines())
    assert "sbp_mmhg, 2 x: record it in measurements (or map_mmhg), at most 24 h" in said
    assert "vasopressor, 2 x: treatments hold no row at all" in said
    assert "ice_score, 1 x: record it in measurements" in said


def test_where_the_grades_are_decided_nothing_is_asked_for(mine: Path) -> None:
    assert not any(line.startswith("CRS: ") and "open" in line for line in grade_to(mine).lines())


def test_the_example_never_grades_crs_against_its_own_findings(tmp_path: Path) -> None:
    folder = write_csv_example(tmp_path / "csv", courses=120)
    import_cohort("csv", folder, tmp_path / "cohort")
    report = grade_to(tmp_path / "cohort")
    assert report.count("CRS", "findings_higher") == report.count("CRS", "findings_lower") == 0
    assert report.count("CRS", "agrees") > 1000


def test_a_folder_without_a_cohort_is_said(tmp_path: Path, capsys) -> None:
    assert main(["grade", str(tmp_path / "nothing")]) == 2
    assert "CohortError" in capsys.readouterr().err
