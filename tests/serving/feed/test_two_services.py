"""Two services on one ledger that feed the same course: nothing is lost, stored twice or unseen."""

import json
import threading
from itertools import count

import psycopg
import pytest

from serving.answer import Desk
from serving.errors import Contradiction
from serving.ledger import Kind, Ledger
from tests.private_postgres import private_server
from tests.serving.feed.talking import ID, Ward, crp, grading

_numbers = count()


@pytest.fixture(scope="module")
def server():
    with private_server() as one:
        yield one


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, tmp_path):
    if request.param == "sqlite":
        return tmp_path / "ledger.sqlite"
    server = request.getfixturevalue("server")
    with psycopg.connect(server.address(), autocommit=True) as connection:
        name = f"ward_{next(_numbers)}"
        connection.execute(f"CREATE DATABASE {name}")
    return server.address(name)


@pytest.fixture
def both(release, place):
    desks = [Desk(release, Ledger(place), demo=True) for _ in range(2)]
    yield [Ward(desk) for desk in desks]
    for desk in desks:
        desk.close()


def test_two_services_feed_one_course_and_agree(both):
    both[0].put()
    refused = []

    def feed(number):
        ward = both[number % 2]
        for at in range(6):
            ward.send(crp(f"shared-{at}", 10 + at, day=at / 10), crp(f"{number}-{at}", 50))
            try:
                ward.send(crp(f"fought over {at}", 100 + number))
            except Contradiction:
                refused.append(number)

    threads = [threading.Thread(target=feed, args=(number,)) for number in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    ledger = both[0].feed.desk.ledger
    state = both[1].feed.state(ID)
    assert len(state.events) == 6 + 4 * 6 + 6
    assert len(refused) == 6 * 3, "of four contents under one id three are refused"
    turns = list(ledger.after(0, Kind.COURSE, Kind.EVENT))
    stored = [one for turn in turns for one in json.loads(turn.answer)["accepted"]]
    assert len(stored) == len(set(stored)) == len(state.events)
    last = ledger.latest(Kind.ANSWER, subject=ID)
    assert len(json.loads(last.request)["measurements"]) == len(state.events), "the last knows all"
    assert ledger.verify().holds
    assert both[0].list() == both[1].list()
    assert both[0].course() == both[1].course()


def test_what_one_service_records_the_other_shows_at_once(both):
    both[0].put()
    assert [one["course_id"] for one in both[1].list()["courses"]] == [ID]
    told = both[0].send(grading("a", 2))
    assert both[1].row()["now"] == told["now"]
    assert both[0].put(hospital_id="other")["now"]["landmark_day"] == 2.0
    assert both[1].row()["hospital_id"] == "other"


def test_each_answer_knows_every_event_before_it(both):
    both[0].put()
    for at in range(6):
        both[at % 2].send(crp(f"event-{at}", 50, day=at / 10))
    answers = list(both[0].feed.desk.ledger.after(0, Kind.ANSWER))
    assert [len(json.loads(one.request)["measurements"]) for one in answers] == list(range(7))
