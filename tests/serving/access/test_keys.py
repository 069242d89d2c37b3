import json
import stat
import threading

import pytest

from features.errors import SettingsError
from serving.access.caller import ROLES, Role
from serving.access.keys import FIRST_NAME, KeyFile, KeyRing


def test_a_token_is_256_random_bits_and_is_kept_nowhere(keys):
    tokens = [keys.add(f"ward {number}", "clinician") for number in range(5)]
    assert len(set(tokens)) == len(tokens)
    assert all(len(token) == len("vc_") + 43 for token in tokens)  # 32 bytes in base 64
    text = keys.path.read_text()
    assert not any(token in text or token[3:] in text for token in tokens)


def test_the_file_is_for_its_owner_only(keys):
    keys.add("ward", "clinician")
    assert stat.S_IMODE(keys.path.stat().st_mode) == 0o600
    keys.revoke("ward")
    assert stat.S_IMODE(keys.path.stat().st_mode) == 0o600


@pytest.mark.parametrize("role", ROLES)
def test_the_ring_knows_name_and_role_of_a_token(keys, role):
    token = keys.add("ward", role)
    caller = KeyRing(keys).caller(token.encode())
    assert (caller.name, caller.roles, caller.who) == ("ward", {Role(role)}, "ward")


def test_a_token_that_is_cut_or_longer_is_nobodys(keys):
    token = keys.add("ward", "admin").encode()
    ring = KeyRing(keys)
    for other in (token[:-1], token + b"x", token.upper(), b"", b"vc_"):
        assert ring.caller(other) is None


def test_a_ring_in_use_sees_at_once_what_another_process_made_or_revoked(keys):
    first = keys.add("ward", "clinician")
    ring = KeyRing(KeyFile(keys.path))
    assert ring.caller(first.encode()) is not None
    second = keys.add("laboratory", "safety")
    assert ring.caller(second.encode()).name == "laboratory"
    keys.revoke("ward")
    assert ring.caller(first.encode()) is None
    assert ring.caller(second.encode()) is not None


def test_a_ring_whose_file_is_gone_knows_nobody(keys):
    token = keys.add("ward", "clinician").encode()
    ring = KeyRing(keys)
    assert ring.caller(token) is not None
    keys.path.unlink()
    assert ring.caller(token) is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": "x"}', '{"keys": [{}]}'])
def test_a_file_that_is_no_key_file_is_refused_and_lets_nobody_in(keys, content):
    token = keys.add("ward", "clinician").encode()
    ring = KeyRing(keys)
    assert ring.caller(token) is not None
    keys.path.write_text(content)
    with pytest.raises(SettingsError, match=r"keys\.json cannot be read"):
        ring.caller(token)
    with pytest.raises(SettingsError):
        keys.add("other", "clinician")


def test_a_name_is_given_once_and_again_after_it_was_revoked(keys):
    keys.add("ward", "clinician")
    with pytest.raises(SettingsError, match="'ward' already"):
        keys.add("ward", "admin")
    keys.revoke("ward")
    keys.add("ward", "admin")
    assert [(key.role, bool(key.revoked_at)) for key in keys.keys()] == [
        ("clinician", True),
        ("admin", False),
    ]


@pytest.mark.parametrize("name", ["", " ward", "ward\n7", "x" * 81, "w\x00", "\x1b[31m"])
def test_a_name_that_could_not_be_recorded_is_refused(keys, name):
    with pytest.raises(SettingsError, match="cannot name a key"):
        keys.add(name, "clinician")


def test_a_role_that_does_not_exist_is_refused_with_the_legal_ones(keys):
    with pytest.raises(SettingsError, match=r"'nurse' is no role.*clinician, data scientist"):
        keys.add("ward", "nurse")


def test_who_is_not_there_cannot_be_revoked(keys):
    keys.add("ward", "clinician")
    with pytest.raises(SettingsError, match=r"No valid key is called 'word'\. Legal is ward"):
        keys.revoke("word")


def test_the_first_key_is_made_once_even_by_many_starts_at_the_same_time(keys):
    made = []
    starts = [
        threading.Thread(target=lambda: made.append(KeyFile(keys.path).add_first()))
        for _ in range(8)
    ]
    for one in starts:
        one.start()
    for one in starts:
        one.join()
    assert sum(token is not None for token in made) == 1
    assert [(key.name, key.role) for key in keys.keys()] == [(FIRST_NAME, "admin")]


def test_no_first_key_comes_back_after_all_keys_were_revoked(keys):
    keys.add_first()
    keys.revoke(FIRST_NAME)
    assert keys.add_first() is None


def test_many_who_add_keys_at_the_same_time_lose_none(keys):
    adding = [
        threading.Thread(target=KeyFile(keys.path).add, args=(f"ward {number}", "clinician"))
        for number in range(12)
    ]
    for one in adding:
        one.start()
    for one in adding:
        one.join()
    assert len(json.loads(keys.path.read_text())["keys"]) == len(adding)


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="cannot be written"):
        KeyFile(tmp_path / "file" / "keys.json").add("ward", "clinician")
