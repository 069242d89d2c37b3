"""Dates and timestamps of FHIR: zones, clock changes, partial dates, the future."""

from pathlib import Path

import pytest

from features.errors import CohortError
from features.sources import fhir
from tests.features.sources.records.fhir_writer import (
    NOW,
    a_folder,
    a_patient,
    a_result,
    an_infusion,
    imported,
    without,
)


def test_a_timestamp_without_a_zone_needs_the_zone_of_the_site(tmp_path: Path) -> None:
    bare = a_result(effectiveDateTime="2024-03-05T11:00:00", issued="2024-03-05T12:00:00")
    _, refused = imported(tmp_path, bare)
    assert refused.counts() == {"observation.timestamp_has_a_zone": 1}
    assert "time_zone" in refused.rows["legal"].iloc[0]
    cohort, _ = imported(tmp_path, bare, time_zone="Europe/Berlin")
    assert cohort.measurements["day"].tolist() == [1.0]  # 10:00 UTC


@pytest.mark.parametrize(
    ("hour", "rule"),
    [
        ("2024-10-27T02:30:00", "timestamp_is_an_hour_that_exists_once"),
        ("2024-03-31T02:30:00", "timestamp_is_an_hour_that_exists"),
    ],
)
def test_an_hour_of_the_clock_change_is_left_out_by_a_rule(
    tmp_path: Path, hour: str, rule: str
) -> None:
    bare = without(a_result(effectiveDateTime=hour), "issued")
    with_offset = bare | {"effectiveDateTime": hour + "+01:00"}
    day = 230 if "-10-" in hour else 20
    folder = a_folder(tmp_path, a_patient(), an_infusion(day=day), bare, with_offset)
    cohort, failures = fhir.read(folder, time_zone="Europe/Berlin", now=NOW)
    assert failures.counts() == cohort.manifest.exclusions == {f"observation.{rule}": 1}
    assert len(cohort.measurements) == 1


def test_an_infusion_in_the_hour_that_comes_twice_is_counted(tmp_path: Path) -> None:
    twice = an_infusion(effectiveDateTime="2024-10-27T02:30:00")
    with pytest.raises(CohortError, match="timestamp_is_an_hour_that_exists_once: 1"):
        fhir.read(a_folder(tmp_path, a_patient(), twice), time_zone="Europe/Berlin", now=NOW)


def test_what_became_known_in_a_doubled_hour_was_known_at_its_end(tmp_path: Path) -> None:
    twice = a_result(effectiveDateTime="2024-10-27T01:30:00", issued="2024-10-27T02:30:00")
    folder = a_folder(tmp_path, a_patient(), an_infusion(day=230), twice)
    cohort, _ = fhir.read(folder, time_zone="Europe/Berlin", now=NOW)
    row = cohort.measurements.iloc[0]
    assert (row["known_day"] - row["day"]) * 24 == pytest.approx(2.0)


@pytest.mark.parametrize("partial", ["2024", "2024-03"])
def test_a_partial_date_cannot_be_placed(tmp_path: Path, partial: str) -> None:
    _, failures = imported(tmp_path, a_result(effectiveDateTime=partial))
    assert failures.counts() == {"observation.date_names_its_day": 1}


@pytest.mark.parametrize(
    "written", ["2024-13-01", "2024-02-30", "yesterday", "05.03.2024", 20240305]
)
def test_what_is_no_time_is_left_out(tmp_path: Path, written: object) -> None:
    _, failures = imported(tmp_path, a_result(effectiveDateTime=written))
    assert failures.counts() == {"observation.timestamp_is_readable": 1}


@pytest.mark.parametrize(
    ("birth", "age"), [("1960", 63.0), ("1960-05", 63.0), ("1960-03-04", 64.0)]
)
def test_a_partial_birth_date_gives_an_age_with_a_note(
    tmp_path: Path, birth: str, age: float
) -> None:
    folder = a_folder(tmp_path, a_patient(birthDate=birth), an_infusion())
    cohort, _ = fhir.read(folder, now=NOW)
    assert cohort.courses["age_years"].tolist() == [age]
    assert any("half a year" in note for note in cohort.manifest.notes) == (len(birth) < 10)


@pytest.mark.parametrize("birth", ["2031-01-01", "1850-01-01"])
def test_an_age_that_nobody_has_is_emptied_and_counted(tmp_path: Path, birth: str) -> None:
    folder = a_folder(tmp_path, a_patient(birthDate=birth), an_infusion())
    cohort, failures = fhir.read(folder, now=NOW)
    assert cohort.courses["age_years"].isna().all()
    assert failures.counts() == {"courses.age_years_is_within_its_range (cell)": 1}


def test_an_infusion_in_the_future_is_no_course(tmp_path: Path) -> None:
    folder = a_folder(tmp_path, a_patient(), an_infusion(day=4000))
    with pytest.raises(CohortError, match="record_is_not_in_the_future: 1"):
        fhir.read(folder, now=NOW)


@pytest.mark.parametrize("zone", ["Europe/Nowhere", "", "../etc/passwd"])
def test_a_zone_that_does_not_exist_is_refused(tmp_path: Path, zone: str) -> None:
    with pytest.raises(CohortError, match="is no time zone; give an IANA name"):
        imported(tmp_path, time_zone=zone)
