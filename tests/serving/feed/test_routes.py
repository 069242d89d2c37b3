"""The routes as a client sees them: contract, statuses, and no patient where none must be."""

import json
import logging
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from serving.api import build_api
from serving.feed import Feed
from serving.feed.examples import EXAMPLE_COURSE, EXAMPLE_EVENTS, EXAMPLE_OUTCOME
from serving.feed.messages import ACTIONS
from serving.feed.told import ActionTold, CourseTold, OutcomeTold, Replay, Turn, Ward
from serving.messages import ErrorBody
from tests.serving.feed.talking import ID, NOW, Http, crp

COURSE, EVENTS = f"/v1/courses/{ID}", f"/v1/courses/{ID}/events"
MARKER = "Zweistein-4711"


@pytest.fixture
def http(desk):
    api = build_api()
    api.desk = desk
    api.feed = Feed(desk, clock=lambda: NOW)
    return Http(api)


@pytest.fixture
def kept(http):
    assert http("PUT", COURSE, EXAMPLE_COURSE).status_code == 200
    reply = http("POST", EVENTS, EXAMPLE_EVENTS)
    return reply.json()["now"]["answer_id"]


def test_every_route_answers_in_the_shape_of_the_contract(http, kept):
    until = (NOW + timedelta(hours=1)).isoformat()
    action = {"who": "x", "reason": "y"}
    more = {"seen": {}, "snooze": {"until": until}, "override": {"level": None}}
    Turn.model_validate_json(http("PUT", COURSE, EXAMPLE_COURSE).content)
    Turn.model_validate_json(http("POST", EVENTS, EXAMPLE_EVENTS).content)
    CourseTold.model_validate_json(http("GET", COURSE).content)
    assert Ward.model_validate_json(http("GET", "/v1/ward").content).courses
    Replay.model_validate_json(http("GET", f"/v1/answers/{kept}/replay").content)
    for name in ACTIONS:
        reply = http("POST", f"/v1/answers/{kept}/{name}", {**action, **more.get(name, {})})
        ActionTold.model_validate_json(reply.content)
    reply = http("POST", "/v1/outcomes", EXAMPLE_OUTCOME)
    assert not OutcomeTold.model_validate_json(reply.content).open
    assert reply.headers["cache-control"] == "no-store"


def test_the_contract_describes_every_body_with_an_example_that_is_legal(http):
    contract = http("GET", "/v1/openapi.json").json()
    for path, methods in contract["paths"].items():
        for said in methods.values():
            if "requestBody" not in said or path.startswith(("/v1/risk", "/v1/grade", "/v1/model")):
                continue
            (content,) = said["requestBody"]["content"].values()
            name = content["schema"]["$ref"].rpartition("/")[2]
            assert contract["components"]["schemas"][name]["examples"], path
            assert {"200", "404", "409", "410", "413", "415", "422", "503"} <= set(
                said["responses"]
            )
    refs = {part.split('"')[0] for part in json.dumps(contract).split("#/components/schemas/")[1:]}
    assert refs <= set(contract["components"]["schemas"])


def test_every_text_that_is_sent_is_limited(http):
    schemas = http("GET", "/v1/openapi.json").json()["components"]["schemas"]
    sent = ("CourseRow", "Events", "Event", "SentMeasurement", "SentTreatment", "SentGrading",
            "Outcome", "Grading", *[one.__name__ for one in ACTIONS.values()])  # fmt: skip
    for name in sent:
        for field, said in schemas[name]["properties"].items():
            for one in (said, *said.get("anyOf", ())):
                if one.get("type") == "string":
                    limited = {"maxLength", "enum", "format", "const"} & set(one)
                    assert limited, f"{name}.{field}"


STATUSES = [
    ("GET", COURSE, None, 404), ("POST", EVENTS, {"events": [crp("a", 1)]}, 404),
    ("PUT", "/v1/courses/4711", EXAMPLE_COURSE, 422), ("GET", "/v1/courses/4711", None, 422),
    ("POST", "/v1/courses/4711/events", EXAMPLE_EVENTS, 422), ("PUT", COURSE, {}, 422),
    ("PUT", COURSE, b"{", 422), ("POST", EVENTS, {"events": []}, 422),
    ("POST", "/v1/outcomes", {"course_id": "4711", "outcome_id": "a"}, 422),
    ("POST", "/v1/outcomes", EXAMPLE_OUTCOME, 404),
    ("GET", "/v1/answers/unknown/replay", None, 404),
    ("POST", "/v1/answers/unknown/seen", {"who": "x"}, 404),
    ("POST", "/v1/answers/unknown/delete", {"who": "x"}, 404), ("DELETE", COURSE, None, 405),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body", "status"), STATUSES, ids=range(len(STATUSES)))
def test_what_cannot_be_done_has_its_status_and_a_plain_body(http, method, path, body, status):
    reply = http(method, path, body)
    assert reply.status_code == status
    assert ErrorBody.model_validate_json(reply.content).message


def test_contradictions_erased_and_unrecorded_have_theirs(http, kept):
    other = {"events": [{"event_id": "lab-2", "findings": {"day": 1}}]}
    assert http("POST", EVENTS, other).status_code == 409
    http.api.desk.ledger.erase(datetime.now(UTC), "ten years are over", "archive")
    for method, path, body in (
        ("GET", COURSE, None), ("PUT", COURSE, EXAMPLE_COURSE), ("POST", EVENTS, EXAMPLE_EVENTS),
        ("POST", "/v1/outcomes", EXAMPLE_OUTCOME), ("GET", f"/v1/answers/{kept}/replay", None),
        ("POST", f"/v1/answers/{kept}/seen", {"who": "x"}),
    ):  # fmt: skip
        reply = http(method, path, body)
        assert reply.status_code == 410, path
        assert "ten years are over" in reply.json()["message"]
    http.api.desk.ledger.close()
    assert http("PUT", "/v1/courses/aB3dE5fG7hI9jK1lM2nO4p", EXAMPLE_COURSE).status_code == 503


def test_without_a_feed_the_service_says_so(http):
    http.api.feed = None
    assert http("GET", "/v1/ward").status_code == 503
    assert http("PUT", COURSE, EXAMPLE_COURSE).status_code == 503


def test_a_body_is_json_and_within_its_limit(http):
    plain = {"headers": {"content-type": "text/plain"}}
    assert http("PUT", COURSE, EXAMPLE_COURSE, **plain).status_code == 415
    http.api.body_limit_bytes = 1000
    assert http("POST", EVENTS, {"events": [crp("a" * 100, 1)] * 20}).status_code == 413


class _Admitting:
    """Puts a caller where the gate puts it."""

    def __init__(self, app, who):
        self.app, self.who = app, who

    async def __call__(self, scope, receive, send):
        scope.setdefault("state", {})["caller"] = self
        await self.app(scope, receive, send)


def test_the_caller_that_was_let_in_is_recorded(http):
    ledger = http.api.desk.ledger
    admitted = Http(_Admitting(http.api, "ward key"))
    told = admitted("PUT", COURSE, EXAMPLE_COURSE).json()
    assert ledger.read(told["ledger_id"]).who == "ward key"
    seen = admitted("POST", f"/v1/answers/{told['now']['answer_id']}/seen", {}).json()
    assert seen["act"]["who"] == "ward key"


INJECTIONS = [
    "../../../../etc/passwd", "<script>alert(1)</script>", "=cmd|' /C calc'!A0", "@SUM(1+1)",
    "'; DROP TABLE entry; --", "{{7*7}}", "${jndi:ldap://x}", "%s%s%n", "\u202egnp.exe",
]  # fmt: skip


@pytest.mark.parametrize("text", INJECTIONS, ids=range(len(INJECTIONS)))
def test_whatever_a_text_looks_like_it_is_kept_and_returned_as_data(http, text):
    row = {**EXAMPLE_COURSE, "hospital_id": text,
           "course": {**EXAMPLE_COURSE["course"], "site": text, "vector_lot": text}}  # fmt: skip
    assert http("PUT", COURSE, row).status_code == 200
    event = {
        "event_id": text,
        "measurement": {"code": text, "system": text, "value": 1, "unit": text, "day": 1},
    }
    told = http("POST", EVENTS, {"events": [event]}).json()
    assert told["accepted"] == [text]
    assert told["unmapped"] == [{"event_id": text, "what": "code", "system": text, "code": text}]
    answer_id = told["now"]["answer_id"]
    said = {"who": text, "reason": text}
    done = http("POST", f"/v1/answers/{answer_id}/acknowledge", said).json()
    assert (done["act"]["who"], done["act"]["reason"]) == (text, text)
    outcome = {"course_id": ID, "outcome_id": text}
    assert http("POST", "/v1/outcomes", outcome).json()["outcome_id"] == text
    course = http("GET", COURSE)
    assert course.headers["content-type"] == "application/json"
    assert course.headers["x-content-type-options"] == "nosniff"
    assert course.json()["hospital_id"] == text
    assert course.json()["outcomes"] == [outcome]
    assert http("GET", "/v1/ward").json()["courses"][0]["hospital_id"] == text
    assert http.api.desk.ledger.verify().holds


MARKED = [
    ("PUT", COURSE, {**EXAMPLE_COURSE, "resolution": MARKER}),
    ("PUT", COURSE, {**EXAMPLE_COURSE, "hospital_id": MARKER * 20}),
    ("PUT", COURSE, {"course": {"infused_at": MARKER}}),
    ("PUT", f"/v1/courses/{MARKER}", EXAMPLE_COURSE),
    ("POST", EVENTS, {"events": [{"event_id": MARKER}]}),
    ("POST", EVENTS, {"events": [{"event_id": MARKER, "corrects": MARKER, "retracts": True}]}),
    ("POST", EVENTS, {"events": [crp("lab-2", 1, **{"corrects": MARKER})]}),
    ("POST", EVENTS, {"events": [{"event_id": "x", "measurement": {"input": MARKER, "day": 1}}]}),
    ("POST", EVENTS, {"events": [crp("x", 4711.4711, day=99.0)]}),
    ("POST", EVENTS, {"events": [crp("x", 4711e9)]}),
    ("POST", "/v1/outcomes", {"course_id": MARKER, "outcome_id": "x"}),
    ("POST", "/v1/outcomes", {"course_id": ID, "outcome_id": "x", "corrects": MARKER}),
    ("POST", f"/v1/answers/{MARKER}/seen", {"who": MARKER}),
    ("GET", f"/v1/answers/{MARKER}/replay", None), ("GET", f"/v1/courses/{MARKER}", None),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body"), MARKED, ids=range(len(MARKED)))
def test_no_refusal_and_no_log_repeats_what_came(http, kept, caplog, method, path, body):
    from prometheus_client import generate_latest

    with caplog.at_level(logging.DEBUG):
        reply = http(method, path, body)
    assert reply.status_code in (404, 409, 422)
    for text in (reply.text, caplog.text.replace(path, ""), generate_latest().decode()):
        assert MARKER not in text
        assert "4711.4711" not in text


def test_what_is_kept_reaches_no_log_either(http, caplog):
    with caplog.at_level(logging.DEBUG):
        http("PUT", COURSE, {**EXAMPLE_COURSE, "hospital_id": MARKER})
        http("POST", EVENTS, {"events": [crp(MARKER, 47.11)]})
        http("GET", "/v1/ward")
        http("GET", COURSE)
    assert MARKER not in caplog.text
    assert "47.11" not in caplog.text


_LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8),
    st.sampled_from(["CRS", "mg/L", "crp_mg_l", "2026-03-04T08:00:00+08:00", "1", 10**400]),
)  # fmt: skip
_ANYTHING = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
_PLACES = [
    ("event_id",), ("corrects",), ("retracts",), ("measurement",), ("measurement", "input"),
    ("measurement", "code"), ("measurement", "system"), ("measurement", "value"),
    ("measurement", "unit"), ("measurement", "at"), ("measurement", "day"),
    ("measurement", "known_at"), ("treatment",), ("grading",), ("findings",), ("unknown",),
]  # fmt: skip


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(place=st.sampled_from(_PLACES), what=_ANYTHING)
def test_whatever_stands_in_an_event_it_is_kept_or_refused_and_breaks_nothing(http, place, what):
    http("PUT", COURSE, EXAMPLE_COURSE)
    event = json.loads(json.dumps(EXAMPLE_EVENTS["events"][1]))
    where = event if len(place) == 1 else event[place[0]]
    where[place[-1]] = what
    body = json.dumps({"events": [event]}).encode()
    assert http("POST", EVENTS, body).status_code in (200, 409, 422)
    assert http("GET", COURSE).status_code == 200
    assert http("GET", "/v1/ward").status_code == 200
