"""Laws of the fold, over any order of arrival."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.sources.records.site_mapping import SiteMapping
from serving.course_reading import course_so_far, read_request
from serving.feed.course_state import CourseState, content_of, fold, open_by
from serving.feed.folded import folded
from serving.ledger import Kind, Recorded, Tombstone
from serving.messages import RiskRequest

ROW = {"course": {"product": "axicabtagene ciloleucel", "infused_at": "2026-03-02T10:00:00+08:00"}}
INFUSED = datetime(2026, 3, 2, 2, tzinfo=UTC)


def an_entry(position, kind, body, **more):
    return Recorded(
        f"entry-{position}", request=json.dumps(body).encode(), kind=kind, subject="course",
        position=position, written_at=INFUSED, digest="", **more,
    )  # fmt: skip


def entries_of(*batches):
    rows = [an_entry(1, Kind.COURSE, ROW)]
    rows += [
        an_entry(at, Kind.EVENT, {"events": list(batch)}) for at, batch in enumerate(batches, 2)
    ]
    return rows


def request_of(state):
    return folded(state, SiteMapping()).body()


def at(day):
    return (INFUSED + timedelta(days=day)).isoformat()


_DAYS = st.integers(-20, 80).map(lambda tenth: tenth / 10)
_WHEN = st.one_of(_DAYS.map(lambda day: {"day": day}), _DAYS.map(lambda day: {"at": at(day)}))


@st.composite
def some_events(draw, least=1):
    """Draw uncorrected events with known times and ids of their own."""
    kinds = draw(st.lists(st.sampled_from("mgtf"), min_size=least, max_size=8))
    events = []
    for number, kind in enumerate(kinds):
        when = draw(_WHEN)
        if kind == "m":
            value = draw(st.integers(1, 300))
            said = {"measurement": {"input": "crp_mg_l", "value": value, "unit": "mg/L", **when}}
        elif kind == "g":
            day = draw(st.integers(0, 80)) / 10
            said = {"grading": {"toxicity": "CRS", "grade": draw(st.integers(0, 4)), "day": day}}
        elif kind == "t":
            said = {"treatment": {"agent": "corticosteroid", "start_day": draw(_DAYS)}}
        else:
            said = {"findings": {"enlarged_organs": draw(st.integers(0, 2)), **when}}
        events.append({"event_id": f"event-{number}", **said})
    return events


@settings(deadline=None)
@given(events=some_events(), data=st.data())
def test_the_order_of_arrival_does_not_matter(events, data):
    one = fold(entries_of(*[[event] for event in events]))
    shuffled = data.draw(st.permutations(events))
    cut = data.draw(st.integers(0, len(events)))
    other = fold(entries_of(*[part for part in (shuffled[:cut], shuffled[cut:]) if part]))
    assert request_of(one) == request_of(other)


@settings(deadline=None)
@given(events=some_events(), data=st.data())
def test_what_arrives_again_changes_nothing(events, data):
    again = data.draw(st.lists(st.sampled_from(events), max_size=5))
    once = fold(entries_of(events))
    twice = fold(entries_of(events, *[[one] for one in again]))
    assert request_of(once) == request_of(twice)
    assert twice.events == once.events


@settings(deadline=None)
@given(events=some_events(least=2), data=st.data())
def test_a_correction_is_as_if_the_corrected_event_had_never_come(events, data):
    old, new = events[0], {**events[1], "corrects": events[0]["event_id"]}
    rest = events[2:]
    arriving = data.draw(st.permutations([old, new, *rest]))
    corrected = fold(entries_of(*[[one] for one in arriving]))
    never = fold(entries_of([events[1], *rest]))
    assert request_of(corrected) == request_of(never)
    assert corrected.events[old["event_id"]] == old, "the old one is kept"


@settings(deadline=None)
@given(events=some_events(least=2), data=st.data())
def test_a_correction_changes_no_landmark_before_either_was_known(events, data):
    """It does change later ones, also those at which only the old one was known."""
    new = {**events[1], "corrects": events[0]["event_id"]}
    before, after = fold(entries_of(events[:1])), fold(entries_of([events[0], new]))
    known = [row.known_day for state in (before, after) for row in rows_of(state, 1000.0)]
    landmark = min(known, default=0.0) - data.draw(st.sampled_from([0.01, 1.0, 5.0]))
    assert rows_of(before, landmark) == rows_of(after, landmark)


def rows_of(state, landmark):
    request = read_request(request_of(state), RiskRequest)
    course = course_so_far(request.model_copy(update={"landmark": landmark}))
    return [*course.readings, *course.doses, *course.grades]


def test_a_retraction_takes_away_and_brings_nothing_back():
    old = {"event_id": "a", "findings": {"enlarged_organs": 1, "day": 1}}
    new = {"event_id": "b", "corrects": "a", "findings": {"enlarged_organs": 2, "day": 1}}
    gone = {"event_id": "c", "corrects": "b", "retracts": True}
    state = fold(entries_of([old], [new], [gone]))
    assert state.read == {}
    assert state.corrected == {"a": "b", "b": "c"}
    assert json.loads(request_of(state))["findings"] == {}


def test_the_latest_finding_counts_and_each_by_itself():
    first = {
        "event_id": "a",
        "findings": {"enlarged_organs": 1, "immunosuppressed": True, "day": 3},
    }
    second = {"event_id": "b", "findings": {"enlarged_organs": 2, "day": 2}}
    third = {"event_id": "c", "findings": {"haemophagocytosis": False, "day": 3}}
    state = fold(entries_of([third], [first], [second]))
    assert json.loads(request_of(state))["findings"] == {
        "enlarged_organs": 1, "immunosuppressed": True, "haemophagocytosis": False,
    }  # fmt: skip


def test_the_latest_row_counts_and_turns_are_counted():
    newer = {**ROW, "hospital_id": "17"}
    events = entries_of([{"event_id": "a", "findings": {"day": 1}}])
    state = fold([*events, an_entry(3, Kind.COURSE, newer)])
    assert state.row == newer
    assert state.turns == 3


def test_other_entries_of_the_course_are_no_turns():
    assert fold([an_entry(1, Kind.COURSE, ROW), an_entry(2, Kind.ANSWER, {})]).turns == 1


def test_a_course_of_which_a_part_was_erased_says_so():
    gone = Tombstone(INFUSED, "ten years", "archive")
    assert fold([an_entry(1, Kind.COURSE, {}, erased=gone)]).erased == gone


def test_null_and_left_out_are_one():
    assert content_of(b'{"a": null, "b": [{"c": null, "d": 0}]}') == {"b": [{"d": 0}]}


def test_treatments_are_an_empty_list_only_where_all_are_sent():
    assert "treatments" not in json.loads(request_of(CourseState(row=ROW)))
    told = CourseState(row={**ROW, "treatments_recorded": True})
    assert json.loads(request_of(told))["treatments"] == []


@pytest.mark.parametrize(
    ("outcomes", "is_open"),
    [
        ([], True),
        ([("a", {"closes": True})], False),
        ([("a", {"closes": True}), ("b", {})], False),
        ([("a", {"closes": True}), ("b", {"closes": False})], True),
        ([("a", {"closes": True}), ("b", {"corrects": "a", "retracts": True})], True),
        ([("a", {"closes": False}), ("b", {"closes": True})], False),
    ],
)
def test_the_last_outcome_that_says_so_and_still_counts_closes(outcomes, is_open):
    assert open_by(dict(outcomes)) == is_open
