"""Giving a cohort to others: whole or not at all, and said in words."""

from pathlib import Path

import pandas as pd
import pytest

from features.cohort_files import MANIFEST, read_cohort, write_cohort
from features.errors import CohortError
from features.sources import read
from features.tables import cohort_of
from tests.omop_database import a_cohort_with_dates
from training.__main__ import main
from training.share import FORMATS, SMALL_CELLS, share


@pytest.fixture(scope="module")
def mine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_cohort(a_cohort_with_dates(8), tmp_path_factory.mktemp("mine") / "cohort")


def bytes_of(folder: Path) -> bytes:
    return b"".join(one.read_bytes() for one in sorted(folder.rglob("*")) if one.is_file())


@pytest.mark.parametrize("fmt", FORMATS)
def test_every_format_can_be_de_identified(mine: Path, tmp_path: Path, fmt: str) -> None:
    done = share(mine, tmp_path / "out", fmt, de_identify=True)  # type: ignore[arg-type]
    made = read("meds", done.destination)[0] if fmt == "meds" else read_cohort(done.destination)
    assert len(made.courses) == 8
    assert made.courses["infused_at"].isna().all()
    assert not set(made.courses["course_id"]) & set(read_cohort(mine).courses["course_id"])
    content = bytes_of(done.destination)
    assert b"2024-03" not in content
    cells = pd.read_csv(done.destination / SMALL_CELLS)
    assert set(cells["courses"]) == {"<5"}
    assert len(cells) == len(done.small_cells) > 0


@pytest.mark.parametrize("fmt", FORMATS)
def test_a_late_event_in_rare_words_is_shared_without_them(tmp_path: Path, fmt: str) -> None:
    late = pd.DataFrame({"course_id": ["C0"], "day": [200.0], "term": ["a lymphoma of somebody"]})
    base = a_cohort_with_dates(8)
    late["course_id"] = base.courses["course_id"].iloc[0]
    whole = cohort_of(
        base.manifest, courses=base.courses, measurements=base.measurements,
        treatments=base.treatments, grades=base.grades, late_events=late,
    )  # fmt: skip
    mine = write_cohort(whole, tmp_path / "mine")
    done = share(mine, tmp_path / "out", fmt, de_identify=True)  # type: ignore[arg-type]
    made = read_cohort(done.destination) if fmt == "parquet" else read(fmt, done.destination)[0]
    assert made.late_events["term"].tolist() == ["withheld"]
    assert b"somebody" not in bytes_of(done.destination)


def test_an_identified_cohort_is_called_so(mine: Path, tmp_path: Path) -> None:
    done = share(mine, tmp_path / "out", "csv")
    assert "WITH ids and dates" in done.lines()[0]
    assert not (done.destination / SMALL_CELLS).exists()


def test_the_command_prints_the_small_groups(
    mine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["share", str(mine), str(tmp_path / "out"), "--de-identify"]) == 0
    said = capsys.readouterr().out
    assert "(de-identified)" in said
    assert "groups of fewer than 5 courses" in said


@pytest.mark.parametrize("fmt", FORMATS)
def test_what_is_there_is_replaced_whole_or_left_alone(
    mine: Path, tmp_path: Path, fmt: str
) -> None:
    share(mine, tmp_path / "out", fmt)  # type: ignore[arg-type]
    share(mine, tmp_path / "out", fmt, de_identify=True)  # type: ignore[arg-type]
    assert (tmp_path / "out" / SMALL_CELLS).is_file()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("years of work")
    with pytest.raises(CohortError, match="holds something else"):
        share(mine, tmp_path / "other", fmt)  # type: ignore[arg-type]
    assert [one.name for one in (tmp_path / "other").iterdir()] == ["thesis.txt"]
    assert sorted(one.name for one in tmp_path.iterdir()) == ["other", "out"]


def test_a_failure_leaves_nothing_half_written(
    mine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("features.sources.meds.writing.pq.write_table", full)
    with pytest.raises(CohortError, match="could not be saved"):
        share(mine, tmp_path / "out", "meds")
    assert list(tmp_path.iterdir()) == []


def test_a_cohort_directory_is_needed(tmp_path: Path) -> None:
    with pytest.raises(CohortError, match=MANIFEST):
        share(tmp_path, tmp_path / "out")


def test_a_cohort_without_treatments_can_be_shared_as_meds(tmp_path: Path) -> None:
    cohort = a_cohort_with_dates(4)
    cohort.treatments = cohort.treatments.iloc[:0]
    bare = write_cohort(cohort, tmp_path / "bare")
    done = share(bare, tmp_path / "out", "meds")
    assert len(read("meds", done.destination)[0].courses) == 4
