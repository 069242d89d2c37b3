import asyncio
from itertools import product

import pytest
from fastapi import Request
from starlette.routing import Route

from features.errors import LedgerError
from serving.access import rules
from serving.access.caller import Role
from serving.access.gate import Gate, GatePost
from serving.access.guard import Guard
from serving.access.keys import KeyRing
from serving.access.rate import Rate
from serving.access.rules import OPEN, RULES, rule_for
from serving.doorway import SECURITY_HEADERS
from serving.messages import EXAMPLE_REQUEST
from tests.serving.access.legal_calls import legal_call

MARKER = "Zweistein-4711"
CLOSED = [route for route, roles in RULES.items() if roles is not OPEN]
OF_THE_SERVER = ("/healthz", "/livez", "/readyz")
BEARER = {"www-authenticate": "Bearer"}


def test_every_route_of_the_app_has_a_rule(door, client):
    routes = [one for one in client.api.routes if isinstance(one, Route)]
    asked = {(method, one.path) for one in routes for method in (one.methods or ()) - {"HEAD"}}
    assert len(asked) >= 6
    assert asked - set(RULES) == set()


def test_every_route_of_the_contract_has_a_rule_and_says_which_roles_may_use_it(door, client):
    paths = client.api.openapi()["paths"]
    routes = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    assert len(routes) >= 14
    assert routes <= set(CLOSED), "nothing of the contract is open"
    assert all("Roles: " in one["description"] for said in paths.values() for one in said.values())


def test_every_rule_is_of_a_route(client, door):
    paths = {one.path for one in client.api.routes} | set(OF_THE_SERVER)
    assert {path for _, path in RULES} <= paths


def test_admins_may_do_everything_and_nothing_is_for_nobody():
    assert all(Role.ADMIN in roles for roles in RULES.values() if roles is not OPEN)


@pytest.mark.parametrize(("role", "route"), list(product(Role, CLOSED)), ids=str)
def test_each_role_may_what_the_table_says(ask, keys, answer_id, role, route):
    token = keys.add("somebody", role)
    method, path, body = legal_call(route, answer_id)
    reply = ask(method, path, token, body)
    if role in RULES[route]:
        assert reply.status_code == 200
    else:
        assert reply.status_code == 403
        assert reply.json()["error"] == "NotAllowed"
        assert "somebody" not in reply.text


@pytest.mark.parametrize("route", CLOSED, ids=str)
@pytest.mark.parametrize(
    "header",
    [
        None, "", "Bearer", "Bearer ", f"Bearer {MARKER}", f"Bearer vc_{MARKER}", "Basic {token}",
        "{token}", "Bearer {token}x", "Bearer {token} {token}", "Bearer a.b.c", "Token {token}",
        "Bearer " + "x" * 9000, "Bearer \xff\xfe", "bearer\t{token}",
    ],
    ids=range(15),
)  # fmt: skip
def test_without_a_valid_token_no_route_says_anything(ask, keys, route, header):
    token = keys.add("ward", "admin")
    method, path, body = legal_call(route)
    sent = None if header is None else header.replace("{token}", token).encode("latin-1")
    reply = ask(method, path, body=body, header=sent)
    assert reply.status_code == 401
    assert BEARER.items() <= dict(reply.headers).items()
    assert reply.json() == ask("GET", "/v1/model").json(), "the same words, whatever was wrong"
    assert MARKER not in reply.text
    assert token not in reply.text


@pytest.mark.parametrize("route", CLOSED, ids=str)
def test_a_revoked_token_opens_nothing(ask, keys, answer_id, route):
    token = keys.add("ward", "admin")
    method, path, body = legal_call(route, answer_id)
    assert ask(method, path, token, body).status_code == 200
    keys.revoke("ward")
    assert ask(method, path, token, body).status_code == 401


@pytest.mark.parametrize("route", [one for one in CLOSED if one[0] != "GET"], ids=str)
def test_whoever_was_let_in_stands_in_every_entry_that_a_request_leaves(
    ask, keys, client, answer_id, route
):
    ledger = client.api.desk.ledger
    before = ledger.head()
    method, path, body = legal_call(route, answer_id)
    body = {**body, "hospital_id": "another"} if "{course_id}" in route[1][-11:] else body
    assert ask(method, path, keys.add("ward 7", "admin"), body).status_code == 200
    left = list(ledger.after(before))
    assert left
    assert {one.who for one in left} == {"ward 7"}


def test_two_tokens_in_one_request_are_none(door, keys):
    token = keys.add("ward", "admin")
    headers = [("authorization", f"Bearer {token}"), ("authorization", "Bearer x")]
    assert door.request("GET", "/v1/model", headers=headers).status_code == 401


def test_a_token_in_the_address_is_none(ask, keys):
    token = keys.add("ward", "admin")
    for name in ("token", "access_token", "authorization"):
        assert ask("GET", f"/v1/model?{name}={token}").status_code == 401


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_is_read_in_any_case(ask, keys, scheme):
    token = keys.add("ward", "clinician")
    assert ask("GET", "/v1/model", header=f"{scheme} {token}").status_code == 200


def test_the_contract_is_open_and_says_what_needs_a_token(ask):
    reply = ask("GET", "/v1/openapi.json")
    assert reply.status_code == 200
    contract = reply.json()
    for (method, path), roles in RULES.items():
        route = contract["paths"].get(path, {}).get(method.lower())
        if route is not None and roles is not OPEN:
            assert route["security"] == [{"token": []}]
            assert {"401", "403", "429"} <= set(route["responses"])
            assert all(role in route["description"] for role in roles)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/nothing"), ("DELETE", "/v1/risk"), ("POST", "/v1/openapi.json"),
        ("GET", "/v1/risk/"), ("GET", "/v1//risk"), ("OPTIONS", "/v1/model"), ("GET", "/v1/Risk"),
        ("GET", f"/v1/{MARKER}"), ("POST", "/metrics"), ("GET", "/v1/model%2F"),
        ("GET", "/metrics/"), ("GET", "/v1/%2e%2e/metrics"),
    ],
)  # fmt: skip
def test_what_is_not_in_the_table_does_not_exist_even_for_an_admin(ask, keys, method, path):
    for token in (None, keys.add("ward", "admin")):
        reply = ask(method, path, token)
        assert reply.status_code == 404
        assert MARKER not in reply.text


def test_a_route_with_parts_is_found_by_its_shape(monkeypatch):
    roles = frozenset({Role.CLINICIAN})
    shape = rules._pattern("/v1/courses/{id}/events")
    monkeypatch.setattr(rules, "_WITH_PARTS", (("POST", shape, roles),))
    assert rule_for("POST", "/v1/courses/abc-1/events") is roles
    for path in ("/v1/courses//events", "/v1/courses/a/b/events", "/v1/courses/a/events/x"):
        assert rule_for("POST", path) is None
    assert rule_for("GET", "/v1/courses/abc-1/events") is None


def test_too_many_requests_of_one_caller_are_told_how_long_to_wait(ask, door, keys):
    door.post.guard = Guard(KeyRing(keys), Rate(per_minute=60, burst=2))
    first, second = keys.add("a", "clinician"), keys.add("b", "clinician")
    codes = [ask("GET", "/v1/model", first).status_code for _ in range(3)]
    assert codes == [200, 200, 429]
    refused = ask("GET", "/v1/model", first)
    assert int(refused.headers["retry-after"]) >= 1
    assert refused.json()["error"] == "TooMany"
    assert ask("GET", "/v1/model", second).status_code == 200


def test_a_key_file_that_became_unreadable_shuts_the_gate(ask, keys):
    token = keys.add("ward", "admin")
    assert ask("GET", "/v1/model", token).status_code == 200
    keys.path.write_text("{")
    reply = ask("GET", "/v1/model", token)
    assert reply.status_code == 503
    assert str(keys.path) not in reply.text
    assert ask("GET", "/v1/openapi.json").status_code == 200


def test_before_the_start_and_after_the_end_the_gate_is_shut(ask, door, keys):
    token = keys.add("ward", "admin")
    door.post.guard = None
    assert ask("GET", "/v1/model", token).status_code == 503


@pytest.mark.parametrize("path", ["/", "/v1/model", "/v1/nothing", "/v1/openapi.json", "/docs"])
def test_every_reply_carries_the_security_headers(ask, path):
    headers = ask("GET", path).headers
    for name, value in SECURITY_HEADERS:
        assert headers[name.decode()] == value.decode()


def test_a_reply_says_each_header_once(ask, keys):
    reply = ask("GET", "/v1/model", keys.add("ward", "admin"))
    names = [name for name, _ in reply.headers.multi_items()]
    assert len(names) == len(set(names))


def test_handlers_know_who_asks(client, ask, keys, monkeypatch):
    monkeypatch.setitem(RULES, ("GET", "/v1/who"), frozenset({Role.SAFETY}))

    @client.api.get("/v1/who")
    async def who(request: Request) -> dict[str, object]:
        caller = request.state.caller
        return {"who": caller.who, "roles": sorted(caller.roles)}

    said = ask("GET", "/v1/who", keys.add("drug safety", "safety")).json()
    assert said == {"who": "drug safety", "roles": ["safety"]}


def test_a_refused_body_is_read_before_the_refusal_and_not_kept(door):
    sent = []

    async def pieces():
        for _ in range(30):
            sent.append(1)
            yield b"x" * 100_000

    headers = {"content-type": "application/json"}
    reply = door.request("POST", "/v1/risk", content=pieces(), headers=headers)
    assert reply.status_code == 401
    assert len(sent) == 30


def test_a_body_without_end_is_not_read_to_its_end(door):
    sent = []

    async def pieces():
        for _ in range(1000):
            sent.append(1)
            yield b"x" * 1_000_000

    headers = {"content-type": "application/json"}
    assert door.request("POST", "/v1/risk", content=pieces(), headers=headers).status_code == 401
    assert len(sent) < 12


def test_a_websocket_is_closed_and_the_start_of_the_server_passes():
    seen, sent = [], []

    async def behind(scope, receive, send):
        seen.append(scope["type"])

    async def send(message):
        sent.append(message["type"])

    gate = Gate(behind, GatePost())
    asyncio.run(gate({"type": "lifespan"}, None, send))
    asyncio.run(gate({"type": "websocket", "path": "/v1/risk"}, None, send))
    assert (seen, sent) == (["lifespan"], ["websocket.close"])


def test_refusals_are_counted_by_reason_and_without_what_came(ask, keys):
    ask("GET", "/v1/model")
    ask("GET", "/v1/model", MARKER)
    counted = ask("GET", "/metrics", keys.add("scraper", "data scientist")).text
    assert 'vigicell_refusals_total{kind="access: missing"}' in counted
    assert MARKER not in counted


def test_a_valid_token_does_not_hide_an_error_of_the_ledger(ask, keys, client, monkeypatch):
    def fails(*_, **__):
        raise LedgerError("The ledger cannot be written.")

    monkeypatch.setattr(client.api.desk.ledger, "append", fails)
    assert ask("POST", "/v1/risk", keys.add("a", "clinician"), EXAMPLE_REQUEST).status_code == 503


def test_bodies_of_refusals_have_the_shape_of_every_error(ask):
    for path in ("/v1/model", "/v1/nothing"):
        assert set(ask("GET", path).json()) == {"error", "message", "problems", "not_shown"}
