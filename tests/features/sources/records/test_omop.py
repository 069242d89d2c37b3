"""OMOP folders: the same cohort as from CSV, and every kind of broken folder."""

import gzip
import socket
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from features.checks import Failures
from features.errors import CohortError
from features.matrix import PredictorSet, feature_matrix
from features.questions import QUESTIONS, labels
from features.sources import read
from features.sources.omop.folder import open_folder
from features.tables import Cohort
from tests.omop_database import DAY, DAY_0, Database, a_cohort_with_dates, omop_of, write_csv_folder
from tests.real_data import real_file

CRP, AXI_CEL = 3020460, 792844


def read_omop(folder: Path, **options: object) -> tuple[Cohort, Failures]:
    return read("omop", folder, **options)


def a_database(*, with_concepts: bool = True) -> Database:
    """Persons 1 and 2 with an infusion, person 3 without, and a CRP of each."""
    made = Database()
    for person in (1, 2, 3):
        made.add(
            "person", person_id=person, gender_concept_id=8532, year_of_birth=1960,
            month_of_birth=1, day_of_birth=1,
        )  # fmt: skip
        a_result(made, person, day=1.0, value=30.0)
    for person in (1, 2):
        an_infusion(made, person)
    if with_concepts:
        made.concept("LOINC", "1988-5", CRP)
        made.concept("UCUM", "mg/L", 8751)
    return made


def an_infusion(made: Database, person: int, at: pd.Timestamp = DAY_0, **cells: object) -> None:
    made.add(
        "drug_exposure", person_id=person,
        **{"drug_concept_id": AXI_CEL, "drug_exposure_start_date": at.date(),
           "drug_exposure_start_datetime": at} | cells,
    )  # fmt: skip


def a_result(
    made: Database, person: int, *, day: float, value: float | None, **cells: object
) -> None:
    at = DAY_0 + day * DAY
    made.add(
        "measurement", person_id=person,
        **{"measurement_concept_id": CRP, "measurement_date": at.date(),
           "measurement_datetime": at, "value_as_number": value, "unit_concept_id": 8751} | cells,
    )  # fmt: skip


def measured(cohort: Cohort) -> pd.DataFrame:
    return cohort.measurements.sort_values(["course_id", "day"], ignore_index=True)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Cohort, Cohort]:
    """One cohort by way of CSV and by way of OMOP."""
    place = tmp_path_factory.mktemp("both")
    cohort = a_cohort_with_dates(20)
    database = omop_of(cohort)
    mapping = database.write_mapping(place / "site.toml")
    from_omop, failures = read_omop(database.write(place / "omop"), mapping=str(mapping))
    assert len(failures) == 0
    assert len(failures.unmapped) == 0
    return read("csv", write_csv_folder(cohort, place / "csv"))[0], from_omop


@pytest.mark.parametrize("question", ["severe-crs-72h", "severe-icans-30d"])
def test_csv_and_omop_give_the_same_matrix(both: tuple[Cohort, Cohort], question: str) -> None:
    from_csv, from_omop = both
    landmarks = labels(from_csv, QUESTIONS[question])
    first = feature_matrix(from_csv, landmarks, PredictorSet())
    second = feature_matrix(from_omop, landmarks, PredictorSet())
    assert first.notna().to_numpy().mean() > 0.2
    np.testing.assert_allclose(first, second, rtol=1e-6, atol=1e-6, equal_nan=True)


def test_csv_and_omop_give_the_same_outcomes(both: tuple[Cohort, Cohort]) -> None:
    from_csv, from_omop = (labels(one, QUESTIONS["severe-crs-72h"]) for one in both)
    assert from_csv["outcome"].sum() > 0
    pd.testing.assert_frame_equal(from_csv, from_omop)


@pytest.mark.parametrize(
    ("fmt", "capitals"), [("csv", False), ("csv", True), ("csv.gz", True), ("parquet", True)]
)
def test_every_form_of_a_folder_is_read_alike(tmp_path: Path, fmt: str, capitals: bool) -> None:
    plain, _ = read_omop(a_database().write(tmp_path / "plain"))
    other, _ = read_omop(a_database().write(tmp_path / "other", fmt, capitals=capitals))
    for name in ("courses", "measurements"):
        pd.testing.assert_frame_equal(plain.table(name), other.table(name))
    assert list(plain.courses["patient_id"]) == ["1", "2"]
    assert plain.measurements["value"].tolist() == [30.0, 30.0]


def test_a_table_may_be_a_folder_of_parts(tmp_path: Path) -> None:
    folder = a_database().write(tmp_path / "cdm")
    rows = pd.read_parquet(folder / "measurement.parquet")
    (folder / "measurement.parquet").unlink()
    (folder / "measurement").mkdir()
    for part in range(3):
        rows.iloc[[part]].to_parquet(folder / "measurement" / f"part-{part}.parquet")
    assert len(read_omop(folder)[0].measurements) == 2


@pytest.mark.parametrize(
    ("cells", "comparator", "value"),
    [
        ({"operator_concept_id": 4171756}, "<", 2.0),
        ({"operator_concept_id": 4172704}, ">", 2.0),
        ({"operator_concept_id": 4171754}, "<=", 2.0),
        ({"operator_concept_id": 4171755}, ">=", 2.0),
        ({"operator_concept_id": 4172703}, None, 2.0),
        ({"value_source_value": "<2"}, "<", 2.0),
        ({"value_as_number": None, "value_source_value": "> 400"}, ">", 400.0),
    ],
)
def test_censored_results_keep_their_comparator(
    tmp_path: Path, cells: dict[str, object], comparator: str | None, value: float
) -> None:
    made = a_database()
    a_result(made, 1, day=2.0, **{"value": 2.0, **cells})
    row = measured(read_omop(made.write(tmp_path / "cdm"))[0]).iloc[1]
    assert row["value"] == value
    assert row["comparator"] == comparator or (comparator is None and pd.isna(row["comparator"]))


def test_a_result_of_a_date_alone_is_known_at_the_end_of_its_day(tmp_path: Path) -> None:
    made = a_database()
    for at in (None, DAY_0.normalize() + 3 * DAY):  # no instant, and one that is midnight
        day = {"measurement_date": (DAY_0 + 3 * DAY).date(), "measurement_datetime": at}
        a_result(made, 1, day=3.0, value=31.0 + float(at is None), **day)
    cohort, _ = read_omop(made.write(tmp_path / "cdm"))
    end_of_day = (DAY_0.normalize() + 4 * DAY - DAY_0) / DAY
    rows = measured(cohort).iloc[1:3]
    assert rows["day"].tolist() == pytest.approx([end_of_day] * 2)
    assert (rows["known_day"] >= end_of_day).all()


def test_a_delay_is_declared_for_every_laboratory_value(tmp_path: Path) -> None:
    cohort, _ = read_omop(a_database().write(tmp_path / "cdm"))
    row = cohort.measurements.iloc[0]
    assert row["known_day"] - row["day"] == pytest.approx(2 / 24)
    assert cohort.manifest.delays["il6_pg_ml"] == 1.0
    mapping = tmp_path / "site.toml"
    mapping.write_text("[delays]\ncrp_mg_l = 0.25\n")
    declared, _ = read_omop(tmp_path / "cdm", mapping=str(mapping))
    row = declared.measurements.iloc[0]
    assert row["known_day"] - row["day"] == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("table", "cells"),
    [
        ("procedure_occurrence", {"procedure_source_value": "XW033H7"}),
        ("procedure_occurrence", {"procedure_source_concept_id": 2_000_000_900}),
        ("drug_exposure", {"drug_source_concept_id": AXI_CEL}),
    ],
)
def test_an_infusion_is_found_by_its_source_code(
    tmp_path: Path, table: str, cells: dict[str, object]
) -> None:
    made = a_database()
    made.concept("ICD10PCS", "XW043H7", 2_000_000_900)
    start = "procedure" if table.startswith("procedure") else "drug_exposure_start"
    kind = table.split("_")[0]
    made.add(
        table, person_id=3,
        **{f"{kind}_concept_id": 0, f"{start}_date": DAY_0.date(), f"{start}_datetime": DAY_0},
        **cells,
    )  # fmt: skip
    cohort, _ = read_omop(made.write(tmp_path / "cdm"))
    assert list(cohort.courses["patient_id"]) == ["1", "2", "3"]


def test_displays_never_match(tmp_path: Path) -> None:
    made = a_database()
    concept = made.concept("LOINC", "0000-0")
    a_result(made, 1, day=2.0, value=9.0, measurement_concept_id=concept)
    frames = made.frames()
    frames["concept"].loc[:, "concept_name"] = "C reactive protein [Mass/volume]"
    folder = made.write(tmp_path / "cdm")
    frames["concept"].to_parquet(folder / "concept.parquet")
    cohort, failures = read_omop(folder)
    assert len(cohort.measurements) == 2
    assert failures.unmapped[["system", "code", "count"]].to_numpy().tolist() == [
        ["LOINC", "0000-0", 1]
    ]


def test_units_nobody_knows_are_listed_with_counts(tmp_path: Path) -> None:
    made = a_database()
    for day in (2.0, 3.0):
        a_result(made, 1, day=day, value=9.0, unit_concept_id=0, unit_source_value="stones")
    _, failures = read_omop(made.write(tmp_path / "cdm"))
    row = failures.unmapped.iloc[0]
    assert (row["kind"], row["unit"], row["count"]) == ("unit", "stones", 2)
    assert failures.counts() == {"measurements.unit_is_one_of_its_input": 2}


# --- Broken folders ----------------------------------------------------------------------------


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
    assert cohort.manifest.exclusions == {f"{table}.{rule}": 1}


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


# --- Nothing leaves the machine ----------------------------------------------------------------


def test_the_engine_reaches_no_network_and_no_other_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = a_database().write(tmp_path / "cdm")
    elsewhere = tmp_path / "elsewhere.csv"
    elsewhere.write_text("a\n1\n")

    def refuse(*_: object) -> None:
        raise AssertionError("something was asked of the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    read_omop(folder)
    with open_folder(folder) as opened:
        for forbidden in (
            "INSTALL httpfs",
            "LOAD httpfs",
            "SELECT * FROM read_csv('https://example.org/x.csv')",
            f"FROM read_csv('{elsewhere}')",
            "SET autoinstall_known_extensions = true",
            "SET enable_external_access = true",
        ):
            with pytest.raises(duckdb.Error):
                opened.engine.execute(forbidden).fetchall()
        told = opened.engine.execute(
            "SELECT name, value FROM duckdb_settings() WHERE name IN "
            "('autoinstall_known_extensions', 'autoload_known_extensions')"
        ).fetchall()
    assert {value for _, value in told} == {"false"}


# --- A database nobody here wrote --------------------------------------------------------------


@pytest.fixture(scope="module")
def synthea(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The CDM 5.4 of Synthea, unpacked for this run only."""
    import zipfile

    place = tmp_path_factory.mktemp("synthea")
    with zipfile.ZipFile(real_file("interop/omop/Synthea27Nj_5.4.zip")) as archive:
        for one in archive.namelist():
            if "/" not in one:
                archive.extract(one, place)
    return place


@pytest.mark.real
def test_a_true_database_without_car_t_says_so(synthea: Path) -> None:
    with pytest.raises(CohortError, match="no infusion"):
        read_omop(synthea)


@pytest.mark.real
def test_a_true_database_gives_the_results_that_pandas_counts(
    synthea: Path, tmp_path: Path
) -> None:
    """A common procedure is called an infusion: each is a course with its results."""
    procedures = pd.read_csv(synthea / "PROCEDURE_OCCURRENCE.csv")
    code = procedures["procedure_source_value"].mode()[0]
    mapping = tmp_path / "site.toml"
    mapping.write_text(f'[[code]]\nsystem = "SNOMED"\ncode = "{code}"\nproduct = "axi-cel"\n')
    cohort, failures = read_omop(synthea, mapping=str(mapping))
    mine = procedures[procedures["procedure_source_value"].eq(code)]
    assert cohort.courses["patient_id"].nunique() == mine["person_id"].nunique()
    first = pd.to_datetime(mine.groupby("person_id")["procedure_date"].min())
    results = pd.read_csv(synthea / "MEASUREMENT.csv")
    weights = results[results["measurement_source_value"].eq("29463-7")]
    since = weights["person_id"].map(first) - pd.Timedelta(days=90)
    expected = weights[pd.to_datetime(weights["measurement_date"]) >= since]
    kept = cohort.measurements[cohort.measurements["input"].eq("body_weight_kg")]
    left_out = failures.rows[failures.rows["table"].eq("measurements")]["row"]
    assert len(expected) > 100
    assert set(kept["source_row"]) | set(left_out) >= set(expected["measurement_id"])
    assert set(kept["source_row"]) <= set(expected["measurement_id"])
    of_kept = expected.set_index("measurement_id")["value_as_number"]
    assert kept["value"].to_numpy() == pytest.approx(of_kept[kept["source_row"]].to_numpy())
