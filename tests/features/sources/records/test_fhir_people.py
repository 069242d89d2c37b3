"""Who is who in FHIR: two patients of one id, one patient of two ids."""

from pathlib import Path

import pytest

from features.errors import CohortError
from features.sources import fhir
from features.sources.records.assembling import WITHOUT_INFUSION
from tests.features.sources.records.fhir_writer import (
    NOW,
    a_folder,
    a_patient,
    a_result,
    an_infusion,
    imported,
    of,
    without,
)


def test_two_patients_of_one_id_are_left_out(tmp_path: Path) -> None:
    other = a_patient(birthDate="1999-09-09", gender="male")
    folder = a_folder(tmp_path, a_patient(), other, an_infusion())
    with pytest.raises(CohortError, match="patient_id_is_one_person"):
        fhir.read(folder, now=NOW)


def test_records_of_somebody_whose_patient_is_not_in_the_export_are_counted(
    tmp_path: Path,
) -> None:
    folder = a_folder(
        tmp_path, a_patient(), an_infusion(), a_result(), a_result(day=2, **of("P77")),
        a_result(day=3, **of("P77")),
    )  # fmt: skip
    cohort, _ = fhir.read(folder, now=NOW)
    assert cohort.manifest.exclusions == {WITHOUT_INFUSION: 1}
    assert len(cohort.measurements) == 1


def test_an_infusion_written_as_text_alone_is_said_not_to_be_read(tmp_path: Path) -> None:
    spoken = an_infusion("Q") | {"medicationCodeableConcept": {"text": "Yescarta"}}
    folder = a_folder(tmp_path, a_patient(), a_patient("Q"), an_infusion(), spoken)
    cohort, _ = fhir.read(folder, now=NOW)
    assert len(cohort.courses) == 1
    assert any(note.startswith("1 medications or procedures have no code") for note in
               cohort.manifest.notes)  # fmt: skip
    (tmp_path / "alone").mkdir()
    alone = a_folder(tmp_path / "alone", a_patient("Q"), spoken)
    with pytest.raises(CohortError, match="have no code, at most a text"):
        fhir.read(alone, now=NOW)


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
