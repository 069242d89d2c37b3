"""A cohort shared as CSV is read back by the csv origin: the same cohort, the same predictors."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.cohort_files import read_cohort, write_cohort
from features.matrix import PredictorSet, feature_matrix
from features.questions import QUESTIONS, labels
from features.sources import read
from features.tables import TABLES, Cohort, cohort_of
from tests.builders import a_cohort, a_grading, an_infusion
from tests.omop_database import a_cohort_with_dates
from training.__main__ import main
from training.share import share


def told(cohort: Cohort) -> Cohort:
    """A cohort whose results say what the source had, as those of every import do."""
    results = cohort.measurements
    return replace(
        cohort,
        measurements=results.assign(
            source_value=results["value"].map(lambda value: f"as it came {value}").astype("str"),
            source_unit="stones",
            source_row=np.arange(7.0, 7.0 + len(results)),
        ),
    )


def by_day() -> Cohort:
    """Days only, another grading system, a source with a known fault, text in many columns."""
    made = a_cohort(
        an_infusion("A", vector_lot="007", site="Nord, Haus 2", follow_up_days=40.0),
        an_infusion("B", infused_at="2024-03-04T10:00:00.123456Z", bridging=True),
        a_grading("A", 1.0, 2.0),
    )
    manifest = replace(
        made.manifest, name="by day", origin="unicar", resolution="day", grading_system="Lee",
        end_of_record="ended_at_peak", known_faults=["row_order"], notes=["as it was told"],
    )  # fmt: skip
    doubted = pd.DataFrame(
        {
            "course_id": ["A"], "day": [2.0], "input": ["creatinine_mg_dl"], "value": [20.0],
            "unit": ["mg/dL"], "comparator": [">"],
        }
    )  # fmt: skip
    return cohort_of(
        manifest, courses=made.courses, grades=made.grades.drop(columns="known_day"),
        measurements=doubted,
    )  # fmt: skip


COHORTS = {"by the hour": lambda: told(a_cohort_with_dates(8)), "by day": by_day}


@pytest.fixture(params=COHORTS)
def mine(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return write_cohort(COHORTS[request.param](), tmp_path / "mine")


def predictors(cohort: Cohort) -> np.ndarray:
    rows = labels(cohort, QUESTIONS["severe-crs-72h"])
    return feature_matrix(cohort, rows, PredictorSet()).to_numpy(dtype=float)


@pytest.mark.parametrize("de_identify", [False, True])
def test_what_is_read_back_is_the_same_cohort(
    mine: Path, tmp_path: Path, de_identify: bool
) -> None:
    done = share(mine, tmp_path / "out", "csv", de_identify=de_identify)
    shared = read_cohort(done.destination)
    back, failures = read("csv", done.destination)
    assert failures.counts() == {}
    for name in TABLES:
        # The source of what is read back is the shared file: its line, and its value where the
        # shared file (de-identified, say) tells of no earlier one.
        untold = shared.measurements.columns[shared.measurements.isna().all()]
        cannot = ["source_row", *untold.intersection(["source_value", "source_unit"])]
        before, after = (one.table(name).drop(columns=cannot, errors="ignore")
                         for one in (shared, back))  # fmt: skip
        if name == "courses":
            after = after.assign(product=before["product"])  # a short name becomes the full one
        pd.testing.assert_frame_equal(after, before)
    np.testing.assert_allclose(predictors(back), predictors(shared), rtol=0, atol=1e-6)
    said = [one.manifest.to_dict() for one in (back, shared)]
    notes = [one.pop("notes") for one in said]
    assert said[0] == said[1]
    assert set(notes[1]) <= set(notes[0])


def test_a_shared_folder_without_ids_gives_the_predictors_of_the_cohort(tmp_path: Path) -> None:
    mine = write_cohort(told(a_cohort_with_dates(8)), tmp_path / "mine")
    done = share(mine, tmp_path / "out", "csv", de_identify=True)
    both = [predictors(one) for one in (read_cohort(mine), read("csv", done.destination)[0])]
    ordered = [np.sort(np.nan_to_num(one, nan=-1.0), axis=0) for one in both]
    np.testing.assert_allclose(*ordered, rtol=0, atol=1e-6)


def test_the_commands_share_and_import(
    mine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shared, again = tmp_path / "shared", tmp_path / "again"
    assert main(["share", str(mine), str(shared), "--format", "csv"]) == 0
    assert "Read back: import csv (all but source_row" in capsys.readouterr().out
    assert main(["import", "csv", str(shared), str(again)]) == 0
    assert read_cohort(again).manifest.counts == read_cohort(mine).manifest.counts


def test_what_stands_in_cohort_toml_or_is_asked_for_comes_before_the_manifest(
    tmp_path: Path,
) -> None:
    mine = write_cohort(by_day(), tmp_path / "mine")
    folder = share(mine, tmp_path / "out", "csv").destination
    (folder / "cohort.toml").write_text('grading_system = "Penn"\nname = "renamed"\n')
    manifest = read("csv", folder, name="asked for")[0].manifest
    assert (manifest.grading_system, manifest.name) == ("Penn", "asked for")
    assert (manifest.resolution, manifest.known_faults) == ("day", ["row_order"])


def test_a_row_added_to_a_shared_folder_is_read_in_its_unit(tmp_path: Path) -> None:
    mine = write_cohort(by_day(), tmp_path / "mine")
    folder = share(mine, tmp_path / "out", "csv").destination
    results = pd.read_csv(folder / "measurements.csv")
    added = results.assign(day=3.0, known_day=4.0, value=88.4, unit="umol/L", comparator="")
    pd.concat([results, added]).to_csv(folder / "measurements.csv", index=False)
    back, failures = read("csv", folder)
    assert failures.counts() == {}
    assert back.measurements["value"].tolist() == pytest.approx([20.0, 1.0], rel=1e-3)
    assert back.measurements["source_row"].tolist() == [2, 3]
