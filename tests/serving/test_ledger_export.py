"""What the service saw becomes a cohort: its tables, its answers, and what was left out."""

import json
from datetime import UTC, datetime

import pandas as pd
import pytest

from features.answers import read_answers
from features.cohort_files import read_cohort
from features.errors import CohortError, LedgerError
from features.sources.records.site_mapping import SiteMapping
from serving.answer import Desk
from serving.ledger import Entry, Kind, Ledger
from serving.ledger_export import export_ledger
from tests.serving.asking import a_request, before_infusion


@pytest.fixture
def ledger(tmp_path):
    one = Ledger(tmp_path / "ledger.sqlite")
    yield one
    one.close()


@pytest.fixture
def answered(ledger, release):
    desk = Desk(release, ledger, demo=True)

    def ask(**changes):
        return json.loads(desk.answer(json.dumps(a_request(**changes)).encode()))

    return ask


@pytest.fixture
def exported(ledger, tmp_path):
    def export():
        found = export_ledger(ledger, tmp_path / "seen", SiteMapping())
        return found, read_cohort(tmp_path / "seen"), read_answers(tmp_path / "seen")

    return export


def a_course(**ids):
    return {**a_request()["course"], **ids}


def test_a_request_becomes_a_course_with_its_rows_in_canonical_units(answered, exported):
    answer = answered()
    found, cohort, _ = exported()
    assert (found.courses, dict(found.left_out)) == (1, {})
    (course,) = cohort.courses.to_dict("records")
    assert course["course_id"] == course["patient_id"] == answer["ledger_id"]
    assert course["product"] == "axicabtagene ciloleucel"
    assert course["age_years"] == 61
    assert course["follow_up_days"] == 2.0
    crp = cohort.measurements[cohort.measurements["input"] == "crp_mg_l"]
    assert crp["value"].tolist() == [21.0, 84.0]  # 2.1 mg/dL first
    assert crp["unit"].tolist() == ["mg/L", "mg/L"]
    temperature = cohort.measurements[cohort.measurements["input"] == "temperature_c"]
    assert temperature["day"].tolist() == pytest.approx([46 / 24])  # a time, from the infusion
    assert cohort.treatments["agent"].tolist() == ["antipyretic"]
    assert len(cohort.grades) == 3
    assert cohort.manifest.end_of_record == "censored"


def test_every_question_of_every_answer_stands_in_the_table_of_answers(answered, exported):
    answer = answered()
    found, _, answers = exported()
    assert found.answers == len(answers) == len(answer["answers"])
    for row, one in zip(answers.to_dict("records"), answer["answers"], strict=True):
        assert row["answer_id"] == answer["ledger_id"]
        assert row["question"] == one["question"]["name"]
        assert row["landmark_day"] == 2.0
        if one["abstention"]:
            assert row["abstention"] == one["abstention"]["reason"]
            assert pd.isna(row["probability"])
        else:
            assert row["probability"] == one["probability"]
            assert (row["low"], row["high"]) == (one["interval"]["low"], one["interval"]["high"])
            assert row["tier"] == one["tier"]["name"]
            assert row["model"] == one["model"]["version"]
    assert answers["written_at"].dt.tz is not None


def test_the_last_request_of_a_course_is_what_is_known_of_it(answered, exported):
    ids = {"course_id": "H-77", "patient_id": "P-1"}
    answered(**(before_infusion() | {"course": a_course(**ids)}), treatments=[], grades=[])
    answered(course=a_course(**ids))
    _, cohort, answers = exported()
    assert len(cohort.courses) == 1
    assert len(cohort.measurements) == 9
    assert set(answers["landmark_day"]) == {0.0, 2.0}
    assert set(answers["course_id"]) == set(cohort.courses["course_id"])


def test_no_identifier_of_the_hospital_leaves_as_it_came(answered, exported, tmp_path):
    answered(course=a_course(course_id="H-77", patient_id="P-1"))
    exported()
    for file in (tmp_path / "seen").glob("*.parquet"):
        text = pd.read_parquet(file).to_csv()
        assert "H-77" not in text
        assert "P-1" not in text


def test_two_patients_who_look_alike_stay_two(answered, exported):
    answered()
    answered()
    _, cohort, _ = exported()
    assert len(cohort.courses) == 2


def test_an_entry_with_a_subject_belongs_to_it(answered, ledger, exported):
    answer = answered()
    first = ledger.read(answer["ledger_id"])
    ledger.append(Entry("again", first.release, first.request, b"{}", first.answer, subject="c-1"))
    _, cohort, answers = exported()
    assert set(cohort.courses["course_id"]) == {answer["ledger_id"], "c-1"}
    assert set(answers["course_id"]) == {answer["ledger_id"], "c-1"}


def test_an_erased_answer_is_left_out_and_counted(answered, ledger, exported):
    answered()
    ledger.erase(datetime.now(UTC), "rule", "A. Person")
    answered()
    ledger.append(Entry("x", kind=Kind.SEEN, subject="y"))
    found, cohort, _ = exported()
    assert len(cohort.courses) == 1
    assert dict(found.left_out) == {"answers whose payload was erased": 1}


def test_a_course_of_no_product_is_left_out_with_its_answers(answered, exported):
    answered(course={**a_course(), "product": "marvel-cel"})
    answered()
    found, cohort, answers = exported()
    assert len(cohort.courses) == 1
    assert found.left_out["courses.product_is_in_the_catalogue"] == 1
    assert found.left_out["answered questions whose course was left out"] == 3
    assert set(answers["course_id"]) == set(cohort.courses["course_id"])


def test_an_empty_ledger_has_nothing_to_export(exported, tmp_path):
    with pytest.raises(LedgerError, match="no answer"):
        exported()
    assert not (tmp_path / "seen").exists()


def test_a_directory_with_something_else_is_left_alone(answered, exported, tmp_path):
    answered()
    (tmp_path / "seen").mkdir()
    (tmp_path / "seen" / "mine").write_text("mine")
    with pytest.raises(CohortError, match="something else"):
        exported()
