"""The files of a FHIR export: packed, damaged, endless, or something else."""

import gzip
import json
import zipfile
from pathlib import Path

import pytest

from features.errors import CohortError
from features.sources import fhir
from features.sources.fhir import files
from tests.features.sources.records.fhir_writer import (
    NOW,
    a_bundle,
    a_folder,
    a_patient,
    a_result,
    an_infusion,
    as_lines,
)


@pytest.mark.parametrize("packed", ["gz", "zip", "json", "folder"])
def test_every_packing_gives_the_same_cohort(tmp_path: Path, packed: str) -> None:
    resources = (a_patient(), an_infusion(), a_result())
    place = tmp_path / f"records.{packed}"
    if packed == "gz":
        place = tmp_path / "records.ndjson.gz"
        place.write_bytes(gzip.compress(as_lines(*resources)))
    elif packed == "zip":
        with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a/x.ndjson", as_lines(*resources[:2]))
            archive.writestr("b/y.json", json.dumps(a_bundle(resources[2])))
    elif packed == "json":
        place.write_text(json.dumps(a_bundle(*resources)))
    else:
        place.mkdir()
        for number, one in enumerate(resources):
            (place / f"{number}.json").write_text(json.dumps(one, indent=1))
    cohort, _ = fhir.read(place, now=NOW)
    assert cohort.manifest.counts["measurements"] == 1
    assert cohort.measurements["source_row"].tolist() == [3]


@pytest.mark.parametrize("packing", ["zip", "ndjson.gz", "json.gz"])
def test_a_bomb_is_refused(tmp_path: Path, packing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "FREE_BYTES", 1 << 20)
    content = b" " * (8 << 20)
    bomb = tmp_path / f"bomb.{packing}"
    if packing == "zip":
        with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.ndjson", content)
    else:
        bomb.write_bytes(gzip.compress(content))
    with pytest.raises(CohortError, match="unpacks to more than 200 times its size"):
        fhir.read(bomb, now=NOW)


def test_a_bomb_of_many_lines_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "FREE_BYTES", 1 << 20)
    bomb = tmp_path / "bomb.ndjson.gz"
    bomb.write_bytes(gzip.compress(as_lines(a_patient()) * 100_000))
    with pytest.raises(CohortError, match="unpacks to more than 200 times"):
        fhir.read(bomb, now=NOW)


def test_a_line_without_an_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LONGEST_LINE", 1000)
    with pytest.raises(CohortError, match="one resource a line"):
        fhir.read(a_folder(tmp_path, a_patient(), more=b"x" * 2000), now=NOW)


@pytest.mark.parametrize("broken", ["records.zip", "records.ndjson.gz"])
def test_a_damaged_file_is_refused(tmp_path: Path, broken: str) -> None:
    whole = gzip.compress(as_lines(a_patient(), an_infusion()))
    (tmp_path / broken).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CohortError, match=r"damaged|no whole zip"):
        fhir.read(tmp_path / broken, now=NOW)


def test_a_damaged_file_of_a_folder_is_told_by_its_place(tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_bytes(as_lines(a_patient()))
    (tmp_path / "Mrs Name.ndjson.gz").write_bytes(gzip.compress(as_lines(a_patient()))[:30])
    with pytest.raises(CohortError, match="file 1 of 2 in the order of their names") as refused:
        fhir.read(tmp_path, now=NOW)
    assert "Mrs" not in str(refused.value)


def test_a_folder_without_records_is_refused(tmp_path: Path) -> None:
    (tmp_path / "readme.txt").write_text("nothing here")
    with pytest.raises(CohortError, match="holds no FHIR records"):
        fhir.read(tmp_path, now=NOW)
