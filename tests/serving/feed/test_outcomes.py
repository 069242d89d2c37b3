import json

import pytest

from features.cohort_files import read_cohort
from features.sources.records.site_mapping import SiteMapping
from serving.errors import Contradiction, NotThere, RequestProblem
from serving.feed.examples import EXAMPLE_COURSE, EXAMPLE_OUTCOME
from serving.feed.outcomes import record_outcome
from serving.ledger import Kind
from serving.ledger_export import export_ledger
from tests.serving.feed.talking import ID, OTHER_ID, as_json, grading


def tell(ward, outcome_id="end-1", **said):
    body = {"course_id": ID, "outcome_id": outcome_id, **said}
    return json.loads(record_outcome(ward.feed, as_json(body)))


def test_the_example_is_recorded_closes_the_course_and_is_shown_as_it_was_sent(ward):
    ward.put()
    told = json.loads(record_outcome(ward.feed, as_json(EXAMPLE_OUTCOME), "registry"))
    (entry,) = ward.feed.desk.ledger.after(0, Kind.OUTCOME)
    assert (entry.entry_id, entry.subject, entry.who) == (told["ledger_id"], ID, "registry")
    assert not told["open"]
    assert ward.course()["outcomes"] == [EXAMPLE_OUTCOME]


def test_the_same_outcome_twice_is_one_entry(ward):
    ward.put()
    first, again = tell(ward, closes=True), tell(ward, closes=True)
    assert again == {**first, "known": True}
    assert len(list(ward.feed.desk.ledger.after(0, Kind.OUTCOME))) == 1


def test_another_outcome_under_a_known_id_is_refused(ward):
    ward.put()
    tell(ward, death_day=9, death_cause="disease")
    with pytest.raises(Contradiction, match="`corrects`"):
        tell(ward, death_day=10)


def test_a_death_in_error_is_corrected_and_both_stay(ward):
    ward.put()
    tell(ward, death_day=9, closes=True)
    assert tell(ward, "end-2", corrects="end-1", retracts=True)["open"]
    assert len(ward.course()["outcomes"]) == 2
    with pytest.raises(RequestProblem, match="was corrected before"):
        tell(ward, "end-3", corrects="end-1")


def test_outcomes_of_an_unknown_course_are_refused(ward):
    with pytest.raises(NotThere, match="PUT"):
        tell(ward)


WRONG = [
    ({"discharge_day": 1, "discharged_at": "2026-03-20T11:00:00+08:00"}, "discharge_day"),
    ({"died_at": "2126-03-20T11:00:00+08:00"}, "death_day"),
    ({"death_cause": "disease"}, "death_cause"),
    ({"retracts": True}, "corrects"),
    ({"corrects": "nothing"}, "corrects"),
    ({"grades": [{"toxicity": "CRS", "grade": 1}]}, "grades[0].day"),
    ({"grades": [{"toxicity": "CRS", "grade": 1, "day": 1, "gade": 1}]}, "grades[0].gade"),
    ({"death_day": 20_000}, "death_day"),
    ({"deathday": 20}, "deathday"),
]


@pytest.mark.parametrize(("said", "path"), WRONG, ids=range(len(WRONG)))
def test_what_is_no_outcome_is_refused_by_its_path(ward, said, path):
    ward.put()
    with pytest.raises(RequestProblem) as refused:
        tell(ward, **said)
    assert refused.value.problems[0].path == path
    assert not list(ward.feed.desk.ledger.after(0, Kind.OUTCOME))


def test_times_need_the_time_of_the_infusion(ward):
    course = {key: one for key, one in EXAMPLE_COURSE["course"].items() if key != "infused_at"}
    ward.put(course=course)
    with pytest.raises(RequestProblem, match="no infused_at"):
        tell(ward, died_at="2026-03-20T11:00:00+08:00")


# --- what the export makes of them ----------------------------------------------------------------


@pytest.fixture
def exported(ward, tmp_path):
    def export():
        found = export_ledger(ward.feed.desk.ledger, tmp_path / "seen", SiteMapping())
        cohort = read_cohort(tmp_path / "seen")
        courses = cohort.courses.set_index("course_id").to_dict("index")
        return found, courses, cohort.grades

    return export


def test_an_outcome_ends_the_exported_course(ward, exported):
    ward.put()
    ward.put(OTHER_ID)
    ward.send(grading("g", 1, day=2.0))
    record_outcome(ward.feed, as_json(EXAMPLE_OUTCOME))
    tell(ward, "end-2", death_day=40.5, death_cause="disease", grades=[
        {"toxicity": "ICANS", "grade": 3, "day": 6.0, "contact": "inpatient"},
        {"toxicity": "CRS", "grade": 1, "day": 2.0},
    ])  # fmt: skip
    found, courses, grades = exported()
    assert dict(found.left_out) == {}
    assert courses[ID]["discharge_day"] == pytest.approx(18 + 1 / 24)
    assert (courses[ID]["death_day"], courses[ID]["death_cause"]) == (40.5, "disease")
    assert courses[ID]["follow_up_days"] == 40.5
    told = sorted(zip(grades["toxicity"], grades["grade"], grades["day"].round(2), strict=True))
    assert told == [("CRS", 1, 2.0), ("CRS", 2, 2.96), ("ICANS", 3, 6.0)], "known ones stand once"
    assert courses[OTHER_ID]["death_day"] != courses[OTHER_ID]["death_day"]  # missing


def test_what_was_corrected_or_retracted_ends_nothing(ward, exported):
    ward.put()
    tell(ward, death_day=9.0, follow_up_days=9.0)
    tell(ward, "end-2", corrects="end-1", discharge_day=9.0, follow_up_days=30.0)
    tell(ward, "end-3", death_day=20.0)
    tell(ward, "end-4", corrects="end-3", retracts=True)
    _, courses, _ = exported()
    assert courses[ID]["death_day"] != courses[ID]["death_day"]
    assert (courses[ID]["discharge_day"], courses[ID]["follow_up_days"]) == (9.0, 30.0)
