"""FHIR records as hospitals send them: what is read, what is left out by which rule."""

import gzip
import json
import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from features.checks import Failures
from features.errors import CohortError
from features.sources import fhir
from features.sources.fhir import files
from features.tables import Cohort
from tests.features.sources.records.fhir_writer import (
    LOCAL,
    NOW,
    RXNORM,
    Resource,
    a_bundle,
    a_patient,
    a_result,
    an_infusion,
    as_lines,
    at,
    coded,
    of,
    quantity,
)


def a_folder(path: Path, *resources: Resource, more: bytes = b"") -> Path:
    folder = path / "records"
    folder.mkdir(exist_ok=True)
    (folder / "any-name.ndjson").write_bytes(as_lines(*resources) + more)
    return folder


def imported(path: Path, *resources: Resource, **options: Any) -> tuple[Cohort, Failures]:
    """The patient P, her infusion, and these."""
    folder = a_folder(path, a_patient(), an_infusion(), *resources)
    return fhir.read(folder, now=NOW, **options)


def a_condition(**cells: Any) -> Resource:
    made = {
        "resourceType": "Condition",
        "code": coded("D89.833", "http://hl7.org/fhir/sid/icd-10-cm"),
        "onsetDateTime": at(3),
    }
    return {**made, **of("P"), **cells}


def a_procedure(day: float = 0, **cells: Any) -> Resource:
    made = {
        "resourceType": "Procedure",
        "status": "completed",
        "code": coded("38228", "http://www.ama-assn.org/go/cpt"),
        "performedDateTime": at(day),
    }
    return {**made, **of("P"), **cells}


def without(resource: Resource, *keys: str) -> Resource:
    return {key: cell for key, cell in resource.items() if key not in keys}


# --- what is read ---------------------------------------------------------------------------------


def test_a_comparator_is_kept_and_issued_decides_what_is_known(tmp_path: Path) -> None:
    il6 = a_result("26881-3", 2, "pg/mL")
    il6["valueQuantity"]["comparator"] = "<"
    ferritin = a_result("2276-4", 40000, "ng/mL", day=2)
    ferritin["valueQuantity"]["comparator"] = ">"
    cohort, failures = imported(tmp_path, il6, ferritin)
    rows = cohort.measurements
    assert len(failures) == 0
    assert rows["comparator"].tolist() == ["<", ">"]
    assert rows["source_value"].tolist() == ["<2", ">40000"]
    assert rows["known_day"].tolist() == pytest.approx([1.1, 2.1])
    assert rows["source_row"].tolist() == [3, 4]


def test_components_of_a_blood_pressure_are_results(tmp_path: Path) -> None:
    panel = without(a_result("85354-9"), "valueQuantity")
    panel["component"] = [
        {"code": coded("8480-6"), "valueQuantity": quantity(90, "mm[Hg]")},
        {"code": coded("8462-4"), "valueQuantity": quantity(50, "mm[Hg]")},
    ]
    cohort, failures = imported(tmp_path, panel)
    assert cohort.measurements[["input", "value"]].to_numpy().tolist() == [
        ["sbp_mmhg", 90.0], ["dbp_mmhg", 50.0],
    ]  # fmt: skip
    assert failures.unmapped is not None
    assert failures.unmapped.empty


def test_codes_match_by_system_never_by_display(tmp_path: Path) -> None:
    disguised = a_result(code="1988-5", day=2)
    disguised["code"] = coded("1988-5", LOCAL, display="C reactive protein")
    odd = a_result(day=3)
    odd["code"]["coding"][0]["display"] = "[Mass/\u200bvolume]"
    cohort, failures = imported(tmp_path, disguised, odd)
    assert cohort.measurements["day"].tolist() == [3.0]
    assert failures.unmapped is not None
    assert failures.unmapped[["system", "code", "label", "count"]].to_numpy().tolist() == [
        [f"local:{LOCAL}", "1988-5", "C reactive protein", 1]
    ]


def test_codings_that_mean_two_things_leave_the_record_out(tmp_path: Path) -> None:
    both, same = a_result(), a_result("59408-5", 97, "%")
    both["code"]["coding"] += coded("2276-4")["coding"]
    same["code"]["coding"] += coded("2708-6")["coding"]
    cohort, failures = imported(tmp_path, both, same)
    assert cohort.measurements["input"].tolist() == ["spo2_percent"]
    assert failures.counts() == {"observation.codings_mean_one_thing": 1}


def test_an_infusion_as_procedure_and_as_medication_is_one(tmp_path: Path) -> None:
    cohort, _ = imported(tmp_path, a_procedure(0.3))
    assert cohort.courses["course_id"].tolist() == ["P-1"]


@pytest.mark.parametrize("place", ["contained", "before", "after", "absolute", "ingredient"])
def test_the_medication_given_may_be_another_resource(tmp_path: Path, place: str) -> None:
    medication = {"resourceType": "Medication", "id": "m", "code": coded("612865", RXNORM)}
    if place == "ingredient":
        del medication["code"]
        medication["ingredient"] = [{"itemCodeableConcept": coded("612865", RXNORM)}]
    given = without(an_infusion(day=2), "medicationCodeableConcept")
    url = {"contained": "#m", "absolute": "https://ehr.example.org/fhir/Medication/m/_history/2"}
    given["medicationReference"] = {"reference": url.get(place, "Medication/m")}
    rows = [medication, given] if place != "after" else [given, medication]
    if place == "contained":
        rows = [given | {"contained": [medication]}]
    cohort, _ = imported(tmp_path, *rows)
    assert cohort.treatments[["agent", "start_day"]].to_numpy().tolist() == [["tocilizumab", 2.0]]


def test_an_infusion_whose_medication_comes_later_is_found(tmp_path: Path) -> None:
    given = without(an_infusion(), "medicationCodeableConcept")
    given["medicationReference"] = {"reference": "Medication/car"}
    medication = {"resourceType": "Medication", "id": "car", "code": coded("1986438", RXNORM)}
    cohort, _ = fhir.read(a_folder(tmp_path, a_patient(), given, medication), now=NOW)
    assert cohort.courses["product"].tolist() == ["tisagenlecleucel"]


def test_a_bundle_refers_by_full_url(tmp_path: Path) -> None:
    patient = without(a_patient(), "id")
    bundle = a_bundle(patient, an_infusion(), a_result())
    bundle["entry"][0]["fullUrl"] = "urn:uuid:6f122869-a856"
    for entry in bundle["entry"][1:]:
        entry["resource"]["subject"] = {"reference": "urn:uuid:6f122869-a856"}
    (tmp_path / "one.json").write_text(json.dumps(bundle, indent=2))
    cohort, _ = fhir.read(tmp_path / "one.json", now=NOW)
    assert cohort.courses["patient_id"].tolist() == ["6f122869-a856"]
    assert len(cohort.measurements) == 1


@pytest.mark.parametrize("packed", ["gz", "zip", "json", "folder"])
def test_every_packing_gives_the_same_cohort(tmp_path: Path, packed: str) -> None:
    resources = (a_patient(), an_infusion(), a_result())
    place = tmp_path / f"records.{packed}"
    if packed == "gz":
        place = tmp_path / "records.ndjson.gz"
        place.write_bytes(gzip.compress(as_lines(*resources)))
    elif packed == "zip":
        with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a/x.ndjson", as_lines(*resources[:2]))
            archive.writestr("b/y.json", json.dumps(a_bundle(resources[2])))
    elif packed == "json":
        place.write_text(json.dumps(a_bundle(*resources)))
    else:
        place.mkdir()
        for number, one in enumerate(resources):
            (place / f"{number}.json").write_text(json.dumps(one, indent=1))
    cohort, _ = fhir.read(place, now=NOW)
    assert cohort.manifest.counts["measurements"] == 1
    assert cohort.measurements["source_row"].tolist() == [3]


# --- time -----------------------------------------------------------------------------------------


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


# --- what is left out -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("resource", "rule"),
    [
        (a_result(unit="stones"), "measurements.unit_is_one_of_its_input"),
        (a_result("2160-0", 88, "mg/dL"), "measurements.value_is_possible_in_its_unit"),
        (a_result(status="entered-in-error"), "observation.record_is_not_entered_in_error"),
        (a_result(status="preliminary"), "observation.result_is_final"),
        (a_result(status="done"), "observation.result_is_final"),
        (without(a_result(), "subject"), "line.record_has_a_subject"),
        (a_result(subject={"reference": "Device"}), "line.record_has_a_subject"),
        (a_result(subject={"reference": "Group/herd1"}), "line.record_has_a_subject"),
        (a_result(subject={"reference": "#inside"}), "line.record_has_a_subject"),
        (without(a_result(), "valueQuantity"), "observation.result_has_a_value"),
        (
            without(a_result(dataAbsentReason=coded("unknown")), "valueQuantity"),
            "observation.result_has_a_value",
        ),
        (
            a_condition(verificationStatus=coded("refuted")),
            "condition.condition_is_not_refuted",
        ),
        (
            a_condition(verificationStatus=coded("entered-in-error")),
            "condition.record_is_not_entered_in_error",
        ),
        (an_infusion(day=3, status="not-done"), "medication.act_is_done"),
        (a_procedure(40), "infusion.infusion_names_its_product"),
        ({"resourceType": 7}, "line.record_is_a_resource"),
    ],
)  # fmt: skip
def test_what_is_left_out_is_counted_by_rule(tmp_path: Path, resource: Resource, rule: str) -> None:
    cohort, failures = imported(tmp_path, resource)
    assert len(cohort.courses) == 1
    assert failures.counts() == {rule: 1}
    assert failures.rows["row"].tolist() == [3]
    assert cohort.manifest.exclusions == {rule: 1}


@pytest.mark.parametrize(
    "line", [b'{"resourceType": "Observation", "sta', b"[" * 9999, b'{"a": \xff}']
)
def test_a_line_that_is_no_json_is_counted(tmp_path: Path, line: bytes) -> None:
    folder = a_folder(tmp_path, a_patient(), an_infusion(), a_result(), more=line)
    cohort, failures = fhir.read(folder, now=NOW)
    assert cohort.manifest.counts["measurements"] == 1
    assert failures.rows[["table", "row", "rule"]].to_numpy().tolist() == [
        ["line", 4, "record_is_json"]
    ]


def test_a_later_version_takes_a_result_back(tmp_path: Path) -> None:
    first = a_result(id="1", meta={"lastUpdated": "2024-03-06T00:00:00Z"})
    back = a_result(id="1", meta={"lastUpdated": "2024-03-07T00:00:00Z"}, status="entered-in-error")
    amended = [
        a_result(id="2", value=10, meta={"versionId": "1"}, day=2),
        a_result(id="2", value=12, meta={"versionId": "2"}, day=2, status="amended"),
    ]
    cohort, failures = imported(tmp_path, back, first, *reversed(amended))
    assert cohort.measurements["value"].tolist() == [12.0]
    assert failures.counts() == {
        "observation.record_is_its_latest_version": 2,
        "observation.record_is_not_entered_in_error": 1,
    }


# --- who is who -----------------------------------------------------------------------------------


def test_two_patients_of_one_id_are_left_out(tmp_path: Path) -> None:
    other = a_patient(birthDate="1999-09-09", gender="male")
    folder = a_folder(tmp_path, a_patient(), other, an_infusion())
    with pytest.raises(CohortError, match="patient_id_is_one_person"):
        fhir.read(folder, now=NOW)


def test_a_corrected_patient_is_still_one(tmp_path: Path) -> None:
    folder = a_folder(
        tmp_path,
        a_patient(meta={"versionId": "2"}, birthDate="1970-01-01"),
        a_patient(meta={"versionId": "1"}),
        an_infusion(),
    )
    cohort, _ = fhir.read(folder, now=NOW)
    assert cohort.courses["age_years"].tolist() == [54.0]


@pytest.mark.parametrize("how", ["link", "circle", "identifier"])
def test_one_patient_of_two_ids_is_kept_under_one(tmp_path: Path, how: str) -> None:
    mrn = [{"system": "http://hospital.example.org/mrn", "value": "4711"}]
    old, new = a_patient("OLD"), a_patient("P")
    if how == "identifier":
        old, new = old | {"identifier": mrn}, new | {"identifier": mrn}
    else:
        old["link"] = [{"other": {"reference": "Patient/P"}, "type": "replaced-by"}]
    if how == "circle":
        new["link"] = [{"other": {"reference": "Patient/OLD"}, "type": "replaces"}]
    folder = a_folder(
        tmp_path, old, new, an_infusion("OLD"), a_result(), a_result(day=2, **of("OLD"))
    )
    cohort, _ = fhir.read(folder, now=NOW)
    assert len(cohort.courses) == 1
    assert cohort.measurements["day"].tolist() == [1.0, 2.0]
    assert any("another id" in note for note in cohort.manifest.notes)


def test_references_in_a_circle_end(tmp_path: Path) -> None:
    ring = [
        {
            "resourceType": "Medication", "id": name,
            "ingredient": [{"itemReference": {"reference": f"Medication/{other}"}}],
        }
        for name, other in (("a", "b"), ("b", "a"))
    ]  # fmt: skip
    given = without(an_infusion(day=2), "medicationCodeableConcept")
    given["medicationReference"] = {"reference": "Medication/a"}
    panel = a_result(id="1", hasMember=[{"reference": "Observation/1"}])
    cohort, _ = imported(tmp_path, *ring, given, panel)
    assert cohort.manifest.counts["measurements"] == 1
    assert cohort.treatments.empty


# --- the file -------------------------------------------------------------------------------------


@pytest.mark.parametrize("packing", ["zip", "ndjson.gz", "json.gz"])
def test_a_bomb_is_refused(tmp_path: Path, packing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "FREE_BYTES", 1 << 20)
    content = b" " * (8 << 20)
    bomb = tmp_path / f"bomb.{packing}"
    if packing == "zip":
        with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.ndjson", content)
    else:
        bomb.write_bytes(gzip.compress(content))
    with pytest.raises(CohortError, match="unpacks to more than 200 times its size"):
        fhir.read(bomb, now=NOW)


def test_a_bomb_of_many_lines_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "FREE_BYTES", 1 << 20)
    bomb = tmp_path / "bomb.ndjson.gz"
    bomb.write_bytes(gzip.compress(as_lines(a_patient()) * 100_000))
    with pytest.raises(CohortError, match="unpacks to more than 200 times"):
        fhir.read(bomb, now=NOW)


def test_a_line_without_an_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LONGEST_LINE", 1000)
    with pytest.raises(CohortError, match="one resource a line"):
        fhir.read(a_folder(tmp_path, a_patient(), more=b"x" * 2000), now=NOW)


@pytest.mark.parametrize("broken", ["records.zip", "records.ndjson.gz"])
def test_a_damaged_file_is_refused(tmp_path: Path, broken: str) -> None:
    whole = gzip.compress(as_lines(a_patient(), an_infusion()))
    (tmp_path / broken).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CohortError, match=r"damaged|no whole zip"):
        fhir.read(tmp_path / broken, now=NOW)


def test_a_damaged_file_of_a_folder_is_told_by_its_place(tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_bytes(as_lines(a_patient()))
    (tmp_path / "Mrs Name.ndjson.gz").write_bytes(gzip.compress(as_lines(a_patient()))[:30])
    with pytest.raises(CohortError, match="file 1 of 2 in the order of their names") as refused:
        fhir.read(tmp_path, now=NOW)
    assert "Mrs" not in str(refused.value)


def test_a_folder_without_records_is_refused(tmp_path: Path) -> None:
    (tmp_path / "readme.txt").write_text("nothing here")
    with pytest.raises(CohortError, match="holds no FHIR records"):
        fhir.read(tmp_path, now=NOW)


@pytest.mark.parametrize("zone", ["Europe/Nowhere", "", "../etc/passwd"])
def test_a_zone_that_does_not_exist_is_refused(tmp_path: Path, zone: str) -> None:
    with pytest.raises(CohortError, match="is no time zone; give an IANA name"):
        imported(tmp_path, time_zone=zone)


def test_progress_is_told_and_grows(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    imported(tmp_path, progress=lambda *step: told.append(step))
    assert [step for step, *_ in told] == ["looking for infusions", "reading their records"]


def test_as_published_keeps_what_breaks_a_range(tmp_path: Path) -> None:
    folder = a_folder(tmp_path, a_patient(), an_infusion(), a_result(value=5000))
    kept, _ = fhir.read(folder, now=NOW, as_published=True)
    checked, _ = fhir.read(folder, now=NOW)
    assert (len(kept.measurements), len(checked.measurements)) == (1, 0)
    assert kept.manifest.name.endswith("as published")


def test_the_cohort_is_in_canonical_dtypes(tmp_path: Path) -> None:
    cohort, _ = imported(tmp_path, a_result())
    assert isinstance(cohort.courses["infused_at"].dtype, pd.DatetimeTZDtype)
