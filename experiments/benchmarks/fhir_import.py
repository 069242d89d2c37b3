"""How long a bulk export in NDJSON takes to import, and how much memory: seconds and peak size.

    python experiments/benchmarks/fhir_import.py                  # 1,000 MB, a tenth infused
    python experiments/benchmarks/fhir_import.py --mb 200 --infused 1.0

The export is made up, written to a temporary place, and removed.
"""

import argparse
import json
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from measured_import import measured_import

RESULTS_A_PATIENT = 600
DAY_0 = datetime(2024, 3, 4, 10, 7, tzinfo=UTC)
LABS = (
    ("1988-5", "mg/L", 80.0), ("2276-4", "ng/mL", 2000.0), ("2160-0", "mg/dL", 2.0),
    ("777-3", "10*3/uL", 200.0), ("8310-5", "Cel", 37.0), ("2532-0", "U/L", 300.0),
)  # fmt: skip
ICD_10_PCS = "http://www.cms.gov/Medicare/Coding/ICD10"
NARRATIVE = "made up: no patient is behind this result. " * 4  # as exports carry it


def patient(number: int) -> dict:
    return {"resourceType": "Patient", "id": f"p{number}", "gender": "female",
            "birthDate": f"{1940 + number % 50}-05-0{1 + number % 9}"}  # fmt: skip


def infusion(number: int) -> dict:
    return {
        "resourceType": "Procedure", "id": f"i{number}", "status": "completed",
        "subject": {"reference": f"Patient/p{number}"},
        "code": {"coding": [{"system": ICD_10_PCS, "code": "XW033H7"}]},
        "performedDateTime": DAY_0.isoformat(),
    }  # fmt: skip


def result(number: int, at: int) -> dict:
    code, unit, usual = LABS[at % len(LABS)]
    taken = DAY_0 + timedelta(minutes=47 * (at - 180))
    value = round(usual * (0.9 + 0.2 * (((number + at) * 7919) % 1000) / 1000), 2)
    return {
        "resourceType": "Observation", "id": f"o{number}-{at}", "status": "final",
        "text": {"status": "generated", "div": NARRATIVE},
        "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
        "subject": {"reference": f"Patient/p{number}"}, "effectiveDateTime": taken.isoformat(),
        "issued": (taken + timedelta(hours=2)).isoformat(),
        "valueQuantity": {"value": value, "unit": unit, "code": unit,
                          "system": "http://unitsofmeasure.org"},
    }  # fmt: skip


def make_export(folder: Path, size_mb: int, infused: float) -> tuple[int, int]:
    """Write Patient, Procedure and Observation files; return patients and results."""
    results = number = 0
    names = ("Patient", "Procedure", "Observation")
    files = {name: (folder / f"{name}.ndjson").open("w", encoding="utf-8") for name in names}
    while files["Observation"].tell() < size_mb * 10**6:
        files["Patient"].write(json.dumps(patient(number)) + "\n")
        if number % max(round(1 / infused), 1) == 0:
            files["Procedure"].write(json.dumps(infusion(number)) + "\n")
        for at in range(RESULTS_A_PATIENT):
            files["Observation"].write(json.dumps(result(number, at)) + "\n")
        number, results = number + 1, results + RESULTS_A_PATIENT
    for file in files.values():
        file.close()
    return number, results


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--mb", type=int, default=1000)
    asked.add_argument("--infused", type=float, default=0.1)
    said = asked.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "export"
        folder.mkdir()
        patients, results = make_export(folder, said.mb, said.infused)
        print(f"{said.mb} MB: {results:,} results of {patients:,} patients, {said.infused:.0%} of "
              "them infused", flush=True)  # fmt: skip
        measured_import("fhir", folder, Path(place) / "cohort")


if __name__ == "__main__":
    main()
