import json

import pytest

from models.release import load_release
from serving.access.gate import Gate, GatePost
from serving.access.guard import Guard
from serving.access.keys import KeyFile, KeyRing
from serving.access.rate import Rate
from serving.doorway import Doorway
from serving.feed.examples import EXAMPLE_COURSE, EXAMPLE_ID
from tests.serving.conftest import Client
from tests.serving.small_release import a_release


@pytest.fixture(scope="session")
def real_release(tmp_path_factory):
    """A release with one model of real patients, which a person can turn on."""
    place = tmp_path_factory.mktemp("real")
    return load_release(a_release(place, synthetic=False, asked=("severe-crs-72h",)))


@pytest.fixture
def desk(open_desk, real_release):
    return open_desk(real_release)


@pytest.fixture
def keys(tmp_path):
    return KeyFile(tmp_path / "keys.json")


@pytest.fixture
def door(client, keys):
    """The app of a desk, behind the gate and the doorway, as the service puts it together."""
    post = GatePost()
    post.guard = Guard(KeyRing(keys), Rate(60_000, 1000))
    one = Client(Doorway(Gate(client.api, post)))
    one.post = post
    return one


@pytest.fixture
def answer_id(client):
    """The answer to a course that is kept."""
    told = client.api.feed.put(EXAMPLE_ID, json.dumps(EXAMPLE_COURSE).encode())
    return json.loads(told)["now"]["answer_id"]


@pytest.fixture
def ask(door):
    """Ask as somebody with this header, or with none."""

    def asking(method, path, token=None, body=None, header=None):
        headers = {} if header is None else {"authorization": header}
        if token is not None:
            headers["authorization"] = f"Bearer {token}"
        content = None
        if body is not None:
            headers["content-type"] = "application/json"
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return door.request(method, path, headers=headers, content=content)

    return asking
