import base64
import hashlib
import hmac
import json

import pytest

from serving.access.caller import Role
from serving.access.guard import Guard
from serving.access.issuer import Issuer
from serving.access.keys import KeyRing
from serving.access.rate import Rate
from serving.access.refusals import NotAllowed, NotKnown
from serving.access.rules import OPEN, RULES
from serving.access.seen_tokens import SeenTokens
from serving.access.signed_tokens import LEEWAY_SECONDS, LONGEST_LIFE_SECONDS, SignedTokens
from tests.serving.access.issuing import (
    AUDIENCE,
    ISSUER,
    NOW,
    PRIVATE,
    Site,
    claims,
    public,
    signed,
)
from tests.serving.access.legal_calls import legal_call

JWKS = "https://login.hospital.example/jwks.json"
ROLES = {"ward physician": Role.CLINICIAN, "it": Role.ADMIN}
CLOSED = [route for route, roles in RULES.items() if roles is not OPEN]


@pytest.fixture
def site():
    return Site(public("RS384"), public("ES384"))


@pytest.fixture
def reader(site, tmp_path):
    made = []

    def reading(**changed):
        issuer = Issuer(**{"issuer": ISSUER, "audience": AUDIENCE, "jwks_url": JWKS,
                           "roles": ROLES, **changed})  # fmt: skip
        seen = SeenTokens(tmp_path / "seen.sqlite")
        made.append(SignedTokens([issuer], seen, fetch=site, clock=lambda: NOW))
        return made[-1]

    yield reading
    for one in made:
        one.close()


def part(said):
    content = said if isinstance(said, bytes) else json.dumps(said).encode()
    return base64.urlsafe_b64encode(content).rstrip(b"=")


@pytest.mark.parametrize("kid", ["RS384", "ES384"])
def test_a_good_token_lets_its_subject_in_by_its_role(reader, kid):
    caller = reader().caller(signed(kid))
    assert (caller.name, caller.roles, caller.issuer) == ("Dr Example", {Role.CLINICIAN}, ISSUER)
    assert caller.who == f"Dr Example ({ISSUER})"


WRONG = [
    signed(exp=NOW - LEEWAY_SECONDS), signed(exp=None), signed(exp="soon"), signed(exp=True),
    signed(exp=NOW + LONGEST_LIFE_SECONDS + LEEWAY_SECONDS + 1), signed(exp=float(10**13)),
    signed(nbf=NOW + LEEWAY_SECONDS + 1), signed(iat=NOW + LEEWAY_SECONDS + 1),
    signed(nbf="later"),
    signed(aud=None), signed(aud="https://elsewhere.example"), signed(aud=[]),
    signed(iss=None), signed(iss="https://evil.example"), signed(iss=ISSUER + "/"),
    signed(iss=[ISSUER]),
    signed(jti=None), signed(jti=""), signed(jti="x" * 201),
    signed(sub="a\nb"), signed(sub="x" * 81), signed(sub=""),
    signed("stranger", "ES384"), signed("ES384", key=PRIVATE["stranger"]),
    signed("ES256"), signed("ES384", headers={"kid": "RS384"}),
    signed("RS384", headers={"kid": "ES384"}), signed("RS384", "RS256"), signed("RS384", "PS384"),
    signed(headers={"kid": "unknown"}), signed(headers={"crit": ["x"], "x": 1}),
    b"a.b.c", b"..", b"\xff.\xff.\xff",
]  # fmt: skip


@pytest.mark.parametrize("token", WRONG, ids=range(len(WRONG)))
def test_a_token_that_is_not_wholly_good_is_nobodys(reader, token):
    with pytest.raises(NotKnown):
        reader().caller(token)


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")  # a weak key is meant
def test_a_token_signed_by_a_weak_key_is_nobodys(reader, site):
    site.content = json.dumps({"keys": [public("short")]}).encode()
    with pytest.raises(NotKnown):
        reader().caller(signed("short", "RS384"))


@pytest.mark.parametrize("algorithm", ["none", "None", "", "HS384", "ES384"])
def test_a_token_without_signature_is_nobodys(reader, algorithm):
    head = part({"alg": algorithm, "kid": "ES384", "typ": "JWT"})
    with pytest.raises(NotKnown):
        reader().caller(b".".join((head, part(claims()), b"")))


def test_a_token_signed_with_the_public_key_as_a_secret_is_nobodys(reader, site):
    head, body = part({"alg": "HS384", "kid": "RS384"}), part(claims())
    made = hmac.new(site.content, head + b"." + body, hashlib.sha384).digest()
    with pytest.raises(NotKnown):
        reader().caller(b".".join((head, body, part(made))))


@pytest.mark.parametrize("at", [0, 1, 2])
def test_one_changed_letter_anywhere_is_noticed(reader, at):
    parts = signed().split(b".")
    middle = len(parts[at]) // 2
    letter = b"A" if parts[at][middle : middle + 1] != b"A" else b"B"
    parts[at] = parts[at][:middle] + letter + parts[at][middle + 1 :]
    with pytest.raises(NotKnown):
        reader().caller(b".".join(parts))


def test_clocks_may_differ_a_little(reader):
    one = reader()
    assert one.caller(signed(jti="a", exp=NOW - LEEWAY_SECONDS + 1))
    assert one.caller(signed(jti="b", nbf=NOW + LEEWAY_SECONDS - 1, iat=NOW + LEEWAY_SECONDS - 1))


def test_a_token_is_used_once_by_whichever_worker(reader):
    first, second = reader(), reader()
    token = signed()
    first.caller(token)
    for worker in (first, second):
        with pytest.raises(NotKnown) as refused:
            worker.caller(token)
        assert refused.value.reason == "replayed"
    assert second.caller(signed(jti="another"))


def test_a_bad_token_does_not_use_up_the_id_of_a_good_one(reader):
    one = reader()
    with pytest.raises(NotKnown):
        one.caller(signed("ES384", key=PRIVATE["stranger"]))
    assert one.caller(signed()).name == "Dr Example"


def test_where_the_issuer_says_so_a_token_serves_many_requests(reader):
    one = reader(single_use=False)
    token = signed(jti=None)
    assert one.caller(token) == one.caller(token)


@pytest.mark.parametrize("said", [None, "nurse", [], ["nurse", 7], {"it": 1}, True])
def test_a_token_without_a_role_of_ours_may_do_nothing(reader, said):
    with pytest.raises(NotAllowed):
        reader().caller(signed(role=said))


def test_a_token_may_carry_several_roles_in_another_claim(reader):
    caller = reader(role_claim="groups").caller(signed(groups=["it", "nurse", "ward physician"]))
    assert caller.roles == {Role.CLINICIAN, Role.ADMIN}


def test_a_system_without_a_subject_is_called_by_its_issuer(reader):
    assert reader().caller(signed(sub=None)).name == ISSUER


def test_keys_that_rotate_are_found_without_a_restart(reader, site, monkeypatch):
    one = reader()
    one.caller(signed(jti="a"))
    site.content = json.dumps({"keys": [public("stranger")]}).encode()
    for _, keys in one._issuers.values():
        monkeypatch.setattr(keys, "_tried_at", float("-inf"))  # the pause is over
    assert one.caller(signed("stranger", "ES384", jti="b")).name == "Dr Example"
    with pytest.raises(NotKnown):
        one.caller(signed(jti="c"))  # by the key that was taken away


def test_no_address_inside_a_token_is_asked(reader, site):
    elsewhere = {"jku": "https://evil.example/keys", "x5u": "https://evil.example/cert"}
    reader().caller(signed(headers=elsewhere))
    assert set(site.asked) == {JWKS}


@pytest.fixture
def guarded(door, keys, reader):
    door.post.guard = Guard(KeyRing(keys), Rate(60_000, 1000), reader())
    return door


@pytest.mark.parametrize("route", CLOSED, ids=str)
def test_expired_and_replayed_tokens_open_no_route(guarded, ask, answer_id, route):
    method, path, body = legal_call(route, answer_id)
    good = signed(role="it").decode()
    assert ask(method, path, good, body).status_code == 200
    replayed = ask(method, path, good, body)
    expired = ask(method, path, signed(jti="x", exp=NOW - 60).decode(), body)
    nobody = ask(method, path)
    for reply in (replayed, expired):
        assert reply.status_code == 401
        assert reply.json() == nobody.json()


@pytest.mark.parametrize("route", CLOSED, ids=str)
def test_while_the_issuer_is_unreachable_its_tokens_get_503_and_keys_still_work(
    guarded, ask, keys, site, answer_id, route
):
    site.down = True
    method, path, body = legal_call(route, answer_id)
    assert ask(method, path, signed(role="it").decode(), body).status_code == 503
    token = keys.add("ward", "admin")
    assert ask(method, path, token, body).status_code == 200


def test_a_signed_role_is_held_to_the_same_table(guarded, ask):
    assert ask("GET", "/metrics", signed().decode()).status_code == 403
    assert ask("GET", "/v1/model", signed(jti="b").decode()).status_code == 200
