"""A spreadsheet that cannot be trusted: a message, exit code 2, and nothing left behind."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import load_workbook

from features.sources import spreadsheet
from tests.three_shapes import write_wide
from training.__main__ import main as training

OF_A_PATIENT = "Zaphod"


class Workbook:
    """The Chinese workbook, its corrected mapping, and what the command line says."""

    def __init__(self, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.place, self.capsys = place, capsys
        self.path, self.mapping = write_wide(place / "wide.xlsx"), place / "mapping.toml"
        self.cohort = place / "cohort"
        self.says("map", self.path, "--out", self.mapping)
        text = self.mapping.read_text(encoding="utf-8")
        text = text.replace('feu", unit = ""', 'feu", unit = "mg/L{FEU}"')
        text = text.replace('cells", unit = ""', 'cells", unit = "10*6{cells}"')
        self.mapping.write_text(text, encoding="utf-8")

    def says(self, *arguments: object, code: int = 0) -> str:
        found = training([str(one) for one in arguments])
        shown = self.capsys.readouterr()
        said = shown.out + shown.err
        assert found == code, said
        assert "Traceback" not in said
        assert OF_A_PATIENT not in said, "a patient's value is shown"
        return said

    def imports(self, code: int = 0) -> str:
        before = sorted(self.place.rglob("*"))
        said = self.says(
            "import", "csv", self.path, self.cohort, "--option", f"mapping={self.mapping}",
            code=code,
        )  # fmt: skip
        if code:
            assert sorted(self.place.rglob("*")) == before, "something was left behind"
        return said

    def change(self, value: object, *cells: str) -> None:
        book = load_workbook(self.path)
        assert book.active is not None
        for cell in cells:
            book.active[cell] = value
        book.save(self.path)


@pytest.fixture
def workbook(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Workbook:
    return Workbook(tmp_path, capsys)


def a_bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("xl/more.bin", b"\0" * 3_000_000)


def no_workbook(path: Path) -> None:
    path.write_bytes(b"a table")


@pytest.mark.parametrize(
    ("spoilt", "words"),
    [(a_bomb, "would unpack to more than"), (no_workbook, r"is no .xlsx workbook")],
)
def test_a_file_that_is_no_honest_workbook_is_refused(
    workbook: Workbook, spoilt: Callable[[Path], None], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spreadsheet, "MAX_UNPACKED_BYTES", 2_000_000)
    spoilt(workbook.path)
    assert words in workbook.imports(code=2)
    workbook.says("map", workbook.path, "--out", workbook.place / "other.toml", code=2)
    assert not (workbook.place / "other.toml").exists()


def test_formulas_are_refused_with_their_cells(workbook: Workbook) -> None:
    workbook.change("=1+1", "J4", "K5")
    for said in (
        workbook.imports(code=2),
        workbook.says("map", workbook.path, "--out", workbook.place / "b.toml", code=2),
    ):
        assert "wide.xlsx[Sheet]: 2 cells hold a formula instead of a value: J4, K5." in said


@pytest.mark.parametrize(
    ("cells", "value", "count", "rule"),
    [
        (["C4"], "2025年3月", 2, "grades.day_is_a_whole_date"),
        (["J4"], OF_A_PATIENT, 1, "measurements.value_is_a_number"),
        (
            [f"E{row}" for row in range(3, 10)],
            "-5岁",
            1,
            "courses.age_years_is_within_its_range (cell)",
        ),
        (["G4"], "西达基奥仑赛", 2, "courses.course_id_is_unique"),
        (["B4"], "2025年4月1日", 2, "courses.course_id_is_unique"),
    ],
)
def test_a_bad_cell_is_counted_by_rule_and_listed(
    workbook: Workbook, cells: list[str], value: str, count: int, rule: str
) -> None:
    workbook.change(value, *cells)
    assert f"{count} {rule}\n" in workbook.imports()
    listed = (workbook.cohort / "rejected.csv").read_text(encoding="utf-8")
    assert rule.partition(".")[2] in listed
    assert "wide.xlsx" in listed
    assert OF_A_PATIENT not in listed


def test_every_infusion_in_the_future_leaves_no_cohort(workbook: Workbook) -> None:
    workbook.change("2099年1月1日", *(f"B{row}" for row in range(3, 3 + 12 * 7)))
    assert "infusion_is_not_in_the_future: 12" in workbook.imports(code=2)


def test_a_mapping_with_an_open_question_is_refused(workbook: Workbook) -> None:
    text = workbook.mapping.read_text(encoding="utf-8")
    workbook.mapping.write_text(text.replace('unit = "mg/L{FEU}"', 'unit = ""'), encoding="utf-8")
    said = workbook.imports(code=2)
    assert "mapping.toml, [[file]] 1 (wide.xlsx), [file.columns] 'D-二聚体(mg/L)'" in said
    assert "Legal units: ng/mL{FEU}" in said
