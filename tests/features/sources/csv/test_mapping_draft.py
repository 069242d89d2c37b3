"""The draft: what it places, what it leaves to a person, and what it never shows."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from features.errors import CohortError
from features.sources.csv.as_written import Signs
from features.sources.csv.mapping import read_mapping
from features.sources.csv.mapping_draft import draft_files
from features.sources.csv.mapping_text import mapping_text
from features.sources.csv.site_files import files_at
from tests.real_data import unicar_path
from tests.three_shapes import write_lines

PATIENTS = ["Patient ID", "Infusion date", "Age", "Product", "Cell dose"]


def drafted(path: Path) -> tuple[dict[str, Any], str]:
    text = mapping_text(path.name, path.stem, draft_files(files_at(path)))
    return tomllib.loads(text), text


def a_file(path: Path, *rows: list[object], name: str = "a.csv", delimiter: str = ",") -> Path:
    write_lines(path / name, rows, delimiter, "utf-8")
    return path / name


def test_dates_that_prove_nothing_are_left_with_the_conflict(tmp_path: Path) -> None:
    file = a_file(
        tmp_path, PATIENTS, ["P1", "03/04/2025", 50, "Yescarta", 2], ["P2", "05/06/2025", 5, "", 2]
    )
    made, text = drafted(file)
    assert made["file"][0]["columns"]["Infusion date"] == {"is": "infused_at", "dates": ""}
    assert "day_first reads 2, month_first reads 2; fill dates: iso (2026-03-04) | " in text


def test_units_are_read_from_headings_or_left_with_the_legal_ones(tmp_path: Path) -> None:
    heading = ["ID", "Date", "CRP (mg/L)", "LDH", "白细胞（×10⁹/L）", "ICE", "Tmax(℃)"]
    made, text = drafted(a_file(tmp_path, heading, ["P1", "2025-03-04", 1, 2, 3, 10, 38.5]))
    columns = made["file"][0]["columns"]
    assert {name: one.get("unit") for name, one in columns.items()} == {
        "ID": None, "Date": None, "CRP (mg/L)": "mg/L", "LDH": "", "白细胞（×10⁹/L）": "10*9/L",
        "ICE": None, "Tmax(℃)": "Cel",
    }  # fmt: skip
    assert "fill unit: U/L | ukat/L" in text
    assert made["file"][0]["rows"] == "days"
    assert made["same_for_all"] == {"product": ""}


def test_tests_and_units_are_listed_most_frequent_first(tmp_path: Path) -> None:
    rows = [[f"P{n % 5}", "2025-03-04", "CRP", n, "mg/L"] for n in range(20)]
    rows += [[f"P{n % 5}", "2025-03-04", "Troponin", n, "ng/L"] for n in range(30)]
    rows += [[f"P{n}", "2025-03-04", "LDH", n, "E/l"] for n in range(4)]
    rows += [[f"P{n}", "2025-03-04", "PLT", n, "Tsd"] for n in range(5)]
    rows += [["P1", "2025-03-04", "Zaphod", 1, "Trillian"]]
    made, text = drafted(a_file(tmp_path, ["ID", "Date", "Test", "Result", "Unit"], *rows))
    file = made["file"][0]
    assert {name: one["is"] for name, one in file["tests"].items()} == {
        "Troponin": "ignored", "CRP": "crp_mg_l", "PLT": "platelets_10e9_l", "LDH": "ldh_u_l",
    }  # fmt: skip
    assert list(file["tests"]) == ["Troponin", "CRP", "PLT", "LDH"]
    assert list(file["units"]) == ["Tsd", "E/l"]
    assert "1 rows hold names that fewer than 3 patients share" in text
    assert "Zaphod" not in text
    assert "Trillian" not in text


def test_without_a_column_of_units_every_test_needs_one(tmp_path: Path) -> None:
    rows = [[f"P{n}", "2025-03-04", test, n] for n in range(4) for test in ("CRP (mg/L)", "LDH")]
    file = a_file(tmp_path, ["ID", "Date", "Test", "Result"], *rows)
    made, text = drafted(file)
    assert made["file"][0]["tests"]["CRP (mg/L)"]["unit"] == "mg/L"
    assert made["file"][0]["tests"]["LDH"]["unit"] == ""
    mapping = tmp_path / "m.toml"
    mapping.write_text(text.replace('product = ""', 'product = "Yescarta"'), encoding="utf-8")
    with pytest.raises(CohortError, match="ldh_u_l came without a unit"):
        read_mapping(mapping)


def test_words_that_mean_nothing_yet_are_asked_for(tmp_path: Path) -> None:
    rows = [[f"P{n}", "Dexamethasone", "2025-03-04"] for n in range(3)]
    rows += [[f"P{n}", "地塞米松滴眼液", "2025-03-04"] for n in range(3)]
    rows += [["P1", "Zaphod", "2025-03-04"]]
    made, text = drafted(a_file(tmp_path, ["患者编号", "药物", "开始日期"], *rows))
    assert made["file"][0]["rows"] == "treatments"
    assert made["file"][0]["columns"]["药物"] == {"is": "agent", "words": {"地塞米松滴眼液": ""}}
    assert "legal: tocilizumab, siltuximab" in text
    assert "Zaphod" not in text


def test_levels_that_mean_nothing_yet_are_asked_for(tmp_path: Path) -> None:
    rows = [[f"P{n}", "2025-03-04", word] for n in range(3) for word in ("鼻导管", "Face mask")]
    made, text = drafted(a_file(tmp_path, ["患者编号", "日期", "给氧方式"], *rows))
    assert made["file"][0]["columns"]["给氧方式"] == {
        "is": "oxygen_device", "words": {"鼻导管": ""},
    }  # fmt: skip
    assert "legal: room_air, nasal_cannula" in text


def test_what_has_no_place_is_ignored_with_its_cells(tmp_path: Path) -> None:
    file = a_file(
        tmp_path, [*PATIENTS, "phone", "MRN"], ["P1", "2025-03-04", 50, "Yescarta", 2, "555", "7"]
    )
    made, text = drafted(file)
    assert made["file"][0]["ignored"] == ["phone", "MRN"]
    assert '"phone",  # 1 filled cells' in text
    assert '"MRN",  # 1 filled cells; patient_id is taken by another column' in text
    assert "555" not in text


def test_a_file_without_known_headings_shows_none_of_its_cells(tmp_path: Path) -> None:
    made, text = drafted(a_file(tmp_path, ["Zaphod", "42"], ["Trillian", "30"]))
    assert made["file"] == [{"name": "a.csv", "rows": "ignored"}]
    assert "Zaphod" not in text
    assert "Trillian" not in text


def test_every_sheet_of_a_workbook_is_looked_at(tmp_path: Path) -> None:
    book = Workbook()
    first = book.active
    assert first is not None
    first.append(PATIENTS)
    first.append(["P1", "2025-03-04", 50, "Yescarta", 2])
    book.create_sheet("化验").append(["ID", "日期", "CRP(mg/L)"])
    book["化验"].append(["P1", "2025-03-05", 3])
    book.save(tmp_path / "a.xlsx")
    made, _ = drafted(tmp_path / "a.xlsx")
    assert [(one["sheet"], one["rows"]) for one in made["file"]] == [
        ("Sheet", "patients"), ("化验", "days"),
    ]  # fmt: skip


def test_hours_ask_for_a_zone(tmp_path: Path) -> None:
    file = a_file(tmp_path, PATIENTS, ["P1", "2025-03-25 10:00", 50, "Yescarta", 2])
    made, text = drafted(file)
    assert (made["resolution"], made["time_zone"]) == ("instant", "")
    assert "1 clock times name no zone" in text
    zoned = a_file(tmp_path, PATIENTS, ["P1", "2025-03-25 10:00Z", 50, "Yescarta", 2])
    assert "time_zone" not in drafted(zoned)[0]


@pytest.mark.parametrize(("days", "resolution"), [((0, 1), "day"), ((0, 1.5), "instant")])
def test_whole_numbers_of_days_carry_no_hours(
    tmp_path: Path, days: tuple[float, ...], resolution: str
) -> None:
    heading = ["ID", "Infusion time", "Day", "CRP (mg/L)"]
    rows = [["P1", "2025-03-25 10:00Z", day, 3] for day in days]
    assert drafted(a_file(tmp_path, heading, *rows))[0]["resolution"] == resolution


def test_signs_that_are_not_proven_are_left(tmp_path: Path) -> None:
    heading, at = ["ID", "Date", "CRP (mg/L)"], "2025-03-04"
    for values, sign, thousands in (
        (("1,5", "1.5"), "", False), (("1,5", "1.234,5"), ",", True), (("1.234,5",), ",", True),
        (("1,5",), ",", False), (("1,234",), "", True),
    ):  # fmt: skip
        rows = [["P1", at, value] for value in values]
        made, text = drafted(a_file(tmp_path, heading, *rows, delimiter=";"))
        assert made["file"][0]["decimal"] == sign
        assert ("set thousands apart" in text) == thousands
        assert (made["file"][0].get("thousands") == "") == (thousands and sign != "")


def test_where_no_sign_is_proven_the_option_is_shown_and_taken(tmp_path: Path) -> None:
    heading = ["ID", "Infusion date", "Date", "CRP (mg/L)"]
    file = a_file(tmp_path, heading, ["P1", "2025-03-04", "2025-03-05", "1,234"], delimiter=";")
    text = drafted(file)[1].replace('product = ""', 'product = "Yescarta"')
    assert "# thousands = \",\"  # 1 cells look as if ',' set thousands apart" in text
    text = text.replace('decimal = ""', 'decimal = "."').replace("# thousands", "thousands")
    (tmp_path / "m.toml").write_text(text, encoding="utf-8")
    assert read_mapping(tmp_path / "m.toml").files[0].signs == Signs(".", ",")


@pytest.mark.real
def test_the_layout_of_a_published_cohort_is_understood() -> None:
    made, text = drafted(unicar_path())
    file = made["file"][0]
    assert (file["rows"], file["header_row"]) == ("days", 2)
    meanings = [one["is"] for one in file["columns"].values()]
    assert len(meanings) >= 45
    assert {"day", "crs_grade", "sex", "prior_lines", "il6_pg_ml", "hbdh_u_l"} <= set(meanings)
    assert file["columns"][""] == {"is": "patient_id"}
    assert "no heading is a known name of the patient" in text
    assert file.get("ignored") == []
