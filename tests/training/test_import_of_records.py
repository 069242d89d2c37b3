"""Importing hospital records: written whole or not at all, with what nobody has mapped."""

from pathlib import Path

import pandas as pd
import pytest

from features.cohort_files import REJECTED, UNMAPPED, read_cohort
from features.errors import CohortError
from tests.features.sources.records.fhir_writer import (
    LOCAL,
    a_patient,
    a_result,
    an_infusion,
    as_lines,
)
from tests.omop_database import a_cohort_with_dates, omop_of
from training.__main__ import main
from training.cohort import import_cohort


def records(path: Path, *more: dict[str, object]) -> Path:
    lines = as_lines(a_patient(), an_infusion(), a_result(), *more)
    path.write_bytes(lines)
    return path


def test_codes_nobody_has_mapped_stand_beside_the_cohort(tmp_path: Path) -> None:
    strange = [a_result("X1", 1, "mg/L", day) for day in (1, 2)]
    for one in strange:
        one["code"]["coding"][0]["system"] = LOCAL
    source = records(tmp_path / "a.ndjson", *strange, a_result(unit="stones"))
    told: list[str] = []
    report = import_cohort(
        "fhir", source, tmp_path / "cohort", progress=lambda step, *_: told.append(step)
    )
    assert report.counts["measurements"] == 1
    table = pd.read_csv(tmp_path / "cohort" / UNMAPPED)
    assert table["count"].tolist() == [2, 1]
    assert table["kind"].tolist() == ["observation", "unit"]
    assert pd.read_csv(tmp_path / "cohort" / REJECTED)["row"].tolist() == [6]
    assert set(told) == {"looking for infusions", "reading their records"}
    assert read_cohort(tmp_path / "cohort").manifest.origin == "fhir"


@pytest.mark.parametrize("bad", [b"", b"\x1f\x8b\x08 not gzip", as_lines(a_patient())])
def test_a_refused_import_leaves_the_earlier_cohort(tmp_path: Path, bad: bytes) -> None:
    import_cohort("fhir", records(tmp_path / "a.ndjson"), tmp_path / "cohort")
    before = {one.name: one.read_bytes() for one in (tmp_path / "cohort").iterdir()}
    (tmp_path / "b.ndjson.gz").write_bytes(bad)
    with pytest.raises(CohortError):
        import_cohort("fhir", tmp_path / "b.ndjson.gz", tmp_path / "cohort")
    assert {one.name: one.read_bytes() for one in (tmp_path / "cohort").iterdir()} == before
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.ndjson", "b.ndjson.gz", "cohort"]


def test_an_omop_import_tells_how_far_it_is(tmp_path: Path) -> None:
    database = omop_of(a_cohort_with_dates(3))
    mapping = database.write_mapping(tmp_path / "site.toml")
    told: list[tuple[str, int, int]] = []
    import_cohort(
        "omop", database.write(tmp_path / "cdm"), tmp_path / "cohort",
        progress=lambda *step: told.append(step), mapping=str(mapping),
    )  # fmt: skip
    steps = [done for step, done, _ in told if step == "reading OMOP tables"]
    assert steps == list(range(len(steps)))
    assert steps[-1] == told[-1][2] > 5


def test_the_address_of_a_server_reaches_the_reader_as_it_was_typed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nobody = "postgresql://a:s3cret@127.0.0.1:1/db"
    assert main(["import", "omop", nobody, str(tmp_path / "cohort")]) == 2
    said = capsys.readouterr().err
    assert "no connection to the server" in said
    assert "s3cret" not in said
    assert not (tmp_path / "cohort").exists()
