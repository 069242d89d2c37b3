import asyncio
import json

import httpx
import pytest

from models.release import load_release
from serving.answer import Desk
from serving.api import build_api
from serving.feed import Feed
from serving.ledger import Ledger
from tests.serving.small_release import a_release


@pytest.fixture(scope="session")
def release_directory(tmp_path_factory):
    return a_release(tmp_path_factory.mktemp("release"))


@pytest.fixture(scope="session")
def release(release_directory):
    return load_release(release_directory)


@pytest.fixture
def open_desk(tmp_path):
    opened = []

    def opening(release, *, demo=True):
        desk = Desk(release, Ledger(tmp_path / f"ledger-{len(opened)}.sqlite"), demo=demo)
        opened.append(desk)
        return desk

    yield opening
    for desk in opened:
        desk.close()


@pytest.fixture
def desk(open_desk, release):
    return open_desk(release)


@pytest.fixture
def ask(desk):
    def asking(request, language="en"):
        return json.loads(desk.answer(json.dumps(request).encode(), language))

    return asking


class Client:
    """Calls the app as a server would, without a socket."""

    def __init__(self, api):
        self.api = api

    def request(self, method, path, **more):
        async def call():
            transport = httpx.ASGITransport(self.api, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://desk") as one:
                return await one.request(method, path, **more)

        return asyncio.run(call())

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def risk(self, content, **headers):
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        headers = {"content-type": "application/json", **headers}
        return self.request("POST", "/v1/risk", content=body, headers=headers)


@pytest.fixture
def client(desk):
    api = build_api()
    api.desk = desk
    api.feed = Feed(desk)
    return Client(api)
