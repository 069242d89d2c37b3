"""What a draft leaves to a person is counted, each question once: filled, the import reads it."""

import re
from pathlib import Path

import pytest

from features.errors import CohortError
from features.sources.csv.mapping import read_mapping
from features.sources.csv.mapping_draft import draft_files
from features.sources.csv.mapping_text import mapping_text, open_questions
from tests.three_shapes import write_lines

AT = "04.05.2025 10:00"
RESULTS = [
    ["ID", "Sampling time", "Test", "Result", "Unit"],
    *([f"P{n}", AT, "CRP", "1,234.5", "mg/l"] for n in range(3)),
    *([f"P{n}", AT, "D-dimer", "2", "mg/l"] for n in range(3)),
    *([f"P{n}", AT, "LDH", "2", "E/l"] for n in range(3)),
]
WITHOUT_UNITS = [row[:4] for row in RESULTS[:4]]
PATIENTS = [
    ["ID", "Infusion time", "Sex", "Cell dose"],
    *([f"P{n}", AT, "weibl.", 2] for n in range(3)),
]
DAYS = [["Date", "CRP"], [AT, "1,5"], [AT, "1.5"]]
UNDATED = [["ID", "When", "CRP (mg/L)"], *(["P1", f"after {n}", n] for n in range(3))]
DATED_BY_NO_KNOWN_NAME = [["ID", "When", "CRP (mg/L)"], *(["P1", AT, n] for n in range(3))]
ONE_ROW_AN_ID = [["ID", "Sex", "CRP (mg/L)"], *([f"P{n}", "f", n] for n in range(3))]
ANSWERS = (
    ('time_zone = ""', 'time_zone = "Europe/Berlin"'),
    ('product = ""', 'product = "Yescarta"'),
    ('decimal = ""', 'decimal = "."'),
    ('thousands = ""', 'thousands = ","'),
    ('"mg/l" = ""', '"mg/l" = "mg/L{FEU}"'),
    ('"E/l" = ""', '"E/l" = "U/L"'),
    ('"crp_mg_l", unit = ""', '"crp_mg_l", unit = "mg/L"'),
    ('"dose_car_t_cells", unit = ""', '"dose_car_t_cells", unit = "10*6{cells}"'),
    ('dates = ""', 'dates = "day_first"'),
    ('"weibl." = ""', '"weibl." = "female"'),
    ('"" = { is = "patient_id" }', '"more" = { is = "patient_id" }'),
    ('" " = { is = "day" }', '"noon" = { is = "day", dates = "iso" }'),
    ('is = ""', 'is = "day"'),
    ('rows = ""', 'rows = "days"'),
)


def drafted(place: Path, **files: list[list[object]]) -> str:
    for name, rows in files.items():
        write_lines(place / f"{name}.csv", rows, ";", "utf-8")
    return mapping_text("site", "site", draft_files(sorted(place.glob("*.csv"))))


def refused(place: Path, text: str) -> bool:
    (place / "m.toml").write_text(text, encoding="utf-8")
    try:
        read_mapping(place / "m.toml")
    except CohortError:
        return True
    return False


@pytest.mark.parametrize(
    ("files", "questions"),
    [
        ({"labs": RESULTS}, 'product thousands dates "mg/l" "E/l"'),
        ({"labs": WITHOUT_UNITS}, "product thousands dates unit"),
        ({"people": PATIENTS}, 'product time_zone dates unit "weibl."'),
        ({"days": DAYS}, "product decimal dates unit patient_id"),
        ({"days": UNDATED}, "product day"),
        ({"days": DATED_BY_NO_KNOWN_NAME}, "product is dates"),
        ({"days": ONE_ROW_AN_ID}, "product rows day"),
    ],
)
def test_each_open_question_is_counted_and_refused_until_all_are_filled(
    tmp_path: Path, files: dict[str, list[list[object]]], questions: str
) -> None:
    text = drafted(tmp_path, **files)
    asked = open_questions(text)
    assert asked == len(questions.split())
    for one in set(questions.split()) - {"patient_id", "day"}:
        assert f'{one} = ""' in text
    mine = [pair for pair in ANSWERS if pair[0] in text]
    for left, _ in mine:
        filled = text
        for question, answer in mine:
            filled = filled.replace(question, answer) if question != left else filled
        assert open_questions(filled) == text.count(left), left
        assert refused(tmp_path, filled), left
    for question, answer in mine:
        text = text.replace(question, answer)
    assert open_questions(text) == 0
    assert not refused(tmp_path, text)


def test_a_line_that_needs_no_answer_may_be_deleted(tmp_path: Path) -> None:
    text = drafted(tmp_path, labs=RESULTS)
    without = re.sub(r"thousands = .*\n", "", text)
    assert open_questions(without) == open_questions(text) - 1
