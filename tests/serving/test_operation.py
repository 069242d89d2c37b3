"""Faults that a running service survives, and what it never tells: the real server on loopback."""

import asyncio
import http.client
import json
import signal
import socket
import threading
import time

import psutil
import pytest

from serving.batch import routes
from serving.batch.told import BatchLine
from serving.feed.examples import EXAMPLE_COURSE, EXAMPLE_EVENTS, EXAMPLE_ID, EXAMPLE_OUTCOME
from serving.ledger import Ledger
from serving.messages import EXAMPLE_GRADE_REQUEST, EXAMPLE_REQUEST
from tests.serving.running import ROOT, a_free_port, an_environment, serve, serving

pytestmark = pytest.mark.slow
MARKER = "Zweistein-4711"
MEGABYTE = 1024 * 1024
LINE = json.dumps(EXAMPLE_REQUEST).encode() + b"\n"


@pytest.fixture(scope="module")
def running(release_directory, tmp_path_factory):
    place = tmp_path_factory.mktemp("running")
    port = a_free_port()
    command = serve(
        "--demo", "--port", str(port), "--release", str(release_directory),
        "--ledger", str(place / "ledger.sqlite"),
    )  # fmt: skip
    with serving(command, port, place / "log", ROOT, an_environment(place / "home")) as server:
        server.log = place / "log"
        server.ledger = place / "ledger.sqlite"
        yield server


def memory_mb(server):
    every = [
        server.process.pid,
        *(one.pid for one in psutil.Process(server.process.pid).children(True)),
    ]
    return sum(psutil.Process(pid).memory_info().rss for pid in every) / MEGABYTE


def batch(server, body, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    kind = {"content-type": routes.NDJSON, **server.authorization}
    connection.request("POST", "/v1/risk/batch", body, {**kind, **headers})
    reply = connection.getresponse()
    found = reply.read()
    connection.close()
    return reply.status, found


def marked(value):
    """Put the marker into every text of a request."""
    if isinstance(value, dict):
        return {key: marked(one) for key, one in value.items()}
    if isinstance(value, list):
        return [marked(one) for one in value]
    return f"{value}{MARKER}" if isinstance(value, str) else value


def every_text_marked_one_at_a_time(request, where=()):
    """Yield the request with the marker in one of its texts."""
    if isinstance(request, dict):
        for key, one in request.items():
            for made in every_text_marked_one_at_a_time(one):
                yield {**request, key: made}
    elif isinstance(request, list):
        for at, one in enumerate(request):
            for made in every_text_marked_one_at_a_time(one):
                yield [*request[:at], made, *request[at + 1 :]]
    elif isinstance(request, str):
        yield request + MARKER


def test_a_marker_in_any_field_route_or_header_reaches_no_log_no_measure_and_no_error(running):
    contract = json.loads(running.ask("/v1/openapi.json")[1])
    bodies = [marked(EXAMPLE_REQUEST), marked(EXAMPLE_GRADE_REQUEST)]
    bodies += every_text_marked_one_at_a_time(EXAMPLE_REQUEST)
    bodies += [{"who": "a person", "why": MARKER}, {"who": 1, "why": MARKER, "model": MARKER}]
    bodies += [marked(one) for one in (EXAMPLE_COURSE, EXAMPLE_EVENTS, EXAMPLE_OUTCOME)]
    bodies += every_text_marked_one_at_a_time(EXAMPLE_COURSE)
    bodies += every_text_marked_one_at_a_time(EXAMPLE_EVENTS)
    running.ask(f"/v1/courses/{EXAMPLE_ID}", json.dumps(EXAMPLE_COURSE).encode(), method="PUT")
    told = []
    for path, methods in contract["paths"].items():
        for method in methods:
            place = path.replace("{question}", MARKER).replace("{answer_id}", MARKER)
            place = place.replace("{course_id}", EXAMPLE_ID)
            writes = method in ("post", "put")
            sent = [json.dumps(one).encode() for one in bodies] if writes else [None]
            sent += [MARKER.encode(), b'{"course": "' + MARKER.encode()] * writes
            for body in sent:
                header = {"x-patient": MARKER, "accept-language": MARKER}
                status, reply = running.ask(place, body, method=method.upper(), **header)
                assert status < 500, (method, path, reply)
                if status >= 400:
                    told.append(reply.decode())
    told += [running.ask(f"/v1/{MARKER}")[1].decode(), running.ask(f"/{MARKER}")[1].decode()]
    told += [running.ask("/metrics")[1].decode(), running.log.read_text()]
    assert len(told) > 20
    assert not [one for one in told if MARKER in one]


def test_the_log_is_lines_of_json_with_our_own_names_only(running):
    batch(running, LINE)
    ours = [json.loads(one) for one in running.log.read_text().splitlines() if '"event":' in one]
    assert {"started", "batch"} <= {one["event"] for one in ours}
    assert all({"at", "level", "event"} <= set(one) for one in ours)


def test_the_measures_tell_how_it_goes(running):
    running.ask("/v1/risk", LINE)
    wrong_unit = {**EXAMPLE_REQUEST, "measurements": [
        {"input": "crp_mg_l", "value": 2, "unit": "stones", "day": 1.0}
    ]}  # fmt: skip
    running.ask("/v1/risk", json.dumps(wrong_unit).encode())
    batch(running, LINE + b"{\n")
    counted = running.ask("/metrics")[1].decode()
    digest = json.loads(running.ask("/v1/model")[1])["release"]
    for name in (
        "vigicell_answer_seconds_bucket", "vigicell_ledger_seconds_bucket",
        'vigicell_answers_total{question="severe-crs-72h"', "vigicell_abstentions_total{",
        "vigicell_oldest_input_hours_bucket", "vigicell_missing_inputs_bucket",
        'vigicell_unit_failures_total{kind="unit"}',
        'vigicell_batch_lines_total{outcome="refused"}', f'release="{digest[:16]}"',
    ):  # fmt: skip
        assert name in counted, name


def test_a_body_of_50_mb_is_refused_and_costs_no_memory(running):
    before = memory_mb(running)
    assert running.ask("/v1/risk", b"x" * (50 * MEGABYTE))[0] == 413
    status, told = batch(running, LINE + b"x" * (50 * MEGABYTE) + b"\n" + LINE)
    assert status == 200
    lines = [BatchLine.model_validate_json(one) for one in told.splitlines()]
    assert [one.error.error if one.error else None for one in lines] == [
        None, "BodyTooLarge", None,
    ]  # fmt: skip
    assert memory_mb(running) < before + 40


def test_a_patient_of_a_million_measurements_is_refused_with_the_limit(running):
    row = '{"input":"crp_mg_l","value":1,"unit":"mg/L","day":1},'
    body = '{"course":{},"measurements":[' + (row * 1_000_000)[:-1] + "]}"
    assert running.ask("/v1/risk", body.encode())[0] == 413
    within = '{"course":{},"measurements":[' + (row * 25_000)[:-1] + "]}"
    status, told = running.ask("/v1/risk", within.encode())
    assert status == 422
    assert "up to 20000" in json.loads(told)["problems"][0]["legal"]


def test_a_client_that_reads_nothing_holds_neither_memory_nor_the_others(running):
    batch(running, LINE * 200)  # the first batch loads the library of the trees, once
    before = memory_mb(running)
    head = (
        "POST /v1/risk/batch HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\n"
        f"Authorization: Bearer {running.token}\r\nContent-Length: {len(LINE) * 100_000}\r\n\r\n"
    )
    slow = socket.create_connection(("127.0.0.1", running.port))
    slow.sendall(head.encode())
    slow.settimeout(1)
    sent = 0
    try:
        while sent < len(LINE) * 100_000:
            sent += slow.send(LINE * 100)
    except TimeoutError:
        pass
    assert sent < len(LINE) * 60_000  # the service stopped reading
    seconds = []
    for _ in range(10):
        begun = time.perf_counter()
        assert running.ask("/v1/risk", LINE)[0] == 200
        seconds.append(time.perf_counter() - begun)
    assert sorted(seconds)[5] < 1.0
    assert memory_mb(running) < before + 60
    slow.close()


def test_a_client_that_takes_nothing_is_let_go(monkeypatch):
    monkeypatch.setattr(routes, "STALLED_SECONDS", 0.05)
    ended = []

    async def lines():
        try:
            while True:
                yield b"x\n"
        finally:
            ended.append(True)

    async def go():
        async def send(message):
            if message["type"] == "http.response.body":
                await asyncio.Event().wait()

        await asyncio.wait_for(routes._Patient(lines())({"type": "http"}, None, send), 5)

    asyncio.run(go())
    assert ended == [True]


def test_a_client_that_sends_a_line_and_waits_is_answered_before_it_sends_the_next(running):
    connection = socket.create_connection(("127.0.0.1", running.port), timeout=20)
    head = (
        "POST /v1/risk/batch HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\n"
        f"Authorization: Bearer {running.token}\r\nContent-Length: {2 * len(LINE)}\r\n\r\n"
    )
    connection.sendall(head.encode() + LINE)
    told = b""
    while b'"line":1' not in told:
        told += connection.recv(65536)
    assert b'"line":2' not in told
    connection.sendall(LINE)
    while b'"line":2' not in told:
        told += connection.recv(65536)
    connection.close()


def ask_until_stopped(server, given, torn):
    while True:
        try:
            status, told = server.ask("/v1/risk", LINE)
        except (OSError, http.client.HTTPException) as reason:
            if not isinstance(getattr(reason, "reason", reason), ConnectionError):
                torn.append(reason)
            return
        if status == 503:  # refused, nothing recorded
            return
        given.append(json.loads(told)["ledger_id"])


def test_stopped_under_load_every_answer_that_was_given_is_recorded(release_directory, tmp_path):
    port, ledger = a_free_port(), tmp_path / "ledger.sqlite"
    command = serve(
        "--demo", "--port", str(port), "--release", str(release_directory), "--ledger", str(ledger)
    )
    given, torn = [], []

    home = an_environment(tmp_path / "home")
    with serving(command, port, tmp_path / "log", ROOT, home) as server:
        threads = [
            threading.Thread(target=ask_until_stopped, args=(server, given, torn)) for _ in range(4)
        ]
        for one in threads:
            one.start()
        while len(given) < 40:
            time.sleep(0.05)
        server.process.send_signal(signal.SIGTERM)
        for one in threads:
            one.join(30)
    assert not torn
    one = Ledger(ledger)
    recorded = {entry.entry_id for entry in one.after(0)}
    assert set(given) <= recorded
    assert len(recorded) <= len(given) + len(threads)
    assert one.verify().holds
    one.close()
    assert '"event": "stopped"' in (tmp_path / "log").read_text()
