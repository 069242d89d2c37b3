"""Two people under one id, one person under two: told by names and birth dates, never kept."""

from pathlib import Path

import pytest

from features.checks import Failures
from features.sources import read
from features.sources.csv.mapping_draft import draft_files
from features.tables import Cohort
from tests.three_shapes import write_lines

RULE = "patient_id_is_one_person"
MAPPING = """
resolution = "day"
[same_for_all]
product = "Yescarta"
[[file]]
name = "days.csv"
rows = "days"
[file.columns]
"ID" = { is = "patient_id" }
"name" = { is = "patient_name" }
"born" = { is = "birth_date", dates = "day_first" }
"day" = { is = "day" }
"CRP" = { is = "crp_mg_l", unit = "mg/L" }
"sex" = { is = "sex" }
"""
HEADING = ["ID", "name", "born", "day", "CRP", "sex"]
DOE = ["A", "Doe, Zaphod", "01.02.1960", "0", "3"]
ROE = ["B", "Roe", "03.04.1970", "0", "4"]


def read_days(place: Path, *rows: list[str]) -> tuple[Cohort, Failures]:
    write_lines(place / "days.csv", [[*HEADING], *([*row, "f"] for row in rows)], ",", "utf-8")
    (place / "m.toml").write_text(MAPPING)
    return read("csv", place / "days.csv", mapping=place / "m.toml")


@pytest.mark.parametrize(
    "other",
    [["A", "Roe", "01.02.1960", "1", "5"], ["A", "Doe, Zaphod", "02.02.1960", "1", "5"]],
    ids=["name", "birth date"],
)
def test_two_people_of_one_id_are_left_out_with_their_rows(
    tmp_path: Path, other: list[str]
) -> None:
    cohort, failures = read_days(tmp_path, DOE, other, ROE)
    assert cohort.courses["course_id"].tolist() == ["B"]
    assert failures.counts() == {f"courses.{RULE}": 1, "measurements.course_was_kept": 2}
    assert "one name and one birth date for each patient_id" in set(failures.rows["legal"])
    assert "Zaphod" not in failures.rows.to_csv() + str(cohort.manifest.to_dict())


@pytest.mark.parametrize(
    "same",
    [["A", "zaphod DOE", "1.2.1960", "1", "5"], ["A", "", "", "1", "5"],
     ["A", "Doe, Zaphod", "1960", "1", "5"]],
    ids=["another spelling", "nothing", "no whole date"],
)  # fmt: skip
def test_a_name_in_another_spelling_or_none_is_no_contradiction(
    tmp_path: Path, same: list[str]
) -> None:
    cohort, failures = read_days(tmp_path, DOE, same, ROE)
    assert len(failures) == 0
    assert len(cohort.measurements) == 3
    assert not {"patient_name", "birth_date"} & set(cohort.courses)


def test_one_person_of_two_ids_is_counted_in_a_note(tmp_path: Path) -> None:
    def noted(*rows: list[str]) -> list[str]:
        notes = read_days(tmp_path, *rows)[0].manifest.notes
        return [one for one in notes if "share name and birth date" in one]

    (note,) = noted(DOE, ROE, ["C", *DOE[1:]])
    assert note.startswith("2 patient ids share name and birth date with another id.")
    assert noted(DOE, ROE, ["C", *DOE[1:2], *ROE[2:]]) == []


def test_the_draft_places_names_and_birth_dates(tmp_path: Path) -> None:
    heading = ["患者编号", "姓名", "出生日期", "采样日期", "CRP(mg/L)"]
    rows = [["A", "王 伟", "1960-01-02", "2025-03-04", "3"]]
    write_lines(tmp_path / "a.csv", [heading, *rows], ",", "utf-8")
    (draft,) = draft_files([tmp_path / "a.csv"])
    meant = {one.heading: one.meaning for one in draft.entries}
    assert (meant["姓名"], meant["出生日期"]) == ("patient_name", "birth_date")
