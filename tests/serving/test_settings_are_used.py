"""No setting does nothing: what a site writes down is what its service goes by."""

import json
from dataclasses import fields
from functools import partial
from pathlib import Path

import pytest

from models.release import load_release
from models.tiers import Tier, Tiers
from serving.api import build_api
from serving.feed import Feed
from serving.feed.examples import EXAMPLE_COURSE, EXAMPLE_ID
from serving.opening import loaded
from serving.release_watch import ReleaseWatch
from serving.settings import Settings, SignedCutOffs
from tests.serving.asking import a_request
from tests.serving.conftest import Client
from tests.serving.feed.talking import as_json, grading

SERVING = Path(__file__).parents[2] / "serving"
CODE = "\n".join(
    path.read_text()
    for path in SERVING.rglob("*.py")
    if path.relative_to(SERVING).parts[0] != "settings"
)
OF_THE_MAPPING = ("site_mapping", "lymphodepletion_day")  # read by `site_mapping_of`
NDJSON = {"content-type": "application/x-ndjson"}
JSON = {"content-type": "application/json"}


@pytest.mark.parametrize("name", [one.name for one in fields(Settings)])
def test_every_setting_is_read_by_what_answers(name):
    if name in OF_THE_MAPPING:
        assert "site_mapping_of(settings)" in CODE
    else:
        assert f"settings.{name}" in CODE


@pytest.fixture
def chinese(desk):
    api = build_api()
    api.desk, api.feed, api.language = desk, Feed(desk), "zh"
    return Client(api)


def has_chinese(text):
    return any("\u4e00" <= one <= "\u9fff" for one in text)


def test_the_language_of_the_site_is_spoken_by_every_route_to_who_prefers_none(chinese):
    line = chinese.request("POST", "/v1/risk/batch", content=as_json(a_request()), headers=NDJSON)
    assert line.json()["language"] == "zh"
    course = f"/v1/courses/{EXAMPLE_ID}"
    chinese.request("PUT", course, content=as_json(EXAMPLE_COURSE), headers=JSON)
    body = as_json({"events": [grading("a", 2)]})
    told = chinese.request("POST", f"{course}/events", content=body, headers=JSON).json()
    assert has_chinese(told["now"]["because"])
    english = {**JSON, "accept-language": "en"}
    told = chinese.request("POST", "/v1/risk", content=as_json(a_request()), headers=english).json()
    assert told["language"] == "en"


def test_the_longest_line_of_a_batch_is_that_of_the_site(client):
    body = as_json(a_request())
    client.api.line_limit_bytes = len(body) - 1
    told = client.request("POST", "/v1/risk/batch", content=body, headers=NDJSON).json()
    assert told["error"]["error"] == "BodyTooLarge"
    assert str(len(body) - 1) in told["error"]["message"]
    client.api.line_limit_bytes = len(body)
    told = client.request("POST", "/v1/risk/batch", content=body, headers=NDJSON).json()
    assert told["error"] is None


def test_a_release_that_is_swapped_in_has_the_tiers_of_the_site(
    open_desk, release_directory, tmp_path
):
    signed = Tiers((Tier("green", 0.0), Tier("red", 0.5)), "head of the unit, 2026-01-31")
    settings = Settings(tmp_path / "l", cut_offs=(SignedCutOffs("severe-crs-72h", signed),))
    link = tmp_path / "current"
    desk = open_desk(None)
    watch = ReleaseWatch(desk, lambda: link, partial(loaded, settings=settings))
    link.symlink_to(release_directory)
    assert watch.look()
    answer = json.loads(desk.answer(as_json(a_request(questions=["severe-crs-72h"]))))
    assert answer["answers"][0]["tier"]["name"] in ("green", "red")
    assert answer["release"] == load_release(release_directory).digest


def test_tiers_that_are_of_no_question_refuse_a_release_that_comes(
    open_desk, release, release_directory, tmp_path
):
    signed = Tiers((Tier("green", 0.0), Tier("red", 0.5)), "somebody, 2026-01-31")
    settings = Settings(tmp_path / "l", cut_offs=(SignedCutOffs("no-question", signed),))
    link, desk = tmp_path / "current", open_desk(None)
    watch = ReleaseWatch(desk, lambda: link, partial(loaded, settings=settings))
    link.symlink_to(release_directory)
    assert not watch.look()
    assert "no-question" in (desk.refused or "")
