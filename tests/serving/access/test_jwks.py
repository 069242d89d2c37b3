import sqlite3

import pytest

from serving.access.jwks import FRESH_SECONDS, PAUSE_SECONDS, PublicKeys
from serving.access.refusals import CannotTell
from serving.access.seen_tokens import SeenTokens
from tests.serving.access.issuing import ISSUER, NOW, Site, public

JWKS = "https://login.hospital.example/jwks.json"


@pytest.fixture
def site():
    return Site(public("RS384"), public("ES384"))


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_keys_are_fetched_once_and_again_when_they_are_old(site, clock):
    keys = PublicKeys(JWKS, site, clock)
    assert all(keys.key("ES384") for _ in range(5))
    assert len(site.asked) == 1
    clock.now += FRESH_SECONDS + 1
    assert keys.key("ES384")
    assert len(site.asked) == 2


def test_unknown_keys_cannot_make_it_ask_without_end(site, clock):
    keys = PublicKeys(JWKS, site, clock)
    for number in range(50):
        assert keys.key(f"unknown {number}") is None
    assert len(site.asked) == 1
    clock.now += PAUSE_SECONDS + 1
    assert keys.key("unknown") is None
    assert len(site.asked) == 2


def test_an_issuer_that_cannot_be_reached_lets_nobody_in_and_is_not_asked_all_the_time(site, clock):
    keys = PublicKeys(JWKS, site, clock)
    site.down = True
    for _ in range(20):
        with pytest.raises(CannotTell):
            keys.key("ES384")
    assert len(site.asked) == 1
    site.down = False
    clock.now += PAUSE_SECONDS + 1
    assert keys.key("ES384")


def test_known_keys_hold_while_they_are_fresh_and_no_longer(site, clock):
    keys = PublicKeys(JWKS, site, clock)
    assert keys.key("ES384")
    site.down = True
    clock.now += FRESH_SECONDS - 1
    assert keys.key("ES384")
    with pytest.raises(CannotTell):
        keys.key("unknown")  # it may be a new one: nobody can tell
    clock.now += 2
    with pytest.raises(CannotTell):
        keys.key("ES384")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"keys": 1}', b"\xff", b"[" * 9999])
def test_what_is_no_key_set_lets_nobody_in(site, content):
    site.content = content
    with pytest.raises(CannotTell):
        PublicKeys(JWKS, site).key("ES384")


UNFIT = [
    public("ES384", use="enc"), public("ES384", alg="ES256"), public("ES384", crv="P-256"),
    public("ES384", x="AA"), {"kty": "oct", "k": "AAAA", "kid": "ES384"},
    {"kty": "EC", "kid": "ES384"}, public("short", kid="ES384"), public("ES256", kid="ES384"),
    "text", None, public("ES384", kid=7),
]  # fmt: skip


@pytest.mark.parametrize("unfit", UNFIT, ids=range(len(UNFIT)))
def test_a_key_that_is_unfit_is_passed_over(unfit):
    keys = PublicKeys(JWKS, Site(unfit, public("RS384")))
    assert keys.key("ES384") is None
    assert keys.count() == 1


def test_a_record_of_used_tokens_that_cannot_be_written_lets_nobody_in(tmp_path):
    (tmp_path / "file").touch()
    seen = SeenTokens(tmp_path / "file" / "seen.sqlite")
    with pytest.raises(CannotTell):
        seen.is_new(ISSUER, "one", NOW + 1, NOW)


def test_used_tokens_are_forgotten_after_their_time(tmp_path):
    seen = SeenTokens(tmp_path / "seen.sqlite")
    for number in range(1000):
        assert seen.is_new(ISSUER, str(number), NOW + number, NOW + number)
    seen.close()
    connection = sqlite3.connect(tmp_path / "seen.sqlite")
    (kept,) = connection.execute("SELECT count(*) FROM seen").fetchone()
    connection.close()
    assert kept <= 201
