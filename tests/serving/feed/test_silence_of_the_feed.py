"""What a silent model says is recorded and shown nowhere: turn, ward, course, replay."""

import json

import pytest

from models.release import load_release
from serving.answer import Desk
from serving.batch.chunk import Chunk, Line
from serving.errors import body_of
from serving.feed.acting import act
from serving.feed.examples import EXAMPLE_EVENTS
from serving.feed.replay import replay
from serving.messages import StandingRequest
from serving.replies import RiskAnswer
from tests.serving.asking import a_request
from tests.serving.feed.talking import ID, Ward, as_json, crp, grading
from tests.serving.small_release import a_release

CRS, ICANS = "severe-crs-72h", "severe-icans-72h"
SAID = StandingRequest(who="head of the unit", why="limits are met")


@pytest.fixture(scope="module")
def real_release(tmp_path_factory):
    place = tmp_path_factory.mktemp("real")
    return load_release(a_release(place, synthetic=False, asked=(CRS, ICANS)))


@pytest.fixture
def desk(open_desk, real_release):
    return open_desk(real_release, demo=False)


def fed(ward):
    """Feed a course without a grade that would raise its tier; return the last answer's id."""
    ward.put()
    rows = [grading("g", 0), grading("h", 0, toxicity="ICANS"), crp("c", 180, day=1.9)]
    return ward.send(*rows, *EXAMPLE_EVENTS["events"][:4])["now"]["answer_id"]


def recorded(ward, answer_id):
    return RiskAnswer.model_validate_json(ward.feed.desk.ledger.answer(answer_id))


def figures(answer, *questions, words=True):
    """Return every figure of an estimate, and the words of its tier, as they would be written."""
    found = []
    for one in answer.answers:
        if one.question.name in questions and one.probability is not None:
            found += [repr(one.probability), repr(one.interval.low), repr(one.interval.high)]
            found += [repr(driver.contribution) for driver in one.explanation.drivers]
            found += [one.tier.because] * words
    return found


def everything_told(ward, answer_id):
    """Return all that the feed tells of a course, as one text."""
    seen = act(ward.feed, answer_id, "seen", as_json({"who": "nurse"})).decode()
    again = ward.feed.events(ID, as_json({"events": [crp("c", 180, day=1.9)]})).decode()
    replayed = replay(ward.feed.desk, answer_id).decode()
    return json.dumps(ward.course()) + json.dumps(ward.list()) + seen + again + replayed


def test_a_silent_model_is_recorded_in_full_and_shown_nowhere(ward):
    answer_id = fed(ward)
    kept = recorded(ward, answer_id)
    hidden = figures(kept, CRS, ICANS)
    assert len(hidden) > 8
    told = everything_told(ward, answer_id)
    assert not [one for one in hidden if one in told]
    row = ward.row()
    assert (row["model"], row["now"]["estimates"], row["now"]["tier"]) == ("silent", [], None)
    assert row["now"]["silent"] == [CRS, ICANS]
    shown = {one["question"]["name"]: one for one in ward.course()["answer"]["answers"]}
    assert shown[CRS]["abstention"]["reason"] == "silent"
    RiskAnswer.model_validate(ward.course()["answer"])


def test_a_model_turned_on_is_shown_from_the_next_answer_on_and_the_other_stays_silent(ward):
    first = fed(ward)
    ward.feed.desk.decide("live", CRS, SAID)
    assert ward.row()["model"] == "silent", "what was recorded in silence stays so"
    last = ward.send(crp("later", 190, day=2.1))["now"]["answer_id"]
    row = ward.row()
    assert (row["model"], row["now"]["silent"]) == ("live", [ICANS])
    assert [one["question"] for one in row["now"]["estimates"]] == [CRS]
    told = everything_told(ward, first) + everything_told(ward, last)
    hidden = figures(recorded(ward, first), CRS, ICANS, words=False)  # the live tier has the same
    hidden += figures(recorded(ward, last), ICANS, words=False)
    assert not [one for one in hidden if one in told]
    assert repr(recorded(ward, last).answers[0].probability) in told


def test_a_model_turned_off_is_gone_at_once_from_what_was_recorded_while_it_was_live(ward):
    ward.feed.desk.decide("live", CRS, SAID)
    answer_id = fed(ward)
    live = ward.row()
    assert live["now"]["tier"] is not None
    ward.feed.desk.decide("silent", CRS, SAID)
    row = ward.row()
    assert (row["now"]["estimates"], row["now"]["tier"], row["level"]) == ([], None, "lowest")
    assert row["model"] == "silent"
    assert ward.course()["answer"] is None
    told = everything_told(ward, answer_id)
    assert not [one for one in figures(recorded(ward, answer_id), CRS) if one in told]
    ward.feed.desk.decide("live", CRS, SAID)
    assert ward.row()["now"] == live["now"]


def test_a_grade_keeps_a_course_at_the_highest_when_its_model_is_turned_off(ward):
    ward.feed.desk.decide("live", CRS, SAID)
    ward.put()
    ward.send(grading("a", 2, toxicity="ICANS"), grading("b", 0))
    assert ward.row()["model"] == "live"
    ward.feed.desk.decide("silent", CRS, SAID)
    row = ward.row()
    assert (row["level"], row["now"]["estimates"]) == ("highest", [])
    assert "ICANS" in row["now"]["because"]
    assert row["attention"]["unacknowledged"]


def test_a_synthetic_model_is_not_shown_once_the_demonstration_is_over(release, open_desk):
    demo = Ward(open_desk(release, demo=True))
    answer_id = fed(demo)
    assert demo.row()["model"] == "live"
    after = Ward(Desk(release, demo.feed.desk.ledger))
    assert (after.row()["model"], after.row()["now"]["estimates"]) == ("silent", [])
    told = everything_told(after, answer_id)
    assert not [one for one in figures(recorded(demo, answer_id), CRS, ICANS) if one in told]


@pytest.mark.parametrize("standing", ["live", "silent"])
def test_a_replay_is_exact_whether_the_model_is_silent_or_live(ward, standing):
    ward.feed.desk.decide(standing, CRS, SAID)
    found = json.loads(replay(ward.feed.desk, fed(ward)))
    assert (found["exact"], found["differences"]) == (True, [])


def test_a_replay_after_a_decision_says_that_it_differs_and_hides_what_is_silent(ward):
    answer_id = fed(ward)
    ward.feed.desk.decide("live", CRS, SAID)
    found = json.loads(replay(ward.feed.desk, answer_id))
    assert not found["exact"]
    assert "silent" in found["meaning"]
    places = {one["path"]: one for one in found["differences"]}
    assert places["answers[0].silent"] == {
        "path": "answers[0].silent",
        "recorded": None,
        "now": None,
    }


@pytest.mark.parametrize("standing", ["live", "silent"])
def test_a_line_of_a_batch_is_replayed_as_a_line_of_a_batch(desk, standing):
    desk.decide(standing, CRS, SAID)
    lines = [a_request(landmark=2.0 + at / 10) for at in range(5)]
    sent = [Line(at + 1, as_json(one)) for at, one in enumerate(lines)]
    told = [json.loads(one) for one in Chunk(desk, "zh", 10_000, body_of).answered(sent)]
    for one in told:
        found = json.loads(replay(desk, one["ledger_id"]))
        assert found["same_predictors"]
        assert found["exact"], found["differences"]
