"""What real spreadsheets hold and a draft has to notice before patients are lost."""

import tomllib
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from openpyxl import Workbook

from features.sources import read
from features.sources.csv.mapping_draft import draft_files
from features.sources.csv.mapping_text import mapping_text, open_questions
from features.sources.csv.site_files import files_at
from features.sources.spellings import with_legal_spellings
from features.tables import TABLES
from tests.three_shapes import write_lines

PEOPLE = ["Study no", "Product", "Infusion", "Last seen"]
DAILY = ["Study no", "Date of visit", "CRS", "Noradrenaline"]


def drafted(path: Path) -> tuple[dict[str, Any], str]:
    text = mapping_text(path.name, path.stem, draft_files(files_at(path)))
    return tomllib.loads(text), text


def test_words_of_a_site_for_no_grade_and_not_given_are_asked_for_and_read(tmp_path: Path) -> None:
    folder = tmp_path / "site"
    folder.mkdir()
    ids = [f"S{n}" for n in range(4)]
    people = [[one, "Yescarta", "25.03.2025", "25.06.2025"] for one in ids]
    write_lines(folder / "people.csv", [PEOPLE, *people], ";", "utf-8")
    days = [[one, "26.03.2025", "-", "nein"] for one in ids] + [["S1", "27.03.2025", "G3", "ja"]]
    write_lines(folder / "days.csv", [DAILY, *days], ";", "utf-8")
    made, text = drafted(folder)
    columns = made["file"][0]["columns"]
    assert columns["CRS"] == {"is": "crs_grade", "words": {"-": ""}}
    assert columns["Noradrenaline"] == {"is": "vasopressor", "words": {"nein": ""}}
    assert "legal: 0, 1, 2, 3, 4, 5" in text
    text = text.replace('"-" = ""', '"-" = "0"').replace('"nein" = ""', '"nein" = "no"\nja = "yes"')
    (tmp_path / "m.toml").write_text(text, encoding="utf-8")
    cohort, failures = read("csv", folder, mapping=tmp_path / "m.toml")
    assert len(failures) == 0
    assert sorted(cohort.grades["grade"]) == [0, 0, 0, 0, 3]
    assert cohort.treatments["agent"].tolist() == ["vasopressor"]


def test_dates_of_a_list_of_patients_are_asked_for_where_none_is_the_infusion(
    tmp_path: Path,
) -> None:
    heading = ["Study no", "Sex", "When it was given"]
    rows = [[f"S{n}", "f", "2025-03-04"] for n in range(3)]
    write_lines(tmp_path / "people.csv", [heading, *rows], ",", "utf-8")
    made, text = drafted(tmp_path / "people.csv")
    assert made["file"][0]["rows"] == "patients"
    assert made["file"][0]["columns"]["When it was given"] == {"is": "", "dates": "iso"}
    assert "fill is: " in text
    assert "infused_at" in text
    assert open_questions(text) == 2  # and the product


def test_a_row_of_units_below_the_headings_is_read_as_units(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["", "", "Blood count", None, "Chemistry"])
    sheet.merge_cells("C1:D1")
    sheet.append(["Study no", "Sampled on", "WBC", "Plt", "CRP"])
    sheet.append(["", "", "10^9/L", "10^9/L", "mg/dL"])
    for n in range(3):
        sheet.append([f"S{n}", "2025-03-04", 2.5, 80, 1.5])
    book.save(tmp_path / "labs.xlsx")
    made, text = drafted(tmp_path / "labs.xlsx")
    columns = made["file"][0]["columns"]
    assert made["file"][0]["header_row"] == 2
    units = [columns[name]["unit"] for name in ("WBC", "Plt", "CRP")]
    assert units == ["10*9/L", "10*9/L", "mg/dL"]
    assert "row 3, of no patient and left out, holds its unit" in text


@pytest.mark.parametrize(
    ("written", "agent"),
    [
        ("托珠单抗注射液", "tocilizumab"), ("地塞米松磷酸钠注射液", "corticosteroid"),
        ("注射用甲泼尼龙琥珀酸钠", "corticosteroid"), ("对乙酰氨基酚片", "antipyretic"),
        ("重酒石酸去甲肾上腺素注射液", "vasopressor"), ("Norepinephrine injection", "vasopressor"),
        ("片", "片"), ("Zaphod tablets", "Zaphod tablets"),
    ],
)  # fmt: skip
def test_the_form_of_a_medicine_does_not_hide_the_agent(written: str, agent: str) -> None:
    cells = pd.DataFrame({"agent": [written]})
    assert with_legal_spellings(cells, TABLES["treatments"])[0]["agent"].tolist() == [agent]
