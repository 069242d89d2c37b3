"""FHIR records for tests: small ones that read like sentences, and a whole cohort as NDJSON.

What a cohort holds and FHIR as written here cannot carry is left out by :func:`carried`: decimals
of an age, the cause of a death, late events, how a grade was seen, and the course's own name.
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.checks import Failures
from features.inputs import INPUTS
from features.sources import fhir
from features.tables import Cohort

Resource = dict[str, Any]
DAY_0 = datetime(2024, 3, 4, 10, tzinfo=UTC)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
LOINC, RXNORM = "http://loinc.org", "http://www.nlm.nih.gov/research/umls/rxnorm"
LOCAL = "http://hospital.example.org/codes"
UCUM = "http://unitsofmeasure.org"
FIELDS = (
    "prior_lines", "bridging", "tumour_burden_fraction", "marrow_blasts_fraction", "bulky_disease",
    "extramedullary", "cns_history", "ecog",
)  # fmt: skip
_DRUGS = {
    "fludarabine_cyclophosphamide": ("24698", "3002"),
    "bendamustine": ("134547",),
    "cyclophosphamide": ("3002",),
}


def at(day: float) -> str:
    return (DAY_0 + timedelta(days=day)).isoformat()


def coded(code: str, system: str = LOINC, **more: Any) -> Resource:
    return {"coding": [{"system": system, "code": code, **more}]}


def quantity(value: float, unit: str) -> Resource:
    return {"value": value, "unit": unit, "system": UCUM, "code": unit}


def of(patient: str) -> Resource:
    return {"subject": {"reference": f"Patient/{patient}"}}


def a_patient(name: str = "P", **cells: Any) -> Resource:
    made = {"resourceType": "Patient", "id": name, "birthDate": "1960-01-01", "gender": "female"}
    return {**made, **cells}


def an_infusion(
    patient: str = "P", day: float = 0, code: str = "1987398", **cells: Any
) -> Resource:
    made = {
        "resourceType": "MedicationAdministration",
        "status": "completed",
        "medicationCodeableConcept": coded(code, RXNORM),
        "effectiveDateTime": at(day),
    }
    return {**made, **of(patient), **cells}


def a_result(
    code: str = "1988-5", value: float = 30, unit: str = "mg/L", day: float = 1, **cells: Any
) -> Resource:
    made = {
        "resourceType": "Observation",
        "status": "final",
        "code": coded(code),
        "effectiveDateTime": at(day),
        "issued": at(day + 0.1),
        "valueQuantity": quantity(value, unit),
    }
    return {**made, **of("P"), **cells}


def a_bundle(*resources: Resource) -> Resource:
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": one} for one in resources],
    }


def as_lines(*resources: Resource) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in resources)


def carried(cohort: Cohort) -> dict[str, pd.DataFrame]:
    """What FHIR can carry of a cohort of one course a patient, with its weights as results."""
    names = dict(zip(cohort.courses["course_id"], cohort.courses["patient_id"] + "-1", strict=True))
    tables = {
        name: cohort.table(name).assign(
            course_id=cohort.table(name)["course_id"].map(names).astype("str")
        )
        for name in ("courses", "measurements", "treatments", "grades")
    }
    courses = tables["courses"].drop(columns="death_cause")
    tables["courses"] = courses.assign(
        age_years=np.floor(courses["age_years"]),
        calendar_year=float(DAY_0.year),
        infused_at=DAY_0,
    )
    weights = pd.DataFrame(
        {
            "course_id": courses["course_id"],
            "day": courses["lymphodepletion_day"] - 1,
            "known_day": courses["lymphodepletion_day"] - 1,
            "input": "body_weight_kg",
            "value": courses["weight_kg"],
            "unit": "kg",
        }
    )
    tables["measurements"] = pd.concat([tables["measurements"], weights], ignore_index=True)
    tables["grades"] = tables["grades"].drop(columns="contact")
    return tables


def write_records(tables: dict[str, pd.DataFrame], folder: Path) -> Path:
    """Write what :func:`carried` returns as NDJSON, one file a table, with ``mapping.toml``."""
    folder.mkdir()
    patients = dict(
        zip(tables["courses"]["course_id"], tables["courses"]["patient_id"], strict=True)
    )
    for name, write in (
        ("courses", _course),
        ("measurements", _measurement),
        ("treatments", _treatment),
        ("grades", _grade),
    ):
        rows = tables[name].astype("object").where(tables[name].notna(), None).to_dict("records")
        made = [one for row in rows for one in write(row, patients[row["course_id"]])]
        (folder / f"{name}.ndjson").write_bytes(as_lines(*made))
    (folder.parent / "mapping.toml").write_text(_mapping(tables), encoding="utf-8")
    return folder


def _mapping(tables: dict[str, pd.DataFrame]) -> str:
    meant = [
        (f"product:{name}", f'product = "{name}"') for name in set(tables["courses"]["product"])
    ]
    meant += [(f"field:{name}", f'field = "{name}"') for name in FIELDS]
    meant += [(f"input:{name}", f'input = "{name}"') for name in INPUTS]
    meant += [(name, f'toxicity = "{name}"') for name in set(tables["grades"]["toxicity"])]
    treatments = tables["treatments"][["agent", "intent"]].drop_duplicates()
    for agent, intent in treatments.itertuples(index=False):
        meant.append((f"agent:{agent}:{intent}", f'agent = "{agent}"\nintent = "{intent}"'))
    meant += [
        (f"diagnosis:{name}", f'diagnosis = "{name}"')
        for name in set(tables["courses"]["diagnosis"])
    ]
    return "\n".join(
        f'[[code]]\nsystem = "{LOCAL}"\ncode = "{code}"\n{words}\n' for code, words in meant
    )


def _local(code: str) -> Resource:
    return coded(code, LOCAL)


def _course(row: dict[str, Any], patient: str) -> list[Resource]:
    born = DAY_0.replace(year=DAY_0.year - int(row["age_years"])) - timedelta(days=40)
    person = a_patient(patient, birthDate=f"{born:%Y-%m-%d}", gender=row["sex"])
    person["managingOrganization"] = {"reference": f"Organization/{row['site']}"}
    if row["death_day"] is not None:
        person["deceasedDateTime"] = at(row["death_day"])
    dose = {"dosage": {"dose": quantity(row["dose_car_t_cells"], "{cells}")}}
    medication = {"medicationCodeableConcept": _local(f"product:{row['product']}")}
    made = [person, an_infusion(patient, 0, **dose, **medication)]
    if row["second_dose_day"] is not None:
        none = {"dosage": {"dose": quantity(0, "{cells}")}}
        made.append(an_infusion(patient, row["second_dose_day"], **none, **medication))
    made += [
        an_infusion(patient, row["lymphodepletion_day"], code)
        for code in _DRUGS[row["lymphodepletion"]]
    ]
    made += [_field(patient, name, row) for name in FIELDS if row[name] is not None]
    return made + _stays(row, patient)


def _field(patient: str, name: str, row: dict[str, Any]) -> Resource:
    day = row["lymphodepletion_day"] - 2
    told = {"valueBoolean": row[name]} if isinstance(row[name], bool) else {
        "valueQuantity": quantity(row[name], "1")
    }  # fmt: skip
    return {
        "resourceType": "Observation", "status": "final", "code": _local(f"field:{name}"),
        "effectiveDateTime": at(day), **of(patient), **told,
    }  # fmt: skip


def _stays(row: dict[str, Any], patient: str) -> list[Resource]:
    diagnosis = {
        "resourceType": "Condition", "code": _local(f"diagnosis:{row['diagnosis']}"),
        "onsetDateTime": at(-300), **of(patient),
    }  # fmt: skip
    end = row["discharge_day"]
    made = [diagnosis, _stay(patient, row["lymphodepletion_day"], end, "IMP")]
    if row["readmission_day"] is not None:
        made.append(_stay(patient, row["readmission_day"], row["follow_up_days"], "IMP"))
    return [*made, _stay(patient, row["follow_up_days"], row["follow_up_days"], "AMB")]


def _stay(patient: str, start: float, end: float | None, kind: str) -> Resource:
    period = {"start": at(start)} | ({"end": at(end)} if end is not None else {})
    return {
        "resourceType": "Encounter", "status": "finished", "class": {"code": kind},
        "period": period, **of(patient),
    }  # fmt: skip


def _measurement(row: dict[str, Any], patient: str) -> list[Resource]:
    one = INPUTS[row["input"]]
    made = a_result(day=row["day"], issued=at(row["known_day"]), **of(patient))
    made["code"] = coded(one.loinc[0]) if one.loinc else _local(f"input:{one.name}")
    if one.is_text:
        del made["valueQuantity"]
        return [made | {"valueString": row["text"]}]
    made["valueQuantity"] = quantity(row["value"], one.unit)
    if row.get("comparator") is not None:
        made["valueQuantity"]["comparator"] = row["comparator"]
    return [made]


def _treatment(row: dict[str, Any], patient: str) -> list[Resource]:
    code = _local(f"agent:{row['agent']}:{row['intent']}")
    made = an_infusion(patient, row["start_day"], medicationCodeableConcept=code)
    if row["stop_day"] is not None:
        del made["effectiveDateTime"]
        made["effectivePeriod"] = {"start": at(row["start_day"]), "end": at(row["stop_day"])}
    dosage: Resource = {"route": {"text": row["route"]}}
    if row["dose"] is not None:
        dosage["dose"] = {"value": row["dose"], "unit": row["dose_unit"]}
    return [made | {"dosage": dosage}]


def _grade(row: dict[str, Any], patient: str) -> list[Resource]:
    made = a_result(day=row["day"], issued=at(row["known_day"]), **of(patient))
    del made["valueQuantity"]
    return [made | {"code": _local(row["toxicity"]), "valueInteger": int(row["grade"])}]


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
