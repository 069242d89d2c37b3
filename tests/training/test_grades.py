"""Grades by rule beside those by hand: counted, written whole, never overwritten."""

from pathlib import Path

import pandas as pd
import pytest

from features.cohort_files import read_cohort, write_cohort
from tests.builders import a_cohort, a_grading, a_measurement, a_treatment, an_infusion
from training.__main__ import main
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


def test_a_grade_by_hand_that_the_findings_contradict_is_counted_and_kept(mine: Path) -> None:
    report = grade_to(mine)
    crs = report.disagreements[report.disagreements["toxicity"] == "CRS"]
    assert crs[["kind", "gradings"]].to_numpy().tolist() == [["contradicted", 1]]
    assert report.by_hand["CRS"] == 2
    assert sorted(read_cohort(mine).grades["grade"]) == [1.0, 3.0]
    assert "3: 1" in report.lines()[0]


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


def test_a_folder_without_a_cohort_is_said(tmp_path: Path, capsys) -> None:
    assert main(["grade", str(tmp_path / "nothing")]) == 2
    assert "CohortError" in capsys.readouterr().err
