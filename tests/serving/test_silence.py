"""A model is silent until a person turns it on: its answers are recorded and not shown."""

import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from features.answers import read_answers
from features.sources.records.site_mapping import SiteMapping
from models.release import build_release, load_release
from serving.answer import Desk
from serving.api import build_api
from serving.batch.chunk import Chunk, Line
from serving.batch.told import BatchLine
from serving.ledger import Kind, Ledger
from serving.ledger_export import export_ledger
from serving.messages import StandingRequest
from serving.replies import RiskAnswer
from serving.silence import NOT_SHOWN
from tests.serving.asking import a_request
from tests.serving.conftest import Client
from tests.serving.small_release import a_release

ASKED = ("severe-crs-72h", "severe-icans-72h")
CRS, ICANS = ASKED
SAID = StandingRequest(who="head of the unit", why="limits are met, report of March")


@pytest.fixture(scope="module")
def real_release(tmp_path_factory):
    return load_release(a_release(tmp_path_factory.mktemp("real"), synthetic=False, asked=ASKED))


@pytest.fixture
def desk(open_desk, real_release):
    return open_desk(real_release, demo=False)


@pytest.fixture
def client(desk):
    api = build_api()
    api.desk = desk
    return Client(api)


def ask(desk, **changes):
    return json.loads(desk.answer(json.dumps(a_request(questions=list(ASKED), **changes)).encode()))


def decided(client, standing, question=CRS, **changes):
    body = {"who": "head of the unit", "why": "limits are met", **changes}
    return client.request(
        "POST", f"/v1/model/{question}/{standing}", content=json.dumps(body).encode(),
        headers={"content-type": "application/json"},
    )  # fmt: skip


def test_a_new_model_is_silent_grades_and_scores_are_shown(desk):
    answer = ask(desk)
    for one in answer["answers"]:
        assert one["silent"]
        assert one["abstention"]["reason"] == "silent"
        assert all(one[name] is None for name in NOT_SHOWN)
    assert answer["grades"]
    assert answer["scores"]
    assert answer["watch"] is None


def test_demonstration_does_not_turn_on_a_model_of_real_patients(open_desk, real_release):
    answer = ask(open_desk(real_release, demo=True))
    assert {one["abstention"]["reason"] for one in answer["answers"]} == {"silent"}


def test_what_a_silent_model_says_is_recorded_in_full(desk):
    answer = ask(desk)
    recorded = RiskAnswer.model_validate_json(desk.ledger.answer(answer["ledger_id"]))
    for one in recorded.answers:
        assert one.silent
        assert one.abstention is None
        assert 0 < one.probability < 1
        assert one.tier
        assert one.explanation.drivers
    assert recorded.watch is None  # the silent tiers asked nobody to watch more closely
    assert json.loads(desk.ledger.read(answer["ledger_id"]).predictors)[CRS]


def test_no_figure_of_a_silent_model_leaves_in_any_part_of_the_answer(desk):
    body = json.dumps(a_request(questions=list(ASKED))).encode()
    told = desk.answer(body).decode()
    recorded = RiskAnswer.model_validate_json(desk.ledger.answer(json.loads(told)["ledger_id"]))
    for one in recorded.answers:
        hidden = [one.probability, one.interval.low, one.interval.high, one.compared.ratio]
        hidden += [driver.contribution for driver in one.explanation.drivers]
        assert not [figure for figure in hidden if repr(figure) in told]


def test_a_person_turns_it_on_and_off_and_the_ledger_keeps_who_and_why(client, desk):
    reply = decided(client, "live")
    assert reply.status_code == 200
    assert reply.json()["standing"] == "live"
    answers = {one["question"]["name"]: one for one in ask(desk)["answers"]}
    assert answers[CRS]["probability"] is not None
    assert not answers[CRS]["silent"]
    assert answers[ICANS]["probability"] is None
    decided(client, "silent", why="alarms on the ward")
    assert ask(desk)["answers"][0]["probability"] is None
    entries = list(desk.ledger.after(0, Kind.LIVE, Kind.SILENT))
    assert [one.kind for one in entries] == [Kind.LIVE, Kind.SILENT]
    assert {one.who for one in entries} == {"head of the unit"}
    assert json.loads(entries[1].request)["why"] == "alarms on the ward"
    assert desk.ledger.verify().holds


def test_a_decision_is_read_back_at_the_next_start_and_by_another_service(
    desk, real_release, tmp_path
):
    other = Desk(real_release, Ledger(tmp_path / "ledger-0.sqlite"))
    desk.decide("live", CRS, SAID)
    assert ask(other)["answers"][0]["probability"] is None
    other.standing.refresh()
    assert ask(other)["answers"][0]["probability"] is not None
    other.decide("silent", CRS, SAID)
    desk.standing.refresh()
    assert ask(desk)["answers"][0]["probability"] is None
    other.close()
    again = Desk(real_release, Ledger(tmp_path / "ledger-0.sqlite"))
    assert again.facts().models[0].decided.standing == "silent"
    again.close()


def test_a_decision_is_about_one_model_and_not_about_its_question(desk, real_release, tmp_path):
    desk.decide("live", CRS, SAID)
    replace(real_release.models[CRS], name="the next").save(tmp_path / "next")
    build_release(
        tmp_path / "release", {CRS: tmp_path / "next"}, "a test", "the next", datetime.now(UTC)
    )
    desk.swap(load_release(tmp_path / "release"))
    assert desk.facts().models[0].standing == "silent"
    desk.swap(real_release)
    assert desk.facts().models[0].standing == "live"


def test_the_last_decision_holds_when_the_clock_goes_backwards(desk, monkeypatch, tmp_path):
    class Backwards(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) - timedelta(days=2)

    desk.decide("live", CRS, SAID)
    monkeypatch.setattr("serving.ledger.writing.datetime", Backwards)
    desk.decide("silent", CRS, SAID)
    assert ask(desk)["answers"][0]["probability"] is None
    live, silent = desk.ledger.after(0, Kind.LIVE, Kind.SILENT)
    assert silent.written_at < live.written_at
    again = Desk(None, Ledger(tmp_path / "ledger-0.sqlite"))
    assert again.standing.of(live.subject).standing == "silent"
    assert again.ledger.verify().holds
    again.close()


@pytest.mark.parametrize(
    ("question", "changes", "path"),
    [
        ("severe-crs-30d", {}, "question"),
        ("..%2F..%2Fetc", {}, "question"),
        (CRS, {"model": "0" * 64}, "model"),
        (CRS, {"who": ""}, "who"),
        (CRS, {"why": None}, "why"),
        (CRS, {"whom": "x"}, "whom"),
    ],
)
def test_what_cannot_be_decided_is_refused_and_nothing_is_recorded(
    client, desk, question, changes, path
):
    reply = decided(client, "live", question, **changes)
    assert reply.status_code in (404, 422)
    if reply.status_code == 422:
        assert reply.json()["problems"][0]["path"] == path
    assert desk.ledger.head() == 0


def test_a_model_of_synthetic_courses_is_never_turned_on(open_desk, release):
    api = build_api()
    api.desk = open_desk(release)
    reply = decided(Client(api), "live")
    assert reply.status_code == 422
    assert "demonstration" in reply.json()["problems"][0]["what_to_do"]


def test_a_name_that_cannot_be_recorded_is_refused(client, desk):
    assert decided(client, "live", who="two\nlines").status_code in (422, 503)
    assert desk.ledger.head() == 0


def test_the_model_shows_how_far_its_limits_are_as_they_were_written(real_release, tmp_path):
    digest = real_release.models[CRS].digest
    reports = tmp_path / "reports"
    reports.mkdir()
    written = (("old", digest, "open"), ("new", digest, "met"), ("other", "f", "met"))
    for name, model, verdict in written:
        path = reports / f"{name}.json"
        path.write_text(json.dumps({"model": model, "verdict": verdict}))
        os.utime(path, (1_780_000_000 + (name == "new"),) * 2)
    (reports / "half.json").write_text('{"model": ')
    desk = Desk(real_release, Ledger(tmp_path / "l.sqlite"), limits=reports)
    crs, icans = desk.facts().models
    assert (crs.limits.file, crs.limits.report["verdict"]) == ("new.json", "met")
    assert crs.limits.written.startswith("2026-05-28T")
    assert icans.limits is None
    assert crs.standing == "silent"  # a met limit turns nothing on by itself
    desk.close()


def test_a_batch_keeps_the_same_silence(desk):
    desk.decide("live", ICANS, SAID)
    line = json.dumps(a_request(questions=list(ASKED))).encode()
    chunk = Chunk(desk, "en", 10_000, lambda error: pytest.fail(str(error)))
    (told,) = chunk.answered([Line(1, line)])
    answer = BatchLine.model_validate_json(told)
    crs, icans = answer.answers
    assert (crs.silent, crs.abstention.reason, crs.probability) == (True, "silent", None)
    assert icans.probability is not None
    assert answer.watch.name == icans.tier.name
    recorded = json.loads(desk.ledger.answer(answer.ledger_id))
    assert recorded["answers"][0]["probability"] is not None


def test_the_export_tells_what_was_shown_from_what_was_silent(desk, tmp_path):
    ask(desk)
    desk.decide("live", CRS, SAID)
    ask(desk)
    line = json.dumps(a_request(questions=[ICANS])).encode()
    Chunk(desk, "en", 10_000, lambda error: pytest.fail(str(error))).answered([Line(1, line)])
    export_ledger(desk.ledger, tmp_path / "seen", SiteMapping())
    assert (tmp_path / "seen").stat().st_mode & 0o077 == 0  # patient data: nobody else's
    answers = read_answers(tmp_path / "seen")
    shown = answers.groupby("question")["shown"].apply(lambda one: sorted(map(bool, one)))
    assert shown[CRS] == [False, True]
    assert shown[ICANS] == [False, False, False]
    assert answers["probability"].notna().all()
