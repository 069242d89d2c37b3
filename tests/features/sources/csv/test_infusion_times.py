"""Infusion times of the template: zones, the future, and names of products as sites write them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from features.checks import Failures
from features.errors import CohortError
from features.sources import read
from features.sources.csv.template import write_template
from features.tables import Cohort

GOOD = "C0,P0,Kymriah,2024-03-04T10:00+08:00"


def courses_of(
    place: Path, *lines: str, settings: str = "", **options: object
) -> tuple[Cohort, Failures]:
    folder = place / "site"
    folder.mkdir()
    rows = "\n".join(["course_id,patient_id,product,infused_at", *lines])
    (folder / "courses.csv").write_text(rows, encoding="utf-8")
    (folder / "cohort.toml").write_text(f'resolution = "instant"\n{settings}')
    return read("csv", folder, **options)


def rules(failures: Failures) -> list[tuple[int, str, str]]:
    rows = failures.rows
    return list(zip(rows["row"], rows["column"], rows["rule"], strict=True))


def notes_on_zones(cohort: Cohort) -> list[str]:
    return [note for note in cohort.manifest.notes if "zone" in note]


def test_a_course_infused_in_the_future_is_left_out(tmp_path: Path) -> None:
    cohort, failures = courses_of(tmp_path, GOOD, "C1,P1,Kymriah,2099-03-04T10:00Z")
    assert rules(failures) == [(3, "infused_at", "infusion_is_not_in_the_future")]
    assert cohort.courses["course_id"].tolist() == ["C0"]


def test_a_morning_of_asia_is_not_the_future_of_utc(tmp_path: Path) -> None:
    ahead = (datetime.now(UTC) + timedelta(hours=8)).strftime("%Y-%m-%dT%H:%M")
    assert len(courses_of(tmp_path, f"C1,P1,Kymriah,{ahead}")[1]) == 0


def test_a_time_without_a_zone_is_read_as_utc_and_counted(tmp_path: Path) -> None:
    lines = (GOOD, "C1,P1,Kymriah,2024-03-04 10:00", "C2,P2,Kymriah,2024-03-05", "C3,P3,Kymriah,")
    cohort, failures = courses_of(tmp_path, *lines)
    assert len(failures) == 0
    (note,) = notes_on_zones(cohort)
    assert "1 times of infused_at name no zone and were read as UTC" in note
    assert cohort.courses["infused_at"].iloc[1] == pd.Timestamp("2024-03-04 10:00", tz="UTC")


@pytest.mark.parametrize("by_option", [False, True])
def test_a_declared_zone_is_that_of_times_without_one(tmp_path: Path, by_option: bool) -> None:
    lines = (GOOD, "C1,P1,Kymriah,2024-03-04 10:00", "C2,P2,Kymriah,2024-03-04T10:00Z")
    zone = "Asia/Shanghai"
    cohort, _ = (
        courses_of(tmp_path, *lines, time_zone=zone)
        if by_option
        else courses_of(tmp_path, *lines, settings=f'time_zone = "{zone}"')
    )
    hours = cohort.courses["infused_at"].dt.hour.tolist()
    assert hours == [2, 2, 10]
    assert notes_on_zones(cohort) == []


@pytest.mark.parametrize(
    ("written", "rule"),
    [
        ("2025-10-26 02:30", "infused_at_is_an_hour_that_exists_once (cell)"),
        ("2025-03-30 02:30", "infused_at_is_an_hour_that_exists (cell)"),
        ("2025-03", "infused_at_is_a_whole_date (cell)"),
        ("in May", "infused_at_is_a_timestamp (cell)"),
    ],
)
def test_a_time_that_cannot_be_placed_costs_the_cell(
    tmp_path: Path, written: str, rule: str
) -> None:
    cohort, failures = courses_of(
        tmp_path, GOOD, f"C1,P1,Kymriah,{written}", settings='time_zone = "Europe/Berlin"'
    )
    assert rules(failures) == [(3, "infused_at", rule)]
    assert failures.rows["legal"].ne("").all()
    assert cohort.courses["infused_at"].isna().tolist() == [False, True]


def test_a_name_of_no_zone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CohortError, match="'Mars' is no time zone"):
        courses_of(tmp_path, GOOD, settings='time_zone = "Mars"')


def test_the_template_says_how_a_time_without_a_zone_is_read(tmp_path: Path) -> None:
    write_template(tmp_path)
    readme = (tmp_path / "README.txt").read_text(encoding="utf-8")
    assert "read as UTC and counted in a note" in readme
    assert "time_zone" in (tmp_path / "cohort.toml").read_text(encoding="utf-8")


def test_chinese_brands_are_read_and_an_unknown_product_is_listed_by_its_column(
    tmp_path: Path,
) -> None:
    names = (
        "倍诺达",
        "阿基仑赛注射液",
        "阿基仑赛注射液（奕凯达）",
        "ＹＥＳＣＡＲＴＡ",
        "贝林妥欧单抗",
        "没有的药",
    )
    lines = [f"C{at},P{at},{name}," for at, name in enumerate(names)]
    cohort, failures = courses_of(tmp_path, *lines)
    axi = "axicabtagene ciloleucel"
    assert cohort.courses["product"].tolist() == ["relmacabtagene autoleucel", axi, axi, axi]
    assert rules(failures) == [
        (6, "product", "product_is_a_car_t"),
        (7, "product", "product_is_in_the_catalogue"),
    ]
    assert any("贝林妥欧单抗 is no CAR-T" in note for note in cohort.manifest.notes)
