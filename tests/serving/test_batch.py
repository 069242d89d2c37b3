"""A line in, a line out: the same figures as one by one, in order, and recorded."""

import asyncio
import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.errors import LedgerError, NotAssessable
from models.risk_model import RiskModel
from serving.api import build_api
from serving.batch.chunk import Chunk, Line
from serving.batch.lines import MOST_LINES, Splitter, chunks_of
from serving.batch.told import BatchLine
from serving.errors import body_of
from serving.messages import EXAMPLE_REQUEST
from tests.serving.asking import a_request, before_infusion
from tests.serving.conftest import Client

MARKER = "Zweistein-4711"
TYPE = {"content-type": "application/x-ndjson"}


def told(client, lines, **headers):
    body = b"\n".join(one if isinstance(one, bytes) else json.dumps(one).encode() for one in lines)
    return client.request("POST", "/v1/risk/batch", content=body, headers={**TYPE, **headers})


def answers_of(reply):
    assert reply.status_code == 200, reply.text
    return [BatchLine.model_validate_json(one) for one in reply.content.splitlines()]


INFUSED = EXAMPLE_REQUEST["course"]["infused_at"]
COURSES = {
    "daily": a_request(),
    "before": before_infusion(),
    "by day": {
        **a_request(), "resolution": "day", "landmark": 3,
        "course": {**EXAMPLE_REQUEST["course"], "infused_at": None},
        "measurements": [
            {"input": "crp_mg_l", "value": 12, "unit": "mg/L", "day": 1},
            {"input": "temperature_c", "value": 39.4, "unit": "Cel", "day": 2},
        ],
        "treatments": [],
    },
    "raised": a_request(grades=[
        {"toxicity": "CRS", "grade": 2, "day": 2.0}, {"toxicity": "ICANS", "grade": 0, "day": 2.0},
    ]),
    "raised by findings": a_request(measurements=[
        {"input": "temperature_c", "value": 39.1, "unit": "Cel", "day": 1.9},
        {"input": "sbp_mmhg", "value": 80, "unit": "mm[Hg]", "day": 1.9},
        {"input": "ice_score", "value": 10, "unit": "{score}", "day": 1.9},
    ], treatments=[{"agent": "vasopressor", "start_day": 1.9}]),
    "other product": a_request(
        course={"product": "cilta-cel", "diagnosis": "MM", "infused_at": INFUSED}
    ),
    "no product": a_request(course={"infused_at": INFUSED}),
    "bare": {"course": {"product": "axi-cel"}, "landmark": 2.0},
    "other system": a_request(grades=[
        {"toxicity": "CRS", "grade": 1, "day": 2.0, "system": "Lee"},
        {"toxicity": "ICANS", "grade": 0, "day": 2.0},
    ]),
    "rows to come": a_request(landmark=1.0, grades=[
        {"toxicity": "CRS", "grade": 0, "day": 0.5}, {"toxicity": "ICANS", "grade": 0, "day": 0.5},
    ]),
}  # fmt: skip


@pytest.fixture(scope="module")
def together(release, tmp_path_factory):
    from serving.answer import Desk
    from serving.ledger import Ledger

    desk = Desk(release, Ledger(tmp_path_factory.mktemp("batch") / "l.sqlite"), demo=True)
    api = build_api()
    api.desk = desk
    found = dict(zip(COURSES, answers_of(told(Client(api), COURSES.values())), strict=True))
    alone = {
        name: json.loads(desk.answer(json.dumps(one).encode())) for name, one in COURSES.items()
    }
    yield found, alone
    desk.close()


@pytest.mark.parametrize("name", COURSES)
def test_every_figure_is_the_one_that_the_course_alone_is_given(together, name):
    line, alone = together[0][name], together[1][name]
    assert line.landmark_day == alone["landmark_day"]
    assert line.product == alone["product"]
    assert (line.watch.name if line.watch else None) == (alone["watch"] or {}).get("name")
    for one, other in zip(line.answers, alone["answers"], strict=True):
        assert one.question.name == other["question"]["name"]
        if other["abstention"]:
            assert one.abstention.model_dump() == other["abstention"]
            continue
        assert one.abstention is None
        assert one.probability == pytest.approx(other["probability"], abs=1e-9)
        assert one.interval.low == pytest.approx(other["interval"]["low"], abs=1e-9)
        assert one.interval.high == pytest.approx(other["interval"]["high"], abs=1e-9)
        assert one.compared.ratio == pytest.approx(other["compared"]["ratio"], abs=1e-9)
        assert (one.tier.name, one.tier.rank) == (other["tier"]["name"], other["tier"]["rank"])
        assert one.inputs_missing == other["inputs_missing"]
        for mine, its in zip(one.explanation.drivers, other["explanation"]["drivers"], strict=True):
            assert mine.predictor == its["predictor"]
            assert mine.contribution == pytest.approx(its["contribution"], abs=1e-6)
            assert mine.value == pytest.approx(its["value"], nan_ok=True)
        codes = list(dict.fromkeys(notice.code for notice in one.notices))
        assert codes == list(dict.fromkeys(notice["code"] for notice in other["notices"]))
        assert one.model.version == other["model"]["version"]
        assert one.model.product_in_training == other["model"]["product_in_training"]


def test_the_courses_cover_answers_abstentions_and_raised_tiers(together):
    lines = together[0].values()
    every = [one for line in lines for one in line.answers]
    assert sum(one.probability is not None for one in every) >= 8
    assert {one.abstention.reason for one in every if one.abstention} >= {
        "no_product", "outside_landmarks",
    }  # fmt: skip
    assert {one.tier.raised for one in every if one.tier} == {True, False}


def test_contributions_add_up(together):
    for line in together[0].values():
        for one in line.answers:
            if one.explanation:
                parts = [driver.contribution for driver in one.explanation.drivers]
                total = one.explanation.base + sum(parts) + one.explanation.rest
                assert total == pytest.approx(one.probability, abs=1e-9)


def test_bad_lines_are_answered_in_place_with_their_number_and_no_value(client, desk):
    lines = [
        a_request(), b"{", a_request(questions=[MARKER]), b"", {"course": {"sex": MARKER}},
        b"x" * 2_100_000, b"\xff\xfe", a_request(),
    ]  # fmt: skip
    reply = told(client, lines)
    found = answers_of(reply)
    assert [one.line for one in found] == [1, 2, 3, 5, 6, 7, 8]  # an empty line has no answer
    errors = {one.line: one.error.error for one in found if one.error}
    assert errors == {
        2: "RequestProblem", 3: "RequestProblem", 5: "RequestProblem", 6: "BodyTooLarge",
        7: "RequestProblem",
    }  # fmt: skip
    assert MARKER not in reply.text
    assert found[-1].answers
    assert desk.ledger.head() == 2


def test_every_answer_is_recorded_with_its_own_line_and_the_chain_holds(client, desk):
    lines = [a_request(landmark=2.0 + at / 100) for at in range(2 * MOST_LINES + 3)]
    found = answers_of(told(client, lines))
    assert [one.landmark_day for one in found] == [one["landmark"] for one in lines]
    entries = list(desk.ledger.after(0))
    assert [one.entry_id for one in entries] == [one.ledger_id for one in found]
    for entry, line, answer in zip(entries, lines, found, strict=True):
        assert json.loads(entry.request) == line
        recorded = json.loads(entry.answer)
        assert recorded["answers"][0]["probability"] == answer.answers[0].probability
        assert set(json.loads(entry.predictors)) == {
            one.question.name for one in answer.answers if one.abstention is None
        }
    assert desk.ledger.verify().holds


def test_what_cannot_be_recorded_is_not_answered(client, desk, monkeypatch):
    def full(*_):
        raise LedgerError("The answer could not be recorded and is therefore not given.")

    monkeypatch.setattr(desk.ledger, "append", full)
    found = answers_of(told(client, [a_request(), b"{"]))
    assert [one.error.error for one in found] == ["LedgerError", "RequestProblem"]
    assert all(one.answers is None for one in found)


def test_a_line_on_which_the_code_breaks_is_not_the_failure_of_the_others(
    client, monkeypatch, caplog
):
    from serving.batch import estimates

    whole = estimates.model_told

    def breaking(estimator, bedside):
        if bedside.course.landmark == 2.5:
            raise ValueError(MARKER)
        return whole(estimator, bedside)

    monkeypatch.setattr(estimates, "model_told", breaking)
    reply = told(client, [a_request(), a_request(landmark=2.5), a_request()])
    found = answers_of(reply)
    assert [one.error.error if one.error else None for one in found] == [
        None, "InternalError", None,
    ]  # fmt: skip
    assert MARKER not in reply.text + caplog.text


def test_a_course_that_a_model_cannot_assess_is_no_other_ones_abstention(client, monkeypatch):
    whole = RiskModel.matrix

    def matrix(self, X):
        day = self.predictors.names().index("day")
        if isinstance(X, np.ndarray) and (X[:, day] == 2.5).any():
            raise NotAssessable("a value is infinite")
        return whole(self, X)

    asked = ["severe-crs-72h"]
    monkeypatch.setattr(RiskModel, "matrix", matrix)
    lines = [a_request(questions=asked, landmark=at) for at in (2.0, 2.5, 2.6)]
    first, second, third = answers_of(told(client, lines))
    assert second.answers[0].abstention.reason == "not_assessable"
    assert second.answers[0].probability is None
    assert first.answers[0].probability
    assert third.answers[0].probability


def test_without_a_release_every_line_abstains(open_desk):
    api = build_api()
    api.desk = open_desk(None)
    (found,) = answers_of(told(Client(api), [a_request()]))
    assert {one.abstention.reason for one in found.answers} == {"no_release"}


def test_an_empty_body_and_another_content_type(client):
    assert told(client, []).content == b""
    assert told(client, [a_request()], **{"content-type": "text/plain"}).status_code == 415


def test_chinese_where_it_is_preferred(client):
    (found,) = answers_of(told(client, [a_request()], **{"accept-language": "zh-CN"}))
    assert found.language == "zh"
    assert "出院" in found.caution


def test_without_a_desk_there_is_no_batch():
    assert told(Client(build_api()), [a_request()]).status_code == 503


# --- lines as they arrive -------------------------------------------------------------------------


def pieces_of(body: bytes, cuts: list[int]):
    places = sorted({0, len(body), *(cut % (len(body) + 1) for cut in cuts)})
    return [body[low:high] for low, high in pairwise(places)]


@given(
    lines=st.lists(st.binary(max_size=30).map(lambda one: one.replace(b"\n", b" ")), max_size=20),
    cuts=st.lists(st.integers(0, 10_000), max_size=20),
)
@settings(deadline=None)
def test_lines_are_the_same_however_the_body_is_cut(lines, cuts):
    splitter, found = Splitter(12), []
    for piece in pieces_of(b"\n".join(lines), cuts):
        found += splitter.lines(piece)
    found += splitter.last()
    expected = [
        Line(number, None if len(one) > 12 else one.strip())
        for number, one in enumerate(lines, 1)
        if len(one) > 12 or one.strip()
    ]
    assert found == expected


def test_what_is_too_long_is_not_kept(monkeypatch):
    splitter = Splitter(1000)
    for _ in range(1000):
        assert not splitter.lines(b"x" * 1000)
        assert len(splitter._begun) <= 1000
    assert splitter.lines(b"\nok\n") == [Line(1, None), Line(2, b"ok")]


def test_a_client_that_pauses_is_answered_what_it_sent():
    async def go():
        sent = asyncio.Event()

        async def pieces():
            yield b"one\ntwo\n"
            await sent.wait()
            yield b"three"

        found = []
        async for chunk in chunks_of(pieces(), 100):
            found.append([line.text for line in chunk])
            sent.set()
        return found

    assert asyncio.run(go()) == [[b"one", b"two"], [b"three"]]


def test_nothing_more_is_read_while_the_client_does_not_take_its_answers():
    async def go():
        asked_for = 0

        async def pieces():
            nonlocal asked_for
            for _ in range(1000):
                asked_for += 1
                yield b"x\n" * MOST_LINES

        chunks = chunks_of(pieces(), 100)
        await anext(chunks)
        await asyncio.sleep(0.05)
        seen = asked_for
        await chunks.aclose()
        return seen

    assert asyncio.run(go()) <= 2


def test_a_chunk_is_one_commit(desk, monkeypatch):
    commits = []
    whole = desk.ledger.append
    monkeypatch.setattr(
        desk.ledger, "append", lambda *entries: commits.append(len(entries)) or whole(*entries)
    )
    line = json.dumps(a_request()).encode()
    Chunk(desk, "en", 10_000, body_of).answered([Line(at, line) for at in range(1, 41)])
    assert commits == [40]
