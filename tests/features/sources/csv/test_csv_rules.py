"""What breaks a rule in CSV files: listed by line and rule, never with a value."""

from pathlib import Path

import pytest

from features.errors import CohortError
from tests.csv_folder import COURSES, RESULTS, a_folder, read_csv, rejected


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


def test_a_cohort_of_no_car_t_names_the_product_and_the_legal_ones(tmp_path: Path) -> None:
    courses = "course_id,patient_id,product\nC1,P1,blinatumomab\n"
    grades = "course_id,day,toxicity,grade\nC1,1,CRS,1\n"
    with pytest.raises(CohortError, match=r"product_is_a_car_t: 1 \(line 2\)") as refused:
        read_csv(a_folder(tmp_path, courses=courses, grades=grades))
    assert "legal: axicabtagene ciloleucel (axi-cel)" in str(refused.value)
    assert "blinatumomab is no CAR-T product" in str(refused.value)
    assert "course_was_kept" not in str(refused.value), "what follows is no cause"


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
