import json

import pytest

from serving.errors import Contradiction, NotThere, RequestProblem
from serving.feed.examples import EXAMPLE_COURSE, EXAMPLE_OUTCOME
from serving.feed.outcomes import record_outcome
from serving.ledger import Kind
from tests.serving.feed.talking import ID, as_json


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
