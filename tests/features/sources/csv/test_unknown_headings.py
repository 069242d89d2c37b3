"""A file whose headings nobody knows: they are listed, and how one is mapped is shown."""

import tomllib
from pathlib import Path

import pytest

from features.sources import read
from features.sources.csv.mapping_draft import draft_files
from features.sources.csv.mapping_text import mapping_text
from tests.three_shapes import write_lines

DUTCH = ["Nummer", "Dag", "Uitslag", "leeg"]


def drafted(place: Path, *rows: list[str]) -> str:
    write_lines(place / "a.csv", rows, ";", "utf-8")
    return mapping_text("a.csv", "a", draft_files([place / "a.csv"]))


def test_the_headings_are_listed_with_their_cells_below_a_title(tmp_path: Path) -> None:
    text = drafted(
        tmp_path, ["Ziekenhuis"], DUTCH, ["P1", "2025-03-04", "3", ""], ["P2", "", "4", ""]
    )
    (file,) = tomllib.loads(text)["file"]
    assert file == {
        "name": "a.csv", "rows": "ignored", "header_row": 2, "encoding": "utf-8",
        "delimiter": ";", "ignored": DUTCH,
    }  # fmt: skip
    for heading, filled in zip(DUTCH, (2, 1, 2, 0), strict=True):
        assert f'"{heading}",  # {filled} filled cells' in text


def test_the_example_is_one_that_the_import_reads(tmp_path: Path) -> None:
    text = drafted(tmp_path, DUTCH, ["P1", "04.03.2025", "3", ""], ["P2", "04.03.2025", "4", ""])
    for shown, meant in (
        ('rows = "ignored"', 'rows = "days"'), ("# [file.columns]", "[file.columns]"),
        ('# "Nummer" =', '"Nummer" ='), ('# "HEADING" = { is = "day", ', '"Dag" = { is = "day", '),
        ('# "HEADING" = { is = "crp', '"Uitslag" = { is = "crp'),
        ('product = ""', 'product = "Yescarta"'),
    ):  # fmt: skip
        assert text.count(shown) == 1, shown
        text = text.replace(shown, meant)
    text = text.replace(
        "[file.columns]", '[file.columns]\n"leeg" = { is = "infused_at", dates = "iso" }'
    )
    (tmp_path / "m.toml").write_text(text)
    rows = [DUTCH, ["P1", "04.03.2025", "3", "2025-03-03"]]
    write_lines(tmp_path / "a.csv", rows, ";", "utf-8")
    cohort, failures = read("csv", tmp_path / "a.csv", mapping=tmp_path / "m.toml")
    assert len(failures) == 0
    assert cohort.measurements[["day", "value"]].to_numpy().tolist() == [[1, 3]]
    assert not any("is ignored" in note for note in cohort.manifest.notes), "columns win"


@pytest.mark.parametrize(
    "rows",
    [
        [["Zaphod", "42"], ["Trillian", "30"]],
        [["Zaphod", "04.03.2025"], ["Trillian", "05.03.2025"]],
        [["Zaphod", "female"], ["Trillian", "female"]],
        [["Zaphod", "Zaphod"], ["Trillian", "x"]],
        [["Zaphod"], ["Trillian"]],
        [["Zaphod", "Trillian"]],
    ],
    ids=["number", "date", "repeated below", "twice", "one column", "nothing below"],
)
def test_a_row_of_a_patient_is_not_shown_as_headings(tmp_path: Path, rows: list[list[str]]) -> None:
    text = drafted(tmp_path, *rows)
    assert tomllib.loads(text)["file"] == [{"name": "a.csv", "rows": "ignored"}]
    assert "Zaphod" not in text
    assert "Trillian" not in text
    assert "Give its columns headings" in text


def test_a_list_of_ids_alone_names_its_headings_too(tmp_path: Path) -> None:
    made = tomllib.loads(drafted(tmp_path, ["Patient ID", "Kamer"], ["P1", "3"]))
    assert made["file"][0]["ignored"] == ["Patient ID", "Kamer"]
