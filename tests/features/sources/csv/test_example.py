"""The example: its gradings rest on what it holds, and what it held before is unchanged."""

import hashlib
from pathlib import Path

import pytest

from features.grading import beside_the_hand
from features.sources import csv
from features.sources.csv.example import write_example

# Lines of the example before findings were added, 20 courses of seed 3, and their digest.
BEFORE = {
    "courses": (21, "c4290aface84801b"), "measurements": (3498, "b45d6f326054b9fe"),
    "treatments": (26, "02c5df516a773331"), "grades": (641, "61000ccd23e5f08b"),
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made: Path = tmp_path_factory.mktemp("example")
    write_example(made, 20, 3)
    return made


@pytest.mark.parametrize("table", BEFORE)
def test_what_was_there_before_comes_first_and_unchanged(folder: Path, table: str) -> None:
    count, digest = BEFORE[table]
    lines = (folder / f"{table}.csv").read_text(encoding="utf-8").splitlines()[:count]
    assert hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16] == digest


def test_every_grading_is_borne_out_by_the_findings(tmp_path: Path) -> None:
    write_example(tmp_path, 120, 7)
    found = beside_the_hand(csv.load(tmp_path))
    assert found.groupby("toxicity")["by_hand"].max().to_dict() == {"CRS": 4, "ICANS": 4}
    assert set(found["kind"]) == {"agrees"}
