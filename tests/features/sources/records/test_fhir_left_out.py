"""FHIR records that do not count: by which rule, in which row of which file."""

from pathlib import Path

import pytest

from features.sources import fhir
from tests.features.sources.records.fhir_writer import (
    NOW,
    Resource,
    a_condition,
    a_folder,
    a_patient,
    a_procedure,
    a_result,
    an_infusion,
    coded,
    imported,
    without,
)


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
