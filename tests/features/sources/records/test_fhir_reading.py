"""FHIR records as hospitals send them: what is read of them."""

import json
from pathlib import Path

import pandas as pd
import pytest

from features.sources import fhir
from tests.features.sources.records.fhir_writer import (
    LOCAL,
    NOW,
    RXNORM,
    a_bundle,
    a_folder,
    a_patient,
    a_procedure,
    a_result,
    an_infusion,
    coded,
    imported,
    quantity,
    without,
)


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
