"""The export's table of answers: what is written is what is read, and no rule may be broken."""

import pandas as pd
import pytest

from features.answers import ANSWERS, read_answers, write_answers
from features.cohort_files import read_cohort, write_cohort
from features.errors import CohortError
from tests.training.silent.exports import an_answer, an_export


@pytest.fixture
def export(tmp_path):
    made = an_export(patients=3, events=[1])
    write_cohort(made.cohort, tmp_path / "export")
    return tmp_path / "export", made.answers


def test_what_was_written_is_read_and_the_cohort_beside_it_is_a_cohort(export):
    place, answers = export
    write_answers(answers, place)
    back = read_answers(place)
    assert back.columns.tolist() == ANSWERS.names
    pd.testing.assert_series_equal(back["probability"], answers["probability"])
    assert (back["written_at"] == answers["written_at"]).all()
    assert back["shown"].dtype == "boolean"
    assert len(read_cohort(place).courses) == 3


def test_a_cohort_without_answers_is_no_export(export):
    with pytest.raises(CohortError, match=r"has no answers\.parquet"):
        read_answers(export[0])


def test_answers_are_written_beside_a_cohort_only(tmp_path):
    with pytest.raises(CohortError, match="write the cohort first"):
        write_answers(an_export(patients=1).answers, tmp_path)


@pytest.mark.parametrize(
    ("cells", "rule"),
    [
        ({"probability": 1.2}, "probability_is_within_its_range"),
        ({"probability": None}, "probability_or_abstention_is_given"),
        ({"abstention": "too old"}, "probability_or_abstention_is_given"),
        ({"low": 0.4, "high": 0.2}, "interval_is_in_order"),
        ({"written_at": "yesterday"}, "written_at_is_a_timestamp"),
        ({"written_at": None}, "written_at_is_present"),
        ({"shown": "perhaps"}, "shown_is_a_flag"),
        ({"question": ""}, "question_is_present"),
        ({"landmark_day": 1e6}, "landmark_day_is_within_its_range"),
        ({"answer_id": "0-1.0"}, "answer_and_question_are_once"),
    ],
)
def test_a_broken_rule_is_named_with_its_count_and_without_a_value(export, cells, rule):
    place, _ = export
    rows = pd.DataFrame([an_answer(0, 1.0), an_answer(0, 2.0, **cells)], dtype="object")
    with pytest.raises(CohortError, match=rf"1 rows break {rule}\."):
        write_answers(rows, place)
    assert not list(place.glob("*answers*"))


def test_an_absent_column_is_named(export):
    place, answers = export
    with pytest.raises(CohortError, match="lacks shown"):
        write_answers(answers.drop(columns="shown"), place)


def test_probabilities_of_exactly_0_and_1_are_legal(export):
    place, answers = export
    write_answers(answers.assign(probability=[0.0, 1.0] * 4 + [0.0]), place)
    assert read_answers(place)["probability"].isin([0.0, 1.0]).all()
