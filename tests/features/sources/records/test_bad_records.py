"""What is wrong with records is counted by rule and place, and nothing is half-written."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.cohort_files import MANIFEST, REJECTED, read_cohort
from features.errors import CohortError
from features.sources import fhir, read
from features.sources.records.assembling import WITHOUT_INFUSION
from tests.features.sources.records.fhir_writer import (
    NOW,
    a_bundle,
    a_folder,
    a_patient,
    a_result,
    an_infusion,
    as_lines,
    of,
)
from tests.features.sources.records.omop_rows import CRP, a_database, read_omop
from tests.omop_database import DAY_0
from training.cohort import import_cohort

MANY = 140_000  # of OMOP: more than one chunk


def a_folder_of_two_files(path: Path) -> Path:
    folder = path / "records"
    folder.mkdir()
    (folder / "a.ndjson").write_bytes(as_lines(a_patient(), an_infusion(), a_result()))
    bad = [a_result(day=2), a_result(status="preliminary", day=3), a_result(unit="stones", day=4)]
    (folder / "b.ndjson").write_bytes(as_lines(*bad) + b'{"resourceType": "Observation", "sta')
    return folder


def test_rejected_rows_of_fhir_name_their_file_and_their_line_in_it(tmp_path: Path) -> None:
    report = import_cohort("fhir", a_folder_of_two_files(tmp_path), tmp_path / "cohort")
    assert (tmp_path / "cohort" / REJECTED).read_text(encoding="utf-8").splitlines()[1:] == [
        'line,b.ndjson,4,,record_is_json,"whole JSON: one resource a line, or one document"',
        "measurements,b.ndjson,3,unit,unit_is_one_of_its_input,"
        + next(iter(report.rejected.loc[report.rejected["row"].eq(3), "legal"])),
        'observation,b.ndjson,2,,result_is_final,"status final, amended or corrected"',
    ]


def test_one_file_needs_no_name_in_the_rejected_rows(tmp_path: Path) -> None:
    folder = a_folder(tmp_path, a_patient(), an_infusion(), a_result(status="preliminary"))
    import_cohort("fhir", folder, tmp_path / "cohort")
    first, *rows = (tmp_path / "cohort" / REJECTED).read_text(encoding="utf-8").splitlines()
    assert first == "table,row,column,rule,legal"
    assert [row.split(",")[:2] for row in rows] == [["observation", "3"]]


def test_rejected_rows_of_omop_name_the_table_they_are_of(tmp_path: Path) -> None:
    made = a_database()
    for table in ("measurement", "observation"):
        made.add(
            table, person_id=1,
            **{f"{table}_concept_id": CRP, f"{table}_date": None, "value_as_number": 1.0},
        )  # fmt: skip
    made.add(
        "measurement", person_id=1, measurement_concept_id=CRP,
        measurement_date=DAY_0.date(), value_as_number=1.0, unit_source_value="stones",
    )  # fmt: skip
    _, failures = read_omop(made.write(tmp_path / "cdm"))
    assert failures.rows[["file", "row", "column", "rule"]].to_numpy().tolist() == [
        ["measurement.parquet", 5, "measurement.unit_concept_id", "unit_is_one_of_its_input"],
        ["measurement.parquet", 4, "measurement.measurement_date", "record_is_dated"],
        ["observation.parquet", 1, "observation.observation_date", "record_is_dated"],
    ]
    assert failures.rows["legal"].ne("").all()
    assert failures.rows["row"].map(type).eq(int).all()


def test_a_row_without_an_id_is_listed_without_one(tmp_path: Path) -> None:
    made = a_database()
    made.tables["measurement"][0] |= {"measurement_id": None, "unit_concept_id": 0}
    folder = made.write(tmp_path / "cdm")
    report = import_cohort("omop", folder, tmp_path / "cohort")
    assert report.rejected["row"].isna().tolist() == [True]
    assert any(line.endswith("row without id") for line in report.rejected_lines())


@pytest.mark.parametrize("origin", ["fhir", "omop", "meds"])
def test_patients_without_an_infusion_are_counted(origin: str, tmp_path: Path) -> None:
    if origin == "fhir":
        twin = [{"system": "http://hospital.example.org/mrn", "value": "4711"}]
        others = [a_patient(name) for name in ("Q", "R")]
        two_ids = [a_patient(name, identifier=twin) for name in ("S", "T")]
        place = a_folder(
            tmp_path, a_patient(), *others, *two_ids, an_infusion(), a_result(**of("Q"))
        )
        expected = 3  # S and T are one person
    elif origin == "omop":
        place, expected = a_database().write(tmp_path / "cdm"), 1
    else:
        place, expected = tmp_path / "meds", 2
        (place / "data").mkdir(parents=True)
        pd.DataFrame(
            {
                "subject_id": [1, 2, 2, 3],
                "time": [DAY_0] * 4,
                "code": ["RxNorm//1987398", *["LOINC//1988-5"] * 3],
            }
        ).to_parquet(place / "data" / "0.parquet")
    cohort, failures = read(origin, place)
    assert cohort.manifest.exclusions == {WITHOUT_INFUSION: expected}
    assert len(failures) == 0


@pytest.mark.parametrize("origin", ["omop", "meds"])
def test_an_origin_without_zones_says_how_it_reads_its_clock(origin: str, tmp_path: Path) -> None:
    place = a_database().write(tmp_path / "cdm")
    if origin == "meds":
        place = tmp_path / "meds"
        (place / "data").mkdir(parents=True)
        pd.DataFrame({"subject_id": [1], "time": [DAY_0], "code": ["RxNorm//1987398"]}).to_parquet(
            place / "data" / "0.parquet"
        )
    cohort, _ = read(origin, place)
    assert any("clock times name no zone" in note for note in cohort.manifest.notes)
    assert (cohort.courses["infused_at"] == DAY_0.tz_localize("UTC")).all()


def test_a_bundle_whose_unit_is_none_of_its_code_loses_that_result_alone(tmp_path: Path) -> None:
    bundle = a_bundle(a_patient(), an_infusion(), a_result("777-3", 90, "mg/L"), a_result())
    (tmp_path / "one.json").write_text(json.dumps(bundle))
    cohort, failures = fhir.read(tmp_path / "one.json", now=NOW)
    assert failures.counts() == {"measurements.unit_is_one_of_its_input": 1}
    assert cohort.measurements["input"].tolist() == ["crp_mg_l"]


def test_a_negative_age_in_omop_is_emptied_and_counted(tmp_path: Path) -> None:
    made = a_database()
    made.tables["person"][0]["year_of_birth"] = 2031
    cohort, failures = read_omop(made.write(tmp_path / "cdm"))
    assert cohort.courses["age_years"].isna().tolist() == [True, False]
    assert failures.counts() == {"courses.age_years_is_within_its_range (cell)": 1}


def test_one_bad_row_among_many_is_found_by_its_line(tmp_path: Path) -> None:
    folder = a_database().write(tmp_path / "cdm", "csv")
    numbers = np.arange(MANY)
    rows = pd.DataFrame(
        {
            "measurement_id": numbers + 100,
            "person_id": numbers % 3 + 1,
            "measurement_concept_id": CRP,
            "measurement_date": DAY_0.date(),
            "measurement_datetime": DAY_0 + pd.to_timedelta(numbers, "s"),
            "value_as_number": 9.5,
            "unit_concept_id": 8751,
        }
    )
    with (folder / "measurement.csv").open("a", encoding="utf-8") as file:
        file.write(rows[:-9].to_csv(index=False, header=False))
        file.write("7,one cell too few\n")
        file.write(rows[-9:].to_csv(index=False, header=False))
    cohort, failures = read_omop(folder)
    assert failures.rows[["table", "file", "row", "rule"]].to_numpy().tolist() == [
        ["measurement", "measurement.csv", MANY - 4, "line_has_the_cells_of_the_header"]
    ]
    assert len(cohort.measurements) == 2 + sum(numbers % 3 < 2)


def test_one_bad_line_among_many_is_found_by_its_line(tmp_path: Path) -> None:
    good = as_lines(*(a_result(day=second / 86_400) for second in range(25_000)))
    folder = a_folder(tmp_path, a_patient(), an_infusion(), more=good + b'{"resour\n' + good)
    cohort, failures = fhir.read(folder, now=NOW, as_published=True)
    assert failures.rows[["row", "rule"]].to_numpy().tolist() == [[25_003, "record_is_json"]]
    assert len(cohort.measurements) == 50_000


@pytest.mark.parametrize("origin", ["fhir", "omop"])
@pytest.mark.parametrize("earlier", [False, True])
def test_a_refused_import_writes_nothing_and_keeps_what_was_there(
    origin: str, earlier: bool, tmp_path: Path
) -> None:
    destination = tmp_path / "cohorts" / "mine"
    if earlier:
        import_cohort("omop", a_database().write(tmp_path / "sound"), destination)
    before = sorted((one.name, one.read_bytes()) for one in destination.glob("*"))
    if origin == "fhir":
        place = a_folder(tmp_path, a_patient(), an_infusion())
        (place / "z.ndjson.gz").write_bytes(b"\x1f\x8b no gzip")  # told when the rest is read
    else:
        place = a_database().write(tmp_path / "cdm", "csv")
        with (place / "measurement.csv").open("a") as file:
            file.write('999,1,3020460,2024-03-06,,"9,8751\n')
    with pytest.raises(CohortError):
        import_cohort(origin, place, destination)
    assert sorted((one.name, one.read_bytes()) for one in destination.glob("*")) == before
    assert [one.name for one in tmp_path.glob("cohorts/*")] == ["mine"] * earlier
    if earlier:
        assert len(read_cohort(destination).courses) == 2
        assert (destination / MANIFEST).is_file()
