from pathlib import Path

import pytest

from features.errors import CohortError, SettingsError
from serving.settings import Settings, site_mapping_of


def test_nothing_said_means_this_machine_only_and_no_demonstration():
    settings = Settings.from_environment({})
    assert settings.host == "127.0.0.1"
    assert settings.demo is False
    assert settings.release is None
    assert settings.ledger.name == "ledger.sqlite"


def test_every_setting_is_read(tmp_path):
    mapping = tmp_path / "site.toml"
    mapping.write_text('[[unit]]\nspelled = "Stck"\nucum = "10*9/L"\n')
    settings = Settings.from_environment(
        {
            "VIGICELL_RELEASE": str(tmp_path),
            "VIGICELL_DEMO": "yes",
            "VIGICELL_LEDGER": str(tmp_path / "l.sqlite"),
            "VIGICELL_HOST": "::1",
            "VIGICELL_PORT": "8080",
            "VIGICELL_BODY_LIMIT_BYTES": "4096",
            "VIGICELL_SITE_MAPPING": str(mapping),
            "VIGICELL_HOME": str(tmp_path / "home"),
            "VIGICELL_KEYS": str(tmp_path / "k.json"),
        }
    )
    assert settings == Settings(
        ledger=tmp_path / "l.sqlite", release=tmp_path, demo=True, host="::1", port=8080,
        body_limit_bytes=4096, site_mapping=mapping, home=tmp_path / "home",
        keys=tmp_path / "k.json",
    )  # fmt: skip


def test_a_relative_path_is_meant_from_where_the_service_is_started(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    settings = Settings.from_environment({"VIGICELL_LEDGER": "l.sqlite"})
    assert settings.ledger == tmp_path / "l.sqlite"
    assert Path("l.sqlite").absolute() == settings.ledger


@pytest.mark.parametrize(
    ("key", "value", "legal"),
    [
        ("VIGICELL_DEMO", "perhaps", "true"),
        ("VIGICELL_PORT", "0", "from 1 to 65535"),
        ("VIGICELL_PORT", "99999", "from 1 to 65535"),
        ("VIGICELL_PORT", "three", "from 1 to 65535"),
        ("VIGICELL_PORT", "²", "from 1 to 65535"),
        ("VIGICELL_HOST", "localhost", "127.0.0.1"),
        ("VIGICELL_BODY_LIMIT_BYTES", "10", "from 1024"),
        ("VIGICELL_RELEASE", "/nowhere/at/all", "release.json"),
        ("VIGICELL_LEDGER", "/", "a file"),
    ],
)
def test_a_wrong_value_is_refused_with_key_value_and_what_is_legal(key, value, legal):
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({key: value})
    assert key in str(caught.value)
    assert value in str(caught.value)
    assert legal in str(caught.value)


def test_a_site_mapping_that_is_not_there_or_not_legal_stops_the_start(tmp_path):
    with pytest.raises(SettingsError, match="VIGICELL_SITE_MAPPING"):
        Settings.from_environment({"VIGICELL_SITE_MAPPING": str(tmp_path / "no.toml")})
    wrong = tmp_path / "site.toml"
    wrong.write_text('[[units]]\nspelled = "x"\n')
    settings = Settings.from_environment({"VIGICELL_SITE_MAPPING": str(wrong)})
    with pytest.raises(CohortError, match=r"site\.toml"):
        site_mapping_of(settings)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_the_ledger_may_be_a_database(scheme):
    address = f"{scheme}://user:s3cret@host/ledger"
    assert Settings.from_environment({"VIGICELL_LEDGER": address}).ledger == address


def test_an_address_that_is_refused_is_not_repeated():
    with pytest.raises(SettingsError, match=r"VIGICELL_LEDGER.*postgresql://USER@HOST") as caught:
        Settings.from_environment({"VIGICELL_LEDGER": "mysql://user:s3cret@host/ledger"})
    assert "s3cret" not in str(caught.value)
