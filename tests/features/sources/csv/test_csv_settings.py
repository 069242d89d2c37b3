"""What CSV files cannot say of themselves: resolution, delays, made-up rows."""

from pathlib import Path

import pytest

from features.errors import CohortError
from tests.csv_folder import INSTANT, RESULTS, a_folder, read_csv


@pytest.mark.parametrize(("stated", "flag"), [("true", True), ("false", False), (True, True)])
def test_made_up_rows_are_called_so_by_option(tmp_path: Path, stated: object, flag: bool) -> None:
    assert read_csv(a_folder(tmp_path), synthetic=stated)[0].manifest.synthetic is flag


@pytest.mark.parametrize("stated", ["yes", "", 1, "True story"])
def test_a_word_not_understood_never_turns_made_up_rows_into_patients(
    tmp_path: Path, stated: object
) -> None:
    with pytest.raises(CohortError, match="synthetic is true or false"):
        read_csv(a_folder(tmp_path), synthetic=stated)


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
