"""CSV files as published: all that can be read is kept, for the leakage audit."""

from pathlib import Path

import pytest

from features.errors import CohortError
from tests.csv_folder import INSTANT, RESULTS, a_folder, read_csv

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
