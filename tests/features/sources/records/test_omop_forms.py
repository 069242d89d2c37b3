"""OMOP folders: the same cohort as from CSV, in every form of a folder."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.matrix import PredictorSet, feature_matrix
from features.questions import QUESTIONS, labels
from features.sources import read
from features.tables import Cohort
from tests.features.sources.records.omop_rows import a_database, read_omop
from tests.omop_database import a_cohort_with_dates, omop_of, write_csv_folder


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
