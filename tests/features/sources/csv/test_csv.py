"""CSV files as sites write them: what is read, what is refused, and how it is said."""

from pathlib import Path

import pandas as pd
import pytest

from features.checks import Failures
from features.errors import CohortError
from features.inputs import INPUTS
from features.sources import read
from features.sources.csv.template import template_columns, write_template
from features.tables import TABLES, Cohort

COURSES = "course_id,patient_id,product,follow_up_days\nC1,P1,axi-cel,30\nC2,P2,Kymriah,30\n"
RESULTS = "course_id,day,known_day,input,value,unit\n"
INSTANT = 'resolution = "instant"\n'


def a_folder(path: Path, settings: str = INSTANT, **files: str | bytes) -> Path:
    """A folder with courses.csv, the files given, and cohort.toml."""
    folder = path / "site"
    folder.mkdir()
    for name, content in {"courses": COURSES, **files}.items():
        raw = content if isinstance(content, bytes) else content.encode()
        (folder / f"{name}.csv").write_bytes(raw)
    (folder / "cohort.toml").write_text(settings)
    return folder


def read_csv(folder: Path, **options: object) -> tuple[Cohort, Failures]:
    return read("csv", folder, **options)


def rejected(failures: Failures) -> set[tuple[str, int, str]]:
    rows = failures.rows
    return set(zip(rows["table"], rows["row"], rows["rule"], strict=True))


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


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ("C1,1,1,crp_mg_l,high,mg/L", "value_is_a_number"),
        ("C1,1,1,crp_mg_l,inf,mg/L", "value_is_a_number"),
        ("C1,1,1,crp_mg_l,12,stones", "unit_is_one_of_its_input"),
        ("C1,1,1,crp_mg_l,12,", "unit_is_one_of_its_input"),
        ("C1,1,1,crp,12,mg/L", "input_is_known"),
        ("C1,1,1,,12,mg/L", "input_is_known"),
        ("C1,1,1,creatinine_mg_dl,88,mg/dL", "value_is_possible_in_its_unit"),
        ("C1,1,1,creatinine_mg_dl,27,mg/dL", "value_fits_no_other_unit_better"),
        ("C1,1,1,il6_pg_ml,27,IU/mL", "unit_is_one_of_its_input"),
        ("C1,1,1,crp_mg_l,,mg/L", "number_or_level_is_present"),
        ("C1,1,1,oxygen_device,a lot,", "level_is_legal"),
        ("C1,soon,1,crp_mg_l,12,mg/L", "day_is_a_number"),
        ("C1,,1,crp_mg_l,12,mg/L", "day_is_present"),
        ("C1,45,45,crp_mg_l,12,mg/L", "day_is_within_follow_up"),
        ("C1,3,2,crp_mg_l,12,mg/L", "known_is_not_before_it_happened"),
        ("C9,1,1,crp_mg_l,12,mg/L", "course_is_known"),
        ("C1,0.25,0.3,crp_mg_l,9,mg/L", "row_is_not_repeated"),
    ],
)
def test_a_bad_result_is_listed_by_line_and_rule(tmp_path: Path, row: str, rule: str) -> None:
    good = "C1,0.25,0.3,crp_mg_l,9,mg/L\n"
    folder = a_folder(tmp_path, measurements=RESULTS + good + "\n" + row + "\n")
    cohort, failures = read_csv(folder)
    assert rejected(failures) == {("measurements", 4, rule)}
    assert cohort.manifest.exclusions == {f"measurements.{rule}": 1}
    assert len(cohort.measurements) == 1


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ("C1,-1,CRS,2", "grade_is_not_before_infusion"),
        ("C1,1,CRS,7", "grade_is_within_its_range"),
        ("C1,1,CRS,1.5", "grade_is_a_whole_number"),
        ("C1,1,CRS,VII", "grade_is_a_number"),
        ("C1,1,cough,2", "toxicity_is_legal"),
        ("C1,1,CRS,", "grade_is_present"),
    ],
)
def test_a_bad_grading_is_listed_by_line_and_rule(tmp_path: Path, row: str, rule: str) -> None:
    folder = a_folder(tmp_path, grades=f"course_id,day,toxicity,grade\nC1,1,CRS,1\n{row}\n")
    cohort, failures = read_csv(folder)
    assert rejected(failures) == {("grades", 3, rule)}
    assert len(cohort.grades) == 1


@pytest.mark.parametrize(
    ("rows", "rule", "lines"),
    [
        ("C3,P3,aspirin,n\n", "product_is_in_the_catalogue", {4}),
        ("C3,P3,Tecelra,n\n", "product_is_a_car_t", {4}),
        ("C1,P9,axi-cel,n\n", "course_id_is_unique", {2, 4}),
        ("C3,P1,axi-cel,south\n", "patient_belongs_to_one_site", {2, 4}),
        (",P3,axi-cel,n\n", "course_id_is_present", {4}),
    ],
)
def test_a_bad_course_is_listed_and_takes_its_rows_along(
    tmp_path: Path, rows: str, rule: str, lines: set[int]
) -> None:
    courses = "course_id,patient_id,product,site\nC1,P1,axi-cel,n\nC2,P2,Kymriah,n\n" + rows
    folder = a_folder(
        tmp_path, courses=courses, grades="course_id,day,toxicity,grade\nC1,1,CRS,1\n"
    )
    _, failures = read_csv(folder)
    of_courses = {one for one in rejected(failures) if one[0] == "courses"}
    assert of_courses == {("courses", line, rule) for line in lines}
    assert (("grades", 2, "course_was_kept") in rejected(failures)) == (2 in lines)


@pytest.mark.parametrize("written", ["1.0", "001", "c1"])
def test_ids_that_match_nowhere_stop_the_import(tmp_path: Path, written: str) -> None:
    folder = a_folder(
        tmp_path,
        courses="course_id,patient_id,product\n1,P1,axi-cel\n",
        grades=f"course_id,day,toxicity,grade\n{written},1,CRS,1\n{written},2,CRS,2\n",
    )
    with pytest.raises(CohortError, match=r"grades\.csv: not one of 2 rows has a course_id"):
        read_csv(folder)


def test_a_cohort_of_no_car_t_names_the_product_and_the_legal_ones(tmp_path: Path) -> None:
    courses = "course_id,patient_id,product\nC1,P1,blinatumomab\n"
    grades = "course_id,day,toxicity,grade\nC1,1,CRS,1\n"
    with pytest.raises(CohortError, match=r"product_is_a_car_t: 1 \(line 2\)") as refused:
        read_csv(a_folder(tmp_path, courses=courses, grades=grades))
    assert "legal: axicabtagene ciloleucel (axi-cel)" in str(refused.value)
    assert "blinatumomab is no CAR-T product" in str(refused.value)
    assert "course_was_kept" not in str(refused.value), "what follows is no cause"


@pytest.mark.parametrize(("stated", "flag"), [("true", True), ("false", False), (True, True)])
def test_made_up_rows_are_called_so_by_option(tmp_path: Path, stated: object, flag: bool) -> None:
    assert read_csv(a_folder(tmp_path), synthetic=stated)[0].manifest.synthetic is flag


@pytest.mark.parametrize("stated", ["yes", "", 1, "True story"])
def test_a_word_not_understood_never_turns_made_up_rows_into_patients(
    tmp_path: Path, stated: object
) -> None:
    with pytest.raises(CohortError, match="synthetic is true or false"):
        read_csv(a_folder(tmp_path), synthetic=stated)


def test_nothing_that_is_rejected_shows_a_value(tmp_path: Path) -> None:
    value = "Zaphod"
    folder = a_folder(
        tmp_path,
        courses=COURSES + f"C3,{value},{value},x\n",
        measurements=RESULTS + f"C1,1,1,crp_mg_l,{value},mg/L\nC1,1,1,crp_mg_l,3,{value}\n"
        f"C1,1,1,{value},3,mg/L\n",
    )
    cohort, failures = read_csv(folder)
    assert len(failures) == 5
    said = failures.rows.to_csv() + str(failures.counts()) + str(cohort.manifest.to_dict())
    assert value not in said


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


def test_the_resolution_has_no_default(tmp_path: Path) -> None:
    folder = a_folder(tmp_path, settings="")
    with pytest.raises(CohortError, match="say whether the days carry hours"):
        read_csv(folder)
    assert read_csv(folder, resolution="day")[0].manifest.resolution == "day"


def test_without_known_day_a_result_is_known_as_declared(tmp_path: Path) -> None:
    results = "course_id,day,input,value,unit\nC1,2,crp_mg_l,5,mg/L\nC1,2,ldh_u_l,300,U/L\n"
    settings = 'resolution = "day"\n[delays]\nldh_u_l = 0.5\n'
    cohort, _ = read_csv(a_folder(tmp_path, settings, measurements=results))
    assert cohort.measurements.set_index("input")["known_day"].to_dict() == {
        "crp_mg_l": 3.0, "ldh_u_l": 3.5,
    }  # fmt: skip
    assert cohort.manifest.delays == {"ldh_u_l": 0.5}
    assert any("2 rows without known_day" in note for note in cohort.manifest.notes)


def test_hours_in_a_cohort_of_days_are_refused(tmp_path: Path) -> None:
    folder = a_folder(tmp_path, measurements=RESULTS + "C1,1.5,2,crp_mg_l,5,mg/L\n")
    with pytest.raises(CohortError, match="1 of 1 days carry hours"):
        read_csv(folder, resolution="day")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ('resolution = "hour"', "'hour' is not one of instant, day"),
        (INSTANT + 'end_of_record = "gone"', "'gone' is not one of censored"),
        (INSTANT + 'centre = "x"', "'centre' is not known; legal: resolution"),
        (INSTANT + "delays = 3", "delays is a table"),
        (INSTANT + "[delays]\ncrp = 1", "'crp' is no known input"),
        (INSTANT + '[delays]\ncrp_mg_l = "x"', "crp_mg_l is a number of days"),
        ("resolution = ", "cannot be read"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(
    tmp_path: Path, settings: str, words: str
) -> None:
    with pytest.raises(CohortError, match=words):
        read_csv(a_folder(tmp_path, settings))


def test_when_no_course_is_left_every_rule_is_named_with_lines_and_legal_values(
    tmp_path: Path,
) -> None:
    header = "course_id,patient_id,product,sex,death_day\n"
    lines = [f"C{n},P{n},axi-cel,Zaphod,-3\n" for n in range(7)]
    with pytest.raises(CohortError) as refused:
        read_csv(a_folder(tmp_path, courses=header + "".join(lines)))
    said = str(refused.value)
    assert "death_is_not_before_infusion: 7 (line 2, 3, 4, 5, 6, ...); legal: death_day 0" in said
    assert "sex_is_legal" not in said, "a cell refuses no course"
    assert "Zaphod" not in said


def test_a_line_is_listed_for_every_rule_it_breaks(tmp_path: Path) -> None:
    results = RESULTS + "C1,3,2,crp_mg_l,12,stones\nC1,1,1,oxygen_device,snorkel,\n"
    cohort, failures = read_csv(a_folder(tmp_path, measurements=results))
    legal = failures.rows.set_index(["row", "rule"])["legal"].to_dict()
    assert legal[2, "unit_is_one_of_its_input"] == "mg/L | ug/mL | mg/dL | nmol/L"
    assert legal[2, "known_is_not_before_it_happened"] == "known_day from the day itself on"
    assert legal[3, "level_is_legal"].startswith("room_air | nasal_cannula")
    assert len(legal) == 3
    assert cohort.measurements.empty


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


def test_the_template_names_the_products_the_units_and_the_hours(tmp_path: Path) -> None:
    write_template(tmp_path)
    columns = pd.read_csv(tmp_path / "columns.csv").set_index(["table", "column"])
    assert "axicabtagene ciloleucel (axi-cel)" in columns.loc[("courses", "product"), "legal"]
    unit = columns.loc[("measurements", "unit")]
    assert "required with every numeric measurement" in unit["meaning"]
    assert "crp_mg_l: mg/L | ug/mL | mg/dL | nmol/L; " in unit["legal"]
    readme = (tmp_path / "README.txt").read_text(encoding="utf-8")
    assert "ciltacabtagene autoleucel (cilta-cel)" in readme
    settings = (tmp_path / "cohort.toml").read_text(encoding="utf-8").replace("\n# ", " ")
    for text in (readme, settings):
        assert "day 2.5 is 60 hours after the start of the infusion" in text


def test_the_template_says_every_column_and_input(tmp_path: Path) -> None:
    write_template(tmp_path)
    for table in TABLES.values():
        header = pd.read_csv(tmp_path / f"{table.name}.csv").columns.tolist()
        assert header == [column.name for column in template_columns(table)]
    inputs = pd.read_csv(tmp_path / "inputs.csv")
    assert inputs["input"].tolist() == list(INPUTS)
    columns = pd.read_csv(tmp_path / "columns.csv")
    assert len(columns) == sum(len(template_columns(table)) for table in TABLES.values())


def test_the_template_as_written_asks_for_courses_and_resolution(tmp_path: Path) -> None:
    write_template(tmp_path)
    with pytest.raises(CohortError, match="say whether the days carry hours"):
        read_csv(tmp_path)
    with pytest.raises(CohortError, match="has no rows"):
        read_csv(tmp_path, resolution="instant")


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


WRONG_BUT_READABLE = {
    "courses": "course_id,patient_id,site,product,age_years,follow_up_days,death_day\n"
    "C1,P1,A,axi-cel,200,10,20\nC2,P1,B,Kymriah,50,10,-3\nC4,P4,A,axi-cel,60,10,\n",
    "measurements": RESULTS
    + "C1,1,1,sodium_mmol_l,14,mmol/L\n"  # impossible
    + "C1,1,1,sodium_mmol_l,14,mmol/L\n"  # repeated
    + "C1,20,20,crp_mg_l,12,mg/dL\n"  # after follow-up
    + "C2,3,2,crp_mg_l,12,mg/L\n",  # known before it happened
    "grades": "course_id,day,toxicity,grade\nC1,-2,CRS,3\nC1,1,CRS,0.5\nC1,1,CRS,0.5\nC2,1,CRS,7\n",
}


def test_as_published_nothing_that_can_be_read_is_left_out(tmp_path: Path) -> None:
    folder = a_folder(tmp_path, **WRONG_BUT_READABLE)
    cohort, failures = read_csv(folder, as_published=True)
    assert len(failures) == 0
    assert cohort.manifest.exclusions == {}
    assert cohort.manifest.name == "site as published"
    assert cohort.courses["age_years"].tolist() == [200, 50, 60]
    assert cohort.measurements["value"].tolist() == [14, 14, 120, 12]
    assert cohort.grades["grade"].tolist() == [3, 0.5, 0.5, 7]
    cleaned, left_out = read_csv(folder, as_published="false")
    assert cleaned.manifest.name == "site"
    assert cleaned.courses["course_id"].tolist() == ["C4"]
    assert len(left_out) > 8


@pytest.mark.parametrize(
    ("table", "row", "rule"),
    [
        ("measurements", "C1,1,1,crp_mg_l,high,mg/L", "value_is_a_number"),
        ("measurements", "C1,1,1,crp,12,mg/L", "input_is_known"),
        ("measurements", "C1,1,1,crp_mg_l,12,stones", "unit_is_one_of_its_input"),
        ("measurements", "C1,1,1,crp_mg_l,,mg/L", "number_or_level_is_present"),
        ("measurements", "C1,1,1,oxygen_device,snorkel,", "level_is_legal"),
        ("measurements", "C9,1,1,crp_mg_l,12,mg/L", "course_is_known"),
        ("measurements", "C1,soon,1,crp_mg_l,12,mg/L", "day_is_a_number"),
        ("courses", "C3,P3,C,Kymirah,50,10,", "product_is_in_the_catalogue"),
        ("courses", "C2,P3,C,Kymriah,50,10,", "course_id_is_unique"),
    ],
)
def test_as_published_what_cannot_be_read_is_listed(
    tmp_path: Path, table: str, row: str, rule: str
) -> None:
    files = {**WRONG_BUT_READABLE, table: WRONG_BUT_READABLE[table] + row + "\n"}
    _, failures = read_csv(a_folder(tmp_path, **files), as_published=True)
    assert rule in set(failures.rows["rule"])
    assert set(failures.rows["rule"]) <= {rule, "course_was_kept"}


def test_as_published_is_asked_for_and_no_property_of_the_files(tmp_path: Path) -> None:
    with pytest.raises(CohortError, match="'as_published' is not known"):
        read_csv(a_folder(tmp_path, settings=INSTANT + "as_published = true\n"))


def test_ids_that_match_in_part_are_counted(tmp_path: Path) -> None:
    folder = a_folder(
        tmp_path,
        courses="course_id,patient_id,product\n007,P1,axi-cel\n12,P2,axi-cel\n",
        grades="course_id,day,toxicity,grade\n7,1,CRS,1\n12,1,CRS,2\n12.0,2,CRS,2\n",
    )
    cohort, failures = read_csv(folder)
    assert cohort.grades["course_id"].tolist() == ["12"]
    assert rejected(failures) == {
        ("grades", 2, "course_is_known"), ("grades", 4, "course_is_known"),
    }  # fmt: skip
