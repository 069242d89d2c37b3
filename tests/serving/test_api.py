import copy
import json
import logging

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.questions import QUESTIONS
from serving.measures import measures
from serving.messages import EXAMPLE_REQUEST, ErrorBody, RiskRequest
from serving.replies import ReleaseFacts, RiskAnswer
from tests.serving.small_release import ASKED

MARKER = "Zweistein-4711"
_LEGAL = (200, 413, 422)


def test_the_example_of_the_contract_is_answered(client):
    contract = client.get("/v1/openapi.json").json()
    example = contract["components"]["schemas"]["RiskRequest"]["examples"][0]
    reply = client.risk(example)
    assert reply.status_code == 200
    assert RiskAnswer.model_validate_json(reply.content).ledger_id
    assert reply.headers["cache-control"] == "no-store"


def test_the_contract_describes_the_body_the_answer_and_the_errors(client):
    contract = client.get("/v1/openapi.json").json()
    risk = contract["paths"]["/v1/risk"]["post"]
    assert risk["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith(
        "RiskRequest"
    )
    assert {"200", "413", "415", "422", "503"} <= set(risk["responses"])
    text = json.dumps(contract)
    for name in contract["components"]["schemas"]:
        assert f"#/components/schemas/{name}" in text
    refs = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert refs <= set(contract["components"]["schemas"])
    words = contract["components"]["schemas"]["Measurement"]["properties"]["input"]["enum"]
    assert "crp_mg_l" in words


def test_the_model_behind_each_question_is_described(client):
    facts = ReleaseFacts.model_validate_json(client.get("/v1/model").content)
    assert facts.loaded
    assert [one.question.name for one in facts.models] == list(ASKED)
    assert all(len(one.model.version) == 64 and one.predictors for one in facts.models)
    assert facts.record["who"] == "a test"


def test_the_questions_are_listed(client):
    assert {one["name"] for one in client.get("/v1/questions").json()} == set(QUESTIONS)


def test_an_unknown_question_is_refused_with_the_legal_ones(client):
    reply = client.risk({**EXAMPLE_REQUEST, "questions": [MARKER]})
    assert reply.status_code == 422
    assert reply.json()["problems"][0]["path"] == "questions[0]"
    assert "severe-crs-72h" in reply.text
    assert MARKER not in reply.text


@pytest.mark.parametrize("path", ["/v1/risk", "/v1/nothing"])
def test_a_wrong_route_or_method_is_told_as_ours(client, path):
    reply = client.get(path)
    assert reply.status_code in (404, 405)
    ErrorBody.model_validate_json(reply.content)


def test_an_encoded_marker_in_a_path_is_not_repeated(client):
    assert MARKER not in client.get(f"/v1/{MARKER}").text


def test_a_body_that_is_not_declared_json_is_refused(client):
    reply = client.risk(EXAMPLE_REQUEST, **{"content-type": "text/plain"})
    assert reply.status_code == 415
    assert client.risk(EXAMPLE_REQUEST, **{"content-type": "application/json; charset=utf-8"})


def test_a_body_beyond_the_limit_is_refused_whether_it_says_so_or_not(client):
    client.api.body_limit_bytes = 2000
    long = json.dumps({**EXAMPLE_REQUEST, "questions": ["x"] * 500}).encode()
    assert client.risk(long).status_code == 413

    async def pieces():
        for at in range(0, len(long), 100):
            yield long[at : at + 100]

    headers = {"content-type": "application/json"}
    reply = client.request("POST", "/v1/risk", content=pieces(), headers=headers)
    assert reply.status_code == 413
    assert "2000" in reply.json()["message"]


def test_without_a_desk_the_service_says_so(client):
    client.api.desk = None
    for reply in (client.risk(EXAMPLE_REQUEST), client.get("/v1/model")):
        assert reply.status_code == 503


def test_the_questions_need_a_desk_as_well(client):
    client.api.desk = None
    assert client.get("/v1/questions").status_code == 503


def test_an_answer_that_cannot_be_recorded_is_not_given(client):
    client.api.desk.ledger.close()
    reply = client.risk(EXAMPLE_REQUEST)
    assert reply.status_code == 503
    assert reply.json()["error"] == "LedgerError"
    assert "probability" not in reply.text


def test_what_nobody_expected_is_a_clean_500_and_its_message_is_logged_nowhere(
    client, monkeypatch, caplog
):
    def fails(*_):
        raise KeyError(MARKER)

    monkeypatch.setattr(type(client.api.desk), "answer", fails)
    with caplog.at_level(logging.DEBUG):
        reply = client.risk(EXAMPLE_REQUEST)
    assert reply.status_code == 500
    assert MARKER not in reply.text
    assert MARKER not in caplog.text
    (told,) = (one.facts for one in caplog.records if one.getMessage() == "unexpected")
    assert told["kind"] == "KeyError"
    assert "fails" in told["at"]


BROKEN = [
    b"", b"null", b"[]", b"3", b'"text"', b"{", b"{}", b"\xff\xfe", b"\x00", b"[" * 100_000,
    b'{"course":' * 5000, b'{"course": {"age_years": NaN}}', b'{"course": {"age_years": Infinity}}',
    b'{"course": {"age_years": -Infinity}}', b'{"course": {"age_years": 1e999}}',
    b'{"course": {"age_years": ' + b"9" * 10_000 + b"}}",
    b'{"course": {"age_years": ' + b"9" * 400 + b"}}",
    b'{"course": {"product": "\\ud800"}}', b'{"course": {"product": "\\u0000"}}',
    b'{"course": {"product": ""}}', b'{"course": {"infused_at": "0001-01-01T00:00:00+23:59"}}',
    b'{"course": {}, "landmark": 1e308}', b'{"course": {}, "landmark": true}',
    b'{"course": {}, "measurements": {}}', b'{"course": {}, "measurements": [null]}',
    b'{"course": {}, "measurements": [[]]}', b'{"course": {}, "grades": [{}]}',
    b'{"course": {}, "grades": [{"toxicity": "CRS", "grade": 99999999999999999999, "day": 1}]}',
    b'{"course": {}, "questions": [[]]}', b'{"course": {"bridging": "yes"}}',
    b'{"course": {"infused_at": "9999-12-31T23:59:59-23:59"},'
    b' "landmark_at": "0001-01-01T00:00:00Z"}',
    b'{"course": {"infused_at": 1e10}}', b'{"course": {"infused_at": "2026-03-01"}}',
]  # fmt: skip


@pytest.mark.parametrize("body", BROKEN, ids=range(len(BROKEN)))
def test_a_broken_body_is_refused_and_never_breaks_the_service(client, body):
    reply = client.risk(body)
    assert reply.status_code in _LEGAL
    if reply.status_code == 422:
        assert ErrorBody.model_validate_json(reply.content).message


def test_twenty_problems_are_told_and_the_others_counted(client):
    rows = [{"input": MARKER, "day": 1}] * 50
    told = client.risk({**EXAMPLE_REQUEST, "measurements": rows}).json()
    assert len(told["problems"]) == 20
    assert told["not_shown"] == 30


_LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8),
    st.sampled_from(["CRS", "mg/L", "crp_mg_l", "2026-03-04T08:00:00+08:00", "axi-cel", 10**400]),
)  # fmt: skip
_ANYTHING = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
_PATHS = [
    ("course",), ("course", "age_years"), ("course", "product"), ("course", "infused_at"),
    ("course", "sex"), ("measurements",), ("measurements", 0), ("measurements", 0, "value"),
    ("measurements", 0, "unit"), ("measurements", 0, "input"), ("measurements", 0, "day"),
    ("measurements", 4, "at"), ("measurements", 7, "text"), ("treatments", 0, "start_day"),
    ("treatments", 0), ("grades", 0, "grade"), ("grades", 0, "day"), ("grades",), ("landmark",),
    ("questions",), ("resolution",), ("unknown",),
]  # fmt: skip


def replaced(path, what):
    request = copy.deepcopy(EXAMPLE_REQUEST)
    place = request
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = what
    return request


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(path=st.sampled_from(_PATHS), what=_ANYTHING)
def test_whatever_stands_in_a_field_the_service_answers_or_says_what_is_legal(client, path, what):
    body = json.dumps(replaced(path, what)).encode()
    assert client.risk(body).status_code in _LEGAL


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(at=st.integers(0, 5000), byte=st.integers(0, 255))
def test_a_flipped_byte_breaks_nothing(client, at, byte):
    body = bytearray(json.dumps(EXAMPLE_REQUEST).encode())
    body[at % len(body)] = byte
    assert client.risk(bytes(body)).status_code in _LEGAL


_TEXTS = [
    ("course", "product"), ("course", "diagnosis"), ("course", "site"), ("course", "vector_lot"),
    ("course", "patient_id"), ("course", "course_id"), ("course", "sex"),
    ("course", "infused_at"), ("measurements", 0, "input"), ("measurements", 0, "unit"),
    ("measurements", 7, "text"), ("treatments", 0, "agent"), ("treatments", 0, "route"),
    ("grades", 0, "toxicity"), ("grades", 0, "system"), ("questions",), ("resolution",),
    ("unknown",), ("course", "unknown"), ("measurements", 0, "unknown"),
]  # fmt: skip


@pytest.mark.parametrize("path", _TEXTS, ids=map(str, _TEXTS))
def test_no_text_of_a_patient_reaches_an_answer_a_log_or_a_measure(client, caplog, path):
    from prometheus_client import generate_latest

    with caplog.at_level(logging.DEBUG):
        reply = client.risk(replaced(path, MARKER))
    assert reply.status_code in _LEGAL
    assert MARKER not in reply.text
    assert MARKER not in caplog.text
    assert MARKER not in generate_latest().decode()


@pytest.mark.parametrize(
    ("path", "told", "meant"),
    [
        (("course", "age_year"), "course.age_year", "Did you mean age_years?"),
        (("measurements", 0, "valu"), "measurements[0].valu", "Did you mean value?"),
        (("grades", 1, "Grade"), "grades[1].Grade", "Did you mean grade?"),
        (("landmarks",), "landmarks", "Did you mean landmark?"),
        (("course", "zzz"), "course.zzz", "Leave it out, or correct its name."),
        (("course", "x" * 500), f"course.{'x' * 40}...", "Leave it out, or correct its name."),
        (("course", "a\x1b[2Jb"), "course.a?[2Jb", "Leave it out, or correct its name."),
    ],
)
def test_a_misspelt_field_is_told_by_its_own_path_and_what_was_meant(client, path, told, meant):
    reply = client.risk(replaced(path, MARKER))
    assert reply.status_code == 422
    problem = next(one for one in reply.json()["problems"] if "does not exist" in one["problem"])
    assert problem["path"] == told
    assert problem["what_to_do"] == meant
    assert MARKER not in reply.text


def test_what_is_answered_and_refused_is_counted(client):
    def value(counter, **labels):
        return counter.labels(**labels)._value.get()

    counters = measures()
    abstained = {"question": "severe-crs-30d", "reason": "outside_landmarks"}
    before = value(counters.abstentions, **abstained)
    refused = value(counters.refusals, kind="RequestProblem")
    assert client.risk(EXAMPLE_REQUEST).status_code == 200
    assert client.risk(b"{}").status_code == 422
    assert value(counters.abstentions, **abstained) == before + 1
    assert value(counters.refusals, kind="RequestProblem") == refused + 1


def test_the_limit_of_rows_lies_above_what_a_course_has():
    row = {"input": "crp_mg_l", "value": 1.0, "unit": "mg/L", "day": 1.0}
    body = json.dumps({"course": {}, "measurements": [row] * 1000}).encode()
    assert len(RiskRequest.model_validate_json(body).measurements) == 1000
