"""Files of every kind a site sends: encodings in their order, delimiters, sheets, title rows."""

from datetime import date, datetime
from pathlib import Path

import pytest
from openpyxl import Workbook

from features.errors import CohortError
from features.sources.csv.site_files import (
    delimiter_in,
    encodings_of,
    files_at,
    rows_of,
    site_file,
    text_of,
)

CHINESE = "编号,白细胞\nP1,3.5\n"
GERMAN = "ID;Größe;µmol/l\nP1;3;4\n"


@pytest.mark.parametrize(
    ("content", "possible"),
    [
        (CHINESE.encode(), ["utf-8"]), (CHINESE.encode("utf-8-sig"), ["utf-8"]),
        (CHINESE.encode("utf-16"), ["utf-16"]), (CHINESE.encode("gb18030"), ["gb18030"]),
        (GERMAN.encode("cp1252"), ["cp1252", "gb18030"]),
    ],
)  # fmt: skip
def test_encodings_are_tried_in_their_order(
    tmp_path: Path, content: bytes, possible: list[str]
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    found = encodings_of(path)
    assert found[0] == possible[0]
    assert set(possible) <= set(found)
    assert text_of(path, found[0]).replace("\r", "") in (CHINESE, GERMAN)


@pytest.mark.parametrize("content", [b"", b" \n", b"PK\x03\x04", b"a\0b\xff\xff", b"\xff\xfe\x00"])
def test_what_is_no_text_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(CohortError, match=r"^a\.csv "):
        encodings_of(path)


def test_another_encoding_than_declared_is_placed(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(GERMAN.encode("cp1252"))
    with pytest.raises(CohortError, match=r"line 1: not utf-8\. Say its encoding in the mapping"):
        text_of(path, "utf-8")


@pytest.mark.parametrize(
    ("text", "delimiter"), [("a;b\n1,5;2", ";"), ("t\na\tb\tc", "\t"), ("a", ",")]
)
def test_the_delimiter_is_that_of_the_line_with_most(text: str, delimiter: str) -> None:
    assert delimiter_in(text) == delimiter


def test_sheets_title_rows_and_dates_of_a_workbook(tmp_path: Path) -> None:
    book = Workbook()
    book.create_sheet("labs")
    sheet = book["labs"]
    sheet.append(["a title"])
    sheet.append(["ID", "day", None, "at"])
    sheet.append([1, date(2026, 3, 4), None, datetime(2026, 3, 4, 5, 6)])  # noqa: DTZ001
    sheet.append([None, None])
    sheet.append([2, None, None, None])
    book.save(tmp_path / "a.xlsx")
    file = site_file("a.xlsx", rows_of(tmp_path / "a.xlsx", "", "", "labs"), 2)
    assert list(file.cells) == ["ID", "day", "at"]
    assert file.lines == [3, 5]
    assert file.cells["day"].tolist() == [date(2026, 3, 4), None]
    assert file.cells["at"].tolist()[0] == datetime(2026, 3, 4, 5, 6)  # noqa: DTZ001
    with pytest.raises(CohortError, match="no sheet 'x'; its sheets: Sheet, labs"):
        rows_of(tmp_path / "a.xlsx", "", "", "x")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,a\n1,2\n", "heading 'a' more than once"),
        ("a,\n1,2\n", "column 2 holds cells and has no heading"),
        ("a\n1,2\n", "column 2 holds cells and has no heading"),
        (",\n1,2\n", "row 1 holds no headings"),
    ],
)
def test_headings_that_cannot_be_used_are_refused(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(CohortError, match=words):
        site_file("a.csv", rows_of(path, "utf-8", ","), 1)


def test_a_column_without_heading_or_cells_is_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,,\n1,,\n")
    assert list(site_file("a.csv", rows_of(path, "utf-8", ","), 1).cells) == ["a"]


def test_what_holds_no_file_is_refused(tmp_path: Path) -> None:
    for path, words in ((tmp_path, "holds no file that ends in"), (tmp_path / "x", "there is no")):
        with pytest.raises(CohortError, match=words):
            files_at(path)
