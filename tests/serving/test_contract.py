"""The whole contract, asked by a machine that reads it: no request finds a server error."""

import json

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from serving.answer import Desk
from serving.api import build_api
from serving.ledger import Ledger

pytestmark = pytest.mark.slow
_CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance,
    response_schema_conformance,
]  # fmt: skip


@schemathesis.serializer("application/x-ndjson")
def as_lines(_, value):
    """Write a generated request as one line."""
    return value if isinstance(value, bytes) else json.dumps(value).encode()


@pytest.fixture(scope="module")
def desk(release, tmp_path_factory):
    made = Desk(release, Ledger(tmp_path_factory.mktemp("contract") / "l.sqlite"), demo=True)
    yield made
    made.close()


@pytest.fixture(scope="module")
def contract(desk):
    api = build_api()
    api.desk = desk
    return schemathesis.openapi.from_asgi("/v1/openapi.json", api)


# legal requests, and for what has a body illegal ones too
OPERATIONS = [
    (path, method, mode)
    for path, methods in build_api().openapi()["paths"].items()
    for method in methods
    for mode in GenerationMode
    if method == "post" or mode is GenerationMode.POSITIVE
]


@pytest.mark.parametrize(("path", "method", "mode"), OPERATIONS)
def test_no_request_finds_a_server_error_and_every_reply_is_as_described(
    contract, path, method, mode
):
    @given(case=contract[path][method].as_strategy(generation_mode=mode))
    @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
    def ask(case):
        case.call_and_validate(checks=_CHECKS)

    ask()


def test_every_entry_that_these_requests_left_verifies(desk):
    assert desk.ledger.verify().holds
