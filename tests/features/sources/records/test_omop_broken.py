"""Broken OMOP folders, and broken rows in sound ones."""

import gzip
from pathlib import Path

import pandas as pd
import pytest

from features.errors import CohortError
from features.sources.records.assembling import WITHOUT_INFUSION
from tests.features.sources.records.omop_rows import CRP, a_database, an_infusion, read_omop


def test_without_concepts_it_says_what_can_be_done(tmp_path: Path) -> None:
    folder = a_database(with_concepts=False).write(tmp_path / "cdm")
    (folder / "concept.parquet").unlink()
    with pytest.raises(CohortError, match=r"concept table is absent.*map the concept ids"):
        read_omop(folder)
    mapping = tmp_path / "site.toml"
    mapping.write_text(
        f'[[code]]\nsystem = "OMOP"\ncode = "{CRP}"\ninput = "crp_mg_l"\nunit = "mg/L"'
    )
    cohort, _ = read_omop(folder, mapping=str(mapping))
    assert len(cohort.measurements) == 2


@pytest.mark.parametrize("table", ["person", "measurement", "drug_exposure"])
def test_a_table_that_is_absent_is_named(tmp_path: Path, table: str) -> None:
    folder = a_database().write(tmp_path / "cdm")
    (folder / f"{table}.parquet").unlink()
    with pytest.raises(CohortError, match=f"no table .*{table}"):
        read_omop(folder)


def test_a_column_that_is_absent_is_named(tmp_path: Path) -> None:
    folder = a_database().write(tmp_path / "cdm")
    rows = pd.read_parquet(folder / "measurement.parquet")
    rows.drop(columns="measurement_date").to_parquet(folder / "measurement.parquet")
    with pytest.raises(CohortError, match="measurement lacks measurement_date"):
        read_omop(folder)


@pytest.mark.parametrize(
    ("line", "table", "rule"),
    [
        ("999,1", "measurement", "line_has_the_cells_of_the_header"),
        ("999,\xff,1,2,3", "measurement", "line_has_the_cells_of_the_header"),
        ("999,somebody,3020460,2024-03-06,,9,8751", "measurement", "person_id_is_a_number"),
        ("999,1.5,3020460,2024-03-06,,9,8751", "measurement", "person_id_is_a_number"),
        ("999,1,3020460,2024-03,,9,8751", "observation", "date_names_its_day"),
        ("999,1,3020460,,,9,8751", "observation", "record_is_dated"),
        ("999,1,3020460,2024-03-06,,nine,8751", "observation", "value_as_number_is_a_number"),
    ],
)
def test_one_bad_row_is_left_out_by_a_named_rule(
    tmp_path: Path, line: str, table: str, rule: str
) -> None:
    folder = a_database().write(tmp_path / "cdm", "csv")
    with (folder / "measurement.csv").open("ab") as file:
        file.write(line.encode("latin-1") + b"\n")
    cohort, failures = read_omop(folder)
    assert len(cohort.measurements) == 2
    assert failures.counts() == {f"{table}.{rule}": 1}
    assert cohort.manifest.exclusions == {f"{table}.{rule}": 1, WITHOUT_INFUSION: 1}
    assert failures.rows["file"].tolist() == ["measurement.csv"]
    assert failures.rows["row"].map(type).tolist() == [int]


def test_a_quote_that_does_not_close_is_no_bad_row(tmp_path: Path) -> None:
    folder = a_database().write(tmp_path / "cdm", "csv")
    with (folder / "measurement.csv").open("a") as file:
        file.write('999,1,3020460,2024-03-06,,"9,8751\n' + "1,1,3020460,2024-03-06,,9,8751\n" * 5)
    with pytest.raises(CohortError, match="measurement, line 5: a double quote"):
        read_omop(folder)


def test_an_infusion_in_the_future_is_left_out(tmp_path: Path) -> None:
    made = a_database()
    an_infusion(made, 3, pd.Timestamp("2290-01-01 10:00:00"))
    cohort, failures = read_omop(made.write(tmp_path / "cdm"))
    assert list(cohort.courses["patient_id"]) == ["1", "2"]
    assert failures.counts() == {"medication.record_is_not_in_the_future": 1}


def test_two_people_of_one_id_give_no_course(tmp_path: Path) -> None:
    made = a_database()
    made.add("person", person_id=2, gender_concept_id=8507, year_of_birth=1990)
    cohort, failures = read_omop(made.write(tmp_path / "cdm"))
    assert list(cohort.courses["patient_id"]) == ["1"]
    assert failures.counts()["medication.patient_id_is_one_person"] == 1


def test_a_person_written_twice_alike_is_one(tmp_path: Path) -> None:
    made = a_database()
    made.tables["person"].append(made.tables["person"][0])
    cohort, failures = read_omop(made.write(tmp_path / "cdm"))
    assert len(failures) == 0
    assert len(cohort.courses) == 2


@pytest.mark.parametrize("filling", [b"7" * 1024, b"7," * 512])
def test_a_compression_bomb_ends_in_a_message(tmp_path: Path, filling: bytes) -> None:
    folder = a_database().write(tmp_path / "cdm")
    (folder / "measurement.parquet").unlink()
    header = b"measurement_id,person_id,measurement_concept_id,measurement_date,value_as_number\n"
    with gzip.open(folder / "measurement.csv.gz", "wb", compresslevel=1) as file:
        file.write(header)
        for _ in range(64):
            file.write(filling * 1024)
    with pytest.raises(CohortError, match="a line of more than"):
        read_omop(folder)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("measurement.parquet", b"PAR1 this is none", "measurement.parquet cannot be read"),
        ("measurement.csv", b"\xff\xfe\x00", "cannot be read: it is damaged"),
        ("measurement.csv", b"measurement_id,person_id,person_id\n", "no header"),
        ("measurement.csv.gz", b"no gzip", "cannot be read: it is damaged"),
    ],
)
def test_a_file_that_is_something_else_is_named(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    folder = a_database().write(tmp_path / "cdm")
    (folder / "measurement.parquet").unlink()
    (folder / name).write_bytes(content)
    with pytest.raises(CohortError, match=said):
        read_omop(folder)


def test_a_table_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    folder = a_database().write(tmp_path / "cdm")
    a_database().write(folder, "csv", capitals=True)
    with pytest.raises(CohortError, match="twice"):
        read_omop(folder)


def test_an_archive_is_not_unpacked(tmp_path: Path) -> None:
    archive = tmp_path / "cdm.zip"
    archive.write_bytes(b"PK")
    with pytest.raises(CohortError, match="unpack an archive first"):
        read_omop(archive)


def test_no_infusion_names_the_way_out(tmp_path: Path) -> None:
    made = a_database()
    for row in made.tables["drug_exposure"]:
        row["drug_concept_id"] = 1
    with pytest.raises(CohortError, match="no infusion"):
        read_omop(made.write(tmp_path / "cdm"))
