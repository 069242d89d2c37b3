"""The real server: BentoML in a process of its own, on loopback, with an empty home."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
from importlib.util import find_spec

import pytest

from serving.feed.examples import EXAMPLE_COURSE, EXAMPLE_EVENTS, EXAMPLE_ID
from serving.ledger import Ledger
from serving.messages import EXAMPLE_GRADE_REQUEST, EXAMPLE_REQUEST
from tests.serving.running import ROOT, a_free_port, an_environment, put_in_store, serve, serving

pytestmark = pytest.mark.slow
MARKER = "Zweistein-4711"
_TOO_HEAVY = ("sklearn", "scikit-learn", "shap", "mlflow", "optuna", "matplotlib")
_HAS_UV = shutil.which("uv") is not None or find_spec("uv") is not None


def test_the_service_answers_records_counts_and_keeps_quiet(release_directory, tmp_path):
    port, ledger, log = a_free_port(), tmp_path / "ledger.sqlite", tmp_path / "log"
    command = serve(
        "--demo", "--port", str(port), "--release", str(release_directory), "--ledger", str(ledger)
    )
    body = json.dumps(EXAMPLE_REQUEST).encode()
    with serving(command, port, log, ROOT, an_environment(tmp_path / "home")) as server:
        assert server.ask("/readyz")[0] == 200
        assert server.ask("/healthz")[0] == 200
        status, answer = server.ask("/v1/risk", body)
        assert status == 200
        marked = {**EXAMPLE_REQUEST, "course": {**EXAMPLE_REQUEST["course"], "product": MARKER}}
        assert server.ask("/v1/risk", json.dumps(marked).encode())[0] == 200
        refused = server.ask("/v1/risk", json.dumps({"course": {"sex": MARKER}}).encode())
        assert refused[0] == 422
        assert server.ask("/v1/risk", b"x" * 3_000_000)[0] == 413
        assert server.ask("/v1/model")[0] == 200
        assert json.loads(server.ask("/")[1])["contract"] == "/v1/openapi.json"
        for page in ("/docs.json", "/schema.json", "/static_content/index.css", "/assets/x.js"):
            status, said = server.ask(page)
            assert (status, json.loads(said)["error"]) == (404, "HttpError")
        contract = json.loads(server.ask("/v1/openapi.json")[1])
        counted = server.ask("/metrics")[1].decode()
    assert {"/v1/risk", "/v1/risk/batch", "/v1/model", "/v1/questions"} <= set(contract["paths"])
    assert 'vigicell_abstentions_total{question="severe-crs-30d",reason="outside_landmarks"}' in (
        counted
    )
    assert "vigicell_answer_seconds_bucket" in counted
    for text in (counted, log.read_text(), refused[1].decode()):
        assert MARKER not in text
    one = Ledger(ledger)
    assert one.answer(json.loads(answer)["ledger_id"]) == answer
    assert one.verify().entries == 2
    assert one.verify().holds
    one.close()


def test_the_first_start_says_a_token_once_and_without_one_nobody_is_answered(tmp_path):
    port = a_free_port()
    command = serve("--port", str(port))
    environment = an_environment(tmp_path / "home", VIGICELL_HOME="own")
    environment["PYTHONPATH"] = str(ROOT)
    with serving(command, port, tmp_path / "log", tmp_path, environment, keys=False) as server:
        assert {server.ask(check)[0] for check in ("/livez", "/v1/openapi.json")} == {200}
        for path, body in (
            ("/v1/model", None), ("/v1/risk", b"{}"), ("/v1/risk", b"x" * 3_000_000),
            ("/v1/grade", b"{}"), ("/metrics", None),
        ):  # fmt: skip
            assert server.ask(path, body)[0] == 401
        (token,) = re.findall(r"^ {4}(vc_\S+)$", (tmp_path / "log").read_text(), re.M)
        server.token = token
        assert server.ask("/v1/model")[0] == 200
        assert server.ask(f"/v1/{MARKER}")[0] == 404
        assert MARKER not in server.ask("/metrics")[1].decode()
    assert token not in (tmp_path / "own" / "keys.json").read_text()
    with serving(command, port, tmp_path / "log2", tmp_path, environment, keys=False) as server:
        server.token = token
        assert server.ask("/v1/model")[0] == 200
    assert "vc_" not in (tmp_path / "log2").read_text()


def test_the_running_service_keeps_courses_and_lists_them(tmp_path):
    port, log, ledger = a_free_port(), tmp_path / "log", tmp_path / "ledger.sqlite"
    command = serve("--port", str(port), "--ledger", str(ledger))
    course = f"/v1/courses/{EXAMPLE_ID}"
    marked = {**EXAMPLE_COURSE, "hospital_id": MARKER}
    with serving(command, port, log, ROOT, an_environment(tmp_path / "home")) as server:
        assert server.ask(course, json.dumps(marked).encode(), "PUT")[0] == 200
        assert server.ask(f"{course}/events", json.dumps(EXAMPLE_EVENTS).encode())[0] == 200
        listed = json.loads(server.ask("/v1/ward")[1])["courses"]
        assert [one["hospital_id"] for one in listed] == [MARKER]
        counted = server.ask("/metrics")[1].decode()
    for text in (counted, log.read_text()):
        assert MARKER not in text
        assert EXAMPLE_ID not in text


def test_without_a_release_the_service_is_ready_to_grade_and_takes_the_first_one_that_comes(
    release_directory, tmp_path
):
    port, log, place = a_free_port(), tmp_path / "log", tmp_path / "home" / "bentoml"
    command = serve("--demo", "--port", str(port), "--ledger", str(tmp_path / "ledger.sqlite"))
    environment = an_environment(tmp_path / "home", BENTOML_HOME=str(place))
    with serving(command, port, log, ROOT, environment) as server:
        assert server.ask("/readyz")[0] == 200
        body = json.dumps(EXAMPLE_REQUEST).encode()
        status, answer = server.ask("/v1/risk", body)
        assert status == 200
        reasons = {one["abstention"]["reason"] for one in json.loads(answer)["answers"]}
        assert reasons == {"no_release"}
        assert server.ask("/v1/grade", json.dumps(EXAMPLE_GRADE_REQUEST).encode())[0] == 200
        put_in_store(release_directory, environment)
        deadline = time.monotonic() + 30
        while not json.loads(server.ask("/v1/model")[1])["loaded"]:
            assert time.monotonic() < deadline, "the release was not noticed"
            time.sleep(0.2)
        answers = json.loads(server.ask("/v1/risk", body)[1])["answers"]
    assert any(one["probability"] for one in answers)
    assert '"event": "release"' in log.read_text()


def test_readiness_tells_the_truth_about_a_ledger_that_cannot_be_written(tmp_path):
    port, log, ledger = a_free_port(), tmp_path / "log", tmp_path / "ledger.sqlite"
    command = serve("--port", str(port), "--ledger", str(ledger))
    with serving(command, port, log, ROOT, an_environment(tmp_path / "home")) as server:
        assert server.ask("/readyz")[0] == 200
        with sqlite3.connect(ledger) as other:
            other.execute("BEGIN IMMEDIATE")
            assert server.ask("/readyz")[0] == 503
            other.rollback()
        other.close()
        assert server.ask("/readyz")[0] == 200


def test_the_service_imports_nothing_that_only_training_needs():
    code = (
        "import sys, serving.service, serving.opened\n"
        f"heavy = sorted(set(sys.modules) & set({_TOO_HEAVY!r}))\n"
        "assert not heavy, heavy\n"
        "import os\n"
        "assert os.environ['BENTOML_DO_NOT_TRACK'] == 'true'\n"
        "from bentoml._internal.utils.analytics import usage_stats\n"
        "assert usage_stats.do_not_track()\n"
    )
    environment = {**os.environ}
    environment.pop("BENTOML_DO_NOT_TRACK", None)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]


@pytest.mark.skipif(not _HAS_UV, reason="`bentoml build` needs uv, which is not installed")
def test_a_built_bento_starts_elsewhere_with_an_empty_home(release_directory, tmp_path):
    store = an_environment(tmp_path / "builder", BENTOML_HOME=str(tmp_path / "store"))
    bentoml = [sys.executable, "-m", "bentoml"]

    def run(*command: str) -> str:
        done = subprocess.run(
            command, cwd=ROOT, env=store, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    put_in_store(release_directory, store)
    run(*bentoml, "build", "--version", "1")
    run(*bentoml, "export", "vigicell:1", str(tmp_path / "vigicell.bento"))
    bento = tmp_path / "elsewhere" / "bento"
    shutil.unpack_archive(tmp_path / "vigicell.bento", bento, format="tar")

    required = (bento / "env" / "python" / "requirements.txt").read_text()
    assert "xgboost-cpu" in required
    assert not any(name in required for name in _TOO_HEAVY)
    assert not list(bento.glob("src/training")) + list(bento.glob("src/tests"))
    shutil.rmtree(tmp_path / "store")

    port, log = a_free_port(), tmp_path / "log"
    source = str(bento / "src")  # as the container starts it, with nothing of the checkout
    environment = an_environment(tmp_path / "empty", VIGICELL_DEMO="1", PYTHONPATH=source)
    command = serve("--bento", str(bento), "--port", str(port))
    with serving(command, port, log, bento.parent, environment, keys=False) as server:
        assert server.ask("/readyz")[0] == 200
        (server.token,) = re.findall(r"^ {4}(vc_\S+)$", log.read_text(), re.M)
        status, answer = server.ask("/v1/risk", json.dumps(EXAMPLE_REQUEST).encode())
        assert status == 200
        assert any(one["probability"] for one in json.loads(answer)["answers"])
        course = f"/v1/courses/{EXAMPLE_ID}"
        assert server.ask(course, json.dumps(EXAMPLE_COURSE).encode(), "PUT")[0] == 200
        assert server.ask(f"{course}/events", json.dumps(EXAMPLE_EVENTS).encode())[0] == 200
        assert json.loads(server.ask("/v1/ward")[1])["courses"][0]["model"] == "live"
        line = json.loads(server.ask("/v1/risk/batch", json.dumps(EXAMPLE_REQUEST).encode())[1])
        assert line["error"] is None
    assert (tmp_path / "empty" / ".vigicell" / "ledger.sqlite").is_file()


def test_a_bento_is_not_built_without_a_release(tmp_path):
    environment = an_environment(tmp_path / "home", BENTOML_HOME=str(tmp_path / "store"))
    done = subprocess.run(
        [sys.executable, "-m", "bentoml", "build"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert "training export" in done.stdout + done.stderr
