"""MEDS: legal by its own schema, a round trip without loss, and data sets of others."""

import json
from pathlib import Path

import meds
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.checks import Failures
from features.cohort_files import write_cohort
from features.errors import CohortError
from features.matrix import PredictorSet, feature_matrix
from features.questions import QUESTIONS, labels
from features.sources import read
from features.sources.meds.writing import DATA_FILE, SCHEMA, write_meds
from features.sources.synthetic import synthesize
from features.tables import TABLES, Cohort
from tests.omop_database import a_cohort_with_dates, write_csv_folder
from training.share import share

STANDARD = ["subject_id", "time", "code", "numeric_value", "text_value"]
DAY_0 = pd.Timestamp("2024-03-04 10:07:13")
DAY = pd.Timedelta(days=1)
AXI_CEL = "RxNorm//1987398"


def read_meds(folder: Path, **options: object) -> tuple[Cohort, Failures]:
    return read("meds", folder, **options)


def written(cohort: Cohort, folder: Path) -> Path:
    folder.mkdir()
    write_meds(cohort, folder)
    return folder


def an_event(subject: int, day: float | None, code: str, number: float | None = None, **cells):
    at = None if day is None else DAY_0 + day * DAY
    return {"subject_id": subject, "time": at, "code": code, "numeric_value": number, **cells}


def a_data_set(folder: Path, *events: dict, codes: dict | None = None) -> Path:
    """A data set of somebody else: one infusion of subject 1, and these events."""
    every = [an_event(1, 0.0, AXI_CEL), *events]
    (folder / "data" / "train").mkdir(parents=True)
    frame = pd.DataFrame(every).sort_values(["subject_id", "time"], na_position="first")
    table = pa.Table.from_pandas(frame, preserve_index=False)
    pq.write_table(table, folder / "data" / "train" / "0.parquet")
    if codes:
        (folder / "metadata").mkdir()
        rows = {"code": list(codes), "unit": list(codes.values())}
        pq.write_table(pa.table(rows), folder / "metadata" / "codes.parquet")
    return folder


# --- Ours -----------------------------------------------------------------------------------------


def test_what_is_written_is_legal_meds(tmp_path: Path) -> None:
    folder = written(synthesize(6, 3).cohort, tmp_path / "set")
    table = pq.read_table(folder / DATA_FILE)
    meds.DataSchema.validate(table)
    meds.CodeMetadataSchema.validate(pq.read_table(folder / meds.code_metadata_filepath))
    meds.DatasetMetadataSchema.validate(
        json.loads((folder / meds.dataset_metadata_filepath).read_text())
    )
    rows = table.to_pandas()
    described = pq.read_table(folder / meds.code_metadata_filepath)["code"].to_pylist()
    assert sorted(rows["code"].unique()) == described
    assert rows["time"].notna().all()
    for _, mine in rows.groupby("subject_id"):
        assert mine["time"].is_monotonic_increasing
        assert mine.index.max() - mine.index.min() + 1 == len(mine)


def test_every_own_column_is_declared(tmp_path: Path) -> None:
    folder = written(synthesize(2, 3).cohort, tmp_path / "set")
    told = json.loads((folder / meds.dataset_metadata_filepath).read_text())
    declared = [one for key, value in told.items() if key.endswith("_columns") for one in value]
    assert sorted([*declared, *STANDARD]) == sorted(SCHEMA.names)


def test_nothing_of_the_future_lies_before_it(tmp_path: Path) -> None:
    """A reader that takes events up to an instant must not meet the end of the story."""
    folder = written(synthesize(6, 3).cohort, tmp_path / "set")
    rows = pq.read_table(folder / DATA_FILE).to_pandas()
    day_0 = rows[rows["table"].eq("infusion")].set_index("course_id")["time"]
    for name in ("follow_up_days", "discharge_day", "death_day", "readmission_day"):
        told = rows[rows["code"].eq(f"VIGICELL//COURSE//{name}")]
        days = (told["time"] - told["course_id"].map(day_0)) / DAY
        assert days.to_numpy() == pytest.approx(told["value"].to_numpy(), abs=1e-9)


@pytest.mark.parametrize("dated", [True, False])
def test_a_cohort_comes_back_as_it_was(tmp_path: Path, dated: bool) -> None:
    cohort = a_cohort_with_dates(8) if dated else synthesize(8, 3).cohort
    back, failures = read_meds(written(cohort, tmp_path / "set"))
    assert len(failures) == 0
    assert back.manifest.to_dict() == cohort.manifest.to_dict()
    for name, table in TABLES.items():
        first, second = (
            one.table(name).sort_values(table.names, ignore_index=True) for one in (cohort, back)
        )
        if name == "measurements":
            first, second = first.drop(columns="unit"), second.drop(columns="unit")
        pd.testing.assert_frame_equal(first, second, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("question", ["severe-crs-72h", "severe-icans-30d"])
def test_csv_to_meds_and_back_gives_the_same_matrix(tmp_path: Path, question: str) -> None:
    cohort, _ = read("csv", write_csv_folder(a_cohort_with_dates(8), tmp_path / "csv"))
    write_cohort(cohort, tmp_path / "cohort")
    share(tmp_path / "cohort", tmp_path / "set", "meds")
    back, _ = read_meds(tmp_path / "set")
    landmarks = labels(cohort, QUESTIONS[question])
    matrices = [feature_matrix(one, landmarks, PredictorSet()) for one in (cohort, back)]
    assert matrices[0].notna().to_numpy().mean() > 0.2
    np.testing.assert_allclose(*matrices, rtol=1e-6, atol=1e-6, equal_nan=True)


def test_a_made_up_calendar_brings_no_date_back(tmp_path: Path) -> None:
    folder = written(synthesize(4, 3).cohort, tmp_path / "set")
    assert pq.read_table(folder / DATA_FILE)["time"].to_pandas().max().year > 1999
    assert read_meds(folder)[0].courses["infused_at"].isna().all()


def test_others_read_our_results_by_the_standard_columns_alone(tmp_path: Path) -> None:
    """Without our own columns and files it is a data set of LOINC codes in canonical units."""
    cohort = a_cohort_with_dates(6)
    folder = written(cohort, tmp_path / "set")
    (folder / "metadata" / "vigicell.json").unlink()
    plain = pq.read_table(folder / DATA_FILE).select([*STANDARD, "unit"])
    pq.write_table(plain, folder / DATA_FILE)
    seen, _ = read_meds(folder)
    assert len(seen.courses) == cohort.courses["product"].isin(seen.courses["product"]).sum() > 0
    mine = cohort.measurements[cohort.measurements["input"].eq("crp_mg_l")]
    mine = mine[mine["course_id"].isin(_dated_alike(cohort, seen))]
    theirs = seen.measurements[seen.measurements["input"].eq("crp_mg_l")]
    assert sorted(theirs["value"]) == pytest.approx(sorted(mine["value"]), rel=1e-6)


def _dated_alike(cohort: Cohort, seen: Cohort) -> pd.Series:
    return cohort.courses.loc[
        cohort.courses["infused_at"].isin(seen.courses["infused_at"]), "course_id"
    ]


# --- Others' ----------------------------------------------------------------------------------


def test_a_data_set_of_others_becomes_a_cohort(tmp_path: Path) -> None:
    folder = a_data_set(
        tmp_path / "set",
        an_event(1, -20_000.0, "MEDS_BIRTH"),
        an_event(1, None, "GENDER//F"),
        an_event(1, 1.25, "LOINC//1988-5", 30.0, unit="mg/L"),
        an_event(1, 2.25, "LOINC//1988-5", None, text_value="<2", unit="mg/L"),
        an_event(1, -3.0, "HOSPITAL_ADMISSION//EW EMER."),
        an_event(1, 9.0, "HOSPITAL_DISCHARGE//HOME"),
        an_event(1, 3.0, "ICD10CM//D89.832"),
        an_event(1, 40.0, "MEDS_DEATH"),
        an_event(2, 1.0, "LOINC//1988-5", 9.0, unit="mg/L"),
    )
    cohort, failures = read_meds(folder)
    course = cohort.courses.iloc[0]
    assert (course["patient_id"], course["sex"], course["age_years"]) == ("1", "female", 54.0)
    assert course["product"] == "axicabtagene ciloleucel"
    assert (course["discharge_day"], course["death_day"]) == pytest.approx((9.0, 40.0))
    assert cohort.measurements["value"].tolist() == [30.0, 2.0]
    assert cohort.measurements["comparator"].fillna("").tolist() == ["", "<"]
    assert cohort.grades[["toxicity", "grade"]].to_numpy().tolist() == [["CRS", 2.0]]
    assert cohort.manifest.delays["crp_mg_l"] == pytest.approx(2 / 24)
    assert len(failures) == 0


@pytest.mark.parametrize(
    ("code", "cells", "codes"),
    [
        ("LOINC//1988-5", {"unit": "mg/dL"}, None),
        ("LOINC/1988-5", {"unit": "mg/dL"}, None),
        ("LOINC//1988-5//mg/dL", {}, None),
        ("LOINC//1988-5", {}, {"LOINC//1988-5": "mg/dL"}),
    ],
)
def test_a_unit_is_found_wherever_it_stands(
    tmp_path: Path, code: str, cells: dict[str, str], codes: dict[str, str] | None
) -> None:
    folder = a_data_set(tmp_path / "set", an_event(1, 1.0, code, 3.0, **cells), codes=codes)
    assert read_meds(folder)[0].measurements["value"].tolist() == [30.0]


def test_codes_nobody_knows_are_listed(tmp_path: Path) -> None:
    folder = a_data_set(
        tmp_path / "set", *[an_event(1, 1.0 + at, "LAB//50868", 1.0) for at in (0, 1)]
    )
    _, failures = read_meds(folder)
    row = failures.unmapped.iloc[0]
    assert (row["system"], row["code"], row["count"]) == ("local:LAB", "50868", 2)
    mapping = tmp_path / "site.toml"
    mapping.write_text(
        '[[code]]\nsystem = "local:LAB"\ncode = "50868"\ninput = "crp_mg_l"\nunit = "mg/L"\n'
    )
    assert len(read_meds(folder, mapping=str(mapping))[0].measurements) == 2


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda folder: (folder / "data" / "train" / "0.parquet").unlink(), "no data/"),
        (
            lambda folder: (folder / "data" / "train" / "0.parquet").write_bytes(b"PAR1"),
            "is no Parquet",
        ),
        (
            lambda folder: pq.write_table(
                pa.table({"time": [1]}), folder / "data" / "train" / "0.parquet"
            ),
            "lacks subject_id, code",
        ),
        (lambda folder: (folder / "metadata").mkdir() or (folder / "metadata" / "vigicell.json")
         .write_text("{"), "vigicell.json cannot be read"),
    ],
)  # fmt: skip
def test_a_broken_data_set_says_what_is_wrong(tmp_path: Path, damage, said: str) -> None:
    folder = a_data_set(tmp_path / "set")
    damage(folder)
    with pytest.raises(CohortError, match=said):
        read_meds(folder)


def test_a_file_is_no_data_set(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("x")
    with pytest.raises(CohortError, match="is no folder"):
        read_meds(tmp_path / "x")
