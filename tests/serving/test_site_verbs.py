import pytest

from serving.__main__ import main
from serving.access.keys import KeyFile, KeyRing
from serving.first_key import first_key_words
from serving.settings import Settings
from tests.serving.test_settings_file import ISSUER


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("VIGICELL_HOME", str(tmp_path))
    return tmp_path


def test_keys_are_made_listed_and_revoked(home, capsys):
    assert main(["keys", "add", "ward 7", "--role", "clinician"]) == 0
    token = capsys.readouterr().out.strip()
    assert KeyRing(KeyFile(home / "keys.json")).caller(token.encode()).name == "ward 7"
    assert main(["keys", "list"]) == 0
    listed = capsys.readouterr().out
    assert "ward 7: clinician, made 2" in listed
    assert token not in listed
    assert main(["keys", "revoke", "ward 7"]) == 0
    assert KeyRing(KeyFile(home / "keys.json")).caller(token.encode()) is None
    capsys.readouterr()
    assert main(["keys", "list"]) == 0
    assert "revoked" in capsys.readouterr().out


def test_a_wrong_role_is_told_with_the_legal_ones(home, capsys):
    assert main(["keys", "add", "ward", "--role", "nurse"]) == 2
    assert "clinician, data scientist, safety, admin" in capsys.readouterr().err
    assert not (home / "keys.json").exists()


def test_without_keys_the_list_says_so(home, capsys):
    assert main(["keys", "list"]) == 0
    assert "no key yet" in capsys.readouterr().out


def test_the_draft_is_written_or_printed_and_the_file_in_force_is_named(home, capsys):
    assert main(["settings"]) == 0
    assert "no settings file" in capsys.readouterr().out
    assert main(["settings", "--draft", "-"]) == 0
    assert "[service]" in capsys.readouterr().out
    assert main(["settings", "--draft", str(home / "settings.toml")]) == 0
    assert main(["settings"]) == 0
    assert "it is legal" in capsys.readouterr().out
    assert main(["settings", "--draft", str(home / "settings.toml")]) == 2


def test_a_wrong_file_stops_every_start(home, capsys):
    (home / "settings.toml").write_text("[service]\nport = 0\n")
    for verb in (["serve"], ["keys", "list"], ["settings"]):
        assert main(verb) == 2
        assert "port = 0" in capsys.readouterr().err


def test_the_first_key_is_said_once(home):
    settings = Settings.from_environment({"VIGICELL_HOME": str(home)})
    said = first_key_words(settings)
    (token,) = [word for word in said.split() if word.startswith("vc_")]
    caller = KeyRing(KeyFile(settings.keys)).caller(token.encode())
    assert caller.roles == {"admin"}
    assert first_key_words(settings) == ""
    KeyFile(settings.keys).revoke("first")
    assert first_key_words(settings) == ""


def test_where_an_issuer_vouches_no_key_is_made(home):
    (home / "settings.toml").write_text(ISSUER)
    settings = Settings.from_environment({"VIGICELL_HOME": str(home)})
    assert first_key_words(settings) == ""
    assert not settings.keys.exists()


def test_erasing_by_the_retention_of_the_settings(home, capsys):
    erase = ["ledger", "erase", "--reason", "retention", "--who", "head of the unit"]
    from serving.ledger import Ledger

    Ledger(home / "ledger.sqlite").close()
    assert main(erase) == 2
    assert "retention_days" in capsys.readouterr().err
    (home / "settings.toml").write_text("[ledger]\nretention_days = 30\n")
    assert main(erase) == 0
    assert "Nothing is that old" in capsys.readouterr().out
