import asyncio
import json

import pytest
from starlette.responses import HTMLResponse

from serving.doorway import CHECKS, Doorway
from tests.serving.conftest import Client

PAGE = '<script src="https://elsewhere.example/tag.js"></script>'


@pytest.fixture
def door():
    return Client(Doorway(HTMLResponse(PAGE)))


def test_the_front_page_is_our_own_and_names_where_to_go(door):
    reply = door.get("/")
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "application/json"
    assert reply.json()["name"] == "VigiCell"
    assert set(reply.json().values()) >= {"/v1/openapi.json", "/readyz", "/metrics"}


@pytest.mark.parametrize(
    "path",
    ["/docs.json", "/schema.json", "/static_content/a.js", "/assets/a.js", "/docs", "/v1"],
)
def test_no_page_of_the_server_is_shown(door, path):
    reply = door.get(path)
    assert reply.status_code == 404
    assert reply.json()["error"] == "HttpError"
    assert "script" not in reply.text


@pytest.mark.parametrize("path", [*CHECKS, "/v1/risk", "/v1/openapi.json"])
def test_checks_and_our_routes_are_let_through(door, path):
    assert door.get(path).text == PAGE


def test_nothing_is_posted_to_the_front_page(door):
    assert door.request("POST", "/", content=b"{}").status_code == 404


def test_the_start_and_the_end_of_the_server_are_let_through():
    seen = []

    async def behind(scope, receive, send):
        seen.append(scope["type"])

    asyncio.run(Doorway(behind)({"type": "lifespan"}, None, None))
    assert seen == ["lifespan"]


def test_what_is_said_is_json_of_the_stated_length(door):
    reply = door.get("/docs.json")
    assert int(reply.headers["content-length"]) == len(reply.content)
    assert json.loads(reply.content)["not_shown"] == 0
