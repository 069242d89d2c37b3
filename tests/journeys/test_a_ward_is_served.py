"""One service from its first key to the cohort that it leaves: every role, one course, one release
after another. The server is the real one, in a process of its own, on loopback."""

import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest

from features.answers import read_answers
from features.cohort_files import read_cohort
from models.release import build_release, load_release
from serving.access.caller import ROLES
from serving.batch.told import BatchLine
from serving.feed.examples import EXAMPLE_COURSE, EXAMPLE_EVENTS, EXAMPLE_ID, EXAMPLE_OUTCOME
from serving.ledger import Ledger
from serving.messages import EXAMPLE_REQUEST
from tests.serving.running import ROOT, a_free_port, an_environment, serve, serving
from tests.serving.small_release import a_release

pytestmark = pytest.mark.slow
CRS, ICANS = "severe-crs-72h", "severe-icans-72h"
MARKER = "Zweistein-4711"
COURSE = f"/v1/courses/{EXAMPLE_ID}"
SETTINGS = f"""
[site]
time_zone = "Asia/Shanghai"
shift_starts = ["08:00", "20:00"]
lymphodepletion_day = -5
[alerts]
per_week = 40
[[tiers]]
question = "{CRS}"
signed_by = "head of the unit"
signed_on = 2026-01-31
cut_offs = {{ green = 0.0, amber = 0.01, red = 0.02 }}
[plan]
signed_by = "head of the unit"
signed_on = 2026-01-31
"""


class Site:
    """A hospital with a home, two releases, a link to the one that answers, and a key a role."""

    def __init__(self, place):
        self.environment = an_environment(place / "home")
        self.own = place / "home" / ".vigicell"
        self.own.mkdir()
        (self.own / "settings.toml").write_text(SETTINGS)
        first = a_release(place / "1", synthetic=False, asked=(CRS, ICANS))
        models = {CRS: first / "models" / CRS}
        now = datetime.now(UTC)
        self.releases = (first, place / "next")
        build_release(place / "next", models, "a test", "the next", now, previous=first)
        self.link = place / "current"
        self.link.symlink_to(first)
        self.keys = {
            role: self.verb("keys", "add", f"the {role}", "--role", role) for role in ROLES
        }

    def verb(self, *words):
        """Run a verb of the command line; return what it says."""
        done = subprocess.run(
            [sys.executable, "-m", "serving", *words],
            cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def roll_on(self):
        fresh = self.link.with_name("fresh")
        fresh.symlink_to(self.releases[1])
        fresh.replace(self.link)


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


def test_a_ward_from_its_first_key_to_the_cohort_that_it_leaves(site, tmp_path):
    port, log = a_free_port(), tmp_path / "log"
    command = serve("--port", str(port), "--release", str(site.link))
    with serving(command, port, log, ROOT, site.environment, keys=False) as server:

        def ask(role, method, path, body=None, *, status=200, **headers):
            server.token = site.keys.get(role, "")
            sent = None if body is None else json.dumps(body).encode()
            found, reply = server.ask(path, sent, method, **headers)
            assert found == status, reply
            return reply if path == "/metrics" else json.loads(reply)

        # nobody is answered without a key, and each role does its own
        ask("nobody", "GET", "/v1/ward", status=401)
        for role in ("data scientist", "safety"):
            ask(role, "GET", "/v1/ward", status=403)
            ask(role, "PUT", COURSE, EXAMPLE_COURSE, status=403)
        assert {one["standing"] for one in ask("safety", "GET", "/v1/model")["models"]} == {
            "silent"
        }

        # a course is fed while its models are silent
        row = {**EXAMPLE_COURSE, "hospital_id": MARKER}
        ask("clinician", "PUT", COURSE, row)
        told = ask("clinician", "POST", f"{COURSE}/events", EXAMPLE_EVENTS)
        silent_answer = told["now"]["answer_id"]
        (on_ward,) = (ward := ask("clinician", "GET", "/v1/ward"))["courses"]
        assert (on_ward["hospital_id"], on_ward["model"]) == (MARKER, "silent")
        assert on_ward["now"]["estimates"] == []
        assert (ward["alerts"]["budget_per_week"], ward["alerts"]["over_budget"]) == (40, False)
        shift = datetime.fromisoformat(ward["shift_began"])
        assert (shift.hour, shift.minute) in ((0, 0), (12, 0)), "eight in Shanghai, in UTC"

        # somebody takes note, by their key
        said = {"who": "nurse on duty", "reason": "at the bedside"}
        noted = ask("clinician", "POST", f"/v1/answers/{silent_answer}/acknowledge", said)
        assert (noted["act"]["who"], noted["act"]["named"]) == ("the clinician", "nurse on duty")
        assert not noted["attention"]["unacknowledged"]

        # an admin turns one model on, nobody else may
        why = {"why": "all limits are met"}
        for role in ("clinician", "data scientist", "safety"):
            ask(role, "POST", f"/v1/model/{CRS}/live", why, status=403)
        assert ask("admin", "POST", f"/v1/model/{CRS}/live", why)["who"] == "the admin"
        facts = {
            one["question"]["name"]: one for one in ask("safety", "GET", "/v1/model")["models"]
        }
        assert (facts[CRS]["standing"], facts[ICANS]["standing"]) == ("live", "silent")
        later = {"event_id": "later", "measurement": {
            "input": "crp_mg_l", "value": 120, "unit": "mg/L", "at": "2026-03-04T18:00:00+08:00",
        }}  # fmt: skip
        now = ask("clinician", "POST", f"{COURSE}/events", {"events": [later]})["now"]
        assert [one["question"] for one in now["estimates"]] == [CRS]
        assert now["tier"] in ("green", "amber", "red"), "the tiers that the site has signed"
        live_answer = now["answer_id"]
        shown = ask("clinician", "GET", COURSE)["answer"]
        assert shown["monitoring"]["signed_by"] == "head of the unit, 2026-01-31"
        assert {one["code"] for one in shown["notices"]} >= {"assumed_lymphodepletion"}

        # whoever asks later gets the same answer, what is silent stays hidden
        for role in ROLES:
            assert ask(role, "GET", f"/v1/answers/{live_answer}/replay")["exact"]
        after = ask("data scientist", "GET", f"/v1/answers/{silent_answer}/replay")
        assert not after["exact"]
        assert all(
            one["now"] is None for one in after["differences"] if "answers[0]" in one["path"]
        )

        # another release answers without a restart, by the same tiers and the same decision
        before = now["tier"]
        site.roll_on()
        expected, deadline = load_release(site.releases[1]).digest, time.monotonic() + 30
        while ask("data scientist", "GET", "/v1/model")["release"] != expected:
            assert time.monotonic() < deadline, "the release was not noticed"
            time.sleep(0.2)
        swapped = ask("clinician", "POST", "/v1/risk", {**EXAMPLE_REQUEST, "questions": [CRS]})
        (crs,) = swapped["answers"]
        assert (swapped["release"], crs["silent"]) == (expected, False)
        assert crs["tier"]["of"] == 3
        assert crs["tier"]["name"] in ("green", "amber", "red")
        (tiers,) = (one["tiers"] for one in ask("safety", "GET", "/v1/model")["models"])
        assert [one["lower"] for one in tiers] == [0.0, 0.01, 0.02]
        assert ask("clinician", "GET", "/v1/ward")["courses"][0]["now"]["tier"] == before

        # many at once
        line = ask("clinician", "POST", "/v1/risk/batch", EXAMPLE_REQUEST)
        assert BatchLine.model_validate(line).answers[0].probability == crs["probability"]

        # what really happened is told by safety, and closes the course
        ask("data scientist", "POST", "/v1/outcomes", EXAMPLE_OUTCOME, status=403)
        assert ask("safety", "POST", "/v1/outcomes", EXAMPLE_OUTCOME)["open"] is False
        assert ask("clinician", "GET", "/v1/ward")["courses"] == []

        counted = ask("safety", "GET", "/metrics").decode()
        assert "ok    ledger" in site.verb("doctor", "--port", str(port))
    for text in (counted, log.read_text()):
        assert MARKER not in text
        assert EXAMPLE_ID not in text

    ledger = Ledger(site.own / "ledger.sqlite")
    by = {one.kind.value: {one.who} for one in ledger.after(0)}
    entries = list(ledger.after(0))
    assert all(one.who for one in entries)
    assert by["live"] == {"the admin"}
    assert by["outcome"] == {"the safety"}
    ledger.close()
    assert f"The chain holds: {len(entries)} entries." in site.verb("ledger", "verify")

    # what the service saw is a cohort: the course with its end, and every answer to it
    site.verb("ledger", "export", str(tmp_path / "seen"))
    cohort = read_cohort(tmp_path / "seen")
    course = cohort.courses.set_index("course_id").loc[EXAMPLE_ID]
    assert course["discharge_day"] == pytest.approx(18 + 1 / 24)
    assert course["follow_up_days"] == pytest.approx(18 + 1 / 24)
    grades = cohort.grades[cohort.grades["course_id"] == EXAMPLE_ID]
    assert sorted(grades["grade"]) == [1, 2], "one by an event, one by the outcome"
    answers = read_answers(tmp_path / "seen")
    fed = answers[(answers["course_id"] == EXAMPLE_ID) & (answers["question"] == CRS)]
    told = fed.set_index("answer_id")
    assert not told.loc[silent_answer, "shown"]
    assert told.loc[live_answer, "shown"]
    assert told["probability"].notna().sum() >= 2
    assert os.stat(site.own / "keys.json").st_mode & 0o077 == 0
