"""CSV files as sites write them: what is read, and which files are refused."""

from pathlib import Path

import pytest

from features.errors import CohortError
from features.inputs import INPUTS
from tests.csv_folder import INSTANT, RESULTS, a_folder, read_csv, rejected


def test_values_come_in_canonical_units_and_the_source_stays(tmp_path: Path) -> None:
    folder = a_folder(
        tmp_path,
        measurements=RESULTS
        + "C1,1.5,1.6,creatinine_mg_dl,88.4,umol/L\nC1,1.5,1.6,temperature_c,102.2,[degF]\n"
        + "C2,2,2,crp_mg_l,<0.5,mg/dL\nC2,2,2,oxygen_device,nasal_cannula,\n",
    )
    cohort, failures = read_csv(folder)
    rows = cohort.measurements.set_index("input")
    assert len(failures) == 0
    assert rows["value"].drop("oxygen_device").tolist() == pytest.approx([1.0, 39.0, 5.0], rel=1e-3)
    assert rows.loc["oxygen_device", "text"] == "nasal_cannula"
    assert rows.loc["crp_mg_l", "comparator"] == "<"
    assert rows.loc["crp_mg_l", ["source_value", "source_unit"]].tolist() == ["<0.5", "mg/dL"]
    assert rows["source_row"].tolist() == [2, 3, 4, 5]
    assert set(cohort.courses["product"]) == {"axicabtagene ciloleucel", "tisagenlecleucel"}


def test_semicolons_decimal_commas_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    folder = a_folder(
        tmp_path,
        courses="\ufeffcourse_id;patient_id;product;age_years\nC1;P1;Kymriah;11,5\n",
        measurements="course_id;day;input;value;unit\r\nC1;1,25;crp_mg_l;<3,5;mg/L\r\n",
    )
    cohort, failures = read_csv(folder)
    assert len(failures) == 0
    assert cohort.courses["age_years"].tolist() == [11.5]
    assert cohort.measurements[["day", "value"]].to_numpy().tolist() == [[1.25, 3.5]]


def test_quoted_cells_may_hold_the_delimiter_and_line_breaks(tmp_path: Path) -> None:
    terms = 'course_id,day,term\nC1,40,"Infection, lung"\nC1,41,"two\nlines"\nC9,42,x\n'
    cohort, failures = read_csv(a_folder(tmp_path, late_events=terms))
    assert cohort.late_events["term"].tolist() == ["Infection, lung", "two\nlines"]
    assert rejected(failures) == {("late_events", 5, "course_is_known")}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"PK\x03\x04 a workbook", "binary file"),
        (
            "course_id,patient_id,product\nC1,Müller,axi-cel\n".encode("latin-1"),
            "line 2: not UTF-8",
        ),
        (b"course_id,patient_id,product\nC1,P1,axi-cel,30\n", "line 2: 4 cells"),
        (b'course_id,patient_id,product\nC1,"P1,axi-cel\n', "no CSV"),
        (b"course_id,patient_id,product,product\n", "names column 'product' more than once"),
        (b"course_id,patient_id,,product\n", "column 3 has no name"),
        (b"course_id,patient_id\nC1,P1\n", "mandatory column product"),
        (b"course_id,patient_id,product\n", "has no rows"),
        (b"course_id,patient_id,product\nC1,P1,aspirin\n", "every row of courses.csv breaks"),
        (b"course_id,patient_id,product,age_year\nC1,P1,axi-cel,3\n", "did you mean 'age_years'"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(CohortError, match=words) as caught:
        read_csv(a_folder(tmp_path, courses=content))
    assert "Müller" not in str(caught.value)


def test_a_folder_without_courses_is_refused(tmp_path: Path) -> None:
    (tmp_path / "cohort.toml").write_text(INSTANT)
    with pytest.raises(CohortError, match=r"has no courses\.csv"):
        read_csv(tmp_path)


def test_a_column_too_many_is_remarked_and_not_read(tmp_path: Path) -> None:
    courses = "course_id,patient_id,product,favourite_colour\nC1,P1,axi-cel,blue\n"
    cohort, _ = read_csv(a_folder(tmp_path, courses=courses))
    assert "courses.csv: column 'favourite_colour' is not known and was not read" in (
        cohort.manifest.notes
    )


def test_words_in_another_spelling_are_read_and_counted(tmp_path: Path) -> None:
    folder = a_folder(
        tmp_path,
        courses="course_id,patient_id,product,sex,diagnosis\n"
        "C1,P1,axi-cel,F,DLBCL\nC2,P2,Kymriah,m,ALL\nC3,P3,Kymriah,female,B-ALL\n",
        grades="course_id,day,toxicity,grade\nC1,1,crs,II\nC1,2,Icans,IV\nC1,3,CRS,0\n",
        treatments="course_id,start_day,agent\nC1,1,Tocilizumab\nC1,2,Dexamethasone\n"
        "C1,3,methylprednisolone\nC1,4,prednisone\nC1,5,Noradrenaline\nC1,6,norepinephrine\n",
        measurements=RESULTS
        + "C1,1,1,oxygen_device,Nasal cannula,\nC1,1,1,platelets_10e9_l,9,G/l\n",
    )
    cohort, failures = read_csv(folder)
    assert failures.counts() == {}
    assert cohort.courses["sex"].tolist() == ["female", "male", "female"]
    assert cohort.courses["diagnosis"].tolist() == ["LBCL", "B-ALL", "B-ALL"]
    assert cohort.grades["toxicity"].tolist() == ["CRS", "ICANS", "CRS"]
    assert cohort.grades["grade"].tolist() == [2, 4, 0]
    agents = ["tocilizumab", *["corticosteroid"] * 3, *["vasopressor"] * 2]
    assert cohort.treatments["agent"].tolist() == agents
    assert cohort.measurements["text"].iloc[0] == "nasal_cannula"
    assert cohort.measurements["source_value"].iloc[0] == "Nasal cannula"
    assert (
        "15 cells were respelt as the columns have it: courses.sex 2, courses.diagnosis 2, "
        "measurements.text 1, treatments.agent 6, grades.toxicity 2, grades.grade 2."
    ) in cohort.manifest.notes


def test_words_as_the_columns_have_them_need_no_note(tmp_path: Path) -> None:
    grades = "course_id,day,toxicity,grade\nC1,1,CRS,2\n"
    cohort, _ = read_csv(a_folder(tmp_path, grades=grades))
    assert not any("respelt" in note for note in cohort.manifest.notes)


@pytest.mark.parametrize("name", [name for name, one in INPUTS.items() if not one.is_text])
def test_every_input_is_read_in_every_unit_it_may_come_in(tmp_path: Path, name: str) -> None:
    one = INPUTS[name]
    middle = sum(one.plausible) / 2
    lines = [
        f"C1,{day},{day},{name},{(middle - turn.offset) / turn.factor!r},{unit}"
        for day, (unit, turn) in enumerate(one.accepted.items(), start=1)
    ]
    cohort, failures = read_csv(a_folder(tmp_path, measurements=RESULTS + "\n".join(lines)))
    assert len(failures) == 0
    assert cohort.measurements["value"].tolist() == pytest.approx([middle] * len(lines))
    assert set(cohort.measurements["unit"]) == {one.unit}
