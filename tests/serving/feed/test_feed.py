"""Rows and events as they arrive: kept once, scored again, recorded with their answer."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from features.cohort_files import read_cohort
from features.errors import LedgerError
from features.sources.records.codes import Meaning
from features.sources.records.site_mapping import SiteMapping
from serving.answer import Desk
from serving.errors import Contradiction, NotThere, PayloadErased, RequestProblem
from serving.feed import messages
from serving.feed.examples import EXAMPLE_COURSE, EXAMPLE_EVENTS
from serving.ledger import Kind, Ledger
from serving.ledger_export import export_ledger
from tests.serving.feed.talking import ID, OTHER_ID, Ward, crp, grading


def entries(ward, *kinds):
    return list(ward.feed.desk.ledger.after(0, *kinds))


def problems(refused):
    return {one.path: one for one in refused.value.problems}


def test_a_row_and_its_answer_are_one_transaction(ward):
    told = ward.put()
    course, answer = entries(ward)
    assert (course.kind, course.subject, course.entry_id) == (Kind.COURSE, ID, told["ledger_id"])
    assert (answer.kind, answer.subject) == (Kind.ANSWER, ID)
    assert answer.entry_id == told["now"]["answer_id"]
    assert json.loads(course.answer) == told


def test_the_same_row_twice_is_one_entry(ward):
    first = ward.put()
    assert ward.put() == first
    assert len(entries(ward)) == 2


def test_a_changed_row_supersedes_and_the_old_one_stays_in_the_ledger(ward):
    ward.put()
    ward.put(hospital_id="made-up 18")
    old, new = entries(ward, Kind.COURSE)
    assert json.loads(old.request)["hospital_id"] == "made-up 17"
    assert ward.course()["hospital_id"] == json.loads(new.request)["hospital_id"] == "made-up 18"
    ward.put()
    assert len(entries(ward, Kind.COURSE)) == 3, "back again is a change as well"


def test_events_are_scored_at_the_newest_of_them_and_recorded_with_the_answer(ward):
    ward.put()
    told = ward.send(crp("a", 84, day=1.0), grading("b", 1, day=2.0))
    event, answer = entries(ward)[-2:]
    assert told["accepted"] == ["a", "b"]
    assert told["now"]["landmark_day"] == 2.0
    assert told["now"]["grades"]["CRS"] == 1
    assert (event.kind, answer.kind) == (Kind.EVENT, Kind.ANSWER)
    request = json.loads(answer.request)
    assert request["measurements"] == [crp("a", 84)["measurement"]]
    assert request["course"] == EXAMPLE_COURSE["course"]


def test_an_event_that_comes_again_is_accepted_and_not_stored(ward):
    ward.put()
    first = ward.send(crp("a", 84))
    count = len(entries(ward))
    again = ward.send(crp("a", 84))
    assert (again["accepted"], again["known"]) == ([], ["a"])
    assert again["now"] == first["now"]
    assert len(entries(ward)) == count
    mixed = ward.send(crp("a", 84), crp("b", 90, day=2), crp("b", 90, day=2))
    assert (mixed["accepted"], mixed["known"]) == (["b"], ["a"])


def test_another_content_under_a_known_id_is_refused_and_nothing_is_stored(ward):
    ward.put()
    ward.send(crp("a", 84))
    count = len(entries(ward))
    for batch in ([crp("b", 1), crp("a", 85)], [crp("c", 1), crp("c", 2)]):
        with pytest.raises(Contradiction, match=r"events\[1\].*`corrects`"):
            ward.send(*batch)
    assert len(entries(ward)) == count


def test_null_is_no_other_content(ward):
    ward.put()
    ward.send(crp("a", 84))
    assert ward.send(crp("a", 84, corrects=None, treatment=None))["known"] == ["a"]


def test_a_correction_is_read_in_place_of_what_it_corrects(ward):
    ward.put()
    ward.send(crp("a", 840))
    recorded = entries(ward)[-1]
    told = ward.send(crp("b", 84, corrects="a"))
    assert told["corrected"] == ["a"]
    assert json.loads(entries(ward)[-1].request)["measurements"] == [crp("b", 84)["measurement"]]
    kept = {one["event_id"]: one for one in ward.course()["events"]}
    assert kept["a"]["corrected_by"] == "b"
    assert kept["b"]["corrects"] == "a"
    assert ward.feed.desk.ledger.read(recorded.entry_id) == recorded, "what was answered stays"


def test_a_correction_may_come_before_what_it_corrects(ward):
    ward.put()
    assert ward.send(crp("b", 84, corrects="a"))["waiting"] == ["b"]
    told = ward.send(crp("a", 840))
    assert told["corrected"] == ["a"]
    assert json.loads(entries(ward)[-1].request)["measurements"] == [crp("b", 84)["measurement"]]


def test_what_was_entered_in_error_is_read_no_more(ward):
    ward.put()
    ward.send(grading("a", 3))
    told = ward.send({"event_id": "b", "corrects": "a", "retracts": True})
    assert told["now"]["grades"].get("CRS") is None
    assert told["now"]["landmark_day"] == 0.0


def test_one_event_is_corrected_once_and_none_in_a_circle(ward):
    ward.put()
    ward.send(crp("a", 1), crp("b", 2, corrects="a"))
    with pytest.raises(Contradiction, match="corrected before"):
        ward.send(crp("c", 3, corrects="a"))
    ward.send(crp("d", 3, corrects="e"))
    with pytest.raises(Contradiction, match="each other"):
        ward.send(crp("e", 3, corrects="d"))


SENSELESS = [
    ({"event_id": "a"}, "events[0]"),
    ({**crp("a", 1), **grading("a", 1)}, "events[0]"),
    (crp("a", 1, corrects="a"), "events[0].corrects"),
    ({"event_id": "a", "retracts": True}, "events[0].corrects"),
    (crp("a", 1, corrects="b", retracts=True), "events[0]"),
    ({"event_id": "a", "measurement": {"value": 1, "day": 1}}, "events[0].measurement.input"),
    ({"event_id": "a", "measurement": {"code": "x", "day": 1}}, "events[0].measurement.input"),
    ({"event_id": "a", "treatment": {"start_day": 1}}, "events[0].treatment.agent"),
    ({"event_id": "a", "grading": {"grade": 1, "day": 1}}, "events[0].grading.toxicity"),
    ({"event_id": "a", "grading": {"toxicity": "CRS", "day": 1}}, "events[0].grading.grade"),
]


@pytest.mark.parametrize(("event", "path"), SENSELESS, ids=range(len(SENSELESS)))
def test_an_event_that_says_nothing_or_too_much_is_refused_by_its_path(ward, event, path):
    ward.put()
    with pytest.raises(RequestProblem) as refused:
        ward.send(event)
    assert path in problems(refused)
    assert len(entries(ward)) == 2


def test_what_is_wrong_with_a_new_event_is_told_by_its_place_in_the_message(ward):
    ward.put()
    ward.send(crp("a", 1), grading("g", 1))
    wrong = {
        "event_id": "c",
        "measurement": {"input": "crp_mg_l", "value": 3, "unit": "m/s", "day": 0},
    }
    with pytest.raises(RequestProblem) as refused:
        ward.send(
            grading("b", 1, day=0.5), wrong, {"event_id": "d", "treatment": {"agent": "anakinra"}}
        )
    assert set(problems(refused)) == {"events[1].measurement.unit", "events[2].treatment.start_day"}


def test_a_misspelt_field_is_told_with_what_was_meant(ward):
    ward.put()
    with pytest.raises(RequestProblem) as refused:
        ward.send({"event_id": "a", "measurement": {"inptu": "crp_mg_l", "day": 1}})
    (problem,) = refused.value.problems
    assert problem.path == "events[0].measurement.inptu"
    assert problem.what_to_do == "Did you mean input?"


def test_events_of_a_course_that_is_not_kept_say_put_it_first(ward):
    with pytest.raises(NotThere, match="PUT"):
        ward.send(crp("a", 1))
    assert entries(ward) == []


def test_what_lies_in_the_future_is_refused(ward):
    ward.put()
    soon = (ward.now + timedelta(minutes=10)).isoformat()
    ward.send({"event_id": "a", "grading": {"toxicity": "CRS", "grade": 0, "at": soon}})
    late = (ward.now + timedelta(minutes=20)).isoformat()
    row = {"input": "crp_mg_l", "value": 1, "unit": "mg/L", "day": 1, "known_at": late}
    with pytest.raises(RequestProblem) as refused:
        ward.send(crp("b", 1, day=40.0), {"event_id": "c", "measurement": row})
    assert set(problems(refused)) == {"events[0].measurement", "events[1].measurement"}


def test_a_row_under_which_kept_events_cannot_be_read_is_refused(ward):
    ward.put()
    ward.send(*EXAMPLE_EVENTS["events"])
    without = {key: one for key, one in EXAMPLE_COURSE["course"].items() if key != "infused_at"}
    with pytest.raises(RequestProblem) as refused:
        ward.put(course=without)
    assert "course.infused_at" in problems(refused)
    with pytest.raises(RequestProblem, match="makes 5 of its events unreadable"):
        ward.put(course={**without, "infused_at": "1990-03-02T10:00:00+08:00"})
    assert len(entries(ward, Kind.COURSE)) == 1


def test_another_time_of_infusion_moves_what_came_with_a_time(ward):
    ward.put()
    at = "2026-03-04T10:00:00+08:00"
    before = ward.send({"event_id": "a", "grading": {"toxicity": "CRS", "grade": 1, "at": at}})
    course = {**EXAMPLE_COURSE["course"], "infused_at": "2026-03-03T10:00:00+08:00"}
    assert before["now"]["landmark_day"] == 2.0
    assert ward.put(course=course)["now"]["landmark_day"] == 1.0


SITE = SiteMapping(
    meanings={
        ("local:lis", "FERR"): Meaning("input", "ferritin_ng_ml", unit="ng/mL"),
        ("local:lis", "O2"): Meaning("input", "oxygen_device"),
        ("local:lis", "NOTE"): Meaning("ignore"),
        ("local:drugs", "D1"): Meaning("agent", "corticosteroid", intent="treatment"),
        ("local:scores", "C2"): Meaning("toxicity", "CRS", grade=2.0, grading_system="ASTCT"),
        ("local:scores", "C"): Meaning("toxicity", "CRS", grading_system="Lee"),
    },
    answers={("oxygen_device", "mask"): "face_mask"},
    units={("", "nanogram/ml"): "ng/mL"},
)


@pytest.fixture
def local(release, tmp_path):
    desk = Desk(release, Ledger(tmp_path / "local.sqlite"), demo=True, site=SITE)
    yield Ward(desk)
    desk.close()


def coded(event_id, code, system="lis", field="measurement", **row):
    named = "code_system" if field == "grading" else "system"
    return {"event_id": event_id, field: {"code": code, named: system, **row}}


def test_local_codes_units_and_answers_are_read_by_the_mapping_of_the_site(local):
    local.put()
    told = local.send(
        coded("a", "FERR", value=600, day=1),
        coded("b", "FERR", value=700, unit="nanogram/ml", day=2),
        coded("c", "O2", text="mask", day=2),
        coded("d", "2276-4", "http://loinc.org", value=650, unit="ng/mL", day=1.5),
        coded("e", "D1", "drugs", "treatment", start_day=1),
        coded("f", "C2", "scores", "grading", day=2),
        coded("g", "C", "scores", "grading", grade=1, day=1),
        coded("h", "NOTE", text="seen", day=1),
    )
    assert told["unmapped"] == []
    request = json.loads(entries(local)[-1].request)
    inputs = [(one["input"], one.get("value"), one.get("unit")) for one in request["measurements"]]
    assert inputs == [
        ("ferritin_ng_ml", 600, "ng/mL"), ("ferritin_ng_ml", 650, "ng/mL"),
        ("ferritin_ng_ml", 700, "nanogram/ml"), ("oxygen_device", None, None),
    ]  # fmt: skip
    assert request["treatments"][0] == {
        "agent": "corticosteroid", "intent": "treatment", "start_day": 1,
    }  # fmt: skip
    assert [(one["system"], one["grade"]) for one in request["grades"]] == [
        ("Lee", 1),
        ("ASTCT", 2),
    ]


UNMAPPED = [
    (coded("a", "XYZ", value=1, day=1), "code"),
    (coded("a", "D1", "drugs", value=1, day=1), "code"),
    (coded("a", "FERR", value=1, unit="spoons", day=1), "unit"),
    (coded("a", "O2", text="tent", day=1), "answer"),
    (coded("a", "C", "scores", "grading", day=1), "grade"),
    (coded("a", "D9", "drugs", "treatment", start_day=1), "code"),
]


@pytest.mark.parametrize(("event", "what"), UNMAPPED, ids=range(len(UNMAPPED)))
def test_what_is_not_mapped_is_told_kept_and_not_read(local, event, what):
    local.put()
    told = local.send(event, crp("b", 50))
    assert told["accepted"] == ["a", "b"]
    assert [(one["event_id"], one["what"]) for one in told["unmapped"]] == [("a", what)]
    request = json.loads(entries(local)[-1].request)
    assert len(request["measurements"]) == 1
    assert request["grades"] == []
    assert [one["event_id"] for one in local.course()["unmapped"]] == ["a"]
    later = local.send(crp("c", 50, day=2))
    assert (later["unmapped"], later["unmapped_in_all"]) == ([], 1)


def test_what_is_mapped_later_is_read_from_the_next_answer_on(local):
    local.put()
    assert local.send(coded("a", "XYZ", value=600, unit="ng/mL", day=1))["unmapped"]
    more = {**SITE.meanings, ("local:lis", "XYZ"): Meaning("input", "ferritin_ng_ml")}
    local.feed.desk.site = SiteMapping(meanings=more)
    assert local.send(crp("b", 50))["unmapped_in_all"] == 0
    request = json.loads(entries(local)[-1].request)
    assert {one["input"] for one in request["measurements"]} == {"ferritin_ng_ml", "crp_mg_l"}


def test_an_earlier_event_that_cannot_be_read_any_more_is_set_aside_and_blocks_nothing(local):
    local.put()
    local.send(coded("a", "XYZ", value=1e12, unit="ng/mL", day=1))
    more = {**SITE.meanings, ("local:lis", "XYZ"): Meaning("input", "ferritin_ng_ml")}
    local.feed.desk.site = SiteMapping(meanings=more)
    told = local.send(crp("b", 50))
    assert told["set_aside"] == ["a"]
    assert local.course()["set_aside"] == ["a"]
    assert local.put(hospital_id="other")["set_aside"] == ["a"], "it was so before the row"


def test_a_code_beside_our_name_is_kept_and_our_name_read(local):
    local.put()
    event = crp("a", 50)
    event["measurement"] |= {"code": "ANY", "system": "lis"}
    assert local.send(event)["unmapped"] == []
    assert json.loads(entries(local)[-1].request)["measurements"] == [crp("a", 50)["measurement"]]


def test_a_patient_of_a_million_measurements_is_told_the_limits(ward, monkeypatch):
    ward.put()
    many = [crp(f"a{at}", 50, day=at / 1e4) for at in range(messages.MOST_EVENTS + 1)]
    with pytest.raises(RequestProblem) as refused:
        ward.send(*many)
    assert problems(refused)["events"].legal == "up to 5000"
    for start in range(4):
        ward.send(*[crp(f"{start}-{at}", 50, day=start / 10 + at / 1e5) for at in range(5000)])
    assert len(ward.feed.state(ID).events) == 20_000
    with pytest.raises(RequestProblem) as refused:
        ward.send(crp("one more", 50))
    assert "too many measurements" in problems(refused)["events"].problem
    ward.send(crp("in its place", 50, corrects="0-0"))


def test_a_course_of_which_a_part_was_erased_takes_nothing_more(ward):
    ward.put()
    ward.send(crp("a", 50))
    ward.feed.desk.ledger.erase(datetime.now(UTC), "ten years are over", "archive")
    for call in (lambda: ward.send(crp("b", 50)), ward.put, ward.course):
        with pytest.raises(PayloadErased, match="ten years are over"):
            call()
    ward.put(OTHER_ID)
    assert [one["course_id"] for one in ward.list()["courses"]] == [OTHER_ID]
    assert ward.list()["erased"] == 1


def test_what_cannot_be_recorded_is_not_answered(ward):
    ward.put()
    ward.feed.desk.ledger.close()
    with pytest.raises(LedgerError):
        ward.send(crp("a", 50))


def test_the_words_are_those_of_the_language_that_is_asked_for(ward):
    ward.put()
    told = ward.send(grading("a", 2), language="zh")
    assert any("\u4e00" <= one <= "\u9fff" for one in told["now"]["because"])


def test_what_the_feed_saw_is_exported_as_one_cohort(ward, tmp_path):
    ward.put()
    ward.put(OTHER_ID)
    ward.send(crp("a", 840), grading("g", 1))
    ward.send(crp("b", 84, corrects="a"))
    found = export_ledger(ward.feed.desk.ledger, tmp_path / "seen", SiteMapping())
    assert (found.courses, found.left_out) == (2, {})
    cohort = read_cohort(tmp_path / "seen")
    assert list(cohort.measurements["value"]) == [84.0]
    assert set(cohort.courses["course_id"]) == {ID, OTHER_ID}
