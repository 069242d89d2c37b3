"""What people do with answers: each is an entry with a name; whoever asks later is told."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from serving.errors import NotThere, PayloadErased, RequestProblem
from serving.feed.acting import act
from serving.feed.messages import ACTIONS
from serving.ledger import Kind
from serving.messages import EXAMPLE_REQUEST
from tests.serving.feed.talking import NOW, as_json, grading

SAID = {
    "seen": {},
    "acknowledge": {"reason": "at the bedside"},
    "snooze": {"reason": "rounds at noon", "until": (NOW + timedelta(hours=3)).isoformat()},
    "override": {"reason": "looks worse than that", "level": "highest"},
}


@pytest.fixture
def answer_id(ward):
    ward.put()
    return ward.send(grading("a", 1))["now"]["answer_id"]


def do(ward, answer_id, name, caller="", **said):
    body = SAID[name] | ({} if caller else {"who": "doctor on duty"}) | said
    return json.loads(act(ward.feed, answer_id, name, as_json(body), caller))


@pytest.mark.parametrize("name", ACTIONS)
def test_every_action_is_an_entry_about_the_answer_with_the_person(ward, answer_id, name):
    told = do(ward, answer_id, name)
    (entry,) = ward.feed.desk.ledger.of_subject(answer_id)
    assert (entry.kind, entry.who, entry.entry_id) == (
        Kind(name), "doctor on duty", told["ledger_id"],
    )  # fmt: skip
    assert told["act"]["reason"] == SAID[name].get("reason")
    assert told["course_id"] == ward.course()["course_id"]
    assert told["attention"] == ward.course()["attention"]


@pytest.mark.parametrize("name", ACTIONS)
def test_the_same_again_is_one_entry_and_after_something_else_another(ward, answer_id, name):
    first = do(ward, answer_id, name)
    assert do(ward, answer_id, name) == first
    do(ward, answer_id, name, who="somebody else")
    assert do(ward, answer_id, name)["ledger_id"] != first["ledger_id"]


@pytest.mark.parametrize("name", ACTIONS)
def test_somebody_must_be_named(ward, answer_id, name):
    with pytest.raises(RequestProblem) as refused:
        act(ward.feed, answer_id, name, as_json(SAID[name]))
    assert refused.value.problems[0].path == "who"


@pytest.mark.parametrize("name", [name for name in ACTIONS if name != "seen"])
def test_a_reason_must_be_given(ward, answer_id, name):
    said = {key: one for key, one in SAID[name].items() if key != "reason"}
    with pytest.raises(RequestProblem) as refused:
        act(ward.feed, answer_id, name, as_json({**said, "who": "x"}))
    assert refused.value.problems[0].path == "reason"


def test_who_holds_the_token_is_recorded_and_nobody_can_hide_it(ward, answer_id):
    def who_and_named(caller, **said):
        found = do(ward, answer_id, "seen", caller, **said)["act"]
        return found["who"], found["named"]

    assert who_and_named("ward key") == ("ward key", None)
    assert who_and_named("ward key", who="nurse") == ("ward key", "nurse")
    assert who_and_named("nurse", who="nurse") == ("nurse", None)
    assert ward.feed.desk.ledger.latest(Kind.SEEN).who == "nurse"


@pytest.mark.parametrize("hours", [-1, 0, 25, 10_000])
def test_a_snooze_ends_within_a_day(ward, answer_id, hours):
    until = (NOW + timedelta(hours=hours)).isoformat()
    with pytest.raises(RequestProblem, match="until"):
        do(ward, answer_id, "snooze", until=until)


def test_a_name_is_one_line(ward, answer_id):
    with pytest.raises(RequestProblem, match="one line"):
        do(ward, answer_id, "seen", who="a\nb")


def test_an_answer_of_no_kept_course_can_be_seen_too(ward):
    given = json.loads(ward.feed.desk.answer(as_json(EXAMPLE_REQUEST)))["ledger_id"]
    told = do(ward, given, "seen")
    assert (told["course_id"], told["attention"]) == (None, None)
    assert ward.feed.desk.ledger.of_subject(given, Kind.SEEN)


def test_what_is_no_answer_or_was_erased_cannot_be_seen(ward, answer_id):
    with pytest.raises(NotThere):
        do(ward, "unknown", "seen")
    with pytest.raises(NotThere):
        do(ward, ward.put()["ledger_id"], "seen")
    ward.feed.desk.ledger.erase(datetime.now(UTC), "over", "archive")
    with pytest.raises(PayloadErased):
        do(ward, answer_id, "seen")
