"""Workbooks that are none, or not the one that was meant, are refused with words."""

import zipfile
from datetime import datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from features.errors import CohortError
from features.sources import SOURCES, load, read, spreadsheet
from features.sources.spreadsheet import read_spreadsheet

COLUMNS = ("ID", "day", "grade")


def a_workbook(path: Path, *rows: tuple[object, ...]) -> Path:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    book.save(path)
    return path


def test_cells_come_as_they_are_with_their_row(tmp_path: Path) -> None:
    path = a_workbook(
        tmp_path / "a.xlsx", ("a title",), ("grade", "ID ", "day", "more"), (2, "A", 0.5, "x"),
        (None, None, None, "y"), ("NA", " ", 1),
    )  # fmt: skip
    table = read_spreadsheet(path, COLUMNS, header_row=2)
    assert table.to_dict("list") == {
        "ID": ["A", None], "day": [0.5, 1], "grade": [2, None], "source_row": [3, 5],
    }  # fmt: skip


def test_dates_and_words_are_no_numbers(tmp_path: Path) -> None:
    day = datetime(2024, 1, 2)  # noqa: DTZ001 - workbooks hold naive dates
    path = a_workbook(tmp_path / "a.xlsx", COLUMNS, ("A", day, "two"), ("B", True, "3"))
    table = read_spreadsheet(path, COLUMNS, header_row=1)
    assert spreadsheet.numbers(table["day"]).isna().all()
    assert spreadsheet.numbers(table["grade"]).tolist()[1] == 3


def test_every_formula_is_named_up_to_twenty(tmp_path: Path) -> None:
    path = a_workbook(tmp_path / "a.xlsx", COLUMNS, ("A", 1, "=1+1"))
    with pytest.raises(CohortError, match=r"a\.xlsx\[Sheet\]: 1 cell holds a formula .*: C2\. "):
        read_spreadsheet(path, COLUMNS, header_row=1)
    rows = [("A", "=1+1", f"=B{at}") for at in range(2, 27)]
    with pytest.raises(CohortError, match=r": 50 cells hold a formula") as refused:
        read_spreadsheet(a_workbook(path, COLUMNS, *rows), COLUMNS, header_row=1)
    named = [f"{column}{row}" for row in range(2, 12) for column in "BC"]
    assert f"{', '.join(named)} and 30 more. Store values" in str(refused.value)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "no rows below its header"),
        ([COLUMNS], "no rows below its header"),
        ([COLUMNS, (None, None, None)], "no rows below its header"),
        ([("ID", "day"), ("A", 1)], "lacks 'grade'"),
        ([("a title",), COLUMNS, ("A", 1, 2)], "lacks 'ID', 'day', 'grade'"),
        ([(*COLUMNS, "day"), ("A", 1, 2, 3)], "'day' is there more than once"),
    ],
)
def test_another_layout_is_refused(
    tmp_path: Path, rows: list[tuple[object, ...]], words: str
) -> None:
    path = a_workbook(tmp_path / "a.xlsx", *rows)
    with pytest.raises(CohortError, match=words):
        read_spreadsheet(path, COLUMNS, header_row=1)


def test_what_is_no_workbook_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "a.xlsx"
    text.write_text("ID,day,grade\n")
    with pytest.raises(CohortError, match=r"no \.xlsx workbook"):
        read_spreadsheet(text, COLUMNS, header_row=1)
    with pytest.raises(CohortError, match="there is no file"):
        read_spreadsheet(tmp_path / "absent.xlsx", COLUMNS, header_row=1)
    with zipfile.ZipFile(text, "w") as parts:
        parts.writestr("readme.txt", "a zip, but no workbook")
    with pytest.raises(CohortError, match="no workbook that can be read"):
        read_spreadsheet(text, COLUMNS, header_row=1)


def test_a_workbook_that_unpacks_to_too_much_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = a_workbook(tmp_path / "a.xlsx", COLUMNS, *[("A", day, 0) for day in range(500)])
    monkeypatch.setattr(spreadsheet, "MAX_UNPACKED_BYTES", 10_000)
    with pytest.raises(CohortError, match="would unpack to more"):
        read_spreadsheet(path, COLUMNS, header_row=1)
    monkeypatch.setattr(spreadsheet, "MAX_FILE_BYTES", 100)
    with pytest.raises(CohortError, match="is larger than"):
        read_spreadsheet(path, COLUMNS, header_row=1)


def test_too_many_rows_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = a_workbook(tmp_path / "a.xlsx", COLUMNS, *[("A", day, 0) for day in range(20)])
    monkeypatch.setattr(spreadsheet, "MAX_ROWS", 10)
    with pytest.raises(CohortError, match="more than 10 rows"):
        read_spreadsheet(path, COLUMNS, header_row=1)


def test_xml_entities_are_refused(tmp_path: Path) -> None:
    path = a_workbook(tmp_path / "a.xlsx", COLUMNS, ("A", 1, 0))
    with zipfile.ZipFile(path, "a") as parts:
        parts.writestr("xl/more.xml", '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a/>')
    with pytest.raises(CohortError, match="XML entities"):
        read_spreadsheet(path, COLUMNS, header_row=1)


@pytest.mark.parametrize("source", SOURCES)
def test_every_source_names_its_options_and_what_it_cannot_read(
    source: str, tmp_path: Path
) -> None:
    for call in (load, read):
        with pytest.raises(CohortError, match="has no option 'sheet'; options: "):
            call(source, tmp_path, sheet=2)
        with pytest.raises(CohortError, match=r"there is no|is no folder"):
            call(source, tmp_path / "absent")


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("stated", ["yes", "", "True", 1, None])
def test_every_source_reads_as_published_strictly(
    source: str, stated: object, tmp_path: Path
) -> None:
    for call in (load, read):
        with pytest.raises(CohortError, match="as_published is true or false"):
            call(source, tmp_path / "absent", as_published=stated)


def test_an_unknown_source_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    known = ", ".join(SOURCES)
    with pytest.raises(CohortError, match=f"'redcap' is not known; sources: {known}"):
        load("redcap", tmp_path)
