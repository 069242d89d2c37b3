"""The same cohort by two roads, CSV files and FHIR records, gives the same predictors."""

import numpy as np
import pandas as pd
import pytest

from features.matrix import default_predictors, feature_matrix
from features.questions import QUESTIONS, labels
from features.sources import fhir, read
from features.sources.synthetic import FRESH_QUESTIONS, synthesize
from features.tables import Cohort
from tests.features.sources.records.fhir_writer import NOW, carried, write_records


@pytest.fixture(scope="module")
def both_roads(tmp_path_factory: pytest.TempPathFactory) -> tuple[Cohort, Cohort]:
    tables = carried(synthesize(20, 7).cohort)
    folder = tmp_path_factory.mktemp("roads")
    csv = folder / "csv"
    csv.mkdir()
    for name, table in tables.items():
        table.drop(columns="source_row", errors="ignore").to_csv(csv / f"{name}.csv", index=False)
    (csv / "cohort.toml").write_text('resolution = "instant"\n')
    records = write_records(tables, folder / "records")
    by_fhir, failures = fhir.read(
        records, mapping=folder / "mapping.toml", grading_system="ASTCT", now=NOW
    )
    assert failures.unmapped is not None
    assert failures.unmapped.empty
    by_csv, refused = read("csv", csv)
    assert failures.counts() == refused.counts()
    return by_csv, by_fhir


def test_both_roads_hold_the_same_rows(both_roads: tuple[Cohort, Cohort]) -> None:
    by_csv, by_fhir = both_roads
    assert by_fhir.manifest.counts == by_csv.manifest.counts
    assert by_fhir.manifest.exclusions == by_csv.manifest.exclusions
    key = "course_id"
    one, other = (c.courses.sort_values(key, ignore_index=True) for c in both_roads)
    told = [name for name in one if name not in ("infused_at", "follow_up_days")]
    pd.testing.assert_frame_equal(one[told], other[told], atol=1e-6, check_dtype=False)
    np.testing.assert_allclose(one["follow_up_days"], other["follow_up_days"], atol=1e-6)


@pytest.mark.parametrize("question", FRESH_QUESTIONS)
def test_both_roads_give_the_same_matrix_and_labels(
    both_roads: tuple[Cohort, Cohort], question: str
) -> None:
    rows, others = (labels(cohort, QUESTIONS[question]) for cohort in both_roads)
    key = ["course_id", "instant"]
    rows, others = (one.sort_values(key, ignore_index=True) for one in (rows, others))
    assert len(rows) > 10
    pd.testing.assert_frame_equal(rows, others, atol=1e-6, check_dtype=False)
    predictors = default_predictors(QUESTIONS[question])
    matrices = [feature_matrix(cohort, rows, predictors) for cohort in both_roads]
    assert matrices[0].notna().any().sum() > 20
    pd.testing.assert_frame_equal(matrices[0], matrices[1], atol=1e-6, rtol=1e-6)
