"""Sample resources that nobody here wrote: our light reader against `fhir.resources` (R4B)."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from features.sources.fhir.facts import FACTS, Reading
from features.sources.fhir.times import Clock
from features.sources.records.codes import Codes, system_name
from tests.real_data import data_folder

KINDS = tuple(FACTS)
FOLDERS = ("fhir_r4_examples", "synthea", "fhir_ndjson")


def sample_resources() -> Iterator[dict[str, Any]]:
    for folder in FOLDERS:
        for path in sorted((data_folder() / "interop" / folder).iterdir()):
            text = path.read_text(encoding="utf-8")
            lines = text.splitlines() if path.suffix == ".ndjson" else [text]
            for one in map(json.loads, lines):
                yield from (entry["resource"] for entry in one.get("entry", [{"resource": one}]))


@pytest.fixture(scope="module")
def samples() -> list[dict[str, Any]]:
    absent = [one for one in FOLDERS if not (data_folder() / "interop" / one).is_dir()]
    if absent:
        pytest.skip(f"interop/{absent[0]} is not shipped")
    return list(sample_resources())


def oracle(resource: dict[str, Any]) -> Any:
    kind = resource["resourceType"]
    module = import_module(f"fhir.resources.R4B.{kind.lower()}")
    return getattr(module, kind).model_validate(resource)


def instant(told: Any) -> datetime | None:
    """The instant of what the oracle read; a date is its midnight in UTC."""
    if isinstance(told, datetime):
        return told.astimezone(UTC)
    return datetime(told.year, told.month, told.day, tzinfo=UTC) if isinstance(told, date) else None


def close(one: datetime | None, other: datetime | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs((one - other).total_seconds()) < 1e-3


def the_samples_of(samples: list[dict[str, Any]], kind: str) -> Iterator[tuple[list[Any], Any]]:
    found = [one for one in samples if one["resourceType"] == kind]
    assert found or kind in ("Encounter",)
    for resource in found:
        yield FACTS[kind](resource, Reading(Clock(UTC), Codes())), oracle(resource)


@pytest.mark.real
def test_every_observation_agrees(samples: list[dict[str, Any]]) -> None:
    seen = 0
    for rows, told in the_samples_of(samples, "Observation"):
        parts = list(told.component or [])
        own = [told] if len(rows) > len(parts) else []
        assert len(rows) == len(own) + len(parts)
        end = told.effectivePeriod.end if told.effectivePeriod else None
        start = told.effectivePeriod.start if told.effectivePeriod else None
        taken = instant(told.effectiveDateTime or told.effectiveInstant or end or start)
        issued = instant(told.issued)
        for row, part in zip(rows, own + parts, strict=True):
            assert close(row["start"], taken or issued)
            assert close(row["known"], issued)
            codes = [
                (system_name(one.system), one.code) for one in part.code.coding or [] if one.code
            ]
            assert not codes or (row["system"], row["code"]) in codes
            assert (row["left_out"] == "result_is_final") == (
                told.status not in ("final", "amended", "corrected")
            )
            agrees_in_value(row, part)
            seen += 1
    assert seen > 1500


def agrees_in_value(row: dict[str, Any], part: Any) -> None:
    measured = part.valueQuantity
    if measured is not None and measured.value is not None:
        assert row["value"] == pytest.approx(float(measured.value), rel=1e-12)
        assert row["unit"] in (measured.code, measured.unit)
        assert row["comparator"] == measured.comparator
    elif part.valueCodeableConcept is not None:
        answer = part.valueCodeableConcept
        coded = [one.code for one in answer.coding or []]
        assert row["text"] == answer.text or row["text"].rpartition("|")[2] in coded
    elif part.valueString is not None:
        assert row["text"] == part.valueString.strip()


@pytest.mark.real
@pytest.mark.parametrize(
    "kind", ["Condition", "Procedure", "MedicationAdministration", "Encounter"]
)
def test_every_record_of_a_time_agrees(samples: list[dict[str, Any]], kind: str) -> None:
    prefix = {
        "Condition": "onset",
        "Procedure": "performed",
        "MedicationAdministration": "effective",
    }
    for rows, told in the_samples_of(samples, kind):
        (row,) = rows
        name = prefix.get(kind, "")
        period = getattr(told, f"{name}Period" if name else "period", None)
        start = getattr(told, f"{name}DateTime", None) or (period.start if period else None)
        if kind == "Condition":
            start = start or told.recordedDate
        if isinstance(start, datetime | date):
            assert close(row["start"], instant(start))
        if period is not None and isinstance(period.end, datetime):
            assert close(row["stop"], instant(period.end))
        if kind == "Encounter":
            assert row["code"] == told.class_fhir.code
        elif kind != "MedicationAdministration" and told.code and told.code.coding:
            assert row["code"] in [one.code for one in told.code.coding]


@pytest.mark.real
def test_every_dose_agrees(samples: list[dict[str, Any]]) -> None:
    for rows, told in the_samples_of(samples, "MedicationAdministration"):
        assert rows[0]["dose"] == float(told.dosage.dose.value)
        assert rows[0]["dose_unit"] in (told.dosage.dose.code, told.dosage.dose.unit)
        assert (rows[0]["left_out"] is None) == (told.status in ("completed", "in-progress"))


@pytest.mark.real
def test_every_patient_agrees(samples: list[dict[str, Any]]) -> None:
    for rows, told in the_samples_of(samples, "Patient"):
        assert rows[0]["text"] == told.gender
        born = rows[0]["start"]
        assert (born.date() if born else None) == told.birthDate
        assert (len(rows) == 2) == (told.deceasedDateTime is not None)


@pytest.mark.real
def test_no_sample_breaks_the_reader(samples: list[dict[str, Any]], tmp_path: Path) -> None:
    from features.errors import CohortError
    from features.sources import fhir

    for folder in FOLDERS:
        with pytest.raises(CohortError, match="no infusion of a CAR-T product was found"):
            fhir.read(data_folder() / "interop" / folder)
