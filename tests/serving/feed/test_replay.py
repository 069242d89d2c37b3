"""An answer replayed: the same to the bit, or every field that differs."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.release import load_release
from serving.answer import Desk
from serving.errors import NotThere, PayloadErased
from serving.feed.course_view import as_shown
from serving.feed.examples import EXAMPLE_EVENTS
from serving.feed.replay import differing, replay
from serving.ledger import Entry, Kind
from serving.messages import EXAMPLE_GRADE_REQUEST, EXAMPLE_REQUEST
from serving.replies import RiskAnswer
from tests.serving.feed.talking import as_json
from tests.serving.small_release import a_release


@pytest.fixture
def answer_id(ward):
    ward.put()
    return ward.send(*EXAMPLE_EVENTS["events"])["now"]["answer_id"]


def replayed(desk, answer_id):
    return json.loads(replay(desk, answer_id))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_an_answer_is_the_same_to_the_bit_under_the_same_release(desk, language):
    given_answer = json.loads(desk.answer(as_json(EXAMPLE_REQUEST), language))
    told = replayed(desk, given_answer["ledger_id"])
    assert told["exact"]
    assert told["same_release"]
    assert told["differences"] == []


def test_an_answer_of_the_feed_is_the_same_though_the_course_went_on(ward, answer_id):
    ward.send({"event_id": "x", "corrects": "lab-2", "retracts": True})
    assert replayed(ward.feed.desk, answer_id)["exact"]
    assert len(list(ward.feed.desk.ledger.after(0, Kind.ANSWER))) == 3, "a replay records nothing"


def test_under_another_release_every_difference_is_shown(ward, answer_id, tmp_path):
    recorded = json.loads(ward.feed.desk.ledger.answer(answer_id))
    other = load_release(a_release(tmp_path, asked=("severe-crs-72h",)))
    desk = Desk(other, ward.feed.desk.ledger, demo=True)
    told = replayed(desk, answer_id)
    assert not told["same_release"]
    assert not told["exact"]
    found = {one["path"]: one for one in told["differences"]}
    assert found["release"]["recorded"] == recorded["release"] == told["release_recorded"]
    assert found["release"]["now"] == told["release_now"]


def test_without_a_model_the_estimate_is_gone_and_that_is_shown(ward, answer_id):
    told = replayed(Desk(None, ward.feed.desk.ledger), answer_id)
    paths = {one["path"] for one in told["differences"]}
    assert any(path.endswith(".probability") for path in paths)
    assert told["same_predictors"] is False


def test_an_edited_answer_would_show(ward, answer_id):
    ledger = ward.feed.desk.ledger
    one = ledger.read(answer_id)
    said = json.loads(one.answer)
    asked = next(at for at, each in enumerate(said["answers"]) if each["probability"])
    said["answers"][asked]["probability"] += 1e-15
    forged = Entry("forged", one.release, one.request, one.predictors, as_json(said))
    ledger.append(forged)
    (difference,) = replayed(ward.feed.desk, "forged")["differences"]
    assert difference["path"] == f"answers[{asked}].probability"


def test_an_erased_answer_is_gone_with_the_reason(ward, answer_id):
    ward.feed.desk.ledger.erase(datetime.now(UTC), "ten years are over", "archive")
    with pytest.raises(PayloadErased, match="ten years are over"):
        replay(ward.feed.desk, answer_id)


def test_what_is_no_answer_of_a_model_is_not_there(ward, answer_id):
    graded = json.loads(ward.feed.desk.grade(as_json(EXAMPLE_GRADE_REQUEST)))["ledger_id"]
    for one in ("unknown", "x" * 5000, graded, ward.put()["ledger_id"]):
        with pytest.raises(NotThere):
            replay(ward.feed.desk, one)


def test_a_request_that_is_not_legal_any_more_is_told(ward):
    said = {"language": "en", "answers": []}
    ward.feed.desk.ledger.append(Entry("old", "r", b'{"older": 1}', b"", as_json(said)))
    told = replayed(ward.feed.desk, "old")
    assert not told["exact"]
    assert "not legal" in told["meaning"]


def test_what_a_silent_model_says_is_hidden_in_differences(ward):
    recorded = json.loads(ward.feed.desk.answer(as_json(EXAMPLE_REQUEST)))
    one = ward.feed.desk.ledger.read(recorded["ledger_id"])
    for each in recorded["answers"]:
        each["silent"] = True
        each["probability"] = 0.123456
    ward.feed.desk.ledger.append(
        Entry("silent", one.release, one.request, one.predictors, as_json(recorded))
    )
    assert b"0.123456" not in replay(ward.feed.desk, "silent")


def test_a_silent_estimate_is_not_shown_with_its_course(desk):
    recorded = json.loads(desk.answer(as_json(EXAMPLE_REQUEST)))
    assert as_shown(desk, recorded) == recorded
    silent = {**recorded, "answers": [{**one, "silent": True} for one in recorded["answers"]]}
    assert any(one["probability"] is not None for one in recorded["answers"])
    for one in as_shown(desk, silent)["answers"]:
        assert all(one[name] is None for name in ("probability", "tier", "explanation"))
    RiskAnswer.model_validate(as_shown(desk, silent))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=10,
)


@settings(deadline=None)
@given(one=_JSON, other=_JSON)
def test_two_values_differ_somewhere_exactly_when_their_json_does(one, other):
    def written(said):
        return json.dumps({"said": said}, sort_keys=True)

    found = list(differing({"said": one}, {"said": other}))
    assert not list(differing({"said": one}, {"said": one}))
    if written(one) == written(other):
        assert not found


@settings(deadline=None)
@given(one=_JSON)
def test_a_changed_leaf_is_found_at_its_place(one):
    (found,) = differing({"a": [one, {"b": 1}]}, {"a": [one, {"b": 2}]})
    assert (found.path, found.recorded, found.now) == ("a[1].b", 1, 2)
