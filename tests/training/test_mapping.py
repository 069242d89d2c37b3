"""The verb map: one file, several of one folder, or a folder."""

import tomllib
from pathlib import Path

import pytest
from openpyxl import Workbook

from features.errors import CohortError
from features.sources import read
from tests.three_shapes import write_long
from training.__main__ import main as training
from training.mapping import draft_mapping


def test_several_files_of_one_folder_are_drafted_and_the_folder_is_imported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = write_long(tmp_path / "site"), tmp_path / "m.toml"
    named = [folder / "patients.csv", folder / "labs.csv"]
    assert training(["map", *map(str, named), "--out", str(out)]) == 0
    text = out.read_text(encoding="utf-8")
    assert [one["name"] for one in tomllib.loads(text)["file"]] == ["labs.csv", "patients.csv"]
    said = capsys.readouterr().out
    assert f"import csv {folder} DEST" in said
    assert "3 open questions" in said
    text = text.replace('cells", unit = ""', 'cells", unit = "10*6{cells}"')
    text = text.replace('thousands = ""', 'thousands = "."')
    out.write_text(text.replace('"Tsd/µl" = ""', '"Tsd/µl" = "10*3/uL"'), encoding="utf-8")
    cohort, failures = read("csv", folder, mapping=out)
    assert len(failures) == 0
    assert len(cohort.courses) == 12
    assert "drugs.csv is not in the mapping and was not read." in cohort.manifest.notes


def test_files_of_several_folders_are_refused(tmp_path: Path) -> None:
    folder = write_long(tmp_path / "site")
    (tmp_path / "more.csv").write_text("ID,Test\nP1,x\n")
    for paths in ([folder / "labs.csv", tmp_path / "more.csv"], [folder, tmp_path / "more.csv"]):
        with pytest.raises(CohortError, match="where they lie in one folder"):
            draft_mapping(paths, tmp_path / "m.toml")
    assert not (tmp_path / "m.toml").exists()


def test_sheets_that_nobody_understands_do_not_stand_in_the_way(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Patient ID", "Day", "CRP (mg/L)", "Sex"])
    sheet.append(["P1", 1, 3, "f"])
    for name in ("Notes", "More"):
        book.create_sheet(name).append(["nothing"])
    book.save(tmp_path / "a.xlsx")
    draft_mapping([tmp_path / "a.xlsx"], tmp_path / "m.toml")
    text = (tmp_path / "m.toml").read_text(encoding="utf-8")
    (tmp_path / "m.toml").write_text(text.replace('product = ""', 'product = "Yescarta"'))
    cohort, failures = read("csv", tmp_path / "a.xlsx", mapping=tmp_path / "m.toml")
    assert len(failures) == 0
    assert not any("a.xlsx is ignored" in note for note in cohort.manifest.notes)


def test_files_of_other_kinds_are_named_and_not_passed_over(tmp_path: Path) -> None:
    folder = write_long(tmp_path / "site")
    (folder / "more.xls").write_bytes(b"old")
    report = draft_mapping([folder], tmp_path / "m.toml")
    said = "more.xls was not looked at: save it as 'CSV UTF-8' or as .xlsx."
    assert f"  {said}" in report.lines()
